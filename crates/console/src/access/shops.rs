//! Which store a shop is. Whoever opens an address of approvals is nobody yet: what many of them
//! ask at once must not become as many lists of all stores.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::Clock;
use tokio::sync::Mutex;

use crate::problem::Problem;
use crate::registry::Registry;

/// A shop that is not known yet is looked for among all stores so often at most.
const LIST_EVERY: Duration = Duration::from_secs(1);

/// The shops of all stores, as they were listed last.
#[derive(Default)]
pub struct Shops(Mutex<Listed>);

#[derive(Default)]
struct Listed {
    /// How long the process had run then.
    at: Option<Duration>,
    stores: BTreeMap<String, StoreId>,
}

impl Shops {
    /// The store of a shop, as it is now; one that was added a moment ago may be missing.
    pub async fn find(
        &self,
        registry: &Registry,
        clock: &dyn Clock,
        shop: &ShopDomain,
    ) -> Result<Option<StoreId>, Problem> {
        let known = self.0.lock().await.stores.get(shop.as_str()).cloned();
        if let Some(store) = known {
            let stored = registry.any_store(&store).await?;
            if stored.is_some_and(|stored| is_of(&stored.value, shop)) {
                return Ok(Some(store));
            }
        }
        let mut listed = self.0.lock().await;
        let now = clock.running();
        if listed.at.is_none_or(|at| now.saturating_sub(at) >= LIST_EVERY) {
            let stores = registry.stores().await?;
            let pairs = stores.into_iter().filter_map(|stored| {
                Some((stored.value.shop_domain, StoreId::try_new(stored.value.id).ok()?))
            });
            // Of two stores of one shop the first counts.
            *listed = Listed { at: Some(now), stores: pairs.rev().collect() };
            return Ok(listed.stores.get(shop.as_str()).cloned());
        }
        Ok(None)
    }
}

fn is_of(settings: &StoreSettings, shop: &ShopDomain) -> bool {
    !settings.deleted && settings.shop_domain == shop.as_str()
}
