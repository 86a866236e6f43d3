//! Settings: their names in the API, how a body changes them, and what changed between versions.

pub mod backoffice;
pub mod changes;
pub mod location;
pub mod names;
pub mod orders;
pub mod store;
