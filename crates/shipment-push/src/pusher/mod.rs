//! The lane of a store: orders are read for their shipments, and fulfillments are sent.

mod conclude;
mod context;
mod plan;
mod send;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_ports::{AggregateKey, EffectRow, EffectState, ShopifyAdmin, Timer};
use lockstep_runtime::{Aggregate, LaneWorker, Recovery, Sent, Stop, Work};

use crate::aggregates::ShipmentsKind;
use crate::schedule::Due;
pub use context::Does;

/// Asks Shopify.
pub struct Pusher {
    shopify: Arc<dyn ShopifyAdmin>,
}

impl Pusher {
    /// A worker over Shopify.
    pub fn new(shopify: Arc<dyn ShopifyAdmin>) -> Self {
        Self { shopify }
    }
}

#[async_trait]
impl LaneWorker for Pusher {
    fn keys(&self, lane: &str, due: &[Timer]) -> Vec<AggregateKey> {
        let order = |timer: &Timer| {
            Due::parse(&timer.key).map(|due| match due {
                Due::Order(order) | Due::Alarm(order) => {
                    ShipmentsKind::key(format!("{lane}/{order}"))
                }
            })
        };
        due.iter().filter_map(order).collect()
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        plan::plan(&crate::translate::store(lane)?, due, work)
    }

    async fn send(&self, effect: &EffectRow) -> Sent {
        match Does::read(effect) {
            Ok(does) => send::send(&*self.shopify, effect, does).await,
            Err(e) => Sent::Refused(e),
        }
    }

    /// A reading repeats safely; what changes something is looked for first.
    fn recover(&self, effect: &EffectRow, _: Timestamp) -> Recovery {
        match Does::read(effect) {
            Ok(Does::Read { .. }) => Recovery::Resend,
            Ok(Does::Change { .. }) | Err(_) => Recovery::Conclude,
        }
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
