//! As much of Shopify as the service's calls meet, with faults.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_domain::StoreId;
use lockstep_ports::{AdminAnswer, AdminError, AdminErrorKind, AdminRequest, ShopifyAdmin};
use serde_json::{Value, json};

use crate::shop::Shop;

/// What befalls the next cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It happens, and the answer is lost.
    LostAnswer,
    /// It does not happen, and the answer is lost.
    LostCall,
    /// Shopify refuses it.
    Refused,
    /// It is taken, and carried out later.
    Slow,
}

#[derive(Default)]
struct Inside {
    orders: BTreeMap<i64, Shop>,
    faults: VecDeque<Fault>,
    calls: Vec<(String, Value)>,
    hides_customers: bool,
    is_locked: bool,
    /// Changes an order after its first page was read.
    moves_on: bool,
    /// Reads of orders that are answered as if there were none.
    misses: u32,
}

#[derive(Default)]
pub struct FakeShopify {
    inside: Mutex<Inside>,
}

impl FakeShopify {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store shows of an order from now on.
    pub fn show(&self, shop: &Shop) {
        self.inside().orders.insert(shop.id, shop.clone());
    }

    pub fn delete(&self, order: i64) {
        self.inside().orders.remove(&order);
    }

    pub fn order(&self, order: i64) -> Shop {
        self.inside().orders[&order].clone()
    }

    pub fn fault(&self, fault: Fault) {
        self.inside().faults.push_back(fault);
    }

    pub fn hide_customers(&self) {
        self.inside().hides_customers = true;
    }

    pub fn lock(&self, is_locked: bool) {
        self.inside().is_locked = is_locked;
    }

    pub fn move_on_once(&self) {
        self.inside().moves_on = true;
    }

    /// The next reads of an order meet a server that does not know it yet.
    pub fn miss(&self, reads: u32) {
        self.inside().misses = reads;
    }

    /// Variables of the calls of an operation.
    pub fn asked(&self, operation: &str) -> Vec<Value> {
        let inside = self.inside();
        let calls = inside.calls.iter().filter(|(name, _)| name == operation);
        calls.map(|(_, variables)| variables.clone()).collect()
    }

    /// How often an operation was called.
    pub fn calls(&self, operation: &str) -> usize {
        self.inside().calls.iter().filter(|(name, _)| name == operation).count()
    }
}

fn failed(request: &AdminRequest, kind: AdminErrorKind) -> AdminError {
    AdminError { kind, operation: request.operation.clone(), message: "a fault".to_owned() }
}

fn number(id: &Value) -> i64 {
    let text = id.as_str().expect("a gid");
    text.rsplit('/').next().expect("a part").parse().expect("a number")
}

impl Inside {
    fn answer(&mut self, request: &AdminRequest) -> Result<Value, AdminError> {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let variables = &body["variables"];
        self.calls.push((request.operation.clone(), variables.clone()));
        if self.is_locked {
            return Err(failed(request, AdminErrorKind::Access));
        }
        match request.operation.as_str() {
            "OrderCancel" => self.cancel(request, number(&variables["order"])),
            "OrdersOfFulfillmentOrders" => {
                let ids = variables["ids"].as_array().expect("ids");
                let node = |id: &Value| {
                    let order = number(id) / 100;
                    json!({"id": id, "order": {"id": format!("gid://shopify/Order/{order}")}})
                };
                Ok(json!({"nodes": ids.iter().map(node).collect::<Vec<_>>()}))
            }
            "OrdersUpdated" => Ok(self.updated(variables)),
            "OrderContact" if self.hides_customers => {
                Err(failed(request, AdminErrorKind::Permanent))
            }
            _ if self.misses > 0 => {
                self.misses -= 1;
                Ok(json!({"order": null}))
            }
            operation => {
                let Some(shop) = self.orders.get_mut(&number(&variables["id"])) else {
                    return Ok(json!({"order": null}));
                };
                let answer = shop.answer(operation, variables);
                if std::mem::take(&mut self.moves_on) {
                    shop.second += 1;
                }
                Ok(answer)
            }
        }
    }

    /// Pages of two, so that a few orders are several pages.
    fn updated(&self, variables: &Value) -> Value {
        let query = variables["query"].as_str().expect("a query");
        let moments: Vec<&str> = query.split('\'').skip(1).step_by(2).collect();
        assert_eq!(query, format!("updated_at:>='{}' updated_at:<'{}'", moments[0], moments[1]));
        let moment = |text: &str| text.parse::<Timestamp>().expect("a moment");
        let window = moment(moments[0])..moment(moments[1]);
        let mut found: Vec<_> = self.orders.values().map(|shop| (shop.at(), shop.id)).collect();
        found.retain(|(at, _)| window.contains(&moment(at)));
        found.sort();
        let from = variables["after"].as_str().map_or(0, |after| after.parse().expect("a cursor"));
        let gid = |id: i64| format!("gid://shopify/Order/{id}");
        let node = |(at, id): &(String, i64)| json!({"id": gid(*id), "updatedAt": at});
        let nodes: Vec<_> = found.iter().skip(from).take(2).map(node).collect();
        let page =
            json!({"hasNextPage": from + 2 < found.len(), "endCursor": (from + 2).to_string()});
        json!({"orders": {"nodes": nodes, "pageInfo": page}})
    }

    fn cancel(&mut self, request: &AdminRequest, order: i64) -> Result<Value, AdminError> {
        let fault = self.faults.pop_front();
        if fault == Some(Fault::Refused) {
            let error = json!({"code": "INVALID", "message": "Cannot cancel this order"});
            return Ok(json!({"orderCancel": {"job": null, "orderCancelUserErrors": [error]}}));
        }
        if matches!(fault, None | Some(Fault::LostAnswer)) {
            let shop = self.orders.get_mut(&order).expect("an order");
            shop.cancel();
            shop.second += 1;
        }
        if matches!(fault, Some(Fault::LostAnswer | Fault::LostCall)) {
            return Err(failed(request, AdminErrorKind::UnknownOutcome));
        }
        let job = json!({"id": "gid://shopify/Job/1"});
        Ok(json!({"orderCancel": {"job": job, "orderCancelUserErrors": []}}))
    }
}

#[async_trait]
impl ShopifyAdmin for FakeShopify {
    async fn send(&self, _: &StoreId, request: &AdminRequest) -> Result<AdminAnswer, AdminError> {
        let data = self.inside().answer(request)?;
        Ok(AdminAnswer { data, actual_cost: None, available: None })
    }

    fn budget_left(&self, _: &StoreId) -> Option<f64> {
        None
    }
}
