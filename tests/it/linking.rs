//! "Sync products" over small catalogues, one question each.

use lockstep_tests::http::Api;
use lockstep_tests::world::{Shop, World, count, movement};
use serde_json::{Value, json};

/// A store whose variants have these codes: (SKU, barcode).
struct Catalogue {
    world: World,
    wms: Api,
    shop: Shop,
    variants: Vec<i64>,
}

impl Catalogue {
    /// 50 of each variant are at Berlin; the warehouse has counted none of what it knows.
    async fn start(variants: &[(&str, &str)], known: &[(&str, &str)]) -> Self {
        let world = World::start().await;
        let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
        let shop = world.store("north", "wms", &["Berlin"], &[]).await;
        let at = world.standin.shop(&shop.domain).expect("a shop");
        let made = variants.iter().map(|(sku, barcode)| {
            let quantities = json!([{"location": "Berlin", "available": 50}]);
            let variant = json!({"sku": sku, "barcode": barcode, "tracked": true,
                "quantities": quantities});
            let product = json!({"title": format!("Thing {sku}"), "variants": [variant]});
            let made = at.act("add_product", product).expect("a product");
            made.pointer("/variants/0/id").and_then(Value::as_i64).expect("an id")
        });
        let variants = made.collect();
        world.map(&shop, "Berlin", &["wms/MAIN"]).await;
        let product = |(sku, barcode): &(&str, &str)| {
            let barcodes: Vec<&str> =
                Some(*barcode).filter(|code| !code.is_empty()).into_iter().collect();
            json!({"event_id": format!("p-{sku}"), "sku": sku, "barcodes": barcodes,
                "updated_at": "2026-11-24T10:00:00Z"})
        };
        let products: Vec<_> = known.iter().map(product).collect();
        wms.post("/v1/products", &json!({"products": products})).await.ok();
        let counts: Vec<_> = known.iter().map(|(sku, _)| count(sku, sku, "MAIN", "0")).collect();
        world.report(&wms, "counts", &counts).await;
        Self { world, wms, shop, variants }
    }

    async fn link(&self, variant: usize, sku: &str) {
        let path = format!("/api/v1/stores/north/links/{}", self.id(variant));
        let body = json!({"backoffice": "wms", "sku": sku});
        self.world.patient(self.world.admin.put(&path, &body)).await.ok();
    }

    fn id(&self, variant: usize) -> i64 {
        *self.variants.get(variant).expect("a variant")
    }

    async fn sync(&self) {
        let path = "/api/v1/stores/north/products/sync";
        let answer = self.world.patient(self.world.admin.post(path, &json!({}))).await.ok();
        let id = answer.pointer("/job/id").and_then(Value::as_str).expect("an id").to_owned();
        self.world
            .until("the job is done", async || {
                let job = self.world.admin.get(&format!("/api/v1/jobs/{id}")).await.ok();
                job.pointer("/job/state").is_some_and(|state| state == "done")
            })
            .await;
    }

    /// Syncs until so many links are there, as what was reported arrives.
    async fn until_linked(&self, links: usize) {
        self.world
            .until("what was reported is linked", async || {
                self.sync().await;
                self.rows("links").await.len() == links
            })
            .await;
    }

    async fn rows(&self, list: &str) -> Vec<Value> {
        let page = self.world.admin.get(&format!("/api/v1/stores/north/{list}?limit=500")).await;
        page.ok().get(list).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// The SKU that a variant is linked to.
    async fn linked_to(&self, variant: usize) -> Option<String> {
        let id = self.id(variant).to_string();
        let links = self.rows("links").await;
        let link = links.iter().find(|link| is_of(link, &id))?;
        link.get("sku").and_then(Value::as_str).map(str::to_owned)
    }

    async fn conflict(&self, variant: usize) -> Value {
        let id = self.id(variant).to_string();
        let conflicts = self.rows("conflicts").await;
        conflicts.into_iter().find(|row| is_of(row, &id)).unwrap_or_default()
    }
}

fn is_of(row: &Value, variant: &str) -> bool {
    row.get("variant_id").is_some_and(|id| id.to_string().trim_matches('"') == variant)
}

#[tokio::test]
async fn b86_the_same_ten_codes_on_both_sides_are_ten_matches() {
    let skus: Vec<String> = (1..=10).map(|n| format!("SKU-{n}")).collect();
    let codes: Vec<(&str, &str)> = skus.iter().map(|sku| (sku.as_str(), "")).collect();
    let catalogue = Catalogue::start(&codes, &codes).await;
    catalogue.until_linked(10).await;
    for (variant, sku) in skus.iter().enumerate() {
        assert_eq!(catalogue.linked_to(variant).await.as_ref(), Some(sku));
    }
    assert_eq!(catalogue.rows("conflicts").await, [Value::Null; 0]);
}

#[tokio::test]
async fn b87_three_variants_without_a_code_are_listed() {
    let codes = [("", ""), ("A1", ""), ("", ""), ("", "")];
    let catalogue = Catalogue::start(&codes, &[("A1", "")]).await;
    catalogue.until_linked(1).await;
    let conflicts = catalogue.rows("conflicts").await;
    assert_eq!(conflicts.len(), 3, "{conflicts:#?}");
    assert!(conflicts.iter().all(|row| row["kind"] == "blank"), "{conflicts:#?}");
}

#[tokio::test]
async fn b89_a_code_in_another_case_spacing_or_with_zeros_is_a_near_miss_and_no_match() {
    let codes = [("ab1", ""), ("C 1", ""), ("007", ""), ("A1", "")];
    let known = [("AB1", ""), ("C1", ""), ("7", ""), ("A1", "")];
    let catalogue = Catalogue::start(&codes, &known).await;
    catalogue.until_linked(1).await;
    for (place, near) in [(0, "wms/AB1"), (1, "wms/C1"), (2, "wms/7")] {
        assert_eq!(catalogue.linked_to(place).await, None);
        let conflict = catalogue.conflict(place).await;
        assert_eq!((&conflict["kind"], &conflict["near"]), (&json!("twin"), &json!([near])));
    }
}

#[tokio::test]
async fn b136_two_of_three_are_known_and_linked_and_the_third_is_listed() {
    let codes = [("A1", ""), ("A2", ""), ("A3", "")];
    let catalogue = Catalogue::start(&codes, &[("A1", ""), ("A2", "")]).await;
    catalogue.until_linked(2).await;
    assert_eq!(catalogue.linked_to(0).await.as_deref(), Some("A1"));
    assert_eq!(catalogue.linked_to(1).await.as_deref(), Some("A2"));
    assert_eq!(catalogue.conflict(2).await["kind"], "unknown");
}

#[tokio::test]
async fn b137_the_sku_decides_and_then_the_barcode() {
    let (eight, nine) = ("4006381333931", "4006381333948");
    // The first has a SKU that nobody knows; the second has one thing's SKU, another's barcode.
    let codes = [("MINE", eight), ("X", nine)];
    let known = [("BY-BARCODE", eight), ("X", ""), ("Y", nine)];
    let catalogue = Catalogue::start(&codes, &known).await;
    catalogue.until_linked(2).await;
    assert_eq!(catalogue.linked_to(0).await.as_deref(), Some("BY-BARCODE"));
    assert_eq!(catalogue.linked_to(1).await.as_deref(), Some("X"));
}

#[tokio::test]
async fn b139_a_link_that_was_made_by_hand_stays() {
    let codes = [("W1", ""), ("A2", "")];
    let catalogue = Catalogue::start(&codes, &[("W1", ""), ("W9", ""), ("A2", "")]).await;
    catalogue.link(0, "W9").await;
    catalogue.until_linked(2).await;
    assert_eq!(catalogue.linked_to(0).await.as_deref(), Some("W9"));
    assert_eq!(catalogue.linked_to(1).await.as_deref(), Some("A2"));
}

#[tokio::test]
async fn b156_a_product_with_stock_in_the_store_makes_none_in_the_warehouse() {
    let catalogue = Catalogue::start(&[("A1", ""), ("NEW", "")], &[("A1", "")]).await;
    catalogue.until_linked(1).await;
    let product = json!({"event_id": "p-NEW", "sku": "NEW", "updated_at": "2026-11-24T10:00:00Z"});
    catalogue.wms.post("/v1/products", &json!({"products": [product]})).await.ok();
    let new = [count("c-NEW", "NEW", "MAIN", "0")];
    catalogue.world.report(&catalogue.wms, "counts", &new).await;
    catalogue.until_linked(2).await;
    let (world, shop) = (&catalogue.world, &catalogue.shop);
    world.until_position(shop, "NEW", "wms/MAIN", Some("0")).await;
    world.settle(shop).await;
    let stock = world.admin.get("/api/v1/stores/north/stock/NEW").await.ok();
    let position = stock.pointer("/positions/0/position").and_then(Value::as_str);
    assert_eq!(position, Some("0"), "{stock:#}");
    for call in ["SetQuantities", "AdjustQuantities", "Activate"] {
        assert!(world.calls(shop, call).is_empty(), "{call}");
    }
}

/// product-sync finds the doubt and stock-sync keeps the item still; what a person decides ends
/// both, and what was held goes out.
#[tokio::test]
async fn a_linked_item_in_conflict_is_pushed_nowhere_until_a_person_decides() {
    let codes = [("A1", ""), ("A2", "")];
    let catalogue = Catalogue::start(&codes, &codes).await;
    let (world, shop) = (&catalogue.world, &catalogue.shop);
    catalogue.until_linked(2).await;
    world.go_live(shop, "delta").await;
    world.settle(shop).await;
    // A second variant carries the code by now.
    let at = world.standin.shop(&shop.domain).expect("a shop");
    let other = json!({"sku": "A1", "tracked": true,
        "quantities": [{"location": "Berlin", "available": 3}]});
    at.act("add_product", json!({"title": "Another", "variants": [other]})).expect("a product");
    catalogue.sync().await;
    assert_eq!(catalogue.conflict(0).await["kind"], "duplicate");
    assert_eq!(catalogue.linked_to(0).await.as_deref(), Some("A1"), "its link stands");
    let verdict = async |sku: &str| {
        let stock = world.admin.get(&format!("/api/v1/stores/north/stock/{sku}")).await.ok();
        stock.pointer("/levels/0/verdict").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    world.until("it is parked", async || verdict("A1").await.starts_with("CONFLICT: ")).await;

    let moves =
        ["A1", "A2"].map(|sku| movement(&format!("m-{sku}"), "RECEIVING", sku, "MAIN", "5"));
    world.report(&catalogue.wms, "movements", &moves).await;
    for sku in ["A1", "A2"] {
        world.until_position(shop, sku, "wms/MAIN", Some("5")).await;
    }
    world
        .until("its neighbour goes on", async || {
            world.shown_by_merchant(shop, "Berlin", "A2") == 55
        })
        .await;
    world.settle(shop).await;
    assert_eq!(world.shown_by_merchant(shop, "Berlin", "A1"), 50, "nothing is sent");

    catalogue.link(0, "A1").await;
    world
        .until("what was held is sent", async || {
            world.shown_by_merchant(shop, "Berlin", "A1") == 55
        })
        .await;
    assert_eq!(catalogue.conflict(0).await, Value::Null);
    assert_eq!(verdict("A1").await, "");
    // The code is as doubtful as before, and was decided.
    catalogue.sync().await;
    world.settle(shop).await;
    assert_eq!((catalogue.conflict(0).await, verdict("A1").await), (Value::Null, String::new()));
    assert_eq!(world.calls(shop, "AdjustQuantities").len(), 2);
    world.ends_well().await;
}
