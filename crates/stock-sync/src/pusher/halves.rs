//! Calls that were refused without a word about the bad line, and their halves.
//!
//! Lines of one half go together and never with others, until they are written or blamed: the bad
//! line soon stands alone. Where Shopify's code may be about the call as a whole, a half waits for
//! the other one: when both are refused alike, no line is at fault.
//!
//! As this process knows them: after a restart the lines go together again, and are halved anew.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockstep_domain::{EffectId, InventoryItemId, LocationId, StoreId};

use super::context::Line;

/// Lines that are kept apart. Beyond that all are forgotten, and halved anew.
const LINES_MAX: usize = 20_000;

/// Where a line writes.
type Place = (StoreId, InventoryItemId, LocationId);

#[derive(Default)]
struct State {
    /// The half that a line belongs to: the refused call, then 0 or 1 per halving.
    lines: HashMap<Place, String>,
    /// What was said of a half when it was refused first, and the effect that it was then.
    said: HashMap<String, (String, EffectId)>,
    /// Calls both halves of which were refused alike.
    whole: HashSet<String>,
}

/// The halves that this process knows.
#[derive(Default)]
pub struct Halves(Mutex<State>);

/// What follows from a refusal that blames no line.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its lines go in halves.
    Split,
    /// The other half tells first.
    Waits,
    /// The call is refused as a whole: these are the lines of the other half.
    Whole(Vec<(InventoryItemId, LocationId)>),
}

impl Halves {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The half that a line belongs to.
    pub fn of(&self, store: &StoreId, line: &Line) -> Option<String> {
        let mut state = self.state();
        let place = place(store, (line.item, line.location));
        let half = state.lines.get(&place)?.clone();
        if state.whole.iter().any(|call| half.starts_with(call.as_str())) {
            state.lines.remove(&place);
            state.forget();
            return None;
        }
        Some(half)
    }

    /// Puts lines into the two halves of what they were sent as. Again, it is the same.
    pub fn split(&self, store: &StoreId, sent: &str, lines: &[(InventoryItemId, LocationId)]) {
        let mut state = self.state();
        if state.lines.len() + lines.len() > LINES_MAX {
            *state = State::default();
        }
        let (first, second) = lines.split_at(lines.len() / 2);
        for (half, lines) in [("0", first), ("1", second)] {
            for at in lines {
                state.lines.insert(place(store, *at), format!("{sent}{half}"));
            }
        }
    }

    /// A half was refused, and nobody blamed. It waits once for the other one.
    pub fn refused(
        &self,
        (store, effect): (&StoreId, &EffectId),
        half: &str,
        said: &str,
    ) -> Refused {
        let mut state = self.state();
        let Some((other, call)) = other(half) else { return Refused::Split };
        let first = || (said.to_owned(), effect.clone());
        let waited = state.said.entry(half.to_owned()).or_insert_with(first).1 != *effect;
        let left = state.lines_of(store, &other);
        match state.said.get(&other) {
            Some((same, _)) if same == said => {
                state.whole.insert(call.to_owned());
                Refused::Whole(left)
            }
            None if !waited && !left.is_empty() => Refused::Waits,
            Some(_) | None => Refused::Split,
        }
    }

    /// The lines of a half are written, or blamed one by one. Gives those of the other half that
    /// waited for it; they are in halves now.
    pub fn done(&self, store: &StoreId, half: &str) -> Vec<(InventoryItemId, LocationId)> {
        let waiting = {
            let mut state = self.state();
            state.lines.retain(|place, known| place.0 != *store || !known.starts_with(half));
            state.forget();
            let Some((other, _)) = other(half) else { return Vec::new() };
            if !state.said.contains_key(&other) {
                return Vec::new();
            }
            (state.lines_of(store, &other), other)
        };
        let (lines, other) = waiting;
        if lines.len() > 1 {
            self.split(store, &other, &lines);
        }
        lines
    }
}

impl State {
    /// What was said of calls whose lines are all written or go with others again.
    fn forget(&mut self) {
        let Self { lines, said, whole } = self;
        let is_left = |call: &str| lines.values().any(|half| half.starts_with(call));
        said.retain(|half, _| other(half).is_some_and(|(_, call)| is_left(call)));
        whole.retain(|call| is_left(call));
    }

    /// The lines of a half, in order, halved further or not.
    fn lines_of(&self, store: &StoreId, half: &str) -> Vec<(InventoryItemId, LocationId)> {
        let mine = |place: &Place, known: &str| place.0 == *store && known.starts_with(half);
        let lines = self.lines.iter().filter(|(place, known)| mine(place, known));
        let mut lines: Vec<_> = lines.map(|((_, item, at), _)| (*item, *at)).collect();
        lines.sort_unstable();
        lines
    }
}

fn place(store: &StoreId, (item, location): (InventoryItemId, LocationId)) -> Place {
    (store.clone(), item, location)
}

/// The other half, and the call that both were.
fn other(half: &str) -> Option<(String, &str)> {
    let (call, last) = half.split_at_checked(half.len().checked_sub(1)?)?;
    let other = if last == "0" { "1" } else { "0" };
    Some((format!("{call}{other}"), call))
}

#[cfg(test)]
mod tests {
    use lockstep_domain::stock::level::Write;

    use super::*;

    const CALL: &str = "call";

    fn north() -> StoreId {
        StoreId::try_new("north").unwrap()
    }

    fn effect(name: &str) -> EffectId {
        EffectId::try_new(name).unwrap()
    }

    fn at(item: i64) -> (InventoryItemId, LocationId) {
        (InventoryItemId(item), LocationId(1))
    }

    fn half_of(halves: &Halves, item: i64) -> Option<String> {
        let ((item, location), write) = (at(item), Write::Adjust { delta: 1 });
        halves.of(&north(), &Line { item, location, write })
    }

    fn refused(halves: &Halves, half: &str, said: &str) -> Refused {
        // A decision may be run again: it is told the same.
        let once = || halves.refused((&north(), &effect(half)), half, said);
        assert_eq!(once(), once());
        once()
    }

    fn four() -> Halves {
        let halves = Halves::default();
        halves.split(&north(), CALL, &[at(1), at(2), at(3), at(4)]);
        halves
    }

    #[test]
    fn lines_of_one_half_go_together_and_the_bad_one_stands_alone_at_last() {
        let halves = four();
        let of = |item| half_of(&halves, item);
        assert_eq!((of(1), of(4), of(5)), (Some("call0".into()), Some("call1".into()), None));
        assert_eq!(refused(&halves, "call0", "no"), Refused::Waits);
        for _ in 0..2 {
            assert_eq!(halves.done(&north(), "call1"), [at(1), at(2)], "they waited for it");
        }
        assert_eq!((of(1), of(2)), (Some("call00".into()), Some("call01".into())));
        assert_eq!((of(3), of(4)), (None, None), "they are written");
        assert_eq!(halves.done(&north(), "call01"), []);
        assert_eq!(refused(&halves, "call00", "no"), Refused::Split);
        assert_eq!(halves.done(&north(), "call00"), []);
        let state = halves.state();
        assert!(state.lines.is_empty() && state.said.is_empty() && state.whole.is_empty());
    }

    #[test]
    fn what_is_said_of_both_halves_is_no_fault_of_a_line() {
        let halves = four();
        assert_eq!(refused(&halves, "call1", "no"), Refused::Waits);
        assert_eq!(refused(&halves, "call0", "no"), Refused::Whole(vec![at(3), at(4)]));
        assert!((1..=4).all(|item| half_of(&halves, item).is_none()), "they go together again");
        assert!(halves.state().whole.is_empty());
    }

    #[test]
    fn halves_that_are_refused_for_different_reasons_are_halved_both() {
        let halves = four();
        assert_eq!(refused(&halves, "call1", "no"), Refused::Waits);
        assert_eq!(refused(&halves, "call0", "never"), Refused::Split);
        let later = halves.refused((&north(), &effect("later")), "call1", "no");
        assert_eq!(later, Refused::Split);
    }

    #[test]
    fn a_half_that_never_speaks_is_waited_for_once() {
        let halves = four();
        assert_eq!(refused(&halves, "call1", "no"), Refused::Waits);
        let later = halves.refused((&north(), &effect("later")), "call1", "no");
        assert_eq!(later, Refused::Split);
    }

    #[test]
    fn what_is_kept_apart_has_a_limit() {
        let halves = four();
        let many: Vec<_> = (10..10 + i64::try_from(LINES_MAX).unwrap()).map(at).collect();
        halves.split(&north(), "other", &many);
        assert_eq!(halves.state().lines.len(), LINES_MAX);
        assert_eq!(half_of(&halves, 1), None);
    }
}
