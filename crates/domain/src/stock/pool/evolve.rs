//! How facts become the state of a pool.

use super::compact::Mark;
use super::event::{MovementBooked, MovementEffect, PoolEvent};
use super::ledger::Report;
use super::position::LastCount;
use super::state::{Pool, WarehouseStock};

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
        PoolEvent::LineClaimed { warehouse, line, sold, as_of } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            stock.ledger.claim(line.clone(), *sold, *as_of);
        }
        PoolEvent::LineTaken {
            event_id, warehouse, line, report, quantity, occurred_at, ..
        } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            let report = Report {
                mark: Mark::of(event_id),
                kind: *report,
                occurred_at: *occurred_at,
                quantity: *quantity,
            };
            let absorbs = stock.position.is_before_first_count(*occurred_at);
            stock.ledger.take(line.clone(), report, absorbs);
        }
        PoolEvent::SoldSeen { warehouse, store, units } => {
            let stock = pool.warehouses.entry(warehouse.clone()).or_default();
            stock.ledger.see(store.clone(), *units);
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

fn book(stock: &mut WarehouseStock, movement: &MovementBooked) {
    stock.position.change(movement.applied, movement.occurred_at);
    if movement.effect == MovementEffect::Moves {
        let (at, mark) = (movement.occurred_at, Mark::of(&movement.event_id));
        stock.position.remember(at, mark, movement.applied);
    }
    if movement.effect == MovementEffect::Line {
        let newest = stock.position.newest().unwrap_or(movement.occurred_at);
        for (at, mark, quantity) in stock.ledger.let_go(newest) {
            stock.position.remember(at, mark, quantity);
        }
    }
}
