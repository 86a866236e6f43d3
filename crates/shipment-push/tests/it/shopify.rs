//! As much of Shopify as the service's calls meet, by its own arithmetic, with faults.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use lockstep_domain::StoreId;
use lockstep_ports::{AdminAnswer, AdminError, AdminErrorKind, AdminRequest, ShopifyAdmin};
use serde_json::{Value, json};

/// What befalls the next mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It happens, and the answer is lost.
    LostAnswer,
    /// It does not happen, and the answer is lost.
    LostCall,
    /// Shopify refuses it.
    Refused,
    /// The scope is missing.
    Forbidden,
}

#[derive(Clone, Debug)]
pub struct Sent {
    pub id: i64,
    pub numbers: Vec<String>,
    pub units: BTreeMap<i64, i64>,
    pub cancelled: bool,
    pub notified: bool,
}

/// One order: one fulfillment order per location.
#[derive(Default)]
pub struct Inside {
    /// Units left, by location and line.
    pub remaining: BTreeMap<(i64, i64), i64>,
    pub held: bool,
    /// There is no such order.
    pub absent: bool,
    pub sent: Vec<Sent>,
    faults: VecDeque<Fault>,
    calls: Vec<(String, Value)>,
}

#[derive(Default)]
pub struct FakeShopify {
    inside: Mutex<Inside>,
}

impl FakeShopify {
    pub fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn fault(&self, fault: Fault) {
        self.inside().faults.push_back(fault);
    }

    /// How often an operation was called.
    pub fn calls(&self, operation: &str) -> usize {
        self.inside().calls.iter().filter(|(name, _)| name == operation).count()
    }

    /// What stands at Shopify: id, first number, units.
    pub fn sent(&self) -> Vec<(i64, String, i64)> {
        let inside = self.inside();
        let live = inside.sent.iter().filter(|sent| !sent.cancelled);
        let one = |sent: &Sent| {
            let number = sent.numbers.first().cloned().unwrap_or_default();
            (sent.id, number, sent.units.values().sum())
        };
        live.map(one).collect()
    }
}

fn gid(kind: &str, id: i64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

fn number(id: &Value) -> i64 {
    let text = id.as_str().expect("a gid");
    text.rsplit('/').next().expect("a part").parse().expect("a number")
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts.map(|text| text.as_str().expect("text").to_owned()).collect()
}

impl Inside {
    fn answer(&mut self, request: &AdminRequest) -> Result<Value, AdminError> {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let variables = &body["variables"];
        self.calls.push((request.operation.clone(), variables.clone()));
        if !request.mutation {
            let order = if self.absent { Value::Null } else { self.order() };
            return Ok(json!({"order": order}));
        }
        let fault = self.faults.pop_front();
        let failed = |kind| {
            let operation = request.operation.clone();
            Err(AdminError { kind, operation, message: "a fault".to_owned() })
        };
        match fault {
            Some(Fault::LostCall) => return failed(AdminErrorKind::UnknownOutcome),
            Some(Fault::Forbidden) => return failed(AdminErrorKind::Permanent),
            _ => {}
        }
        let is_refused = fault == Some(Fault::Refused);
        let (root, done) = match request.operation.as_str() {
            "FulfillmentCreate" => {
                let input = &variables["fulfillment"];
                ("fulfillmentCreate", if is_refused { None } else { self.create(input) })
            }
            "FulfillmentTracking" => ("fulfillmentTrackingInfoUpdate", self.track(variables)),
            "FulfillmentCancel" => ("fulfillmentCancel", self.cancel(variables)),
            other => panic!("{other} is not called"),
        };
        if fault == Some(Fault::LostAnswer) {
            return failed(AdminErrorKind::UnknownOutcome);
        }
        let errors = match done {
            Some(_) => json!([]),
            None => json!([{"field": ["fulfillment"], "message": "Invalid quantity requested."}]),
        };
        let fulfillment = done.map(|id| json!({"id": gid("Fulfillment", id)}));
        Ok(json!({root: {"fulfillment": fulfillment, "userErrors": errors}}))
    }

    /// Lines of fulfillment orders bear the number of their line of the order.
    fn create(&mut self, input: &Value) -> Option<i64> {
        let mut remaining = self.remaining.clone();
        let mut units = BTreeMap::new();
        for of_order in input["lineItemsByFulfillmentOrder"].as_array().expect("a list") {
            let location = number(&of_order["fulfillmentOrderId"]);
            for line in of_order["fulfillmentOrderLineItems"].as_array().expect("a list") {
                let (id, quantity) = (number(&line["id"]), line["quantity"].as_i64()?);
                let left = remaining.get_mut(&(location, id))?;
                *left -= quantity;
                if *left < 0 || self.held {
                    return None;
                }
                *units.entry(id).or_default() += quantity;
            }
        }
        self.remaining = remaining;
        let id = 9001 + i64::try_from(self.sent.len()).expect("few");
        self.sent.push(Sent {
            id,
            numbers: texts(&input["trackingInfo"]["numbers"]),
            units,
            cancelled: false,
            notified: input["notifyCustomer"] == true,
        });
        Some(id)
    }

    fn track(&mut self, variables: &Value) -> Option<i64> {
        let id = number(&variables["fulfillment"]);
        let sent = self.sent.iter_mut().find(|sent| sent.id == id)?;
        sent.numbers = texts(&variables["tracking"]["numbers"]);
        Some(id)
    }

    fn cancel(&mut self, variables: &Value) -> Option<i64> {
        let id = number(&variables["fulfillment"]);
        let sent = self.sent.iter_mut().find(|sent| sent.id == id)?;
        sent.cancelled = true;
        Some(id)
    }

    fn order(&self) -> Value {
        let last = json!({"hasNextPage": false});
        let sent = |sent: &Sent| {
            let line = |(line, units): (&i64, &i64)| {
                let line = json!({"id": gid("LineItem", *line)});
                json!({"quantity": units, "lineItem": line})
            };
            let numbers = sent.numbers.iter().map(|number| json!({"number": number, "url": null}));
            json!({
                "id": gid("Fulfillment", sent.id),
                "status": if sent.cancelled { "CANCELLED" } else { "SUCCESS" },
                "trackingInfo": numbers.collect::<Vec<_>>(),
                "fulfillmentLineItems": {"pageInfo": last,
                    "nodes": sent.units.iter().map(line).collect::<Vec<_>>()},
            })
        };
        let mut by_location: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
        for ((location, line), remaining) in &self.remaining {
            by_location.entry(*location).or_default().push(json!({
                "id": gid("FulfillmentOrderLineItem", *line), "remainingQuantity": remaining,
                "lineItem": {"id": gid("LineItem", *line)},
            }));
        }
        let route = |(location, lines): (&i64, &Vec<Value>)| {
            json!({
                "id": gid("FulfillmentOrder", *location),
                "status": if self.held { "ON_HOLD" } else { "OPEN" },
                "supportedActions": if self.held { json!([]) }
                    else { json!([{"action": "CREATE_FULFILLMENT"}]) },
                "assignedLocation": {"location": {"id": gid("Location", *location)}},
                "fulfillmentHolds": [{"reason": "OTHER"}],
                "lineItems": {"pageInfo": last, "nodes": lines},
            })
        };
        json!({
            "id": gid("Order", crate::world::ORDER), "updatedAt": "2026-11-24T10:00:00Z",
            "fulfillments": self.sent.iter().map(sent).collect::<Vec<_>>(),
            "fulfillmentOrders": {"pageInfo": last,
                "nodes": by_location.iter().map(route).collect::<Vec<_>>()},
        })
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
