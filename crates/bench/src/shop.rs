//! Sets up back offices and stores, by the public API alone.

use anyhow::{Context as _, Result, ensure};
use lockstep_demo::http::Http;
use lockstep_demo::json::{id, list, text};
use lockstep_demo::stage::random_hex;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

/// The back office of every benchmark.
pub const BACK_OFFICE: &str = "wms";
/// Its warehouse.
pub const WAREHOUSE: &str = "MAIN";
/// The location of every shop.
pub const LOCATION: &str = "Depot";

/// Adds the back office with its warehouse; gives the contract's API with a token.
pub async fn back_office(stage: &Stage) -> Result<Http> {
    back_office_of(stage, BACK_OFFICE, "physical").await
}

/// Adds one whose numbers are of a kind.
pub async fn back_office_of(stage: &Stage, id: &str, basis: &str) -> Result<Http> {
    let body = json!({ "id": id, "name": "Warehouse", "stock": { "basis": basis } });
    call(stage, Method::POST, "/backoffices", &body).await?;
    let path = format!("/backoffices/{id}/warehouses/{WAREHOUSE}");
    call(stage, Method::PUT, &path, &json!({ "name": "Main" })).await?;
    let path = format!("/backoffices/{id}/tokens");
    let made = call(stage, Method::POST, &path, &json!({ "label": "bench" })).await?;
    Http::new(&stage.gateway, Some(&text(&made, "token")?))
}

/// A shop at the local Shopify and a store here, served from the warehouse, with its variants
/// linked and stock live.
pub async fn store(stage: &Stage, store: &str, skus: &[String]) -> Result<()> {
    let (domain, token) = (domain(store), format!("shpat_{}", random_hex(32)));
    let product = |sku: &String| {
        json!({ "title": sku, "status": "ACTIVE", "variants": [{
            "sku": sku, "title": "Default Title", "price": "12.00", "tracked": true,
            "policy": "DENY", "quantities": [{ "location": LOCATION, "available": 5 }],
        }]})
    };
    let shop = json!({
        "shop_domain": domain, "access_token": token, "api_secret": stage.api_secret,
        "locations": [{ "name": LOCATION }],
        "products": skus.iter().map(product).collect::<Vec<_>>(),
    });
    let shop = stage.shopify.post("/_standin/shops", &shop).await?;
    let body = json!({
        "id": store, "shop_domain": domain, "access_token": token,
        "backoffices": [{ "id": BACK_OFFICE, "roles": ["stock"] }],
    });
    call(stage, Method::POST, "/stores", &body).await?;
    let location = list(&shop, "locations").next().context("the shop has a location")?;
    let path = format!("/stores/{store}/locations/{}", id(location, "id")?);
    let warehouse = format!("{BACK_OFFICE}/{WAREHOUSE}");
    call(stage, Method::PUT, &path, &json!({ "warehouses": [warehouse] })).await?;
    let mut file = String::from("variant_id,backoffice,sku\n");
    for variant in list(&shop, "products").flat_map(|product| list(product, "variants")) {
        let (variant, sku) = (id(variant, "id")?, text(variant, "sku")?);
        file.push_str(&format!("{variant},{BACK_OFFICE},{sku}\n"));
    }
    let shape = |request: reqwest::RequestBuilder| {
        request.header("Content-Type", "text/csv").body(file.clone())
    };
    stage.admin.call(Method::POST, &format!("/stores/{store}/links"), shape).await?;
    let live = json!({ "enabled": true, "stock": { "enabled": "live", "mode": "delta" } });
    call(stage, Method::PATCH, &format!("/stores/{store}"), &live).await.map(drop)
}

/// Shopify's name of a store.
pub fn domain(store: &str) -> String {
    format!("{store}.myshopify.com")
}

/// SKUs that look like some.
pub fn skus(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("SHIRT-{number:05}-M")).collect()
}

/// A call whose change every service must have adopted.
pub async fn call(stage: &Stage, method: Method, path: &str, body: &Value) -> Result<Value> {
    let answer = stage.admin.send(method, path, body).await?;
    let pending = list(&answer, "pending").count();
    ensure!(pending == 0, "{path}: services did not adopt the change: {answer}");
    Ok(answer)
}
