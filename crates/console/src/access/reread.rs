//! What may have been missed is read again by the service that it concerns.

use jiff::Timestamp;
use lockstep_contracts::catalog::v1::StartProductSyncRequest;
use lockstep_contracts::operations::v1::ListJobsRequest;
use lockstep_contracts::orders::v1::SweepOrdersRequest;
use lockstep_contracts::stock::v1::ReadLevelsRequest;
use lockstep_contracts::time::to_proto;
use lockstep_domain::StoreId;
use lockstep_ports::PortError;
use tracing::info;

use super::known::{self, Part};
use crate::asking::hear;
use crate::service::Console;

const ORDER_SYNC: &str = "order-sync";
const PRODUCT_SYNC: &str = "product-sync";
const STOCK_SYNC: &str = "stock-sync";
/// Who asks for a run after a hole.
const AFTER_A_HOLE: &str = "Lockstep, for webhooks that were missed";

/// Has every hole of a store read; what nobody takes on stays.
pub(crate) async fn holes(console: &Console, store: &StoreId) -> Result<(), PortError> {
    let Some(known) = known::load(console, store).await? else { return Ok(()) };
    for part in Part::ALL {
        let Some(since) = known.holes.since(part) else { continue };
        let is_taken_on = match part {
            Part::Orders => orders(console, store, Some(since)).await,
            Part::Products => products(console, store).await,
            Part::Levels => levels(console, store).await,
        };
        if is_taken_on {
            info!(store.id = %store, ?part, %since, "what may have been missed is read");
            known::change(console, store, |known| {
                let mut known = known?;
                known.holes.close(part, since);
                Some(known)
            })
            .await?;
        }
    }
    Ok(())
}

/// Asks that the orders be read that changed since a moment, or since they were read last.
pub(crate) async fn orders(console: &Console, store: &StoreId, since: Option<Timestamp>) -> bool {
    let request = SweepOrdersRequest { store: store.to_string(), since: since.map(to_proto) };
    let subject = SweepOrdersRequest::subject();
    hear(&*console.parts.ask, ORDER_SYNC, subject, &request).await.answer().is_some()
}

/// Asks for a run of "sync products", where people use it: a store that was linked by hand alone is
/// not linked by a machine. A run that is on may have passed what was missed, so another follows;
/// one that is refused reads nothing.
async fn products(console: &Console, store: &StoreId) -> bool {
    let ask = &*console.parts.ask;
    let request = ListJobsRequest { store: store.to_string(), limit: 1 };
    let subject = ListJobsRequest::subject(PRODUCT_SYNC);
    match hear(ask, PRODUCT_SYNC, subject, &request).await.answer() {
        None => return false,
        Some(answer) if answer.jobs.is_empty() => return true,
        Some(_) => {}
    }
    let request =
        StartProductSyncRequest { store: store.to_string(), requested_by: AFTER_A_HOLE.to_owned() };
    let subject = StartProductSyncRequest::subject();
    let answer = hear(ask, PRODUCT_SYNC, subject, &request).await.answer();
    answer.is_some_and(|answer| answer.code.is_empty() && !answer.already_running)
}

/// Asks that every linked level be read.
async fn levels(console: &Console, store: &StoreId) -> bool {
    let request = ReadLevelsRequest { store: store.to_string() };
    let subject = ReadLevelsRequest::subject();
    hear(&*console.parts.ask, STOCK_SYNC, subject, &request).await.answer().is_some()
}
