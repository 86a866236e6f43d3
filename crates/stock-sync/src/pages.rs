//! After a change of a store's rules its levels follow, and are computed again, by pages: a store
//! may have a hundred thousand levels, and a transaction that held them all would hold up the rest.
//!
//! A timer in the store's lane says that there is more to do; its note is the last level done.

use lockstep_domain::StoreId;
use lockstep_domain::stock::rules::StoreRulesCommand;
use lockstep_domain::stock::settings::Enabled;
use lockstep_ports::Timer;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{LevelKind, StoreKind};
use crate::baseline::follow_all;
use crate::targets::Behind;
use crate::translate::poison;
use crate::windows::touch;

/// Key of the timer; those of levels are numbers.
pub const RULES: &str = "rules";
/// Levels in one page.
pub const PAGE: u32 = 500;

/// Lets every level of a store follow its rules, from the first on.
pub fn begin(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), RULES)?;
    let (due_at, trace) = (Some(work.now()), work.traceparent());
    work.set_timer(Timer { due_at, trace, note: String::new(), ..timer });
    Ok(())
}

/// One page, from where the timer says on.
pub fn turn(work: &mut Work<'_>, store: &StoreId, due: &Timer) -> Result<(), Stop> {
    let prefix = format!("{store}/");
    // One more than the page tells whether it is the last.
    let mut page = work.ids_after::<LevelKind>(&prefix, &due.note, PAGE + 1)?;
    let is_last = page.len() <= PAGE as usize;
    page.truncate(PAGE as usize);
    let mut items = Vec::with_capacity(page.len());
    for id in &page {
        let item = id.strip_prefix(&prefix).unwrap_or_default();
        items.push(item.parse().map_err(|e| poison("level id", e))?);
    }
    // The rules are locked, so that rules which are adopted meanwhile begin from the first level
    // again.
    Behind::load_pools(work, &page)?;
    let rules = work.state::<StoreKind>(store.as_str())?.clone();
    follow_all(work, store, &items, &rules)?;
    let settings = rules.settings.unwrap_or_default();
    let places = items.iter().map(|item| (store.to_string(), item.to_string()));
    work.want_timers(places.chain([(store.to_string(), RULES.to_owned())]).collect())?;
    if settings.enabled != Enabled::Off {
        for item in items {
            touch(work, store, item, false)?;
        }
    }
    let timer = work.timer(store.as_str(), RULES)?;
    if (timer.due_at, &timer.note) != (due.due_at, &due.note) {
        // The rules changed once more meanwhile: all of it from the first on. The levels of the
        // pages before follow the former ones, so the turn is not over.
        return Ok(());
    }
    if is_last {
        let command = StoreRulesCommand::EndTurn { revision: settings.revision };
        work.execute::<StoreKind>(store.as_str(), &command)?.map_err(|e| poison("rules", e))?;
    }
    let due_at = (!is_last).then(|| work.now());
    let note = page.last().filter(|_| !is_last).cloned().unwrap_or_default();
    work.set_timer(Timer { due_at, note, ..timer });
    Ok(())
}
