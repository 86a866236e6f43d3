//! Which orders changed in a window: their ids and versions, no more.

use jiff::Timestamp;
use lockstep_domain::OrderId;
use lockstep_domain::sweep::Window;
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;

pub(super) const DOCUMENT: Document = Document {
    operation: "OrdersUpdated",
    text: include_str!("operations/orders_updated.graphql"),
    cost: 13,
    mutation: false,
    idempotent: false,
};
/// Requested cost of one page, in points.
pub const ORDERS_UPDATED_COST: u32 = DOCUMENT.cost;

/// Up to 250 orders, the one that changed first first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrdersUpdated {
    /// Each with the moment of its last change.
    pub orders: Vec<(OrderId, Timestamp)>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

/// Asks for the page behind a cursor of the orders that last changed in a window.
#[must_use]
pub fn orders_updated(window: &Window, after: Option<&str>) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        query: String,
        after: Option<&'a str>,
    }
    let Window { from, until } = window;
    let query = format!("updated_at:>='{from}' updated_at:<'{until}'");
    DOCUMENT.call(&Variables { query, after })
}

/// Reads the answer to [`orders_updated`].
///
/// # Errors
/// No list, or an order without id or moment.
pub fn decode_orders_updated(data: &Value) -> Result<OrdersUpdated, DecodeError> {
    let page = read::root(data, &DOCUMENT, "orders")?;
    let nodes = page.get("nodes").and_then(Value::as_array);
    let nodes = nodes.ok_or_else(|| DOCUMENT.missing("orders.nodes"))?;
    let one = |node: &Value| {
        let at = read::text(node, "updatedAt").and_then(|text| text.parse().ok());
        let at = at.ok_or_else(|| DOCUMENT.missing("orders.nodes.updatedAt"))?;
        Ok((read::id(node, &DOCUMENT, "orders.nodes")?, at))
    };
    Ok(OrdersUpdated {
        orders: nodes.iter().map(one).collect::<Result<_, _>>()?,
        next: read::next_page(page),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_window_is_half_open_and_a_page_tells_where_the_next_begins() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let window = Window { from: at("2026-11-24T10:00:00Z"), until: at("2026-11-24T11:00:00Z") };
        let body: Value = serde_json::from_slice(&orders_updated(&window, None).body).unwrap();
        let query = "updated_at:>='2026-11-24T10:00:00Z' updated_at:<'2026-11-24T11:00:00Z'";
        assert_eq!(body["variables"], json!({"query": query, "after": null}));
        let data = json!({"orders": {"pageInfo": {"hasNextPage": true, "endCursor": "c"},
            "nodes": [{"id": "gid://shopify/Order/5", "updatedAt": "2026-11-24T10:30:00Z"}]}});
        let page = decode_orders_updated(&data).unwrap();
        assert_eq!(page.orders, [(OrderId(5), at("2026-11-24T10:30:00Z"))]);
        assert_eq!(page.next.as_deref(), Some("c"));
        assert!(decode_orders_updated(&json!({"orders": {"nodes": [{"id": "x"}]}})).is_err());
    }
}
