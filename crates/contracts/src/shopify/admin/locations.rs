//! The locations of a store, page by page, inactive ones included.

use lockstep_domain::LocationId;
use serde_json::Value;

pub(super) use super::answers::locations::DOCUMENT;
use super::answers::locations::{Location as Shown, Variables, answer, call};
use super::document::{Call, DecodeError};
use super::pages::next_page;
use super::view::Given;

/// A location as Shopify shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Shopify's id.
    pub id: LocationId,
    /// Its name for people.
    pub name: String,
    /// False for a deactivated one.
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
    call(&Variables { after: Given::or_null(after.map(str::to_owned)) })
}

/// Reads the answer to [`locations`].
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_locations(data: &Value) -> Result<LocationsPage, DecodeError> {
    let page = answer(data).locations()?;
    let locations = page.nodes()?.iter().map(location).collect::<Result<_, _>>()?;
    Ok(LocationsPage { locations, next: next_page(&page.page_info()?)? })
}

fn location(node: &Shown<'_>) -> Result<Location, DecodeError> {
    Ok(Location {
        id: node.id()?,
        name: node.name()?,
        is_active: node.is_active()?,
        fulfills_online_orders: Some(node.fulfills_online_orders()?),
        ships_inventory: Some(node.ships_inventory()?),
        is_fulfillment_service: Some(node.is_fulfillment_service()?),
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
                {"id": "gid://shopify/Location/7", "name": "Berlin", "isActive": false,
                 "fulfillsOnlineOrders": true, "shipsInventory": true,
                 "isFulfillmentService": false}],
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
    fn a_page_that_says_not_where_the_next_begins_is_refused() {
        for cursor in [json!(null), json!("")] {
            let page = json!({"hasNextPage": true, "endCursor": cursor});
            let data = json!({"locations": {"pageInfo": page, "nodes": []}});
            assert_eq!(decode_locations(&data).unwrap_err().path, "locations.pageInfo.endCursor");
        }
    }

    #[test]
    fn a_location_of_another_kind_is_refused() {
        let data = json!({"locations": {"nodes": [{"id": "gid://shopify/Product/7"}]}});
        assert_eq!(decode_locations(&data).unwrap_err().path, "locations.nodes[0].id");
    }
}
