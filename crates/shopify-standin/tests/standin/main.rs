//! The stand-in from outside: over HTTP, as the product meets it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests: a missing value fails the test, files and servers are its own"
)]

mod access;
mod arithmetic;
mod bulk;
mod costs;
mod faults;
mod keeping;
mod kills;
mod metafields;
mod oauth;
mod operations;
mod orders;
mod process;
mod products;
mod refusals;
mod stock;
mod violations;
mod webhooks;
mod world;
