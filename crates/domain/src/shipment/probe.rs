//! Whether a call whose outcome nobody knows was executed, by what the order shows.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::shown::{ShownFulfillment, ShownOrder};
use super::state::{Call, CallKind, Shipments};
use crate::ids::FulfillmentId;

/// The second reading that does not show it begins at least this long after the first.
pub(super) const ABSENT_APART: SignedDuration = SignedDuration::from_secs(60);

/// This many fulfillments that may be it are named.
pub(super) const NAMED_MAX: usize = 20;

/// What a reading tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It was executed: this fulfillment.
    Ours(FulfillmentId),
    /// There is no trace of it.
    Absent,
    /// Each of these may be it.
    Ambiguous(Vec<ShownFulfillment>),
}

/// What a reading tells of a call.
pub(super) fn probe(state: &Shipments, call: &Call, shown: &ShownOrder) -> Found {
    match &call.kind {
        CallKind::Create { units, known, .. } => {
            let ours: BTreeSet<_> = state
                .shipments
                .values()
                .flat_map(|shipment| &shipment.sent)
                .map(|sent| sent.fulfillment)
                .collect();
            let is_new =
                |one: &&ShownFulfillment| !known.contains(&one.id) && !ours.contains(&one.id);
            let new: Vec<_> = shown.fulfillments.iter().filter(is_new).collect();
            let fits = |one: &&&ShownFulfillment| {
                one.units == *units && same(&one.numbers, &call.tracking.numbers)
            };
            let touches = |one: &&ShownFulfillment| {
                !one.cancelled && one.units.keys().any(|line| units.contains_key(line))
            };
            let fitting: Vec<_> = new.iter().filter(fits).collect();
            let live: Vec<_> = fitting.iter().filter(|one| !one.cancelled).collect();
            match live.as_slice() {
                [one] => Found::Ours(one.id),
                // One that was taken back may be ours all the same, and then somebody meant it.
                [] if fitting.is_empty() && !new.iter().any(touches) => Found::Absent,
                _ => {
                    let may_be = new.iter().filter(|one| fits(one) || touches(one));
                    Found::Ambiguous(may_be.take(NAMED_MAX).map(|one| (*one).clone()).collect())
                }
            }
        }
        CallKind::Track { fulfillment } => {
            let is_so = |one: &ShownFulfillment| {
                let urls = &call.tracking.urls;
                same(&one.numbers, &call.tracking.numbers)
                    && (urls.is_empty() || same(&one.urls, urls))
            };
            found(*fulfillment, shown.fulfillment(*fulfillment).is_some_and(is_so))
        }
        CallKind::Cancel { fulfillment } => {
            let shows = shown.fulfillment(*fulfillment);
            found(*fulfillment, shows.is_none_or(|one| one.cancelled))
        }
    }
}

fn found(fulfillment: FulfillmentId, is_so: bool) -> Found {
    if is_so { Found::Ours(fulfillment) } else { Found::Absent }
}

/// The same texts, in any order.
fn same(one: &[String], other: &[String]) -> bool {
    let sorted = |texts: &[String]| {
        let mut texts = texts.to_vec();
        texts.sort_unstable();
        texts
    };
    sorted(one) == sorted(other)
}
