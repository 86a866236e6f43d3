//! Activity: who changed what, with the value before and after.

use serde_json::{Value, json};

use crate::world::{NOON, World, north};

#[tokio::test]
async fn a_change_tells_who_when_before_and_after() {
    let world = World::furnished().await;
    world.call("PATCH", "/stores/north", json!({"stock": {"mode": "absolute"}})).await.ok();
    let told = world.get("/activity?store=north&limit=1").await.ok();
    let entry = &told["activity"][0];
    assert_eq!((&entry["by"], &entry["at"]), (&json!("admin"), &json!(NOON.to_string())));
    assert_eq!((&entry["key"], &entry["what"]), (&json!("store.north"), &json!("changed")));
    let change = json!([{"setting": "stock.mode", "before": "delta", "after": "absolute"}]);
    assert_eq!(entry["changes"], change);
}

#[tokio::test]
async fn the_life_of_a_store_is_told_newest_first() {
    let world = World::furnished().await;
    world.call("DELETE", "/stores/north", Value::Null).await.ok();
    world.call("POST", "/stores", north()).await.ok();
    let told = world.get("/activity?store=north").await.ok();
    let whats: Vec<_> = told["activity"].as_array().unwrap().iter().map(|e| &e["what"]).collect();
    assert_eq!(whats, ["added", "deleted", "added"]);
    assert!(!told.to_string().contains("shpat"), "no secret is in the history");

    let everything = world.get("/activity").await.ok();
    let keys: Vec<_> =
        everything["activity"].as_array().unwrap().iter().map(|e| &e["key"]).collect();
    assert_eq!(keys.len(), 6);
    assert_eq!(keys[5], "backoffice.wms");
    let one = world.get("/activity?backoffice=wms").await.ok();
    assert_eq!(one["activity"].as_array().unwrap().len(), 3);
}
