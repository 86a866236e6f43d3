//! Orders as the API shows them. No personal data is in any of it.

use std::collections::BTreeMap;

use lockstep_contracts::orders::v1::{
    AnswerView, LineName, LineShare, OrderLineFacts, OrderStanding, OrderView, Parked, PartView,
    WaitingView,
};
use serde::Serialize;

use super::{moment, word};

/// An order.
#[derive(Serialize)]
pub struct Order {
    order_key: String,
    store: String,
    order_id: String,
    name: String,
    created_at: Option<String>,
    updated_at: Option<String>,
    financial_status: String,
    fulfillment_status: String,
    standing: &'static str,
    parked: Vec<Reason>,
    parts: Vec<Part>,
    answers: Vec<Answer>,
    waiting: Vec<Waiting>,
    cancelling: bool,
    unread: bool,
    redacted: bool,
    /// Of one order that is asked for; a list leaves them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<Line>>,
}

#[derive(Serialize)]
struct Reason {
    reason: String,
    subject: String,
    message: String,
    fix: String,
}

#[derive(Serialize)]
struct Part {
    warehouse: String,
    revision: u32,
    request: String,
    reason: String,
    quantity: i64,
    open: i64,
}

#[derive(Serialize)]
struct Answer {
    backoffice: String,
    answer: String,
}

#[derive(Serialize)]
struct Waiting {
    backoffice: String,
    event_id: String,
    report: String,
    since: Option<String>,
}

#[derive(Serialize)]
struct Line {
    line_id: String,
    /// Empty until the order is read.
    sku: String,
    title: String,
    variant_id: String,
    inventory_item_id: String,
    quantity: i64,
    removed: i64,
    shares: Vec<Share>,
}

#[derive(Serialize)]
struct Share {
    location_id: String,
    warehouse: String,
    sold: i64,
    fulfilled: i64,
    accepted: i64,
    released: i64,
}

/// Where an order stands, as it is asked for and shown.
pub const STANDINGS: [(&str, OrderStanding); 2] =
    [("told", OrderStanding::Told), ("parked", OrderStanding::Parked)];

impl Order {
    /// An order as order-sync tells it.
    pub fn new(view: OrderView) -> Self {
        let standing = STANDINGS.into_iter().find(|(_, standing)| *standing == view.standing());
        let names: BTreeMap<_, _> = view.names.iter().map(|name| (name.line_id, name)).collect();
        let line = |line: OrderLineFacts| Line::new(names.get(&line.line_id).copied(), line);
        let lines = view.lines.map(|all| all.lines.into_iter().map(line).collect());
        Self {
            standing: standing.map_or("", |(word, _)| word),
            created_at: moment(view.created_at.as_ref()),
            updated_at: moment(view.updated_at.as_ref()),
            order_key: view.order_key,
            store: view.store,
            order_id: view.order_id.to_string(),
            name: view.name,
            financial_status: view.financial_status,
            fulfillment_status: view.fulfillment_status,
            parked: view.parked.into_iter().map(Reason::from).collect(),
            parts: view.parts.into_iter().map(Part::from).collect(),
            answers: view.answers.into_iter().map(Answer::from).collect(),
            waiting: view.waiting.into_iter().map(Waiting::from).collect(),
            cancelling: view.cancelling,
            unread: view.unread,
            redacted: view.redacted,
            lines,
        }
    }
}

impl From<Parked> for Reason {
    fn from(parked: Parked) -> Self {
        Self {
            reason: word(parked.reason().as_str_name(), "PARKED_REASON_"),
            subject: parked.subject,
            message: parked.message,
            fix: parked.fix,
        }
    }
}

impl From<PartView> for Part {
    fn from(part: PartView) -> Self {
        Self {
            request: word(part.request().as_str_name(), "ORDER_REQUEST_"),
            warehouse: part.warehouse,
            revision: part.revision,
            reason: part.reason,
            quantity: part.quantity,
            open: part.open,
        }
    }
}

impl From<AnswerView> for Answer {
    fn from(answer: AnswerView) -> Self {
        Self { backoffice: answer.backoffice, answer: answer.answer }
    }
}

impl From<WaitingView> for Waiting {
    fn from(waiting: WaitingView) -> Self {
        Self {
            since: moment(waiting.since.as_ref()),
            backoffice: waiting.backoffice,
            event_id: waiting.event_id,
            report: waiting.report,
        }
    }
}

impl Line {
    fn new(name: Option<&LineName>, line: OrderLineFacts) -> Self {
        Self {
            line_id: line.line_id.to_string(),
            sku: name.map(|name| name.sku.clone()).unwrap_or_default(),
            title: name.map(|name| name.title.clone()).unwrap_or_default(),
            variant_id: id(line.variant_id),
            inventory_item_id: id(line.inventory_item_id),
            quantity: line.quantity,
            removed: line.removed,
            shares: line.shares.into_iter().map(Share::from).collect(),
        }
    }
}

impl From<LineShare> for Share {
    fn from(share: LineShare) -> Self {
        Self {
            location_id: id(share.location_id),
            warehouse: share.warehouse,
            sold: share.sold,
            fulfilled: share.fulfilled,
            accepted: share.accepted,
            released: share.released,
        }
    }
}

/// An id of Shopify's; empty where there is none.
fn id(number: i64) -> String {
    if number == 0 { String::new() } else { number.to_string() }
}
