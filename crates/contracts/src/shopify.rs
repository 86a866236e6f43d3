//! Shopify's webhooks: [`v1`] is how they travel inside Lockstep; the rest reads what Shopify
//! sends.

pub mod admin;
pub mod header;
pub mod payload;
pub mod query;
pub mod signature;
pub mod topic;

pub use crate::generated::shopify::v1;
