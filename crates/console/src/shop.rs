//! What the console asks of a store's Shopify.

use lockstep_contracts::shopify::admin::{self, Call, DecodeError, Location, Subscription, WhoAmI};
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{AdminError, AdminErrorKind, AdminRequest, ShopifyAdmin, Urgency};
use secrecy::SecretString;
use serde_json::Value;

use crate::probe::Probe;
use crate::problem::Problem;

/// Pages of one list. Shopify's own limits lie below: 200 locations, a subscription per topic.
const PAGES_MAX: usize = 20;

/// Why something could not be had from Shopify.
#[derive(Debug)]
pub struct ShopError {
    /// `None` for a token that is no store's yet.
    store: Option<StoreId>,
    /// What failed.
    pub cause: Cause,
}

/// What failed.
#[derive(Debug)]
pub enum Cause {
    /// The call.
    Call(AdminError),
    /// Reading the answer.
    Answer(DecodeError),
}

impl From<AdminError> for Cause {
    fn from(failed: AdminError) -> Self {
        Self::Call(failed)
    }
}

impl From<DecodeError> for Cause {
    fn from(unreadable: DecodeError) -> Self {
        Self::Answer(unreadable)
    }
}

impl ShopError {
    /// In words, why the same call can never succeed; `None` when a later one may.
    pub fn refusal(&self) -> Option<String> {
        match &self.cause {
            Cause::Call(failed) if failed.kind == AdminErrorKind::Permanent => {
                Some(failed.message.clone())
            }
            Cause::Call(_) => None,
            Cause::Answer(unreadable) => Some(unreadable.to_string()),
        }
    }
}

impl From<ShopError> for Problem {
    fn from(error: ShopError) -> Self {
        match &error.cause {
            Cause::Call(failed) => Self::shopify(error.store.as_ref(), failed),
            Cause::Answer(unreadable) => Self::unreadable(unreadable),
        }
    }
}

/// One shop at Shopify.
#[derive(Clone, Copy)]
pub enum Shop<'a> {
    /// A store's, with the token that is kept for it.
    Store(&'a dyn ShopifyAdmin, &'a StoreId),
    /// Opened with a token in hand.
    InHand(&'a dyn Probe, &'a ShopDomain, &'a SecretString),
}

impl Shop<'_> {
    /// Which shop the token opens, and what it may do there.
    pub async fn who_am_i(&self) -> Result<WhoAmI, ShopError> {
        self.read(admin::who_am_i(), admin::decode_who_am_i).await
    }

    /// Every location, inactive ones included.
    pub async fn locations(&self) -> Result<Vec<Location>, ShopError> {
        let (mut all, mut after) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let call = admin::locations(after.as_deref());
            let page = self.read(call, admin::decode_locations).await?;
            all.extend(page.locations);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Every webhook subscription of this app.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, ShopError> {
        let (mut all, mut after) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let call = admin::subscriptions(after.as_deref());
            let page = self.read(call, admin::decode_subscriptions).await?;
            all.extend(page.subscriptions);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Sends one call and reads its answer.
    pub async fn read<T>(
        &self,
        call: Call,
        decode: impl FnOnce(&Value) -> Result<T, DecodeError>,
    ) -> Result<T, ShopError> {
        let store = match self {
            Self::Store(_, store) => Some((*store).clone()),
            Self::InHand(..) => None,
        };
        let failed = |cause| ShopError { store: store.clone(), cause };
        let data = self.send(call).await.map_err(|error| failed(error.into()))?;
        decode(&data).map_err(|error| failed(error.into()))
    }

    async fn send(&self, call: Call) -> Result<Value, AdminError> {
        let request = AdminRequest::new(&call, Urgency::Catalogue);
        let answer = match self {
            Self::Store(admin, store) => admin.send(store, &request).await?,
            Self::InHand(probe, shop, token) => probe.send_as(shop, token, &request).await?,
        };
        Ok(answer.data)
    }
}
