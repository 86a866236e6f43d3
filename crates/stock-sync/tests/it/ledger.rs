//! Orders and shipments of the public streams become claims at the warehouse.

use lockstep_contracts::orders::v1::{LineShare, OrderLineFacts, OrderLinesChanged};
use lockstep_contracts::settings::v1::StockMode;
use lockstep_contracts::shipments::v1::{ShipmentLinesChanged, ShippedLine};
use lockstep_contracts::time::to_proto;
use lockstep_domain::stock::pool::Pool;
use lockstep_runtime::Processor as _;
use lockstep_runtime::rebuild::differences;
use lockstep_stock_sync::aggregates::PoolKind;
use lockstep_stock_sync::service::StockProcessor;

use crate::world::{PLACE, World, disconnected, live, sku};

/// The order; its line sells item 1.
const ORDER: i64 = 1001;
const LINE: i64 = 77;

fn share(sold: i64) -> LineShare {
    LineShare { location_id: PLACE, warehouse: "wms/MAIN".to_owned(), sold, ..LineShare::default() }
}

fn order(world: &World, revision: u64, shares: Vec<LineShare>) -> OrderLinesChanged {
    let line = OrderLineFacts {
        line_id: LINE,
        variant_id: 1,
        inventory_item_id: 1,
        quantity: 3,
        shares,
        ..OrderLineFacts::default()
    };
    OrderLinesChanged {
        store: "north".to_owned(),
        order_id: ORDER,
        revision,
        as_of: Some(to_proto(world.engine.now())),
        routed: true,
        cancelled: false,
        lines: vec![line],
    }
}

fn shipment(world: &World, revision: u64, quantity: i64) -> ShipmentLinesChanged {
    let line = ShippedLine { line_id: LINE, inventory_item_id: 1, quantity };
    ShipmentLinesChanged {
        store: "north".to_owned(),
        order_id: ORDER,
        shipment: "wms/s-1".to_owned(),
        revision,
        warehouse: "wms/MAIN".to_owned(),
        lines: if quantity == 0 { Vec::new() } else { vec![line] },
        shipped_at: Some(to_proto(world.engine.now())),
    }
}

async fn pool(world: &World) -> Pool {
    let id = format!("wms/{}", sku(1));
    world.engine.read::<PoolKind>(&id).await.expect("a state").unwrap_or_default()
}

/// Position and owed at `wms/MAIN`.
async fn stands(world: &World) -> (Option<String>, i64) {
    let (pool, main) = (pool(world).await, "MAIN".parse().expect("a code"));
    (pool.position(&main).map(|quantity| quantity.to_string()), pool.owed(&main))
}

fn is(position: &str, owed: i64) -> (Option<String>, i64) {
    (Some(position.to_owned()), owed)
}

async fn is_rebuilt(world: &World) {
    let found = differences(&world.store, &StockProcessor.evolvers()).await.expect("folded");
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn a_shipment_lowers_the_number_once_whatever_its_revisions_say_last() {
    let world = World::live(StockMode::Delta, &[1]).await;
    world.take(&order(&world, 1, vec![share(3)])).await;
    assert_eq!(stands(&world).await, is("10", 3));
    let first = shipment(&world, 1, 3);
    let second = shipment(&world, 2, 2);
    world.take(&second).await;
    assert_eq!(stands(&world).await, is("8", 1));
    // The first revision comes late, and twice.
    world.take(&first).await;
    world.take(&first).await;
    assert_eq!(stands(&world).await, is("8", 1));
    world.take(&shipment(&world, 3, 0)).await;
    assert_eq!(stands(&world).await, is("10", 3));
    is_rebuilt(&world).await;
}

#[tokio::test]
async fn an_older_revision_of_an_order_changes_nothing() {
    let world = World::live(StockMode::Delta, &[1]).await;
    let (older, newer) = (order(&world, 1, vec![share(3)]), order(&world, 2, vec![share(1)]));
    world.take(&newer).await;
    world.take(&older).await;
    world.take(&newer).await;
    assert_eq!(stands(&world).await, is("10", 1));
    is_rebuilt(&world).await;
}

#[tokio::test]
async fn a_line_is_kept_until_its_item_is_linked() {
    let world = World::start().await;
    world.shopify.stock(1, PLACE, 10);
    world.count(1, "10").await;
    world.adopt_store(1, live(StockMode::Delta)).await;
    world.take(&order(&world, 1, vec![share(3)])).await;
    assert_eq!(stands(&world).await, is("10", 0));
    world.link(1, 1).await;
    assert_eq!(stands(&world).await, is("10", 3));
    is_rebuilt(&world).await;
}

#[tokio::test]
async fn a_line_is_kept_until_its_location_is_mapped() {
    let world = World::live(StockMode::Delta, &[1]).await;
    let unmapped = LineShare { warehouse: String::new(), ..share(3) };
    world.take(&order(&world, 1, vec![unmapped])).await;
    assert_eq!(stands(&world).await, is("10", 0));
    // order-sync tells it again when the location is mapped.
    world.take(&order(&world, 2, vec![share(3)])).await;
    assert_eq!(stands(&world).await, is("10", 3));
}

/// A rise may be sent on only when the units that have no location yet are known to be elsewhere.
#[tokio::test]
async fn what_has_no_location_triggers_nothing_and_holds_back_rises() {
    for mode in [StockMode::Delta, StockMode::Absolute] {
        let world = World::live(mode, &[1]).await;
        let nowhere = LineShare { location_id: 0, warehouse: String::new(), ..share(3) };
        let log = world.position().await;
        world.take(&order(&world, 1, vec![nowhere])).await;
        world.settle().await;
        let kinds = world.kinds_after(log).await;
        let wanted = ["line_told", "lines_heard", "revision_heard", "line_held_back"];
        assert_eq!(kinds, wanted, "{mode:?}");
        world.adjust(1, "5").await;
        world.settle().await;
        assert_eq!(world.shopify.available(1, PLACE), Some(12), "{mode:?}");
        // Its location is another one, which has no warehouse here.
        let elsewhere = LineShare { location_id: 2, warehouse: String::new(), ..share(3) };
        world.take(&order(&world, 2, vec![elsewhere])).await;
        world.settle().await;
        assert_eq!(world.shopify.available(1, PLACE), Some(15), "{mode:?}");
    }
}

/// Of the units that have no location fewer are left: what was held back for them may be sent.
#[tokio::test]
async fn what_is_held_back_no_more_is_sent() {
    for mode in [StockMode::Delta, StockMode::Absolute] {
        let world = World::live(mode, &[1]).await;
        let nowhere = |sold| LineShare { location_id: 0, warehouse: String::new(), ..share(sold) };
        world.take(&order(&world, 1, vec![nowhere(3)])).await;
        world.adjust(1, "5").await;
        world.settle().await;
        assert_eq!(world.shopify.available(1, PLACE), Some(12), "{mode:?}");
        world.take(&order(&world, 2, vec![nowhere(1)])).await;
        world.settle().await;
        assert_eq!(world.shopify.available(1, PLACE), Some(14), "{mode:?}");
    }
}

/// Shopify counts the units at a location that has no warehouse, and the default one sends them:
/// nothing lowered its level but this.
#[tokio::test]
async fn what_the_default_location_sends_for_another_lowers_its_level() {
    for mode in [StockMode::Delta, StockMode::Absolute] {
        let world = World::live(mode, &[1]).await;
        let elsewhere = LineShare { location_id: 9, served_by_location_id: PLACE, ..share(3) };
        world.take(&order(&world, 1, vec![elsewhere.clone()])).await;
        world.settle().await;
        assert_eq!(stands(&world).await, is("10", 3));
        assert_eq!(world.shopify.available(1, PLACE), Some(7), "{mode:?}");
        world.take(&shipment(&world, 1, 3)).await;
        let fulfilled = LineShare { fulfilled: 3, ..elsewhere };
        world.take(&order(&world, 2, vec![fulfilled])).await;
        world.settle().await;
        assert_eq!(stands(&world).await, is("7", 0));
        assert_eq!(world.shopify.available(1, PLACE), Some(7), "{mode:?}");
        is_rebuilt(&world).await;
    }
}

/// Shopify's own committed units are of an order that is known: nothing else is presumed sold.
#[tokio::test]
async fn an_order_that_came_before_the_first_read_is_not_counted_twice() {
    let world = World::start().await;
    world.shopify.stock(1, PLACE, 10);
    world.link(1, 1).await;
    world.count(1, "10").await;
    world.take(&order(&world, 1, vec![share(3)])).await;
    world.shopify.sell(1, PLACE, 3, false);
    world.adopt_store(1, live(StockMode::Absolute)).await;
    world.settle().await;
    assert_eq!(world.shopify.available(1, PLACE), Some(7));
    assert_eq!(world.at_place(1).await.presumed(3), 0);
    assert_eq!(stands(&world).await, is("10", 3));
}

/// A fall that nothing explains is presumed sold, here and in every other store, until its order
/// arrives: then that explains it.
#[tokio::test]
async fn an_order_explains_the_fall_that_was_presumed_sold() {
    let world = World::live(StockMode::Absolute, &[1]).await;
    // Sold over the counter; all that is heard of it is that the level is another.
    world.shopify.sell(1, PLACE, 2, true);
    world.take(&disconnected(1)).await;
    world.settle().await;
    assert_eq!(stands(&world).await, is("10", 2), "presumed sold");
    let sold = LineShare { fulfilled: 2, ..share(2) };
    world.take(&order(&world, 1, vec![sold])).await;
    world.settle().await;
    assert_eq!(stands(&world).await, is("10", 2), "and now it is known of what");
    assert_eq!(world.at_place(1).await.presumed(2), 0);
    assert_eq!(world.shopify.available(1, PLACE), Some(8));
}

#[tokio::test]
async fn units_that_no_line_can_have_are_refused_with_the_field() {
    let world = World::live(StockMode::Delta, &[1]).await;
    for (event, field) in [
        (order(&world, 1, vec![share(-1)]), "lines[0].shares.sold"),
        (order(&world, 1, vec![LineShare { released: i64::MAX, ..share(1) }]), "released"),
        (order(&world, 1, vec![LineShare { warehouse: "x".to_owned(), ..share(1) }]), "warehouse"),
        (OrderLinesChanged { as_of: None, ..order(&world, 1, vec![share(1)]) }, "as_of"),
        (OrderLinesChanged { order_id: 0, ..order(&world, 1, vec![share(1)]) }, "order_id"),
    ] {
        let reason = world.refuse(&event).await;
        assert!(reason.contains(field), "{reason}");
    }
    let unnamed = ShipmentLinesChanged { shipment: String::new(), ..shipment(&world, 1, 1) };
    assert!(world.refuse(&unnamed).await.contains("shipment"));
}
