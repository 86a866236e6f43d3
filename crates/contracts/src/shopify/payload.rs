//! Bodies of webhooks, read tolerantly: nothing but the ids must be there, and unknown fields are
//! passed over. Ids are JSON integers that may exceed 2^53.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

/// `inventory_levels/update` and `inventory_levels/connect`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InventoryLevelUpdated {
    /// Id of the inventory item.
    pub inventory_item_id: i64,
    /// Id of the location.
    pub location_id: i64,
    /// Units available; `None` while the item is not tracked.
    #[serde(default)]
    pub available: Option<i64>,
    /// When the level last changed. `None` when absent or not a moment.
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<Timestamp>,
}

/// `inventory_levels/disconnect`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InventoryLevelDisconnected {
    /// Id of the inventory item.
    pub inventory_item_id: i64,
    /// Id of the location.
    pub location_id: i64,
}

/// `app/uninstalled`: the shop as it was.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AppUninstalled {
    /// Shopify's id of the shop.
    pub id: i64,
    /// `x.myshopify.com`.
    #[serde(default)]
    pub myshopify_domain: Option<String>,
}

/// Body of `bulk_operations/finish`. It tells that, and not what: the operation is read then.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BulkOperationFinished {
    /// Shopify's id of the operation, as a gid.
    pub admin_graphql_api_id: String,
}

/// A body that is not what its topic promises.
#[derive(Debug, Error)]
#[error("the webhook's body is not what its topic promises")]
pub struct PayloadError {
    #[source]
    source: serde_json::Error,
}

/// Reads a body.
///
/// # Errors
/// When it is not JSON, or an id is missing or not an integer.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, PayloadError> {
    serde_json::from_slice(body).map_err(|source| PayloadError { source })
}

/// ISO 8601 with the shop's offset. What cannot be read counts as absent: a reader that lacks the
/// moment must cope anyway, and a new spelling must not stop a level.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::{
        AppUninstalled, InventoryLevelDisconnected, InventoryLevelUpdated, PayloadError, decode,
    };

    #[test]
    fn level_is_read_with_ids_beyond_two_to_the_53_and_an_offset() {
        let body = br#"{"inventory_item_id":9007199254740993,"location_id":655441491,
            "available":-3,"updated_at":"2026-11-24T09:10:45-05:00",
            "admin_graphql_api_id":"gid://shopify/InventoryLevel/1?inventory_item_id=2"}"#;
        let level: InventoryLevelUpdated = decode(body).unwrap();
        assert_eq!(level.inventory_item_id, 9_007_199_254_740_993);
        assert_eq!(level.available, Some(-3));
        assert_eq!(level.updated_at, Some("2026-11-24T14:10:45Z".parse().unwrap()));
    }

    #[test]
    fn untracked_level_has_no_available() {
        let body = br#"{"inventory_item_id":1,"location_id":2,"available":null}"#;
        let level: InventoryLevelUpdated = decode(body).unwrap();
        assert_eq!((level.available, level.updated_at), (None, None));
    }

    #[test]
    fn unreadable_moment_counts_as_absent() {
        for moment in ["\"yesterday\"", "17", "null", "{}"] {
            let body =
                format!(r#"{{"inventory_item_id":1,"location_id":2,"updated_at":{moment}}}"#);
            let level: InventoryLevelUpdated = decode(body.as_bytes()).unwrap();
            assert_eq!(level.updated_at, None, "{moment}");
        }
    }

    #[test]
    fn missing_or_mistyped_ids_are_refused_with_their_cause() {
        let bodies: [&[u8]; 5] = [
            b"",
            b"{}",
            b"[1]",
            br#"{"inventory_item_id":"1","location_id":2}"#,
            br#"{"inventory_item_id":1.5,"location_id":2}"#,
        ];
        for body in bodies {
            let error: PayloadError = decode::<InventoryLevelUpdated>(body).unwrap_err();
            assert!(error.source().is_some());
        }
    }

    #[test]
    fn disconnect_and_uninstall_are_read() {
        let body = br#"{"inventory_item_id":1,"location_id":2}"#;
        let gone: InventoryLevelDisconnected = decode(body).unwrap();
        assert_eq!((gone.inventory_item_id, gone.location_id), (1, 2));
        let body = br#"{"id":548380009,"name":"North","myshopify_domain":"north.myshopify.com"}"#;
        let shop: AppUninstalled = decode(body).unwrap();
        assert_eq!(shop.id, 548_380_009);
        assert_eq!(shop.myshopify_domain.as_deref(), Some("north.myshopify.com"));
    }
}
