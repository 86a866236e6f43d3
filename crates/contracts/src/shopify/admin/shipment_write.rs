//! Fulfillments: made, told other tracking, taken back. None of them has a key: whether one
//! happened is told by the order.

use std::collections::BTreeMap;

use lockstep_domain::shipment::{Taken, Tracking};
use lockstep_domain::{FulfillmentId, FulfillmentOrderId};
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;

pub(super) const CREATE: Document = Document {
    operation: "FulfillmentCreate",
    text: include_str!("operations/fulfillment_create.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};
pub(super) const TRACK: Document = Document {
    operation: "FulfillmentTracking",
    text: include_str!("operations/fulfillment_tracking.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};
pub(super) const CANCEL: Document = Document {
    operation: "FulfillmentCancel",
    text: include_str!("operations/fulfillment_cancel.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// What became of a fulfillment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fulfilled {
    /// Shopify did it.
    Done(FulfillmentId),
    /// Shopify refuses, in its words.
    Refused(String),
}

/// `FulfillmentTrackingInput`. A page needs its number, and the numbers one list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TrackingInput<'t> {
    #[serde(skip_serializing_if = "str::is_empty")]
    company: &'t str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    numbers: &'t [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    urls: &'t [String],
}

fn tracking_input(tracking: &Tracking) -> TrackingInput<'_> {
    let Tracking { company, numbers, urls } = tracking;
    TrackingInput { company, numbers, urls }
}

/// Asks for a fulfillment of units of fulfillment orders, all of one order and one location.
#[must_use]
pub fn fulfillment_create(takes: &[Taken], tracking: &Tracking, notify: bool) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        fulfillment: Input<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Input<'a> {
        line_items_by_fulfillment_order: Vec<OfOrder>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tracking_info: Option<TrackingInput<'a>>,
        notify_customer: bool,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct OfOrder {
        fulfillment_order_id: String,
        fulfillment_order_line_items: Vec<OfLine>,
    }
    #[derive(Serialize)]
    struct OfLine {
        id: String,
        quantity: i64,
    }
    let mut by_order: BTreeMap<FulfillmentOrderId, Vec<OfLine>> = BTreeMap::new();
    for taken in takes {
        let line = OfLine { id: taken.line.gid(), quantity: taken.units };
        by_order.entry(taken.route).or_default().push(line);
    }
    let of_order = |(order, lines): (FulfillmentOrderId, Vec<OfLine>)| OfOrder {
        fulfillment_order_id: order.gid(),
        fulfillment_order_line_items: lines,
    };
    CREATE.call(&Variables {
        fulfillment: Input {
            line_items_by_fulfillment_order: by_order.into_iter().map(of_order).collect(),
            tracking_info: (!tracking.is_empty()).then(|| tracking_input(tracking)),
            notify_customer: notify,
        },
    })
}

/// Replaces how a fulfillment is followed.
#[must_use]
pub fn fulfillment_tracking(id: FulfillmentId, tracking: &Tracking, notify: bool) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        fulfillment: String,
        tracking: TrackingInput<'a>,
        notify: bool,
    }
    let tracking = tracking_input(tracking);
    TRACK.call(&Variables { fulfillment: id.gid(), tracking, notify })
}

/// Takes a fulfillment back.
#[must_use]
pub fn fulfillment_cancel(id: FulfillmentId) -> Call {
    #[derive(Serialize)]
    struct Variables {
        fulfillment: String,
    }
    CANCEL.call(&Variables { fulfillment: id.gid() })
}

/// Reads the answer to any of these.
///
/// # Errors
/// No payload, or one with neither a fulfillment nor a refusal.
pub fn decode_fulfilled(data: &Value) -> Result<Fulfilled, DecodeError> {
    const ROOTS: [(&str, &Document); 3] = [
        ("fulfillmentCreate", &CREATE),
        ("fulfillmentTrackingInfoUpdate", &TRACK),
        ("fulfillmentCancel", &CANCEL),
    ];
    let found = ROOTS.iter().find(|(root, _)| data.get(root).is_some_and(Value::is_object));
    let (root, document) = found.ok_or_else(|| CREATE.missing("payload"))?;
    let payload = read::root(data, document, root)?;
    let errors = read::list(payload, "userErrors");
    if !errors.is_empty() {
        let words: Vec<_> = errors.iter().filter_map(|e| read::filled(e, "message")).collect();
        return Ok(Fulfilled::Refused(words.join(" ")));
    }
    let fulfillment = read::object(payload, "fulfillment");
    let fulfillment = fulfillment.ok_or_else(|| document.missing(format!("{root}.fulfillment")))?;
    read::id(fulfillment, document, &format!("{root}.fulfillment")).map(Fulfilled::Done)
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
