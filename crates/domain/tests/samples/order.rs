//! Samples of orders.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::order::cancel::{Cancel, Stage};
use lockstep_domain::order::facts::{
    AtLocation, FulfillmentOrder, FulfillmentOrderLine, LineDetails, LineNumbers, Money, MoneyPair,
    OrderDetails, OrderFacts, OrderRead, Refund, RefundDetails, RefundLine, RefundLineMoney,
    Restock, SealedContact, ShippingLine,
};
use lockstep_domain::order::report::{
    Booked, Extent, Refusal, Report, ReportId, Says, Units, WaitsFor,
};
use lockstep_domain::order::settings::{OrderFilter, OrderRulesEvent, ServedLocation, StoreOrders};
use lockstep_domain::order::{
    Answer, CodesEvent, LineFacts, Order, OrderEvent, OrderHead, OrderLines, PartContent, PartLine,
    Redaction, RedactionEvent, RefundedUnits, Request, Said, Share, ToldRefund, ToldRefundLine,
    VariantCodes, Waiting,
};
use lockstep_domain::sweep::Rhythm;
use lockstep_domain::{
    CustomerId, Decider, FulfillmentOrderId, FulfillmentOrderLineId, InventoryItemId, LineItemId,
    LocationId, OrderId, RefundId, VariantId, Warehouse,
};

use super::{at, id};

const LINE: LineItemId = LineItemId(5001);
const BERLIN: LocationId = LocationId(71);

fn main() -> Warehouse {
    id("wms/MAIN")
}

fn money(amount: &str) -> MoneyPair {
    let one = |currency: &str| Money { amount: id(amount), currency: currency.to_owned() };
    MoneyPair { shop: one("EUR"), presentment: one("USD") }
}

fn contact() -> SealedContact {
    SealedContact {
        key: "north.9".to_owned(),
        sealed: "AQID".to_owned(),
        mark: "bWFyaw==".to_owned(),
    }
}

fn facts() -> OrderFacts {
    OrderFacts {
        updated_at: at(60),
        cancelled_at: Some(at(50)),
        closed_at: Some(at(55)),
        lines: vec![LineNumbers {
            line: LINE,
            variant: Some(VariantId(61)),
            item: Some(InventoryItemId(62)),
            quantity: 3,
            current: 2,
            open: 1,
            fulfilled: vec![AtLocation { location: Some(BERLIN), units: 1 }],
        }],
        refunds: vec![Refund {
            id: RefundId(81),
            at: at(40),
            lines: vec![RefundLine {
                line: LINE,
                units: 1,
                restock: Restock::Return,
                location: Some(BERLIN),
            }],
        }],
    }
}

fn line() -> LineDetails {
    LineDetails {
        line: LINE,
        sku: "LAMP".to_owned(),
        title: "Lamp / red".to_owned(),
        requires_shipping: true,
        unit_price: money("10"),
        discount: money("1"),
        tax: money("1.44"),
    }
}

fn details() -> OrderDetails {
    OrderDetails {
        name: "#1001".to_owned(),
        created_at: at(0),
        test: false,
        financial: "PAID".to_owned(),
        fulfillment: "PARTIALLY_FULFILLED".to_owned(),
        source: "web".to_owned(),
        tags: ["gift".to_owned()].into(),
        cancel_reason: "CUSTOMER".to_owned(),
        total: money("34.9"),
        shipping_lines: vec![ShippingLine {
            title: "Standard".to_owned(),
            code: "STD".to_owned(),
            price: money("4.9"),
        }],
        lines: vec![line()],
        refunds: vec![RefundDetails {
            id: RefundId(81),
            amount: money("10"),
            lines: vec![RefundLineMoney {
                line: LINE,
                restock: Restock::Return,
                location: Some(BERLIN),
                amount: money("10"),
            }],
        }],
    }
}

fn read() -> OrderRead {
    OrderRead {
        facts: facts(),
        details: details(),
        routing: vec![FulfillmentOrder {
            id: FulfillmentOrderId(91),
            location: Some(BERLIN),
            hold: Some("OTHER".to_owned()),
            lines: vec![FulfillmentOrderLine {
                id: FulfillmentOrderLineId(92),
                line: LINE,
                remaining: 1,
            }],
        }],
        customer: Some(CustomerId(9)),
        contact_read: true,
        contact: Some(contact()),
    }
}

fn lines() -> OrderLines {
    OrderLines {
        as_of: at(60),
        routed: true,
        cancelled: false,
        lines: vec![LineFacts {
            line: LINE,
            variant: Some(VariantId(61)),
            item: Some(InventoryItemId(62)),
            quantity: 3,
            removed: 0,
            refunded: vec![RefundedUnits {
                refund: RefundId(81),
                units: 1,
                restock: Restock::Return,
                location: Some(BERLIN),
                after_fulfillment: true,
                at: at(40),
            }],
            shares: vec![Share {
                served_by: None,
                steps: Vec::new(),
                location: Some(BERLIN),
                warehouse: Some(main()),
                sold: 3,
                fulfilled: 1,
                accepted: 1,
                released: 1,
                reported_at: Some(at(30)),
            }],
        }],
    }
}

fn part() -> PartContent {
    PartContent {
        request: Request::Hold,
        reason: "OTHER".to_owned(),
        shipping_process: "parcel".to_owned(),
        lines: vec![PartLine {
            line: line(),
            fulfillment_order_line: Some(FulfillmentOrderLineId(92)),
            sku: Some(id("LAMP")),
            quantity: 3,
            open: 1,
        }],
        order: OrderHead {
            details: OrderDetails { lines: Vec::new(), refunds: Vec::new(), ..details() },
        },
        contact: Some(contact()),
    }
}

fn report_id(event: &str) -> ReportId {
    ReportId { backoffice: id("wms"), event_id: id(event) }
}

fn booked() -> Vec<Booked> {
    vec![Booked { line: LINE, warehouse: main(), units: 1 }]
}

fn waiting() -> Waiting {
    let units = Units { line: LINE, units: 1, warehouse: Some(id("MAIN")) };
    let report = Report {
        id: report_id("a-0"),
        says: Says::AgreeToCancel,
        extent: Extent::Lines(vec![units]),
        occurred_at: at(20),
        revision: 2,
    };
    Waiting { report, since: at(21) }
}

fn said(event: &str, says: Says, answer: Answer, second: i64) -> Said {
    let units = Units { line: LINE, units: 1, warehouse: Some(id("MAIN")) };
    let extent = Extent::Lines(vec![units]);
    Said { id: report_id(event), says, extent, at: at(second), answer, bounds: booked() }
}

fn cancel(stage: Stage) -> Cancel {
    Cancel { asked_by: report_id("x-1"), stage }
}

fn reports() -> Vec<OrderEvent> {
    let book = |event: &str, says, answer, second| OrderEvent::ReportBooked {
        id: report_id(event),
        says,
        answer,
        booked: booked(),
        at: at(second),
        said: None,
    };
    let fold = |event: &str, says, answer, second| OrderEvent::ReportBooked {
        id: report_id(event),
        says,
        answer,
        booked: Vec::new(),
        at: at(second),
        said: Some(Box::new(said(event, says, answer, second))),
    };
    let refuse = |event: &str, says, refusal| OrderEvent::ReportRefused {
        id: report_id(event),
        says,
        refusal,
    };
    vec![
        OrderEvent::ReportParked { waiting: waiting(), waits_for: WaitsFor::Announcement },
        book("a-1", Says::Accept, Answer::Accepted, 30),
        book("a-2", Says::Release, Answer::Released, 31),
        fold("b-1", Says::Accept, Answer::Accepted, 33),
        fold("b-2", Says::Reject, Answer::Rejected, 32),
        refuse("a-3", Says::Accept, Refusal::NotYours),
        refuse("a-4", Says::Accept, Refusal::UnknownLine { index: 0, line: LINE }),
        refuse("a-5", Says::Reject, Refusal::TooMany { index: 1, units: 4, open: 3 }),
        refuse("a-6", Says::TooLate, Refusal::NotCancelled),
        refuse("a-7", Says::ReleaseAndCancel, Refusal::NotWhole { open: 2 }),
        refuse("a-8", Says::ReleaseAndCancel, Refusal::Fulfilled { units: 1 }),
        refuse("a-9", Says::ReleaseAndCancel, Refusal::AlreadyCancelling),
        refuse("a-10", Says::Accept, Refusal::Cancelled),
        refuse("a-12", Says::Accept, Refusal::UnknownOrder),
        refuse("a-13", Says::Accept, Refusal::TooManyWaiting { most: 100 }),
        refuse(
            "a-11",
            Says::ReleaseAndCancel,
            Refusal::Shopify { message: "Cannot cancel".to_owned() },
        ),
    ]
}

/// Every event of an order.
pub fn order_events() -> Vec<OrderEvent> {
    let told = ToldRefund {
        backoffice: id("wms"),
        refund: RefundId(81),
        at: at(40),
        lines: vec![ToldRefundLine {
            line: LINE,
            sku: Some(id("LAMP")),
            units: 1,
            restock: Restock::Return,
            warehouse: Some(main()),
            amount: Some(money("10")),
        }],
        amount: Some(money("10")),
    };
    let unknown = Stage::Unknown { readable_from: at(90), absent_at: Some(at(95)) };
    let mut events = vec![
        OrderEvent::Seen { facts: Box::new(facts()) },
        OrderEvent::Doubted,
        OrderEvent::DeletionSeen,
        OrderEvent::ReadStale,
        OrderEvent::ReadAbsent { news: 2 },
        OrderEvent::Read { news: 3, shown: Box::new(read()) },
        OrderEvent::ReadConfirmed { news: 3 },
        OrderEvent::LinesTold { revision: 1, lines: Box::new(lines()), noted: true },
        OrderEvent::PartTold { warehouse: main(), revision: 1, content: Box::new(part()) },
        OrderEvent::RefundTold { told: Box::new(told) },
    ];
    events.extend(reports());
    let effect = id("effect-1");
    events.extend([
        OrderEvent::CancelAsked {
            cancel: cancel(Stage::Due),
            booked: booked(),
            at: at(32),
            said: None,
        },
        OrderEvent::CancelAsked {
            cancel: cancel(Stage::Due),
            booked: booked(),
            at: at(34),
            said: Some(Box::new(said("x-1", Says::ReleaseAndCancel, Answer::Released, 34))),
        },
        OrderEvent::CancelMoved { cancel: cancel(Stage::InTheAir { effect }) },
        OrderEvent::CancelMoved { cancel: cancel(Stage::Taken { since: None, absent_at: None }) },
        OrderEvent::CancelMoved {
            cancel: cancel(Stage::Taken { since: Some(at(80)), absent_at: Some(at(85)) }),
        },
        OrderEvent::CancelMoved { cancel: cancel(unknown) },
        OrderEvent::CancelDone { id: report_id("x-1") },
        OrderEvent::Redacted,
    ]);
    covers!(
        events;
        OrderEvent::Seen { .. },
        OrderEvent::Doubted,
        OrderEvent::DeletionSeen,
        OrderEvent::Read { .. },
        OrderEvent::ReadConfirmed { .. },
        OrderEvent::ReadStale,
        OrderEvent::ReadAbsent { .. },
        OrderEvent::LinesTold { .. },
        OrderEvent::PartTold { .. },
        OrderEvent::RefundTold { .. },
        OrderEvent::ReportParked { .. },
        OrderEvent::ReportBooked { .. },
        OrderEvent::ReportRefused { .. },
        OrderEvent::CancelAsked { .. },
        OrderEvent::CancelMoved { .. },
        OrderEvent::CancelDone { .. },
        OrderEvent::Redacted,
    )
}

/// A state with every field.
pub fn order_state() -> Order {
    let events = order_events();
    let shown = |event: &&OrderEvent| {
        !matches!(event, OrderEvent::CancelDone { .. } | OrderEvent::Redacted)
    };
    Order::evolve_all(Order::default(), events.iter().filter(shown))
}

pub fn order_rules_events() -> Vec<OrderRulesEvent> {
    let word = |text: &str| BTreeSet::from([text.to_owned()]);
    let settings = StoreOrders {
        connected: true,
        enabled: true,
        filter: OrderFilter {
            status: word("open"),
            financial: word("PAID"),
            fulfillment: word("UNFULFILLED"),
            tags: word("gift"),
            sources: word("web"),
            locations: [BERLIN].into(),
        },
        whole: true,
        takers: [id("wms")].into(),
        locations: vec![ServedLocation {
            location: BERLIN,
            warehouses: vec![main()],
            shipping_process: "parcel".to_owned(),
            default: true,
        }],
        shop_domain: "north.myshopify.com".to_owned(),
        told_since: Some(at(5)),
        sweep: Rhythm::new(15, 7),
        revision: 7,
    };
    vec![OrderRulesEvent::Adopted { settings }]
}

pub fn variant_codes_events() -> Vec<CodesEvent> {
    let note = |sku, revision| CodesEvent::Noted { backoffice: id("wms"), sku, revision };
    covers!(
        vec![
            note(Some(id("LAMP")), 1),
            note(None, 2),
            CodesEvent::Missed,
            CodesEvent::MissedBy { order: OrderId(1001) },
        ];
        CodesEvent::Noted { .. },
        CodesEvent::Missed,
        CodesEvent::MissedBy { .. },
    )
}

pub fn variant_codes_state() -> VariantCodes {
    let codes = BTreeMap::from([(id("erp"), (2, None)), (id("wms"), (1, Some(id("LAMP"))))]);
    VariantCodes { codes, missed: true, missed_by: BTreeSet::from([OrderId(1001)]) }
}

pub fn redaction_events() -> Vec<RedactionEvent> {
    let keys = BTreeSet::from(["north.9".to_owned(), "north.order.1".to_owned()]);
    let destroyed = RedactionEvent::KeysDestroyed { keys: ["north.9".to_owned()].into() };
    covers!(
        vec![RedactionEvent::RedactionAsked { keys, at: at(0) }, destroyed];
        RedactionEvent::RedactionAsked { .. },
        RedactionEvent::KeysDestroyed { .. },
    )
}

pub fn redaction_state() -> Redaction {
    Redaction::evolve_all(Redaction::default(), &redaction_events())
}
