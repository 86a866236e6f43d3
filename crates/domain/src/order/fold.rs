//! What back offices said of an order, folded: by when it happened, whenever it came.
//!
//! Nothing is added up as reports arrive. Each is kept with the bounds that held for it, and what
//! is accepted and released follows from all of them in the order in which they happened, laid
//! over what Shopify shows now. So a report a day late counts as if it had come in time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::report::{Booked, Extent, ReportId, Says, Units};
use super::shares::{AcceptedAt, LineFacts};
use super::state::{Answer, Booking, Order};
use crate::ids::{LineItemId, Warehouse};

/// Units of lines per warehouse.
pub(super) type ByPlace<T> = BTreeMap<(LineItemId, Warehouse), T>;

/// A report that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its name.
    pub id: ReportId,
    /// What it said.
    pub says: Says,
    /// Which units it meant.
    pub extent: Extent,
    /// When, by the reporter's clock.
    pub at: Timestamp,
    /// What it answers.
    pub answer: Answer,
    /// Units that bound it, where it names them. Of an acceptance: how many the warehouse was ever
    /// asked for. Of an agreement to cancel: how many stayed sold. Of a release: how many had been
    /// fulfilled.
    pub bounds: Vec<Booked>,
}

impl Said {
    /// Reports are folded in this order.
    pub(super) fn place(&self) -> (Timestamp, &ReportId) {
        (self.at, &self.id)
    }
}

/// What all reports come to, per line and warehouse, and by which steps.
pub(super) fn bookings(order: &Order, lines: &[LineFacts]) -> ByPlace<(Booking, Vec<AcceptedAt>)> {
    let mut fold = Fold::default();
    for line in lines {
        for share in &line.shares {
            if let Some(warehouse) = &share.warehouse {
                let key = (line.line, warehouse.clone());
                *fold.fulfilled.entry(key).or_default() += share.fulfilled;
            }
        }
    }
    for (key, Booking { accepted, released, at }) in &order.bookings {
        let count = Count { accepted: *accepted, released: *released, before: 0, at: Some(*at) };
        fold.counts.insert(key.clone(), count);
        let units = accepted.saturating_add(*released);
        fold.steps.insert(key.clone(), vec![AcceptedAt { at: *at, units }]);
    }
    for said in &order.said {
        fold.add(said);
    }
    let mut steps = fold.steps;
    let some = fold.counts.into_iter().filter_map(|(key, count)| {
        let Count { accepted, released, at, .. } = count;
        let steps = steps.remove(&key).unwrap_or_default();
        Some((key, (Booking { accepted, released, at: at? }, steps)))
    });
    some.collect()
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    accepted: i64,
    released: i64,
    /// Fulfilled before the first release.
    before: i64,
    /// When one of the two last changed.
    at: Option<Timestamp>,
}

#[derive(Default)]
struct Fold {
    counts: ByPlace<Count>,
    /// What was accepted or released in all, whenever that changed.
    steps: ByPlace<Vec<AcceptedAt>>,
    fulfilled: ByPlace<i64>,
}

impl Fold {
    fn add(&mut self, said: &Said) {
        let was = self.counts.clone();
        match said.says {
            Says::Accept => self.accept(said),
            Says::AgreeToCancel | Says::Reject | Says::ReleaseAndCancel => self.give_back(said),
            Says::Release => self.release(said),
            Says::TooLate => {}
        }
        for (key, count) in &mut self.counts {
            let before = was.get(key).copied().unwrap_or_default();
            if (before.accepted, before.released) != (count.accepted, count.released) {
                count.at = count.at.max(Some(said.at));
            }
            let units = count.accepted.saturating_add(count.released);
            if units != before.accepted.saturating_add(before.released) {
                step(self.steps.entry(key.clone()).or_default(), said.at, units);
            }
        }
    }

    /// No more than the warehouse was asked for is ever accepted, however often it is said.
    fn accept(&mut self, said: &Said) {
        let counts = &mut self.counts;
        let mut room: ByPlace<i64> = BTreeMap::new();
        for Booked { line, warehouse, units } in &said.bounds {
            let count = counts.entry((*line, warehouse.clone())).or_default();
            let left = units - count.accepted - count.released;
            room.insert((*line, warehouse.clone()), left.max(0));
        }
        for (key, units) in taken(&said.extent, room) {
            counts.entry(key).or_default().accepted += units;
        }
    }

    /// What was fulfilled has left, and what stayed sold was not agreed to: neither is given back.
    fn give_back(&mut self, said: &Said) {
        let mut room: ByPlace<i64> = BTreeMap::new();
        for (key, count) in &self.counts {
            if key.1.backoffice != said.id.backoffice {
                continue;
            }
            let bound = said.bounds.iter().find(|b| (b.line, &b.warehouse) == (key.0, &key.1));
            let stays = bound.map_or(0, |bound| bound.units).max(self.left(key, count));
            room.insert(key.clone(), (count.accepted - stays).max(0));
        }
        for (key, units) in taken(&said.extent, room) {
            self.counts.entry(key).or_default().accepted -= units;
        }
    }

    /// Units that left as accepted ones: what was fulfilled since a release was first released.
    fn left(&self, key: &(LineItemId, Warehouse), count: &Count) -> i64 {
        let fulfilled = self.fulfilled.get(key).copied().unwrap_or(0);
        fulfilled - count.released.min((fulfilled - count.before).max(0))
    }

    fn release(&mut self, said: &Said) {
        for bound in &said.bounds {
            let count = self.counts.entry((bound.line, bound.warehouse.clone())).or_default();
            if count.released == 0 {
                count.before = bound.units;
            }
        }
        let Extent::Lines(lines) = &said.extent else { return };
        for Units { line, units, warehouse } in lines {
            let Some(code) = warehouse else { continue };
            let backoffice = said.id.backoffice.clone();
            let key = (*line, Warehouse { backoffice, code: code.clone() });
            let count = self.counts.entry(key).or_default();
            count.accepted -= (*units).min(count.accepted);
            count.released += units;
        }
    }
}

/// Of one moment the last word stands.
fn step(steps: &mut Vec<AcceptedAt>, at: Timestamp, units: i64) {
    match steps.last_mut() {
        Some(last) if last.at >= at => last.units = units,
        _ => steps.push(AcceptedAt { at, units }),
    }
}

/// Takes the units that are meant out of the room, cut where there is less.
fn taken(extent: &Extent, room: ByPlace<i64>) -> ByPlace<i64> {
    let Extent::Lines(lines) = extent else { return room };
    let mut left = room;
    let mut taken: ByPlace<i64> = BTreeMap::new();
    for units in lines {
        let mut wanted = units.units;
        for (key, room) in left.iter_mut().filter(|(key, _)| units.means(key)) {
            let part = wanted.min(*room);
            *room -= part;
            wanted -= part;
            *taken.entry(key.clone()).or_default() += part;
        }
    }
    taken
}
