//! An order line at one warehouse: how much is sold, how much of it the back office's number
//! already lacks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::command::{Claim, Elsewhere, Restocked, Taking};
use super::compact::Mark;
use crate::ids::{LineId, OrderKey, StoreId};
use crate::quantity::Quantity;
use crate::stock::report::ReportKind;

/// A movement that a line leaves behind when it leaves the ledger.
pub(super) type Step = (Timestamp, Mark, Quantity);

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
    pub(super) fn counted_here(&self) -> i64 {
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

    pub(super) fn open(&self) -> i64 {
        self.sold.saturating_sub(self.fulfilled).max(0)
    }
}

/// What the sums hold of a line that had left and was opened again; in units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) counted: i64,
    pub(super) taken: i64,
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
    /// Of what Shopify put back, what was booked back at another warehouse of the pool.
    pub(super) booked_apart: Quantity,
    /// With what it left before; its own numbers count from there.
    pub(super) left: Left,
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
        let [_, told] = &mut stages;
        // It was taken before anything that is known by now: what is sent once more comes on top.
        if let Some(sent) = told.get_mut(usize::from(stage(ReportKind::Shipment))) {
            *sent = Quantity::from_units(self.left.taken);
        }
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
    pub(super) fn counted_here(&self) -> Quantity {
        let counted = |claim: &Claim| Quantity::from_units(claim.counted_here());
        let counted = self.claim.as_ref().map_or_else(|| self.taken(), counted);
        counted.saturating_sub(Quantity::from_units(self.left.counted))
    }

    pub(super) fn owed(&self) -> Quantity {
        let released = self.claim.as_ref().map_or(0, |claim| claim.released);
        let ended = self.taken().max(Quantity::from_units(released));
        self.sold().saturating_sub(ended).max(Quantity::ZERO)
    }

    /// Of what is owed, what the level that the warehouse serves does not know. What it knows is
    /// taken first.
    pub(super) fn owed_elsewhere(&self) -> Quantity {
        self.owed().min(self.elsewhere())
    }

    /// Whether nothing is to be expected of it: its units are taken, and sent or cancelled.
    pub(super) fn is_settled(&self) -> bool {
        self.owed().is_zero() && self.claim.as_ref().is_none_or(|claim| claim.open() == 0)
    }

    pub(super) fn own(&self) -> Quantity {
        self.own_without(self.came_back(|_| true))
    }

    /// `own` without what the first count held and Delta was therefore never told: a unit that did
    /// not rise there is not taken off again when Shopify puts it back, whichever is heard first.
    pub(super) fn own_for_delta(&self) -> Quantity {
        self.own_without(self.came_back(|booked| !booked.absorbed))
    }

    fn own_without(&self, came_back: Quantity) -> Quantity {
        let left = Quantity::from_units(self.left.taken.min(self.left.counted));
        let own = self.taken().min(self.sold().saturating_sub(self.elsewhere()));
        own.saturating_sub(came_back).saturating_sub(left)
    }

    /// What is both booked back and put back by Shopify itself.
    fn came_back(&self, counts: impl Fn(&BookedBack) -> bool) -> Quantity {
        let booked = self.booked_back.iter().filter(|booked| counts(booked));
        let restocked = self.restocked.map_or(0, |restocked| restocked.units);
        let here = booked.map(|booked| booked.quantity).sum::<Quantity>();
        here.saturating_add(self.booked_apart).min(Quantity::from_units(restocked))
    }

    /// What was booked back here as a rise, less what Shopify put back: below zero when Shopify put
    /// back more.
    pub(super) fn booked_over(&self) -> Quantity {
        let rises = self.booked_back.iter().filter(|booked| !booked.absorbed);
        let restocked = self.restocked.map_or(0, |restocked| restocked.units);
        let booked = rises.map(|booked| booked.quantity).sum::<Quantity>();
        booked.saturating_sub(Quantity::from_units(restocked))
    }

    /// Whether nothing is known of it but what came back.
    pub(super) fn has_only_returns(&self) -> bool {
        self.claim.is_none() && self.reports.is_empty()
    }

    /// Units that Shopify still holds as committed at the level that the warehouse serves.
    pub(super) fn open_here(&self) -> i64 {
        self.claim.as_ref().map_or(0, Claim::open_here)
    }

    pub(super) fn last_heard(&self) -> Option<Timestamp> {
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
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut before = Quantity::from_units(self.left.taken);
        let mut steps = Vec::with_capacity(self.reports.len());
        for report in &self.reports {
            let after = self.taken_until(Some(report.occurred_at));
            steps.push((report.occurred_at, report.mark, before.saturating_sub(after)));
            before = after;
        }
        steps
    }
}
