//! Shopify, as far as stock goes: levels with an arithmetic of their own, keys, guards and faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_domain::StoreId;
use lockstep_ports::{AdminAnswer, AdminError, AdminErrorKind, AdminRequest, Clock, ShopifyAdmin};
use serde_json::{Value, json};

use crate::random::Random;

/// Keys are remembered so long.
const KEY_HOURS: i64 = 24;

/// Names a level: the store, the inventory item, the location.
pub type LevelName = (String, i64, i64);

/// A level.
#[derive(Clone, Copy, Debug)]
pub struct Shelf {
    /// What may be sold.
    pub available: i64,
    /// What is promised and not sent.
    pub committed: i64,
    /// How much `available` was changed by anybody but us, since it was last asked for.
    pub by_others: i64,
    /// Its version.
    pub at: Timestamp,
}

/// A change of a level that a webhook tells of.
#[derive(Clone, Debug)]
pub struct Told {
    /// The level.
    pub level: LevelName,
    /// What it shows.
    pub available: i64,
    /// Its version.
    pub at: Timestamp,
}

/// A write of ours that applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The level.
    pub level: LevelName,
    /// `available` before and after.
    pub available: (i64, i64),
    /// The effect that carried it.
    pub effect: String,
}

/// A sale that happened while a call was on its way.
#[derive(Clone, Debug)]
pub struct SoldMeanwhile {
    /// The level.
    pub level: LevelName,
    /// Units.
    pub units: i64,
}

#[derive(Default)]
struct Inside {
    shelves: BTreeMap<LevelName, Shelf>,
    keys: BTreeMap<String, (Value, Timestamp)>,
    told: Vec<Told>,
    applied: Vec<Applied>,
    sold: Vec<SoldMeanwhile>,
    mutations: u64,
}

/// What goes wrong, in percent of the calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble {
    /// Calls and answers get lost, and calls are turned away.
    pub faults: i64,
    /// Somebody buys between our read and our write.
    pub sales: i64,
}

/// The simulated Shopify of all stores.
pub struct SimShopify {
    clock: Arc<dyn Clock>,
    inside: Mutex<Inside>,
    chance: Mutex<(Random, Trouble)>,
}

impl SimShopify {
    /// Without any level.
    pub fn new(clock: Arc<dyn Clock>, random: Random) -> Self {
        let chance = Mutex::new((random, Trouble::default()));
        Self { clock, inside: Mutex::default(), chance }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what goes wrong from now on.
    pub fn trouble(&self, trouble: Trouble) {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).1 = trouble;
    }

    fn chance(&self, percent: impl FnOnce(&Trouble) -> i64) -> bool {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        let percent = percent(&chance.1);
        percent > 0 && chance.0.percent(percent)
    }

    fn pick(&self, low: i64, high: i64) -> i64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).0.within(low, high)
    }

    /// Stocks an item at a location.
    pub fn stock(&self, level: LevelName, available: i64) {
        let at = self.clock.now();
        let shelf = Shelf { available, committed: 0, by_others: 0, at };
        self.inside().shelves.insert(level, shelf);
    }

    /// A level, if it is stocked.
    pub fn shelf(&self, level: &LevelName) -> Option<Shelf> {
        self.inside().shelves.get(level).copied()
    }

    /// Somebody else than we changes a level.
    pub fn change(&self, level: &LevelName, available: i64, committed: i64) {
        let now = self.clock.now();
        let mut inside = self.inside();
        let Some(shelf) = inside.shelves.get_mut(level) else { return };
        shelf.available += available;
        shelf.committed += committed;
        shelf.by_others += available;
        shelf.at = now;
        let told = Told { level: level.clone(), available: shelf.available, at: now };
        inside.told.push(told);
    }

    /// What others changed is counted anew.
    pub fn count_anew(&self) {
        self.inside().shelves.values_mut().for_each(|shelf| shelf.by_others = 0);
    }

    /// What webhooks tell since this was last asked for.
    pub fn take_told(&self) -> Vec<Told> {
        std::mem::take(&mut self.inside().told)
    }

    /// Writes that applied since this was last asked for.
    pub fn take_applied(&self) -> Vec<Applied> {
        std::mem::take(&mut self.inside().applied)
    }

    /// Sales since this was last asked for.
    pub fn take_sold(&self) -> Vec<SoldMeanwhile> {
        std::mem::take(&mut self.inside().sold)
    }

    /// How many mutations arrived.
    pub fn mutations(&self) -> u64 {
        self.inside().mutations
    }

    fn run(&self, store: &str, operation: &str, variables: &Value) -> Value {
        match operation {
            "LevelsOfItems" => self.levels(store, variables),
            "AdjustQuantities" => self.once(store, variables, Self::adjust),
            "SetQuantities" => self.once(store, variables, Self::set),
            other => panic!("no such operation here: {other}"),
        }
    }

    /// The same key runs once within a day.
    fn once(
        &self,
        store: &str,
        variables: &Value,
        run: impl FnOnce(&Self, &str, &Value) -> Value,
    ) -> Value {
        let key = format!("{store}/{}", variables["key"]);
        let now = self.clock.now();
        let known = self.inside().keys.get(&key).cloned();
        match known {
            Some((answer, at)) if now.duration_since(at).as_hours() < KEY_HOURS => answer,
            _ => {
                let answer = run(self, store, variables);
                self.inside().keys.insert(key, (answer.clone(), now));
                answer
            }
        }
    }

    fn levels(&self, store: &str, variables: &Value) -> Value {
        let location = number(&variables["location"]);
        let node = |id: &Value| {
            let level = self.shelf(&(store.to_owned(), number(id), location)).map(|shelf| {
                let at = shelf.at.to_string();
                let part = |name: &str, quantity: i64| {
                    json!({"name": name, "quantity": quantity, "updatedAt": at})
                };
                json!({"id": format!("gid://shopify/InventoryLevel/{location}"),
                    "isActive": true, "updatedAt": at, "quantities": [
                        part("available", shelf.available), part("committed", shelf.committed),
                        part("on_hand", shelf.available + shelf.committed)]})
            });
            json!({"id": id, "sku": null, "tracked": true, "inventoryLevel": level})
        };
        let ids = variables["ids"].as_array().map(Vec::as_slice).unwrap_or_default();
        json!({"nodes": ids.iter().map(node).collect::<Vec<_>>()})
    }

    fn adjust(&self, store: &str, variables: &Value) -> Value {
        let input = &variables["input"];
        let lines = input["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        for line in lines {
            self.write(&level_of(store, line), input, line["delta"].as_i64().unwrap_or_default());
        }
        answered("inventoryAdjustQuantities", &[])
    }

    /// All lines or none: each stale line is named.
    fn set(&self, store: &str, variables: &Value) -> Value {
        let input = &variables["input"];
        let lines = input["quantities"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_on_hand = input["name"] == "on_hand";
        let shown = |line: &Value| {
            let shelf = self.shelf(&level_of(store, line));
            shelf.map(|shelf| shelf.available + if is_on_hand { shelf.committed } else { 0 })
        };
        let is_stale = |line: &Value| line["changeFromQuantity"].as_i64() != shown(line);
        let numbered = lines.iter().enumerate();
        let stale: Vec<_> = numbered.filter(|(_, line)| is_stale(line)).map(|(n, _)| n).collect();
        if stale.is_empty() {
            for line in lines {
                let to = line["quantity"].as_i64().unwrap_or_default();
                let by = to - shown(line).unwrap_or_default();
                self.write(&level_of(store, line), input, by);
            }
        }
        answered("inventorySetQuantities", &stale)
    }

    fn write(&self, level: &LevelName, input: &Value, by: i64) {
        let now = self.clock.now();
        let mut inside = self.inside();
        let Some(shelf) = inside.shelves.get_mut(level) else { return };
        let before = shelf.available;
        shelf.available += by;
        shelf.at = now;
        let after = shelf.available;
        let uri = input["referenceDocumentUri"].as_str().unwrap_or_default();
        let effect = uri.rsplit('/').next().unwrap_or_default().to_owned();
        inside.told.push(Told { level: level.clone(), available: after, at: now });
        inside.applied.push(Applied { level: level.clone(), available: (before, after), effect });
    }

    /// Somebody buys what a call is about to write.
    fn sell_meanwhile(&self, store: &str, variables: &Value) {
        let lines = variables["input"]["changes"].as_array();
        let lines = lines.or_else(|| variables["input"]["quantities"].as_array());
        let Some(line) = lines.and_then(|lines| lines.first()) else { return };
        let (level, units) = (level_of(store, line), self.pick(1, 2));
        if self.shelf(&level).is_some() {
            self.change(&level, -units, units);
            self.inside().sold.push(SoldMeanwhile { level, units });
        }
    }
}

fn level_of(store: &str, line: &Value) -> LevelName {
    (store.to_owned(), number(&line["inventoryItemId"]), number(&line["locationId"]))
}

fn number(gid: &Value) -> i64 {
    let digits = gid.as_str().and_then(|text| text.rsplit('/').next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

fn answered(root: &str, stale: &[usize]) -> Value {
    let blame = |line: &usize| {
        json!({"code": "CHANGE_FROM_QUANTITY_STALE", "message": "stale",
            "field": ["input", "quantities", line.to_string(), "changeFromQuantity"]})
    };
    let errors: Vec<_> = stale.iter().map(blame).collect();
    let made = json!({"id": "gid://shopify/InventoryAdjustmentGroup/1",
        "createdAt": "2026-11-24T10:00:00Z"});
    json!({root: {"inventoryAdjustmentGroup": errors.is_empty().then_some(made),
        "userErrors": errors}})
}

fn failed(request: &AdminRequest, kind: AdminErrorKind) -> AdminError {
    let (operation, message) = (request.operation.clone(), "as the seed wills".to_owned());
    AdminError { kind, operation, message }
}

#[async_trait]
impl ShopifyAdmin for SimShopify {
    async fn send(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        let body: Value = serde_json::from_slice(&request.body)
            .map_err(|_| failed(request, AdminErrorKind::Permanent))?;
        let variables = &body["variables"];
        let fault = self.chance(|trouble| trouble.faults).then(|| self.pick(0, 3));
        if request.mutation {
            self.inside().mutations += 1;
            if self.chance(|trouble| trouble.sales) {
                self.sell_meanwhile(store.as_str(), variables);
            }
        }
        let lost = || failed(request, AdminErrorKind::UnknownOutcome);
        match fault {
            Some(0) => {
                let kind = AdminErrorKind::Throttled { wait: Duration::from_secs(2) };
                return Err(failed(request, kind));
            }
            Some(_) if !request.mutation => {
                return Err(failed(request, AdminErrorKind::Transient));
            }
            Some(1) => return Err(lost()),
            _ => {}
        }
        let data = self.run(store.as_str(), &request.operation, variables);
        if fault.is_some() {
            return Err(lost());
        }
        Ok(AdminAnswer { data, actual_cost: None, available: None })
    }

    fn budget_left(&self, _: &StoreId) -> Option<f64> {
        None
    }
}
