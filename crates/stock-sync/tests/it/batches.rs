//! What a batch of movements costs the database: calls and rows, whatever the number of messages.

use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::{MovementKind, MovementReported, StockMovement};
use lockstep_contracts::settings::v1::StockMode;
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event as _, Metadata};
use lockstep_ports::Delivered;
use lockstep_runtime::processor::{BatchOutcome, process_batch};
use lockstep_stock_sync::service::StockProcessor;

use crate::world::{PLACE, World, delivered, sku};

const ITEMS: [i64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const CONSUMER: &str = "stock-sync-backoffice-wms";

/// A movement of every item, as the broker delivers them.
fn batch(world: &World, round: u64) -> Vec<Delivered> {
    let movement = |item: i64| {
        let movement = StockMovement {
            event_id: format!("move-{item}-{round}"),
            sku: sku(item),
            warehouse_code: "MAIN".to_owned(),
            kind: MovementKind::Adjustment.into(),
            quantity: "-1".to_owned(),
            occurred_at: Some(to_proto(world.engine.now())),
            ..StockMovement::default()
        };
        let (backoffice, movement) = ("wms".to_owned(), Some(movement));
        MovementReported { backoffice, movement, accepted_at: None }
    };
    let one = |item: i64| {
        let id = format!("wms:move-{item}-{round}");
        let metadata = Metadata::new(id, "test", MovementReported::TYPE, world.engine.now());
        delivered(&movement(item), &metadata, round * 100 + item.unsigned_abs())
    };
    ITEMS.into_iter().map(one).collect()
}

async fn process(world: &World, round: u64) {
    world.clock.advance(SignedDuration::from_millis(1));
    let batch = batch(world, round);
    let outcome = process_batch(&world.engine, &StockProcessor, CONSUMER, &batch).await;
    let decided = BatchOutcome { decided: ITEMS.len(), ..BatchOutcome::default() };
    assert_eq!(outcome.expect("processed"), decided);
}

#[tokio::test]
async fn the_windows_of_a_batch_are_asked_for_at_once() {
    let world = World::live(StockMode::Delta, &ITEMS).await;
    world.store.take_tally();
    process(&world, 1).await;
    let tally = world.store.take_tally();
    assert_eq!((tally.loads, tally.timers), (1, 1), "{tally:?}");
    assert!(tally.peeks <= 2, "the rules of the stores and of the back office: {tally:?}");
    assert_eq!(tally.timers_written, ITEMS.len());
}

#[tokio::test]
async fn what_waits_already_is_not_written_again() {
    let world = World::live(StockMode::Delta, &ITEMS).await;
    process(&world, 1).await;
    world.store.take_tally();
    process(&world, 2).await;
    assert_eq!(world.store.take_tally().timers_written, 0);
    world.settle().await;
    assert_eq!(world.shopify.available(1, PLACE), Some(8));
}
