//! Personal data is to be erased: the keys that seal it are destroyed, and nothing of what Shopify
//! still shows is kept any more.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::order::{OrderCommand, RedactionCommand};
use lockstep_domain::{CustomerId, OrderId, StoreId};
use lockstep_runtime::personal::{customer_key, order_key};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{RedactionKind, redaction_id};
use crate::schedule::{self, Due};
use crate::settle::decide;
use crate::translate::sure;

/// Stands for every key of a store.
pub const ALL_KEYS: &str = "*";

/// Of a customer, and of orders.
pub fn customer(
    work: &mut Work<'_>,
    store: &StoreId,
    at: Timestamp,
    (customer, orders): (Option<CustomerId>, &BTreeSet<OrderId>),
) -> Result<(), Stop> {
    let mut keys: BTreeSet<_> = orders.iter().map(|order| order_key(store, order.get())).collect();
    keys.extend(customer.map(|customer| customer_key(store, customer.get())));
    for order in orders {
        decide(work, store, *order, &OrderCommand::Redact)?;
    }
    let scope = redaction_id(store, customer);
    ask(work, &scope, keys, at)?;
    let due = Due::Redaction(Some(customer.map_or(0, CustomerId::get)));
    schedule::soon(work, store, &due, SignedDuration::ZERO)
}

/// Of a whole store.
pub fn shop(work: &mut Work<'_>, store: &StoreId, at: Timestamp) -> Result<(), Stop> {
    ask(work, store.as_str(), BTreeSet::from([ALL_KEYS.to_owned()]), at)?;
    schedule::soon(work, store, &Due::Redaction(None), SignedDuration::ZERO)
}

/// What was placed after it was asked for, at Shopify, is not meant.
fn ask(
    work: &mut Work<'_>,
    scope: &str,
    keys: BTreeSet<String>,
    at: Timestamp,
) -> Result<(), Stop> {
    let command = RedactionCommand::Ask { keys, at };
    sure(work.execute::<RedactionKind>(scope, &command)?);
    Ok(())
}
