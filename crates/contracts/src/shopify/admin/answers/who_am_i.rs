//! `WhoAmI`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "WhoAmI",
    text: include_str!("../operations/who_am_i.graphql"),
    cost: 5,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {}

/// Builds a call.
pub fn call(variables: &Variables) -> Call {
    DOCUMENT.call(variables)
}

/// Sees an answer.
pub fn answer(data: &Value) -> Data<'_> {
    Data::from(Node::root(&DOCUMENT, data))
}

view! {
    /// `QueryRoot`.
    Data<'v> {
        "currentAppInstallation" current_app_installation: AppInstallation<'v>,
        "publicApiVersions" public_api_versions: Vec<ApiVersion<'v>>,
        "shop" shop: Shop<'v>,
    }
}

view! {
    /// `AppInstallation`.
    AppInstallation<'v> {
        "accessScopes" access_scopes: Vec<AccessScope<'v>>,
        "id" id: String,
    }
}

view! {
    /// `AccessScope`.
    AccessScope<'v> {
        "handle" handle: String,
    }
}

view! {
    /// `ApiVersion`.
    ApiVersion<'v> {
        "handle" handle: String,
        "supported" supported: bool,
    }
}

view! {
    /// `Shop`.
    Shop<'v> {
        "currencyCode" currency_code: String,
        "ianaTimezone" iana_timezone: String,
        "id" id: String,
        "myshopifyDomain" myshopify_domain: String,
        "name" name: String,
        "plan" plan: ShopPlan<'v>,
    }
}

view! {
    /// `ShopPlan`.
    ShopPlan<'v> {
        "publicDisplayName" public_display_name: String,
    }
}
