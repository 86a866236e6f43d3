//! What back offices are told, under the store's rules.

use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::OrderRequest;
use lockstep_contracts::orders::v1::{
    ListOrdersRequest, OrderStanding, ParkedReason, RefundAnnounced,
};
use lockstep_contracts::settings::v1::{BackOfficeRole, OrderFilter, StoreBackOffice};
use lockstep_domain::OrderId;
use lockstep_domain::order::CodesCommand;
use lockstep_order_sync::aggregates::CodesKind;
use lockstep_order_sync::questions::list_orders;
use lockstep_ports::{Store, Timer};
use lockstep_runtime::{Origin, Work};

use crate::shop::{BERLIN, ORDER, Shop};
use crate::world::{World, orders};

#[tokio::test]
async fn an_order_is_told_per_warehouse_with_codes_prices_and_revisions() {
    let world = World::start().await;
    world.link(1).await;
    let mut shop = Shop::routed();
    world.happens(&shop).await;
    world.settle().await;
    let told = world.announced().await;
    assert_eq!(told.len(), 2);
    let order = told[0].order.as_ref().expect("an order");
    assert_eq!((order.order_key.as_str(), order.revision), ("north:1001", 1));
    assert_eq!(
        (order.warehouse_code.as_str(), order.shipping_process.as_str()),
        ("MAIN", "parcel")
    );
    assert_eq!(order.request(), OrderRequest::Fulfil);
    assert_eq!((order.lines[0].sku.as_str(), order.lines[0].quantity_open), ("SKU-1", 3));
    assert_eq!(order.lines[0].fulfillment_order_line_id, "10");
    assert_eq!(order.total.as_ref().and_then(|t| t.shop.as_ref()).expect("money").amount, "50");
    assert_eq!(told[1].order.as_ref().expect("an order").lines[0].sku, "", "not linked");
    assert_eq!(order.contact, None);
    shop.lines[0].sent = 1;
    shop.second = 20;
    world.happens(&shop).await;
    world.settle().await;
    let told = world.announced().await;
    assert_eq!(told.len(), 3, "only the part that changed is told again");
    let order = told[2].order.as_ref().expect("an order");
    assert_eq!((order.revision, order.lines[0].quantity_open), (3, 2));
}

#[tokio::test]
async fn a_link_that_was_missing_is_told_when_it_is_made() {
    let world = World::start().await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    world.link(2).await;
    world.settle().await;
    let told = world.announced().await;
    assert_eq!(told.len(), 3);
    assert_eq!(told[2].order.as_ref().expect("an order").lines[0].sku, "SKU-2");
    world.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(world.announced().await.len(), 3, "the second pass has nothing to say");
}

#[tokio::test]
async fn an_unmapped_location_is_parked_with_a_reason_until_it_is_mapped() {
    let world = World::bare().await;
    let mut settings = orders(OrderFilter::default());
    settings.locations.remove(0);
    world.adopt(1, settings).await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    assert_eq!(world.announced().await.len(), 1);
    let view = world.view(ORDER).await;
    assert_eq!(view.standing(), OrderStanding::Parked);
    assert_eq!(view.parked[0].reason(), ParkedReason::Unmapped);
    assert_eq!(view.parked[0].subject, BERLIN.to_string());
    assert!(!view.parked[0].fix.is_empty());
    world.adopt(2, orders(OrderFilter::default())).await;
    world.settle().await;
    assert_eq!(world.announced().await.len(), 2);
    let view = world.view(ORDER).await;
    assert_eq!((view.standing(), view.parked.len()), (OrderStanding::Told, 0));
    let lines = world.lines().await;
    assert_eq!(lines.last().expect("told").lines[0].shares[0].warehouse, "wms/MAIN");
}

#[tokio::test]
async fn a_filter_holds_back_and_lets_pass_later() {
    let world = World::bare().await;
    let gifts = OrderFilter { tags: vec!["gift".to_owned()], ..OrderFilter::default() };
    world.adopt(1, orders(gifts)).await;
    let mut shop = Shop::routed();
    world.happens(&shop).await;
    world.settle().await;
    assert!(world.announced().await.is_empty());
    assert!(!world.lines().await.is_empty(), "its lines are told whatever the filters say");
    let view = world.view(ORDER).await;
    assert_eq!(view.parked[0].reason(), ParkedReason::Filtered);
    assert_eq!(view.parked[0].subject, "orders.filter.tags");
    shop.tags.push("gift".to_owned());
    shop.second = 30;
    world.happens(&shop).await;
    world.settle().await;
    assert_eq!(world.announced().await.len(), 2);
}

#[tokio::test]
async fn orders_that_were_off_are_read_and_told_when_they_are_switched_on() {
    let world = World::bare().await;
    let mut off = orders(OrderFilter::default());
    off.orders = None;
    world.adopt(1, off).await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    assert_eq!((world.shopify.calls("OrderNumbers"), world.shopify.calls("OrderContact")), (1, 0));
    assert!(world.announced().await.is_empty() && !world.lines().await.is_empty());
    world.adopt(2, orders(OrderFilter::default())).await;
    world.settle().await;
    assert_eq!(world.announced().await.len(), 2);
    assert!(!world.announced().await[0].sealed_contact.is_empty());
}

#[tokio::test]
async fn a_refund_is_told_once() {
    let world = World::start().await;
    let mut shop = Shop::routed();
    shop.lines[0].refunded = 1;
    shop.refunds = vec![(1, 1)];
    world.happens(&shop).await;
    world.settle().await;
    shop.tags.push("seen".to_owned());
    shop.second = 40;
    world.happens(&shop).await;
    world.settle().await;
    let told: Vec<RefundAnnounced> = world.said().await;
    assert_eq!(told.len(), 1);
    let refund = told[0].refund.as_ref().expect("a refund");
    assert_eq!((refund.refund_id.as_str(), refund.lines[0].quantity), ("8000", 1));
    assert_eq!(refund.lines[0].warehouse_code, "MAIN");
}

#[tokio::test]
async fn orders_are_listed_in_pages_and_by_standing() {
    let world = World::start().await;
    for id in 1001..1006 {
        let mut shop = Shop::routed();
        shop.id = id;
        shop.routed = id != 1003;
        world.happens(&shop).await;
    }
    world.settle().await;
    let mut request =
        ListOrdersRequest { store: "north".to_owned(), limit: 2, ..ListOrdersRequest::default() };
    let mut found = Vec::new();
    loop {
        let page = list_orders(&world.engine, &request).await.expect("an answer");
        found.extend(page.orders.iter().map(|order| order.order_id));
        if page.next.is_empty() {
            break;
        }
        request.after = page.next;
    }
    assert_eq!(found, [1001, 1002, 1003, 1004, 1005]);
    let parked = ListOrdersRequest {
        after: String::new(),
        standing: OrderStanding::Parked.into(),
        ..request
    };
    let page = list_orders(&world.engine, &parked).await.expect("an answer");
    assert_eq!(page.orders.iter().map(|order| order.order_id).collect::<Vec<_>>(), [1003]);
}

#[tokio::test]
async fn a_back_office_that_serves_other_locations_need_not_know_the_variants() {
    let world = World::start().await;
    let mut settings = orders(OrderFilter::default());
    let roles = vec![BackOfficeRole::Orders.into()];
    settings.backoffices.push(StoreBackOffice { id: "erp".to_owned(), roles });
    world.adopt(2, settings).await;
    for variant in [1, 2] {
        world.link(variant).await;
    }
    world.happens(&Shop::routed()).await;
    world.settle().await;
    let events = world.store.events(0, 1_000).await.expect("events");
    assert!(events.iter().all(|event| !event.kind.starts_with("missed")));
    assert_eq!(world.announced().await.len(), 2);
}

#[tokio::test]
async fn a_link_tells_again_the_orders_that_lacked_it_and_walks_over_no_others() {
    let world = World::start().await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    world.pass(SignedDuration::from_mins(3)).await;
    let recheck = async || {
        let timer = world.store.timer("north", "recheck").await.expect("a database");
        timer.and_then(|timer| timer.due_at)
    };
    assert_eq!(recheck().await, None, "the walk of the settings is over");
    let told = world.announced().await.len();
    world.link(2).await;
    assert_eq!(recheck().await, None, "who lacked the code is known");
    world.settle().await;
    let after = world.announced().await;
    assert_eq!(after.len(), told + 1);
    assert_eq!(after[told].order.as_ref().expect("an order").lines[0].sku, "SKU-2");
    world.link(1).await;
    world.settle().await;
    assert_eq!(world.announced().await.len(), told + 2);
    assert!(world.differences().await.is_empty());
}

/// More orders lacked the code of a variant than are kept.
async fn missed_by_many(world: &World, variant: i64) {
    let miss = |work: &mut Work<'_>| {
        for order in 1..=102 {
            let command = CodesCommand::Miss { order: OrderId(order) };
            let id = format!("north/{variant}");
            work.execute::<CodesKind>(&id, &command)?.expect("it is never refused");
        }
        Ok(())
    };
    world.engine.transact(Origin::new("test", None), &[], miss).await.expect("missed");
}

#[tokio::test]
async fn a_link_does_not_begin_a_walk_over_the_orders_anew() {
    let world = World::start().await;
    for variant in [1, 2] {
        missed_by_many(&world, variant).await;
    }
    let stands = async |note: &str| {
        let set = |work: &mut Work<'_>| {
            let timer = work.timer("north", "recheck")?;
            let due_at = Some(work.now() + SignedDuration::from_mins(1));
            work.set_timer(Timer { due_at, note: note.to_owned(), ..timer });
            Ok(())
        };
        world.engine.transact(Origin::new("test", None), &[], set).await.expect("set");
    };
    let note = async || {
        let timer = world.store.timer("north", "recheck").await.expect("a database");
        timer.expect("a timer").note
    };
    stands("0:north/500").await;
    world.link(1).await;
    assert_eq!(note().await, "0:north/500", "the second pass comes anyway");
    stands("1:north/500").await;
    world.link(2).await;
    assert_eq!(note().await, "0:north/500", "it goes on, and a further pass follows");
}
