//! The product as a whole: signed webhooks, contract calls and the admin API go in; what Shopify
//! shows is read at the stand-in. A test that shows a row of the behaviours carries its number.
#![expect(clippy::expect_used, reason = "a test ends at its first surprise")]

mod access;
mod catalogue;
mod faults;
mod feed;
mod ledger;
mod linking;
mod modes;
mod movements;
mod orders;
mod recovery;
mod shipments;
mod traces;
