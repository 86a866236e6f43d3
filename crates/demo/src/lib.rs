//! The demo: the product at work, judged from outside.
//!
//! *What it is.* [`warehouse`] is a small warehouse management system with a ledger of its own,
//! which reports to the back-office contract as anybody's would. The program `demo` plays a
//! story with it, two stores of a local Shopify and the product, and compares both ends.
//!
//! *What it must never do.* Use a crate of the product, read the product's database or streams,
//! or take the product's word for what a store or a warehouse holds.
//!
//! *Where to start reading.* `story/mod.rs` tells what is shown, `stage/mod.rs` what runs,
//! `setup.rs` how it is set up, `warehouse/ledger.rs` how the warehouse keeps its numbers.

#![expect(
    clippy::disallowed_methods,
    reason = "not part of the product: it lives in real time and plays the world outside"
)]

pub mod cast;
pub mod chaos;
pub mod compare;
pub mod http;
pub mod json;
pub mod run;
pub mod setup;
pub mod shopify;
pub mod stage;
pub mod story;
pub mod tell;
pub mod trade;
pub mod wait;
pub mod warehouse;
pub mod wms;

/// Lets HTTP clients be built; nothing here speaks TLS, since everything is on this machine.
fn install_tls() {
    // Whoever was first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
