//! `OrderNumbers`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::{parts, words};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "OrderNumbers",
    text: include_str!("../operations/order_numbers.graphql"),
    cost: 269,
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
        "cancelReason" cancel_reason: Option<words::OrderCancelReason>,
        "cancelledAt" cancelled_at: Option<jiff::Timestamp>,
        "closedAt" closed_at: Option<jiff::Timestamp>,
        "createdAt" created_at: jiff::Timestamp,
        "currentTotalPriceSet" current_total_price_set: parts::MoneyBag<'v>,
        "displayFinancialStatus"
            display_financial_status: Option<words::OrderDisplayFinancialStatus>,
        "displayFulfillmentStatus"
            display_fulfillment_status: words::OrderDisplayFulfillmentStatus,
        "fulfillmentOrders" fulfillment_orders: parts::FulfillmentOrderConnection<'v>,
        "fulfillments" fulfillments: Vec<Fulfillment<'v>>,
        "id" id: lockstep_domain::OrderId,
        "lineItems" line_items: parts::LineItemConnection<'v>,
        "name" name: String,
        "refunds" refunds: Vec<Refund<'v>>,
        "shippingLines" shipping_lines: ShippingLineConnection<'v>,
        "sourceName" source_name: Option<String>,
        "tags" tags: Vec<String>,
        "test" test: bool,
        "updatedAt" updated_at: jiff::Timestamp,
    }
}

view! {
    /// `Fulfillment`.
    Fulfillment<'v> {
        "fulfillmentLineItems" fulfillment_line_items: parts::FulfillmentLineItemConnection<'v>,
        "id" id: lockstep_domain::FulfillmentId,
        "location" location: Option<parts::LocationRef<'v>>,
        "status" status: words::FulfillmentStatus,
    }
}

view! {
    /// `Refund`.
    Refund<'v> {
        "createdAt" created_at: Option<jiff::Timestamp>,
        "id" id: lockstep_domain::RefundId,
        "processedAt" processed_at: jiff::Timestamp,
        "refundLineItems" refund_line_items: parts::RefundLineItemConnection<'v>,
        "totalRefundedSet" total_refunded_set: parts::MoneyBag<'v>,
    }
}

view! {
    /// `ShippingLineConnection`.
    ShippingLineConnection<'v> {
        "nodes" nodes: Vec<ShippingLine<'v>>,
    }
}

view! {
    /// `ShippingLine`.
    ShippingLine<'v> {
        "code" code: Option<String>,
        "discountedPriceSet" discounted_price_set: parts::MoneyBag<'v>,
        "title" title: String,
    }
}
