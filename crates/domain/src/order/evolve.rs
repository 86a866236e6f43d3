//! How facts change what is known of an order.

use std::collections::BTreeMap;

use super::event::OrderEvent;
use super::facts::OrderRead;
use super::fold::Said;
use super::parts::Part;
use super::report::{Booked, ReportId, Says};
use super::state::{Answer, Booking, Order, Routing, Told};
use crate::ids::BackOfficeId;

pub(super) fn evolve(mut order: Order, event: &OrderEvent) -> Order {
    match event {
        OrderEvent::Seen { facts } => {
            order.facts = Some((**facts).clone());
            order.news += 1;
        }
        OrderEvent::Doubted => order.news += 1,
        OrderEvent::DeletionSeen => {
            order.deleted = true;
            order.news += 1;
        }
        OrderEvent::Read { news, shown } => read(&mut order, *news, shown),
        OrderEvent::ReadConfirmed { news } => settle(&mut order, *news),
        OrderEvent::ReadStale => order.stale_reads += 1,
        OrderEvent::ReadAbsent { news } => {
            settle(&mut order, *news);
            order.absent = true;
            order.absent_reads = order.absent_reads.saturating_add(1);
        }
        OrderEvent::LinesTold { revision, lines, noted } => {
            let (revision, lines) = (*revision, (**lines).clone());
            order.told = Some(Told { revision, lines, noted: *noted });
        }
        OrderEvent::PartTold { warehouse, revision, content } => {
            let before = order.parts.remove(warehouse);
            let part = Part::after(before, *revision, content);
            order.parts.insert(warehouse.clone(), part);
        }
        OrderEvent::RefundTold { told } => {
            order.refunds_told.insert((told.refund, told.backoffice.clone()));
        }
        OrderEvent::ReportParked { waiting, .. } => order.waiting.push(waiting.clone()),
        OrderEvent::ReportBooked { id, said: Some(said), .. } => {
            note(&mut order, id);
            hear(&mut order, said);
        }
        OrderEvent::ReportBooked { id, says, answer, booked, at, said: None } => {
            for units in booked {
                book(&mut order, units, *says, *at);
            }
            note(&mut order, id);
            answered(&mut order, &id.backoffice, *answer);
        }
        OrderEvent::ReportRefused { id, .. } => {
            note(&mut order, id);
            if order.cancel.as_ref().is_some_and(|cancel| cancel.asked_by == *id) {
                order.cancel = None;
            }
        }
        OrderEvent::CancelAsked { cancel, booked, at, said } => {
            note(&mut order, &cancel.asked_by);
            match said {
                Some(said) => hear(&mut order, said),
                None => {
                    for units in booked {
                        book(&mut order, units, Says::ReleaseAndCancel, *at);
                    }
                    answered(&mut order, &cancel.asked_by.backoffice, Answer::Released);
                }
            }
            order.cancel = Some(cancel.clone());
        }
        OrderEvent::CancelMoved { cancel } => order.cancel = Some(cancel.clone()),
        OrderEvent::CancelDone { .. } => order.cancel = None,
        OrderEvent::Redacted => {
            order.redacted = true;
            order.contact = None;
            for part in order.parts.values_mut() {
                part.content.contact = None;
            }
        }
    }
    order
}

fn read(order: &mut Order, news: u64, shown: &OrderRead) {
    settle(order, news);
    order.absent = false;
    order.absent_reads = 0;
    let fulfilled: BTreeMap<_, _> = shown
        .facts
        .lines
        .iter()
        .filter(|line| !line.fulfilled.is_empty())
        .map(|line| (line.line, line.fulfilled.clone()))
        .collect();
    let items = shown.facts.lines.iter().filter_map(|line| Some((line.line, line.item?)));
    order.items.extend(items);
    order.routing = Some(Routing { orders: shown.routing.clone(), fulfilled });
    order.facts = Some(shown.facts.clone());
    order.details = Some(shown.details.clone());
    order.customer = shown.customer.or(order.customer);
    if shown.contact_read {
        order.contact_read = true;
        order.contact.clone_from(&shown.contact);
    }
}

fn settle(order: &mut Order, news: u64) {
    order.read = order.read.max(news);
    order.stale_reads = 0;
}

/// The report is decided, whether or not it had to wait.
fn note(order: &mut Order, id: &ReportId) {
    order.waiting.retain(|waiting| waiting.report.id != *id);
    order.reports.insert(id.clone());
}

/// Takes the report to where it belongs; the last word of its back office is its answer.
fn hear(order: &mut Order, said: &Said) {
    let place = order.said.partition_point(|known| known.place() < said.place());
    let mut later = order.said.iter().skip(place);
    let is_last = !later.any(|known| known.id.backoffice == said.id.backoffice);
    order.said.insert(place, said.clone());
    if is_last {
        answered(order, &said.id.backoffice, said.answer);
    }
}

fn answered(order: &mut Order, backoffice: &BackOfficeId, answer: Answer) {
    order.answers.insert(backoffice.clone(), answer);
}

/// Adds up, as an earlier version did.
fn book(order: &mut Order, units: &Booked, says: Says, at: jiff::Timestamp) {
    let key = (units.line, units.warehouse.clone());
    let entry = order.bookings.entry(key).or_insert(Booking { accepted: 0, released: 0, at });
    match says {
        Says::Accept => entry.accepted += units.units,
        Says::Release => {
            entry.accepted -= units.units.min(entry.accepted);
            entry.released += units.units;
        }
        Says::AgreeToCancel | Says::Reject | Says::ReleaseAndCancel => {
            entry.accepted -= units.units.min(entry.accepted);
        }
        Says::TooLate => {}
    }
    entry.at = entry.at.max(at);
}
