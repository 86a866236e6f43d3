//! Doctor: what is broken and what to do.

use lockstep_contracts::operations::v1::{ExamineRequest, ExamineResponse, Finding, Severity};
use lockstep_contracts::stock::v1::{ListUnknownEffectsRequest, ListUnknownEffectsResponse};
use lockstep_domain::points::{Bucket, Ledger, Meter, Report, Urgency};
use lockstep_ports::{Clock as _, StoredPoints};
use serde_json::{Value, json};

use crate::world::{SERVICES, World};
use lockstep_testkit::bus::Fails;

async fn healthy() -> World {
    let mut world = World::furnished().await;
    for service in SERVICES {
        let examine = move |_: ExamineRequest| ExamineResponse {
            service: service.to_owned(),
            version: "0.1.0".to_owned(),
            findings: vec![Finding {
                severity: Severity::Ok.into(),
                subject: "outbox".to_owned(),
                message: "0 events wait for the broker".to_owned(),
                fix: String::new(),
            }],
        };
        world.answers(ExamineRequest::subject(service), examine).await;
    }
    let none = |_: ListUnknownEffectsRequest| ListUnknownEffectsResponse::default();
    world.answers(ListUnknownEffectsRequest::subject(), none).await;
    let map = json!({"warehouses": ["wms/MAIN"]});
    world.call("PUT", "/stores/north/locations/71", map).await.ok();
    world.call("PATCH", "/stores/north", json!({"enabled": true})).await.ok();
    world
}

/// Subject, severity and fix of what is not as it should be.
fn broken(examined: &Value) -> Vec<(String, String, String)> {
    let findings = examined["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    findings
        .filter(|finding| finding["severity"] != "ok")
        .map(|one| (text(one, "subject"), text(one, "severity"), text(one, "fix")))
        .collect()
}

#[tokio::test]
async fn what_is_well_is_said_to_be_well() {
    let world = healthy().await;
    let examined = world.get("/doctor").await.ok();
    assert_eq!(examined["status"], "ok", "{examined}");
    assert_eq!(examined["services"][2]["version"], "0.1.0");
    assert_eq!(examined["findings"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn the_points_of_a_store_are_shown_from_its_first_call_on() {
    let world = healthy().await;
    assert_eq!(world.get("/doctor").await.ok()["points"], json!([]));
    let bucket = Bucket { maximum: 2000.0, available: 2000.0, restore_rate: 100.0 };
    let mut ledger = Ledger::learnt(&bucket, world.clock.now());
    let mut meter = Meter { calls: 9, throttled: 1, levels: 1_000, ..Meter::default() };
    meter.points.insert(Urgency::StockDown, 40.0);
    meter.points.insert(Urgency::Catalogue, 60.0);
    ledger.tell("a", &Report { number: 1, spent: 100.0, meter }, 0.0, world.clock.now());
    StoredPoints::save(&world.kv, &"north".parse().unwrap(), &ledger, 0).await.unwrap();
    let examined = world.get("/doctor").await.ok();
    let expected = json!([{"store": "north", "maximum": 2000.0, "restore_rate": 100.0,
        "available": 1900.0, "reserved": 0.0, "calls": 9, "throttled_calls": 1,
        "levels_written": 1_000, "points_per_level": 0.04,
        "spent": {"stock_down": 40.0, "catalogue": 60.0}}]);
    assert_eq!(examined["points"], expected);
    assert_eq!(examined["status"], "ok");
    // That they cannot be read breaks nothing else, and is not told as if there were none.
    world.kv.fail("shopify", Fails::Away);
    let examined = world.get("/doctor").await.ok();
    assert_eq!(examined["points"], json!([]));
    let findings = examined["findings"].as_array().unwrap();
    let told = findings.iter().find(|finding| finding["subject"] == "store north points");
    assert_eq!(told.unwrap()["severity"], "warning");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_finding() {
    let mut world = World::furnished().await;
    world.garbles(ExamineRequest::subject("product-sync")).await;
    let examined = world.get("/doctor").await.ok();
    assert_eq!(examined["services"][1]["state"], "unreadable");
    let findings = examined["findings"].as_array().unwrap();
    let found = findings.iter().find(|one| one["service"] == "product-sync").unwrap();
    assert_eq!(found["severity"], "error");
    let message = found["message"].as_str().unwrap();
    assert!(message.starts_with("the answer of product-sync cannot be read"), "{message}");
}

#[tokio::test]
async fn what_is_missing_comes_with_the_call_that_mends_it() {
    let world = healthy().await;
    world.shops.with("shpat_north", |shop| {
        shop.subscriptions.pop();
        shop.scopes = vec!["read_products", "read_inventory", "read_locations"];
    });
    world.call("PATCH", "/stores/north", json!({"enabled": false})).await.ok();
    let examined = world.get("/doctor").await.ok();
    assert_eq!(examined["status"], "warning");
    let broken = broken(&examined);
    let subjects: Vec<_> = broken.iter().map(|one| one.0.as_str()).collect();
    let expected = ["store north locations", "store north token", "store north webhooks"];
    assert_eq!(subjects, expected);
    assert_eq!(broken[2].2, "POST /api/v1/stores/north/webhooks/repair");
    assert!(examined.to_string().contains("write_inventory"));
    assert!(examined.to_string().contains("app/uninstalled"));
}

#[tokio::test]
async fn webhooks_of_another_version_are_a_finding() {
    let world = healthy().await;
    world.shops.with("shpat_north", |shop| shop.version = "2026-07");
    let examined = world.get("/doctor").await.ok();
    let broken = broken(&examined);
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert_eq!(broken[0].0, "store north webhook version");
    assert!(broken[0].2.contains("2026-10"), "{broken:?}");
}

#[tokio::test]
async fn a_dead_token_and_silent_services_are_errors() {
    let world = World::furnished().await;
    world.shops.change_token("shpat_north", "shpat_else");
    let examined = world.get("/doctor").await.ok();
    assert_eq!(examined["status"], "error");
    assert_eq!(examined["services"][0]["state"], "silent");
    let broken = broken(&examined);
    let errors: Vec<_> = broken.iter().filter(|one| one.1 == "error").collect();
    assert_eq!(errors.len(), 4, "{broken:?}");
    assert!(errors[0].2.contains("lockstep run backoffice-gateway"));
    assert!(errors[3].2.contains("PATCH /api/v1/stores/north"), "{errors:?}");
}
