//! Reading a feed.

use lockstep_contracts::backoffice::v1::feed_item::Item;
use lockstep_contracts::backoffice::v1::{
    Address, Contact, ErrorCode, FeedItem, FeedOrder, FeedOrderLine, FeedRefund, FeedRefundLine,
    FeedShippingLine, FeedVerdict, Money, MoneyPair, OrderRequest, RestockType, VerdictOutcome,
};
use pbjson_types::Timestamp;
use serde_json::{Value, json};

use super::{Example, Examples, ORDER_KEY, refused};
use crate::fault::{CallFault, Invalid};
use crate::feed::beyond_end;
use crate::rest::BODY_BYTES_MAX;

/// The number after which the example reads.
pub const AFTER_EXAMPLE: u64 = 0;
/// 2026-11-24T12:00:00Z.
const NOON: i64 = 1_795_521_600;
const LINE: &str = "14700000000001";
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The example page.
pub fn page() -> Value {
    let entries = [Item::Order(order()), Item::Refund(refund()), Item::Verdict(verdict())];
    let item = |(number, item)| FeedItem {
        number,
        at: at(NOON),
        item: Some(item),
        traceparent: TRACE.to_owned(),
    };
    json!({ "items": (1..).zip(entries).map(item).collect::<Vec<_>>() })
}

/// Refused reads.
pub fn reads() -> Examples {
    let limit = CallFault::Invalid(Invalid {
        field: "limit".to_owned(),
        message: "it is not a whole number of the range".to_owned(),
        fix: "write 1 to 500; left out it is 100".to_owned(),
    });
    vec![
        refused("limit=501", "More than one page has.", Value::Null, &limit),
        refused("after=4", "No entry has this number yet.", Value::Null, &beyond_end("after", 3)),
        refused("no_token", "No token was sent.", Value::Null, &MISSING),
    ]
}

/// Acknowledgements.
pub fn acknowledgements() -> Examples {
    let missing = CallFault::Invalid(Invalid {
        field: "number".to_owned(),
        message: "`number` is missing".to_owned(),
        fix: "send the number of the last entry that is stored, such as {\"number\": \"41\"}"
            .to_owned(),
    });
    let large = CallFault::BodyTooLarge { limit: BODY_BYTES_MAX };
    vec![
        Example {
            name: "stored",
            summary: "Everything up to entry 3 is stored.",
            request: json!({ "number": "3" }),
            status: 200,
            answer: json!({ "acknowledged": "3" }),
        },
        Example {
            name: "stored_earlier",
            summary: "A lower number than before changes nothing.",
            request: json!({ "number": "1" }),
            status: 200,
            answer: json!({ "acknowledged": "3" }),
        },
        refused(
            "beyond_the_end",
            "No entry has this number yet.",
            json!({ "number": "4" }),
            &beyond_end("number", 3),
        ),
        refused("no_number", "The number is missing.", json!({}), &missing),
        refused("no_token", "No token was sent.", Value::Null, &MISSING),
        refused("too_large", "More bytes than are read.", Value::Null, &large),
    ]
}

const MISSING: CallFault = CallFault::Unauthenticated("the call carries no bearer token");

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn eur(amount: &str) -> Option<MoneyPair> {
    let one = Money { amount: amount.to_owned(), currency: "EUR".to_owned() };
    Some(MoneyPair { shop: Some(one.clone()), presentment: Some(one) })
}

fn order() -> FeedOrder {
    let line = FeedOrderLine {
        line_id: LINE.to_owned(),
        fulfillment_order_line_id: "15800000000001".to_owned(),
        sku: "TEE-M-BLACK".to_owned(),
        shopify_sku: "TEE-M-BLACK".to_owned(),
        title: "T-shirt - M / Black".to_owned(),
        quantity: 2,
        quantity_open: 2,
        unit_price: eur("19.90"),
        discount: eur("0.00"),
        tax: eur("6.35"),
        requires_shipping: true,
    };
    let shipping = FeedShippingLine {
        title: "Standard".to_owned(),
        code: "standard".to_owned(),
        price: eur("4.90"),
    };
    FeedOrder {
        order_key: ORDER_KEY.to_owned(),
        revision: 1,
        store: "north".to_owned(),
        shop_domain: "north.example".to_owned(),
        order_name: "#1001".to_owned(),
        created_at: at(NOON - 60),
        updated_at: at(NOON - 59),
        request: OrderRequest::Fulfil.into(),
        financial_status: "PAID".to_owned(),
        fulfillment_status: "UNFULFILLED".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        shipping_process: "parcel".to_owned(),
        lines: vec![line],
        shipping_lines: vec![shipping],
        total: eur("44.70"),
        tags: vec!["gift".to_owned()],
        contact: Some(contact()),
        ..FeedOrder::default()
    }
}

fn contact() -> Contact {
    let address = Address {
        name: "Jo Example".to_owned(),
        address1: "1 Sample Street".to_owned(),
        city: "Sampletown".to_owned(),
        zip: "00000".to_owned(),
        country_code: "DE".to_owned(),
        ..Address::default()
    };
    Contact {
        name: "Jo Example".to_owned(),
        email: "jo@shop.example".to_owned(),
        ship_to: Some(address.clone()),
        bill_to: Some(address),
        ..Contact::default()
    }
}

fn refund() -> FeedRefund {
    let line = FeedRefundLine {
        line_id: LINE.to_owned(),
        sku: "TEE-M-BLACK".to_owned(),
        quantity: 1,
        restock_type: RestockType::Cancel.into(),
        warehouse_code: "MAIN".to_owned(),
        amount: eur("19.90"),
    };
    FeedRefund {
        order_key: ORDER_KEY.to_owned(),
        refund_id: "9300000000001".to_owned(),
        refunded_at: at(NOON - 10),
        lines: vec![line],
        amount: eur("19.90"),
    }
}

fn verdict() -> FeedVerdict {
    FeedVerdict {
        event_id: "accept-000017".to_owned(),
        report: "accept".to_owned(),
        order_key: ORDER_KEY.to_owned(),
        outcome: VerdictOutcome::Refused.into(),
        code: ErrorCode::QuantityTooLarge.as_str_name().to_owned(),
        field: "lines[0].quantity".to_owned(),
        message: "2 units are meant, and 1 are left".to_owned(),
        fix: "take the quantities from the newest revision in your feed".to_owned(),
    }
}
