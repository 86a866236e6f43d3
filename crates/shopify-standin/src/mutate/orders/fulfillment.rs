//! `fulfillmentCreate`, `fulfillmentTrackingInfoUpdate`, `fulfillmentCancel`.

use super::input::{flag, list, tracking};
use super::{done, no};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::mutate::Done;
use crate::mutate::lines::refused;
use crate::mutate::payload::{Payload, Refusal};
use crate::orders::fulfil::{self, Part, Slip};
use crate::orders::unfulfil;
use crate::resolve::orders::Kind;
use crate::resolve::{Front, Obj, id, number};
use serde_json::Value;

/// Ships.
///
/// # Errors
/// For ids of another type.
pub(super) fn create(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let input = arguments.get("fulfillment").unwrap_or(&Value::Null);
    let slip = match tracking(input.get("trackingInfo")) {
        Ok(tracking) => Slip { tracking, notify: flag(input, "notifyCustomer") },
        Err(message) => {
            let at = ["fulfillment", "trackingInfo"];
            return Ok(refused(vec![Refusal::at("", &at, message)]));
        }
    };
    let mut parts = Vec::new();
    let mut refusals = Vec::new();
    for (row, one) in list(input, "lineItemsByFulfillmentOrder").iter().enumerate() {
        let (part, bad) = part(row, one)?;
        parts.push(part);
        refusals.extend(bad);
    }
    if !refusals.is_empty() {
        return Ok(refused(refusals));
    }
    let made = fulfil::fulfil(front.shop, front.now, &parts, slip, &mut front.action);
    Ok(match made {
        Ok(made) => done(payload(made)),
        Err(reason) => no(&reason, &["fulfillment"]),
    })
}

fn payload(fulfillment: i64) -> Payload {
    Payload::default().with("fulfillment", Some(Obj::Part(Kind::Fulfillment, fulfillment)))
}

/// One fulfillment order of the input, and what is wrong with its quantities.
fn part(row: usize, one: &Value) -> Result<(Part, Vec<Refusal>), GraphqlError> {
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let fulfillment_order = number(&text(one, "fulfillmentOrderId"), "FulfillmentOrder")?;
    let mut refusals = Vec::new();
    let lines = match one.get("fulfillmentOrderLineItems").and_then(Value::as_array) {
        // Without lines all of it is shipped; an empty list says the same.
        None => None,
        Some(lines) if lines.is_empty() => None,
        Some(lines) => {
            let mut units = Vec::new();
            for (index, line) in lines.iter().enumerate() {
                let id = number(&text(line, "id"), "FulfillmentOrderLineItem")?;
                let quantity = line.get("quantity").and_then(Value::as_i64).unwrap_or_default();
                if quantity <= 0 {
                    let (row, index) = (row.to_string(), index.to_string());
                    let at = [
                        "fulfillment",
                        "lineItemsByFulfillmentOrder",
                        &row,
                        "fulfillmentOrderLineItems",
                        &index,
                        "quantity",
                    ];
                    let message = "Quantity must be greater than 0";
                    refusals.push(Refusal::at("", &at, message));
                }
                units.push((id, quantity));
            }
            Some(units)
        }
    };
    Ok((Part { fulfillment_order, lines }, refusals))
}

/// Replaces carrier and numbers.
///
/// # Errors
/// For ids of another type.
pub(super) fn update_tracking(
    front: &mut Front<'_>,
    arguments: &Arguments,
) -> Result<Done, GraphqlError> {
    let fulfillment = id(arguments, "fulfillmentId", "Fulfillment")?;
    let notify = arguments.get("notifyCustomer") == Some(&Value::Bool(true));
    let slip = match tracking(arguments.get("trackingInfoInput")) {
        Ok(tracking) => Slip { tracking, notify },
        Err(message) => {
            return Ok(refused(vec![Refusal::at("", &["trackingInfoInput"], message)]));
        }
    };
    let made = fulfil::update_tracking(front.shop, front.now, fulfillment, slip, &mut front.action);
    Ok(match made {
        Ok(made) => done(payload(made)),
        Err(reason) => no(&reason, &["fulfillmentId"]),
    })
}

/// Cancels a shipment.
///
/// # Errors
/// For ids of another type.
pub(super) fn cancel(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let fulfillment = id(arguments, "id", "Fulfillment")?;
    let ended = unfulfil::cancel(front.shop, front.now, fulfillment, &mut front.action);
    Ok(match ended {
        Ok(_) => done(payload(fulfillment)),
        Err(reason) => no(&reason, &["id"]),
    })
}
