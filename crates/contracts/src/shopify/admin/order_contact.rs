//! Who ordered, and where it goes: personal data, asked on its own.

use lockstep_domain::{CustomerId, OrderId};
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;
use crate::backoffice::v1::{Address, Contact};

pub(super) const DOCUMENT: Document = Document {
    operation: "OrderContact",
    text: include_str!("operations/order_contact.graphql"),
    cost: 4,
    mutation: false,
    idempotent: false,
};

/// Who ordered. Personal data: it is sealed before it is kept.
#[derive(Clone, PartialEq)]
pub struct OrderContact {
    /// The customer; `None` for an order without one.
    pub customer: Option<CustomerId>,
    /// The contact; `None` when nothing of it is told.
    pub contact: Option<Contact>,
}

/// Asks who placed an order.
#[must_use]
pub fn order_contact(order: OrderId) -> Call {
    #[derive(Serialize)]
    struct Variables {
        id: String,
    }
    DOCUMENT.call(&Variables { id: order.gid() })
}

/// Reads the answer to [`order_contact`]; `None` when the store shows no such order.
///
/// # Errors
/// A customer without an id.
pub fn decode_order_contact(data: &Value) -> Result<Option<OrderContact>, DecodeError> {
    if data.get("order").is_some_and(Value::is_null) {
        return Ok(None);
    }
    let order = read::root(data, &DOCUMENT, "order")?;
    let customer = read::object(order, "customer");
    let text = |key| read::text(order, key).unwrap_or_default();
    let contact = Contact {
        name: customer.and_then(|c| read::text(c, "displayName")).unwrap_or_default(),
        email: text("email"),
        phone: text("phone"),
        ship_to: read::object(order, "shippingAddress").map(address),
        bill_to: read::object(order, "billingAddress").map(address),
        note: text("note"),
    };
    let is_empty = contact == Contact::default();
    Ok(Some(OrderContact {
        customer: customer.map(|c| read::id(c, &DOCUMENT, "order.customer")).transpose()?,
        contact: (!is_empty).then_some(contact),
    }))
}

fn address(node: &Value) -> Address {
    let text = |key| read::text(node, key).unwrap_or_default();
    Address {
        name: text("name"),
        company: text("company"),
        address1: text("address1"),
        address2: text("address2"),
        city: text("city"),
        province: text("province"),
        province_code: text("provinceCode"),
        zip: text("zip"),
        country_code: text("countryCodeV2"),
        phone: text("phone"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_who_ordered() {
        let data = json!({"order": {"id": "gid://shopify/Order/5", "email": "ann@example.com",
            "phone": null, "note": "ring twice",
            "customer": {"id": "gid://shopify/Customer/9", "displayName": "Ann Example"},
            "shippingAddress": {"name": "Ann Example", "city": "Berlin", "countryCodeV2": "DE"},
            "billingAddress": null}});
        let read = decode_order_contact(&data).unwrap().unwrap();
        let contact = read.contact.unwrap();
        assert_eq!(read.customer, Some(CustomerId(9)));
        assert_eq!(
            (contact.name.as_str(), contact.email.as_str()),
            ("Ann Example", "ann@example.com")
        );
        assert_eq!(contact.ship_to.unwrap().country_code, "DE");
        assert_eq!((contact.bill_to, contact.note.as_str()), (None, "ring twice"));
    }

    #[test]
    fn an_order_that_tells_nothing_has_no_contact() {
        let data = json!({"order": {"id": "gid://shopify/Order/5", "email": null}});
        let read = decode_order_contact(&data).unwrap().unwrap();
        assert!(read.contact.is_none() && read.customer.is_none());
        assert!(decode_order_contact(&json!({"order": null})).unwrap().is_none());
        assert!(decode_order_contact(&json!({})).is_err());
    }
}
