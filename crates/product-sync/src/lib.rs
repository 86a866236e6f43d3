//! product-sync: which variant of a store is which SKU of a back office.
//!
//! In: questions of the console (links by hand and by CSV, "sync products", jobs, conflicts),
//! product reports of the back offices, settings, Shopify's word that a file is written. Out:
//! `CATALOG` (links made and cut), which it owns. Links are bound by immutable ids and never
//! guessed; it must never change stock, and a run changes no link that stands.
//!
//! Start reading at [`links`] and [`syncer`]; the rules stand in `lockstep_domain::link` and
//! `lockstep_domain::catalog`.

pub mod aggregates;
pub mod conflicts;
pub(crate) mod doubts;
pub mod finished;
pub mod jobs;
pub mod links;
pub mod list;
pub mod products;
pub mod service;
pub mod syncer;
