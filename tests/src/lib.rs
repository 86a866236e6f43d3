//! The world of a cross-service test: a private broker and database, a stand-in of Shopify, the
//! product in this process through the same composition as `lockstep run`, and one time for all,
//! which the test moves.
//!
//! Start reading at [`world`].

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends at its first surprise"
)]

pub mod browser;
pub mod doomed;
pub mod http;
pub mod traces;
pub mod trade;
pub mod world;
