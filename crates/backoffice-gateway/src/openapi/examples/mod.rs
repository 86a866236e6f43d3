//! Calls with the answers that they get. A test posts each of them to the running routes.

mod catalog;
mod documents;
pub mod feed;
mod orders;
mod parcels;
mod stock;

use lockstep_contracts::backoffice::v1::{ErrorCode, ItemError};
use serde_json::{Value, json};

use crate::fault::CallFault;
use crate::rest::BODY_BYTES_MAX;
use crate::rest::problem::Problem;

/// The order that examples speak of.
pub const ORDER_KEY: &str = "north:6120000000001";
/// The sale that examples speak of.
pub const SALE_ID: &str = "till-3-000412";

/// A call and its answer.
pub struct Example {
    /// Its name, the same at the request and at the answer.
    pub name: &'static str,
    /// What it shows.
    pub summary: &'static str,
    /// The body; null where the body is not the point.
    pub request: Value,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub answer: Value,
}

/// The examples of one path.
pub type Examples = Vec<Example>;

/// The examples of a method.
pub fn of(method: &str) -> Examples {
    let own = match method {
        "ReportStockMovements" => stock::movements(),
        "ReportStockCounts" => stock::counts(),
        "UpsertProducts" => catalog::products(),
        "DeleteProducts" => catalog::deletions(),
        "AcceptOrder" => orders::acceptances(),
        "RejectOrder" => orders::rejections(),
        "ReleaseOrder" => orders::releases(),
        "ReportShipment" => parcels::shipments(),
        "ReportReturn" => parcels::returns(),
        "ReportInvoice" => documents::invoices(),
        "RecordSale" => documents::sales(),
        "RecordSaleRefund" => documents::sale_refunds(),
        _ => Vec::new(),
    };
    own.into_iter().chain(refusals()).collect()
}

/// A list that is answered item by item.
fn taken(name: &'static str, summary: &'static str, request: Value, items: Value) -> Example {
    Example { name, summary, request, status: 202, answer: json!({ "items": items }) }
}

/// A report that is taken.
fn taken_one(name: &'static str, summary: &'static str, request: Value) -> Example {
    let report = request.as_object().and_then(|body| body.values().next());
    let event_id = report.map_or(Value::Null, |report| report["event_id"].clone());
    let item = json!({ "event_id": event_id, "status": "ITEM_STATUS_ACCEPTED" });
    Example { name, summary, request, status: 202, answer: json!({ "item": item }) }
}

/// A call that is refused.
fn refused(
    name: &'static str,
    summary: &'static str,
    request: Value,
    fault: &CallFault,
) -> Example {
    let problem = Problem::from(fault);
    Example { name, summary, request, status: problem.status, answer: json!(problem) }
}

/// Why a single report is refused.
fn because(code: ErrorCode, field: &str, message: &str, fix: &str) -> CallFault {
    CallFault::Refused(ItemError {
        code: code.into(),
        field: field.to_owned(),
        message: message.to_owned(),
        fix: fix.to_owned(),
    })
}

/// Refusals in which the body is not the point.
fn refusals() -> Examples {
    let missing = CallFault::Unauthenticated("the call carries no bearer token");
    let large = CallFault::BodyTooLarge { limit: BODY_BYTES_MAX };
    let away = CallFault::Unavailable("the broker or the database is away");
    vec![
        refused("no_token", "No token was sent.", Value::Null, &missing),
        refused("too_large", "More bytes than are read.", Value::Null, &large),
        refused("away", "Lockstep cannot store or publish now.", Value::Null, &away),
    ]
}
