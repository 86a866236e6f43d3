//! What was heard of orders and shipments, where one word names what a later one does not.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::{LeftShare, LineRef, Step};
use crate::decider::Decider;
use crate::ids::{InventoryItemId, LineItemId, OrderId, Warehouse};

/// Revisions of a shipment that are kept: corrections, of which there are few.
const REVISIONS_MAX: usize = 100;

/// The lines of an order that were told to the demand for their items; keyed by (store, order). A
/// line that was told and is no longer kept is settled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeardOrder {
    lines: BTreeSet<LineItemId>,
    /// The newest revision by which nothing of a line was open. Only then it may have left.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    closed: BTreeMap<LineItemId, u64>,
    /// What that revision said of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    left: BTreeMap<LineItemId, Vec<LeftShare>>,
    /// The newest revision of which every line was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<u64>,
}

impl HeardOrder {
    /// Whether a line was told.
    #[must_use]
    pub fn knows(&self, line: LineItemId) -> bool {
        self.lines.contains(&line)
    }

    /// The newest revision by which nothing of a line was open.
    #[must_use]
    pub fn closed_by(&self, line: LineItemId) -> Option<u64> {
        self.closed.get(&line).copied()
    }

    /// Whether everything was told that a revision says, or a newer one.
    #[must_use]
    pub fn has_heard(&self, revision: u64) -> bool {
        self.whole >= Some(revision)
    }

    /// What that revision said of it.
    #[must_use]
    pub fn left_with(&self, line: LineItemId) -> Vec<LeftShare> {
        self.left.get(&line).cloned().unwrap_or_default()
    }
}

/// Lines of an order are told to the demand for their items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hear {
    /// The lines.
    pub lines: BTreeSet<LineItemId>,
    /// Those of which nothing is open, and what the revision says of them.
    pub closed: BTreeMap<LineItemId, Vec<LeftShare>>,
    /// The revision of the order's lines.
    pub revision: u64,
    /// Whether these are all lines that the revision speaks of.
    pub whole: bool,
}

/// A fact of the lines of an order, stored for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HeardOrderEvent {
    /// Lines were told for the first time.
    LinesHeard {
        /// The lines.
        lines: BTreeSet<LineItemId>,
    },
    /// Of lines nothing is open, as far as the newest word about each goes.
    LinesClosed {
        /// The lines.
        lines: BTreeSet<LineItemId>,
        /// The revision that says so.
        revision: u64,
        /// What it says of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<LineLeft>,
    },
    /// Every line of a revision was told.
    RevisionHeard {
        /// The revision.
        revision: u64,
    },
}

/// What a warehouse had of a line of which nothing is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineLeft {
    /// The line.
    pub line: LineItemId,
    /// What the warehouse had.
    pub share: LeftShare,
}

impl Decider for HeardOrder {
    type State = Self;
    type Command = Hear;
    type Event = HeardOrderEvent;
    type Rejection = Infallible;

    fn decide(state: &Self, command: &Hear) -> Result<Vec<HeardOrderEvent>, Infallible> {
        let Hear { lines, closed, revision, whole } = command;
        let revision = *revision;
        let heard: BTreeSet<_> = lines.difference(&state.lines).copied().collect();
        let is_newer = |line: LineItemId| state.closed_by(line) < Some(revision);
        let closed: Vec<_> = closed.iter().filter(|(line, _)| is_newer(**line)).collect();
        let left = |(line, shares): &(&LineItemId, &Vec<LeftShare>)| {
            let line = **line;
            let of_line = shares.iter().cloned().map(move |share| LineLeft { line, share });
            of_line.collect::<Vec<_>>()
        };
        let left = closed.iter().flat_map(left).collect();
        let closed: BTreeSet<_> = closed.into_iter().map(|(line, _)| *line).collect();
        let mut events = Vec::new();
        if !heard.is_empty() {
            events.push(HeardOrderEvent::LinesHeard { lines: heard });
        }
        if !closed.is_empty() {
            events.push(HeardOrderEvent::LinesClosed { lines: closed, revision, left });
        }
        if *whole && !state.has_heard(revision) {
            events.push(HeardOrderEvent::RevisionHeard { revision });
        }
        Ok(events)
    }

    fn evolve(mut state: Self, event: &HeardOrderEvent) -> Self {
        match event {
            HeardOrderEvent::LinesHeard { lines } => state.lines.extend(lines),
            HeardOrderEvent::RevisionHeard { revision } => state.whole = Some(*revision),
            HeardOrderEvent::LinesClosed { lines, revision, left } => {
                state.closed.extend(lines.iter().map(|line| (*line, *revision)));
                state.left.retain(|line, _| !lines.contains(line));
                for LineLeft { line, share } in left {
                    state.left.entry(*line).or_default().push(share.clone());
                }
            }
        }
        state
    }
}

/// What the revisions of a shipment said; keyed by (store, shipment).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeardShipment {
    revisions: BTreeMap<u64, ShipmentSaid>,
}

/// What a revision of a shipment says, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentSaid {
    /// The order.
    pub order: OrderId,
    /// The warehouse that the goods left.
    pub warehouse: Warehouse,
    /// When.
    pub at: Timestamp,
    /// Whether a shipment lowers the back office's number.
    pub lowers: bool,
    /// What it holds.
    pub lines: Vec<ShippedLine>,
}

/// Units of a line in a shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippedLine {
    /// The line.
    pub line: LineItemId,
    /// Its inventory item.
    pub item: InventoryItemId,
    /// Units.
    pub units: i64,
}

impl HeardShipment {
    /// Every line that any revision named, with its item and the steps of its units.
    #[must_use]
    pub fn steps(&self) -> BTreeMap<(InventoryItemId, LineRef), Vec<Step>> {
        let mut named: BTreeMap<(InventoryItemId, LineRef), Vec<Step>> = BTreeMap::new();
        for said in self.revisions.values() {
            for shipped in &said.lines {
                let line = LineRef { order: said.order, line: shipped.line };
                named.entry((shipped.item, line)).or_default();
            }
        }
        for ((_, line), steps) in &mut named {
            self.steps_of(*line, steps);
        }
        named
    }

    /// A revision that says the same as the one before is no step.
    fn steps_of(&self, line: LineRef, steps: &mut Vec<Step>) {
        let warehouses: BTreeSet<_> = self.revisions.values().map(|said| &said.warehouse).collect();
        for warehouse in warehouses {
            let mut before = 0;
            for (revision, said) in &self.revisions {
                let is_there = said.warehouse == *warehouse && said.order == line.order;
                let of_line = said.lines.iter().filter(|l| is_there && l.line == line.line);
                let units = of_line.map(|shipped| shipped.units).sum();
                if units == before {
                    continue;
                }
                before = units;
                steps.push(Step {
                    revision: *revision,
                    warehouse: warehouse.clone(),
                    units,
                    at: said.at,
                    lowers: said.lowers,
                });
            }
        }
    }
}

/// A revision of a shipment arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HearShipment {
    /// Its number.
    pub revision: u64,
    /// What it says.
    pub said: ShipmentSaid,
}

/// A fact of a shipment, stored for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HeardShipmentEvent {
    /// A revision was heard.
    RevisionHeard {
        /// Its number.
        revision: u64,
        /// What it says.
        said: ShipmentSaid,
    },
}

impl Decider for HeardShipment {
    type State = Self;
    type Command = HearShipment;
    type Event = HeardShipmentEvent;
    type Rejection = Infallible;

    fn decide(state: &Self, command: &HearShipment) -> Result<Vec<HeardShipmentEvent>, Infallible> {
        let HearShipment { revision, said } = command.clone();
        let is_full = state.revisions.len() >= REVISIONS_MAX;
        let is_old = is_full && state.revisions.keys().next().is_some_and(|old| revision < *old);
        let known = is_old || state.revisions.contains_key(&revision);
        let heard = HeardShipmentEvent::RevisionHeard { revision, said };
        Ok(if known { Vec::new() } else { vec![heard] })
    }

    fn evolve(mut state: Self, event: &HeardShipmentEvent) -> Self {
        let HeardShipmentEvent::RevisionHeard { revision, said } = event;
        state.revisions.insert(*revision, said.clone());
        if state.revisions.len() > REVISIONS_MAX {
            state.revisions.pop_first();
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::apply;

    fn hear(revision: u64, whole: bool) -> Hear {
        let lines = BTreeSet::from([LineItemId(1)]);
        Hear { lines, closed: BTreeMap::new(), revision, whole }
    }

    fn after(words: &[(u64, bool)]) -> HeardOrder {
        let words = words.iter().map(|(revision, whole)| hear(*revision, *whole));
        words.fold(HeardOrder::default(), |heard, word| apply::<HeardOrder>(heard, &word))
    }

    #[test]
    fn a_revision_is_heard_with_it_or_a_newer_one_and_with_every_line() {
        assert!(!after(&[]).has_heard(1));
        let heard = after(&[(2, true)]);
        assert_eq!([1, 2, 3].map(|n| heard.has_heard(n)), [true, true, false]);
        // A line of the newer one was refused.
        let refused = after(&[(2, true), (3, false)]);
        assert_eq!((refused.has_heard(2), refused.has_heard(3)), (true, false));
        // The letter of its line is taken up again.
        assert!(apply::<HeardOrder>(refused, &hear(3, true)).has_heard(3));
        // A whole older one behind a newer one says nothing of that one.
        let late = after(&[(3, false), (2, true)]);
        assert_eq!((late.has_heard(2), late.has_heard(3)), (true, false));
        assert_eq!(after(&[(3, true), (2, true)]), after(&[(3, true)]));
    }

    #[test]
    fn of_what_an_earlier_version_heard_nothing_is_known_to_be_whole() {
        let stored: HeardOrder = serde_json::from_str(r#"{"lines":[77,78]}"#).expect("readable");
        assert!(stored.knows(LineItemId(77)) && !stored.has_heard(1));
        assert!(apply::<HeardOrder>(stored, &hear(2, true)).has_heard(1));
    }
}
