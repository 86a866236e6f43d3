//! Which orders changed in a window: their ids and versions, no more.

use jiff::Timestamp;
use lockstep_domain::OrderId;
use lockstep_domain::sweep::Window;
use serde_json::Value;

pub(super) use super::answers::orders_updated::DOCUMENT;
use super::answers::orders_updated::{Order, Variables, answer, call};
use super::document::{Call, DecodeError};
use super::pages::next_page;
use super::view::Given;

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
    let Window { from, until } = window;
    let query = format!("updated_at:>='{from}' updated_at:<'{until}'");
    call(&Variables { query, after: Given::or_null(after.map(str::to_owned)) })
}

/// Reads the answer to [`orders_updated`].
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_orders_updated(data: &Value) -> Result<OrdersUpdated, DecodeError> {
    let page = answer(data).orders()?;
    let one = |node: &Order<'_>| Ok((node.id()?, node.updated_at()?));
    Ok(OrdersUpdated {
        orders: page.nodes()?.iter().map(one).collect::<Result<_, _>>()?,
        next: next_page(&page.page_info()?)?,
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
