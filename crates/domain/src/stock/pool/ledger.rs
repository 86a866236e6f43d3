//! The order lines at one warehouse, and what they add up to per store.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::command::{Claim, Elsewhere, Restocked};
use super::line::{BookedBack, Left, Line, LineKey, Report, Step};
use crate::ids::{LocationId, StoreId};
use crate::quantity::Quantity;

/// A line with nothing owed leaves the ledger this long after its last report; its sums stay.
/// The inbox keeps ids for the same time.
const LINE_QUIET_SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Lines are looked through for that once in this time of the reports.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// And never more lines than this, since the state is written whole with each batch. At the limit
/// the quietest line with nothing owed leaves first; lines that are owed always stay.
const LINES_LEN_MAX: usize = 2_000;

/// Sums over the lines of a store, in ten-thousandths; wide, so that they add up exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    lines: usize,
    own: i128,
    own_for_delta: i128,
    counted: i128,
    owed: i128,
    owed_elsewhere: i128,
    /// In units.
    open: i128,
}

impl Sums {
    fn of(line: &Line) -> Self {
        let raw = |quantity: Quantity| i128::from(quantity.ten_thousandths());
        Self {
            lines: 1,
            own: raw(line.own()),
            own_for_delta: raw(line.own_for_delta()),
            counted: raw(line.counted_here()),
            owed: raw(line.owed()),
            owed_elsewhere: raw(line.owed_elsewhere()),
            open: i128::from(line.open_here()),
        }
    }

    fn plus(self, other: Self) -> Self {
        let Self { lines, own, own_for_delta, counted, owed, owed_elsewhere, open } = other;
        Self {
            lines: self.lines + lines,
            own: self.own + own,
            own_for_delta: self.own_for_delta + own_for_delta,
            counted: self.counted + counted,
            owed: self.owed + owed,
            owed_elsewhere: self.owed_elsewhere + owed_elsewhere,
            open: self.open + open,
        }
    }

    fn minus(self, other: Self) -> Self {
        let Self { lines, own, own_for_delta, counted, owed, owed_elsewhere, open } = other;
        Self {
            lines: self.lines - lines,
            own: self.own - own,
            own_for_delta: self.own_for_delta - own_for_delta,
            counted: self.counted - counted,
            owed: self.owed - owed,
            owed_elsewhere: self.owed_elsewhere - owed_elsewhere,
            open: self.open - open,
        }
    }
}

fn quantity(sum: i128) -> Quantity {
    let all = i128::from(i64::MIN)..=i128::from(i64::MAX);
    let near = sum.clamp(*all.start(), *all.end());
    Quantity::from_ten_thousandths(i64::try_from(near).unwrap_or_default())
}

/// What remains of a store's lines that left the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Closed {
    #[serde(rename = "sold")]
    counted: Quantity,
    own: Quantity,
}

/// What a store's level counts at a location that the warehouses that send it do not serve; in
/// units, lines that left included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counted {
    /// Sold.
    pub sold: i64,
    /// Of them still committed.
    pub open: i64,
    /// Sold no more and yet not put back for sale.
    pub dropped: i64,
}

impl Counted {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            sold: self.sold.saturating_add(other.sold),
            open: self.open.saturating_add(other.open),
            dropped: self.dropped.saturating_add(other.dropped),
        }
    }

    /// Units that lowered the level.
    #[must_use]
    pub const fn in_all(self) -> i64 {
        self.sold.saturating_add(self.dropped)
    }

    const fn minus(self, other: Self) -> Self {
        Self {
            sold: self.sold.saturating_sub(other.sold),
            open: self.open.saturating_sub(other.open),
            dropped: self.dropped.saturating_sub(other.dropped),
        }
    }
}

type CountedAway = BTreeMap<StoreId, BTreeMap<LocationId, Counted>>;

/// The order lines at a warehouse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub(super) struct Ledger {
    #[serde(with = "super::lines")]
    lines: BTreeMap<LineKey, Line>,
    closed: BTreeMap<StoreId, Closed>,
    /// What of `own` came to light after the first count and happened before it; of what came back
    /// only in lines that left.
    absorbed: BTreeMap<StoreId, Quantity>,
    /// What the levels of a store show as sold, in units, known lines included.
    seen: BTreeMap<StoreId, i64>,
    /// The location of that level.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    seen_at: BTreeMap<StoreId, LocationId>,
    /// What this warehouse sends and other locations count.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    away: CountedAway,
    /// Until when quiet lines were let go.
    swept: Option<Timestamp>,
    /// Over `lines`, so that a question need not go through them all.
    #[serde(skip)]
    sums: BTreeMap<StoreId, Sums>,
}

/// A ledger as it is stored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    #[serde(with = "super::lines")]
    lines: BTreeMap<LineKey, Line>,
    closed: BTreeMap<StoreId, Closed>,
    absorbed: BTreeMap<StoreId, Quantity>,
    seen: BTreeMap<StoreId, i64>,
    seen_at: BTreeMap<StoreId, LocationId>,
    away: CountedAway,
    swept: Option<Timestamp>,
}

impl From<Stored> for Ledger {
    fn from(stored: Stored) -> Self {
        let Stored { lines, closed, absorbed, seen, seen_at, away, swept } = stored;
        let mut sums: BTreeMap<StoreId, Sums> = BTreeMap::new();
        for (key, line) in &lines {
            let of_store = sums.entry(key.store.clone()).or_default();
            *of_store = of_store.plus(Sums::of(line));
        }
        Self { lines, closed, absorbed, seen, seen_at, away, swept, sums }
    }
}

impl Ledger {
    pub(super) fn line(&self, key: &LineKey) -> Option<&Line> {
        self.lines.get(key)
    }

    /// Changes a line and the sums that it is part of; gives the line before.
    fn change(&mut self, key: LineKey, change: impl FnOnce(&mut Line)) -> (Sums, Sums) {
        let of_store = self.sums.entry(key.store.clone()).or_default();
        let line = match self.lines.entry(key) {
            Entry::Occupied(known) => {
                *of_store = of_store.minus(Sums::of(known.get()));
                known.into_mut()
            }
            Entry::Vacant(free) => free.insert(Line::default()),
        };
        let before = Sums::of(line);
        change(line);
        let after = Sums::of(line);
        *of_store = of_store.plus(after);
        (before, after)
    }

    pub(super) fn open(&mut self, key: LineKey) {
        self.change(key, |_| {});
    }

    pub(super) fn claim(&mut self, key: LineKey, claim: Claim) {
        let before = self.lines.get(&key).and_then(|line| line.claim.as_ref());
        let before = before.map(|claim| claim.elsewhere.clone()).unwrap_or_default();
        if !(before.is_empty() && claim.elsewhere.is_empty()) {
            self.move_away(&key.store, &before, &claim.elsewhere);
        }
        self.change(key, |line| line.claim = Some(claim));
    }

    /// Opens a line again that had left: its numbers count from what the sums hold of it.
    pub(super) fn come_back(&mut self, key: LineKey, left: Left, elsewhere: &[Elsewhere]) {
        if !elsewhere.is_empty() {
            self.move_away(&key.store, elsewhere, &[]);
        }
        self.change(key, |line| line.left = left);
    }

    /// What a line that leaves has counted away from here stays counted.
    fn move_away(&mut self, store: &StoreId, before: &[Elsewhere], after: &[Elsewhere]) {
        let of_store = self.away.entry(store.clone()).or_default();
        let counted = |part: &Elsewhere| Counted {
            sold: part.sold,
            open: part.open(),
            dropped: part.dropped,
        };
        for part in before {
            let known = of_store.entry(part.location).or_default();
            *known = known.minus(counted(part));
        }
        for part in after {
            let known = of_store.entry(part.location).or_default();
            *known = known.plus(counted(part));
        }
    }

    /// What this warehouse sends and a location that it does not serve counts.
    pub(super) fn away(&self, store: &StoreId, location: LocationId) -> Counted {
        let of_store = self.away.get(store);
        of_store.and_then(|of_store| of_store.get(&location)).copied().unwrap_or_default()
    }

    pub(super) fn restock(&mut self, key: LineKey, restocked: Restocked) {
        self.change(key, |line| line.restocked = Some(restocked));
    }

    pub(super) fn book_back(&mut self, key: LineKey, booked: BookedBack) {
        self.change(key, |line| line.book_back(booked));
    }

    /// What was booked back of a line beyond what Shopify put back, or less.
    pub(super) fn booked_over(&self, key: &LineKey) -> Quantity {
        self.lines.get(key).map_or(Quantity::ZERO, Line::booked_over)
    }

    pub(super) fn book_apart(&mut self, key: &LineKey, quantity: Quantity) {
        if self.lines.get(key).is_some_and(|line| line.booked_apart != quantity) {
            self.change(key.clone(), |line| line.booked_apart = quantity);
        }
    }

    pub(super) fn take(&mut self, key: LineKey, report: Report, absorbs: bool) {
        self.tell(key, report, false, absorbs);
    }

    /// Adds a report, or takes it back.
    pub(super) fn tell(&mut self, key: LineKey, report: Report, withdrawn: bool, absorbs: bool) {
        let store = key.store.clone();
        let (before, after) = self.change(key, |line| {
            if withdrawn {
                line.withdraw(report);
            } else {
                line.push(report);
            }
        });
        if absorbs {
            self.absorb(store, quantity(after.own - before.own));
        }
    }

    fn absorb(&mut self, store: StoreId, change: Quantity) {
        let absorbed = self.absorbed.entry(store).or_default();
        *absorbed = absorbed.saturating_add(change);
    }

    pub(super) fn see(&mut self, store: StoreId, location: Option<LocationId>, units: i64) {
        if let Some(location) = location {
            self.seen_at.insert(store.clone(), location);
        }
        self.seen.insert(store, units);
    }

    /// What a store's level shows as sold, and where that is.
    pub(super) fn seen(&self, store: &StoreId) -> (i64, Option<LocationId>) {
        let units = self.seen.get(store).copied().unwrap_or_default();
        (units, self.seen_at.get(store).copied())
    }

    /// What all lines took from the position after a moment.
    pub(super) fn taken_after(&self, moment: Timestamp) -> Quantity {
        self.lines.values().map(|line| line.taken_after(Some(moment))).sum()
    }

    fn sums(&self, store: &StoreId) -> Sums {
        self.sums.get(store).copied().unwrap_or_default()
    }

    fn closed(&self, store: &StoreId) -> Closed {
        self.closed.get(store).copied().unwrap_or_default()
    }

    /// What the back office's number lacks because of this store's own sales, less what came back
    /// in both.
    pub(super) fn own(&self, store: &StoreId) -> Quantity {
        quantity(self.sums(store).own).saturating_add(self.closed(store).own)
    }

    /// `own` as Delta adds it: without what the first count left open.
    pub(super) fn own_for_delta(&self, store: &StoreId) -> Quantity {
        let absorbed = self.absorbed.get(store).copied().unwrap_or_default();
        let own = quantity(self.sums(store).own_for_delta).saturating_add(self.closed(store).own);
        own.saturating_sub(absorbed)
    }

    /// Units by which known lines of a store lowered the level that the warehouse serves.
    pub(super) fn known_sold(&self, store: &StoreId) -> i64 {
        quantity(self.sums(store).counted).saturating_add(self.closed(store).counted).floor_units()
    }

    /// Of those, units of lines that no order claimed yet.
    pub(super) fn known_unclaimed(&self, store: &StoreId) -> i64 {
        let unclaimed =
            self.lines.iter().filter(|(key, line)| key.store == *store && line.claim.is_none());
        let counted = unclaimed.map(|(_, line)| line.counted_here().max(Quantity::ZERO));
        counted.sum::<Quantity>().ceil_units()
    }

    /// Units of a store's known lines that are owed here and lowered a level elsewhere.
    pub(super) fn owed_elsewhere(&self, store: &StoreId) -> i64 {
        quantity(self.sums(store).owed_elsewhere).ceil_units()
    }

    /// Units of a store's known lines that are sold and not taken.
    pub(super) fn owed_lines(&self, store: &StoreId) -> i64 {
        quantity(self.sums(store).owed).ceil_units()
    }

    /// Units of a store's known lines that are neither fulfilled nor cancelled.
    pub(super) fn known_open(&self, store: &StoreId) -> i64 {
        i64::try_from(self.sums(store).open).unwrap_or(i64::MAX)
    }

    /// Every store with a line or a seen sale.
    pub(super) fn stores(&self) -> BTreeSet<&StoreId> {
        self.sums.keys().chain(self.seen.keys()).collect()
    }

    /// Lets lines go that are long settled, but for one, and answers what they leave for the
    /// journal.
    pub(super) fn let_go(&mut self, newest: Timestamp, but: Option<&LineKey>) -> Vec<Step> {
        // A tenth at a time, so that a full ledger is not sorted again for each report.
        let over = match self.lines.len() {
            len if len > LINES_LEN_MAX => len - LINES_LEN_MAX * 9 / 10,
            _ => 0,
        };
        let soon = self.swept.map(|swept| swept.checked_add(SWEEP_EVERY));
        if over == 0 && soon.is_some_and(|soon| soon.is_ok_and(|soon| newest < soon)) {
            return Vec::new();
        }
        self.swept = self.swept.max(Some(newest));
        let horizon = newest.checked_sub(LINE_QUIET_SPAN).unwrap_or(Timestamp::MIN);
        let quiet = |line: &Line| line.last_heard().is_none_or(|heard| heard <= horizon);
        let mut settled: Vec<(Option<Timestamp>, LineKey)> = self
            .lines
            .iter()
            .filter(|(key, _)| but != Some(*key))
            .filter(|(_, line)| (over > 0 || quiet(line)) && line.is_settled())
            .map(|(key, line)| (line.last_heard(), key.clone()))
            .collect();
        settled.sort();
        let mut steps = Vec::new();
        for (index, (heard, key)) in settled.into_iter().enumerate() {
            if index >= over && heard.is_some_and(|heard| heard > horizon) {
                break;
            }
            steps.extend(self.close(&key));
        }
        steps
    }

    /// Lets a line go; its sums stay.
    fn close(&mut self, key: &LineKey) -> Vec<Step> {
        let Some(line) = self.lines.remove(key) else { return Vec::new() };
        // As it would be loaded: a store without lines has no sums.
        if let Some(of_store) = self.sums.get_mut(&key.store) {
            *of_store = of_store.minus(Sums::of(&line));
            if of_store.lines == 0 {
                self.sums.remove(&key.store);
            }
        }
        let closed = self.closed.entry(key.store.clone()).or_default();
        closed.counted = closed.counted.saturating_add(line.counted_here());
        closed.own = closed.own.saturating_add(line.own());
        let unheard = line.own().saturating_sub(line.own_for_delta());
        if !unheard.is_zero() {
            self.absorb(key.store.clone(), unheard);
        }
        line.steps()
    }
}
