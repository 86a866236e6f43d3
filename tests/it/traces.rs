//! One trace from where news came in to where it leaves: at Shopify, or in a back office's feed.

use lockstep_runtime::telemetry::{LogFormat, TelemetryConfig, TelemetryGuard, init};
use lockstep_tests::traces::Receiver;
use lockstep_tests::world::{World, count, movement};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;

/// Exports spans to a collector of the test.
async fn traced() -> (Receiver, TelemetryGuard) {
    let (receiver, endpoint) = Receiver::start().await;
    let telemetry = init(&TelemetryConfig {
        filter: "info".to_owned(),
        format: LogFormat::Json,
        otlp_endpoint: Some(endpoint),
        service_name: "lockstep".to_owned(),
    });
    (receiver, telemetry.expect("telemetry starts"))
}

/// The span without a parent in the trace of another, and the names of all that hang on it.
fn trace_of(receiver: &Receiver, span: &Span) -> (Span, Vec<String>) {
    let spans = receiver.spans();
    let mut of_trace = spans.iter().filter(|s| s.trace_id == span.trace_id);
    let root = of_trace.find(|s| s.parent_span_id.is_empty()).expect("a root");
    (root.clone(), receiver.names_below(root))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_movement_and_its_push_are_one_trace() {
    let (receiver, telemetry) = traced().await;
    let (world, wms, shop) = World::with_one_level(10).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "10")]).await;
    world.go_live(&shop, "delta").await;
    world.settle(&shop).await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    world
        .until("Berlin shows 15", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 15
        })
        .await;
    world.settle(&shop).await;
    telemetry.flush();
    let spans = receiver.spans();
    let sent: Vec<_> = spans.iter().filter(|s| s.name == "send_effect").collect();
    let adjust = sent.iter().find(|s| {
        let names = s.attributes.iter().filter(|a| a.key == "effect.kind");
        let values = names.filter_map(|a| a.value.clone()).map(|v| format!("{v:?}"));
        values.into_iter().any(|v| v.contains("adjust"))
    });
    let (root, names) = trace_of(&receiver, adjust.expect("the write is a span"));
    for step in ["consume", "plan_effects", "send_effect"] {
        assert!(names.iter().any(|n| n == step), "{step} is not below {}: {names:?}", root.name);
    }
    assert_ne!(root.name, "send_effect", "the trace begins at the gateway: {names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_and_its_entry_in_the_feed_are_one_trace() {
    let (receiver, telemetry) = traced().await;
    let (world, wms, shop) = World::with_one_level(10).await;
    let path = format!("/api/v1/stores/{}", shop.id);
    let orders = json!({"enabled": true, "orders": {"enabled": true},
        "backoffices": [{"id": "wms", "roles": ["stock", "orders"]}]});
    let location = format!("{path}/locations/{}", shop.location_id("Berlin"));
    let default = json!({"warehouses": ["wms/MAIN"], "default": true});
    world.patient(world.admin.put(&location, &default)).await.ok();
    world.patient(world.admin.patch(&path, &orders)).await.ok();
    let at = world.standin.shop(&shop.domain).expect("a shop of the stand-in");
    let lines = json!([{"sku": "LAMP", "quantity": 2, "location": "Berlin"}]);
    at.act("checkout", json!({"lines": lines})).expect("a checkout");
    let delivered = async || {
        let feed = wms.get("/v1/feed").await.ok();
        let items = feed["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().find(|item| item["order"].is_object())
    };
    world.until("the order is in the feed", async || delivered().await.is_some()).await;
    let entry = delivered().await.expect("it was there");
    telemetry.flush();
    let spans = receiver.spans();
    let delivery = spans.iter().find(|s| s.name == "deliver_entry");
    let delivery = delivery.expect("the delivery is a span");
    let (root, names) = trace_of(&receiver, delivery);
    for step in ["consume", "plan_effects", "send_effect", "deliver_entry"] {
        assert!(names.iter().any(|n| n == step), "{step} is not below {}: {names:?}", root.name);
    }
    assert_eq!(
        root.name, "webhook-ingest.webhook",
        "it begins where the webhook came in: {names:?}"
    );
    let told = entry["traceparent"].as_str().unwrap_or_default().to_owned();
    let trace: String = delivery.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told.split('-').nth(1), Some(trace.as_str()), "the reader can go on: {entry:#}");
}
