//! Webhook subscriptions made with the shop's token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subscription {
    /// Number of its GID.
    pub id: i64,
    /// Value of the enum, `INVENTORY_LEVELS_UPDATE`.
    pub topic_name: String,
    /// `inventory_levels/update`.
    pub topic: String,
    /// Where messages go.
    pub uri: String,
    /// A name that travels in `X-Shopify-Name`.
    pub name: Option<String>,
    /// Search syntax over the body's fields.
    pub filter: Option<String>,
    /// Fields kept of the body; empty = all.
    pub include_fields: Vec<String>,
    /// `JSON` or `XML`.
    pub format: String,
    /// Namespaces added to the body (kept, not acted upon).
    pub metafield_namespaces: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
