//! `/effects`: writes to Shopify whose outcome nobody knows. stock-sync owns them; what no read can
//! tell waits there for a person's word.

pub mod list;
pub mod settle;

/// The service that owns them.
pub const OWNER: &str = "stock-sync";
