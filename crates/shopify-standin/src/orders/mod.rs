//! What changes an order, for the merchant's acts and for mutations alike: the same rules and
//! the same arithmetic, whoever asks.
//!
//! Each change works on a copy of the order and collects what it does to stock; both are put in
//! place together, so that a refusal leaves nothing behind.

pub mod cancel;
pub mod deliveries;
pub mod dispose;
pub mod edit;
pub mod exchange;
pub mod fulfil;
pub mod holds;
pub mod moves;
pub mod pay;
pub mod place;
pub mod refund;
pub mod refused;
pub mod returns;
pub mod route;
pub mod split;
pub mod unfulfil;
mod units;

pub use refused::Refused;

use crate::model::order::Notice;
use crate::model::quantities::Broken;
use crate::model::{LevelKey, Order, Shop, Step};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// A change of one order that is being prepared.
pub struct Work<'s> {
    /// The shop, for reading and for new numbers.
    pub shop: &'s mut Shop,
    /// The moment.
    pub now: Timestamp,
    /// The order as it will be.
    pub order: Order,
    facts: Vec<Fact>,
    steps: Vec<(LevelKey, Step)>,
}

impl<'s> Work<'s> {
    /// Begins with a known order.
    ///
    /// # Errors
    /// When there is none with this number.
    pub fn open(shop: &'s mut Shop, now: Timestamp, id: i64) -> Result<Self, Refused> {
        let order = shop.orders.get(&id).cloned();
        let order = order.ok_or_else(|| Refused::missing("Order does not exist"))?;
        Ok(Self::of(shop, now, order))
    }

    /// Begins with an order that is not in the shop yet.
    pub fn of(shop: &'s mut Shop, now: Timestamp, order: Order) -> Self {
        Self { shop, now, order, facts: Vec::new(), steps: Vec::new() }
    }

    /// Something that will have happened.
    pub fn tell(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// Something that is done to the stock of a line at a location. A line that claimed nothing
    /// moves nothing.
    pub fn step(&mut self, line: i64, location: i64, step: Step) {
        let item = self.order.line(line).filter(|line| line.claimed).and_then(|line| line.item);
        if let Some(item) = item {
            self.steps.push((LevelKey { location, item }, step));
        }
    }

    /// The customer is told, if that was asked for.
    pub fn notify(&mut self, asked: bool, kind: &str, about: i64) {
        if asked {
            let notice = Notice { at: self.now, kind: kind.to_owned(), about };
            self.order.notices.push(notice);
        }
    }

    /// Puts the order, its stock and its news in place.
    ///
    /// # Errors
    /// When the arithmetic breaks, which is a fault of this program.
    pub fn commit(mut self, action: &mut Action) -> Result<i64, Broken> {
        self.archive();
        self.order.updated_at = self.now.max(self.order.updated_at);
        let id = self.order.id;
        let parts: Vec<i64> = self.order.parts().collect();
        for part in parts {
            if !self.shop.owners.contains_key(&part) {
                self.shop.owners.insert(part, id);
            }
        }
        for (key, step) in self.steps {
            self.shop.step(key, step, self.now, action)?;
        }
        self.shop.orders.insert(id, self.order);
        for fact in self.facts {
            action.add(fact);
        }
        action.add(Fact::OrderUpdated(id));
        Ok(id)
    }

    /// Closes an order that is paid and shipped, where the shop is set so.
    fn archive(&mut self) {
        let done = self.order.fulfillment_status() == Some("fulfilled")
            && self.order.financial_status() == Some("PAID");
        if done && self.order.closed_at.is_none() && self.shop.settings.auto_archive {
            self.order.closed_at = Some(self.now);
        }
    }
}
