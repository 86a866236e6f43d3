//! What back offices report about products, orders, parcels, documents and sales: one row per
//! thing that can be wrong, and what a good report says.
#![expect(clippy::expect_used, reason = "helpers of tests")]

mod catalog;
mod documents;
mod orders;
mod parcels;
mod sales;

use lockstep_contracts::backoffice::v1::{ErrorCode, Money};
use lockstep_contracts::convert::Invalid;
use lockstep_contracts::time::to_proto;
use pbjson_types::Timestamp;

/// A change that makes a good report a bad one, with the code and the field of its refusal.
pub type Row<M> = (&'static str, fn(&mut M), ErrorCode, &'static str);

pub fn at() -> Option<Timestamp> {
    Some(to_proto("2026-11-24T10:00:00Z".parse().expect("a moment")))
}

pub fn eur(amount: &str) -> Option<Money> {
    Some(Money { currency: "EUR".to_owned(), amount: amount.to_owned() })
}

/// The good report is taken; each changed one is refused with code, field, message and fix.
pub fn assert_refused<M: Clone, T: std::fmt::Debug>(
    good: &M,
    check: fn(&M) -> Result<T, Invalid>,
    rows: &[Row<M>],
) {
    check(good).expect("the unchanged report is good");
    for (what, change, code, field) in rows {
        let mut report = good.clone();
        change(&mut report);
        let refusal = check(&report).expect_err(what);
        assert_eq!((refusal.code, refusal.field.as_str()), (*code, *field), "{what}: {refusal}");
        assert!(!refusal.message.is_empty() && !refusal.fix.is_empty(), "{what}: {refusal:?}");
    }
}
