//! Which shop a token opens, and what it may do there.

use lockstep_domain::ShopDomain;
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;

pub(super) const DOCUMENT: Document = Document {
    operation: "WhoAmI",
    text: include_str!("operations/who_am_i.graphql"),
    cost: 5,
    mutation: false,
    idempotent: false,
};

/// The shop behind a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhoAmI {
    /// Shopify's global id of the shop.
    pub shop_id: String,
    /// Its name for people.
    pub name: Option<String>,
    /// Its permanent domain.
    pub shop_domain: Option<ShopDomain>,
    /// ISO code of its currency.
    pub currency: Option<String>,
    /// IANA name of its time zone.
    pub timezone: Option<String>,
    /// Shopify's public name of its plan.
    pub plan: Option<String>,
    /// Scopes that the token has.
    pub scopes: Vec<String>,
    /// API versions that Shopify supports now.
    pub versions: Vec<String>,
}

/// Asks which shop the token opens.
#[must_use]
pub fn who_am_i() -> Call {
    #[derive(Serialize)]
    struct Variables {}
    DOCUMENT.call(&Variables {})
}

/// Reads the answer to [`who_am_i`].
///
/// # Errors
/// No shop or no id of it.
pub fn decode_who_am_i(data: &Value) -> Result<WhoAmI, DecodeError> {
    let shop = read::root(data, &DOCUMENT, "shop")?;
    let installation = data.get("currentAppInstallation").unwrap_or(&Value::Null);
    let versions = read::list(data, "publicApiVersions").iter();
    Ok(WhoAmI {
        shop_id: read::id(shop, &DOCUMENT, "shop")?,
        name: read::text(shop, "name"),
        shop_domain: read::text(shop, "myshopifyDomain")
            .and_then(|domain| ShopDomain::try_new(domain).ok()),
        currency: read::text(shop, "currencyCode"),
        timezone: read::text(shop, "ianaTimezone"),
        plan: shop.get("plan").and_then(|plan| read::text(plan, "publicDisplayName")),
        scopes: read::list(installation, "accessScopes")
            .iter()
            .filter_map(|scope| read::text(scope, "handle"))
            .collect(),
        versions: versions
            .filter(|version| read::flag(version, "supported") != Some(false))
            .filter_map(|version| read::text(version, "handle"))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_the_shop_and_what_the_token_may_do() {
        let answer = decode_who_am_i(&json!({
            "shop": {"id": "gid://shopify/Shop/1", "name": "North", "currencyCode": "EUR",
                     "myshopifyDomain": "North.myshopify.com", "ianaTimezone": "Europe/Berlin",
                     "plan": {"publicDisplayName": "Basic"}},
            "currentAppInstallation": {"id": "gid://shopify/AppInstallation/1",
                "accessScopes": [{"handle": "read_products"}, {"handle": "write_inventory"}]},
            "publicApiVersions": [{"handle": "2026-10", "supported": true},
                                  {"handle": "unstable", "supported": false}],
        }))
        .unwrap();
        assert_eq!(answer.shop_domain.unwrap().as_str(), "north.myshopify.com");
        assert_eq!(answer.scopes, ["read_products", "write_inventory"]);
        assert_eq!(answer.versions, ["2026-10"]);
    }

    #[test]
    fn only_the_id_is_needed() {
        let answer = decode_who_am_i(&json!({"shop": {"id": "gid://shopify/Shop/1", "name": 7}}));
        assert_eq!(answer.unwrap().name, None);
        let error = decode_who_am_i(&json!({"shop": {"name": "North"}})).unwrap_err();
        assert_eq!(error.to_string(), "answer to WhoAmI has no usable shop.id");
        assert!(decode_who_am_i(&Value::Null).is_err());
    }
}
