//! After something about an order changed: tells everybody its lines and the back offices their
//! parts, and decides the reports that waited for it.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::order::settings::StoreOrders;
use lockstep_domain::order::{
    CodesCommand, Order, OrderCommand, OrderEvent, OrderLines, VariantCodes,
};
use lockstep_domain::{BackOfficeId, OrderId, Sku, StoreId, VariantId};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{CodesKind, OrderKind, StoreKind, codes_id, order_id};
use crate::announce::publish;
use crate::schedule::{self, Due};
use crate::translate::sure;

/// Decides a command of an order and tells what follows at once. What only a read tells is not
/// told to back offices before it.
pub fn decide(
    work: &mut Work<'_>,
    store: &StoreId,
    order: OrderId,
    command: &OrderCommand,
) -> Result<Vec<OrderEvent>, Stop> {
    let id = order_id(store, order);
    let events = sure(work.execute::<OrderKind>(&id, command)?);
    publish(work, store, order, &events)?;
    Ok(events)
}

/// Tells everybody of an order's lines.
pub fn tell_lines(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let rules = rules(work, store)?;
    let state = work.state::<OrderKind>(&order_id(store, order))?;
    let Some(lines) = state.lines(&rules) else { return Ok(()) };
    decide(work, store, order, &OrderCommand::TellLines { lines: Box::new(lines) })?;
    Ok(())
}

/// Tells everybody of an order's lines once more, if what told them last was an earlier version.
pub fn tell_noted(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let rules = rules(work, store)?;
    let state = work.state::<OrderKind>(&order_id(store, order))?;
    let Some(lines) = state.lines(&rules) else { return Ok(()) };
    decide(work, store, order, &OrderCommand::TellNoted { lines: Box::new(lines) })?;
    Ok(())
}

/// Tells everybody of an order, and the back offices of their parts.
pub fn settle(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let rules = rules(work, store)?;
    let id = order_id(store, order);
    let state = work.state::<OrderKind>(&id)?.clone();
    if let Some(lines) = state.lines(&rules) {
        let codes = Codes::load(work, (store, order), &rules, &lines)?;
        let announcement = state.announcement(&rules, &lines, &codes.lookup());
        let awaits_contact = state.awaits_contact(&announcement);
        let command = OrderCommand::TellParts { announcement: Box::new(announcement) };
        decide(work, store, order, &command)?;
        let refunds = work.state::<OrderKind>(&id)?.refunds_to_tell(&rules, &codes.lookup());
        decide(work, store, order, &OrderCommand::TellRefunds { refunds })?;
        if awaits_contact && !state.needs_read() {
            // Who ordered was not asked while nobody was to be told.
            decide(work, store, order, &OrderCommand::Doubt)?;
            schedule::news(work, store, order)?;
        }
    }
    judge_waiting(work, store, order, &rules)?;
    tell_lines(work, store, order)
}

/// Decides what waited, as far as it can be decided now.
fn judge_waiting(
    work: &mut Work<'_>,
    store: &StoreId,
    order: OrderId,
    rules: &StoreOrders,
) -> Result<(), Stop> {
    let id = order_id(store, order);
    let waiting = work.state::<OrderKind>(&id)?.waiting.clone();
    for waiting in waiting {
        let lines = work.state::<OrderKind>(&id)?.lines(rules).map(Box::new);
        let report = Box::new(waiting.report);
        let command = OrderCommand::Report { report, lines, now: work.now() };
        decide(work, store, order, &command)?;
    }
    if work.state::<OrderKind>(&id)?.waiting.is_empty() {
        let alarm = Due::Alarm(order);
        if work.timer(store.as_str(), &alarm.key())?.due_at.is_some() {
            schedule::done(work, store, &alarm)?;
        }
    }
    Ok(())
}

/// The rules of a store; before its settings are adopted nobody is told anything.
pub fn rules(work: &mut Work<'_>, store: &StoreId) -> Result<StoreOrders, Stop> {
    Ok(work.peek::<StoreKind>(store.as_str())?.settings.clone().unwrap_or_default())
}

/// Whether Shopify must be asked about an order, now or later.
pub fn wants_read(state: &Order, lines: Option<&OrderLines>) -> bool {
    let is_awaited = !state.waiting.is_empty() || state.cancel.is_some();
    let is_closed = state.facts.as_ref().is_some_and(|facts| facts.closed_at.is_some());
    let is_unrouted = lines.is_some_and(|lines| !lines.routed && !lines.cancelled);
    state.needs_read() || is_awaited || (is_unrouted && !is_closed && !state.absent)
}

/// The back offices' codes of an order's variants.
struct Codes(BTreeMap<VariantId, VariantCodes>);

impl Codes {
    /// Loads them, and notes where one is missing: whoever makes that link has the order told
    /// again.
    fn load(
        work: &mut Work<'_>,
        (store, order): (&StoreId, OrderId),
        rules: &StoreOrders,
        lines: &OrderLines,
    ) -> Result<Self, Stop> {
        let variants: BTreeSet<_> = lines.lines.iter().filter_map(|line| line.variant).collect();
        let ids: Vec<_> = variants.iter().map(|variant| codes_id(store, *variant)).collect();
        work.want_peeks::<CodesKind>(ids.iter().map(String::as_str))?;
        // Whoever is told of none of its lines need not know a variant.
        let takers = lines.takers(rules);
        let lacks = |variant: VariantId, codes: &VariantCodes| {
            takers.get(&variant).is_some_and(|told| told.iter().any(|b| codes.sku(b).is_none()))
        };
        let mut lacking = Vec::new();
        for (variant, id) in variants.iter().zip(&ids) {
            if lacks(*variant, work.peek::<CodesKind>(id)?) {
                lacking.push((*variant, id.clone()));
            }
        }
        let incomplete: Vec<_> = lacking.iter().map(|(_, id)| id.clone()).collect();
        // Locked, so that a link that is made meanwhile is either seen here or sees this.
        work.load_all::<CodesKind>(&incomplete)?;
        for (variant, id) in &lacking {
            if rules.enabled && lacks(*variant, work.state::<CodesKind>(id)?) {
                sure(work.execute::<CodesKind>(id, &CodesCommand::Miss { order })?);
            }
        }
        let mut codes = BTreeMap::new();
        for (variant, id) in variants.into_iter().zip(&ids) {
            codes.insert(variant, work.peek::<CodesKind>(id)?.clone());
        }
        Ok(Self(codes))
    }

    fn lookup(&self) -> impl Fn(VariantId, &BackOfficeId) -> Option<Sku> + '_ {
        |variant, backoffice| self.0.get(&variant).and_then(|codes| codes.sku(backoffice)).cloned()
    }
}
