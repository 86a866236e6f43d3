//! `/orders`: one order of any store. order-sync folds them.

pub mod get;

/// The service that knows them.
pub const OWNER: &str = "order-sync";
