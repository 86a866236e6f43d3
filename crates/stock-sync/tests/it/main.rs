//! The service over a store and a Shopify in memory, with a time that the test moves.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod activation;
mod air;
mod batches;
mod bounds;
mod falls;
mod ledger;
mod links;
mod pages;
mod rereading;
mod rests;
mod shopify;
mod unknown;
mod world;
