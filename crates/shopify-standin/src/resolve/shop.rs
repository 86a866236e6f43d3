//! The shop itself, the app's installation, and what its scopes allow.

use super::Front;
use super::record::{Obj, Record};
use crate::clock::seconds_text;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::{Plan, Shop};

/// Versions that are served at this date.
pub const VERSIONS: [(&str, bool); 6] = [
    ("2026-01", true),
    ("2026-04", true),
    ("2026-07", true),
    ("2026-10", true),
    ("2027-01", false),
    ("unstable", false),
];

/// Scopes of an installation that names none: all that Lockstep asks for.
pub const SCOPES: [&str; 15] = [
    "read_products",
    "write_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_orders",
    "write_orders",
    "read_fulfillments",
    "write_fulfillments",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
    "read_returns",
    "write_returns",
    "read_customers",
    "read_publications",
];

/// One of these scopes opens a root field.
const NEEDED: [(&str, &[&str]); 83] = [
    ("locations", &["read_locations", "read_inventory"]),
    ("location", &["read_locations", "read_inventory"]),
    ("inventoryItems", &["read_inventory", "read_products"]),
    ("inventoryItem", &["read_inventory", "read_products"]),
    ("inventoryLevel", &["read_inventory"]),
    ("productVariants", &["read_products"]),
    ("productVariant", &["read_products"]),
    ("products", &["read_products"]),
    ("product", &["read_products"]),
    ("inventorySetQuantities", &["write_inventory"]),
    ("inventoryAdjustQuantities", &["write_inventory"]),
    ("inventoryMoveQuantities", &["write_inventory"]),
    ("inventoryActivate", &["write_inventory"]),
    ("inventoryDeactivate", &["write_inventory"]),
    ("inventoryBulkToggleActivation", &["write_inventory"]),
    ("inventoryItemUpdate", &["write_inventory", "write_products"]),
    ("orders", &["read_orders"]),
    ("ordersCount", &["read_orders"]),
    ("order", &["read_orders"]),
    ("orderByIdentifier", &["read_orders"]),
    ("refund", &["read_orders"]),
    ("return", &["read_returns"]),
    ("fulfillment", &["read_orders", "read_fulfillments"]),
    ("fulfillmentOrder", &READ_GOODS),
    ("fulfillmentOrders", &READ_GOODS),
    ("assignedFulfillmentOrders", &["read_assigned_fulfillment_orders"]),
    ("Order.fulfillmentOrders", &READ_GOODS),
    ("Order.returns", &["read_returns"]),
    ("Order.customer", &["read_customers"]),
    ("orderCreate", &["write_orders"]),
    ("orderUpdate", &["write_orders"]),
    ("orderCancel", &["write_orders"]),
    ("orderClose", &["write_orders"]),
    ("orderOpen", &["write_orders"]),
    ("orderMarkAsPaid", &["write_orders"]),
    ("orderDelete", &["write_orders"]),
    ("refundCreate", &["write_orders"]),
    ("tagsAdd", &["write_orders", "write_products"]),
    ("tagsRemove", &["write_orders", "write_products"]),
    ("returnCreate", &["write_returns"]),
    ("returnRequest", &["write_returns"]),
    ("returnApproveRequest", &["write_returns"]),
    ("returnDeclineRequest", &["write_returns"]),
    ("returnClose", &["write_returns"]),
    ("returnReopen", &["write_returns"]),
    ("returnCancel", &["write_returns"]),
    ("returnProcess", &["write_returns"]),
    ("reverseFulfillmentOrderDispose", &["write_returns"]),
    ("reverseFulfillmentOrder", &["read_returns"]),
    ("reverseDelivery", &["read_returns"]),
    ("reverseDeliveryCreateWithShipping", &["write_returns"]),
    ("reverseDeliveryShippingUpdate", &["write_returns"]),
    ("removeFromReturn", &["write_returns"]),
    ("returnableFulfillments", &["read_returns"]),
    ("returnReasonDefinitions", &["read_returns"]),
    ("orderEditBegin", &["write_order_edits"]),
    ("orderEditAddVariant", &["write_order_edits"]),
    ("orderEditAddCustomItem", &["write_order_edits"]),
    ("orderEditSetQuantity", &["write_order_edits"]),
    ("orderEditCommit", &["write_order_edits"]),
    ("productCreate", &["write_products"]),
    ("productUpdate", &["write_products"]),
    ("productSet", &["write_products"]),
    ("productDelete", &["write_products"]),
    ("productVariantsBulkCreate", &["write_products"]),
    ("productVariantsBulkUpdate", &["write_products"]),
    ("productVariantsBulkDelete", &["write_products"]),
    ("productByIdentifier", &["read_products"]),
    ("productVariantByIdentifier", &["read_products"]),
    ("Product.metafieldsSet", &["write_products"]),
    ("Order.metafieldsSet", &["write_orders"]),
    ("fulfillmentCreate", &WRITE_GOODS),
    ("fulfillmentTrackingInfoUpdate", &WRITE_GOODS),
    ("fulfillmentCancel", &WRITE_GOODS),
    ("fulfillmentOrderMove", &WRITE_GOODS),
    ("fulfillmentOrderSplit", &WRITE_GOODS),
    ("fulfillmentOrderMerge", &WRITE_GOODS),
    ("fulfillmentOrderHold", &WRITE_GOODS),
    ("fulfillmentOrderReleaseHold", &WRITE_GOODS),
    ("fulfillmentOrderOpen", &WRITE_GOODS),
    ("fulfillmentOrderCancel", &WRITE_GOODS),
    ("fulfillmentOrderReschedule", &WRITE_GOODS),
    ("fulfillmentOrderReportProgress", &WRITE_GOODS),
];

/// Every location here is the merchant's own, so only this one of the three scopes opens it.
const READ_GOODS: [&str; 1] = ["read_merchant_managed_fulfillment_orders"];

/// The same for writing.
const WRITE_GOODS: [&str; 1] = ["write_merchant_managed_fulfillment_orders"];

/// Checks that the token's scopes open a root field.
///
/// # Errors
/// `ACCESS_DENIED`.
pub fn allowed(shop: &Shop, field: &str) -> Result<(), GraphqlError> {
    let Some((_, needed)) = NEEDED.iter().find(|(root, _)| *root == field) else {
        return Ok(());
    };
    // A write scope includes the read scope of the same name.
    let covers = |scope: &str| {
        shop.scopes.iter().any(|granted| {
            granted == scope
                || granted
                    .strip_prefix("write_")
                    .is_some_and(|what| scope == format!("read_{what}"))
        })
    };
    if needed.iter().any(|scope| covers(scope)) {
        return Ok(());
    }
    let quoted: Vec<String> = needed.iter().map(|scope| format!("`{scope}`")).collect();
    let required = format!("{} access scope.", quoted.join(" or "));
    let message = format!("Access denied for {field} field. Required access: {required}");
    Err(GraphqlError::new("ACCESS_DENIED", message)
        .with("documentation", "https://shopify.dev/api/usage/access-scopes")
        .with("requiredAccess", required))
}

/// The refusal of a mutation that only the app itself may ask for.
#[must_use]
pub fn offline_only(field: &str) -> GraphqlError {
    let required = "`write_orders` access scope and an offline token.";
    let message = format!("Access denied for {field} field. Required access: {required}");
    GraphqlError::new("ACCESS_DENIED", message)
        .with("documentation", "https://shopify.dev/api/usage/access-scopes")
        .with("requiredAccess", required)
}

/// A field of `Shop`.
#[must_use]
pub fn shop(front: &Front<'_>, field: &str) -> Option<Out<Obj>> {
    let shop = &front.shop;
    Some(match field {
        "id" => Out::leaf(gid("Shop", shop.id)),
        "name" => Out::leaf(shop.name.as_str()),
        "myshopifyDomain" => Out::leaf(shop.domain.as_str()),
        "url" => Out::leaf(format!("https://{}", shop.domain)),
        "email" | "contactEmail" => Out::leaf(format!("owner@{}", shop.domain)),
        "currencyCode" => Out::leaf(shop.currency.as_str()),
        "ianaTimezone" => Out::leaf(shop.timezone.as_str()),
        "createdAt" | "updatedAt" => Out::leaf(seconds_text(shop.created_at)),
        "plan" => plan(shop.settings.plan),
        _ => return None,
    })
}

fn plan(plan: Plan) -> Out<Obj> {
    Record::new("ShopPlan")
        .with("publicDisplayName", Out::leaf(plan.display_name()))
        .with("displayName", Out::leaf(plan.display_name()))
        .with("shopifyPlus", Out::leaf(matches!(plan, Plan::Plus | Plan::Enterprise)))
        .with("partnerDevelopment", Out::leaf(false))
        .object()
}

/// A field of `AppInstallation`.
#[must_use]
pub fn installation(front: &Front<'_>, field: &str) -> Option<Out<Obj>> {
    let shop = &front.shop;
    Some(match field {
        "id" => Out::leaf(gid("AppInstallation", shop.id)),
        "launchUrl" => Out::leaf(format!("https://{}/admin/apps/lockstep", shop.domain)),
        "app" => app(shop.id),
        "accessScopes" => {
            let scopes = shop.scopes.iter().map(|scope| {
                Record::new("AccessScope")
                    .with("handle", Out::leaf(scope.as_str()))
                    .with("description", Out::leaf(scope.replace('_', " ")))
                    .object()
            });
            Out::List(scopes.collect())
        }
        _ => return None,
    })
}

/// The app, as far as it is shown.
#[must_use]
pub fn app(shop: i64) -> Out<Obj> {
    Record::new("App")
        .with("id", Out::leaf(gid("App", shop)))
        .with("title", Out::leaf("Lockstep"))
        .with("handle", Out::leaf("lockstep"))
        .object()
}

/// An `ApiVersion`.
#[must_use]
pub fn version(handle: &str) -> Out<Obj> {
    let supported = VERSIONS.contains(&(handle, true));
    Record::new("ApiVersion")
        .with("handle", Out::leaf(handle))
        .with("displayName", Out::leaf(handle))
        .with("supported", Out::leaf(supported))
        .object()
}
