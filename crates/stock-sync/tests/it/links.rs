//! Links lock what they change in one order, the level last.

use lockstep_contracts::settings::v1::StockMode;
use lockstep_runtime::{Origin, Processor, Stop};
use lockstep_stock_sync::service::StockProcessor;

use crate::world::{World, inbound, linked, unlinked};

#[tokio::test]
async fn a_link_and_its_end_lock_the_same_and_then_the_level() {
    let world = World::live(StockMode::Delta, &[1]).await;
    let (made, cut) = (inbound(&linked(1, 2)), inbound(&unlinked(1, 3)));
    let keys = StockProcessor.keys(&made);
    assert_eq!(keys, StockProcessor.keys(&cut));
    let kinds: Vec<_> = keys.iter().map(|key| key.kind).collect();
    assert_eq!(
        kinds,
        ["item_demand", "link_seen", "pool", "store"],
        "in the order in which they are locked"
    );
    for message in [made, cut] {
        let applied = world.engine.transact(Origin::new("link", None), &keys, |work| {
            match StockProcessor.apply(&message, work) {
                Err(Stop::Need(more)) if more.iter().any(|key| key.kind != "level") => {
                    panic!("{more:?} is locked behind the level")
                }
                other => other,
            }
        });
        applied.await.expect("applied");
    }
    assert!(world.level(1).await.links.is_empty());
}
