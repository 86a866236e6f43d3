//! Calls of unknown outcome as the API shows them.

use lockstep_contracts::shipments::v1::{CandidateView, ShippedLine, UnknownCall};
use lockstep_contracts::stock::v1::{UnknownEffect, UnknownLine};
use serde::Serialize;

use super::moment;

/// A call of unknown outcome.
#[derive(Serialize)]
pub struct Effect {
    id: String,
    store: String,
    kind: String,
    asks: bool,
    since: Option<String>,
    #[serde(flatten)]
    of: Of,
}

/// What only its kind has.
#[derive(Serialize)]
#[serde(untagged)]
enum Of {
    Stock(Write),
    Shipment(Call),
}

/// A write of stock.
#[derive(Serialize)]
struct Write {
    read_at: Option<String>,
    attempts: u32,
    note: String,
    /// What Shopify's history of the item shows beside the write.
    reference: String,
    lines: Vec<Line>,
    /// Of all lines, also when fewer are shown.
    line_count: u32,
}

#[derive(Serialize)]
struct Line {
    inventory_item_id: String,
    location_id: String,
    skus: Vec<String>,
    delta: i64,
    explained_available: Option<i64>,
    explained_on_hand: Option<i64>,
    read_available: Option<i64>,
    read_on_hand: Option<i64>,
    read_committed: Option<i64>,
}

/// A call that makes a fulfillment.
#[derive(Serialize)]
struct Call {
    order_key: String,
    shipment: String,
    parcel: String,
    units: Vec<Units>,
    company: String,
    numbers: Vec<String>,
    /// The fulfillments that may be it.
    candidates: Vec<Candidate>,
}

#[derive(Serialize)]
struct Units {
    line_id: String,
    quantity: i64,
}

#[derive(Serialize)]
struct Candidate {
    fulfillment_id: String,
    quantity: i64,
    numbers: Vec<String>,
    cancelled: bool,
}

impl Effect {
    /// A write of stock, as stock-sync tells it.
    pub fn of_stock(effect: UnknownEffect) -> Self {
        let write = Write {
            read_at: moment(effect.read_at.as_ref()),
            attempts: effect.attempts,
            note: effect.note,
            reference: format!("gid://lockstep/Push/{}", effect.id),
            line_count: effect.line_count,
            lines: effect.lines.into_iter().map(Line::from).collect(),
        };
        Self {
            since: moment(effect.since.as_ref()),
            id: effect.id,
            store: effect.store,
            kind: effect.kind,
            asks: effect.asks,
            of: Of::Stock(write),
        }
    }

    /// A call that makes a fulfillment, as shipment-push tells it.
    pub fn of_shipment(call: UnknownCall) -> Self {
        let units = |line: &ShippedLine| Units {
            line_id: line.line_id.to_string(),
            quantity: line.quantity,
        };
        let made = Call {
            order_key: call.order_key,
            shipment: call.shipment,
            parcel: call.parcel,
            units: call.lines.iter().map(units).collect(),
            company: call.company,
            numbers: call.numbers,
            candidates: call.candidates.into_iter().map(Candidate::from).collect(),
        };
        Self {
            since: moment(call.since.as_ref()),
            id: call.id,
            store: call.store,
            kind: "fulfillment".to_owned(),
            asks: true,
            of: Of::Shipment(made),
        }
    }

    /// What orders them: the oldest first.
    pub fn age(&self) -> (Option<&str>, &str) {
        (self.since.as_deref(), &self.id)
    }
}

impl From<UnknownLine> for Line {
    fn from(line: UnknownLine) -> Self {
        Self {
            inventory_item_id: line.inventory_item_id.to_string(),
            location_id: line.location_id.to_string(),
            skus: line.skus,
            delta: line.delta,
            explained_available: line.explained_available,
            explained_on_hand: line.explained_on_hand,
            read_available: line.read_available,
            read_on_hand: line.read_on_hand,
            read_committed: line.read_committed,
        }
    }
}

impl From<CandidateView> for Candidate {
    fn from(view: CandidateView) -> Self {
        Self {
            fulfillment_id: view.fulfillment_id.to_string(),
            quantity: view.quantity,
            numbers: view.numbers,
            cancelled: view.cancelled,
        }
    }
}
