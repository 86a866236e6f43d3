//! Requests to a level.

use jiff::Timestamp;

use super::conflict::Doubtful;
use super::known::KnownSold;
use super::state::{Shown, Tried, Verdict, Write};
use crate::ids::{BackOfficeId, EffectId, LocationId, Sku, VariantId};
use crate::stock::orders_read::Span;
use crate::stock::rules::Turn;

/// A request to a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LevelCommand {
    /// The item is bound to a SKU. A new binding ends every baseline.
    Link {
        /// The variant that sells the item.
        variant: VariantId,
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
    },
    /// A binding ends, and every baseline with it.
    Unlink {
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
    },
    /// Delta starts from here. Silent where a baseline stands.
    TakeBaseline {
        /// The location.
        location: LocationId,
        /// The delta target of this moment, in units.
        delta_target: i64,
        /// This moment.
        at: Timestamp,
    },
    /// The baseline no longer holds: switched off, another mode, another mapping.
    DropBaseline {
        /// The location.
        location: LocationId,
    },
    /// Other warehouses serve the location now, or none. Ends the baseline and wants a read.
    Remap {
        /// The location.
        location: LocationId,
    },
    /// The level was read by id. Reads and writes of one level must not overlap.
    RecordRead {
        /// The location.
        location: LocationId,
        /// Whether the store has the item at all.
        found: bool,
        /// What it shows; nothing where the item is not stocked.
        shown: Option<Shown>,
        /// Whether Shopify keeps quantities of the item.
        tracked: bool,
        /// The sum of `Pool::known_sold` over the location's warehouses, in units.
        known_sold: i64,
        /// The sum of `Pool::known_open` over the location's warehouses, in units.
        known_open: i64,
        /// When it began.
        begun: Timestamp,
        /// This moment, when the read is answered.
        at: Timestamp,
    },
    /// The store's orders were read: what of the falls that were seen in that time no order
    /// explains was an edit.
    SettleFalls {
        /// The location.
        location: LocationId,
        /// When every change of an order is known.
        read: Vec<Span>,
        /// What known lines of the store lowered the level by.
        known: KnownSold,
        /// This moment.
        now: Timestamp,
    },
    /// A write is about to be sent; commit before sending.
    IntendPush {
        /// The effect that carries it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What it writes.
        write: Write,
    },
    /// A write was answered, or not.
    RecordAnswer {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What is known of it.
        outcome: Outcome,
    },
    /// Nothing that can be read tells whether a write of unknown outcome applied: a person is
    /// asked, and answers with `RecordAnswer`.
    AskPush {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What a read showed; nothing where it found no level, or none was made.
        shown: Option<Shown>,
        /// This moment.
        at: Timestamp,
    },
    /// The item is about to be stocked at the location; commit before sending.
    IntendActivation {
        /// The effect that carries it.
        effect: EffectId,
        /// The location.
        location: LocationId,
    },
    /// An activation was answered, or given up.
    RecordActivation {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What is known of it. `Unknown` means that it is given up: a read shows what came of
        /// it.
        outcome: Outcome,
    },
    /// What a person must decide about the item's codes, or that it is decided.
    HearConflict(Doubtful),
    /// The store's rules of a revision hold for the item from here on.
    FollowRules(Turn),
    /// Shopify's webhook about the level.
    Observe {
        /// The location.
        location: LocationId,
        /// The only quantity it carries; nothing when the item is not tracked.
        available: Option<i64>,
        /// Shopify's version of the level.
        updated_at: Timestamp,
    },
    /// Something says that the level may not be as it was, and carries no version to tell whether
    /// it is late: it is read before the next write, in both modes.
    Doubt {
        /// The location.
        location: LocationId,
    },
    /// Something else is wanted of a level that Shopify refused: a read tells whether that is past.
    /// Silent when the same was tried.
    TryAgain {
        /// The location.
        location: LocationId,
        /// What is wanted now.
        wanted: Tried,
    },
}

/// What is known of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It applied.
    Applied,
    /// It certainly did not apply; it is dropped and computed again.
    NotApplied,
    /// It may have applied. A set is judged by a read, an adjust is repeated by its key.
    Unknown,
    /// The guard did not hold: somebody else wrote.
    Stale,
    /// The level cannot be written.
    Refused(Verdict),
}
