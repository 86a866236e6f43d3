//! One life of the service: a runtime of one thread, in which nothing happens by chance.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_contracts::stock::v1::ReadLevelsRequest;
use lockstep_domain::StoreId;
use lockstep_ports::{
    AdminAnswer, AdminError, AdminErrorKind, AdminRequest, IdSource, PortError, Sealer,
    ShopifyAdmin,
};
use lockstep_runtime::{Engine, EngineParts, Lifecycle, ask};
use lockstep_stock_sync::service::{self, SERVICE, StockPorts};
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::steps::{Plant, SteppingBus, SteppingShopify, SteppingStore, Steps};
use lockstep_testkit::{ManualClock, MemoryStore, SequenceIds};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::shopify::SimShopify;

/// A moment of the runtime's own time, which passes only when everybody waits.
const MOMENT: Duration = Duration::from_millis(1);
/// A question is answered by then.
const DEADLINE: Duration = Duration::from_secs(5);

/// Something wrong that is planted, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// What is owed is left out of what a level shows.
    OwedLeftOut,
    /// A message is decided as often as it comes.
    InboxSkipped,
    /// A call whose outcome nobody knows is sent again, as a new one.
    BlindResend,
}

/// What outlives the service.
#[derive(Clone)]
pub struct Parts {
    /// Its database.
    pub store: MemoryStore,
    /// The broker.
    pub bus: MemoryBus,
    /// Time.
    pub clock: ManualClock,
    /// Shopify.
    pub shopify: Arc<SimShopify>,
    /// Where it can die.
    pub steps: Steps,
    /// Ids.
    pub ids: SequenceIds,
    /// What is planted.
    pub bug: Option<Bug>,
}

struct Plain;

impl Sealer for Plain {
    fn seal(&self, _: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(plain.to_vec())
    }

    fn open(&self, _: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(sealed.to_vec())
    }
}

struct Forgetful;

impl Plant for Forgetful {
    fn inbox(&self, known: &mut [Option<Vec<u8>>]) {
        known.fill(None);
    }
}

struct Resends(Arc<dyn ShopifyAdmin>);

#[async_trait]
impl ShopifyAdmin for Resends {
    async fn send(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        let answer = self.0.send(store, request).await;
        let is_unknown = |e: &AdminError| e.kind == AdminErrorKind::UnknownOutcome;
        if !answer.as_ref().is_err_and(is_unknown) {
            return answer;
        }
        let mut body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let again = format!("{} again", body["variables"]["key"]);
        body["variables"]["key"] = again.into();
        let again = AdminRequest { body: body.to_string().into(), ..request.clone() };
        self.0.send(store, &again).await
    }

    fn budget_left(&self, store: &StoreId) -> Option<f64> {
        self.0.budget_left(store)
    }
}

/// The service, from a start to a crash.
pub struct Life {
    /// Dropped, everything in it falls where it waits.
    pub runtime: Runtime,
}

impl Life {
    /// Starts the service over what is there.
    #[must_use]
    pub fn start(parts: &Parts) -> Self {
        let mut builder = Builder::new_current_thread();
        let runtime =
            builder.enable_time().start_paused(true).build().expect("a runtime of one thread");
        let inside = runtime.enter();
        let (clock, ids) = (Arc::new(parts.clock.clone()), Arc::new(parts.ids.clone()));
        let (store, steps) = (Arc::new(parts.store.clone()), parts.steps.clone());
        let plant: Option<Arc<dyn Plant>> = match parts.bug {
            Some(Bug::InboxSkipped) => Some(Arc::new(Forgetful)),
            Some(Bug::OwedLeftOut) => Some(Arc::new(crate::owed::LeftOut)),
            Some(Bug::BlindResend) | None => None,
        };
        let engine = Engine::new(EngineParts {
            service: SERVICE,
            store: Arc::new(SteppingStore::new(store, steps.clone()).with(plant)),
            bus: Arc::new(SteppingBus::new(Arc::new(parts.bus.clone()), steps.clone())),
            clock: clock.clone(),
            ids: ids.clone() as Arc<dyn IdSource>,
            sealer: Arc::new(Plain),
        });
        let shopify: Arc<dyn ShopifyAdmin> = match parts.bug {
            Some(Bug::BlindResend) => Arc::new(Resends(parts.shopify.clone())),
            _ => parts.shopify.clone(),
        };
        let shopify = Arc::new(SteppingShopify::new(shopify, steps));
        let (kv, ask) = (Arc::new(parts.bus.clone()), Arc::new(parts.bus.clone()));
        let lifecycle = Lifecycle::by(clock, ids);
        service::run(&engine, StockPorts { kv, ask, shopify }, &lifecycle);
        drop(inside);
        Self { runtime }
    }

    /// Lets everybody go on until all of them wait; true when the service died on the way.
    pub fn goes_on(&self, steps: &Steps) -> bool {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = steps.crashed() => true,
                () = tokio::time::sleep(MOMENT) => false,
            }
        })
    }

    /// Asks that all levels of a store be read: webhooks may have been lost.
    pub fn read_levels(&self, bus: &MemoryBus, store: &str) {
        let request = ReadLevelsRequest { store: store.to_owned() };
        let asked = ask(bus, ReadLevelsRequest::subject(), &request, DEADLINE);
        self.runtime.block_on(asked).expect("the levels are read");
    }
}
