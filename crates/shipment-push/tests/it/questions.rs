//! What the service answers when it is asked.

use lockstep_contracts::backoffice::v1::ShipmentStatus;
use lockstep_contracts::orders::v1::OrderLinesChanged;
use lockstep_contracts::shipments::v1::{
    ListShipmentsRequest, ListShipmentsResponse, ShipmentStanding, ShipmentView,
};
use lockstep_shipment_push::questions::list_shipments;

use crate::world::{ORDER, World, again, order, shipped};

async fn asked(world: &World, request: ListShipmentsRequest) -> ListShipmentsResponse {
    list_shipments(&world.engine, &request).await.expect("an answer")
}

fn names(found: &ListShipmentsResponse) -> Vec<(&str, ShipmentStanding)> {
    found.shipments.iter().map(|one| (one.shipment.as_str(), one.standing())).collect()
}

#[tokio::test]
async fn shipments_are_listed_with_what_became_of_them() {
    let world = World::start().await;
    world.take(&OrderLinesChanged { order_id: ORDER + 1, ..order(1) }).await;
    world.take(&shipped(1, &[(1, 2)])).await;
    world.settle().await;
    world.take(&shipped(2, &[(1, 9)])).await;
    world.settle().await;
    let arrived = again(&shipped(3, &[]), 2, |shipment| {
        shipment.order_key = format!("north:{}", ORDER + 1);
        shipment.status = ShipmentStatus::Delivered.into();
    });
    world.take(&arrived).await;
    let all = asked(&world, ListShipmentsRequest { limit: 200, ..Default::default() }).await;
    let (done, refused) = (ShipmentStanding::Done, ShipmentStanding::Refused);
    let parked = ShipmentStanding::Parked;
    assert_eq!(names(&all), [("wms/S1", done), ("wms/S2", refused), ("wms/S3", parked)]);
    assert!(all.next.is_empty());
    let [first, second, third] = all.shipments.as_slice() else { panic!("{all:?}") };
    assert_eq!((first.quantity, first.order_key.as_str()), (2, "north:1001"));
    let sent = &first.fulfillments[0];
    assert_eq!((sent.fulfillment_id, sent.quantity), (9001, 2));
    assert_eq!((sent.company.as_str(), sent.numbers.as_slice()), ("DHL", &["N1".to_owned()][..]));
    assert!(second.message.contains("9 units") && !second.fix.is_empty());
    assert!(third.arrived && third.message.contains("nobody said that they left"));
}

#[tokio::test]
async fn a_list_goes_on_after_whole_orders_and_can_be_of_one_store_order_or_standing() {
    let world = World::start().await;
    for order_id in [ORDER, ORDER + 1, ORDER + 2] {
        for number in [1, 2] {
            let mut report = shipped(number, &[(1, 1)]);
            let shipment = report.shipment.as_mut().expect("a shipment");
            shipment.event_id = format!("{order_id}-{number}");
            shipment.order_key = format!("north:{order_id}");
            world.take(&report).await;
        }
    }
    let page = |after: String| ListShipmentsRequest { after, limit: 1, ..Default::default() };
    let first = asked(&world, page(String::new())).await;
    assert_eq!((first.shipments.len(), first.next.as_str()), (2, "north/1001"));
    let second = asked(&world, page(first.next)).await;
    assert!(second.shipments.iter().all(|one: &ShipmentView| one.order_key == "north:1002"));
    let standing = ShipmentStanding::Parked.into();
    let request = ListShipmentsRequest { standing, limit: 200, ..Default::default() };
    assert_eq!(asked(&world, request).await.shipments.len(), 4, "two orders are not known");
    let of = |store: &str, key: &str| ListShipmentsRequest {
        store: store.to_owned(),
        order_key: key.to_owned(),
        limit: 200,
        ..Default::default()
    };
    assert_eq!(asked(&world, of("north", "")).await.shipments.len(), 6);
    assert_eq!(asked(&world, of("nort", "")).await.shipments.len(), 0);
    assert_eq!(asked(&world, of("", "north:1003")).await.shipments.len(), 2);
    assert_eq!(asked(&world, of("south", "north:1003")).await.shipments.len(), 0);
    assert_eq!(asked(&world, of("", "nonsense")).await.shipments.len(), 0);
}
