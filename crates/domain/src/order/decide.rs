//! Which facts a request to an order makes.

use super::cancel::{self, Stage};
use super::command::OrderCommand;
use super::event::OrderEvent;
use super::facts::{OrderFacts, OrderRead, SealedContact};
use super::parts::Announcement;
use super::report;
use super::shares::OrderLines;
use super::state::{Order, Told};
use crate::decider::Decider;

/// Reads that show an older version than a webhook had are repeated this often; then the read is
/// believed, since a webhook may be wrong about the version and Shopify itself is not.
const STALE_READS_MAX: u32 = 3;

pub(super) fn decide(order: &Order, command: &OrderCommand) -> Vec<OrderEvent> {
    match command {
        OrderCommand::Observe { facts } => observe(order, facts),
        OrderCommand::Doubt => vec![OrderEvent::Doubted],
        OrderCommand::SeeDeletion if order.is_gone() => Vec::new(),
        OrderCommand::SeeDeletion => vec![OrderEvent::DeletionSeen],
        OrderCommand::RecordRead { news, begun, shown } => {
            let mut events = match shown {
                Some(shown) => record(order, *news, shown),
                None => vec![OrderEvent::ReadAbsent { news: *news }],
            };
            let after = Order::evolve_all(order.clone(), &events);
            events.extend(cancel::follow(&after, after.is_cancelled(), Some(*begun)));
            events.extend(report::give_up(&after, *begun));
            events
        }
        OrderCommand::TellLines { lines } => tell_lines(order, lines, |_| true),
        OrderCommand::TellNoted { lines } => tell_lines(order, lines, |told| told.noted),
        OrderCommand::TellParts { announcement } => tell_parts(order, announcement),
        OrderCommand::TellRefunds { refunds } => {
            let is_new = |told: &&super::refunds::ToldRefund| {
                !order.refunds_told.contains(&(told.refund, told.backoffice.clone()))
            };
            let told = |told: &super::refunds::ToldRefund| OrderEvent::RefundTold {
                told: Box::new(told.clone()),
            };
            refunds.iter().filter(is_new).map(told).collect()
        }
        OrderCommand::Report { report, lines, now } => {
            report::decide(order, report, lines.as_deref(), *now)
        }
        OrderCommand::IntendCancel { effect } => match &order.cancel {
            Some(known) if known.stage == Stage::Due => {
                cancel::moved(known, Stage::InTheAir { effect: effect.clone() })
            }
            _ => Vec::new(),
        },
        OrderCommand::ConcludeCancel { effect, outcome } => {
            cancel::conclude(order, effect, outcome)
        }
        OrderCommand::Redact if order.redacted => Vec::new(),
        OrderCommand::Redact => vec![OrderEvent::Redacted],
    }
}

/// Webhooks are states with a version in whole seconds: an older one is history, and of two with
/// one version only a read tells which came last.
fn observe(order: &Order, facts: &OrderFacts) -> Vec<OrderEvent> {
    let facts = facts.clone().sorted();
    let mut events = match &order.facts {
        Some(known) if known.updated_at > facts.updated_at => return Vec::new(),
        Some(known) if known.updated_at == facts.updated_at => {
            if known.same_numbers(&facts) {
                return Vec::new();
            }
            return vec![OrderEvent::Doubted];
        }
        _ => vec![OrderEvent::Seen { facts: Box::new(facts) }],
    };
    let after = Order::evolve_all(order.clone(), &events);
    events.extend(cancel::follow(&after, after.is_cancelled(), None));
    events
}

fn record(order: &Order, news: u64, shown: &OrderRead) -> Vec<OrderEvent> {
    let mut shown = shown.clone();
    shown.facts = shown.facts.sorted();
    shown.routing.sort_by_key(|fulfillment_order| fulfillment_order.id);
    if order.redacted || !shown.contact_read {
        shown.contact = None;
    }
    let newer_is_known =
        order.facts.as_ref().is_some_and(|known| known.updated_at > shown.facts.updated_at);
    if newer_is_known && order.stale_reads < STALE_READS_MAX {
        return vec![OrderEvent::ReadStale];
    }
    if SealedContact::same_data(shown.contact.as_ref(), order.contact.as_ref()) {
        shown.contact.clone_from(&order.contact);
    }
    let read = OrderEvent::Read { news, shown: Box::new(shown) };
    let mut after = Order::evolve(order.clone(), &read);
    after.read = order.read;
    if after == *order && !order.needs_read() {
        return Vec::new();
    }
    if after == *order {
        return vec![OrderEvent::ReadConfirmed { news }];
    }
    vec![read]
}

/// Lines that were told and are the same are told again only where that does not do.
fn tell_lines(
    order: &Order,
    lines: &OrderLines,
    does: impl FnOnce(&Told) -> bool,
) -> Vec<OrderEvent> {
    let revision = match &order.told {
        Some(told) if told.lines.tells_same(lines) && does(told) => return Vec::new(),
        Some(told) => told.revision + 1,
        None => 1,
    };
    vec![OrderEvent::LinesTold { revision, lines: Box::new(lines.clone()), noted: true }]
}

fn tell_parts(order: &Order, announcement: &Announcement) -> Vec<OrderEvent> {
    let mut events = Vec::new();
    let mut after = order.clone();
    for (warehouse, content) in &announcement.parts {
        let known = order.parts.get(warehouse);
        if known.is_some_and(|part| part.content == *content) {
            continue;
        }
        let event = OrderEvent::PartTold {
            warehouse: warehouse.clone(),
            revision: after.revision_of(&warehouse.backoffice) + 1,
            content: Box::new(content.clone()),
        };
        after = Order::evolve(after, &event);
        events.push(event);
    }
    events
}
