//! As much of Shopify as the service's calls meet, with faults.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_domain::StoreId;
use lockstep_ports::{AdminAnswer, AdminError, AdminErrorKind, AdminRequest, ShopifyAdmin};
use serde_json::{Value, json};

#[derive(Default)]
struct Inside {
    /// SKU and barcode by id.
    variants: BTreeMap<i64, (String, String)>,
    faults: VecDeque<AdminErrorKind>,
    calls: Vec<String>,
}

pub struct FakeShopify {
    /// Variants on one page, whatever is asked.
    pub page: usize,
    inside: Mutex<Inside>,
}

impl FakeShopify {
    pub fn new(page: usize) -> Self {
        Self { page, inside: Mutex::default() }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn put(&self, id: i64, sku: &str, barcode: &str) {
        self.inside().variants.insert(id, (sku.to_owned(), barcode.to_owned()));
    }

    pub fn delete(&self, id: i64) {
        self.inside().variants.remove(&id);
    }

    pub fn fault(&self, kind: AdminErrorKind) {
        self.inside().faults.push_back(kind);
    }

    pub fn throttle(&self, seconds: u64) {
        self.fault(AdminErrorKind::Throttled { wait: Duration::from_secs(seconds) });
    }

    /// Times that an operation was called.
    pub fn calls(&self, operation: &str) -> usize {
        self.inside().calls.iter().filter(|name| *name == operation).count()
    }

    fn answer(&self, operation: &str, variables: &Value) -> Value {
        let inside = self.inside();
        let number = |text: &str| text.rsplit('/').next().and_then(|n| n.parse::<i64>().ok());
        let node = |id: i64| {
            let (sku, barcode) = inside.variants.get(&id)?;
            Some(json!({
                "id": format!("gid://shopify/ProductVariant/{id}"), "title": "Default Title",
                "sku": sku, "barcode": barcode,
                "product": {"id": "gid://shopify/Product/1", "title": format!("Thing {id}"),
                    "status": "ACTIVE"},
                "inventoryItem": {"id": format!("gid://shopify/InventoryItem/{}", id + 1_000),
                    "tracked": true},
            }))
        };
        match operation {
            "VariantsCount" => json!({"productVariantsCount": {"count": inside.variants.len()}}),
            "VariantsByIds" => {
                let ids = variables["ids"].as_array().cloned().unwrap_or_default();
                let ids = ids.iter().filter_map(|id| id.as_str().and_then(number));
                json!({"nodes": ids.map(node).collect::<Vec<_>>()})
            }
            "VariantsPage" => {
                let above = variables["query"].as_str().and_then(|q| q.strip_prefix("id:>"));
                let from = variables["after"].as_str().or(above).and_then(number).unwrap_or(0);
                let mut behind = inside.variants.keys().copied().filter(|id| *id > from);
                let page: Vec<_> = behind.by_ref().take(self.page).collect();
                let more = behind.next().is_some();
                let nodes: Vec<_> = page.iter().filter_map(|id| node(*id)).collect();
                let cursor = page.last().map(ToString::to_string);
                json!({"productVariants": {"nodes": nodes,
                    "pageInfo": {"hasNextPage": more, "endCursor": cursor}}})
            }
            other => panic!("the service called {other}"),
        }
    }
}

#[async_trait]
impl ShopifyAdmin for FakeShopify {
    async fn send(&self, _: &StoreId, request: &AdminRequest) -> Result<AdminAnswer, AdminError> {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let operation = request.operation.clone();
        let fault = {
            let mut inside = self.inside();
            inside.calls.push(operation.clone());
            inside.faults.pop_front()
        };
        if let Some(kind) = fault {
            return Err(AdminError { kind, operation, message: "as the test wishes".to_owned() });
        }
        let data = self.answer(&operation, &body["variables"]);
        Ok(AdminAnswer { data, actual_cost: None, available: None })
    }

    fn budget_left(&self, _: &StoreId) -> Option<f64> {
        None
    }
}
