//! Fulfillments: made, told other tracking, taken back. None of them has a key: whether one
//! happened is told by the order.

use std::collections::BTreeMap;

use lockstep_domain::shipment::{Taken, Tracking};
use lockstep_domain::{FulfillmentId, FulfillmentOrderId};
use serde_json::Value;

use super::answers::fulfillment_cancel as cancel;
pub(super) use super::answers::fulfillment_cancel::DOCUMENT as CANCEL;
use super::answers::fulfillment_create as create;
pub(super) use super::answers::fulfillment_create::DOCUMENT as CREATE;
use super::answers::fulfillment_tracking as track;
pub(super) use super::answers::fulfillment_tracking::DOCUMENT as TRACK;
use super::answers::inputs::{
    FulfillmentInput, FulfillmentOrderLineItemInput, FulfillmentOrderLineItemsInput,
    FulfillmentTrackingInput,
};
use super::answers::parts;
use super::document::{Call, DecodeError};
use super::view::Given;

/// What became of a fulfillment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fulfilled {
    /// Shopify did it.
    Done(FulfillmentId),
    /// Shopify refuses, in its words.
    Refused(String),
}

/// A page needs its number, and the numbers one list.
fn tracking_input(tracking: &Tracking) -> FulfillmentTrackingInput {
    let list = |all: &[String]| Given::or_absent((!all.is_empty()).then(|| all.to_vec()));
    let company = (!tracking.company.is_empty()).then(|| tracking.company.clone());
    FulfillmentTrackingInput {
        company: Given::or_absent(company),
        number: Given::Absent,
        numbers: list(&tracking.numbers),
        url: Given::Absent,
        urls: list(&tracking.urls),
    }
}

/// Asks for a fulfillment of units of fulfillment orders, all of one order and one location.
#[must_use]
pub fn fulfillment_create(takes: &[Taken], tracking: &Tracking, notify: bool) -> Call {
    let mut by_order: BTreeMap<FulfillmentOrderId, Vec<_>> = BTreeMap::new();
    for taken in takes {
        let line = FulfillmentOrderLineItemInput { id: taken.line.gid(), quantity: taken.units };
        by_order.entry(taken.route).or_default().push(line);
    }
    let of_order = |(order, lines): (FulfillmentOrderId, _)| FulfillmentOrderLineItemsInput {
        fulfillment_order_id: order.gid(),
        fulfillment_order_line_items: Given::Value(lines),
    };
    let tracking_info = (!tracking.is_empty()).then(|| tracking_input(tracking));
    create::call(&create::Variables {
        fulfillment: FulfillmentInput {
            line_items_by_fulfillment_order: by_order.into_iter().map(of_order).collect(),
            notify_customer: Given::Value(notify),
            origin_address: Given::Absent,
            tracking_info: Given::or_absent(tracking_info),
        },
    })
}

/// Replaces how a fulfillment is followed.
#[must_use]
pub fn fulfillment_tracking(id: FulfillmentId, tracking: &Tracking, notify: bool) -> Call {
    track::call(&track::Variables {
        fulfillment: id.gid(),
        tracking: tracking_input(tracking),
        notify: Given::Value(notify),
    })
}

/// Takes a fulfillment back.
#[must_use]
pub fn fulfillment_cancel(id: FulfillmentId) -> Call {
    cancel::call(&cancel::Variables { fulfillment: id.gid() })
}

/// Reads the answer to any of these.
///
/// # Errors
/// No payload, or one with neither a fulfillment nor a refusal.
pub fn decode_fulfilled(data: &Value) -> Result<Fulfilled, DecodeError> {
    // Each kind of call has its own payload, and the answer holds that of the one that was sent.
    if data.get("fulfillmentTrackingInfoUpdate").is_some() {
        let answer = track::answer(data);
        let payload = answer.fulfillment_tracking_info_update()?;
        let payload = payload.ok_or_else(|| answer.wrong("fulfillmentTrackingInfoUpdate"))?;
        let wrong = || payload.wrong("fulfillment");
        return fulfilled(payload.fulfillment()?, &payload.user_errors()?, wrong);
    }
    if data.get("fulfillmentCancel").is_some() {
        let answer = cancel::answer(data);
        let payload = answer.fulfillment_cancel()?;
        let payload = payload.ok_or_else(|| answer.wrong("fulfillmentCancel"))?;
        let wrong = || payload.wrong("fulfillment");
        return fulfilled(payload.fulfillment()?, &payload.user_errors()?, wrong);
    }
    let answer = create::answer(data);
    let payload = answer.fulfillment_create()?.ok_or_else(|| answer.wrong("fulfillmentCreate"))?;
    fulfilled(payload.fulfillment()?, &payload.user_errors()?, || payload.wrong("fulfillment"))
}

fn fulfilled(
    fulfillment: Option<parts::FulfillmentRef<'_>>,
    errors: &[parts::UserError<'_>],
    wrong: impl FnOnce() -> DecodeError,
) -> Result<Fulfilled, DecodeError> {
    if errors.is_empty() {
        return fulfillment.ok_or_else(wrong)?.id().map(Fulfilled::Done);
    }
    let words = errors.iter().map(|error| error.message()).collect::<Result<Vec<_>, _>>()?;
    Ok(Fulfilled::Refused(words.join(" ")))
}

#[cfg(test)]
mod tests {
    use lockstep_domain::FulfillmentOrderLineId;
    use serde_json::json;

    use super::*;

    fn body(call: &Call) -> Value {
        serde_json::from_slice::<Value>(&call.body).unwrap()["variables"].clone()
    }

    #[test]
    fn lines_stand_under_their_fulfillment_orders_and_what_is_empty_is_left_out() {
        let take = |route, line, units| Taken {
            route: FulfillmentOrderId(route),
            line: FulfillmentOrderLineId(line),
            units,
        };
        let takes = [take(7, 71, 2), take(8, 81, 1), take(7, 72, 3)];
        let tracking = Tracking {
            company: "DHL".to_owned(),
            numbers: vec!["1".to_owned(), "2".to_owned()],
            urls: Vec::new(),
        };
        let call = fulfillment_create(&takes, &tracking, true);
        assert!(call.mutation && !call.idempotent);
        assert_eq!(
            body(&call),
            json!({"fulfillment": {
                "lineItemsByFulfillmentOrder": [
                    {"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/7",
                     "fulfillmentOrderLineItems": [
                        {"id": "gid://shopify/FulfillmentOrderLineItem/71", "quantity": 2},
                        {"id": "gid://shopify/FulfillmentOrderLineItem/72", "quantity": 3}]},
                    {"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/8",
                     "fulfillmentOrderLineItems": [
                        {"id": "gid://shopify/FulfillmentOrderLineItem/81", "quantity": 1}]},
                ],
                "trackingInfo": {"company": "DHL", "numbers": ["1", "2"]},
                "notifyCustomer": true,
            }})
        );
        let bare = fulfillment_create(&takes[..1], &Tracking::default(), false);
        assert_eq!(body(&bare)["fulfillment"].get("trackingInfo"), None);
    }

    #[test]
    fn it_is_done_or_refused_with_words() {
        let fulfillment = json!({"id": "gid://shopify/Fulfillment/9"});
        for root in ["fulfillmentCreate", "fulfillmentTrackingInfoUpdate", "fulfillmentCancel"] {
            let done = json!({root: {"fulfillment": fulfillment, "userErrors": []}});
            assert_eq!(decode_fulfilled(&done), Ok(Fulfilled::Done(FulfillmentId(9))));
            let errors = json!([{"field": ["fulfillment"], "message": "Invalid quantity."}]);
            let refused = json!({root: {"fulfillment": null, "userErrors": errors}});
            let words = Fulfilled::Refused("Invalid quantity.".to_owned());
            assert_eq!(decode_fulfilled(&refused), Ok(words));
            assert!(decode_fulfilled(&json!({root: {"userErrors": []}})).is_err());
        }
        assert!(decode_fulfilled(&json!({})).is_err());
    }
}
