//! `/stores/{id}/webhooks`.

pub mod repair;
