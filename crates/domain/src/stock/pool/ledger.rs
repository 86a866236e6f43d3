//! Order lines at one warehouse: how much is sold, how much of it the back office's number
//! already lacks.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::command::{Claim, Elsewhere, Restocked, Taking};
use super::compact::Mark;
use crate::ids::{LineId, LocationId, OrderKey, StoreId};
use crate::quantity::Quantity;
use crate::stock::report::ReportKind;

/// A line with nothing owed leaves the ledger this long after its last report; its sums stay.
/// The inbox keeps ids for the same time.
const LINE_QUIET_SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Lines are looked through for that once in this time of the reports.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// And never more lines than this, since the state is written whole with each batch. At the limit
/// the quietest line with nothing owed leaves first; lines that are owed always stay.
const LINES_LEN_MAX: usize = 2_000;

/// Names an order line of a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineKey {
    /// The store.
    pub store: StoreId,
    /// The order.
    pub order: OrderKey,
    /// The line.
    pub line: LineId,
}

/// One lowering report about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) mark: Mark,
    pub(super) kind: ReportKind,
    /// Told by an order or a shipment, not reported as a movement. The same goods may be both.
    pub(super) told: bool,
    pub(super) occurred_at: Timestamp,
    /// What it takes; negative when it gives back.
    pub(super) quantity: Quantity,
}

/// Goods of a line that the back office booked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BookedBack {
    pub(super) mark: Mark,
    pub(super) occurred_at: Timestamp,
    pub(super) quantity: Quantity,
    /// Came to light after the first count and happened before it: for Delta it was no rise.
    pub(super) absorbed: bool,
}

impl Claim {
    /// Nothing, as a revision says.
    #[must_use]
    pub const fn of_nothing(revision: u64, as_of: Timestamp) -> Self {
        Self {
            sold: 0,
            fulfilled: 0,
            released: 0,
            dropped: 0,
            elsewhere: Vec::new(),
            revision,
            as_of,
        }
    }

    /// Whether both come to the same, whatever version of the order they stand for.
    pub(in crate::stock) fn says_same(&self, other: &Self) -> bool {
        let said = |claim: &Self| (claim.sold, claim.fulfilled, claim.released, claim.dropped);
        said(self) == said(other) && self.elsewhere == other.elsewhere
    }

    /// Units that this warehouse sends and Shopify counts where it does not serve.
    fn sold_elsewhere(&self) -> i64 {
        self.elsewhere.iter().fold(0, |sum, part| sum.saturating_add(part.sold))
    }

    /// Units that lowered the level that the warehouse serves, cancelled ones included.
    fn counted_here(&self) -> i64 {
        let parts = self.elsewhere.iter();
        let elsewhere = parts.fold(0_i64, |sum, part| sum.saturating_add(part.counted()));
        self.sold.saturating_add(self.dropped).saturating_sub(elsewhere)
    }

    /// Units that Shopify still holds as committed, at any location.
    fn open(&self) -> i64 {
        self.sold.saturating_sub(self.fulfilled).max(0)
    }

    fn open_here(&self) -> i64 {
        let elsewhere =
            self.elsewhere.iter().fold(0_i64, |sum, part| sum.saturating_add(part.open()));
        self.open().saturating_sub(elsewhere).max(0)
    }
}

impl Elsewhere {
    fn counted(&self) -> i64 {
        self.sold.saturating_add(self.dropped)
    }

    fn open(&self) -> i64 {
        self.sold.saturating_sub(self.fulfilled).max(0)
    }
}

/// An order line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Nothing while the order was not seen: then as much is sold as was taken.
    pub(super) claim: Option<Claim>,
    /// By time.
    pub(super) reports: Vec<Report>,
    /// What Shopify put back by itself.
    pub(super) restocked: Option<Restocked>,
    /// What the back office booked back, by time.
    pub(super) booked_back: Vec<BookedBack>,
}

/// The stages of a line, the greatest of which counts. Their places are stored.
pub(super) const STAGES: [ReportKind; 5] = [
    ReportKind::Accept,
    ReportKind::Allocation,
    ReportKind::Pick,
    ReportKind::Shipment,
    ReportKind::Invoice,
];

/// The place of a stage.
pub(super) const fn stage(kind: ReportKind) -> u8 {
    match kind {
        ReportKind::Accept => 0,
        ReportKind::Allocation => 1,
        ReportKind::Pick => 2,
        ReportKind::Shipment => 3,
        ReportKind::Invoice => 4,
    }
}

impl Line {
    /// The greatest of the lowering stages, from reports up to a moment.
    ///
    /// Each report is placed by its own time, so that a count between an early and a late stage of
    /// the same goods is read the same way whichever of the three arrives last.
    fn taken_until(&self, moment: Option<Timestamp>) -> Quantity {
        // A movement and what an order or a shipment tells are two words about the same goods.
        let mut stages = [[Quantity::ZERO; STAGES.len()]; 2];
        for report in &self.reports {
            if moment.is_none_or(|moment| report.occurred_at <= moment)
                && let Some(stages) = stages.get_mut(usize::from(report.told))
                && let Some(stage) = stages.get_mut(usize::from(stage(report.kind)))
            {
                *stage = stage.saturating_add(report.quantity);
            }
        }
        stages.into_iter().flatten().fold(Quantity::ZERO, Quantity::max)
    }

    pub(super) fn taken(&self) -> Quantity {
        self.taken_until(None)
    }

    /// What the line took from the position since a count; all of it when there was none.
    pub(super) fn taken_after(&self, counted_at: Option<Timestamp>) -> Quantity {
        match counted_at {
            None => self.taken(),
            Some(_) => self.taken().saturating_sub(self.taken_until(counted_at)),
        }
    }

    fn sold(&self) -> Quantity {
        self.claim.as_ref().map_or_else(|| self.taken(), |claim| Quantity::from_units(claim.sold))
    }

    /// Of what is sold, what Shopify counts at a location that the warehouse does not serve.
    fn elsewhere(&self) -> Quantity {
        Quantity::from_units(self.claim.as_ref().map_or(0, Claim::sold_elsewhere))
    }

    /// What lowered the level that the warehouse serves.
    fn counted_here(&self) -> Quantity {
        let counted = |claim: &Claim| Quantity::from_units(claim.counted_here());
        self.claim.as_ref().map_or_else(|| self.taken(), counted)
    }

    fn owed(&self) -> Quantity {
        let released = self.claim.as_ref().map_or(0, |claim| claim.released);
        let ended = self.taken().max(Quantity::from_units(released));
        self.sold().saturating_sub(ended).max(Quantity::ZERO)
    }

    /// Of what is owed, what the level that the warehouse serves does not know. What it knows is
    /// taken first.
    fn owed_elsewhere(&self) -> Quantity {
        self.owed().min(self.elsewhere())
    }

    /// Whether nothing is to be expected of it: its units are taken, and sent or cancelled.
    fn is_settled(&self) -> bool {
        self.owed().is_zero() && self.claim.as_ref().is_none_or(|claim| claim.open() == 0)
    }

    fn own(&self) -> Quantity {
        self.own_without(self.came_back(|_| true))
    }

    /// `own` without what the first count held and Delta was therefore never told: a unit that did
    /// not rise there is not taken off again when Shopify puts it back, whichever is heard first.
    fn own_for_delta(&self) -> Quantity {
        self.own_without(self.came_back(|booked| !booked.absorbed))
    }

    fn own_without(&self, came_back: Quantity) -> Quantity {
        self.taken().min(self.sold().saturating_sub(self.elsewhere())).saturating_sub(came_back)
    }

    /// What is both booked back and put back by Shopify itself.
    fn came_back(&self, counts: impl Fn(&BookedBack) -> bool) -> Quantity {
        let booked = self.booked_back.iter().filter(|booked| counts(booked));
        let restocked = self.restocked.map_or(0, |restocked| restocked.units);
        booked.map(|booked| booked.quantity).sum::<Quantity>().min(Quantity::from_units(restocked))
    }

    /// Whether nothing is known of it but what came back.
    pub(super) fn has_only_returns(&self) -> bool {
        self.claim.is_none() && self.reports.is_empty()
    }

    fn sums(&self) -> Sums {
        let raw = |quantity: Quantity| i128::from(quantity.ten_thousandths());
        Sums {
            lines: 1,
            own: raw(self.own()),
            own_for_delta: raw(self.own_for_delta()),
            counted: raw(self.counted_here()),
            owed: raw(self.owed()),
            owed_elsewhere: raw(self.owed_elsewhere()),
            open: i128::from(self.claim.as_ref().map_or(0, Claim::open_here)),
        }
    }

    fn last_heard(&self) -> Option<Timestamp> {
        let reports = self.reports.iter().map(|report| report.occurred_at);
        let booked = self.booked_back.iter().map(|booked| booked.occurred_at);
        let claimed = self.claim.as_ref().map(|claim| claim.as_of);
        let told = [claimed, self.restocked.map(|restocked| restocked.as_of)];
        reports.chain(booked).chain(told.into_iter().flatten()).max()
    }

    pub(super) fn holds(&self, at: Timestamp, mark: Mark) -> bool {
        self.reports.iter().any(|r| !r.told && (r.occurred_at, r.mark) == (at, mark))
            || self.booked_back.iter().any(|b| (b.occurred_at, b.mark) == (at, mark))
    }

    /// What one source told.
    pub(super) fn told_by(&self, source: Mark) -> Vec<Taking> {
        let of_source = self.reports.iter().filter(|report| report.told && report.mark == source);
        let taking = |report: &Report| Taking {
            kind: report.kind,
            occurred_at: report.occurred_at,
            quantity: report.quantity,
        };
        of_source.map(taking).collect()
    }

    pub(super) fn without(&self, report: Report) -> Self {
        let mut line = self.clone();
        line.withdraw(report);
        line
    }

    pub(super) fn withdraw(&mut self, report: Report) {
        if let Some(place) = self.reports.iter().position(|known| *known == report) {
            self.reports.remove(place);
        }
    }

    pub(super) fn with(&self, report: Report) -> Self {
        let mut line = self.clone();
        line.push(report);
        line
    }

    pub(super) fn push(&mut self, report: Report) {
        // Sorted, so that equal histories are equal states whatever the order of arrival.
        let key = |r: &Report| (r.occurred_at, r.mark, r.told);
        let place = self.reports.partition_point(|known| key(known) <= key(&report));
        self.reports.insert(place, report);
    }

    pub(super) fn book_back(&mut self, booked: BookedBack) {
        let key = |b: &BookedBack| (b.occurred_at, b.mark);
        let place = self.booked_back.partition_point(|known| key(known) <= key(&booked));
        self.booked_back.insert(place, booked);
    }

    /// The moments at which the line changed the position, for the journal.
    fn steps(&self) -> Vec<Step> {
        let mut before = Quantity::ZERO;
        let mut steps = Vec::with_capacity(self.reports.len());
        for report in &self.reports {
            let after = self.taken_until(Some(report.occurred_at));
            steps.push((report.occurred_at, report.mark, before.saturating_sub(after)));
            before = after;
        }
        steps
    }
}

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
            *of_store = of_store.plus(line.sums());
        }
        Self { lines, closed, absorbed, seen, seen_at, away, swept, sums }
    }
}

/// A movement that a line leaves behind when it leaves the ledger.
pub(super) type Step = (Timestamp, Mark, Quantity);

impl Ledger {
    pub(super) fn line(&self, key: &LineKey) -> Option<&Line> {
        self.lines.get(key)
    }

    /// Changes a line and the sums that it is part of; gives the line before.
    fn change(&mut self, key: LineKey, change: impl FnOnce(&mut Line)) -> (Sums, Sums) {
        let of_store = self.sums.entry(key.store.clone()).or_default();
        let line = match self.lines.entry(key) {
            Entry::Occupied(known) => {
                *of_store = of_store.minus(known.get().sums());
                known.into_mut()
            }
            Entry::Vacant(free) => free.insert(Line::default()),
        };
        let before = line.sums();
        change(line);
        let after = line.sums();
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
            *of_store = of_store.minus(line.sums());
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
