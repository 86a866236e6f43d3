//! The lane of a store: what is due becomes packed calls, is sent, and is concluded.

mod conclude;
mod context;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{
    AdminErrorKind, AdminRequest, AggregateKey, EffectRow, EffectState, ShopifyAdmin, Timer,
};
use lockstep_runtime::{Aggregate, LaneWorker, Recovery, Sent, Stop, Work};
use serde_json::json;

use crate::aggregates::LevelKind;
use context::Context;

/// Shopify keeps an idempotency key for 24 hours; beyond that the same bytes are a new call. The
/// last repetition must arrive before that, however long it waits for points.
const KEY_LIFE: SignedDuration = SignedDuration::from_mins(24 * 60 - 10);
/// A store that does not let us in is asked again after this.
const ACCESS_WAIT: Duration = Duration::from_secs(60);
/// A call that certainly failed on its way is made again after this.
const TRANSIENT_WAIT: Duration = Duration::from_secs(2);

/// Writes and reads the levels of stores.
pub struct Pusher {
    shopify: Arc<dyn ShopifyAdmin>,
}

impl Pusher {
    /// A worker over Shopify's Admin API.
    pub fn new(shopify: Arc<dyn ShopifyAdmin>) -> Self {
        Self { shopify }
    }
}

#[async_trait]
impl LaneWorker for Pusher {
    fn keys(&self, lane: &str, due: &[Timer]) -> Vec<AggregateKey> {
        due.iter().map(|timer| LevelKind::key(format!("{lane}/{}", timer.key))).collect()
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        let store = crate::translate::store(lane)?;
        plan::plan(&store, due, self.shopify.budget_left(&store), work)
    }

    async fn send(&self, effect: &EffectRow) -> Sent {
        let context = match Context::read(effect) {
            Ok(context) => context,
            Err(e) => return Sent::Refused(e),
        };
        let Ok(store) = StoreId::try_new(effect.lane.as_str()) else {
            return Sent::Refused(format!("{} is not a store", effect.lane));
        };
        let request = AdminRequest {
            operation: context.operation.clone(),
            body: effect.request.clone(),
            cost: context.cost,
            lane: context.lane(),
            idempotent: context.is_write(),
            mutation: context.is_write(),
        };
        match self.shopify.send(&store, &request).await {
            Ok(answer) => Sent::Answered(json!({ "data": answer.data })),
            Err(e) => {
                let reason = e.to_string();
                match e.kind {
                    AdminErrorKind::Throttled { wait } => Sent::NotApplied { wait, reason },
                    AdminErrorKind::Transient => Sent::NotApplied { wait: TRANSIENT_WAIT, reason },
                    AdminErrorKind::Access => Sent::NotApplied { wait: ACCESS_WAIT, reason },
                    AdminErrorKind::Permanent => Sent::Refused(reason),
                    AdminErrorKind::UnknownOutcome if context.is_write() => Sent::Unknown(reason),
                    AdminErrorKind::UnknownOutcome => {
                        Sent::NotApplied { wait: TRANSIENT_WAIT, reason }
                    }
                }
            }
        }
    }

    /// An adjust or a read repeats safely; a set never: it is judged by a read.
    fn recover(&self, effect: &EffectRow, now: Timestamp) -> Recovery {
        let Ok(context) = Context::read(effect) else { return Recovery::Conclude };
        let is_young = now.duration_since(effect.created_at) < KEY_LIFE;
        if context.is_repeatable() && is_young { Recovery::Resend } else { Recovery::Conclude }
    }

    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop> {
        conclude::conclude(effect, sent, work)
    }
}
