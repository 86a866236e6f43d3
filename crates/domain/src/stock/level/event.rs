//! Facts of a level, stored for good.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::conflict::Doubtful;
use super::state::{ActivationEnd, Shown, Tried, Verdict, Write};
use super::watch::{Bound, Watch};
use crate::ids::{BackOfficeId, EffectId, LocationId, Sku, VariantId};

/// A fact of a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LevelEvent {
    /// The item was bound to a SKU.
    Linked {
        /// The variant that sells the item.
        variant: VariantId,
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
    },
    /// The binding ended.
    Unlinked {
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
    },
    /// Delta started here.
    BaselineTaken {
        /// The location.
        location: LocationId,
        /// The delta target of that moment, in units.
        delta_target: i64,
        /// That moment.
        at: Timestamp,
    },
    /// The baseline ended.
    BaselineDropped {
        /// The location.
        location: LocationId,
    },
    /// The level was read by id.
    LevelRead(LevelRead),
    /// Unexplained falls turned out to be edits.
    FallsSettled {
        /// The location.
        location: LocationId,
        /// How many units were edited away; the other fallen units count as sold. None: nobody
        /// waits for an explanation any more.
        edited: i64,
    },
    /// No more than this can be sold by orders of which nobody told.
    Bounded {
        /// The location.
        location: LocationId,
        /// What is known of it.
        bound: Bound,
    },
    /// A write was decided and handed to its effect.
    PushIntended {
        /// The effect that carries it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What it writes.
        write: Write,
    },
    /// The write applied.
    PushApplied {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What it wrote.
        write: Write,
    },
    /// The write certainly did not apply.
    PushDropped {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What it would have written.
        write: Write,
    },
    /// It is unknown whether the write applied.
    PushUnknown {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
    },
    /// The guard of the write did not hold.
    PushStale {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What it would have written.
        write: Write,
    },
    /// Shopify refused the write.
    PushRefused {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What it would have written.
        write: Write,
        /// Why.
        verdict: Verdict,
    },
    /// Only a person can tell whether the write applied.
    PushAsked {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What a read showed.
        shown: Option<Shown>,
        /// Since when it is asked.
        at: Timestamp,
    },
    /// Stocking the item at the location was decided and handed to its effect.
    ActivationIntended {
        /// The effect that carries it.
        effect: EffectId,
        /// The location.
        location: LocationId,
    },
    /// The activation ended; a read shows what came of it.
    ActivationEnded {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// How.
        end: ActivationEnd,
    },
    /// The activation certainly did not happen.
    ActivationDropped {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
    },
    /// Shopify refused to stock the item there.
    ActivationRefused {
        /// The effect that carried it.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// Why.
        verdict: Verdict,
    },
    /// What a person must decide about the item's codes is another thing, or nothing any more.
    ConflictHeard(Doubtful),
    /// The store's rules of a revision hold for the item.
    RulesFollowed {
        /// The revision.
        revision: u64,
    },
    /// A webhook showed our own write.
    EchoSeen {
        /// The effect that carried the write.
        effect: EffectId,
        /// The location.
        location: LocationId,
        /// What the webhook showed.
        available: i64,
        /// Shopify's version of the level.
        updated_at: Timestamp,
    },
    /// A webhook showed a quantity that nothing explains yet.
    AvailableMoved {
        /// The location.
        location: LocationId,
        /// What was explained.
        from: i64,
        /// What the webhook showed.
        to: i64,
        /// Shopify's version of the level.
        updated_at: Timestamp,
        /// Whether a write in the air or a webhook of the same moment leaves open what it holds.
        in_doubt: bool,
    },
    /// The level cannot be written. Only in older histories: now reads and refusals alone judge.
    VerdictGiven {
        /// The location.
        location: LocationId,
        /// Why.
        verdict: Verdict,
    },
    /// Other warehouses serve the location: baseline and sold units are of another frame.
    Remapped {
        /// The location.
        location: LocationId,
    },
    /// There is a reason to read the level again.
    ReadNeeded {
        /// The location.
        location: LocationId,
    },
    /// A refused level is tried again: it is read first.
    TriedAgain {
        /// The location.
        location: LocationId,
        /// What is wanted of it.
        wanted: Tried,
    },
    /// The level may not be as it was; nothing is written before a read.
    Doubted {
        /// The location.
        location: LocationId,
    },
}

/// A read of a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRead {
    /// The location.
    pub location: LocationId,
    /// What it shows.
    pub shown: Option<Shown>,
    /// Whether Shopify keeps quantities of the item.
    pub tracked: bool,
    /// Units sold here as reads show; see `LevelLocation::sold`.
    pub sold: Option<i64>,
    /// Units fallen unexplained; see `LevelLocation::fallen`.
    pub fallen: i64,
    /// What happened since the last read, beyond our writes.
    pub changes: Vec<ReadChange>,
    /// The verdict after the read.
    pub verdict: Option<Verdict>,
    /// What is watched of it until orders were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Box<Watch>>,
}

/// What a read shows to have happened, in units above zero.
///
/// A mixture is read the way that leaves least to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ReadChange {
    /// Orders claimed units: available down, committed up.
    Sold {
        /// How many.
        units: i64,
    },
    /// Orders were cancelled: available up, committed down.
    Cancelled {
        /// How many.
        units: i64,
    },
    /// Orders were fulfilled: committed and on hand down.
    Fulfilled {
        /// How many.
        units: i64,
    },
    /// Units were set aside, damaged or kept back: available down, another state up.
    SetAside {
        /// How many.
        units: i64,
    },
    /// Units became available again: another state down.
    Released {
        /// How many.
        units: i64,
    },
    /// A sale over the counter, an edit or another app: available and on hand down.
    Lowered {
        /// How many.
        units: i64,
    },
    /// A restock, an edit or another app: available and on hand up.
    Raised {
        /// How many.
        units: i64,
    },
}
