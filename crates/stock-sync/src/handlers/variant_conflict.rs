//! What a person must decide about the codes of a linked item: while it stands, nothing of the item
//! is pushed.

use lockstep_contracts::catalog::v1::VariantConflictChanged;
use lockstep_contracts::convert::conflict::conflict_changed;
use lockstep_domain::stock::level::{Doubtful, LevelCommand};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{LevelKind, StoreKind, level_id};
use crate::translate::{invalid, poison};
use crate::windows::touch;

/// Parks the item, or lets it go on from what is wanted by now.
pub fn apply(event: &VariantConflictChanged, work: &mut Work<'_>) -> Result<(), Stop> {
    let change = conflict_changed(event).map_err(invalid)?;
    let level = level_id(&change.store, change.item);
    let was_parked = work.state::<LevelKind>(&level)?.parked_by().is_some();
    let told = Doubtful { kind: change.kind, revision: change.revision };
    let heard = work.execute::<LevelKind>(&level, &LevelCommand::HearConflict(told))?;
    heard.map_err(|e| poison("conflict", e))?;
    let is_parked = work.state::<LevelKind>(&level)?.parked_by().is_some();
    let has_rules = work.peek::<StoreKind>(change.store.as_str())?.settings.is_some();
    if was_parked && !is_parked && has_rules {
        touch(work, &change.store, change.item, false)?;
    }
    Ok(())
}
