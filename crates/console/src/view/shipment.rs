//! Shipments as the API shows them.

use lockstep_contracts::shipments::v1::{FulfillmentView, ShipmentStanding, ShipmentView};
use serde::Serialize;

use super::moment;

/// A shipment.
#[derive(Serialize)]
pub struct Shipment {
    shipment: String,
    order_key: String,
    store: String,
    warehouse: String,
    event_id: String,
    revision: u32,
    released: bool,
    standing: &'static str,
    /// The verdict in words; empty while there is nothing to say.
    code: String,
    field: String,
    message: String,
    fix: String,
    quantity: i64,
    shipped_at: Option<String>,
    since: Option<String>,
    arrived: bool,
    /// A call about it was sent, and nobody knows yet whether Shopify executed it.
    unclear: bool,
    fulfillments: Vec<Fulfillment>,
}

#[derive(Serialize)]
struct Fulfillment {
    fulfillment_id: String,
    parcel: String,
    quantity: i64,
    company: String,
    numbers: Vec<String>,
    urls: Vec<String>,
    cancelled: bool,
}

/// Where a shipment stands, as it is asked for and shown.
pub const STANDINGS: [(&str, ShipmentStanding); 5] = [
    ("due", ShipmentStanding::Due),
    ("parked", ShipmentStanding::Parked),
    ("done", ShipmentStanding::Done),
    ("refused", ShipmentStanding::Refused),
    ("not_enabled", ShipmentStanding::NotEnabled),
];

impl Shipment {
    /// A shipment as shipment-push tells it.
    pub fn new(view: ShipmentView) -> Self {
        let standing = STANDINGS.into_iter().find(|(_, standing)| *standing == view.standing());
        Self {
            standing: standing.map_or("", |(word, _)| word),
            shipped_at: moment(view.shipped_at.as_ref()),
            since: moment(view.since.as_ref()),
            shipment: view.shipment,
            order_key: view.order_key,
            store: view.store,
            warehouse: view.warehouse,
            event_id: view.event_id,
            revision: view.revision,
            released: view.released,
            code: view.code,
            field: view.field,
            message: view.message,
            fix: view.fix,
            quantity: view.quantity,
            arrived: view.arrived,
            unclear: view.unclear,
            fulfillments: view.fulfillments.into_iter().map(Fulfillment::from).collect(),
        }
    }
}

impl From<FulfillmentView> for Fulfillment {
    fn from(view: FulfillmentView) -> Self {
        Self {
            fulfillment_id: view.fulfillment_id.to_string(),
            parcel: view.parcel,
            quantity: view.quantity,
            company: view.company,
            numbers: view.numbers,
            urls: view.urls,
            cancelled: view.cancelled,
        }
    }
}
