//! What back offices say of an order: accept, reject, release. Each is decided against what they
//! were told, and what cannot be decided yet waits.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::cancel::{Cancel, Stage};
use super::event::OrderEvent;
use super::fold::{ByPlace, Said};
use super::shares::OrderLines;
use super::state::{Answer, Order, Waiting};
use crate::ids::{BackOfficeId, EventId, LineItemId, Warehouse, WarehouseCode};

/// Reports that wait for one order.
const WAITING_MAX: usize = 100;
/// A report waits for this long for an order that the store does not show,
const ABSENT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// and until so many reads in a row showed none.
const ABSENT_READS: u32 = 3;

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
    /// Revision of the order that the reporter had read; 0 when it does not say.
    #[serde(default)]
    pub revision: u32,
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

impl Extent {
    /// Whether units of the line at the warehouse can be meant.
    fn means(&self, place: &(LineItemId, Warehouse)) -> bool {
        match self {
            Self::Whole => true,
            Self::Lines(lines) => lines.iter().any(|units| units.means(place)),
        }
    }
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

impl Units {
    /// Whether units of the line at the warehouse can be meant.
    pub(super) fn means(&self, (line, warehouse): &(LineItemId, Warehouse)) -> bool {
        *line == self.line && self.warehouse.as_ref().is_none_or(|code| *code == warehouse.code)
    }
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
    /// The store shows no such order, and has not for a day.
    UnknownOrder,
    /// As many reports wait for the order as may.
    TooManyWaiting {
        /// So many.
        most: usize,
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
        if is_waiting {
            return Vec::new();
        }
        if order.waiting.len() >= WAITING_MAX {
            return refused(report, Refusal::TooManyWaiting { most: WAITING_MAX });
        }
        vec![OrderEvent::ReportParked { waiting, waits_for }]
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

/// After a read: what waits for an order that the store has never shown is refused after a day.
pub(super) fn give_up(order: &Order, begun: Timestamp) -> Vec<OrderEvent> {
    if order.is_known() || order.absent_reads < ABSENT_READS {
        return Vec::new();
    }
    let is_old = |waiting: &&Waiting| begun.duration_since(waiting.since) >= ABSENT_FOR;
    let given_up = order.waiting.iter().filter(is_old);
    given_up.flat_map(|waiting| refused(&waiting.report, Refusal::UnknownOrder)).collect()
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
type Room = ByPlace<i64>;

/// What is known of a line at a warehouse of the back office, in units.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    sold: i64,
    fulfilled: i64,
    accepted: i64,
    released: i64,
    /// The most that it was ever asked to send.
    most: i64,
}

impl Place {
    /// Neither fulfilled nor released.
    fn open(&self) -> i64 {
        self.sold - self.fulfilled - self.released
    }
}

impl Desk<'_> {
    fn decide(&self) -> Result<Vec<OrderEvent>, Refusal> {
        match self.report.says {
            Says::Accept => self.accept(),
            Says::AgreeToCancel => self.agree(),
            Says::Reject => self.reject(),
            Says::TooLate if !self.lines.cancelled => Err(Refusal::NotCancelled),
            Says::TooLate => Ok(self.done(Answer::TooLate, BTreeMap::new())),
            Says::Release => self.release(),
            Says::ReleaseAndCancel => self.cancel(),
        }
    }

    /// Of lines that it does not mean it says nothing, and nothing of them is kept.
    fn said(&self, answer: Answer, mut bounds: Room) -> Said {
        let Report { id, says, extent, occurred_at, .. } = self.report.clone();
        bounds.retain(|place, _| extent.means(place));
        Said { id, says, extent, at: occurred_at, answer, bounds: booked(bounds) }
    }

    fn done(&self, answer: Answer, bounds: Room) -> Vec<OrderEvent> {
        vec![self.carried_out(self.said(answer, bounds), Vec::new())]
    }

    fn carried_out(&self, said: Said, booked: Vec<Booked>) -> OrderEvent {
        OrderEvent::ReportBooked {
            id: said.id.clone(),
            says: said.says,
            answer: said.answer,
            booked,
            at: said.at,
            said: Some(Box::new(said)),
        }
    }

    /// A late acceptance is bounded by what was asked for then, not by what is left now.
    fn accept(&self) -> Result<Vec<OrderEvent>, Refusal> {
        let named = self.room(|at| at.most.max(at.sold));
        if named.values().all(|units| *units == 0) {
            let is_theirs = self.places().values().any(|at| at.accepted + at.released > 0);
            let is_cancelled = self.lines.cancelled && (is_theirs || !named.is_empty());
            return Err(if is_cancelled { Refusal::Cancelled } else { Refusal::NotYours });
        }
        if self.report.extent != Extent::Whole {
            self.take(&named, false)?;
            return Ok(self.done(Answer::Accepted, named));
        }
        let told = self.told();
        let room = match &told {
            Some(told) => told.clone(),
            None => self.room(|at| at.sold),
        };
        let left = self.room(|at| at.sold - at.accepted - at.released);
        if self.lines.cancelled && told.is_none() && left.values().sum::<i64>() == 0 {
            return Err(Refusal::Cancelled);
        }
        Ok(self.done(Answer::Accepted, room))
    }

    /// What the back office had been asked to send at the revision that it names.
    fn told(&self) -> Option<Room> {
        let mut told: Room = BTreeMap::new();
        for (warehouse, part) in &self.order.parts {
            let is_theirs = warehouse.backoffice == self.report.id.backoffice;
            let at = part.at(self.report.revision).filter(|told| is_theirs && told.asked);
            for (line, units) in at.into_iter().flat_map(|told| told.lines) {
                told.insert((line, warehouse.clone()), units);
            }
        }
        told.values().any(|units| *units > 0).then_some(told)
    }

    /// What was accepted beyond what is still sold is given back: all of a cancelled order.
    fn agree(&self) -> Result<Vec<OrderEvent>, Refusal> {
        let excess = self.room(|at| at.accepted.max(at.most) - at.sold);
        if !self.lines.cancelled && excess.values().sum::<i64>() == 0 {
            return Err(Refusal::NotCancelled);
        }
        self.give_back(Answer::CancellationAgreed)
    }

    fn reject(&self) -> Result<Vec<OrderEvent>, Refusal> {
        // Units that were never accepted can be rejected as well: nothing was booked for them,
        // and their acceptance may still be on its way. What has left meanwhile is not given back,
        // and no reason to refuse the rest.
        let known = self.room(|at| at.sold.max(at.accepted).max(at.most));
        self.take(&known, false)?;
        Ok(self.done(Answer::Rejected, BTreeMap::new()))
    }

    fn give_back(&self, answer: Answer) -> Result<Vec<OrderEvent>, Refusal> {
        let sold = self.room(|at| at.sold);
        self.take(&sold, true)?;
        Ok(self.done(answer, sold))
    }

    /// A release has an effect in the store, so its units are settled when it comes.
    fn release(&self) -> Result<Vec<OrderEvent>, Refusal> {
        let room = self.room(Place::open);
        if room.is_empty() {
            return Err(Refusal::NotYours);
        }
        let units = self.take(&room, false)?;
        let fulfilled = self.room(|at| at.fulfilled);
        let bounds = fulfilled.into_iter().filter(|(key, _)| units.contains_key(key)).collect();
        let units = booked(units);
        let of = |booked: &Booked| Units {
            line: booked.line,
            units: booked.units,
            warehouse: Some(booked.warehouse.code.clone()),
        };
        let extent = Extent::Lines(units.iter().map(of).collect());
        let said = Said { extent, ..self.said(Answer::Released, bounds) };
        Ok(vec![self.carried_out(said, units)])
    }

    fn cancel(&self) -> Result<Vec<OrderEvent>, Refusal> {
        if self.lines.cancelled {
            return self.give_back(Answer::CancellationAgreed);
        }
        if self.order.cancel.is_some() {
            return Err(Refusal::AlreadyCancelling);
        }
        let shares = || self.lines.lines.iter().flat_map(|line| &line.shares);
        let fulfilled: i64 = shares().map(|share| share.fulfilled).sum();
        if fulfilled > 0 {
            return Err(Refusal::Fulfilled { units: fulfilled });
        }
        let room = self.room(Place::open);
        let booked = booked(self.take(&room, false)?);
        let all: i64 = shares().map(|share| share.sold - share.released).sum();
        let released: i64 = booked.iter().map(|b| b.units).sum();
        if released < all {
            return Err(Refusal::NotWhole { open: all - released });
        }
        let id = self.report.id.clone();
        let cancel = Cancel { asked_by: id, stage: Stage::Due };
        let at = self.report.occurred_at;
        let said = Some(Box::new(self.said(Answer::Released, BTreeMap::new())));
        Ok(vec![OrderEvent::CancelAsked { cancel, booked, at, said }])
    }

    /// What is known per line and warehouse of the back office.
    fn places(&self) -> ByPlace<Place> {
        let mut places: ByPlace<Place> = BTreeMap::new();
        let is_theirs = |w: &&Warehouse| w.backoffice == self.report.id.backoffice;
        for line in &self.lines.lines {
            for share in &line.shares {
                let Some(warehouse) = share.warehouse.as_ref().filter(is_theirs) else { continue };
                let entry = places.entry((line.line, warehouse.clone())).or_default();
                entry.sold += share.sold;
                entry.fulfilled += share.fulfilled;
                entry.accepted += share.accepted;
                entry.released += share.released;
            }
        }
        for (warehouse, part) in self.order.parts.iter().filter(|(w, _)| is_theirs(w)) {
            for line in &part.content.lines {
                let most = part.most(line.line.line);
                if most > 0 {
                    let key = (line.line.line, warehouse.clone());
                    places.entry(key).or_default().most = most;
                }
            }
        }
        places
    }

    fn room(&self, of: impl Fn(&Place) -> i64) -> Room {
        self.places().into_iter().map(|(key, place)| (key, of(&place).max(0))).collect()
    }

    /// Takes the units that the report means out of the room; more than there is is refused, or
    /// cut when `clamp`.
    fn take(&self, room: &Room, clamp: bool) -> Result<Room, Refusal> {
        let Extent::Lines(lines) = &self.report.extent else { return Ok(room.clone()) };
        let mut left = room.clone();
        let mut taken: Room = BTreeMap::new();
        for (index, units) in lines.iter().enumerate() {
            let mut theirs: Vec<_> = left.iter_mut().filter(|(key, _)| units.means(key)).collect();
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
        Ok(taken)
    }
}

fn booked(units: Room) -> Vec<Booked> {
    let some = units.into_iter().filter(|(_, units)| *units > 0);
    some.map(|((line, warehouse), units)| Booked { line, warehouse, units }).collect()
}
