//! The aggregates of order-sync and how they are named in its store.

use lockstep_contracts::Partition;
use lockstep_domain::order::settings::OrderRules;
use lockstep_domain::order::{Order, Redaction, VariantCodes};
use lockstep_domain::{CustomerId, OrderId, StoreId, VariantId};
use lockstep_runtime::Aggregate;

/// An order; id `{store}/{order}`.
pub struct OrderKind;

impl Aggregate for OrderKind {
    type Decider = Order;
    const KIND: &'static str = "order";
}

/// Adopted settings of a store; id `{store}`.
pub struct StoreKind;

impl Aggregate for StoreKind {
    type Decider = OrderRules;
    const KIND: &'static str = "store";
}

/// The back offices' codes of a variant; id `{store}/{variant}`.
pub struct CodesKind;

impl Aggregate for CodesKind {
    type Decider = VariantCodes;
    const KIND: &'static str = "codes";
}

/// An erasure of personal data; id `{store}` or `{store}/{customer}`.
pub struct RedactionKind;

impl Aggregate for RedactionKind {
    type Decider = Redaction;
    const KIND: &'static str = "redaction";
}

/// Id of an order.
pub fn order_id(store: &StoreId, order: OrderId) -> String {
    format!("{store}/{order}")
}

/// Id of a variant's codes.
pub fn codes_id(store: &StoreId, variant: VariantId) -> String {
    format!("{store}/{variant}")
}

/// Id of a customer's erasure; orders without a customer share one.
pub fn redaction_id(store: &StoreId, customer: Option<CustomerId>) -> String {
    format!("{store}/{}", customer.map_or(0, CustomerId::get))
}

/// Partition of the events about an order.
pub fn partition(order: OrderId) -> Partition {
    Partition::of(order.to_string())
}
