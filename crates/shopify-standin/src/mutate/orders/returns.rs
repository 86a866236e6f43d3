//! Mutations of returns and of the goods that come back.

use super::input::{amount, flag, id, list, text};
use super::{done, no};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::mutate::Done;
use crate::mutate::payload::Payload;
use crate::orders::dispose::{self, Disposed, Processed, Transfer, Words};
use crate::orders::refund::Given;
use crate::orders::{Refused, returns};
use crate::resolve::orders::Kind;
use crate::resolve::{Front, Obj, id as argument};
use serde_json::Value;

type Ran = Result<Done, GraphqlError>;

fn answered(ended: Result<i64, Refused>, field: &str) -> Done {
    match ended {
        Ok(id) => done(Payload::default().with("return", Some(Obj::Part(Kind::Return, id)))),
        Err(reason) => no(&reason, &[field]),
    }
}

/// `returnCreate`, and `returnRequest` of a customer.
pub(super) fn begin(front: &mut Front<'_>, arguments: &Arguments, requested: bool) -> Ran {
    let name = if requested { "input" } else { "returnInput" };
    let input = arguments.get(name).unwrap_or(&Value::Null);
    if !list(input, "exchangeLineItems").is_empty() {
        return Err(GraphqlError::not_implemented("ReturnInput.exchangeLineItems"));
    }
    let order = id(input, "orderId", "Order")?.unwrap_or_default();
    let mut lines = Vec::new();
    for (row, one) in list(input, "returnLineItems").iter().enumerate() {
        let fulfilled = id(one, "fulfillmentLineItemId", "FulfillmentLineItem")?;
        let known = front.shop.orders.get(&order).and_then(|order| {
            let mut all = order.fulfillments.iter().flat_map(|made| &made.lines);
            all.find(|line| Some(line.id) == fulfilled).map(|line| line.line)
        });
        let Some(line) = known else {
            let row = row.to_string();
            let reason = Refused::missing("Fulfillment line item does not exist.");
            let place = [name, "returnLineItems", &row, "fulfillmentLineItemId"];
            return Ok(no(&reason.code("NOT_FOUND"), &place));
        };
        lines.push(returns::Units {
            line,
            fulfilled_line: fulfilled,
            quantity: one.get("quantity").and_then(Value::as_i64).unwrap_or_default(),
            reason: text(one, "returnReasonNote").unwrap_or_default(),
        });
    }
    let asked = (lines.as_slice(), requested);
    let made = returns::begin(front.shop, front.now, order, asked, &mut front.action);
    Ok(answered(made, name))
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
    let why = (text(input, "declineReason").unwrap_or_default(), text(input, "declineNote"));
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

/// `returnProcess`
pub(super) fn process(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    for other in ["exchangeLineItems", "refundDuties"] {
        if !list(input, other).is_empty() {
            return Err(GraphqlError::not_implemented(&format!("ReturnProcessInput.{other}")));
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
    let refund = input.pointer("/financialTransfer/issueRefund").filter(|one| one.is_object());
    let currency = front.shop.owner(number).map(|order| order.currencies.presentment.clone());
    let currency = currency.unwrap_or_default();
    let mut transfer =
        refund.map(|one| Transfer { given: Vec::new(), over: flag(one, "allowOverRefunding") });
    for one in refund.map(|one| list(one, "orderTransactions")).unwrap_or_default() {
        let money = one.pointer("/transactionAmount/amount");
        let parent = id(one, "parentId", "OrderTransaction")?;
        let amount = amount(money, &currency).unwrap_or_default();
        if let Some(transfer) = &mut transfer {
            transfer.given.push(Given { amount, parent });
        }
    }
    let words = Words { note: text(input, "note"), notify: flag(input, "notifyCustomer") };
    let asked = (lines.as_slice(), transfer.as_ref(), &words);
    let ended = dispose::process(front.shop, front.now, number, asked, &mut front.action);
    Ok(answered(ended.map(|()| number), "input"))
}
