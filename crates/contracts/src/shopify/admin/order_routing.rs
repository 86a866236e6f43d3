//! The orders that fulfillment orders belong to: their webhooks do not say.

use lockstep_domain::{FulfillmentOrderId, OrderId};
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;

pub(super) const DOCUMENT: Document = Document {
    operation: "OrdersOfFulfillmentOrders",
    text: include_str!("operations/orders_of_fulfillment_orders.graphql"),
    cost: 2,
    mutation: false,
    idempotent: false,
};

/// Asks for the orders of up to [`super::LINES_MAX`] fulfillment orders.
#[must_use]
pub fn orders_of_fulfillment_orders(ids: &[FulfillmentOrderId]) -> Call {
    #[derive(Serialize)]
    struct Variables {
        ids: Vec<String>,
    }
    DOCUMENT.call(&Variables { ids: ids.iter().map(|id| id.gid()).collect() })
}

/// Reads the answer to [`orders_of_fulfillment_orders`]: one per fulfillment order, in their order;
/// `None` where the store shows none.
///
/// # Errors
/// No list, or a fulfillment order without an order.
pub fn decode_orders_of_fulfillment_orders(
    data: &Value,
) -> Result<Vec<Option<OrderId>>, DecodeError> {
    let nodes = data.get("nodes").and_then(Value::as_array);
    let nodes = nodes.ok_or_else(|| DOCUMENT.missing("nodes"))?;
    let order = |node: &Value| {
        let order = read::object(node, "order").unwrap_or(&Value::Null);
        read::id(order, &DOCUMENT, "nodes.order")
    };
    nodes.iter().map(|node| node.get("id").map(|_| order(node)).transpose()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_one_order_for_each() {
        let data = json!({"nodes": [
            {"id": "gid://shopify/FulfillmentOrder/7", "order": {"id": "gid://shopify/Order/5"}},
            null,
        ]});
        let orders = decode_orders_of_fulfillment_orders(&data).unwrap();
        assert_eq!(orders, [Some(OrderId(5)), None]);
        let broken = json!({"nodes": [{"id": "gid://shopify/FulfillmentOrder/7"}]});
        assert_eq!(
            decode_orders_of_fulfillment_orders(&broken).unwrap_err().path,
            "nodes.order.id"
        );
    }
}
