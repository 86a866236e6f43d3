//! product-sync: which variant of a store is which SKU of a back office.
//!
//! In: questions of the console (links by hand and by CSV), settings. Out: `CATALOG` (links made
//! and cut), which it owns. Links are bound by immutable ids and never guessed; it must never
//! change stock.
//!
//! Start reading at [`links`]; the rules stand in `lockstep_domain::link`.

pub mod aggregates;
pub mod links;
pub mod list;
pub mod service;
