//! Which shop a token opens, and what it may do there.

use lockstep_domain::ShopDomain;
use serde_json::Value;

pub(super) use super::answers::who_am_i::DOCUMENT;
use super::answers::who_am_i::{Variables, answer, call};
use super::document::{Call, DecodeError};

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
    call(&Variables {})
}

/// Reads the answer to [`who_am_i`].
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_who_am_i(data: &Value) -> Result<WhoAmI, DecodeError> {
    let answer = answer(data);
    let shop = answer.shop()?;
    let domain = ShopDomain::try_new(shop.myshopify_domain()?);
    let scopes = answer.current_app_installation()?.access_scopes()?;
    let mut versions = Vec::new();
    for version in answer.public_api_versions()? {
        if version.supported()? {
            versions.push(version.handle()?);
        }
    }
    Ok(WhoAmI {
        shop_id: shop.id()?,
        name: Some(shop.name()?),
        shop_domain: Some(domain.map_err(|_| shop.wrong("myshopifyDomain"))?),
        currency: Some(shop.currency_code()?),
        timezone: Some(shop.iana_timezone()?),
        plan: Some(shop.plan()?.public_display_name()?),
        scopes: scopes.iter().map(|scope| scope.handle()).collect::<Result<_, _>>()?,
        versions,
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
    fn half_an_answer_is_refused() {
        let error = decode_who_am_i(&json!({"shop": {"myshopifyDomain": "a"}})).unwrap_err();
        assert_eq!(error.to_string(), "answer to WhoAmI has no usable currentAppInstallation");
        assert!(decode_who_am_i(&Value::Null).is_err());
    }
}
