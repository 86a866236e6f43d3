//! "Sync products": which variant of a store is which SKU of its back offices.
//!
//! [`job`] is one run with its progress, [`bulk`] its way through a file of Shopify's, [`sync`] the
//! runs of a store. [`listing`] is what the last run saw of a variant; [`crowd`] indexes codes by
//! their near form ([`code`]): which variants of a store carry one, and which SKUs of a back
//! office are known by one. [`product`] is what a back office reports. [`matching`] judges a
//! variant from all of it, and [`conflict`] is what a person must decide. Nothing is guessed: only
//! codes that are equal, character by character, and that nobody else carries, link anything.

pub mod bulk;
pub mod code;
pub mod conflict;
pub mod crowd;
pub mod job;
pub mod listing;
pub mod matching;
pub mod product;
pub mod rules;
pub mod sync;

pub use bulk::{Bulk, BulkFrom, Found, Progress};
pub use code::Near;
pub use conflict::{Conflict, ConflictCommand, ConflictEvent, ConflictKind, Finding, Standing};
pub use crowd::{Crowd, CrowdCommand, CrowdEvent};
pub use job::{Forecast, Job, JobCommand, JobEnded, JobEvent, JobState, Stage, Tally};
pub use listing::{
    Bound, Candidate, Carried, Listing, ListingCommand, ListingEvent, Seen, carried_by,
};
pub use matching::{Facts, Look, Match, Pass, Verdict};
pub use product::{Coded, Product, ProductCommand, ProductEvent, Stamp};
pub use rules::{CatalogRules, CatalogRulesCommand, CatalogRulesEvent, Office};
pub use sync::{StoreSync, StoreSyncCommand, StoreSyncEvent};

/// Variants of a store that carry codes of one near form.
pub type Carriers = Crowd<crate::ids::VariantId, Carried>;
/// SKUs of a back office that are known by codes of one near form.
pub type Offers = Crowd<crate::ids::Sku, Coded>;
