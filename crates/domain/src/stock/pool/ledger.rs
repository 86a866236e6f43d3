//! Order lines at one warehouse: how much is sold, how much of it the back office's number
//! already lacks.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{EventId, LineId, OrderKey, StoreId};
use crate::quantity::Quantity;
use crate::stock::report::ReportKind;

/// A line with nothing owed leaves the ledger this long after its last report; its sums stay.
/// The inbox keeps ids for the same time.
const LINE_QUIET_SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) event_id: EventId,
    pub(super) kind: ReportKind,
    pub(super) occurred_at: Timestamp,
    /// What it takes; negative when it gives back.
    pub(super) quantity: Quantity,
}

/// What an order claims of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    units: i64,
    as_of: Timestamp,
}

/// An order line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    /// Nothing while the order was not seen: then as much is sold as was taken.
    claim: Option<Claim>,
    reports: Vec<Report>,
}

impl Line {
    /// The greatest of the lowering stages, from reports up to a moment.
    ///
    /// Each report is placed by its own time, so that a count between an early and a late stage of
    /// the same goods is read the same way whichever of the three arrives last.
    fn taken_until(&self, moment: Option<Timestamp>) -> Quantity {
        let mut stages: BTreeMap<ReportKind, Quantity> = BTreeMap::new();
        for report in &self.reports {
            if moment.is_none_or(|moment| report.occurred_at <= moment) {
                let stage = stages.entry(report.kind).or_default();
                *stage = stage.saturating_add(report.quantity);
            }
        }
        stages.into_values().max().unwrap_or_default().max(Quantity::ZERO)
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
        self.claim.map_or_else(|| self.taken(), |claim| Quantity::from_units(claim.units))
    }

    fn owed(&self) -> Quantity {
        self.sold().saturating_sub(self.taken()).max(Quantity::ZERO)
    }

    fn own(&self) -> Quantity {
        self.taken().min(self.sold())
    }

    fn last_heard(&self) -> Option<Timestamp> {
        let reports = self.reports.iter().map(|report| report.occurred_at);
        reports.chain(self.claim.map(|claim| claim.as_of)).max()
    }

    pub(super) fn claimed_as_of(&self) -> Option<Timestamp> {
        self.claim.map(|claim| claim.as_of)
    }

    pub(super) fn holds(&self, at: Timestamp, event_id: &EventId) -> bool {
        self.reports.iter().any(|report| report.occurred_at == at && report.event_id == *event_id)
    }

    pub(super) fn with(&self, report: Report) -> Self {
        let mut line = self.clone();
        line.push(report);
        line
    }

    fn push(&mut self, report: Report) {
        // Sorted, so that equal histories are equal states whatever the order of arrival.
        let key = |r: &Report| (r.occurred_at, r.event_id.clone());
        let place = self.reports.partition_point(|known| key(known) <= key(&report));
        self.reports.insert(place, report);
    }

    /// The moments at which the line changed the position, for the journal.
    fn steps(&self) -> Vec<(Timestamp, EventId, Quantity)> {
        let mut before = Quantity::ZERO;
        let mut steps = Vec::with_capacity(self.reports.len());
        for report in &self.reports {
            let after = self.taken_until(Some(report.occurred_at));
            steps.push((report.occurred_at, report.event_id.clone(), before.saturating_sub(after)));
            before = after;
        }
        steps
    }
}

/// What remains of a store's lines that left the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Closed {
    sold: Quantity,
    own: Quantity,
}

/// The order lines at a warehouse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ledger {
    #[serde(with = "crate::pairs")]
    lines: BTreeMap<LineKey, Line>,
    closed: BTreeMap<StoreId, Closed>,
    /// What of `own` came to light after the first count and happened before it.
    absorbed: BTreeMap<StoreId, Quantity>,
    /// What the levels of a store show as sold, in units, known lines included.
    seen: BTreeMap<StoreId, i64>,
}

/// A movement that a line leaves behind when it leaves the ledger.
pub(super) type Step = (Timestamp, EventId, Quantity);

impl Ledger {
    pub(super) fn line(&self, key: &LineKey) -> Option<&Line> {
        self.lines.get(key)
    }

    pub(super) fn open(&mut self, key: LineKey) {
        self.lines.entry(key).or_default();
    }

    pub(super) fn claim(&mut self, key: LineKey, units: i64, as_of: Timestamp) {
        self.lines.entry(key).or_default().claim = Some(Claim { units, as_of });
    }

    pub(super) fn take(&mut self, key: LineKey, report: Report, absorbs: bool) {
        let store = key.store.clone();
        let line = self.lines.entry(key).or_default();
        let before = line.own();
        line.push(report);
        if absorbs {
            let change = line.own().saturating_sub(before);
            let absorbed = self.absorbed.entry(store).or_default();
            *absorbed = absorbed.saturating_add(change);
        }
    }

    pub(super) fn see(&mut self, store: StoreId, units: i64) {
        self.seen.insert(store, units);
    }

    pub(super) fn seen(&self, store: &StoreId) -> Option<i64> {
        self.seen.get(store).copied()
    }

    /// What all lines took from the position after a moment.
    pub(super) fn taken_after(&self, moment: Timestamp) -> Quantity {
        self.lines.values().map(|line| line.taken_after(Some(moment))).sum()
    }

    fn of<'a>(&'a self, store: &'a StoreId) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |(key, _)| key.store == *store).map(|(_, line)| line)
    }

    fn closed(&self, store: &StoreId) -> Closed {
        self.closed.get(store).copied().unwrap_or_default()
    }

    /// What the back office's number lacks because of this store's own sales.
    pub(super) fn own(&self, store: &StoreId) -> Quantity {
        self.of(store).map(Line::own).sum::<Quantity>().saturating_add(self.closed(store).own)
    }

    /// `own` as Delta adds it: without what the first count left open.
    pub(super) fn own_for_delta(&self, store: &StoreId) -> Quantity {
        let absorbed = self.absorbed.get(store).copied().unwrap_or_default();
        self.own(store).saturating_sub(absorbed)
    }

    /// Units that known lines of a store sold.
    pub(super) fn known_sold(&self, store: &StoreId) -> i64 {
        let sold = self.of(store).map(Line::sold).sum::<Quantity>();
        sold.saturating_add(self.closed(store).sold).floor_units()
    }

    /// Units of a store's known lines that are sold and not taken.
    pub(super) fn owed_lines(&self, store: &StoreId) -> i64 {
        self.of(store).map(Line::owed).sum::<Quantity>().ceil_units()
    }

    /// Units that a store's level shows as sold and that no known line explains.
    pub(super) fn presumed(&self, store: &StoreId) -> i64 {
        let seen = self.seen(store).unwrap_or_default();
        seen.saturating_sub(self.known_sold(store)).max(0)
    }

    /// Every store with a line or a seen sale.
    pub(super) fn stores(&self) -> std::collections::BTreeSet<&StoreId> {
        self.lines.keys().map(|key| &key.store).chain(self.seen.keys()).collect()
    }

    /// Lets lines go that are long settled, and answers what they leave for the journal.
    pub(super) fn let_go(&mut self, newest: Timestamp) -> Vec<Step> {
        let horizon = newest.checked_sub(LINE_QUIET_SPAN).unwrap_or(Timestamp::MIN);
        // A tenth at a time, so that a full ledger is not sorted again for each report.
        let over = match self.lines.len() {
            len if len > LINES_LEN_MAX => len - LINES_LEN_MAX * 9 / 10,
            _ => 0,
        };
        let quiet = |line: &Line| line.last_heard().is_none_or(|heard| heard <= horizon);
        let mut settled: Vec<(Option<Timestamp>, LineKey)> = self
            .lines
            .iter()
            .filter(|(_, line)| (over > 0 || quiet(line)) && line.owed().is_zero())
            .map(|(key, line)| (line.last_heard(), key.clone()))
            .collect();
        settled.sort();
        let mut steps = Vec::new();
        for (index, (heard, key)) in settled.into_iter().enumerate() {
            if index >= over && heard.is_some_and(|heard| heard > horizon) {
                break;
            }
            if let Some(line) = self.lines.remove(&key) {
                let closed = self.closed.entry(key.store).or_default();
                closed.sold = closed.sold.saturating_add(line.sold());
                closed.own = closed.own.saturating_add(line.own());
                steps.extend(line.steps());
            }
        }
        steps
    }
}
