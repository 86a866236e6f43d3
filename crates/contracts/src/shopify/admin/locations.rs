//! The locations of a store, page by page, inactive ones included.

use lockstep_domain::LocationId;
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;

pub(super) const DOCUMENT: Document = Document {
    operation: "Locations",
    text: include_str!("operations/locations.graphql"),
    cost: 9,
    mutation: false,
    idempotent: false,
};

/// A location as Shopify shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Shopify's id.
    pub id: LocationId,
    /// Its name for people; empty when Shopify does not say.
    pub name: String,
    /// False for a deactivated one; true when Shopify does not say.
    pub is_active: bool,
    /// Whether online orders are fulfilled there.
    pub fulfills_online_orders: Option<bool>,
    /// Whether it ships at all.
    pub ships_inventory: Option<bool>,
    /// True for a location that belongs to a fulfillment service, Lockstep's or another's.
    pub is_fulfillment_service: Option<bool>,
}

/// Up to 50 locations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationsPage {
    /// In Shopify's order.
    pub locations: Vec<Location>,
    /// Cursor for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// Asks for the page after a cursor.
#[must_use]
pub fn locations(after: Option<&str>) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        after: Option<&'a str>,
    }
    DOCUMENT.call(&Variables { after })
}

/// Reads the answer to [`locations`].
///
/// # Errors
/// No list, or a location without an id.
pub fn decode_locations(data: &Value) -> Result<LocationsPage, DecodeError> {
    let page = read::root(data, &DOCUMENT, "locations")?;
    let nodes = read::list(page, "nodes").iter().filter(|node| node.is_object());
    let locations = nodes.map(location).collect::<Result<_, _>>()?;
    Ok(LocationsPage { locations, next: read::next_page(page) })
}

fn location(node: &Value) -> Result<Location, DecodeError> {
    Ok(Location {
        id: read::id(node, &DOCUMENT, "locations.nodes")?,
        name: read::text(node, "name").unwrap_or_default(),
        is_active: read::flag(node, "isActive").unwrap_or(true),
        fulfills_online_orders: read::flag(node, "fulfillsOnlineOrders"),
        ships_inventory: read::flag(node, "shipsInventory"),
        is_fulfillment_service: read::flag(node, "isFulfillmentService"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_a_page_and_where_the_next_begins() {
        let page = decode_locations(&json!({"locations": {
            "pageInfo": {"hasNextPage": true, "endCursor": "abc"},
            "nodes": [
                {"id": "gid://shopify/Location/7", "name": "Berlin", "isActive": false}, null],
        }}))
        .unwrap();
        assert_eq!(page.next.as_deref(), Some("abc"));
        assert_eq!(page.locations.len(), 1);
        assert_eq!(page.locations[0].id, LocationId(7));
        assert!(!page.locations[0].is_active);
    }

    #[test]
    fn the_last_page_has_no_next() {
        let page = decode_locations(&json!({"locations": {
            "pageInfo": {"hasNextPage": false, "endCursor": "abc"}, "nodes": []}}));
        assert_eq!(page.unwrap().next, None);
    }

    #[test]
    fn a_location_of_another_kind_is_refused() {
        let data = json!({"locations": {"nodes": [{"id": "gid://shopify/Product/7"}]}});
        assert_eq!(decode_locations(&data).unwrap_err().path, "locations.nodes.id");
    }
}
