//! The aggregates of shipment-push and how they are named in its store.

use lockstep_contracts::Partition;
use lockstep_domain::order::VariantCodes;
use lockstep_domain::shipment::Shipments;
use lockstep_domain::shipment::settings::ShipmentRules;
use lockstep_domain::{OrderId, StoreId, VariantId};
use lockstep_runtime::Aggregate;

/// The shipments of an order; id `{store}/{order}`.
pub struct ShipmentsKind;

impl Aggregate for ShipmentsKind {
    type Decider = Shipments;
    const KIND: &'static str = "order_shipments";
}

/// Adopted settings of a store; id `{store}`.
pub struct StoreKind;

impl Aggregate for StoreKind {
    type Decider = ShipmentRules;
    const KIND: &'static str = "store";
}

/// The back offices' codes of a variant; id `{store}/{variant}`.
pub struct CodesKind;

impl Aggregate for CodesKind {
    type Decider = VariantCodes;
    const KIND: &'static str = "codes";
}

/// Id of an order's shipments.
pub fn shipments_id(store: &StoreId, order: OrderId) -> String {
    format!("{store}/{order}")
}

/// Id of a variant's codes.
pub fn codes_id(store: &StoreId, variant: VariantId) -> String {
    format!("{store}/{variant}")
}

/// Partition of the events about an order.
pub fn partition(order: OrderId) -> Partition {
    Partition::of(order.to_string())
}
