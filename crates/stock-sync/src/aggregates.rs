//! The aggregates of stock-sync and how they are named in its store.
//!
//! A transaction that needs several locks what was heard of orders and shipments first, then the
//! demand for items, then pools, then the rules of a store, then levels, then timers. A movement
//! has its pool when it learns that a level must follow new rules, so everybody else goes by that
//! order, too: two that hold what the other wants cost the database a second. Of the keys of one
//! statement the kinds are locked by their names, which is why the first ones begin as they do.

use lockstep_contracts::Partition;
use lockstep_domain::decider::Decider;
use lockstep_domain::stock::demand::{Demand, HeardOrder, HeardShipment};
use lockstep_domain::stock::level::Level;
use lockstep_domain::stock::orders_read::OrdersRead;
use lockstep_domain::stock::pool::Pool;
use lockstep_domain::stock::rules::{BackOfficeRules, StoreRules};
use lockstep_domain::{BackOfficeId, InventoryItemId, OrderId, Sku, StoreId, VariantId};
use lockstep_runtime::Aggregate;
use serde::{Deserialize, Serialize};

/// What the warehouses of a back office hold of a SKU; id `{backoffice}/{sku}`.
pub struct PoolKind;

impl Aggregate for PoolKind {
    type Decider = Pool;
    const KIND: &'static str = "pool";
}

/// The levels of an inventory item; id `{store}/{inventory item}`.
pub struct LevelKind;

impl Aggregate for LevelKind {
    type Decider = Level;
    const KIND: &'static str = "level";
}

/// Adopted settings of a store; id `{store}`.
pub struct StoreKind;

impl Aggregate for StoreKind {
    type Decider = StoreRules;
    const KIND: &'static str = "store";
}

/// Adopted settings of a back office; id `{backoffice}`.
pub struct BackOfficeKind;

impl Aggregate for BackOfficeKind {
    type Decider = BackOfficeRules;
    const KIND: &'static str = "backoffice";
}

/// What orders and shipments say of an inventory item; id `{store}/{inventory item}`.
pub struct DemandKind;

impl Aggregate for DemandKind {
    type Decider = Demand;
    const KIND: &'static str = "item_demand";
}

/// The lines of an order that were told to the demand for their items; id `{store}/{order}`.
pub struct HeardOrderKind;

impl Aggregate for HeardOrderKind {
    type Decider = HeardOrder;
    const KIND: &'static str = "heard_order";
}

/// What the revisions of a shipment said; id `{store}/{backoffice}/{shipment}`.
pub struct HeardShipmentKind;

impl Aggregate for HeardShipmentKind {
    type Decider = HeardShipment;
    const KIND: &'static str = "heard_shipment";
}

/// In which spans every change of a store's orders is known; id `{store}`. It is locked alone, or
/// only looked at.
pub struct OrdersReadKind;

impl Aggregate for OrdersReadKind {
    type Decider = OrdersRead;
    const KIND: &'static str = "orders_read";
}

/// The newest revision seen of a link; id `{store}/{variant}/{backoffice}`. Link events may
/// arrive out of order.
pub struct LinkSeenKind;

impl Aggregate for LinkSeenKind {
    type Decider = LinkSeen;
    const KIND: &'static str = "link_seen";
}

/// The newest revision seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSeen {
    revision: u64,
}

/// A revision arrives.
pub struct See {
    /// Its number.
    pub revision: u64,
}

/// A revision was newer than every one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LinkSeenEvent {
    /// It stands now.
    RevisionSeen {
        /// Its number.
        revision: u64,
    },
}

impl Decider for LinkSeen {
    type State = Self;
    type Command = See;
    type Event = LinkSeenEvent;
    type Rejection = std::convert::Infallible;

    fn decide(state: &Self, command: &See) -> Result<Vec<LinkSeenEvent>, Self::Rejection> {
        let See { revision } = *command;
        let is_newer = revision > state.revision;
        Ok(is_newer.then_some(LinkSeenEvent::RevisionSeen { revision }).into_iter().collect())
    }

    fn evolve(_: Self, event: &LinkSeenEvent) -> Self {
        let LinkSeenEvent::RevisionSeen { revision } = *event;
        Self { revision }
    }
}

/// Id of a pool.
pub fn pool_id(backoffice: &BackOfficeId, sku: &Sku) -> String {
    format!("{backoffice}/{sku}")
}

/// Id of an item's levels.
pub fn level_id(store: &StoreId, item: InventoryItemId) -> String {
    format!("{store}/{item}")
}

/// Id of the demand for an item.
pub fn demand_id(store: &StoreId, item: InventoryItemId) -> String {
    format!("{store}/{item}")
}

/// Id of what was heard of an order.
pub fn heard_order_id(store: &StoreId, order: OrderId) -> String {
    format!("{store}/{order}")
}

/// Id of what was heard of a shipment.
pub fn heard_shipment_id(store: &StoreId, shipment: &str) -> String {
    format!("{store}/{shipment}")
}

/// Id of a link's newest revision.
pub fn link_seen_id(store: &StoreId, variant: VariantId, backoffice: &BackOfficeId) -> String {
    format!("{store}/{variant}/{backoffice}")
}

/// Partition of the events about an item.
pub fn item_partition(item: InventoryItemId) -> Partition {
    Partition::of(item.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_revision_is_silent() {
        let state = LinkSeen { revision: 4 };
        assert_eq!(LinkSeen::decide(&state, &See { revision: 3 }), Ok(vec![]));
        assert_eq!(LinkSeen::decide(&state, &See { revision: 4 }), Ok(vec![]));
        let seen = LinkSeenEvent::RevisionSeen { revision: 5 };
        assert_eq!(LinkSeen::decide(&state, &See { revision: 5 }), Ok(vec![seen.clone()]));
        assert_eq!(LinkSeen::evolve(state, &seen), LinkSeen { revision: 5 });
    }
}
