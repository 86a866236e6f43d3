//! A shop: all its data, and the few changes from which every act and mutation is made.

use super::access::{Access, Bearer, TokenKind};
use super::catalog::{Item, Level, LevelKey, Location, MetafieldDefinition, Product, Variant};
use super::change::Head;
use super::order::{EditSession, Order};
use super::quantities::{Broken, Quantities, QuantityName, Step};
use super::settings::Settings;
use super::subscription::Subscription;
use super::table::Table;
use crate::bulk::{BulkOperation, KeptFile};
use crate::faults::Faults;
use crate::idempotency::KeyStore;
use crate::jobs::{Cancellation, Job, ProductOperation};
use crate::journal::Journal;
use crate::throttle::Bucket;
use crate::webhooks::fact::{Action, Fact};
use crate::webhooks::outbox::Outbox;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::Bound;

/// How many adjustment groups are kept for `node(id)` and for repeated keys.
const GROUPS_KEPT: usize = 2000;

/// A change group of `inventorySetQuantities` and its like.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdjustmentGroup {
    /// Number of its GID.
    pub id: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// The reason that was given.
    pub reason: String,
    /// The reference that was given.
    pub reference_document_uri: Option<String>,
    /// What changed.
    pub changes: Vec<GroupChange>,
}

/// One name of one level that changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupChange {
    /// The level.
    pub key: LevelKey,
    /// The name.
    pub name: QuantityName,
    /// Units.
    pub delta: i64,
    /// The document of a ledger, for names other than available.
    pub ledger_document_uri: Option<String>,
}

/// A shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shop {
    /// `alpha.myshopify.com`.
    pub domain: String,
    /// Number of its GID.
    pub id: i64,
    /// Shown name.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name.
    pub timezone: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// False after an uninstall: every token is dead.
    pub installed: bool,
    /// The app's token.
    pub access_token: String,
    /// The app's secret that signs webhooks.
    pub secret: String,
    /// Granted access.
    pub scopes: Vec<String>,
    /// Codes and tokens that were given to the app.
    #[serde(default)]
    pub access: Access,
    /// Switches.
    pub settings: Settings,
    /// Points.
    pub bucket: Bucket,
    /// By number.
    pub locations: Table<i64, Location>,
    /// By number.
    pub products: Table<i64, Product>,
    /// By number.
    pub variants: Table<i64, Variant>,
    /// By number.
    pub items: Table<i64, Item>,
    /// By place.
    pub levels: Table<LevelKey, Level>,
    /// By number.
    pub orders: Table<i64, Order>,
    /// The order of a line, fulfillment order, fulfillment, refund, ...
    pub owners: Table<i64, i64>,
    /// What is to happen by itself.
    pub jobs: Table<(Timestamp, i64), Job>,
    /// Cancellations that were asked for, by the number of their job.
    pub cancellations: Table<i64, Cancellation>,
    /// Edits that were not committed, by number.
    #[serde(default)]
    pub edits: Table<i64, EditSession>,
    /// Products that are set later, by number.
    #[serde(default)]
    pub operations: Table<i64, ProductOperation>,
    /// By number.
    #[serde(default)]
    pub definitions: Table<i64, MetafieldDefinition>,
    /// By number.
    #[serde(default)]
    pub bulks: Table<i64, BulkOperation>,
    /// By name.
    #[serde(default)]
    pub files: Table<String, KeptFile>,
    /// By number.
    pub groups: Table<i64, AdjustmentGroup>,
    /// By number.
    pub subscriptions: Table<i64, Subscription>,
    /// Numbers that existed and are gone.
    pub gone: Table<i64, ()>,
    /// Idempotency keys.
    pub keys: KeyStore,
    /// Faults to come.
    pub faults: Faults,
    /// What happened.
    pub journal: Journal,
    /// Webhooks to send.
    pub outbox: Outbox,
    /// What acts answered that were asked for under an id.
    pub answers: Table<String, serde_json::Value>,
    /// The next number to give out.
    pub next_id: i64,
    /// The number of the last order.
    pub last_order: i64,
    /// What the state file holds of all that stands beside the tables.
    #[serde(skip)]
    pub(crate) kept: Option<Head>,
}

impl Shop {
    /// A number that no other object has.
    pub fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// What the token of a call opens.
    #[must_use]
    pub fn bearer(&self, token: Option<&str>, now: Timestamp) -> Bearer {
        match token {
            _ if !self.installed => Bearer::Bad(None),
            Some(token) if token == self.access_token => {
                if self.settings.expiring_tokens_only {
                    Bearer::WrongKind
                } else {
                    Bearer::Good(TokenKind::Offline)
                }
            }
            token => self.access.bearer(token.unwrap_or_default(), now),
        }
    }

    /// Ends a token without a word to its client.
    pub fn kill_token(&mut self, token: &str, now: Timestamp) {
        if token == self.access_token {
            let fresh = format!("shpat_{}", crate::ids::fresh().replace('-', ""));
            self.access_token = fresh;
        }
        self.access.end(token, now, true);
    }

    /// The order to which something belongs.
    #[must_use]
    pub fn owner(&self, part: i64) -> Option<&Order> {
        self.orders.get(self.owners.get(&part)?)
    }

    /// What metafields of a name hold on owners of a kind, where that is defined.
    #[must_use]
    pub fn definition(
        &self,
        owner: &str,
        namespace: &str,
        key: &str,
    ) -> Option<&MetafieldDefinition> {
        let named = |one: &&MetafieldDefinition| one.namespace == namespace && one.key == key;
        self.definitions.values().filter(|one| one.owner == owner).find(named)
    }

    /// Levels of an item, by location.
    pub fn levels_of_item(&self, item: i64) -> impl Iterator<Item = &Level> {
        self.locations
            .keys()
            .filter_map(move |&location| self.levels.get(&LevelKey { location, item }))
    }

    /// Levels of a location, by item.
    pub fn levels_at(&self, location: i64) -> impl Iterator<Item = &Level> {
        let first = LevelKey { location, item: i64::MIN };
        self.levels
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(move |(key, _)| key.location == location)
            .map(|(_, level)| level)
    }

    /// The variant of an item.
    #[must_use]
    pub fn variant_of(&self, item: i64) -> Option<&Variant> {
        self.variants.get(&self.items.get(&item)?.variant)
    }

    /// Sum of `available` over the active levels of an item.
    #[must_use]
    pub fn inventory_quantity(&self, item: i64) -> i64 {
        self.levels_of_item(item)
            .filter(|level| level.active)
            .map(|level| level.quantities.available)
            .sum()
    }

    /// How many items have this SKU.
    #[must_use]
    pub fn sku_count(&self, sku: Option<&str>) -> usize {
        let same = |item: &&Item| item.sku.as_deref() == sku;
        self.items.values().filter(same).count()
    }

    /// Applies a step of the table to a level and answers which names changed by how much.
    /// An untracked item keeps no quantities: nothing changes.
    ///
    /// # Errors
    /// [`Broken`] when the sum would not hold; the level is left as it was.
    pub fn step(
        &mut self,
        key: LevelKey,
        step: Step,
        now: Timestamp,
        action: &mut Action,
    ) -> Result<Vec<(QuantityName, i64)>, Broken> {
        let tracked = self.items.get(&key.item).is_some_and(|item| item.tracked);
        let Some(level) = self.levels.get_mut(&key).filter(|_| tracked) else {
            return Ok(Vec::new());
        };
        let before = level.quantities;
        let after = before.after(step)?;
        level.quantities = after;
        let changed = difference(&before, &after);
        let sellable = before.available != after.available;
        let told = self.settings.level_update_on_committed && !changed.is_empty();
        if sellable || told {
            level.updated_at = now;
            action.add(Fact::LevelUpdated(key));
        }
        if sellable && self.settings.products_update_on_stock {
            self.touch_product(key.item, action);
        }
        Ok(changed)
    }

    /// Says that the product of an item changed.
    pub fn touch_product(&self, item: i64, action: &mut Action) {
        if let Some(variant) = self.variant_of(item) {
            action.add(Fact::ProductUpdated(variant.product));
        }
    }

    /// Connects an item to a location; a level that existed comes back with its quantities.
    pub fn connect(&mut self, key: LevelKey, now: Timestamp, action: &mut Action) {
        let id = match self.levels.get_mut(&key) {
            Some(level) if level.active => return,
            Some(level) => {
                level.active = true;
                level.updated_at = now;
                level.active_changed_at = now;
                None
            }
            None => Some(self.new_id()),
        };
        if let Some(id) = id {
            let level = Level {
                key,
                id,
                active: true,
                quantities: Quantities::default(),
                created_at: now,
                updated_at: now,
                active_changed_at: now,
            };
            self.levels.insert(key, level);
        }
        action.add(Fact::LevelConnected(key));
    }

    /// Disconnects an item from a location; the quantities are kept.
    pub fn disconnect(&mut self, key: LevelKey, now: Timestamp, action: &mut Action) {
        if let Some(level) = self.levels.get_mut(&key).filter(|level| level.active) {
            level.active = false;
            level.updated_at = now;
            level.active_changed_at = now;
            action.add(Fact::LevelDisconnected(key));
        }
    }

    /// Keeps a change group, and forgets the oldest.
    pub fn keep_group(&mut self, group: AdjustmentGroup) {
        self.groups.insert(group.id, group);
        while self.groups.len() > GROUPS_KEPT {
            self.groups.pop_first();
        }
    }
}

/// The names that differ, `available` first and `on_hand` last.
fn difference(before: &Quantities, after: &Quantities) -> Vec<(QuantityName, i64)> {
    QuantityName::ALL
        .into_iter()
        .map(|name| (name, after.get(name) - before.get(name)))
        .filter(|(_, delta)| *delta != 0)
        .collect()
}
