//! What a pool knows, and the questions it answers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ledger::{Counted, Ledger};
use super::line::LineKey;
use super::position::Position;
use crate::ids::{InventoryItemId, LocationId, StoreId, WarehouseCode};
use crate::quantity::Quantity;

/// One SKU of one back office over its warehouses; keyed by (back office, SKU).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pool {
    pub(super) warehouses: BTreeMap<WarehouseCode, WarehouseStock>,
    pub(super) links: BTreeSet<(StoreId, InventoryItemId)>,
    /// Units of order lines that have no warehouse yet.
    #[serde(with = "crate::pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) held_back: BTreeMap<LineKey, i64>,
}

/// The SKU in one warehouse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct WarehouseStock {
    pub(super) position: Position,
    pub(super) ledger: Ledger,
}

impl Pool {
    /// The inventory items bound to this SKU.
    #[must_use]
    pub const fn links(&self) -> &BTreeSet<(StoreId, InventoryItemId)> {
        &self.links
    }

    /// Every warehouse that was ever reported, with what is known of it.
    pub fn positions(&self) -> impl Iterator<Item = (&WarehouseCode, &Position)> {
        self.warehouses.iter().map(|(code, stock)| (code, &stock.position))
    }

    /// What a warehouse holds; nothing while it was never counted.
    #[must_use]
    pub fn position(&self, warehouse: &WarehouseCode) -> Option<Quantity> {
        self.warehouses.get(warehouse)?.position.quantity()
    }

    /// Units that may still be promised: the position rounded down, less what is owed by every
    /// store. Nothing while the position is unknown.
    #[must_use]
    pub fn free_units(&self, warehouse: &WarehouseCode) -> Option<i64> {
        let position = self.position(warehouse)?;
        Some(position.floor_units().saturating_sub(self.owed(warehouse)))
    }

    /// Units for Delta, where only changes count: the position (or the running sum of movements)
    /// as if the store's own orders had never touched it, continuous over the first count.
    ///
    /// Exact in whole units when the store's lines are taken in whole units, as Shopify sells.
    #[must_use]
    pub fn delta_units(&self, warehouse: &WarehouseCode, store: &StoreId) -> i64 {
        let Some(stock) = self.warehouses.get(warehouse) else { return 0 };
        let number = stock.position.running().saturating_add(stock.ledger.own_for_delta(store));
        number.floor_units().saturating_sub(stock.position.offset())
    }

    /// What the back office's number lacks because of this store's own sales: over its lines the
    /// smaller of taken and sold, less the smaller of booked back and put back by Shopify itself.
    #[must_use]
    pub fn own(&self, warehouse: &WarehouseCode, store: &StoreId) -> Quantity {
        self.warehouses.get(warehouse).map(|stock| stock.ledger.own(store)).unwrap_or_default()
    }

    /// Units sold by any store and not yet taken from the back office's number.
    #[must_use]
    pub fn owed(&self, warehouse: &WarehouseCode) -> i64 {
        self.sum_owed(warehouse, |_| true)
    }

    /// Units sold by other stores and not yet taken.
    #[must_use]
    pub fn owed_by_others(&self, warehouse: &WarehouseCode, store: &StoreId) -> i64 {
        self.sum_owed(warehouse, |owing| owing != store)
    }

    /// Units of one store's *known* lines that are not yet taken; what its levels show beyond
    /// them is [`LevelLocation::presumed`](crate::stock::level::LevelLocation::presumed).
    #[must_use]
    pub fn owed_lines(&self, warehouse: &WarehouseCode, store: &StoreId) -> i64 {
        self.warehouses.get(warehouse).map_or(0, |stock| stock.ledger.owed_lines(store))
    }

    /// Of these, units that lowered a level which the warehouse does not serve: the level that it
    /// serves is to show them as it shows what other stores sold.
    #[must_use]
    pub fn owed_elsewhere(&self, warehouse: &WarehouseCode, store: &StoreId) -> i64 {
        self.warehouses.get(warehouse).map_or(0, |stock| stock.ledger.owed_elsewhere(store))
    }

    /// What a location of a store counts and warehouses send that do not serve it.
    #[must_use]
    pub fn counted_away(&self, store: &StoreId, location: LocationId) -> Counted {
        let ledgers = self.warehouses.values().map(|stock| &stock.ledger);
        let counted = ledgers.map(|ledger| ledger.away(store, location));
        counted.fold(Counted::default(), Counted::plus)
    }

    /// Units by which a store's known lines lowered the level that the warehouse serves: sold,
    /// taken or not, or dropped; settled lines included.
    #[must_use]
    pub fn known_sold(&self, warehouse: &WarehouseCode, store: &StoreId) -> i64 {
        self.warehouses.get(warehouse).map_or(0, |stock| stock.ledger.known_sold(store))
    }

    /// Of those, units of lines that only reports named: no order told of them yet.
    #[must_use]
    pub fn known_unclaimed(&self, warehouse: &WarehouseCode, store: &StoreId) -> i64 {
        self.warehouses.get(warehouse).map_or(0, |stock| stock.ledger.known_unclaimed(store))
    }

    /// Units of a store's known lines that Shopify still holds as committed.
    #[must_use]
    pub fn known_open(&self, warehouse: &WarehouseCode, store: &StoreId) -> i64 {
        self.warehouses.get(warehouse).map_or(0, |stock| stock.ledger.known_open(store))
    }

    /// Units sold that have no location yet: any warehouse may have to send them, so nothing rises
    /// by as many.
    #[must_use]
    pub fn held_back(&self) -> i64 {
        self.held_back.values().fold(0, |sum, units| sum.saturating_add(*units))
    }

    /// Units that a store's level shows as sold and that no known line explains.
    fn presumed(&self, ledger: &Ledger, store: &StoreId) -> i64 {
        let (seen, location) = ledger.seen(store);
        if seen == 0 {
            return 0;
        }
        let away = location.map_or(0, |at| self.counted_away(store, at).in_all());
        seen.saturating_sub(ledger.known_sold(store)).saturating_sub(away).max(0)
    }

    fn sum_owed(&self, warehouse: &WarehouseCode, counts: impl Fn(&StoreId) -> bool) -> i64 {
        let Some(stock) = self.warehouses.get(warehouse) else { return 0 };
        let ledger = &stock.ledger;
        let owing = ledger.stores().into_iter().filter(|store| counts(store));
        owing.fold(0, |sum, store| {
            let owed = ledger.owed_lines(store).saturating_add(self.presumed(ledger, store));
            sum.saturating_add(owed)
        })
    }
}
