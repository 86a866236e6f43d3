//! Products as their back offices report them, kept with an index by the near forms of their codes.

use std::collections::BTreeSet;

use lockstep_contracts::backoffice::v1::{ProductDeletionReported, ProductReported};
use lockstep_contracts::convert::{Invalid, product};
use lockstep_domain::catalog::{Candidate, CrowdCommand, ProductCommand, Stamp};
use lockstep_domain::{BackOfficeId, Sku};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{OffersKind, ProductKind, offers_id, product_id};
use crate::syncer::never;

/// A back office states a product; what it leaves out is not stated.
pub fn reported(event: &ProductReported, work: &mut Work<'_>) -> Result<(), Stop> {
    let report = event.product.clone().unwrap_or_default();
    let checked = product::product(&report).map_err(|e| invalid(&e))?;
    let by = Stamp { at: checked.updated_at, event: checked.event_id };
    let barcodes = Some(report.barcodes).filter(|all| !all.is_empty());
    let title = Some(report.title).filter(|title| !title.is_empty());
    let command = ProductCommand::State { by, barcodes, title };
    take(work, &event.backoffice, checked.sku, &command)
}

/// A back office has a product no more: it is no candidate, whatever stock was reported of it.
pub fn deleted(event: &ProductDeletionReported, work: &mut Work<'_>) -> Result<(), Stop> {
    let report = event.deletion.clone().unwrap_or_default();
    let checked = product::deletion(&report).map_err(|e| invalid(&e))?;
    let by = Stamp { at: checked.deleted_at, event: checked.event_id };
    take(work, &event.backoffice, checked.sku, &ProductCommand::Delete { by })
}

fn take(
    work: &mut Work<'_>,
    backoffice: &str,
    sku: Sku,
    command: &ProductCommand,
) -> Result<(), Stop> {
    let backoffice =
        BackOfficeId::try_new(backoffice).map_err(|e| Stop::Poison(format!("backoffice: {e}")))?;
    let product = Candidate { backoffice, sku };
    let id = product_id(&product);
    let before = work.state::<ProductKind>(&id)?.coded(&product.sku);
    work.execute::<ProductKind>(&id, command)?.map_err(never)?;
    let after = work.state::<ProductKind>(&id)?.coded(&product.sku);
    let nears: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed: Vec<_> = nears.into_iter().filter(|n| before.get(*n) != after.get(*n)).collect();
    let ids: Vec<_> = changed.iter().map(|near| offers_id(&product.backoffice, near)).collect();
    work.load_all::<OffersKind>(&ids)?;
    for (near, id) in changed.into_iter().zip(&ids) {
        let key = product.sku.clone();
        if before.contains_key(near) {
            let leave = CrowdCommand::Leave { key: key.clone() };
            work.execute::<OffersKind>(id, &leave)?.map_err(never)?;
        }
        if let Some(value) = after.get(near).cloned() {
            let join = CrowdCommand::Join { key, value };
            work.execute::<OffersKind>(id, &join)?.map_err(never)?;
        }
    }
    Ok(())
}

fn invalid(error: &Invalid) -> Stop {
    Stop::Poison(format!("{}: {}; {}", error.field, error.message, error.fix))
}
