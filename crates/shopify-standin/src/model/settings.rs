//! What can be switched per shop while it runs.

use serde::{Deserialize, Serialize};

/// Shopify plans, as far as they decide the API bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Basic, Grow, development.
    #[default]
    Standard,
    /// Advanced.
    Advanced,
    /// Plus.
    Plus,
    /// Commerce Components.
    Enterprise,
}

impl Plan {
    /// Points restored per second; the bucket is 20 s of it.
    #[must_use]
    pub fn restore_rate(self) -> f64 {
        match self {
            Self::Standard => 100.0,
            Self::Advanced => 200.0,
            Self::Plus => 1000.0,
            Self::Enterprise => 2000.0,
        }
    }

    /// Points of a full bucket.
    #[must_use]
    pub fn bucket(self) -> f64 {
        self.restore_rate() * 20.0
    }

    /// `shop.plan.publicDisplayName`.
    #[must_use]
    pub fn display_name(self) -> &'static str {
        match self {
            Self::Standard => "Basic",
            Self::Advanced => "Advanced",
            Self::Plus => "Shopify Plus",
            Self::Enterprise => "Commerce Components",
        }
    }
}

/// The answer to a write to a level that is not connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unconnected {
    /// Success; the level is connected by it.
    #[default]
    Connect,
    /// Success; nothing happens.
    Ignore,
    /// `ITEM_NOT_STOCKED_AT_LOCATION`, as up to 2026-07.
    Error,
}

/// What `NO_RESTOCK` does to units that were not shipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfulfilled {
    /// They are gone: committed and on hand fall.
    #[default]
    Drop,
    /// They stay open and are still to be shipped.
    Keep,
}

/// The switches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Decides the bucket.
    pub plan: Plan,
    /// Writes to unconnected levels.
    pub unconnected: Unconnected,
    /// Time that every API call takes.
    pub latency_ms: u64,
    /// Searches do not see changes younger than this.
    pub index_lag_seconds: u64,
    /// Webhooks read the state this long after the change.
    pub assembly_delay_ms: u64,
    /// A change of stock fires `products/update` too.
    pub products_update_on_stock: bool,
    /// `inventory_levels/update` also when only committed or on hand move.
    pub level_update_on_committed: bool,
    /// Every call answers with this status.
    pub http_status: Option<u16>,
    /// Webhooks stay queued.
    pub webhooks_paused: bool,
    /// Fulfillment orders are made this long after their order.
    pub routing_delay_ms: u64,
    /// Only the act `route` makes fulfillment orders.
    pub routing_paused: bool,
    /// Jobs (`orderCancel`) run this long after they were asked for.
    pub job_delay_ms: u64,
    /// Orders that are paid and shipped are closed.
    pub auto_archive: bool,
    /// Refunds of open units without restock.
    pub no_restock_unfulfilled: Unfulfilled,
    /// Names, addresses, e-mail and phone were not approved for the app.
    pub hide_customer_data: bool,
    /// A development store: five orders a minute by `orderCreate`.
    pub development: bool,
    /// The same refresh of a token is answered again for so long.
    pub refresh_repeat_seconds: u64,
    /// App and shop belong to one organization: client credentials are enough.
    pub same_organization: bool,
    /// Answers with an expiring token do not say when it ends.
    pub no_expires_in: bool,
    /// `returns/process` says which return; its documented sample says nothing.
    pub returns_process_id: bool,
    /// Bulk operations run for so long.
    pub bulk_delay_ms: u64,
    /// Stock may be written in bulk.
    pub bulk_inventory: bool,
    /// A metafield of type `id` needs a definition.
    pub id_needs_definition: bool,
    /// Tokens that never expire are no longer taken.
    pub expiring_tokens_only: bool,
    /// A client may lose so many refusals of a key that it was told of: it is killed between an
    /// answer and its own record of it. Whoever is told once more must not use the key again.
    pub refusals_may_be_lost: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            plan: Plan::default(),
            unconnected: Unconnected::default(),
            latency_ms: 0,
            index_lag_seconds: 0,
            assembly_delay_ms: 0,
            products_update_on_stock: true,
            level_update_on_committed: false,
            http_status: None,
            webhooks_paused: false,
            routing_delay_ms: 0,
            routing_paused: false,
            job_delay_ms: 0,
            auto_archive: true,
            no_restock_unfulfilled: Unfulfilled::default(),
            hide_customer_data: false,
            development: false,
            refresh_repeat_seconds: 60,
            same_organization: true,
            no_expires_in: false,
            returns_process_id: false,
            bulk_delay_ms: 0,
            bulk_inventory: false,
            id_needs_definition: true,
            expiring_tokens_only: false,
            refusals_may_be_lost: 0,
        }
    }
}
