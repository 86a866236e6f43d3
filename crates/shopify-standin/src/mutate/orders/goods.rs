//! Mutations of fulfillment orders.

use super::input::{flag, list, text};
use super::{done, no};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::model::order::Hold;
use crate::mutate::Done;
use crate::mutate::payload::Payload;
use crate::orders::split::Piece;
use crate::orders::{Refused, holds, moves, split as splits};
use crate::resolve::orders::{Kind, held};
use crate::resolve::{Front, Obj, Record, id, number};
use serde_json::Value;

type Ran = Result<Done, GraphqlError>;

fn object(id: i64) -> Option<Obj> {
    Some(Obj::Part(Kind::FulfillmentOrder, id))
}

fn out(id: i64) -> Out<Obj> {
    Out::maybe(object(id))
}

fn pieces(list: &[Value]) -> Result<Vec<Piece>, GraphqlError> {
    let piece = |one: &Value| {
        let id = text(one, "id").unwrap_or_default();
        let units = one.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        Ok(Piece { line: number(&id, "FulfillmentOrderLineItem")?, units })
    };
    list.iter().map(piece).collect()
}

fn listed<'a>(arguments: &'a Arguments, name: &str) -> &'a [Value] {
    arguments.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn relocate(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let one = id(arguments, "id", "FulfillmentOrder")?;
    let to = id(arguments, "newLocationId", "Location")?;
    let pieces = pieces(listed(arguments, "fulfillmentOrderLineItems"))?;
    let moved = moves::relocate(front.shop, front.now, (one, to), &pieces, &mut front.action);
    Ok(match moved {
        Ok(moved) => done(
            Payload::default()
                .with("originalFulfillmentOrder", object(moved.original))
                .with("movedFulfillmentOrder", object(moved.moved)),
        ),
        Err(reason) => no(&reason, &["id"]),
    })
}

/// Splits several, all or nothing as far as they stand in one list of one order.
pub(super) fn split(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let mut results = Vec::new();
    for (row, one) in listed(arguments, "fulfillmentOrderSplits").iter().enumerate() {
        let given = text(one, "fulfillmentOrderId").unwrap_or_default();
        let order = number(&given, "FulfillmentOrder")?;
        let pieces = pieces(list(one, "fulfillmentOrderLineItems"))?;
        let made = splits::split(front.shop, front.now, order, &pieces, &mut front.action);
        match made {
            Ok(made) => results.push(
                Record::new("FulfillmentOrderSplitResult")
                    .with("fulfillmentOrder", out(made.original))
                    .with("remainingFulfillmentOrder", out(made.fresh))
                    .with("replacementFulfillmentOrder", made.replacement.map_or(Out::Null, out))
                    .object(),
            ),
            Err(reason) => {
                let row = row.to_string();
                return Ok(no(&reason, &["fulfillmentOrderSplits", &row]));
            }
        }
    }
    Ok(done(Payload::default().with_out("fulfillmentOrderSplits", Out::List(results))))
}

/// Merges whole fulfillment orders; parts of them are not merged here.
pub(super) fn merge(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let mut results = Vec::new();
    for one in listed(arguments, "fulfillmentOrderMergeInputs") {
        let mut all = Vec::new();
        for intent in list(one, "mergeIntents") {
            if !list(intent, "fulfillmentOrderLineItems").is_empty() {
                let what = "FulfillmentOrderMergeInputMergeIntent.fulfillmentOrderLineItems";
                return Err(GraphqlError::not_implemented(what));
            }
            let given = text(intent, "fulfillmentOrderId").unwrap_or_default();
            all.push(number(&given, "FulfillmentOrder")?);
        }
        let merged = splits::merge(front.shop, front.now, &all, &mut front.action);
        match merged {
            Ok(into) => results.push(
                Record::new("FulfillmentOrderMergeResult")
                    .with("fulfillmentOrder", out(into))
                    .object(),
            ),
            Err(reason) => return Ok(no(&reason, &["fulfillmentOrderMergeInputs"])),
        }
    }
    Ok(done(Payload::default().with_out("fulfillmentOrderMerges", Out::List(results))))
}

pub(super) fn hold(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let one = id(arguments, "id", "FulfillmentOrder")?;
    let input = arguments.get("fulfillmentHold").unwrap_or(&Value::Null);
    let handle = text(input, "handle").unwrap_or_default();
    if handle.chars().count() > 64 {
        let reason = Refused::new("Handle is too long (maximum is 64 characters)").code("TAKEN");
        return Ok(no(&reason, &["fulfillmentHold", "handle"]));
    }
    let ask = holds::Ask {
        hold: Hold {
            id: 0,
            reason: text(input, "reason").unwrap_or_default(),
            notes: text(input, "reasonNotes"),
            handle: Some(handle),
            external_id: text(input, "externalId"),
            by_app: true,
        },
        only: pieces(list(input, "fulfillmentOrderLineItems"))?,
    };
    let _ = flag(input, "notifyMerchant");
    let made = holds::hold(front.shop, front.now, one, ask, &mut front.action);
    Ok(match made {
        Ok((hold, rest)) => {
            let order = front.shop.owner(one).and_then(|order| order.fulfillment_order(one));
            let found = order.and_then(|order| order.holds.iter().find(|known| known.id == hold));
            let shown = found.map_or(Out::Null, |found| held(front, found));
            done(
                Payload::default()
                    .with_out("fulfillmentHold", shown)
                    .with("fulfillmentOrder", object(one))
                    .with("remainingFulfillmentOrder", rest.and_then(object)),
            )
        }
        Err(reason) => no(&reason, &["id"]),
    })
}

pub(super) fn release(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let one = id(arguments, "id", "FulfillmentOrder")?;
    let named: Result<Vec<i64>, GraphqlError> = listed(arguments, "holdIds")
        .iter()
        .filter_map(Value::as_str)
        .map(|given| number(given, "FulfillmentHold"))
        .collect();
    let mut named = named?;
    let external = arguments.get("externalId").and_then(Value::as_str);
    if external.is_some()
        && let Some(known) = front.shop.owner(one).and_then(|order| order.fulfillment_order(one))
    {
        let fits = known.holds.iter().filter(|hold| hold.external_id.as_deref() == external);
        named.extend(fits.map(|hold| hold.id));
    }
    let only = (external.is_some() || arguments.get("holdIds").is_some_and(Value::is_array))
        .then_some(named.as_slice());
    let ended = holds::release(front.shop, front.now, one, only, &mut front.action);
    Ok(ended.map_or_else(
        |reason| no(&reason, &["id"]),
        |()| done(Payload::default().with("fulfillmentOrder", object(one))),
    ))
}

pub(super) fn open(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let one = id(arguments, "id", "FulfillmentOrder")?;
    let opened = holds::open_up(front.shop, front.now, one, &mut front.action);
    Ok(opened.map_or_else(
        |reason| no(&reason, &["id"]),
        |()| done(Payload::default().with("fulfillmentOrder", object(one))),
    ))
}

pub(super) fn report_progress(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let one = id(arguments, "id", "FulfillmentOrder")?;
    let told = holds::report_progress(front.shop, front.now, one, &mut front.action);
    Ok(told.map_or_else(
        |reason| no(&reason, &["id"]),
        |()| done(Payload::default().with("fulfillmentOrder", object(one))),
    ))
}

pub(super) fn cancel(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let one = id(arguments, "id", "FulfillmentOrder")?;
    let ended = holds::cancel(front.shop, front.now, one, &mut front.action);
    Ok(match ended {
        Ok(fresh) => done(
            Payload::default()
                .with("fulfillmentOrder", object(one))
                .with("replacementFulfillmentOrder", object(fresh)),
        ),
        Err(reason) => no(&reason, &["id"]),
    })
}

/// Only what is scheduled can be scheduled again.
pub(super) fn reschedule(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let one = id(arguments, "id", "FulfillmentOrder")?;
    let known = front.shop.owner(one).and_then(|order| order.fulfillment_order(one));
    if known.is_some_and(|known| known.status() != "SCHEDULED") {
        let reason = Refused::new("The fulfillment order is not scheduled.").blameless();
        return Ok(no(&reason, &["id"]));
    }
    let moment = arguments.get("fulfillAt").and_then(Value::as_str);
    let moment = moment.and_then(|text| text.parse().ok()).unwrap_or(front.now);
    let set = holds::schedule(front.shop, front.now, one, moment, &mut front.action);
    Ok(set.map_or_else(
        |reason| no(&reason, &["fulfillAt"]),
        |()| done(Payload::default().with("fulfillmentOrder", object(one))),
    ))
}
