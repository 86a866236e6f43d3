//! `/backoffices/{id}/tokens`. The gateway owns the tokens; here they are asked for.

pub mod issue;
pub mod list;
pub mod revoke;

/// The service that owns tokens.
const OWNER: &str = "backoffice-gateway";
