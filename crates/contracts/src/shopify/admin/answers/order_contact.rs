//! `OrderContact`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "OrderContact",
    text: include_str!("../operations/order_contact.graphql"),
    cost: 4,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub id: String,
}

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
        "order" order: Option<Order<'v>>,
    }
}

view! {
    /// `Order`.
    Order<'v> {
        "billingAddress" billing_address: Option<MailingAddress<'v>>,
        "customer" customer: Option<Customer<'v>>,
        "email" email: Option<String>,
        "id" id: lockstep_domain::OrderId,
        "note" note: Option<String>,
        "phone" phone: Option<String>,
        "shippingAddress" shipping_address: Option<MailingAddress<'v>>,
    }
}

view! {
    /// `MailingAddress`.
    MailingAddress<'v> {
        "address1" address1: Option<String>,
        "address2" address2: Option<String>,
        "city" city: Option<String>,
        "company" company: Option<String>,
        "countryCodeV2" country_code_v2: Option<String>,
        "name" name: Option<String>,
        "phone" phone: Option<String>,
        "province" province: Option<String>,
        "provinceCode" province_code: Option<String>,
        "zip" zip: Option<String>,
    }
}

view! {
    /// `Customer`.
    Customer<'v> {
        "displayName" display_name: String,
        "id" id: lockstep_domain::CustomerId,
    }
}
