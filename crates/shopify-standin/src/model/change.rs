//! What changed in a shop, as the state file keeps it.

use super::access::Access;
use super::catalog::{Item, Level, LevelKey, Location, MetafieldDefinition, Product, Variant};
use super::order::{EditSession, Order};
use super::settings::Settings;
use super::shop::{AdjustmentGroup, Shop};
use super::subscription::Subscription;
use super::table::Changes;
use crate::bulk::{BulkOperation, KeptFile};
use crate::faults::Faults;
use crate::idempotency;
use crate::jobs::{Cancellation, Job, ProductOperation};
use crate::journal::Added;
use crate::throttle::Bucket;
use crate::webhooks::outbox;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What stands in a shop beside its tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    #[serde(default)]
    name: Option<String>,
    installed: bool,
    access_token: String,
    secret: String,
    scopes: Vec<String>,
    #[serde(default)]
    access: Access,
    settings: Settings,
    bucket: Bucket,
    faults: Faults,
    next_id: i64,
    last_order: i64,
}

/// What changed in a shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShopChange {
    domain: String,
    head: Head,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    locations: Changes<i64, Location>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    products: Changes<i64, Product>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    variants: Changes<i64, Variant>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    items: Changes<i64, Item>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    levels: Changes<LevelKey, Level>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    orders: Changes<i64, Order>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    owners: Changes<i64, i64>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    jobs: Changes<(Timestamp, i64), Job>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    cancellations: Changes<i64, Cancellation>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    groups: Changes<i64, AdjustmentGroup>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    edits: Changes<i64, EditSession>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    operations: Changes<i64, ProductOperation>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    definitions: Changes<i64, MetafieldDefinition>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    bulks: Changes<i64, BulkOperation>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    files: Changes<String, KeptFile>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    subscriptions: Changes<i64, Subscription>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    gone: Changes<i64, ()>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    keys: Changes<String, idempotency::Entry>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    outbox: Changes<u64, outbox::Waiting>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    answers: Changes<String, serde_json::Value>,
    #[serde(default, skip_serializing_if = "Added::is_empty")]
    journal: Added,
}

impl ShopChange {
    /// Whose change it is.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    fn is_empty(&self) -> bool {
        self.locations.is_empty()
            && self.products.is_empty()
            && self.variants.is_empty()
            && self.items.is_empty()
            && self.levels.is_empty()
            && self.orders.is_empty()
            && self.owners.is_empty()
            && self.jobs.is_empty()
            && self.cancellations.is_empty()
            && self.groups.is_empty()
            && self.edits.is_empty()
            && self.operations.is_empty()
            && self.definitions.is_empty()
            && self.bulks.is_empty()
            && self.files.is_empty()
            && self.subscriptions.is_empty()
            && self.gone.is_empty()
            && self.keys.is_empty()
            && self.outbox.is_empty()
            && self.answers.is_empty()
            && self.journal.is_empty()
    }
}

impl Shop {
    fn head(&self) -> Head {
        Head {
            name: Some(self.name.clone()),
            installed: self.installed,
            access_token: self.access_token.clone(),
            secret: self.secret.clone(),
            scopes: self.scopes.clone(),
            access: self.access.clone(),
            settings: self.settings.clone(),
            bucket: self.bucket.clone(),
            faults: self.faults.clone(),
            next_id: self.next_id,
            last_order: self.last_order,
        }
    }

    /// What changed since the last call, if anything did.
    pub fn changes(&mut self) -> Option<ShopChange> {
        let head = self.head();
        let changed = self.kept.as_ref() != Some(&head);
        let change = ShopChange {
            domain: self.domain.clone(),
            head: head.clone(),
            locations: self.locations.changes(),
            products: self.products.changes(),
            variants: self.variants.changes(),
            items: self.items.changes(),
            levels: self.levels.changes(),
            orders: self.orders.changes(),
            owners: self.owners.changes(),
            jobs: self.jobs.changes(),
            cancellations: self.cancellations.changes(),
            groups: self.groups.changes(),
            edits: self.edits.changes(),
            operations: self.operations.changes(),
            definitions: self.definitions.changes(),
            bulks: self.bulks.changes(),
            files: self.files.changes(),
            subscriptions: self.subscriptions.changes(),
            gone: self.gone.changes(),
            keys: self.keys.changes(),
            outbox: self.outbox.changes(),
            answers: self.answers.changes(),
            journal: self.journal.added(),
        };
        self.kept = Some(head);
        (changed || !change.is_empty()).then_some(change)
    }

    /// Forgets what changed: it is kept elsewhere, or nowhere.
    pub fn forget_changes(&mut self) {
        self.locations.forget_changes();
        self.products.forget_changes();
        self.variants.forget_changes();
        self.items.forget_changes();
        self.levels.forget_changes();
        self.orders.forget_changes();
        self.owners.forget_changes();
        self.jobs.forget_changes();
        self.cancellations.forget_changes();
        self.groups.forget_changes();
        self.edits.forget_changes();
        self.operations.forget_changes();
        self.definitions.forget_changes();
        self.bulks.forget_changes();
        self.files.forget_changes();
        self.subscriptions.forget_changes();
        self.gone.forget_changes();
        self.keys.forget_changes();
        self.outbox.forget_changes();
        self.answers.forget_changes();
        self.journal.forget_added();
        self.kept = None;
    }

    /// Makes changes that were written down happen again.
    pub fn apply(&mut self, change: ShopChange) {
        let head = change.head;
        self.name = head.name.unwrap_or_else(|| std::mem::take(&mut self.name));
        self.installed = head.installed;
        self.access_token = head.access_token;
        self.secret = head.secret;
        self.scopes = head.scopes;
        self.access = head.access;
        self.settings = head.settings;
        self.bucket = head.bucket;
        self.faults = head.faults;
        self.next_id = head.next_id;
        self.last_order = head.last_order;
        self.locations.apply(change.locations);
        self.products.apply(change.products);
        self.variants.apply(change.variants);
        self.items.apply(change.items);
        self.levels.apply(change.levels);
        self.orders.apply(change.orders);
        self.owners.apply(change.owners);
        self.jobs.apply(change.jobs);
        self.cancellations.apply(change.cancellations);
        self.groups.apply(change.groups);
        self.edits.apply(change.edits);
        self.operations.apply(change.operations);
        self.definitions.apply(change.definitions);
        self.bulks.apply(change.bulks);
        self.files.apply(change.files);
        self.subscriptions.apply(change.subscriptions);
        self.gone.apply(change.gone);
        self.keys.apply(change.keys);
        self.outbox.apply(change.outbox);
        self.answers.apply(change.answers);
        self.journal.apply(change.journal);
    }
}
