//! Links lock what they change in one order, the level last.

use lockstep_contracts::backoffice::v1::{CountReported, StockCount};
use lockstep_contracts::catalog::v1::{
    ConflictKind, VariantConflictChanged, VariantLinked, VariantUnlinked,
};
use lockstep_contracts::convert::settings::back_office_defaults;
use lockstep_contracts::orders::v1::{LineShare, OrderLineFacts, OrderLinesChanged};
use lockstep_contracts::settings::v1::{
    BackOfficeSettings, StockBasis, StockMode, WarehouseSettings,
};
use lockstep_contracts::shipments::v1::{ShipmentLinesChanged, ShippedLine};
use lockstep_contracts::stock::v1::GetStockRequest;
use lockstep_contracts::time::to_proto;
use lockstep_domain::stock::pool::Pool;
use lockstep_runtime::{Origin, Processor, Stop};
use lockstep_stock_sync::aggregates::PoolKind;
use lockstep_stock_sync::questions::get_stock;
use lockstep_stock_sync::service::StockProcessor;

use crate::world::{PLACE, World, inbound, linked, live, sku, unlinked};

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

/// The newest word about a link stands, and with it where the goods are owed, in any order.
#[tokio::test]
async fn words_about_a_link_in_any_order_end_alike() {
    let first = || linked(1, 1);
    let other = "OTHER".to_owned();
    let second = || VariantLinked { sku: other.clone(), ..linked(1, 2) };
    let cut = || VariantUnlinked { sku: other.clone(), ..unlinked(1, 3) };
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let world = World::start().await;
        world.shopify.stock(1, PLACE, 10);
        world.adopt_store(1, live(StockMode::Delta)).await;
        world.take(&sold(&world)).await;
        for word in order {
            match word {
                1 => world.take(&first()).await,
                2 => world.take(&second()).await,
                _ => world.take(&cut()).await,
            }
        }
        assert!(world.level(1).await.links.is_empty(), "{order:?}");
        assert_eq!(owed(&world, &sku(1)).await, 0, "{order:?}");
        assert_eq!(owed(&world, "OTHER").await, 3, "{order:?}: what was sold is owed there");
    }
}

fn sold(world: &World) -> OrderLinesChanged {
    let warehouse = "wms/MAIN".to_owned();
    let share = LineShare { location_id: PLACE, warehouse, sold: 3, ..LineShare::default() };
    let line = OrderLineFacts {
        line_id: 77,
        inventory_item_id: 1,
        quantity: 3,
        shares: vec![share],
        ..OrderLineFacts::default()
    };
    OrderLinesChanged {
        store: "north".to_owned(),
        order_id: 1001,
        revision: 1,
        as_of: Some(to_proto(world.engine.now())),
        lines: vec![line],
        ..OrderLinesChanged::default()
    }
}

async fn owed(world: &World, sku: &str) -> i64 {
    let pool: Option<Pool> =
        world.engine.read::<PoolKind>(&format!("wms/{sku}")).await.expect("a state");
    pool.unwrap_or_default().owed(&"MAIN".parse().expect("a code"))
}

/// A fact names an item and not its pools: those of a whole batch are locked before its first
/// message is decided, and so before any level or timer.
#[tokio::test]
async fn the_pools_behind_a_batch_are_locked_at_once() {
    let world = World::live(StockMode::Delta, &[1, 2]).await;
    let of_item = |item: i64| {
        let mut event = sold(&world);
        event.order_id += item;
        event.lines[0].inventory_item_id = item;
        inbound(&event)
    };
    let other = VariantLinked { sku: "OTHER".to_owned(), ..linked(1, 2) };
    let batch = [of_item(1), of_item(2), inbound(&other)];
    let batch: Vec<_> = batch.iter().collect();
    let keys: Vec<_> = batch.iter().flat_map(|message| StockProcessor.keys(message)).collect();
    let taken = world.engine.transact(Origin::new("batch", None), &keys, |work| {
        let behind = StockProcessor.behind(&batch, work)?;
        work.want(&behind)?;
        for message in &batch {
            match StockProcessor.apply(message, work) {
                Err(Stop::Need(more)) if more.iter().any(|key| key.kind == "pool") => {
                    panic!("{more:?} is locked behind what the message before locked")
                }
                other => other?,
            }
        }
        Ok(())
    });
    taken.await.expect("taken");
    assert_eq!((owed(&world, "OTHER").await, owed(&world, &sku(2)).await), (3, 3));
}

fn conflict(kind: ConflictKind, revision: u64) -> VariantConflictChanged {
    VariantConflictChanged {
        store: "north".to_owned(),
        variant_id: 1,
        inventory_item_id: 1,
        kind: kind.into(),
        revision,
        changed_at: None,
    }
}

#[tokio::test]
async fn an_item_whose_code_is_in_conflict_is_pushed_nowhere_until_it_is_decided() {
    for mode in [StockMode::Delta, StockMode::Absolute] {
        let world = World::live(mode, &[1, 2]).await;
        world.take(&conflict(ConflictKind::Duplicate, 2)).await;
        for item in [1, 2] {
            world.adjust(item, "-3").await;
        }
        world.settle().await;
        assert_eq!(world.shopify.available(1, PLACE), Some(10), "{mode:?}");
        assert_eq!(world.shopify.available(2, PLACE), Some(7), "its neighbour goes on");
        let asked = GetStockRequest { store: "north".to_owned(), sku: sku(1) };
        let stock = get_stock(&world.engine, &asked).await.expect("an answer");
        assert!(stock.levels[0].verdict.starts_with("CONFLICT: "), "{stock:?}");
        world.take(&conflict(ConflictKind::Unspecified, 1)).await;
        world.settle().await;
        assert_eq!(world.shopify.available(1, PLACE), Some(10), "an older word changes nothing");
        world.take(&conflict(ConflictKind::Unspecified, 3)).await;
        world.settle().await;
        assert_eq!(world.shopify.available(1, PLACE), Some(7), "{mode:?}");
    }
}

/// A call of unknown outcome is looked into all the same: only writes wait for the decision.
#[tokio::test]
async fn a_parked_item_is_still_read() {
    let world = World::live(StockMode::Absolute, &[1]).await;
    world.adjust(1, "-3").await;
    world.shopify.fault(crate::shopify::Fault::LostAnswer);
    world.clock.advance(jiff::SignedDuration::from_secs(61));
    world.turn().await;
    assert!(!world.at_place(1).await.in_flight.is_empty(), "its answer was lost");
    world.take(&conflict(ConflictKind::Duplicate, 2)).await;
    world.adjust(1, "-2").await;
    world.pass(jiff::SignedDuration::from_mins(10)).await;
    assert!(world.at_place(1).await.in_flight.is_empty(), "a read settled it");
    assert_eq!(world.shopify.available(1, PLACE), Some(7), "nothing more was written");
}

/// Items that only an earlier revision of a shipment named, and levels in doubt, are locked with
/// what stands behind the batch.
#[tokio::test]
async fn what_a_message_does_not_name_itself_is_locked_with_the_batch() {
    let world = World::live(StockMode::Delta, &[1, 2]).await;
    let shipped = |revision: u64, items: &[i64]| ShipmentLinesChanged {
        store: "north".to_owned(),
        order_id: 1001,
        shipment: "wms/s".to_owned(),
        revision,
        warehouse: "wms/MAIN".to_owned(),
        shipped_at: Some(to_proto(world.engine.now())),
        lines: items
            .iter()
            .map(|item| ShippedLine { line_id: 70 + item, inventory_item_id: *item, quantity: 1 })
            .collect(),
    };
    world.take(&shipped(1, &[2])).await;
    let batch = [inbound(&shipped(2, &[1])), inbound(&conflict(ConflictKind::Duplicate, 2))];
    let batch: Vec<_> = batch.iter().collect();
    let keys: Vec<_> = batch.iter().flat_map(|message| StockProcessor.keys(message)).collect();
    let mut named = Vec::new();
    let taken = world.engine.transact(Origin::new("batch", None), &keys, |work| {
        named = StockProcessor.behind(&batch, work)?;
        Ok(())
    });
    taken.await.expect("looked");
    let named: Vec<_> = named.iter().map(|key| (key.kind, key.id.as_str())).collect();
    let wanted = [("pool", "wms/SKU-1"), ("pool", "wms/SKU-2"), ("level", "north/1")];
    assert_eq!(named, wanted);
}

/// Each back office has its own SKU for the item: what is shown is what is pushed, whichever of
/// them was asked for. What another SKU of the same name holds is of another thing.
#[tokio::test]
async fn what_is_shown_of_two_back_offices_is_what_is_pushed() {
    let world = World::live(StockMode::Absolute, &[1]).await;
    let erp = BackOfficeSettings {
        id: "erp".to_owned(),
        stock_basis: StockBasis::Physical.into(),
        warehouses: vec![WarehouseSettings { code: "W".to_owned(), name: String::new() }],
        ..back_office_defaults()
    };
    world.adopt_backoffice_as(1, erp).await;
    world.adopt_served(2, live(StockMode::Absolute), &["wms/MAIN", "erp/W"]).await;
    let (backoffice, other) = ("erp".to_owned(), "B".to_owned());
    let link = VariantLinked { backoffice: backoffice.clone(), sku: other.clone(), ..linked(1, 1) };
    world.take(&link).await;
    for (sku, quantity) in [(other.clone(), "5"), (sku(1), "100")] {
        let count = StockCount {
            event_id: format!("count-{sku}"),
            sku,
            warehouse_code: "W".to_owned(),
            quantity: quantity.to_owned(),
            counted_at: Some(to_proto(world.engine.now())),
        };
        let backoffice = backoffice.clone();
        world.take(&CountReported { backoffice, count: Some(count), accepted_at: None }).await;
    }
    world.settle().await;
    assert_eq!(world.shopify.available(1, PLACE), Some(15));
    for asked in [sku(1), other] {
        let request = GetStockRequest { store: "north".to_owned(), sku: asked.clone() };
        let stock = get_stock(&world.engine, &request).await.expect("an answer");
        assert_eq!(stock.levels[0].available_target, Some(15), "{asked}");
        let positions = stock.positions.iter().map(|p| (&*p.warehouse, &*p.sku, p.free));
        let positions: Vec<_> = positions.collect();
        assert_eq!(positions, [("erp/W", "B", Some(5)), ("wms/MAIN", "SKU-1", Some(10))]);
    }
}
