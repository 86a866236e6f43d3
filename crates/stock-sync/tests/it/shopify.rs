//! As much of Shopify as the service's calls meet, with faults.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_domain::StoreId;
use lockstep_ports::{
    AdminAnswer, AdminError, AdminErrorKind, AdminRequest, Clock, ShopifyAdmin, Urgency,
};
use serde_json::{Value, json};

/// A level.
#[derive(Clone, Copy, Debug)]
pub struct Shelf {
    pub available: i64,
    pub committed: i64,
    pub at: Timestamp,
}

/// What befalls the next mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It applies, and the answer is lost.
    LostAnswer,
    /// It does not apply, and the answer is lost.
    LostCall,
    /// It applies, the answer is lost, and Shopify does not know the key the next time.
    LostAnswerAndForget,
    /// It applies, and another app then changes available by so much.
    LostAnswerAndEdit(i64),
    /// Refused at the door for its points.
    Throttled,
    /// Not sent: this process has no points for it.
    OutOfPoints,
    /// Answered, and refused by a fault that passes.
    Unavailable,
}

#[derive(Default)]
struct Inside {
    /// Item, then location; an item without levels is stocked nowhere.
    items: BTreeMap<i64, BTreeMap<i64, Shelf>>,
    keys: BTreeMap<String, (Value, Timestamp)>,
    faults: VecDeque<Fault>,
    is_locked: bool,
    refuses_activation: bool,
    /// Every adjust is refused, and nobody named.
    refuses_all: bool,
    /// Items that make an adjust be refused, without being named.
    cursed: BTreeSet<i64>,
    calls: Vec<(String, Value)>,
    urgencies: Vec<(String, Urgency)>,
}

pub struct FakeShopify {
    clock: Arc<dyn Clock>,
    inside: Mutex<Inside>,
}

impl FakeShopify {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, inside: Mutex::default() }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stock(&self, item: i64, location: i64, available: i64) {
        let shelf = Shelf { available, committed: 0, at: self.clock.now() };
        self.inside().items.entry(item).or_default().insert(location, shelf);
    }

    /// The store has the item, and stocks it nowhere.
    pub fn unstock(&self, item: i64) {
        self.inside().items.insert(item, BTreeMap::new());
    }

    pub fn delete(&self, item: i64) {
        self.inside().items.remove(&item);
    }

    pub fn fault(&self, fault: Fault) {
        self.inside().faults.push_back(fault);
    }

    /// Whether the token is refused.
    pub fn lock(&self, is_locked: bool) {
        self.inside().is_locked = is_locked;
    }

    pub fn curse(&self, item: i64) {
        self.inside().cursed.insert(item);
    }

    /// Whether every adjust is refused.
    pub fn refuse_all(&self, refuses: bool) {
        self.inside().refuses_all = refuses;
    }

    pub fn refuse_activation(&self) {
        self.inside().refuses_activation = true;
    }

    /// An order claims and, where it is fulfilled, takes units.
    pub fn sell(&self, item: i64, location: i64, units: i64, is_fulfilled: bool) {
        self.change(item, location, |shelf| {
            shelf.available -= units;
            shelf.committed += if is_fulfilled { 0 } else { units };
        });
    }

    pub fn edit(&self, item: i64, location: i64, by: i64) {
        self.change(item, location, |shelf| shelf.available += by);
    }

    fn change(&self, item: i64, location: i64, change: impl FnOnce(&mut Shelf)) {
        let now = self.clock.now();
        let mut inside = self.inside();
        let shelf = inside.items.get_mut(&item).and_then(|levels| levels.get_mut(&location));
        let shelf = shelf.expect("a level");
        change(shelf);
        shelf.at = now;
    }

    pub fn shelf(&self, item: i64, location: i64) -> Option<Shelf> {
        self.inside().items.get(&item)?.get(&location).copied()
    }

    pub fn available(&self, item: i64, location: i64) -> Option<i64> {
        self.shelf(item, location).map(|shelf| shelf.available)
    }

    /// Variables of the calls of one operation, those that were refused at the door included.
    pub fn calls(&self, operation: &str) -> Vec<Value> {
        let inside = self.inside();
        let of_it = inside.calls.iter().filter(|(name, _)| name == operation);
        of_it.map(|(_, variables)| variables.clone()).collect()
    }

    /// How urgent the calls of one operation were.
    pub fn urgencies(&self, operation: &str) -> Vec<Urgency> {
        let inside = self.inside();
        let of_it = inside.urgencies.iter().filter(|(name, _)| name == operation);
        of_it.map(|(_, urgency)| *urgency).collect()
    }

    fn answer(&self, request: &AdminRequest, variables: &Value) -> Value {
        match request.operation.as_str() {
            "LevelsOfItems" => self.levels(variables),
            "AdjustQuantities" => self.once(variables, |this| this.adjust(variables)),
            "SetQuantities" => self.once(variables, |this| this.set(variables)),
            "Activate" => self.once(variables, |this| this.activate(variables)),
            other => panic!("no such operation here: {other}"),
        }
    }

    /// The same key runs once within a day, and is a new call afterwards.
    fn once(&self, variables: &Value, run: impl FnOnce(&Self) -> Value) -> Value {
        let key = variables["key"].as_str().expect("a key").to_owned();
        let known = self.inside().keys.get(&key).cloned();
        match known {
            Some((answer, at)) if self.clock.now().duration_since(at).as_hours() < 24 => answer,
            _ => {
                let answer = run(self);
                self.inside().keys.insert(key, (answer.clone(), self.clock.now()));
                answer
            }
        }
    }

    fn levels(&self, variables: &Value) -> Value {
        let location = number(&variables["location"]);
        let inside = self.inside();
        let node = |id: &Value| {
            let Some(levels) = inside.items.get(&number(id)) else { return Value::Null };
            let level = levels.get(&location).map(|shelf| {
                let at = shelf.at.to_string();
                let quantity = |name: &str, quantity: i64| {
                    json!({"name": name, "quantity": quantity, "updatedAt": at})
                };
                json!({"id": format!("gid://shopify/InventoryLevel/{location}"),
                    "isActive": true, "updatedAt": at, "quantities": [
                        quantity("available", shelf.available),
                        quantity("committed", shelf.committed),
                        quantity("on_hand", shelf.available + shelf.committed)]})
            });
            json!({"id": id, "sku": null, "tracked": true, "inventoryLevel": level})
        };
        let ids = variables["ids"].as_array().expect("ids");
        json!({"nodes": ids.iter().map(node).collect::<Vec<_>>()})
    }

    fn adjust(&self, variables: &Value) -> Value {
        let lines = variables["input"]["changes"].as_array().expect("changes");
        let item = |line: &Value| number(&line["inventoryItemId"]);
        let is_bad = |line| self.inside().cursed.contains(&item(line));
        if self.inside().refuses_all || lines.iter().any(is_bad) {
            let refused = json!({"code": "A_NEW_CODE", "message": "one is bad", "field": null});
            return json!({"inventoryAdjustQuantities":
                {"inventoryAdjustmentGroup": null, "userErrors": [refused]}});
        }
        for line in lines {
            let delta = line["delta"].as_i64().expect("a delta");
            self.edit(number(&line["inventoryItemId"]), number(&line["locationId"]), delta);
        }
        written("inventoryAdjustQuantities", &[])
    }

    /// All lines or none: each stale line is blamed.
    fn set(&self, variables: &Value) -> Value {
        let lines = variables["input"]["quantities"].as_array().expect("quantities");
        let is_on_hand = variables["input"]["name"] == "on_hand";
        let shown = |line: &Value| {
            let at = (number(&line["inventoryItemId"]), number(&line["locationId"]));
            let shelf = self.shelf(at.0, at.1).expect("a level");
            shelf.available + if is_on_hand { shelf.committed } else { 0 }
        };
        let is_stale = |line: &Value| line["changeFromQuantity"].as_i64() != Some(shown(line));
        let stale: Vec<usize> =
            lines.iter().enumerate().filter(|(_, line)| is_stale(line)).map(|(n, _)| n).collect();
        if stale.is_empty() {
            for line in lines {
                let by = line["quantity"].as_i64().expect("a quantity") - shown(line);
                self.edit(number(&line["inventoryItemId"]), number(&line["locationId"]), by);
            }
        }
        written("inventorySetQuantities", &stale)
    }

    fn activate(&self, variables: &Value) -> Value {
        if self.inside().refuses_activation {
            let refused = json!({"field": ["locationId"], "message": "not here"});
            return json!({"inventoryActivate":
                {"inventoryLevel": null, "userErrors": [refused]}});
        }
        self.stock(number(&variables["item"]), number(&variables["location"]), 0);
        json!({"inventoryActivate": {"userErrors": [],
            "inventoryLevel": {"id": "gid://shopify/InventoryLevel/1", "isActive": true}}})
    }
}

fn written(root: &str, stale: &[usize]) -> Value {
    let blame = |line: &usize| {
        json!({"code": "CHANGE_FROM_QUANTITY_STALE", "message": "stale",
            "field": ["input", "quantities", line.to_string(), "changeFromQuantity"]})
    };
    let errors: Vec<_> = stale.iter().map(blame).collect();
    let made = json!({"id": "gid://shopify/InventoryAdjustmentGroup/1",
        "createdAt": "2026-11-24T10:00:00Z"});
    let group = errors.is_empty().then_some(made);
    json!({root: {"inventoryAdjustmentGroup": group, "userErrors": errors}})
}

fn unavailable() -> AdminAnswer {
    let refused = json!({"code": "SERVICE_UNAVAILABLE", "message": "later", "field": null});
    let data = json!({"inventoryAdjustQuantities":
        {"inventoryAdjustmentGroup": null, "userErrors": [refused]}});
    AdminAnswer { data, actual_cost: None, available: None }
}

fn number(gid: &Value) -> i64 {
    let text = gid.as_str().expect("a global id");
    text.rsplit('/').next().and_then(|digits| digits.parse().ok()).expect("a number at its end")
}

fn error(request: &AdminRequest, kind: AdminErrorKind, message: &str) -> AdminError {
    let operation = request.operation.clone();
    AdminError { kind, operation, message: message.to_owned() }
}

#[async_trait]
impl ShopifyAdmin for FakeShopify {
    async fn send(&self, _: &StoreId, request: &AdminRequest) -> Result<AdminAnswer, AdminError> {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let variables = body["variables"].clone();
        let is_locked = {
            let mut inside = self.inside();
            inside.calls.push((request.operation.clone(), variables.clone()));
            inside.urgencies.push((request.operation.clone(), request.urgency));
            inside.is_locked
        };
        if is_locked {
            return Err(error(request, AdminErrorKind::Access, "401 Unauthorized"));
        }
        let fault = if request.mutation { self.inside().faults.pop_front() } else { None };
        let lost = || Err(error(request, AdminErrorKind::UnknownOutcome, "502 Bad Gateway"));
        match fault {
            Some(Fault::LostCall) => return lost(),
            Some(Fault::Throttled) => {
                let kind = AdminErrorKind::Throttled { wait: Duration::from_secs(2) };
                return Err(error(request, kind, "THROTTLED"));
            }
            Some(Fault::OutOfPoints) => {
                let kind = AdminErrorKind::OutOfPoints { wait: Duration::from_secs(5) };
                return Err(error(request, kind, "no points"));
            }
            Some(Fault::Unavailable) => return Ok(unavailable()),
            Some(_) | None => {}
        }
        let data = self.answer(request, &variables);
        if let Some(Fault::LostAnswerAndEdit(by)) = fault {
            let line = &variables["input"]["changes"][0];
            self.edit(number(&line["inventoryItemId"]), number(&line["locationId"]), by);
        }
        if fault == Some(Fault::LostAnswerAndForget) {
            self.inside().keys.clear();
        }
        if fault.is_some() {
            return lost();
        }
        Ok(AdminAnswer { data, actual_cost: None, available: None })
    }

    fn budget_left(&self, _: &StoreId) -> Option<f64> {
        None
    }
}
