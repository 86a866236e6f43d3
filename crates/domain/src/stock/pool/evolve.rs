//! How facts become the state of a pool.

use jiff::Timestamp;

use super::command::{Claim, Restocked, Taking};
use super::compact::Mark;
use super::event::{FactTaken, MovementBooked, MovementEffect, PoolEvent};
use super::facts;
use super::line::{BookedBack, Left, LineKey, Report};
use super::position::LastCount;
use super::state::{Pool, WarehouseStock};
use crate::quantity::Quantity;

pub(super) fn evolve(mut pool: Pool, event: &PoolEvent) -> Pool {
    match event {
        PoolEvent::MovementBooked(movement) => {
            book(pool.warehouses.entry(movement.warehouse.clone()).or_default(), movement);
        }
        PoolEvent::PositionCounted(count) => {
            let stock = pool.warehouses.entry(count.warehouse.clone()).or_default();
            let last = LastCount { counted_at: count.counted_at, event_id: count.event_id.clone() };
            stock.position.count(last, count.after, count.offset);
        }
        // What was noted for people changes no number.
        PoolEvent::CountIgnored { .. } | PoolEvent::DriftReported { .. } => {}
        PoolEvent::LineOpened { warehouse, line } => {
            pool.warehouses.entry(warehouse.clone()).or_default().ledger.open(line.clone());
        }
        PoolEvent::LineReturned { warehouse, line, counted, taken, elsewhere } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            let left = Left { counted: *counted, taken: *taken };
            stock.ledger.come_back(line.clone(), left, elsewhere);
        }
        PoolEvent::LineClaimed { warehouse, line, as_of, .. } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            if let Some(claim) = claim(event) {
                stock.ledger.claim(line.clone(), claim);
            }
            let_go(stock, *as_of, line);
        }
        PoolEvent::FactTaken(fact) => {
            fact_taken(pool.warehouses.entry(fact.warehouse.clone()).or_default(), fact);
        }
        PoolEvent::LineHeldBack { line, units: 0 } => {
            pool.held_back.remove(line);
        }
        PoolEvent::LineHeldBack { line, units } => {
            pool.held_back.insert(line.clone(), *units);
        }
        PoolEvent::LineTaken {
            event_id, warehouse, line, report, quantity, occurred_at, ..
        } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            let report = Report {
                mark: Mark::of(event_id),
                kind: *report,
                told: false,
                occurred_at: *occurred_at,
                quantity: *quantity,
            };
            let absorbs = stock.position.is_before_first_count(*occurred_at);
            stock.ledger.take(line.clone(), report, absorbs);
        }
        PoolEvent::LineRestocked { warehouse, line, units, revision, as_of } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            let restocked = Restocked { units: *units, revision: *revision, as_of: *as_of };
            stock.ledger.restock(line.clone(), restocked);
            let_go(stock, *as_of, line);
            match_returns(&mut pool, line);
        }
        PoolEvent::LineBookedBack { event_id, warehouse, line, quantity, occurred_at } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            let booked = BookedBack {
                mark: Mark::of(event_id),
                occurred_at: *occurred_at,
                quantity: *quantity,
                absorbed: stock.position.is_before_first_count(*occurred_at),
            };
            stock.ledger.book_back(line.clone(), booked);
            let_go(stock, *occurred_at, line);
            match_returns(&mut pool, line);
        }
        PoolEvent::SoldSeen { warehouse, store, location, units } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            stock.ledger.see(store.clone(), *location, *units);
        }
        PoolEvent::Linked { store, item } => {
            pool.links.insert((store.clone(), *item));
        }
        PoolEvent::Unlinked { store, item } => {
            pool.links.remove(&(store.clone(), *item));
        }
    }
    pool
}

fn claim(event: &PoolEvent) -> Option<Claim> {
    let PoolEvent::LineClaimed {
        sold,
        fulfilled,
        released,
        dropped,
        elsewhere,
        revision,
        as_of,
        ..
    } = event
    else {
        return None;
    };
    Some(Claim {
        sold: *sold,
        fulfilled: *fulfilled,
        released: *released,
        dropped: *dropped,
        elsewhere: elsewhere.clone(),
        revision: *revision,
        as_of: *as_of,
    })
}

fn book(stock: &mut WarehouseStock, movement: &MovementBooked) {
    stock.position.change(movement.applied, movement.occurred_at);
    if movement.effect == MovementEffect::Moves {
        let (at, mark) = (movement.occurred_at, Mark::of(&movement.event_id));
        stock.position.remember(at, mark, movement.applied);
    }
    if let (MovementEffect::Line, Some(line)) = (movement.effect, &movement.order) {
        let_go(stock, movement.occurred_at, line);
    }
}

fn fact_taken(stock: &mut WarehouseStock, fact: &FactTaken) {
    stock.position.change(fact.applied, fact.occurred_at);
    let absorbs = stock.position.is_before_first_count(fact.occurred_at);
    let taking =
        Taking { kind: fact.report, occurred_at: fact.occurred_at, quantity: fact.quantity };
    let report = facts::report(&fact.source, taking);
    stock.ledger.tell(fact.line.clone(), report, fact.withdrawn, absorbs);
    let_go(stock, fact.occurred_at, &fact.line);
}

/// Shopify may put goods back at one location and the back office book them at a warehouse of
/// another, or at another one of the same: they are the same goods, and rise once.
fn match_returns(pool: &mut Pool, line: &LineKey) {
    let over = |stock: &WarehouseStock| stock.ledger.booked_over(line);
    let mut spare: Quantity =
        pool.warehouses.values().map(|stock| over(stock).max(Quantity::ZERO)).sum();
    for stock in pool.warehouses.values_mut() {
        let missing = over(stock).negated().max(Quantity::ZERO);
        let apart = missing.min(spare);
        spare = spare.saturating_sub(apart);
        stock.ledger.book_apart(line, apart);
    }
}

/// Lets quiet lines go, but never the one that is spoken of: its next event may follow.
fn let_go(stock: &mut WarehouseStock, heard: Timestamp, spoken_of: &LineKey) {
    let newest = stock.position.newest().unwrap_or(heard);
    for (at, mark, quantity) in stock.ledger.let_go(newest, Some(spoken_of)) {
        stock.position.remember(at, mark, quantity);
    }
}
