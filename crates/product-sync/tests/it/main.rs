//! The service over a real database and broker, with a Shopify in memory or the stand-in, and a
//! time that the test moves.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod bulk;
mod matching;
mod products;
mod real;
mod shopify;
mod steering;
mod world;
