//! One trace from the report of a movement to the call at Shopify.

use lockstep_runtime::telemetry::{LogFormat, TelemetryConfig, init};
use lockstep_tests::traces::Receiver;
use lockstep_tests::world::{World, count, movement};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_movement_and_its_push_are_one_trace() {
    let (receiver, endpoint) = Receiver::start().await;
    let telemetry = init(&TelemetryConfig {
        filter: "info".to_owned(),
        format: LogFormat::Json,
        otlp_endpoint: Some(endpoint),
        service_name: "lockstep".to_owned(),
    })
    .expect("telemetry starts");
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
    let adjust = adjust.expect("the write is a span");
    let of_trace: Vec<_> = spans.iter().filter(|s| s.trace_id == adjust.trace_id).collect();
    let root = of_trace.iter().find(|s| s.parent_span_id.is_empty()).expect("a root");
    let names = receiver.names_below(root);
    for step in ["consume", "plan_effects", "send_effect"] {
        assert!(names.iter().any(|n| n == step), "{step} is not below {}: {names:?}", root.name);
    }
    assert_ne!(root.name, "send_effect", "the trace begins at the gateway: {names:?}");
}
