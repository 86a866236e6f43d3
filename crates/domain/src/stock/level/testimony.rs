//! Whether an adjust of unknown outcome applied, told by a read after Shopify forgot its key.
//!
//! The read tells only where one answer fits whole and the other cannot be. A quantity that Shopify
//! has not touched since before the call was not written by it. Otherwise orders must explain all
//! of what is shown with one answer, while the other leaves a rise: orders never raise what is on
//! the shelf, but a sale that was fulfilled meanwhile looks like a fall. So a fall that applied
//! cannot be told from such a sale, and a person is asked.

use jiff::{SignedDuration, Timestamp};

use super::command::Outcome;
use super::read::compare;
use super::state::{LevelLocation, Shown, Write};
use super::{Level, ReadChange};
use crate::ids::{EffectId, LocationId};

/// How far Shopify's clock may be from ours, at most.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_mins(5);

impl Level {
    /// What a read tells of an adjust of unknown outcome that was first sent at a moment:
    /// `Applied`, `NotApplied`, or nothing. `shown` is nothing where the read found no level.
    ///
    /// It tells nothing beside another write in the air, which the read may or may not hold.
    #[must_use]
    pub fn testimony(
        &self,
        location: LocationId,
        (effect, sent_at): (&EffectId, Timestamp),
        shown: Option<&Shown>,
    ) -> Option<Outcome> {
        let known = self.location(location)?;
        let [flight] = known.in_flight.as_slice() else { return None };
        let Write::Adjust { delta } = flight.write else { return None };
        if flight.effect != *effect || !flight.unknown {
            return None;
        }
        // A level that is gone now may have been there when the call came.
        let shown = shown.filter(|shown| shown.active)?;
        let touched = shown.at.checked_add(CLOCKS_APART_MAX).unwrap_or(Timestamp::MAX);
        if touched < sent_at {
            return Some(Outcome::NotApplied);
        }
        match (leaves(known, delta, shown)?, leaves(known, 0, shown)?) {
            (Left::Nothing, Left::ARise) => Some(Outcome::Applied),
            (Left::ARise, Left::Nothing) => Some(Outcome::NotApplied),
            _ => None,
        }
    }
}

/// What orders do not explain.
enum Left {
    Nothing,
    ARise,
    AFall,
}

/// What orders do not explain of what is shown if an adjust of `delta` applied.
fn leaves(known: &LevelLocation, delta: i64, shown: &Shown) -> Option<Left> {
    let explained = known.shown?;
    let explained = Shown { available: explained.available.saturating_add(delta), ..explained };
    let changes = compare(&explained, known.unread, shown);
    let has = |is: fn(&ReadChange) -> bool| changes.iter().any(is);
    Some(if has(|change| matches!(change, ReadChange::Raised { .. })) {
        Left::ARise
    } else if has(|change| matches!(change, ReadChange::Lowered { .. })) {
        Left::AFall
    } else {
        Left::Nothing
    })
}

/// What the lines of one packed call tell together, each by its [`Level::testimony`]: they applied
/// together or not at all, so one line that can tell speaks for all, and two that disagree for
/// none.
#[must_use]
pub fn agreed(testimonies: impl IntoIterator<Item = Option<Outcome>>) -> Option<Outcome> {
    let mut agreed = None;
    for outcome in testimonies.into_iter().flatten() {
        match &agreed {
            None => agreed = Some(outcome),
            Some(known) if *known == outcome => {}
            Some(_) => return None,
        }
    }
    agreed
}
