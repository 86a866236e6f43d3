//! `/backoffices`.

pub mod add;
pub mod change;
pub mod get;
pub mod list;
pub mod tokens;
pub mod warehouses;
