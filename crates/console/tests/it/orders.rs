//! Orders and shipments: where they stand, page by page, and one order with all of it.

use lockstep_contracts::backoffice::v1::OrderRequest;
use lockstep_contracts::orders::v1::{
    AnswerView, GetOrderRequest, GetOrderResponse, LineName, LineShare, ListOrdersRequest,
    ListOrdersResponse, OrderLineFacts, OrderLinesChanged, OrderStanding, OrderView, Parked,
    ParkedReason, PartView, WaitingView,
};
use lockstep_contracts::shipments::v1::{
    FulfillmentView, ListShipmentsRequest, ListShipmentsResponse, ShipmentStanding, ShipmentView,
};
use lockstep_contracts::time::to_proto;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::{NOON, World};

fn order(id: i64, standing: OrderStanding) -> OrderView {
    let parked = Parked {
        reason: ParkedReason::Unmapped.into(),
        subject: "71".to_owned(),
        message: "location 71 is not mapped".to_owned(),
        fix: "map it".to_owned(),
    };
    let is_parked = standing == OrderStanding::Parked;
    OrderView {
        order_key: format!("north:{id}"),
        store: "north".to_owned(),
        order_id: id,
        name: format!("#{id}"),
        created_at: Some(to_proto(NOON)),
        financial_status: "PAID".to_owned(),
        standing: standing.into(),
        parked: if is_parked { vec![parked] } else { Vec::new() },
        parts: vec![PartView {
            warehouse: "wms/MAIN".to_owned(),
            revision: 2,
            request: OrderRequest::Fulfil.into(),
            quantity: 3,
            open: 1,
            ..PartView::default()
        }],
        answers: vec![AnswerView { backoffice: "wms".to_owned(), answer: "accepted".to_owned() }],
        waiting: vec![WaitingView {
            backoffice: "wms".to_owned(),
            event_id: "r1".to_owned(),
            report: "release".to_owned(),
            since: Some(to_proto(NOON)),
        }],
        ..OrderView::default()
    }
}

fn shipment(order: i64, standing: ShipmentStanding) -> ShipmentView {
    ShipmentView {
        shipment: format!("wms/S{order}"),
        order_key: format!("north:{order}"),
        store: "north".to_owned(),
        warehouse: "wms/MAIN".to_owned(),
        event_id: "e1".to_owned(),
        revision: 1,
        standing: standing.into(),
        quantity: 2,
        shipped_at: Some(to_proto(NOON)),
        since: Some(to_proto(NOON)),
        fulfillments: vec![FulfillmentView {
            fulfillment_id: i64::MAX,
            parcel: "P1".to_owned(),
            quantity: 2,
            company: "DHL".to_owned(),
            numbers: vec!["N1".to_owned()],
            ..FulfillmentView::default()
        }],
        ..ShipmentView::default()
    }
}

async fn with_orders() -> World {
    let mut world = World::furnished().await;
    let list = |request: ListOrdersRequest| {
        assert!((1..=200).contains(&request.limit) && request.store == "north");
        let after = request.after.parse().unwrap_or(0);
        let all = (1..=4)
            .map(|id| order(id, if id == 3 { OrderStanding::Parked } else { OrderStanding::Told }));
        let asked = all.filter(|one| one.order_id > after).filter(|one| {
            request.standing() == OrderStanding::Unspecified || one.standing == request.standing
        });
        let mut orders: Vec<_> = asked.collect();
        let has_more = orders.len() > request.limit as usize;
        orders.truncate(request.limit as usize);
        let last = orders.last().filter(|_| has_more);
        let next = last.map(|last| last.order_id.to_string()).unwrap_or_default();
        ListOrdersResponse { orders, next }
    };
    world.answers(ListOrdersRequest::subject(), list).await;
    let one = |request: GetOrderRequest| {
        let share = LineShare { location_id: 71, sold: 3, fulfilled: 2, ..LineShare::default() };
        let line = OrderLineFacts {
            line_id: 11,
            quantity: 3,
            shares: vec![share],
            ..OrderLineFacts::default()
        };
        let lines = OrderLinesChanged { lines: vec![line], ..OrderLinesChanged::default() };
        let is_known = request.order_key == "north:3";
        let names = vec![LineName { line_id: 11, sku: "LAMP-1".into(), title: "Lamp".into() }];
        let order = OrderView { lines: Some(lines), names, ..order(3, OrderStanding::Parked) };
        GetOrderResponse { order: is_known.then_some(order) }
    };
    world.answers(GetOrderRequest::subject(), one).await;
    world
}

async fn with_shipments(world: &mut World) {
    let list = |request: ListShipmentsRequest| {
        assert!((1..=200).contains(&request.limit));
        let all = [
            shipment(1, ShipmentStanding::Done),
            ShipmentView {
                message: "on hold in Shopify: OTHER".to_owned(),
                fix: "release it".to_owned(),
                ..shipment(3, ShipmentStanding::Parked)
            },
        ];
        let asked = all.into_iter().filter(|one| {
            (request.order_key.is_empty() || one.order_key == request.order_key)
                && (request.store.is_empty() || one.store == request.store)
                && (request.standing == 0 || one.standing == request.standing)
        });
        let next = if request.after.is_empty() { "north/3" } else { "" };
        ListShipmentsResponse { shipments: asked.collect(), next: next.to_owned() }
    };
    world.answers(ListShipmentsRequest::subject(), list).await;
}

#[tokio::test]
async fn orders_are_listed_page_by_page_and_by_where_they_stand() {
    let world = with_orders().await;
    let first = world.get("/stores/north/orders?limit=2").await.ok();
    assert_eq!((first["orders"].as_array().unwrap().len(), &first["next"]), (2, &json!("2")));
    let rest = world.get("/stores/north/orders?limit=2&after=2").await.ok();
    assert_eq!((rest["orders"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null));
    let parked = world.get("/stores/north/orders?standing=parked&limit=500").await.ok();
    assert_eq!(parked["orders"].as_array().unwrap().len(), 1);
    let expected = json!({
        "order_key": "north:3", "store": "north", "order_id": "3", "name": "#3",
        "created_at": NOON.to_string(), "updated_at": null, "financial_status": "PAID",
        "fulfillment_status": "", "standing": "parked",
        "parked": [{"reason": "unmapped", "subject": "71",
            "message": "location 71 is not mapped", "fix": "map it"}],
        "parts": [{"warehouse": "wms/MAIN", "revision": 2, "request": "fulfil", "reason": "",
            "quantity": 3, "open": 1}],
        "answers": [{"backoffice": "wms", "answer": "accepted"}],
        "waiting": [{"backoffice": "wms", "event_id": "r1", "report": "release",
            "since": NOON.to_string()}],
        "cancelling": false, "unread": false, "redacted": false,
    });
    assert_eq!(parked["orders"][0], expected);
}

#[tokio::test]
async fn one_order_has_its_lines_and_shipments_and_a_silent_service_is_named() {
    let mut world = with_orders().await;
    let one = world.get("/orders/north:3").await.ok();
    assert_eq!((&one["shipments"], &one["silent"]), (&json!([]), &json!(["shipment-push"])));
    let share = json!({"location_id": "71", "warehouse": "", "sold": 3, "fulfilled": 2,
        "accepted": 0, "released": 0});
    let line = json!({"line_id": "11", "sku": "LAMP-1", "title": "Lamp",
        "variant_id": "", "inventory_item_id": "", "quantity": 3, "removed": 0, "shares": [share]});
    assert_eq!(one["order"]["lines"], json!([line]));
    with_shipments(&mut world).await;
    let one = world.get("/orders/north%3A3").await.ok();
    assert_eq!((&one["shipments"][0]["shipment"], &one["silent"]), (&json!("wms/S3"), &json!([])));
    let unknown = world.get("/orders/north:9").await;
    assert_eq!(unknown.problem(), (404, "UNKNOWN_ORDER".into(), String::new()));
}

#[tokio::test]
async fn shipments_are_listed_of_all_of_a_store_and_of_an_order() {
    let mut world = World::furnished().await;
    with_shipments(&mut world).await;
    let all = world.get("/shipments").await.ok();
    assert_eq!((all["shipments"].as_array().unwrap().len(), &all["next"]), (2, &json!("north/3")));
    let fulfillment = json!({"fulfillment_id": i64::MAX.to_string(), "parcel": "P1",
        "quantity": 2, "company": "DHL", "numbers": ["N1"], "urls": [], "cancelled": false});
    let first = json!({"shipment": "wms/S1", "order_key": "north:1", "store": "north",
        "warehouse": "wms/MAIN", "event_id": "e1", "revision": 1, "released": false,
        "standing": "done", "code": "", "field": "", "message": "", "fix": "", "quantity": 2,
        "shipped_at": NOON.to_string(), "since": NOON.to_string(), "arrived": false,
        "unclear": false, "fulfillments": [fulfillment]});
    assert_eq!(all["shipments"][0], first);
    let rest = world.get("/shipments?store=north&after=north%2F3").await.ok();
    assert_eq!(rest["next"], Value::Null);
    let parked = world.get("/shipments?standing=parked").await.ok();
    let parked = parked["shipments"].as_array().unwrap().clone();
    assert_eq!((parked.len(), &parked[0]["fix"]), (1, &json!("release it")));
    let of_order = world.get("/shipments?order=north:1").await.ok();
    assert_eq!(of_order["shipments"].as_array().unwrap().len(), 1);
}

#[rstest]
#[case("/stores/north/orders?standing=odd", "standing")]
#[case("/stores/north/orders?after=x", "after")]
#[case("/stores/north/orders?limit=501", "limit")]
#[case("/stores/north/orders?status=open", "status")]
#[case("/shipments?standing=told", "standing")]
#[case("/shipments?store=No%20Such", "store")]
#[case("/shipments?order=1001", "order")]
#[case("/shipments?after=1001", "after")]
#[tokio::test]
async fn a_wrong_question_is_refused(#[case] path: &str, #[case] field: &str) {
    let world = World::furnished().await;
    assert_eq!(world.get(path).await.problem(), (400, "BAD_QUERY".into(), field.into()));
}

#[tokio::test]
async fn a_service_that_must_answer_and_is_silent_is_named() {
    let world = World::furnished().await;
    for (path, service) in [
        ("/stores/north/orders", "order-sync"),
        ("/orders/north:3", "order-sync"),
        ("/shipments", "shipment-push"),
    ] {
        let answer = world.get(path).await;
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!((answer.problem().0, detail.contains(service)), (503, true), "{path}: {detail}");
    }
    let unknown = world.get("/stores/south/orders").await;
    assert_eq!(unknown.problem(), (404, "UNKNOWN_STORE".into(), String::new()));
}
