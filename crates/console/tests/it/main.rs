//! The admin API as its callers see it, over in-memory twins of broker and Shopify.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails where it expects the wrong thing"
)]

mod activity;
mod adding;
mod approval;
mod backoffices;
mod bad_input;
mod dead_letters;
mod doctor;
mod effects;
mod guard;
mod jobs;
mod lease;
mod links;
mod locations;
mod orders;
mod pairs;
mod shop;
mod silence;
mod stock;
mod stores;
mod upkeep;
mod world;
