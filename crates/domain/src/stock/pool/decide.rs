//! The rules of a pool.

use super::command::{BookCount, BookMovement, PoolCommand};
use super::compact::Mark;
use super::event::{
    CountIgnoredReason, MovementBooked, MovementEffect, PoolEvent, PositionCounted,
};
use super::facts;
use super::line::{LineKey, Report};
use super::rejection::PoolRejection;
use super::state::{Pool, WarehouseStock};
use crate::ids::WarehouseCode;
use crate::quantity::Quantity;
use crate::stock::report::{MovementKind, ReportKind, StockStatus};

/// Decides a command.
///
/// # Errors
/// The rule that forbids it.
pub fn decide(pool: &Pool, command: &PoolCommand) -> Result<Vec<PoolEvent>, PoolRejection> {
    match command {
        PoolCommand::BookMovement(movement) => {
            book_movement(&stock_at(pool, &movement.warehouse), movement)
        }
        PoolCommand::BookCount(count) => book_count(&stock_at(pool, &count.warehouse), count),
        PoolCommand::ClaimLine(claim) => {
            facts::claim_line(&stock_at(pool, &claim.warehouse), claim)
        }
        PoolCommand::HoldBack { line, units } => {
            let known = pool.held_back.get(line).copied().unwrap_or_default();
            let units = (*units).max(0);
            Ok(only_if(known != units, || PoolEvent::LineHeldBack { line: line.clone(), units }))
        }
        PoolCommand::SeeSold { warehouse, store, location, units } => {
            let known = stock_at(pool, warehouse).ledger.seen(store);
            let says = (*units, Some(*location));
            let is_news = if *units == 0 { known.0 != 0 } else { known != says };
            Ok(only_if(is_news, || PoolEvent::SoldSeen {
                warehouse: warehouse.clone(),
                store: store.clone(),
                location: Some(*location),
                units: *units,
            }))
        }
        PoolCommand::Link { store, item } => {
            let linked = pool.links.contains(&(store.clone(), *item));
            Ok(only_if(!linked, || PoolEvent::Linked { store: store.clone(), item: *item }))
        }
        PoolCommand::Unlink { store, item } => {
            let linked = pool.links.contains(&(store.clone(), *item));
            Ok(only_if(linked, || PoolEvent::Unlinked { store: store.clone(), item: *item }))
        }
    }
}

fn only_if(wanted: bool, event: impl FnOnce() -> PoolEvent) -> Vec<PoolEvent> {
    if wanted { vec![event()] } else { Vec::new() }
}

fn stock_at<'a>(pool: &'a Pool, warehouse: &WarehouseCode) -> std::borrow::Cow<'a, WarehouseStock> {
    pool.warehouses.get(warehouse).map_or_else(
        || std::borrow::Cow::Owned(WarehouseStock::default()),
        std::borrow::Cow::Borrowed,
    )
}

fn book_movement(
    stock: &WarehouseStock,
    movement: &BookMovement,
) -> Result<Vec<PoolEvent>, PoolRejection> {
    if movement.quantity.is_zero() {
        return Err(PoolRejection::QuantityZero);
    }
    let (at, id) = (movement.occurred_at, &movement.event_id);
    let line = movement.order.as_ref().and_then(|key| stock.ledger.line(key));
    if stock.position.holds(at, id) || line.is_some_and(|line| line.holds(at, Mark::of(id))) {
        return Ok(Vec::new());
    }

    let mut events = Vec::new();
    let (effect, applied) = if movement.status != StockStatus::Good || !movement.lowers {
        (MovementEffect::Informs, Quantity::ZERO)
    } else if let (Some(key), Some(kind)) = (&movement.order, movement.kind.report()) {
        (MovementEffect::Line, take_line(stock, movement, (key, kind), &mut events))
    } else if stock.position.is_before_count(at) {
        (MovementEffect::BeforeCount, Quantity::ZERO)
    } else {
        (MovementEffect::Moves, movement.quantity)
    };

    events.extend(booked_back(stock, movement, effect));
    let after =
        stock.position.running().checked_add(applied).ok_or(PoolRejection::PositionTooLarge)?;
    let position_after = stock.position.quantity().map(|_| after);
    events.push(PoolEvent::MovementBooked(MovementBooked {
        event_id: id.clone(),
        warehouse: movement.warehouse.clone(),
        kind: movement.kind,
        quantity: movement.quantity,
        status: movement.status,
        order: movement.order.clone(),
        occurred_at: at,
        effect,
        applied,
        position_after,
    }));
    events.extend(drift(stock, movement, position_after));
    Ok(events)
}

/// Books a lowering report on its line, and answers what that does to the position: the fall of
/// the line since the last count, after less before. A late early stage can even raise it, when
/// it shows that a later stage's goods were gone before the count.
fn take_line(
    stock: &WarehouseStock,
    movement: &BookMovement,
    (key, kind): (&LineKey, ReportKind),
    events: &mut Vec<PoolEvent>,
) -> Quantity {
    let known = stock.ledger.line(key);
    if known.is_none() {
        events.push(PoolEvent::LineOpened {
            warehouse: movement.warehouse.clone(),
            line: key.clone(),
        });
    }
    let before = known.cloned().unwrap_or_default();
    let quantity = movement.quantity.negated();
    let after = before.with(Report {
        mark: Mark::of(&movement.event_id),
        kind,
        told: false,
        occurred_at: movement.occurred_at,
        quantity,
    });
    events.push(PoolEvent::LineTaken {
        event_id: movement.event_id.clone(),
        warehouse: movement.warehouse.clone(),
        line: key.clone(),
        report: kind,
        quantity,
        occurred_at: movement.occurred_at,
        taken: after.taken(),
    });
    let counted_at = stock.position.counted_at();
    before.taken_after(counted_at).saturating_sub(after.taken_after(counted_at))
}

/// Goods that came back of a line are noted there, too: Shopify may have put them back by itself.
fn booked_back(
    stock: &WarehouseStock,
    movement: &BookMovement,
    effect: MovementEffect,
) -> Vec<PoolEvent> {
    let is_counted = matches!(effect, MovementEffect::Moves | MovementEffect::BeforeCount);
    let comes_back = movement.kind == MovementKind::Return && movement.quantity > Quantity::ZERO;
    let line = movement.order.as_ref().filter(|_| is_counted && comes_back);
    let Some(line) = line else { return Vec::new() };
    let warehouse = || movement.warehouse.clone();
    let is_new = stock.ledger.line(line).is_none();
    let opened = PoolEvent::LineOpened { warehouse: warehouse(), line: line.clone() };
    let booked = PoolEvent::LineBookedBack {
        event_id: movement.event_id.clone(),
        warehouse: warehouse(),
        line: line.clone(),
        quantity: movement.quantity,
        occurred_at: movement.occurred_at,
    };
    is_new.then_some(opened).into_iter().chain([booked]).collect()
}

/// Only the newest movement can be compared: an older one speaks of a number that has moved on.
fn drift(
    stock: &WarehouseStock,
    movement: &BookMovement,
    position_after: Option<Quantity>,
) -> Option<PoolEvent> {
    let newest = stock.position.newest().max(stock.position.counted_at());
    let (reported, expected) = (movement.on_hand_after?, position_after?);
    let comparable = movement.status == StockStatus::Good
        && newest.is_none_or(|newest| movement.occurred_at > newest);
    (comparable && reported != expected).then(|| PoolEvent::DriftReported {
        event_id: movement.event_id.clone(),
        warehouse: movement.warehouse.clone(),
        reported,
        expected,
    })
}

fn book_count(stock: &WarehouseStock, count: &BookCount) -> Result<Vec<PoolEvent>, PoolRejection> {
    let position = &stock.position;
    let at = count.counted_at;
    if let Some(last) = position.last_count() {
        // Of two counts of one moment the greater id stands, so that arrival does not matter.
        match (at, &count.event_id).cmp(&(last.counted_at, &last.event_id)) {
            std::cmp::Ordering::Equal => return Ok(Vec::new()),
            std::cmp::Ordering::Less => {
                let reason = CountIgnoredReason::OlderThanLast { last: last.counted_at };
                return Ok(vec![ignored(count, reason)]);
            }
            std::cmp::Ordering::Greater => {}
        }
    }
    if let Some(kept_after) = position.folded_until().filter(|kept_after| at < *kept_after) {
        return Ok(vec![ignored(count, CountIgnoredReason::BeyondJournal { kept_after })]);
    }

    let since = position.moved_after(at).saturating_sub(stock.ledger.taken_after(at));
    let after = count.quantity.checked_add(since).ok_or(PoolRejection::PositionTooLarge)?;
    let before = position.quantity();
    let offset = match before {
        Some(_) => position.offset(),
        None => after.floor_units().saturating_sub(position.running().floor_units()),
    };
    Ok(vec![PoolEvent::PositionCounted(PositionCounted {
        event_id: count.event_id.clone(),
        warehouse: count.warehouse.clone(),
        quantity: count.quantity,
        counted_at: at,
        first: before.is_none(),
        before,
        after,
        offset,
    })])
}

fn ignored(count: &BookCount, reason: CountIgnoredReason) -> PoolEvent {
    PoolEvent::CountIgnored {
        event_id: count.event_id.clone(),
        warehouse: count.warehouse.clone(),
        quantity: count.quantity,
        counted_at: count.counted_at,
        reason,
    }
}
