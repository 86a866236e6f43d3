//! `/stores/{id}/products`.

pub mod sync;
