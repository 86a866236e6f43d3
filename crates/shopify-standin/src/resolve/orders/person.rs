//! Customers and addresses: personal data, which an app may not be approved for.

use super::super::Front;
use super::super::record::{Obj, Record};
use super::Found;
use crate::clock::seconds_text;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::Order;
use crate::model::order::{Address, Customer};
use serde_json::Value;

/// A field of an order that tells of a person.
pub(super) fn of_order(front: &Front<'_>, order: &Order, field: &str) -> Found {
    let personal =
        ["email", "phone", "customer", "shippingAddress", "billingAddress", "displayAddress"];
    if !personal.contains(&field) {
        return Ok(None);
    }
    approved(front, &format!("Order.{field}"))?;
    let address = |one: Option<&Address>| one.map_or(Out::Null, |one| mailing(order.id, one));
    Ok(Some(match field {
        "email" => Out::leaf(order.email.clone()),
        "phone" => Out::leaf(order.phone.clone()),
        "customer" => order.customer.as_ref().map_or(Out::Null, |one| customer(order, one)),
        "billingAddress" => address(order.billing_address.as_ref()),
        _ => address(order.shipping_address.as_ref()),
    }))
}

/// Fields that were not approved are null with an error beside them.
pub(super) fn approved(front: &Front<'_>, field: &str) -> Result<(), GraphqlError> {
    if !front.shop.settings.hide_customer_data {
        return Ok(());
    }
    let message = format!(
        "This app is not approved to access the {field} field. See \
         https://shopify.dev/docs/apps/launch/protected-customer-data for more details."
    );
    Err(GraphqlError::new("NOT_APPROVED", message))
}

fn customer(order: &Order, one: &Customer) -> Out<Obj> {
    let email = one.email.as_ref().map_or(Out::Null, |email| {
        Record::new("CustomerEmailAddress").with("emailAddress", Out::leaf(email.as_str())).object()
    });
    let phone = one.phone.as_ref().map_or(Out::Null, |phone| {
        Record::new("CustomerPhoneNumber").with("phoneNumber", Out::leaf(phone.as_str())).object()
    });
    Record::new("Customer")
        .with("id", Out::leaf(gid("Customer", one.id)))
        .with("legacyResourceId", Out::leaf(one.id.to_string()))
        .with("firstName", Out::leaf(one.first_name.clone()))
        .with("lastName", Out::leaf(one.last_name.clone()))
        .with("displayName", Out::leaf(one.name()))
        .with("defaultEmailAddress", email)
        .with("defaultPhoneNumber", phone)
        .with("locale", Out::leaf("en"))
        .with("note", Out::Null)
        .with("tags", Out::List(Vec::new()))
        .with("createdAt", Out::leaf(seconds_text(order.created_at)))
        .with("updatedAt", Out::leaf(seconds_text(order.created_at)))
        .object()
}

/// A `MailingAddress`.
fn mailing(order: i64, one: &Address) -> Out<Obj> {
    let lines = [&one.address1, &one.address2, &one.zip, &one.city, &one.country];
    let lines: Vec<Value> = lines.into_iter().flatten().map(|line| line.as_str().into()).collect();
    filled(Record::new("MailingAddress"), one)
        .with("id", Out::leaf(gid("MailingAddress", order)))
        .with("name", Out::leaf(one.name()))
        .with("country", Out::leaf(one.country.clone()))
        .with("countryCodeV2", Out::leaf(one.country_code.clone()))
        .with("provinceCode", Out::leaf(one.province_code.clone()))
        .with("formatted", Out::Leaf(lines.into()))
        .with("formattedArea", Out::leaf(one.city.clone()))
        .with("coordinatesValidated", Out::leaf(false))
        .with("latitude", Out::Null)
        .with("longitude", Out::Null)
        .with("timeZone", Out::Null)
        .object()
}

/// A `FulfillmentOrderDestination`.
pub(super) fn destination(front: &Front<'_>, order: &Order, number: i64) -> Out<Obj> {
    let known = order.shipping_address.as_ref();
    let Some(one) = known.filter(|_| !front.shop.settings.hide_customer_data) else {
        return Out::Null;
    };
    filled(Record::new("FulfillmentOrderDestination"), one)
        .with("id", Out::leaf(gid("FulfillmentOrderDestination", number)))
        .with("countryCode", Out::leaf(one.country_code.clone()))
        .with("email", Out::leaf(order.email.clone()))
        .with("location", Out::Null)
        .object()
}

fn filled(record: Record, one: &Address) -> Record {
    record
        .with("firstName", Out::leaf(one.first_name.clone()))
        .with("lastName", Out::leaf(one.last_name.clone()))
        .with("company", Out::leaf(one.company.clone()))
        .with("address1", Out::leaf(one.address1.clone()))
        .with("address2", Out::leaf(one.address2.clone()))
        .with("city", Out::leaf(one.city.clone()))
        .with("zip", Out::leaf(one.zip.clone()))
        .with("province", Out::leaf(one.province.clone()))
        .with("phone", Out::leaf(one.phone.clone()))
}
