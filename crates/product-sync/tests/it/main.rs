//! The service over a real database and broker, with a Shopify in memory and a time that the test
//! moves.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod matching;
mod products;
mod shopify;
mod steering;
mod world;
