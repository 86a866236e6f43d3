//! The budgets of the shops that this process calls, by shop domain: Shopify counts the points of a
//! shop, whatever a store is called here and whoever asks.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::{ShopDomain, StoreId};

use crate::budget::{Budget, SharedPoints};

/// A budget that nobody used for this long is dropped. Any bucket has filled up again long before,
/// so that nothing is forgotten but its size.
const KEEP: SignedDuration = SignedDuration::from_hours(1);
/// What is unused is looked for this often.
const SWEEP: SignedDuration = SignedDuration::from_mins(10);

/// Budgets by shop domain.
#[derive(Default)]
pub struct Budgets {
    state: Mutex<State>,
    shared: Option<SharedPoints>,
}

#[derive(Default)]
struct State {
    shops: HashMap<ShopDomain, Used>,
    /// The shop that a store was last called at.
    stores: HashMap<StoreId, ShopDomain>,
    swept: Option<Timestamp>,
}

struct Used {
    budget: Arc<Budget>,
    /// The store in whose ledger it is shared.
    store: Option<StoreId>,
    at: Timestamp,
}

impl Budgets {
    /// Budgets that this process shares with the others.
    pub fn shared(shared: SharedPoints) -> Self {
        Self { state: Mutex::default(), shared: Some(shared) }
    }

    /// The budget of a shop that is called now, for a store or for nobody yet.
    pub fn of(&self, store: Option<&StoreId>, shop: &ShopDomain, now: Timestamp) -> Arc<Budget> {
        let mut state = self.lock();
        state.sweep(now);
        if let Some(store) = store.filter(|store| state.stores.get(*store) != Some(shop)) {
            state.stores.insert(store.clone(), shop.clone());
        }
        let place = self.shared.clone().zip(store.cloned());
        let fresh = |place: Option<(SharedPoints, StoreId)>| {
            let store = place.as_ref().map(|(_, store)| store.clone());
            Used { budget: Arc::new(Budget::new(place)), store, at: now }
        };
        let used = match state.shops.entry(shop.clone()) {
            Entry::Occupied(used) => used.into_mut(),
            Entry::Vacant(free) => return free.insert(fresh(place)).budget.clone(),
        };
        if place.is_some() && used.store.as_ref() != store {
            // What was learnt before the shop was a store's, or while it was another one, is learnt
            // again by its first call: each store's processes share a ledger of their own.
            *used = fresh(place);
        }
        used.at = now;
        Arc::clone(&used.budget)
    }

    /// The budget that a store was last called with.
    pub fn last(&self, store: &StoreId) -> Option<Arc<Budget>> {
        let state = self.lock();
        Some(state.shops.get(state.stores.get(store)?)?.budget.clone())
    }

    /// Share of a store's budget that is left; `None` before its first answer.
    pub fn left(&self, store: &StoreId, now: Timestamp) -> Option<f64> {
        self.last(store)?.left(now)
    }

    /// Waits until the shared ledgers were told of every answer so far.
    pub async fn told(&self) {
        if let Some(shared) = &self.shared {
            shared.told().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sweep(&mut self, now: Timestamp) {
        let swept = *self.swept.get_or_insert(now);
        if now.duration_since(swept) < SWEEP {
            return;
        }
        self.swept = Some(now);
        // A call that is waiting or in the air holds its budget, however long ago it began.
        self.shops.retain(|_, used| {
            now.duration_since(used.at) < KEEP || Arc::strong_count(&used.budget) > 1
        });
        let shops = &self.shops;
        self.stores.retain(|_, shop| shops.contains_key(shop));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(name: &str) -> ShopDomain {
        ShopDomain::try_new(format!("{name}.myshopify.com")).unwrap()
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + minutes * 60).unwrap()
    }

    fn sizes(budgets: &Budgets) -> (usize, usize) {
        let state = budgets.lock();
        (state.shops.len(), state.stores.len())
    }

    #[test]
    fn a_shop_has_one_budget_whoever_asks() {
        let budgets = Budgets::default();
        let north = StoreId::try_new("north").unwrap();
        let first = budgets.of(None, &shop("a"), at(0));
        assert_eq!(budgets.left(&north, at(0)), None);
        assert!(Arc::ptr_eq(&first, &budgets.of(Some(&north), &shop("a"), at(1))));
        assert!(!Arc::ptr_eq(&first, &budgets.of(Some(&north), &shop("b"), at(1))));
    }

    #[test]
    fn what_is_unused_for_an_hour_goes_and_what_is_in_use_stays() {
        let budgets = Budgets::default();
        let north = StoreId::try_new("north").unwrap();
        let held = budgets.of(None, &shop("held"), at(0));
        for probe in 0..100 {
            drop(budgets.of(None, &shop(&format!("probe{probe}")), at(0)));
        }
        drop(budgets.of(Some(&north), &shop("north"), at(30)));
        assert_eq!(sizes(&budgets), (102, 1));
        drop(budgets.of(None, &shop("other"), at(61)));
        assert_eq!(sizes(&budgets), (3, 1), "held, north and other");
        drop(held);
        drop(budgets.of(None, &shop("other"), at(100)));
        assert_eq!(sizes(&budgets), (1, 0));
    }

    #[test]
    fn a_shop_that_is_another_store_now_is_shared_in_that_ones_ledger() {
        let kv = Arc::new(lockstep_testkit::bus::MemoryBus::new());
        let budgets = Budgets::shared(SharedPoints::new(kv, "one".to_owned()));
        let [north, again] = ["north", "again"].map(|id| StoreId::try_new(id).unwrap());
        let probed = budgets.of(None, &shop("a"), at(0));
        let first = budgets.of(Some(&north), &shop("a"), at(1));
        assert!(!Arc::ptr_eq(&probed, &first));
        assert!(Arc::ptr_eq(&first, &budgets.of(Some(&north), &shop("a"), at(2))));
        assert!(Arc::ptr_eq(&first, &budgets.of(None, &shop("a"), at(2))));
        assert!(!Arc::ptr_eq(&first, &budgets.of(Some(&again), &shop("a"), at(3))));
    }
}
