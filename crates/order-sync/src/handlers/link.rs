//! A variant and a SKU became one thing, or ceased to be.

use jiff::SignedDuration;
use lockstep_contracts::catalog::v1::{VariantLinked, VariantUnlinked};
use lockstep_contracts::convert::link::{self as convert, LinkChange};
use lockstep_domain::order::CodesCommand;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{CodesKind, codes_id};
use crate::handlers::settings::look_again;
use crate::schedule::{self, Due};
use crate::translate::{invalid, sure};

/// A link was made.
pub fn linked(event: &VariantLinked, work: &mut Work<'_>) -> Result<(), Stop> {
    let link = convert::linked(event).map_err(invalid)?;
    note(&link, true, work)
}

/// A link was cut.
pub fn unlinked(event: &VariantUnlinked, work: &mut Work<'_>) -> Result<(), Stop> {
    let link = convert::unlinked(event).map_err(invalid)?;
    note(&link, false, work)
}

fn note(link: &LinkChange, linked: bool, work: &mut Work<'_>) -> Result<(), Stop> {
    let id = codes_id(&link.store, link.variant);
    // Whoever tells of an order has its timer before it locks codes.
    let missed_by = work.peek::<CodesKind>(&id)?.missed_by.clone();
    let places = missed_by.iter().map(|order| Due::Telling(*order)).filter(|_| linked);
    work.want_timers(places.map(|due| (link.store.to_string(), due.key())).collect())?;
    let before = work.state::<CodesKind>(&id)?.clone();
    let command = CodesCommand::Note {
        backoffice: link.backoffice.clone(),
        sku: linked.then(|| link.sku.clone()),
        revision: link.revision,
    };
    let noted = sure(work.execute::<CodesKind>(&id, &command)?);
    if !linked || noted.is_empty() {
        return Ok(());
    }
    // Orders that lacked the code are told again; of very many, which they are is not kept.
    if before.missed {
        return look_again(work, &link.store);
    }
    for order in before.missed_by {
        schedule::soon(work, &link.store, &Due::Telling(order), SignedDuration::ZERO)?;
    }
    Ok(())
}
