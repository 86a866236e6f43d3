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
async fn a_first_mapping_tells_what_was_set() {
    let world = World::furnished().await;
    let map = json!({"warehouses": ["wms/MAIN"], "buffer": 2});
    world.call("PUT", "/stores/north/locations/71", map).await.ok();
    let told = world.get("/activity?store=north&limit=1").await.ok();
    let changes = told["activity"][0]["changes"].as_array().unwrap();
    let change = |name: &str| {
        let setting = format!("locations[71].{name}");
        changes.iter().find(|one| one["setting"] == setting).expect("told")
    };
    assert_eq!(change("warehouses")["before"], Value::Null);
    assert_eq!(change("warehouses")["after"], json!(["wms/MAIN"]));
    assert_eq!(change("buffer")["after"], 2);
    assert!(changes.iter().all(|one| one["setting"] != "locations"), "{changes:?}");
}

#[tokio::test]
async fn changes_are_told_with_what_stood_before_also_among_very_many() {
    let world = World::new().await;
    let rename = async |id: &str, name: &str| {
        let path = format!("/backoffices/{id}");
        world.call("PATCH", &path, json!({"name": name})).await.ok();
    };
    for id in ["early", "busy"] {
        world.call("POST", "/backoffices", json!({"id": id})).await.ok();
    }
    // The few that change often push the first versions of the others out of sight.
    for number in 0..30 {
        let id = format!("busy{number}");
        world.call("POST", "/backoffices", json!({"id": id})).await.ok();
        for name in 0..40 {
            rename(&id, &format!("name {name}")).await;
        }
    }
    rename("early", "late").await;
    let told = world.get("/activity?limit=3").await.ok();
    let first = &told["activity"][0];
    assert_eq!((&first["key"], &first["what"]), (&json!("backoffice.early"), &json!("changed")));
    let change = json!([{"setting": "name", "before": "early", "after": "late"}]);
    assert_eq!(first["changes"], change);
    let second = json!([{"setting": "name", "before": "name 38", "after": "name 39"}]);
    assert_eq!(told["activity"][1]["changes"], second);
    assert_eq!(told["activity"].as_array().unwrap().len(), 3);
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
