//! A variant and a SKU became one thing, or ceased to be.

use lockstep_contracts::catalog::v1::{VariantLinked, VariantUnlinked};
use lockstep_contracts::convert::link::{self as convert, LinkChange};
use lockstep_domain::order::CodesCommand;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{CodesKind, codes_id};
use crate::handlers::settings::look_again;
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
    let was_missed = work.state::<CodesKind>(&id)?.missed;
    let command = CodesCommand::Note {
        backoffice: link.backoffice.clone(),
        sku: linked.then(|| link.sku.clone()),
        revision: link.revision,
    };
    let noted = sure(work.execute::<CodesKind>(&id, &command)?);
    // Orders that lacked the code are told again; which they are is not kept.
    if was_missed && linked && !noted.is_empty() { look_again(work, &link.store) } else { Ok(()) }
}
