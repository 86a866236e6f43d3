//! Who ordered, and where it goes: personal data, asked on its own.

use lockstep_domain::{CustomerId, OrderId};
use serde_json::Value;

pub(super) use super::answers::order_contact::DOCUMENT;
use super::answers::order_contact::{MailingAddress, Variables, answer, call};
use super::document::{Call, DecodeError};
use crate::backoffice::v1::{Address, Contact};

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
    call(&Variables { id: order.gid() })
}

/// Reads the answer to [`order_contact`]; `None` when the store shows no such order.
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_order_contact(data: &Value) -> Result<Option<OrderContact>, DecodeError> {
    let Some(order) = answer(data).order()? else { return Ok(None) };
    let customer = order.customer()?;
    let contact = Contact {
        name: match &customer {
            Some(customer) => customer.display_name()?,
            None => String::new(),
        },
        email: order.email()?.unwrap_or_default(),
        phone: order.phone()?.unwrap_or_default(),
        ship_to: order.shipping_address()?.as_ref().map(address).transpose()?,
        bill_to: order.billing_address()?.as_ref().map(address).transpose()?,
        note: order.note()?.unwrap_or_default(),
    };
    let is_empty = contact == Contact::default();
    Ok(Some(OrderContact {
        customer: customer.map(|customer| customer.id()).transpose()?,
        contact: (!is_empty).then_some(contact),
    }))
}

fn address(node: &MailingAddress<'_>) -> Result<Address, DecodeError> {
    Ok(Address {
        name: node.name()?.unwrap_or_default(),
        company: node.company()?.unwrap_or_default(),
        address1: node.address1()?.unwrap_or_default(),
        address2: node.address2()?.unwrap_or_default(),
        city: node.city()?.unwrap_or_default(),
        province: node.province()?.unwrap_or_default(),
        province_code: node.province_code()?.unwrap_or_default(),
        zip: node.zip()?.unwrap_or_default(),
        country_code: node.country_code_v2()?.unwrap_or_default(),
        phone: node.phone()?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_who_ordered() {
        let address = json!({"name": "Ann Example", "company": null, "address1": "",
            "city": "Berlin", "address2": null, "province": null, "provinceCode": null, "zip": null,
            "countryCodeV2": "DE", "phone": null});
        let data = json!({"order": {"id": "gid://shopify/Order/5", "email": "ann@example.com",
            "phone": null, "note": "ring twice",
            "customer": {"id": "gid://shopify/Customer/9", "displayName": "Ann Example"},
            "shippingAddress": address, "billingAddress": null}});
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
        let data = json!({"order": {"id": "gid://shopify/Order/5", "email": null, "phone": null,
            "note": null, "customer": null, "shippingAddress": null, "billingAddress": null}});
        let read = decode_order_contact(&data).unwrap().unwrap();
        assert!(read.contact.is_none() && read.customer.is_none());
        assert!(decode_order_contact(&json!({"order": null})).unwrap().is_none());
        assert!(decode_order_contact(&json!({})).is_err());
    }
}
