//! The service over a real database and a real broker, with as much of Shopify as it meets.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends at its first surprise"
)]

mod announcing;
mod cancelling;
mod folding;
mod personal;
mod reports;
mod shop;
mod shopify;
mod sweeping;
mod world;
