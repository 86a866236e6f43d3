//! Restarts, dead letters and the rebuild.

use lockstep_tests::world::{World, count, movement};
use serde_json::json;

#[tokio::test]
async fn a_restart_keeps_an_open_window_and_what_waits_in_it() {
    let (mut world, wms, shop) = World::with_one_level(10).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "10")]).await;
    world.go_live(&shop, "delta").await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "1")]).await;
    world
        .until("Berlin shows 11", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 11
        })
        .await;
    world.report(&wms, "movements", &[movement("m2", "RECEIVING", "LAMP", "MAIN", "2")]).await;
    world.until_position(&shop, "LAMP", "wms/MAIN", Some("13")).await;
    let before = world.admin.get("/api/v1/stores/north/stock/LAMP").await.ok();
    assert!(!before["window_until"].is_null(), "{before:#}");
    assert!(!before["dirty_since"].is_null(), "{before:#}");
    world.restart().await;
    let after = world.admin.get("/api/v1/stores/north/stock/LAMP").await.ok();
    assert_eq!(after["window_until"], before["window_until"]);
    world
        .until("Berlin shows 13", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 13
        })
        .await;
    assert_eq!(world.calls(&shop, "AdjustQuantities").len(), 2);
}

#[tokio::test]
async fn rebuilt_states_equal_the_live_ones() {
    let (world, wms, shop) = World::with_one_level(10).await;
    world.go_live(&shop, "delta").await;
    for n in 0..30 {
        let one = movement(&format!("m{n}"), "ADJUSTMENT", "LAMP", "MAIN", "1.25");
        world.report(&wms, "movements", &[one]).await;
    }
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "40.5")]).await;
    world.until_position(&shop, "LAMP", "wms/MAIN", Some("78")).await;
    world.settle(&shop).await;
    assert_eq!(world.differences().await, Vec::<String>::new());
}

#[tokio::test]
async fn poison_is_shown_and_can_be_dismissed() {
    let world = World::start().await;
    world.backoffice("wms", "physical", &["MAIN"]).await;
    world.publish_poison("wms").await;
    world
        .until("the letter is listed", async || {
            let list = world.admin.get("/api/v1/dead-letters").await.ok();
            list["dead_letters"].as_array().is_some_and(|l| l.len() == 1)
        })
        .await;
    let list = world.admin.get("/api/v1/dead-letters").await.ok();
    let letter = &list["dead_letters"][0];
    assert_eq!(letter["service"], "stock-sync");
    assert!(letter["reason"].as_str().unwrap_or_default().contains("quantity"), "{letter:#}");
    let id = letter["id"].as_str().unwrap_or_default();
    let retry = world.admin.post(&format!("/api/v1/dead-letters/{id}/retry"), &json!({})).await;
    assert_eq!(retry.status, 409);
    assert_eq!(retry.body["code"], "FAILED_AGAIN");
    let path = format!("/api/v1/dead-letters/{id}/dismiss");
    assert_eq!(world.admin.post(&path, &json!({})).await.ok()["state"], "dismissed");
    let list = world.admin.get("/api/v1/dead-letters").await.ok();
    assert_eq!(list["dead_letters"], json!([]));
}
