//! Physical numbers per warehouse and SKU, and what is still to be reported.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::feed::Item;
use super::journal::{Burst, Fate, Journal, Outcome, Record};
use super::orders::Orders;
use super::report::{Call, Happened, Report};

/// What one shelf holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Level {
    pub warehouse: String,
    pub sku: String,
    pub quantity: i64,
}

/// A burst and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BurstState {
    #[serde(flatten)]
    pub burst: Burst,
    pub made: u32,
}

/// Why a command was not carried out. Nothing of it was booked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The command makes no sense.
    #[error("{0}")]
    Command(String),
    /// Something that it names was never told.
    #[error("{0}")]
    Unknown(String),
    /// The shelf does not hold that much.
    #[error("{warehouse} holds {held} of {sku}, not {asked}")]
    NotEnough { warehouse: String, sku: String, held: i64, asked: i64 },
    /// The file could not be written.
    #[error("the ledger cannot be written")]
    Disk(#[from] io::Error),
}

/// The numbers in memory are what the file says, always.
#[derive(Debug)]
pub struct Ledger {
    journal: Journal,
    levels: BTreeMap<(String, String), i64>,
    orders: Orders,
    outbox: VecDeque<Report>,
    refused: Vec<Outcome>,
    requests: BTreeSet<String>,
    bursts: Vec<BurstState>,
    reports_made: u64,
    last_at: Timestamp,
}

impl Ledger {
    /// Reads the file, or begins one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (journal, records) = Journal::open(path)?;
        let mut ledger = Self {
            journal,
            levels: BTreeMap::new(),
            orders: Orders::default(),
            outbox: VecDeque::new(),
            refused: Vec::new(),
            requests: BTreeSet::new(),
            bursts: Vec::new(),
            reports_made: 0,
            last_at: Timestamp::UNIX_EPOCH,
        };
        for record in records {
            ledger.apply(record);
        }
        Ok(ledger)
    }

    /// What a shelf holds.
    #[must_use]
    pub fn held(&self, warehouse: &str, sku: &str) -> i64 {
        let key = (warehouse.to_owned(), sku.to_owned());
        self.levels.get(&key).copied().unwrap_or_default()
    }

    /// Every shelf that was ever booked.
    #[must_use]
    pub fn levels(&self) -> Vec<Level> {
        let all = self.levels.iter().map(|((warehouse, sku), quantity)| Level {
            warehouse: warehouse.clone(),
            sku: sku.clone(),
            quantity: *quantity,
        });
        all.collect()
    }

    /// Orders, and what was done about them.
    pub(super) fn orders(&self) -> &Orders {
        &self.orders
    }

    /// What of a shelf is promised.
    pub(super) fn reserved(&self, warehouse: &str, sku: &str) -> i64 {
        let all = self.orders.reservations().into_iter();
        let mine = all.filter(|one| one.warehouse == warehouse && one.sku == sku);
        mine.map(|one| one.quantity).sum()
    }

    /// Whether a command was booked before.
    pub(super) fn knows(&self, request_id: Option<&str>) -> bool {
        request_id.is_some_and(|id| self.requests.contains(id))
    }

    /// Reports without an answer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    pub(super) fn refused(&self) -> &[Outcome] {
        &self.refused
    }

    pub(super) fn bursts(&self) -> &[BurstState] {
        &self.bursts
    }

    /// The oldest reports of one kind, in their order, at most `max`; one when a call takes one.
    pub(super) fn batch(&self, max: usize) -> Option<(Call, Vec<Report>)> {
        let call = self.outbox.front()?.call();
        let max = if call.takes_many() { max } else { 1 };
        let same = self.outbox.iter().take_while(|report| report.call() == call);
        let same = same.take(max).cloned().collect();
        Some((call, same))
    }

    /// Books a command: all of it, or nothing. A request id that was booked before books nothing
    /// again.
    pub(super) fn book(
        &mut self,
        now: Timestamp,
        request_id: Option<String>,
        burst: Option<String>,
        happened: Vec<Happened>,
    ) -> Result<Vec<Report>, Fault> {
        if self.knows(request_id.as_deref()) {
            return Ok(Vec::new());
        }
        let reports = self.reports_of(now, happened);
        self.fits(&reports)?;
        let record = Record::Booked { request_id, burst, reports: reports.clone() };
        self.journal.append(&record)?;
        self.apply(record);
        Ok(reports)
    }

    /// Takes an entry of the feed, with what the warehouse answers by itself. One that was read
    /// before changes nothing.
    pub(super) fn read(&mut self, now: Timestamp, item: Item) -> io::Result<()> {
        if item.number <= self.orders.read() {
            return Ok(());
        }
        let reports = self.reports_of(now, self.orders.answers(&item));
        let record = Record::Read { item: Box::new(item), reports };
        self.journal.append(&record)?;
        self.apply(record);
        Ok(())
    }

    fn reports_of(&self, now: Timestamp, happened: Vec<Happened>) -> Vec<Report> {
        let mut at = self.last_at;
        let mut number = self.reports_made;
        let reports = happened.into_iter().map(|happened| {
            // Every report has its own millisecond, so that their order can be told.
            at = whole_millisecond(now).max(later(at));
            number += 1;
            Report { event_id: format!("WMS-{number:06}"), at, happened }
        });
        reports.collect()
    }

    /// Begins a burst, once per id.
    pub(super) fn start_burst(&mut self, burst: Burst) -> Result<(), Fault> {
        if self.bursts.iter().any(|known| known.burst.id == burst.id) {
            return Ok(());
        }
        let record = Record::BurstStarted(burst);
        self.journal.append(&record)?;
        self.apply(record);
        Ok(())
    }

    /// Writes down what Lockstep answered; those reports are never sent again.
    pub(super) fn settle(&mut self, outcomes: Vec<Outcome>) -> io::Result<()> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let record = Record::Settled { outcomes };
        self.journal.append(&record)?;
        self.apply(record);
        Ok(())
    }

    /// Whether no shelf falls below zero on the way.
    fn fits(&self, reports: &[Report]) -> Result<(), Fault> {
        let mut changed: BTreeMap<(String, String), i64> = BTreeMap::new();
        for report in reports {
            for (warehouse, sku, step) in steps(report) {
                let key = (warehouse.to_owned(), sku.to_owned());
                let held = changed.get(&key).copied().unwrap_or(self.held(warehouse, sku));
                let after = step.after(held).filter(|after| *after >= 0);
                let Some(after) = after else {
                    let (warehouse, sku) = key;
                    let asked = step.size();
                    return Err(Fault::NotEnough { warehouse, sku, held, asked });
                };
                changed.insert(key, after);
            }
        }
        Ok(())
    }

    /// The one place where a record becomes numbers: for new ones and for those of the file.
    fn apply(&mut self, record: Record) {
        match record {
            Record::Booked { request_id, burst, reports } => {
                self.take(reports);
                self.requests.extend(request_id);
                let known = self.bursts.iter_mut();
                for state in known.filter(|state| Some(&state.burst.id) == burst.as_ref()) {
                    state.made += 1;
                }
            }
            Record::Read { item, reports } => {
                self.orders.take(*item);
                self.take(reports);
            }
            Record::BurstStarted(burst) => self.bursts.push(BurstState { burst, made: 0 }),
            Record::Settled { outcomes } => {
                let ids: BTreeSet<&str> =
                    outcomes.iter().map(|outcome| outcome.event_id.as_str()).collect();
                self.outbox.retain(|report| !ids.contains(report.event_id.as_str()));
                let refused = outcomes.into_iter().filter(|one| one.fate != Fate::Accepted);
                self.refused.extend(refused);
            }
        }
    }

    /// Reports that were made: they change the numbers, and wait to be sent.
    fn take(&mut self, reports: Vec<Report>) {
        for report in reports {
            for (warehouse, sku, step) in steps(&report) {
                let key = (warehouse.to_owned(), sku.to_owned());
                let held = self.levels.entry(key).or_default();
                *held = step.after(*held).unwrap_or(*held);
            }
            self.orders.book(&report);
            self.last_at = self.last_at.max(report.at);
            self.reports_made += 1;
            self.outbox.push_back(report);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    By(i64),
    To(i64),
}

impl Step {
    fn after(self, held: i64) -> Option<i64> {
        match self {
            Self::By(change) => held.checked_add(change),
            Self::To(quantity) => Some(quantity),
        }
    }

    fn size(self) -> i64 {
        match self {
            Self::By(size) | Self::To(size) => size.saturating_abs(),
        }
    }
}

/// What a report does to which shelf: warehouse, SKU, step.
fn steps(report: &Report) -> Vec<(&str, &str, Step)> {
    match &report.happened {
        Happened::Moved { sku, warehouse, quantity, .. } => {
            vec![(warehouse, sku, Step::By(*quantity))]
        }
        Happened::Transferred { sku, from, to, quantity } => {
            vec![(from, sku, Step::By(-*quantity)), (to, sku, Step::By(*quantity))]
        }
        Happened::Counted { sku, warehouse, quantity } => {
            vec![(warehouse, sku, Step::To(*quantity))]
        }
        // A promise and a parcel move nothing on a shelf: the pick did, and the return will.
        Happened::Accepted(_)
        | Happened::Rejected(_)
        | Happened::Shipped(_)
        | Happened::CameBack(_) => Vec::new(),
    }
}

fn whole_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

fn later(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
