//! A back office moved goods.

use lockstep_contracts::backoffice::v1::MovementReported;
use lockstep_contracts::convert::report::movement;
use lockstep_domain::stock::pool::{Pool, PoolCommand};
use lockstep_domain::stock::settings::StoreStock;
use lockstep_domain::{BackOfficeId, WarehouseCode};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{BackOfficeKind, PoolKind, pool_id};
use crate::baseline::catch_up;
use crate::translate::{invalid, poison};
use crate::windows::touch_linked;

/// Books a movement, a transfer as its two sides together.
pub fn apply(event: &MovementReported, work: &mut Work<'_>) -> Result<(), Stop> {
    let backoffice: BackOfficeId = event.backoffice.parse().map_err(|e| poison("backoffice", e))?;
    let report = event.movement.as_ref().ok_or_else(|| poison("movement", "is missing"))?;
    let movement = movement(report).map_err(invalid)?;
    let pool = pool_id(&backoffice, &movement.sku);
    let rules =
        work.peek::<BackOfficeKind>(backoffice.as_str())?.settings.clone().unwrap_or_default();
    catch_up(work, &pool)?;
    let mut falls = Vec::new();
    for booking in movement.bookings(&rules) {
        let warehouse = booking.warehouse.clone();
        let before = free(work.state::<PoolKind>(&pool)?, &warehouse);
        let command = PoolCommand::BookMovement(booking);
        work.execute::<PoolKind>(&pool, &command)?.map_err(|e| poison("movement", e))?;
        let after = free(work.state::<PoolKind>(&pool)?, &warehouse);
        falls.push((before, after));
    }
    touch_linked(work, &pool, |store| is_sold_out(store, &falls))
}

/// Units that may still be promised; `None` while the position is unknown.
pub fn free(pool: &Pool, warehouse: &WarehouseCode) -> Option<i64> {
    pool.free_units(warehouse)
}

/// True when a warehouse fell to the store's threshold.
pub fn is_sold_out(store: &StoreStock, changes: &[(Option<i64>, Option<i64>)]) -> bool {
    let threshold = store.sold_out_threshold;
    changes.iter().any(|(before, after)| {
        before.is_none_or(|b| b > threshold) && after.is_some_and(|a| a <= threshold)
    })
}
