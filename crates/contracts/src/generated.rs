//! What the build made of `proto/`: one module per package.
#![expect(clippy::allow_attributes, reason = "the generators write `allow` themselves")]

#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    missing_docs,
    reason = "generated text follows its generator's habits"
)]
mod modules {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

pub use modules::{backoffice, catalog, operations, orders, settings, shipments, shopify, stock};
