//! *Order*: an order of a store, folded from webhooks and reads that may come in any order, twice
//! or a day late.
//!
//! Webhooks of a whole order bring its numbers at once; every other topic is only a doubt. What
//! was sold where, what it costs and who ordered comes from reads, and a read that began after the
//! last news has the last word. From what is known, [`Order::lines`] makes the facts that
//! everybody is told, and [`Order::announcement`] what back offices are told, under the store's
//! [`settings`]; [`report`] decides what they answer.

pub mod cancel;
mod codes;
mod command;
mod decide;
mod event;
mod evolve;
pub mod facts;
mod fold;
mod parts;
mod redaction;
mod refunds;
pub mod report;
pub mod settings;
mod shares;
mod state;

pub use codes::{CodesCommand, CodesEvent, VariantCodes};
pub use command::OrderCommand;
pub use event::OrderEvent;
pub use fold::Said;
pub use parts::{
    Announcement, Codes, Filter, OrderHead, Parked, Part, PartContent, PartLine, Request, ToldUnits,
};
pub use redaction::{Redaction, RedactionCommand, RedactionEvent};
pub use refunds::{ToldRefund, ToldRefundLine};
pub use shares::{AcceptedAt, LineFacts, OrderLines, RefundedUnits, Share};
pub use state::{Answer, Booking, Order, Routing, Told, Waiting};

use crate::decider::Decider;

impl Decider for Order {
    type State = Self;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &OrderCommand,
    ) -> Result<Vec<OrderEvent>, std::convert::Infallible> {
        Ok(decide::decide(state, command))
    }

    fn evolve(state: Self, event: &OrderEvent) -> Self {
        evolve::evolve(state, event)
    }
}

#[cfg(test)]
mod tests;
