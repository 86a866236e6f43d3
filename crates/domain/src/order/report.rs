//! What back offices say of an order: accept, reject, release. Each is decided against what they
//! were told, and what cannot be decided yet waits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cancel::{Cancel, Stage};
use super::event::OrderEvent;
use super::shares::OrderLines;
use super::state::{Answer, Order, Waiting};
use crate::ids::{BackOfficeId, EventId, LineItemId, Warehouse, WarehouseCode};

/// Names a report: the reporter's own id is unique for that reporter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportId {
    /// The back office.
    pub backoffice: BackOfficeId,
    /// Its id of the report.
    pub event_id: EventId,
}

/// A report about an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its name.
    pub id: ReportId,
    /// What it says.
    pub says: Says,
    /// Which units it means.
    pub extent: Extent,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
}

/// What a report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// The units are reserved for the order.
    Accept,
    /// Nothing of them will leave: the cancellation is agreed to.
    AgreeToCancel,
    /// They will not be delivered.
    Reject,
    /// It is too late to cancel.
    TooLate,
    /// They will not leave, and count as fulfilled.
    Release,
    /// They will not leave, and the order is to be cancelled.
    ReleaseAndCancel,
}

impl Says {
    /// Name of the call that reports it.
    #[must_use]
    pub const fn call(self) -> &'static str {
        match self {
            Self::Accept | Self::AgreeToCancel => "accept",
            Self::Reject | Self::TooLate => "reject",
            Self::Release | Self::ReleaseAndCancel => "release",
        }
    }
}

/// Which units a report means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All that concern the back office.
    Whole,
    /// These.
    Lines(Vec<Units>),
}

/// Units of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// The line.
    pub line: LineItemId,
    /// How many; above zero.
    pub units: i64,
    /// From where; any warehouse that serves the line when it is not said.
    pub warehouse: Option<WarehouseCode>,
}

/// Units of a line at a warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// The line.
    pub line: LineItemId,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// How many.
    pub units: i64,
}

/// Why a report waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// The order is not known yet.
    Order,
    /// The back office was not told of it yet.
    Announcement,
}

/// Why a report was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// No part of the order is the back office's.
    NotYours,
    /// The order has no such line, or it is another back office's.
    UnknownLine {
        /// Index in the report.
        index: usize,
        /// The line.
        line: LineItemId,
    },
    /// More units than there are.
    TooMany {
        /// Index in the report.
        index: usize,
        /// Units that were meant.
        units: i64,
        /// Units that there are.
        open: i64,
    },
    /// Nothing of it is left to be taken on.
    Cancelled,
    /// Nobody asked for a cancellation.
    NotCancelled,
    /// A cancellation must release all that is open.
    NotWhole {
        /// Units that would remain.
        open: i64,
    },
    /// What was fulfilled cannot be cancelled.
    Fulfilled {
        /// Units that were.
        units: i64,
    },
    /// Another cancellation is on its way.
    AlreadyCancelling,
    /// Shopify refuses the cancellation.
    Shopify {
        /// Its words.
        message: String,
    },
}

/// Decides a report, with `lines` as [`Order::lines`] gave them.
pub(super) fn decide(
    order: &Order,
    report: &Report,
    lines: Option<&OrderLines>,
    now: Timestamp,
) -> Vec<OrderEvent> {
    if order.reports.contains(&report.id) {
        return Vec::new();
    }
    let waits = |waits_for| {
        let is_waiting = order.waiting.iter().any(|w| w.report.id == report.id);
        let waiting = Waiting { report: report.clone(), since: now };
        let parked = OrderEvent::ReportParked { waiting, waits_for };
        if is_waiting { Vec::new() } else { vec![parked] }
    };
    let Some(lines) = lines else { return waits(WaitsFor::Order) };
    if !order.is_told_to(&report.id.backoffice) {
        // What is being read or routed may be told to it yet; what is settled will not.
        if order.needs_read() || !lines.routed {
            return waits(WaitsFor::Announcement);
        }
        return refused(report, Refusal::NotYours);
    }
    let desk = Desk { order, report, lines };
    desk.decide().unwrap_or_else(|refusal| refused(report, refusal))
}

fn refused(report: &Report, refusal: Refusal) -> Vec<OrderEvent> {
    let (id, says) = (report.id.clone(), report.says);
    vec![OrderEvent::ReportRefused { id, says, refusal }]
}

/// A report on the desk, with what it is about.
struct Desk<'d> {
    order: &'d Order,
    report: &'d Report,
    lines: &'d OrderLines,
}

/// Units that a line has at a warehouse for what a report says.
type Room = BTreeMap<(LineItemId, Warehouse), i64>;

impl Desk<'_> {
    fn decide(&self) -> Result<Vec<OrderEvent>, Refusal> {
        match self.report.says {
            Says::Accept => self.accept(),
            Says::AgreeToCancel => self.agree(),
            Says::Reject => self.give_back(Answer::Rejected, false),
            Says::TooLate if !self.lines.cancelled => Err(Refusal::NotCancelled),
            Says::TooLate => Ok(self.done(Answer::TooLate, Vec::new())),
            Says::Release => self.release(),
            Says::ReleaseAndCancel => self.cancel(),
        }
    }

    fn done(&self, answer: Answer, booked: Vec<Booked>) -> Vec<OrderEvent> {
        vec![OrderEvent::ReportBooked {
            id: self.report.id.clone(),
            says: self.report.says,
            answer,
            booked,
            at: self.report.occurred_at,
        }]
    }

    fn accept(&self) -> Result<Vec<OrderEvent>, Refusal> {
        let room = self.room(|sold, _, accepted, released| sold - accepted - released);
        if room.is_empty() {
            return Err(Refusal::NotYours);
        }
        if self.lines.cancelled && room.values().sum::<i64>() == 0 {
            return Err(Refusal::Cancelled);
        }
        Ok(self.done(Answer::Accepted, self.take(&room, false)?))
    }

    /// What was accepted beyond what is still sold is given back: all of a cancelled order.
    fn agree(&self) -> Result<Vec<OrderEvent>, Refusal> {
        let excess = self.room(|sold, _, accepted, _| accepted.min((accepted - sold).max(0)));
        if !self.lines.cancelled && excess.values().sum::<i64>() == 0 {
            return Err(Refusal::NotCancelled);
        }
        let room = match self.lines.cancelled {
            true => self.room(|_, fulfilled, accepted, _| accepted - fulfilled),
            false => excess,
        };
        Ok(self.done(Answer::CancellationAgreed, self.take(&room, true)?))
    }

    fn give_back(&self, answer: Answer, clamp: bool) -> Result<Vec<OrderEvent>, Refusal> {
        let accepted = self.room(|_, _, accepted, _| accepted);
        // Units that were never accepted can be rejected as well: nothing was booked for them.
        let known = self.room(|sold, _, accepted, released| accepted.max(sold - released));
        self.take(&known, clamp)?;
        Ok(self.done(answer, self.take(&accepted, true)?))
    }

    fn release(&self) -> Result<Vec<OrderEvent>, Refusal> {
        let room = self.room(|sold, fulfilled, _, released| sold - fulfilled - released);
        if room.is_empty() {
            return Err(Refusal::NotYours);
        }
        Ok(self.done(Answer::Released, self.take(&room, false)?))
    }

    fn cancel(&self) -> Result<Vec<OrderEvent>, Refusal> {
        if self.lines.cancelled {
            return self.give_back(Answer::CancellationAgreed, true);
        }
        if self.order.cancel.is_some() {
            return Err(Refusal::AlreadyCancelling);
        }
        let shares = || self.lines.lines.iter().flat_map(|line| &line.shares);
        let fulfilled: i64 = shares().map(|share| share.fulfilled).sum();
        if fulfilled > 0 {
            return Err(Refusal::Fulfilled { units: fulfilled });
        }
        let room = self.room(|sold, fulfilled, _, released| sold - fulfilled - released);
        let booked = self.take(&room, false)?;
        let all: i64 = shares().map(|share| share.sold - share.released).sum();
        let released: i64 = booked.iter().map(|b| b.units).sum();
        if released < all {
            return Err(Refusal::NotWhole { open: all - released });
        }
        let id = self.report.id.clone();
        let cancel = Cancel { asked_by: id, stage: Stage::Due };
        let at = self.report.occurred_at;
        Ok(vec![OrderEvent::CancelAsked { cancel, booked, at }])
    }

    /// Room per line and warehouse of the back office, of (sold, fulfilled, accepted, released).
    fn room(&self, of: impl Fn(i64, i64, i64, i64) -> i64) -> Room {
        let mut sums: BTreeMap<(LineItemId, Warehouse), (i64, i64, i64, i64)> = BTreeMap::new();
        for line in &self.lines.lines {
            for share in &line.shares {
                let Some(warehouse) = &share.warehouse else { continue };
                if warehouse.backoffice != self.report.id.backoffice {
                    continue;
                }
                let entry = sums.entry((line.line, warehouse.clone())).or_default();
                entry.0 += share.sold;
                entry.1 += share.fulfilled;
                entry.2 += share.accepted;
                entry.3 += share.released;
            }
        }
        let room = |(s, f, a, r)| of(s, f, a, r).max(0);
        sums.into_iter().map(|(key, sum)| (key, room(sum))).collect()
    }

    /// Takes the units that the report means out of the room; more than there is is refused, or
    /// cut when `clamp`.
    fn take(&self, room: &Room, clamp: bool) -> Result<Vec<Booked>, Refusal> {
        let mut left = room.clone();
        let mut taken: Room = BTreeMap::new();
        let Extent::Lines(lines) = &self.report.extent else {
            return Ok(booked(left));
        };
        for (index, units) in lines.iter().enumerate() {
            let is_meant = |(line, warehouse): &(LineItemId, Warehouse)| {
                *line == units.line && units.warehouse.as_ref().is_none_or(|w| *w == warehouse.code)
            };
            let mut theirs: Vec<_> = left.iter_mut().filter(|(key, _)| is_meant(key)).collect();
            if theirs.is_empty() {
                return Err(Refusal::UnknownLine { index, line: units.line });
            }
            let open: i64 = theirs.iter().map(|(_, room)| **room).sum();
            if units.units > open && !clamp {
                return Err(Refusal::TooMany { index, units: units.units, open });
            }
            let mut wanted = units.units.min(open);
            for (key, room) in &mut theirs {
                let part = wanted.min(**room);
                **room -= part;
                wanted -= part;
                *taken.entry((*key).clone()).or_default() += part;
            }
        }
        Ok(booked(taken))
    }
}

fn booked(units: Room) -> Vec<Booked> {
    let some = units.into_iter().filter(|(_, units)| *units > 0);
    some.map(|((line, warehouse), units)| Booked { line, warehouse, units }).collect()
}
