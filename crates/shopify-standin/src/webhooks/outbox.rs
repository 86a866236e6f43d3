//! Messages on their way: waiting for their moment, held by a fault, or in the air.

use super::fact::Fact;
use crate::model::{Changes, Table};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A webhook for one subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// `X-Shopify-Webhook-Id`.
    pub webhook_id: String,
    /// `X-Shopify-Event-Id`.
    pub event_id: String,
    /// `X-Shopify-Topic`.
    pub topic: String,
    /// Whose message it is.
    pub subscription: i64,
    /// `X-Shopify-Name`.
    pub name: Option<String>,
    /// Where it goes.
    pub uri: String,
    /// What it tells of.
    pub fact: Fact,
    /// `X-Shopify-Triggered-At`.
    pub triggered_at: Timestamp,
    /// The exact bytes, once assembled; retries send the same.
    pub body: Option<String>,
    /// Attempts that failed.
    pub attempts: u32,
    /// The fault that this message suffered when it was assembled.
    pub fault: Option<String>,
}

/// A message with its number in the outbox.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// Number in the outbox.
    pub number: u64,
    /// The message.
    pub message: Message,
}

/// A message that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// When it is due; none while a fault holds it.
    due: Option<Timestamp>,
    message: Message,
}

/// The messages of a shop. A message in the air stays among those that wait, so that a restart
/// sends it again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Table<u64, Waiting>", into = "Table<u64, Waiting>")]
pub struct Outbox {
    next: u64,
    waiting: Table<u64, Waiting>,
    due: BTreeSet<(Timestamp, u64)>,
    flying: BTreeSet<u64>,
}

impl From<Outbox> for Table<u64, Waiting> {
    fn from(outbox: Outbox) -> Self {
        outbox.waiting
    }
}

impl From<Table<u64, Waiting>> for Outbox {
    fn from(waiting: Table<u64, Waiting>) -> Self {
        let due = waiting.iter().filter_map(|(number, one)| Some((one.due?, *number))).collect();
        let next = waiting.last_key_value().map_or(0, |(number, _)| *number);
        Self { next, waiting, due, flying: BTreeSet::new() }
    }
}

impl Outbox {
    /// Queues a message.
    pub fn put(&mut self, due: Timestamp, message: Message) {
        self.keep(Some(due), message);
    }

    /// Keeps a message until [`Outbox::release`].
    pub fn hold(&mut self, message: Message) {
        self.keep(None, message);
    }

    fn keep(&mut self, due: Option<Timestamp>, message: Message) {
        self.next += 1;
        self.due.extend(due.map(|due| (due, self.next)));
        self.waiting.insert(self.next, Waiting { due, message });
    }

    /// Queues all held messages and answers how many they are.
    pub fn release(&mut self, now: Timestamp) -> usize {
        let held = self.held(|_| true);
        self.queue(now, &held)
    }

    /// Queues the messages that are held by the fault `shuffled`, the last one first.
    pub fn release_backwards(&mut self, now: Timestamp, shuffled: &str) {
        let mut held = self.held(|message| message.fault.as_deref() == Some(shuffled));
        held.reverse();
        self.queue(now, &held);
    }

    fn held(&self, wanted: impl Fn(&Message) -> bool) -> Vec<u64> {
        let held = self.waiting.iter().filter(|(_, one)| one.due.is_none());
        held.filter(|(_, one)| wanted(&one.message)).map(|(number, _)| *number).collect()
    }

    fn queue(&mut self, now: Timestamp, numbers: &[u64]) -> usize {
        for number in numbers {
            if let Some(one) = self.waiting.remove(number) {
                self.put(now, one.message);
            }
        }
        numbers.len()
    }

    /// The next message whose moment has come, which is in the air from now on.
    pub fn take_due(&mut self, now: Timestamp) -> Option<Numbered> {
        let &(due, number) = self.due.first()?;
        if due > now {
            return None;
        }
        self.due.remove(&(due, number));
        let message = self.waiting.get(&number)?.message.clone();
        self.flying.insert(number);
        Some(Numbered { number, message })
    }

    /// Ends a flight.
    pub fn land(&mut self, number: u64) -> Option<Message> {
        self.flying.remove(&number);
        self.waiting.remove(&number).map(|one| one.message)
    }

    /// When the next message is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// How many messages are in the air.
    #[must_use]
    pub fn flying(&self) -> usize {
        self.flying.len()
    }

    /// How many messages wait or fly; held ones do not count.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.due.len() + self.flying.len()
    }

    /// Drops what waits for a subscription that is gone.
    pub fn forget(&mut self, subscription: i64) {
        let (due, flying) = (&mut self.due, &self.flying);
        self.waiting.retain(|number, one| {
            let stays = one.message.subscription != subscription || flying.contains(number);
            if let (false, Some(moment)) = (stays, one.due) {
                due.remove(&(moment, *number));
            }
            stays
        });
    }

    /// What changed since the last call.
    pub fn changes(&mut self) -> Changes<u64, Waiting> {
        self.waiting.changes()
    }

    /// Forgets what changed.
    pub fn forget_changes(&mut self) {
        self.waiting.forget_changes();
    }

    /// Makes changes that were written down happen again.
    pub fn apply(&mut self, changes: Changes<u64, Waiting>) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.apply(changes);
        *self = Self::from(waiting);
    }
}
