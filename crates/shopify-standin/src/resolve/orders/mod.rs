//! Orders and everything that belongs to them.

pub mod calculated;
mod deliveries;
mod line;
mod list;
mod order;
mod payment;
mod person;
mod returns;
mod shipping;
mod shipping_list;

pub use list::{count, orders, visible};
pub use order::by_identifier;
pub use returns::{is_reason, reasons, returnable};
pub use shipping::held;
pub use shipping_list::fulfillment_orders;

use super::record::{Obj, Record};
use super::{Front, shop};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::order::{Currencies, Money, money};
use crate::model::{Order, Shop};
use serde_json::Value;

/// A field that may not be there.
type Found = Result<Option<Out<Obj>>, GraphqlError>;

/// What belongs to an order and has a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Line,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Fulfillment,
    FulfilledLine,
    Refund,
    Transaction,
    Return,
    ReturnLine,
    Reverse,
    ReverseLine,
    ReverseDelivery,
    ReverseDeliveryLine,
    Exchange,
}

/// All kinds.
const KINDS: [Kind; 14] = [
    Kind::Line,
    Kind::FulfillmentOrder,
    Kind::FulfillmentOrderLine,
    Kind::Fulfillment,
    Kind::FulfilledLine,
    Kind::Refund,
    Kind::Transaction,
    Kind::Return,
    Kind::ReturnLine,
    Kind::Reverse,
    Kind::ReverseLine,
    Kind::ReverseDelivery,
    Kind::ReverseDeliveryLine,
    Kind::Exchange,
];

impl Kind {
    /// The type in the schema.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Line => "LineItem",
            Self::FulfillmentOrder => "FulfillmentOrder",
            Self::FulfillmentOrderLine => "FulfillmentOrderLineItem",
            Self::Fulfillment => "Fulfillment",
            Self::FulfilledLine => "FulfillmentLineItem",
            Self::Refund => "Refund",
            Self::Transaction => "OrderTransaction",
            Self::Return => "Return",
            Self::ReturnLine => "ReturnLineItem",
            Self::Reverse => "ReverseFulfillmentOrder",
            Self::ReverseLine => "ReverseFulfillmentOrderLineItem",
            Self::ReverseDelivery => "ReverseDelivery",
            Self::ReverseDeliveryLine => "ReverseDeliveryLineItem",
            Self::Exchange => "ExchangeLineItem",
        }
    }
}

/// What a GID of a type names, if it is there.
#[must_use]
pub fn by_type(front: &Front<'_>, type_name: &str, number: i64) -> Option<Obj> {
    if type_name == "Order" {
        let order = front.shop.orders.get(&number)?;
        return visible(front, order).then_some(Obj::Order(number));
    }
    if matches!(type_name, "OrderCancelJobResult" | "Job") {
        let known = front.shop.cancellations.contains_key(&number);
        let job = if type_name == "Job" { Obj::Job(number) } else { Obj::Cancellation(number) };
        return known.then_some(job);
    }
    let kind = KINDS.into_iter().find(|kind| kind.type_name() == type_name)?;
    let order = front.shop.owner(number)?;
    let there = match kind {
        Kind::Line => order.line(number).is_some(),
        Kind::FulfillmentOrder => order.fulfillment_order(number).is_some(),
        Kind::FulfillmentOrderLine => {
            order.fulfillment_orders.iter().any(|one| one.line(number).is_some())
        }
        Kind::Fulfillment => order.fulfillment(number).is_some(),
        Kind::FulfilledLine => shipping::fulfilled(order, number).is_some(),
        Kind::Refund => order.refund(number).is_some(),
        Kind::Transaction => order.transactions.iter().any(|one| one.id == number),
        Kind::Return => order.returns.iter().any(|one| one.id == number),
        Kind::ReturnLine => returns::line_of(order, number).is_some(),
        Kind::Reverse => order.returns.iter().any(|one| one.reverse == Some(number)),
        Kind::ReverseLine => returns::reverse_line_of(order, number).is_some(),
        Kind::ReverseDelivery => deliveries::delivery_of(order, number).is_some(),
        Kind::ReverseDeliveryLine => deliveries::delivery_line_of(order, number).is_some(),
        Kind::Exchange => deliveries::exchange_of(order, number).is_some(),
    };
    (there && visible(front, order)).then_some(Obj::Part(kind, number))
}

/// A field of an order.
///
/// # Errors
/// Those of its connections, and scopes.
pub fn order(front: &Front<'_>, number: i64, field: &str, arguments: &Arguments) -> Found {
    let Some(order) = front.shop.orders.get(&number) else {
        return Ok(Some(Out::Null));
    };
    shop::allowed(front.shop, &format!("Order.{field}"))?;
    order::field(front, order, field, arguments)
}

/// A field of a part of an order.
///
/// # Errors
/// Those of its connections.
pub fn part(
    front: &Front<'_>,
    (kind, number): (Kind, i64),
    field: &str,
    arguments: &Arguments,
) -> Found {
    let Some(order) = front.shop.owner(number) else {
        return Ok(Some(Out::Null));
    };
    match kind {
        Kind::Line => line::field(front, order, number, field, arguments),
        Kind::FulfillmentOrder => {
            shipping::fulfillment_order(front, order, number, (field, arguments))
        }
        Kind::FulfillmentOrderLine => {
            Ok(shipping::fulfillment_order_line(front, order, (number, field)))
        }
        Kind::Fulfillment => shipping::fulfillment(front, order, number, (field, arguments)),
        Kind::FulfilledLine => Ok(shipping::fulfilled_line(order, number, field)),
        Kind::Refund => payment::refund(front, order, number, (field, arguments)),
        Kind::Transaction => Ok(payment::transaction(order, number, field)),
        Kind::Return => returns::field(front, order, number, (field, arguments)),
        Kind::ReturnLine => Ok(returns::line(order, number, field)),
        Kind::Reverse => returns::reverse(front, order, number, (field, arguments)),
        Kind::ReverseLine => Ok(returns::reverse_line(order, number, field)),
        Kind::ReverseDelivery => deliveries::delivery(front, order, number, (field, arguments)),
        Kind::ReverseDeliveryLine => Ok(deliveries::delivery_line(order, number, field)),
        Kind::Exchange => Ok(deliveries::exchange(order, number, field)),
    }
}

/// A field of a job that cancels an order.
#[must_use]
pub fn cancellation(shop: &Shop, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(job) = shop.cancellations.get(&number) else {
        return Some(Out::Null);
    };
    let status = match (&job.failed, job.done) {
        (Some(_), _) => "FAILED",
        (None, true) => "SUCCEEDED",
        (None, false) => "STARTED",
    };
    Some(match field {
        "id" => Out::leaf(gid("OrderCancelJobResult", number)),
        "done" => Out::leaf(job.done),
        "status" => Out::leaf(status),
        "order" => Out::Object(Obj::Order(job.order)),
        "errors" => {
            let errors = job.failed.iter().map(|message| {
                Record::new("OrderCancelUserError")
                    .with("code", Out::leaf("INVALID"))
                    .with("field", Out::Null)
                    .with("message", Out::leaf(message.as_str()))
                    .object()
            });
            Out::List(errors.collect())
        }
        _ => return None,
    })
}

/// A field of a `Job`.
#[must_use]
pub fn job(shop: &Shop, number: i64, field: &str) -> Option<Out<Obj>> {
    let done = shop.cancellations.get(&number).is_some_and(|job| job.done);
    Some(match field {
        "id" => Out::leaf(gid("Job", number)),
        "done" => Out::leaf(done),
        _ => return None,
    })
}

/// A part as an object.
fn object(kind: Kind, number: i64) -> Out<Obj> {
    Out::Object(Obj::Part(kind, number))
}

/// The first of a list that is not paged.
fn first(all: impl Iterator<Item = Out<Obj>>, arguments: &Arguments) -> Out<Obj> {
    let most = arguments.get("first").and_then(Value::as_u64);
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    Out::List(all.take(most).collect())
}

/// A `MoneyV2`.
fn money_of(amount: i64, currency: &str) -> Out<Obj> {
    Record::new("MoneyV2")
        .with("amount", Out::leaf(money::graphql_text(amount, currency)))
        .with("currencyCode", Out::leaf(currency))
        .object()
}

/// A `MoneyBag`.
fn bag(currencies: &Currencies, amount: Money) -> Out<Obj> {
    Record::new("MoneyBag")
        .with("shopMoney", money_of(amount.shop, &currencies.shop))
        .with("presentmentMoney", money_of(amount.presentment, &currencies.presentment))
        .object()
}

/// A `TaxLine`, if there is tax at all.
fn taxes(order: &Order, tax: Money) -> Out<Obj> {
    let rate: f64 = format!("0.{:06}", order.tax_rate).parse().unwrap_or_default();
    let one = (order.tax_rate > 0).then(|| {
        Record::new("TaxLine")
            .with("title", Out::leaf(format!("VAT {}%", order.tax_rate * 100 / money::ONE)))
            .with("rate", Out::leaf(rate))
            .with("ratePercentage", Out::leaf(rate * 100.0))
            .with("priceSet", bag(&order.currencies, tax))
            .with("channelLiable", Out::leaf(false))
            .with("source", Out::Null)
            .object()
    });
    Out::List(one.into_iter().collect())
}
