//! `refundCreate`.

use super::input::{amount, flag, id, list, text};
use super::no;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::idempotency::Outcome;
use crate::model::Order;
use crate::model::order::Restock;
use crate::mutate::{Done, again};
use crate::orders::Refused;
use crate::orders::refund::{Ask, Funds, Given, Units, refund};
use crate::resolve::{Front, number};
use serde_json::Value;

/// Refunds.
///
/// # Errors
/// For ids of another type, and for store credit and duties.
pub(super) fn run(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    for other in ["refundMethods", "refundDuties"] {
        if !list(input, other).is_empty() {
            return Err(GraphqlError::not_implemented(&format!("RefundInput.{other}")));
        }
    }
    let order = id(input, "orderId", "Order")?.unwrap_or_default();
    let Some(known) = front.shop.orders.get(&order) else {
        return Ok(no(&Refused::missing("Order does not exist"), &["orderId"]));
    };
    let ask = match ask(known, input)? {
        Ok(ask) => ask,
        Err(reason) => return Ok(no(&reason, &[])),
    };
    let made = refund(front.shop, front.now, order, &ask, &mut front.action);
    Ok(match made {
        Ok(refund) => {
            let outcome = Outcome::Refund { order, refund };
            Done { payload: again(&outcome), outcome }
        }
        Err(reason) => no(&reason, &[]),
    })
}

/// Reads the input; the inner error is a refusal.
fn ask(order: &Order, input: &Value) -> Result<Result<Ask, Refused>, GraphqlError> {
    let currency = order.currencies.presentment.as_str();
    let said = text(input, "currency");
    if order.currencies.shop != currency && said.is_none() {
        let message = "Currency is required for refunds of multi-currency orders";
        return Ok(Err(Refused::new(message).at(&["currency"])));
    }
    if said.is_some_and(|said| said != currency) {
        let message = "Currency must be the presentment currency of the order";
        return Ok(Err(Refused::new(message).at(&["currency"])));
    }
    let mut lines = Vec::new();
    for (row, one) in list(input, "refundLineItems").iter().enumerate() {
        let kind = text(one, "restockType").unwrap_or_else(|| "NO_RESTOCK".to_owned());
        let Some(restock) = Restock::parse(&kind) else {
            let row = row.to_string();
            let message = "Restock type is not accepted when creating new refunds";
            return Ok(Err(Refused::new(message).at(&["refundLineItems", &row])));
        };
        lines.push(Units {
            line: id(one, "lineItemId", "LineItem")?.unwrap_or_default(),
            quantity: one.get("quantity").and_then(Value::as_i64).unwrap_or_default(),
            restock,
            location: id(one, "locationId", "Location")?,
        });
    }
    let mut given = Vec::new();
    for one in list(input, "transactions") {
        let kind = text(one, "kind").unwrap_or_default();
        if kind != "REFUND" {
            let kind = kind.to_lowercase();
            return Ok(Err(Refused::new(format!("Kind {kind} is not a valid transaction"))));
        }
        let owner = number(&text(one, "orderId").unwrap_or_default(), "Order")?;
        let parent = id(one, "parentId", "OrderTransaction")?.filter(|_| owner == order.id);
        let amount = amount(one.get("amount"), currency).filter(|amount| *amount >= 0);
        let Some(amount) = amount else {
            let message = "Amount must be a positive decimal";
            return Ok(Err(Refused::new(message).at(&["transactions"])));
        };
        given.push(Given { amount, parent });
    }
    let shipping = input.get("shipping").filter(|shipping| shipping.is_object());
    let all = shipping.is_some_and(|shipping| flag(shipping, "fullRefund"));
    let part = shipping.and_then(|shipping| amount(shipping.get("amount"), currency));
    let left = order.shipping_price() - order.refunded_shipping();
    Ok(Ok(Ask {
        lines,
        shipping: part.unwrap_or(if all { left.presentment } else { 0 }),
        funds: Funds::Given(given),
        over: flag(input, "allowOverRefunding"),
        note: text(input, "note"),
        notify: flag(input, "notify"),
        processed_at: text(input, "processedAt").and_then(|text| text.parse().ok()),
    }))
}
