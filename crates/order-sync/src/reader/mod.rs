//! The lane of a store: reads of orders, cancellations, and what else needs the outside.

mod conclude;
mod context;
mod plan;
mod send;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_ports::{AggregateKey, EffectRow, EffectState, Timer};
use lockstep_runtime::{Aggregate, LaneWorker, Recovery, Sent, Stop, Work};

use crate::aggregates::OrderKind;
use crate::schedule::Due;
pub use context::{Does, open};
pub use send::Sender;

/// Asks Shopify.
pub struct Reader {
    sender: Sender,
}

impl Reader {
    /// A worker over the outside.
    pub fn new(sender: Sender) -> Self {
        Self { sender }
    }
}

#[async_trait]
impl LaneWorker for Reader {
    fn keys(&self, lane: &str, due: &[Timer]) -> Vec<AggregateKey> {
        let order = |timer: &Timer| match Due::parse(&timer.key) {
            Some(Due::Order(order) | Due::Alarm(order) | Due::Telling(order)) => {
                Some(OrderKind::key(format!("{lane}/{order}")))
            }
            _ => None,
        };
        due.iter().filter_map(order).collect()
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        let store = crate::translate::store(lane)?;
        plan::plan(&store, due, work)
    }

    async fn send(&self, effect: &EffectRow) -> Sent {
        match Does::read(effect) {
            Ok(does) => self.sender.send(effect, &does).await,
            Err(e) => Sent::Refused(e),
        }
    }

    /// All but the cancellation reads or destroys, and repeats safely.
    fn recover(&self, effect: &EffectRow, _: Timestamp) -> Recovery {
        match Does::read(effect) {
            Ok(Does::Cancel { .. }) | Err(_) => Recovery::Conclude,
            Ok(_) => Recovery::Resend,
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
