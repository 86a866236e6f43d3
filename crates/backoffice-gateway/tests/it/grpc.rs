//! gRPC gives the answers that REST gives.

use lockstep_backoffice_gateway::Listeners;
use lockstep_backoffice_gateway::grpc::ERROR_TRAILER;
use lockstep_contracts::backoffice::v1::back_office_service_client::BackOfficeServiceClient;
use lockstep_contracts::backoffice::v1::{
    AcceptOrderRequest, ErrorCode, ItemError, ItemStatus, OrderAcceptance, ReportShipmentRequest,
    ReportStockCountsRequest, ReportStockMovementsRequest, ReportStockMovementsResponse,
};
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::world::{MOVEMENTS, World, movement, movements, shipment};

async fn client(world: &World) -> BackOfficeServiceClient<Channel> {
    let bind = || TcpListener::bind(("127.0.0.1", 0));
    let listeners =
        Listeners { rest: bind().await.expect("a port"), grpc: bind().await.expect("a port") };
    let address = listeners.grpc.local_addr().expect("an address");
    world.gateway.serve(listeners, &world.life);
    let client = BackOfficeServiceClient::connect(format!("http://{address}")).await;
    client.expect("the gateway answers").max_decoding_message_size(64 * 1024 * 1024)
}

pub fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("a header");
    request.metadata_mut().insert("authorization", value);
    request
}

pub fn error_of(status: &Status) -> ItemError {
    let trailer = status.metadata().get_bin(ERROR_TRAILER).expect("the trailer");
    ItemError::decode(trailer.to_bytes().expect("bytes")).expect("an error of the contract")
}

/// Answers of both sides to the same items, each side with event ids of its own.
async fn both(
    world: &World,
    client: &mut BackOfficeServiceClient<Channel>,
    items: &[Value],
) -> (Value, Value) {
    let marked = |side: &str| {
        let mark = |item: &Value| {
            let mut item = item.clone();
            if let Some(id) = item["event_id"].as_str().filter(|id| !id.is_empty()) {
                item["event_id"] = json!(format!("{side}{id}"));
            }
            item
        };
        movements(&items.iter().map(mark).collect::<Vec<_>>())
    };
    let rest = world.post_json(MOVEMENTS, &marked("r")).await.body;
    let request: ReportStockMovementsRequest =
        serde_json::from_value(marked("g")).expect("a message");
    let answer = client.report_stock_movements(with_token(request, &world.token)).await;
    let answer: ReportStockMovementsResponse = answer.expect("an answer").into_inner();
    let grpc = serde_json::to_value(answer).expect("JSON");
    let unmarked = |value: Value, side: &str| {
        let text = value.to_string().replace(&format!("\"event_id\":\"{side}"), "\"event_id\":\"");
        serde_json::from_str(&text).expect("JSON")
    };
    (unmarked(rest, "r"), unmarked(grpc, "g"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_give_the_same_answers() {
    let world = World::start().await;
    let mut client = client(&world).await;
    let with = |id: &str, field: &str, value: Value| {
        let mut item = movement(id, "1");
        item[field] = value;
        item
    };
    let items = [
        movement("1", "1"),
        movement("1", "1"),
        movement("1", "2"),
        movement("", "1"),
        movement("2", "0"),
        movement("3", "1000000000000000"),
        movement("4", "0.00001"),
        movement("5", "x"),
        with("6", "sku", json!("x".repeat(500))),
        with("7", "sku", json!("🧦.*>")),
        with("8", "warehouse_code", json!("ATTIC")),
        with("9", "kind", json!("MOVEMENT_KIND_PICKING")),
        with("10", "kind", json!("MOVEMENT_KIND_TRANSFER")),
        with("11", "kind", json!("MOVEMENT_KIND_UNSPECIFIED")),
        with("12", "occurred_at", json!("2031-01-01T00:00:00Z")),
        with("13", "order", json!({ "order_key": "north", "line_id": "1" })),
        with("14", "occurred_at", Value::Null),
    ];
    let (rest, grpc) = both(&world, &mut client, &items).await;
    assert_eq!(rest, grpc);
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(items.len()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_calls_carry_the_same_error() {
    let world = World::start().await;
    let mut client = client(&world).await;
    let empty = ReportStockCountsRequest::default();
    let refused = client.report_stock_counts(with_token(empty.clone(), &world.token)).await;
    let status = refused.expect_err("an empty list");
    assert_eq!(status.code(), Code::InvalidArgument);
    let (error, rest) = (error_of(&status), world.post("/v1/stock/counts", "{}").await.body);
    assert_eq!(
        json!([error.code().as_str_name(), error.field, error.message, error.fix]),
        json!([rest["code"], rest["field"], rest["detail"], rest["fix"]])
    );

    let refused = client.report_stock_counts(Request::new(empty.clone())).await;
    let status = refused.expect_err("no token");
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(error_of(&status).code(), ErrorCode::Unauthenticated);
    let status = client.report_stock_counts(with_token(empty, "wrong")).await.expect_err("wrong");
    assert_eq!(status.code(), Code::Unauthenticated);

    let request: ReportStockMovementsRequest =
        serde_json::from_value(movements(&[movement("e-1", "1")])).expect("a message");
    let many = ReportStockMovementsRequest { movements: vec![request.movements[0].clone(); 1_001] };
    let status = client.report_stock_movements(with_token(many, &world.token)).await;
    assert_eq!(error_of(&status.expect_err("too many")).code(), ErrorCode::TooLarge);

    world.bus.with_faults(|faults| faults.is_away = true);
    let status = client.report_stock_movements(with_token(request, &world.token)).await;
    let status = status.expect_err("the broker is away");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(error_of(&status).code(), ErrorCode::Unavailable);
    assert!(status.metadata().contains_key("retry-after"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_50_mb_is_refused() {
    let world = World::start().await;
    let client = client(&world).await;
    let mut request: ReportStockMovementsRequest =
        serde_json::from_value(movements(&[movement("e-1", "1")])).expect("a message");
    request.movements[0].reason_text = "x".repeat(50 * 1024 * 1024);
    let mut client = client.max_encoding_message_size(64 * 1024 * 1024);
    let status = client.report_stock_movements(with_token(request, &world.token)).await;
    let status = status.expect_err("too large");
    assert_eq!(status.code(), Code::ResourceExhausted);
    let error = error_of(&status);
    assert_eq!(error.code(), ErrorCode::TooLarge);
    assert!(error.fix.contains("8388608"), "{error:?}");
    assert_eq!(world.published_ids(), Vec::<String>::new());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_of_one_call_give_the_same_answers_on_both_sides() {
    let world = World::start().await;
    let mut client = client(&world).await;
    let ask = |id: &str| {
        let message: ReportShipmentRequest =
            serde_json::from_value(shipment(id)).expect("a message");
        with_token(message, &world.token)
    };
    let taken = client.report_shipment(ask("s-1")).await.expect("taken").into_inner();
    let item = taken.item.expect("an answer");
    assert_eq!((item.event_id.as_str(), item.status()), ("s-1", ItemStatus::Accepted));
    let again = world.post_json("/v1/shipments", &shipment("s-1")).await;
    assert_eq!(again.body["item"]["status"], "ITEM_STATUS_DUPLICATE");

    let mut other = ask("s-1");
    other.get_mut().shipment.as_mut().expect("a shipment").revision = 2;
    let status = client.report_shipment(other).await.expect_err("other content");
    assert_eq!(status.code(), Code::AlreadyExists);
    let error = error_of(&status);
    assert_eq!((error.code(), error.field.as_str()), (ErrorCode::Conflict, "shipment.event_id"));

    let accept = AcceptOrderRequest {
        acceptance: Some(OrderAcceptance {
            event_id: "a-1".to_owned(),
            order_key: "north:1".to_owned(),
            whole_order: true,
            occurred_at: ask("x").into_inner().shipment.and_then(|s| s.occurred_at),
            ..OrderAcceptance::default()
        }),
    };
    let taken = client.accept_order(with_token(accept, &world.token)).await.expect("taken");
    assert_eq!(taken.into_inner().item.expect("an answer").status(), ItemStatus::Accepted);
    let path = "/v1/orders/north:1/accept";
    let same = json!({ "acceptance": {
        "event_id": "a-1", "whole_order": true, "occurred_at": "2026-11-24T10:00:00Z",
    } });
    let again = world.post_json(path, &same).await;
    assert_eq!(again.body["item"]["status"], "ITEM_STATUS_DUPLICATE", "one form on both sides");
    world.stop().await;
}
