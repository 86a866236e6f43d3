//! A back office counted goods.

use lockstep_contracts::backoffice::v1::CountReported;
use lockstep_contracts::convert::report::count;
use lockstep_domain::BackOfficeId;
use lockstep_domain::stock::pool::PoolCommand;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{PoolKind, pool_id};
use crate::baseline::catch_up;
use crate::handlers::movement_reported::{free, is_sold_out};
use crate::translate::{invalid, poison};
use crate::windows::touch_linked;

/// Books a count.
pub fn apply(event: &CountReported, work: &mut Work<'_>) -> Result<(), Stop> {
    let backoffice: BackOfficeId = event.backoffice.parse().map_err(|e| poison("backoffice", e))?;
    let report = event.count.as_ref().ok_or_else(|| poison("count", "is missing"))?;
    let counted = count(report).map_err(invalid)?;
    let (sku, booking) = (counted.sku, counted.booking);
    let pool = pool_id(&backoffice, &sku);
    let warehouse = booking.warehouse.clone();
    catch_up(work, &pool)?;
    let before = free(work.state::<PoolKind>(&pool)?, &warehouse);
    let command = PoolCommand::BookCount(booking);
    work.execute::<PoolKind>(&pool, &command)?.map_err(|e| poison("count", e))?;
    let after = free(work.state::<PoolKind>(&pool)?, &warehouse);
    touch_linked(work, &pool, |store| is_sold_out(store, &[(before, after)]))
}
