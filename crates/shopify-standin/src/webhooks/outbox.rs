//! Messages on their way: waiting for their moment, held by a fault, or in the air.

use super::fact::Fact;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// The messages of a shop.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Outbox {
    next: u64,
    due: BTreeMap<(Timestamp, u64), Message>,
    held: Vec<Message>,
    flying: BTreeMap<u64, Message>,
}

/// What a restart finds: messages in the air are sent again.
#[derive(Clone, Serialize, Deserialize)]
struct Saved {
    due: Vec<(Timestamp, Message)>,
    held: Vec<Message>,
}

impl From<Outbox> for Saved {
    fn from(outbox: Outbox) -> Self {
        let waiting = outbox.due.into_iter().map(|((at, _), message)| (at, message));
        let flying = outbox.flying.into_values().map(|message| (Timestamp::MIN, message));
        Self { due: waiting.chain(flying).collect(), held: outbox.held }
    }
}

impl From<Saved> for Outbox {
    fn from(saved: Saved) -> Self {
        let mut outbox = Self { held: saved.held, ..Self::default() };
        for (at, message) in saved.due {
            outbox.put(at, message);
        }
        outbox
    }
}

impl Outbox {
    /// Queues a message.
    pub fn put(&mut self, due: Timestamp, message: Message) {
        self.next += 1;
        self.due.insert((due, self.next), message);
    }

    /// Keeps a message until [`Outbox::release`].
    pub fn hold(&mut self, message: Message) {
        self.held.push(message);
    }

    /// Queues all held messages and answers how many they are.
    pub fn release(&mut self, now: Timestamp) -> usize {
        let held = std::mem::take(&mut self.held);
        let count = held.len();
        for message in held {
            self.put(now, message);
        }
        count
    }

    /// The next message whose moment has come, which is in the air from now on.
    pub fn take_due(&mut self, now: Timestamp) -> Option<Numbered> {
        let (&(due, number), _) = self.due.first_key_value()?;
        if due > now {
            return None;
        }
        let message = self.due.remove(&(due, number))?;
        self.flying.insert(number, message.clone());
        Some(Numbered { number, message })
    }

    /// Ends a flight.
    pub fn land(&mut self, number: u64) -> Option<Message> {
        self.flying.remove(&number)
    }

    /// When the next message is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((due, _), _)| *due)
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
        self.due.retain(|_, message| message.subscription != subscription);
        self.held.retain(|message| message.subscription != subscription);
    }
}
