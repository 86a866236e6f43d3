//! *Orders read*: in which spans of time every change of a store's orders is known here.
//!
//! order-sync tells of each sweep which orders changed, with the revision of their lines. A span is
//! read once all of these were heard, in whatever order the words come.

use std::collections::BTreeMap;
use std::convert::Infallible;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::OrderId;

/// Sweeps that wait for orders to be heard. Of more the oldest is forgotten: what it would have
/// told stays presumed.
const WAITING_MAX: usize = 16;
/// Spans that do not meet: there is a hole between each two. Of more the oldest is forgotten: what
/// fell in it and was not told by then stays presumed.
const SPANS_MAX: usize = 64;

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Its first moment; nothing when it has no beginning.
    pub since: Option<Timestamp>,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Span {
    /// Whether a moment belongs to it. Its end does: what was read then was there before.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= at) && at <= self.until
    }

    fn meets(&self, other: &Self) -> bool {
        let begins_within = |one: &Self, other: &Self| one.since.is_none_or(|s| s <= other.until);
        begins_within(self, other) && begins_within(other, self)
    }

    fn join(self, other: Self) -> Self {
        // Nothing is less than any moment.
        Self { since: self.since.min(other.since), until: self.until.max(other.until) }
    }
}

/// What is known of a store's orders; keyed by store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrdersRead {
    /// By span.
    waiting: Vec<Sweep>,
    /// By time; no two of them meet.
    spans: Vec<Span>,
}

/// A sweep of which orders are still to be heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// What it looked through.
    pub span: Span,
    /// Orders, each with the revision of its lines that is to be heard.
    #[serde(with = "crate::pairs")]
    pub awaits: BTreeMap<OrderId, u64>,
}

impl OrdersRead {
    /// Spans of which every change is known, by time.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Sweeps of which orders are still to be heard.
    #[must_use]
    pub fn waiting(&self) -> &[Sweep] {
        &self.waiting
    }

    fn is_read(&self, span: &Span) -> bool {
        let holds = |known: &Span| known.since <= span.since && span.until <= known.until;
        self.spans.iter().any(holds)
    }

    fn read(&mut self, span: Span) {
        let (met, apart): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.spans).into_iter().partition(|known| known.meets(&span));
        self.spans = apart;
        self.spans.push(met.into_iter().fold(span, Span::join));
        self.spans.sort_unstable();
        let over = self.spans.len().saturating_sub(SPANS_MAX);
        self.spans.drain(..over);
    }
}

/// Of a sweep these orders are still to be heard; none: its span is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TellSweep(pub Sweep);

/// A fact of what is known of a store's orders, stored for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OrdersReadEvent {
    /// Of a sweep these orders are still to be heard.
    SweepTold(Sweep),
    /// Every change of a span is known.
    SpanRead(Span),
}

impl Decider for OrdersRead {
    type State = Self;
    type Command = TellSweep;
    type Event = OrdersReadEvent;
    type Rejection = Infallible;

    fn decide(state: &Self, command: &TellSweep) -> Result<Vec<OrdersReadEvent>, Infallible> {
        let TellSweep(sweep) = command;
        let known = state.waiting.iter().find(|known| known.span == sweep.span);
        if state.is_read(&sweep.span) {
            return Ok(Vec::new());
        }
        Ok(match known {
            _ if sweep.awaits.is_empty() => vec![OrdersReadEvent::SpanRead(sweep.span)],
            Some(known) if known.awaits == sweep.awaits => Vec::new(),
            _ => vec![OrdersReadEvent::SweepTold(sweep.clone())],
        })
    }

    fn evolve(mut state: Self, event: &OrdersReadEvent) -> Self {
        match event {
            OrdersReadEvent::SweepTold(sweep) => {
                state.waiting.retain(|known| known.span != sweep.span);
                state.waiting.push(sweep.clone());
                state.waiting.sort_by_key(|known| (known.span.until, known.span.since));
                let over = state.waiting.len().saturating_sub(WAITING_MAX);
                state.waiting.drain(..over);
            }
            OrdersReadEvent::SpanRead(span) => {
                state.waiting.retain(|known| known.span != *span);
                state.read(*span);
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{apply, at};

    fn tell(since: i64, until: i64, awaits: &[(i64, u64)]) -> TellSweep {
        let span = Span { since: Some(at(since)), until: at(until) };
        let awaits = awaits.iter().map(|(order, revision)| (OrderId(*order), *revision));
        TellSweep(Sweep { span, awaits: awaits.collect() })
    }

    fn fold(commands: &[TellSweep]) -> OrdersRead {
        commands.iter().fold(OrdersRead::default(), apply::<OrdersRead>)
    }

    #[test]
    fn a_span_is_read_once_all_of_its_orders_were_heard() {
        let waits = fold(&[tell(0, 10, &[(1, 2), (2, 1)])]);
        assert_eq!((waits.spans().len(), waits.waiting().len()), (0, 1));
        let heard = apply::<OrdersRead>(waits, &tell(0, 10, &[(2, 1)]));
        assert_eq!(heard.spans(), []);
        let read = apply::<OrdersRead>(heard, &tell(0, 10, &[]));
        assert_eq!(read.spans(), [Span { since: Some(at(0)), until: at(10) }]);
        assert_eq!(read.waiting(), []);
        // A late second word of it opens nothing again.
        let late = OrdersRead::decide(&read, &tell(0, 10, &[(2, 1)])).expect("told");
        assert_eq!(late, []);
    }

    #[test]
    fn spans_that_meet_are_one_and_a_hole_parts_them() {
        let read = fold(&[tell(20, 30, &[]), tell(0, 10, &[])]);
        assert_eq!(read.spans().len(), 2);
        assert!(!read.spans().iter().any(|span| span.holds(at(15))));
        let read = apply::<OrdersRead>(read, &tell(10, 20, &[]));
        assert_eq!(read.spans(), [Span { since: Some(at(0)), until: at(30) }]);
        let ever = Span { since: None, until: at(5) };
        let read = apply::<OrdersRead>(read, &TellSweep(Sweep { span: ever, ..tell(0, 0, &[]).0 }));
        assert_eq!(read.spans(), [Span { since: None, until: at(30) }]);
    }

    #[test]
    fn of_many_sweeps_that_wait_the_oldest_is_forgotten() {
        let many: Vec<_> = (0..40).map(|n| tell(n, n + 1, &[(n, 1)])).collect();
        let waits = fold(&many);
        assert_eq!(waits.waiting().len(), WAITING_MAX);
        assert_eq!(waits.waiting()[0].span.until, at(25));
    }

    #[test]
    fn of_many_spans_with_holes_between_them_the_oldest_is_forgotten() {
        let read = fold(&(0..100).map(|n| tell(10 * n, 10 * n + 5, &[])).collect::<Vec<_>>());
        assert_eq!(read.spans().len(), SPANS_MAX);
        assert_eq!(read.spans()[0].since, Some(at(360)));
    }

    proptest! {
        /// Any order of the words, twice or late, ends in the same spans.
        #[test]
        fn words_in_any_order_end_alike(
            (told, shuffled) in prop::collection::vec((0_i64..200, 1_i64..9), 0..40).prop_flat_map(
                |told| (Just(told.clone()), Just(told).prop_shuffle()),
            ),
        ) {
            let tells = |told: &[(i64, i64)]| -> Vec<TellSweep> {
                told.iter().map(|(since, length)| tell(*since, since + length, &[])).collect()
            };
            let one = fold(&tells(&told));
            let mut twice = tells(&shuffled);
            twice.extend(tells(&told));
            let other = fold(&twice);
            prop_assert_eq!(one.spans(), other.spans());
        }
    }
}
