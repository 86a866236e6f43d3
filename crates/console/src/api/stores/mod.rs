//! `/stores`.

pub mod add;
pub mod change;
pub mod conflicts;
pub mod get;
pub mod jobs;
pub mod links;
pub mod list;
pub mod locations;
pub mod orders;
pub mod products;
pub mod remove;
pub mod stock;
pub mod webhooks;

use lockstep_contracts::settings::v1::StoreBackOffice;
use lockstep_contracts::shopify::admin::WhoAmI;
use lockstep_domain::BackOfficeId;
use serde_json::Value;

use crate::fields;
use crate::problem::{Code, Problem};
use crate::service::Console;

/// Scopes that the work of this release needs.
pub const NEEDED_SCOPES: &[&str] = &[
    "read_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_orders",
    "write_orders",
    "read_customers",
    "read_fulfillments",
    "write_fulfillments",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
];

/// Characters of a token or secret.
const SECRET_CHARS_MAX: usize = 512;

/// A token or secret: visible ASCII, as headers carry it. A refusal never shows it.
fn secret(path: &str, value: Value) -> Result<String, Problem> {
    let text = fields::text(path, value)
        .map_err(|_| Problem::validation(path, format!("{path} is not text"), "give text"))?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > SECRET_CHARS_MAX || !is_plain {
        let detail = format!("{path} has {} characters or not all of them plain", text.len());
        let fix = format!("give 1 to {SECRET_CHARS_MAX} visible ASCII characters, without spaces");
        return Err(Problem::validation(path, detail, fix));
    }
    Ok(text)
}

/// The one secret that signs a store's webhooks. A list is the server's own setting while a secret
/// is rotated: as a store's secret, every webhook of it would be refused.
fn api_secret(path: &str, value: Value) -> Result<String, Problem> {
    let text = secret(path, value)?;
    if text.contains(',') {
        let detail = format!("{path} holds a comma, as a list of several secrets does");
        return Err(Problem::validation(path, detail, "give the one secret of the store's app"));
    }
    Ok(text)
}

/// Back offices that a body names must exist.
async fn check_backoffices(console: &Console, named: &[StoreBackOffice]) -> Result<(), Problem> {
    for (index, one) in named.iter().enumerate() {
        let found = match BackOfficeId::try_new(one.id.as_str()) {
            Ok(id) => console.registry.any_backoffice(&id).await?,
            Err(_) => None,
        };
        if found.is_none() {
            let field = format!("backoffices[{index}].id");
            let detail = format!("there is no back office {}", one.id);
            let fix = "add it first: POST /api/v1/backoffices";
            return Err(Problem::new(Code::UnknownBackOffice, field, detail, fix));
        }
    }
    Ok(())
}

/// Scopes that the token lacks.
pub fn missing_scopes(found: &WhoAmI) -> Vec<&'static str> {
    missing_scopes_of(&found.scopes)
}

/// Needed scopes that were not granted. A write scope holds the read scope of the same name.
pub fn missing_scopes_of(granted: &[String]) -> Vec<&'static str> {
    let has = |scope: &str| granted.iter().any(|granted| granted == scope);
    let writes = |scope: &str| {
        let thing = scope.strip_prefix("read_");
        thing.is_some_and(|thing| has(&format!("write_{thing}")))
    };
    NEEDED_SCOPES.iter().copied().filter(|scope| !has(scope) && !writes(scope)).collect()
}
