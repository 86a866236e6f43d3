//! Mutations of returns and of the goods that come back.

use super::input::{amount, flag, id, list, text};
use super::{done, no};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::model::Order;
use crate::model::order::{ReverseTracking, money};
use crate::mutate::Done;
use crate::mutate::payload::Payload;
use crate::orders::deliveries::{self, Slip};
use crate::orders::dispose::{self, Disposed, Process, Processed, Transfer, Words};
use crate::orders::exchange::Exchanged;
use crate::orders::refund::Given;
use crate::orders::{Refused, returns};
use crate::resolve::orders::{Kind, is_reason};
use crate::resolve::{Front, Obj, id as argument};
use serde_json::Value;

type Ran = Result<Done, GraphqlError>;

fn answered(ended: Result<i64, Refused>, field: &str) -> Done {
    match ended {
        Ok(id) => done(Payload::default().with("return", Some(Obj::Part(Kind::Return, id)))),
        Err(reason) => no(&reason, &[field]),
    }
}

/// Characters of a note about a line, and of a customer's.
const NOTES: [(&str, usize); 2] = [("returnReasonNote", 255), ("customerNote", 300)];

/// Characters of a note about a no.
const DECLINE_NOTE: usize = 500;

/// `returnCreate`, and `returnRequest` of a customer.
pub(super) fn begin(front: &mut Front<'_>, arguments: &Arguments, requested: bool) -> Ran {
    let name = if requested { "input" } else { "returnInput" };
    let input = arguments.get(name).unwrap_or(&Value::Null);
    if input.get("returnShippingFee").is_some_and(Value::is_object) {
        return Err(GraphqlError::not_implemented("returnShippingFee of a return"));
    }
    let order = id(input, "orderId", "Order")?.unwrap_or_default();
    let mut lines = Vec::new();
    for (row, one) in list(input, "returnLineItems").iter().enumerate() {
        match units(front, order, one)? {
            Ok(units) => lines.push(units),
            Err(no_line) => {
                let row = row.to_string();
                let field = no_line.field.first().cloned().unwrap_or_default();
                let place = [name, "returnLineItems", &row, &field];
                let reason = Refused { field: Vec::new(), ..no_line };
                return Ok(no(&reason, &place));
            }
        }
    }
    let exchanges = exchanged(list(input, "exchangeLineItems"))?;
    let asked = returns::Asked { lines: &lines, exchanges: &exchanges, requested };
    let made = returns::begin(front.shop, front.now, order, asked, &mut front.action);
    let made = made.map_err(|mut no| {
        if !no.field.is_empty() {
            no.field.insert(0, name.to_owned());
        }
        no
    });
    Ok(answered(made, name))
}

/// Units of a line that is to come back; a refusal blames the field of the line.
fn units(
    front: &Front<'_>,
    order: i64,
    one: &Value,
) -> Result<Result<returns::Units, Refused>, GraphqlError> {
    if one.get("restockingFee").is_some_and(Value::is_object) {
        return Err(GraphqlError::not_implemented("restockingFee of a return line"));
    }
    let fulfilled = id(one, "fulfillmentLineItemId", "FulfillmentLineItem")?;
    let definition = id(one, "returnReasonDefinitionId", "ReturnReasonDefinition")?;
    let known = front.shop.orders.get(&order).and_then(|order| {
        let mut all = order.fulfillments.iter().flat_map(|made| &made.lines);
        all.find(|line| Some(line.id) == fulfilled).map(|line| line.line)
    });
    let Some(line) = known else {
        let reason = Refused::missing("Fulfillment line item does not exist.").code("NOT_FOUND");
        return Ok(Err(reason.at(&["fulfillmentLineItemId"])));
    };
    if definition.is_some_and(|definition| !is_reason(definition)) {
        let reason = Refused::missing("Return reason definition does not exist.");
        return Ok(Err(reason.code("NOT_FOUND").at(&["returnReasonDefinitionId"])));
    }
    for (note, most) in NOTES {
        if text(one, note).is_some_and(|text| text.chars().count() > most) {
            let message = format!("The note is too long (maximum is {most} characters).");
            return Ok(Err(Refused::new(message).code("TOO_LONG").at(&[note])));
        }
    }
    Ok(Ok(returns::Units {
        line,
        fulfilled_line: fulfilled,
        quantity: one.get("quantity").and_then(Value::as_i64).unwrap_or_default(),
        reason: text(one, "returnReasonNote").unwrap_or_default(),
        definition,
    }))
}

/// What is sent instead.
fn exchanged(inputs: &[Value]) -> Result<Vec<Exchanged>, GraphqlError> {
    let mut all = Vec::new();
    for one in inputs {
        let value = one.pointer("/appliedDiscount/value").unwrap_or(&Value::Null);
        let what = "a discount of an exchange line other than a percentage";
        let percent = match value.get("percentage").filter(|percent| !percent.is_null()) {
            None if value.is_null() => Some(0),
            percent => percent.and_then(|percent| money::parse(&percent.to_string(), 4)),
        };
        let whole = 0..=money::ONE;
        let discount = percent.filter(|percent| whole.contains(percent));
        let discount = discount.ok_or_else(|| GraphqlError::not_implemented(what))?;
        let Some(variant) = id(one, "variantId", "ProductVariant")? else {
            return Err(GraphqlError::not_implemented("an exchange line without a variant"));
        };
        let quantity = one.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        all.push(Exchanged { variant, quantity, discount });
    }
    Ok(all)
}

/// `returnApproveRequest`
pub(super) fn approve(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    let number = id(input, "id", "Return")?.unwrap_or_default();
    let ended = returns::approve(front.shop, front.now, number, &mut front.action);
    Ok(answered(ended.map(|()| number), "input"))
}

/// `returnDeclineRequest`
pub(super) fn decline(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    let number = id(input, "id", "Return")?.unwrap_or_default();
    let note = text(input, "declineNote");
    if note.as_ref().is_some_and(|note| note.chars().count() > DECLINE_NOTE) {
        let message = format!("Decline note is too long (maximum is {DECLINE_NOTE} characters).");
        let reason = Refused::new(message).code("TOO_LONG");
        return Ok(no(&reason, &["input", "declineNote"]));
    }
    let why = (text(input, "declineReason").unwrap_or_default(), note);
    let ended = returns::decline(front.shop, front.now, number, why, &mut front.action);
    Ok(answered(ended.map(|()| number), "input"))
}

/// `returnClose`, `returnReopen`, `returnCancel`
pub(super) fn end(front: &mut Front<'_>, arguments: &Arguments, status: &str) -> Ran {
    let number = argument(arguments, "id", "Return")?;
    let ended = returns::end(front.shop, front.now, number, status, &mut front.action);
    Ok(answered(ended.map(|()| number), "id"))
}

/// `reverseFulfillmentOrderDispose`
pub(super) fn dispose(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let inputs = arguments.get("dispositionInputs").and_then(Value::as_array);
    let all = disposed(inputs.map(Vec::as_slice).unwrap_or_default())?;
    let ended = dispose::dispose(front.shop, front.now, &all, &mut front.action);
    Ok(match ended {
        Ok(()) => {
            let lines =
                all.iter().map(|one| Out::Object(Obj::Part(Kind::ReverseLine, one.reverse_line)));
            let payload = Payload::default();
            done(payload.with_out("reverseFulfillmentOrderLineItems", Out::List(lines.collect())))
        }
        Err(reason) => no(&reason, &["dispositionInputs"]),
    })
}

fn disposed(inputs: &[Value]) -> Result<Vec<Disposed>, GraphqlError> {
    let one = |one: &Value| {
        let kind = "ReverseFulfillmentOrderLineItem";
        let line = id(one, "reverseFulfillmentOrderLineItemId", kind)?;
        Ok(Disposed {
            reverse_line: line.unwrap_or_default(),
            quantity: one.get("quantity").and_then(Value::as_i64).unwrap_or_default(),
            kind: text(one, "dispositionType").unwrap_or_default(),
            location: id(one, "locationId", "Location")?,
        })
    };
    inputs.iter().map(one).collect()
}

/// Pairs of a line and of units of it, from a list of inputs.
fn pairs(inputs: &[Value], name: &str, kind: &str) -> Result<Vec<(i64, i64)>, GraphqlError> {
    let pair = |one: &Value| {
        let quantity = one.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        Ok((id(one, name, kind)?.unwrap_or_default(), quantity))
    };
    inputs.iter().map(pair).collect()
}

/// A list that is an argument of its own.
fn listed<'a>(arguments: &'a Arguments, name: &str) -> &'a [Value] {
    arguments.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `removeFromReturn`
pub(super) fn remove(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let number = argument(arguments, "returnId", "Return")?;
    let lines = listed(arguments, "returnLineItems");
    let lines = pairs(lines, "returnLineItemId", "ReturnLineItem")?;
    let exchanges = listed(arguments, "exchangeLineItems");
    let exchanges = pairs(exchanges, "exchangeLineItemId", "ExchangeLineItem")?;
    let taken = returns::Taken { lines, exchanges };
    let ended = returns::remove(front.shop, front.now, number, &taken, &mut front.action);
    Ok(answered(ended.map(|()| number), "returnId"))
}

/// What is said of a parcel.
fn slip(arguments: &Arguments) -> Slip {
    let tracking = arguments.get("trackingInput").filter(|one| one.is_object());
    let label = arguments.get("labelInput").and_then(|label| text(label, "fileUrl"));
    Slip {
        tracking: tracking
            .map(|one| ReverseTracking { number: text(one, "number"), url: text(one, "url") }),
        label,
        notify: arguments.get("notifyCustomer").and_then(Value::as_bool).unwrap_or(true),
    }
}

/// A parcel that was made or changed.
fn parcel(made: Result<i64, Refused>) -> Done {
    match made {
        Ok(id) => {
            let parcel = Some(Obj::Part(Kind::ReverseDelivery, id));
            done(Payload::default().with("reverseDelivery", parcel))
        }
        Err(reason) => no(&reason, &[]),
    }
}

/// `reverseDeliveryCreateWithShipping`
pub(super) fn deliver(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let kind = "ReverseFulfillmentOrder";
    let reverse = argument(arguments, "reverseFulfillmentOrderId", kind)?;
    let lines = listed(arguments, "reverseDeliveryLineItems");
    let kind = "ReverseFulfillmentOrderLineItem";
    let lines = pairs(lines, "reverseFulfillmentOrderLineItemId", kind)?;
    let asked = (lines.as_slice(), slip(arguments));
    let made = deliveries::create(front.shop, front.now, reverse, asked, &mut front.action);
    Ok(parcel(made))
}

/// `reverseDeliveryShippingUpdate`
pub(super) fn deliver_otherwise(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let number = argument(arguments, "reverseDeliveryId", "ReverseDelivery")?;
    let slip = slip(arguments);
    let ended = deliveries::update(front.shop, front.now, number, slip, &mut front.action);
    Ok(parcel(ended.map(|()| number)))
}

/// `returnProcess`
pub(super) fn process(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    let fees = input.pointer("/financialTransfer/issueRefund/refundMethods");
    let methods = fees.and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    for (other, said) in [
        ("refundDuties", !list(input, "refundDuties").is_empty()),
        ("tipLineId", text(input, "tipLineId").is_some()),
        ("refundMethods", methods),
    ] {
        if said {
            return Err(GraphqlError::not_implemented(&format!("{other} of returnProcess")));
        }
    }
    let number = id(input, "returnId", "Return")?.unwrap_or_default();
    let mut lines = Vec::new();
    for one in list(input, "returnLineItems") {
        lines.push(Processed {
            line: id(one, "id", "ReturnLineItem")?.unwrap_or_default(),
            quantity: one.get("quantity").and_then(Value::as_i64).unwrap_or_default(),
            dispositions: disposed(list(one, "dispositions"))?,
        });
    }
    let asked = Process {
        lines,
        exchanges: pairs(list(input, "exchangeLineItems"), "id", "ExchangeLineItem")?,
        transfer: transfer(front.shop.owner(number), input)?,
        words: Words { note: text(input, "note"), notify: flag(input, "notifyCustomer") },
    };
    let ended = dispose::process(front.shop, front.now, number, &asked, &mut front.action);
    Ok(answered(ended.map(|()| number), "input"))
}

/// The money that is given back, if any is.
fn transfer(order: Option<&Order>, input: &Value) -> Result<Option<Transfer>, GraphqlError> {
    let refund = input.pointer("/financialTransfer/issueRefund").filter(|one| one.is_object());
    let (Some(order), Some(refund)) = (order, refund) else {
        return Ok(None);
    };
    let currency = order.currencies.presentment.as_str();
    let shipping = input.get("refundShipping").unwrap_or(&Value::Null);
    let part = amount(shipping.pointer("/shippingRefundAmount/amount"), currency);
    let left = (order.shipping_price() - order.refunded_shipping()).presentment;
    let all = if flag(shipping, "fullRefund") { left } else { 0 };
    let mut given = Vec::new();
    for one in list(refund, "orderTransactions") {
        let parent = id(one, "parentId", "OrderTransaction")?;
        let amount = amount(one.pointer("/transactionAmount/amount"), currency);
        given.push(Given { amount: amount.unwrap_or_default(), parent });
    }
    let over = flag(refund, "allowOverRefunding");
    Ok(Some(Transfer { given, over, shipping: part.unwrap_or(all) }))
}
