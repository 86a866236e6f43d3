//! The orders that fulfillment orders belong to: their webhooks do not say.

use lockstep_domain::{FulfillmentOrderId, OrderId};
use serde_json::Value;

pub(super) use super::answers::orders_of_fulfillment_orders::DOCUMENT;
use super::answers::orders_of_fulfillment_orders::{Variables, answer, call};
use super::document::{Call, DecodeError};

/// Asks for the orders of up to [`super::LINES_MAX`] fulfillment orders.
#[must_use]
pub fn orders_of_fulfillment_orders(ids: &[FulfillmentOrderId]) -> Call {
    call(&Variables { ids: ids.iter().map(|id| id.gid()).collect() })
}

/// Reads the answer to [`orders_of_fulfillment_orders`]: one per fulfillment order, in their order;
/// `None` where the store shows none.
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_orders_of_fulfillment_orders(
    data: &Value,
) -> Result<Vec<Option<OrderId>>, DecodeError> {
    let nodes = answer(data).nodes()?;
    nodes.iter().map(|node| node.0.map(|found| found.order()?.id()).transpose()).collect()
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
            "nodes[0].order"
        );
    }
}
