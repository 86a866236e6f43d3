//! `/stores/{id}/stock`.

pub mod get;
