//! What is known of an inventory item's levels.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::conflict::Doubtful;
use super::watch::Watch;
use crate::ids::{BackOfficeId, EffectId, LocationId, Sku, VariantId};

/// One inventory item of one store; keyed by (store, inventory item).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Level {
    /// The variant that sells it; the last one linked.
    pub variant: Option<VariantId>,
    /// The SKUs it is bound to, at most one per back office and variant.
    pub links: BTreeSet<(BackOfficeId, Sku)>,
    /// What is known per location.
    pub locations: BTreeMap<LocationId, LevelLocation>,
    /// Whether Shopify keeps quantities of it; nothing before the first read.
    pub tracked: Option<bool>,
    /// Revision of the store's rules that its baselines and mappings follow.
    pub followed: u64,
    /// What a person must decide about its codes.
    #[serde(skip_serializing_if = "Doubtful::is_unheard")]
    pub doubtful: Doubtful,
}

impl Level {
    /// What is known of a location.
    #[must_use]
    pub fn location(&self, location: LocationId) -> Option<&LevelLocation> {
        self.locations.get(&location)
    }
}

/// The item at one location.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LevelLocation {
    /// The explained quantities: the last read or answered write and every known fact since.
    /// Nothing before the first read and where the item is not stocked.
    pub shown: Option<Shown>,
    /// Delta: the delta target last booked, in units. Nothing means no baseline.
    pub booked: Option<i64>,
    /// Units that the store has sold here as its reads show, in the same frame as
    /// `Pool::known_sold`. Nothing before the first read.
    pub sold: Option<i64>,
    /// Units by which available fell unexplained, presumed sold until an order names them or a
    /// read of the store's orders shows none.
    pub fallen: i64,
    /// What is watched until orders were read; nothing before the first read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// By how much webhooks moved `available` since the last read.
    pub unread: i64,
    /// Writes intended and not yet answered. More than one only when all are adjusts.
    pub in_flight: Vec<InFlight>,
    /// The last write that applied, until its echo is seen.
    pub awaits_echo: Option<EffectId>,
    /// Why the level cannot be written.
    pub verdict: Option<Verdict>,
    /// What was wanted when a refusal was last looked into: it is not looked into again for the
    /// same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
    /// The call that makes the location stock the item, until a read shows what came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// Something happened that only a read explains; Absolute reads before it writes.
    pub needs_read: bool,
    /// A webhook came while a write was in the air, two of one second disagree, or something else
    /// put the level in doubt: what is explained may not hold, so Delta, too, reads before it
    /// writes.
    pub in_doubt: bool,
}

impl LevelLocation {
    /// Units that the store has sold here and that no known line explains.
    ///
    /// `known_sold` is the sum of `Pool::known_sold` over the location's warehouses.
    #[must_use]
    pub fn presumed(&self, known_sold: i64) -> i64 {
        self.seen_sold().saturating_sub(known_sold).max(0)
    }

    /// Units that the store has sold here as its reads show, presumed sales included; the
    /// argument of `PoolCommand::SeeSold`.
    #[must_use]
    pub fn seen_sold(&self) -> i64 {
        self.sold.map_or(0, |sold| sold.saturating_add(self.fallen))
    }

    /// The write in the air with this id.
    #[must_use]
    pub fn in_flight(&self, effect: &EffectId) -> Option<&InFlight> {
        self.in_flight.iter().find(|flight| flight.effect == *effect)
    }
}

/// A level's quantities, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// May be sold. Below zero when oversold.
    pub available: i64,
    /// Lies on the shelf: the sum of all the others.
    pub on_hand: i64,
    /// In open orders.
    pub committed: i64,
    /// Set aside.
    pub reserved: i64,
    /// Broken.
    pub damaged: i64,
    /// Kept back.
    pub safety_stock: i64,
    /// Being inspected.
    pub quality_control: i64,
    /// Whether the level is active; an inactive one is never written.
    pub active: bool,
    /// Shopify's `updatedAt` of the level, so that webhooks are compared by one clock; where a
    /// read has none, the time it began.
    pub at: Timestamp,
}

impl Shown {
    /// Everything on the shelf that is not available.
    #[must_use]
    pub const fn unavailable(&self) -> i64 {
        self.committed
            .saturating_add(self.reserved)
            .saturating_add(self.damaged)
            .saturating_add(self.safety_stock)
            .saturating_add(self.quality_control)
    }

    /// Reserved, safety stock, damaged and quality control; without the last two when the back
    /// office's number excludes damaged goods.
    #[must_use]
    pub const fn held(&self, excludes_damaged: bool) -> i64 {
        let held = self.reserved.saturating_add(self.safety_stock);
        if excludes_damaged {
            held
        } else {
            held.saturating_add(self.damaged).saturating_add(self.quality_control)
        }
    }

    /// The named quantity.
    #[must_use]
    pub const fn quantity(&self, name: QuantityName) -> i64 {
        match name {
            QuantityName::Available => self.available,
            QuantityName::OnHand => self.on_hand,
        }
    }
}

/// The quantities that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityName {
    /// `available`.
    Available,
    /// `on_hand`.
    OnHand,
}

impl QuantityName {
    /// Shopify's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::OnHand => "on_hand",
        }
    }
}

/// A write to one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Write {
    /// `inventorySetQuantities` with name `on_hand`.
    SetOnHand {
        /// The new quantity.
        to: i64,
        /// The guard: the explained quantity.
        from: i64,
    },
    /// `inventorySetQuantities` with name `available`.
    SetAvailable {
        /// The new quantity.
        to: i64,
        /// The guard: the explained quantity.
        from: i64,
    },
    /// `inventoryAdjustQuantities` of `available`, without a guard.
    Adjust {
        /// The change.
        delta: i64,
    },
}

impl Write {
    /// By how much it changes `available` when it applies.
    #[must_use]
    pub const fn change(&self) -> i64 {
        match self {
            Self::SetOnHand { to, from } | Self::SetAvailable { to, from } => {
                to.saturating_sub(*from)
            }
            Self::Adjust { delta } => *delta,
        }
    }

    /// Whether it sets a quantity, and so cannot share the air with another write.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        !matches!(self, Self::Adjust { .. })
    }
}

/// A write in the air.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// The effect that carries it.
    pub effect: EffectId,
    /// What it writes.
    pub write: Write,
    /// Whether it was booked on the baseline that still stands.
    pub booked: bool,
    /// Whether its echo came before its answer.
    pub echo_seen: bool,
    /// Whether it is unknown if it applied.
    pub unknown: bool,
    /// What a read showed that could not tell whether it applied: then only a person can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// The targets with which a refused level was tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The available target; nothing while a position is unknown.
    pub available: Option<i64>,
    /// The delta target.
    pub delta: i64,
}

/// A question to a person: did this write apply?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Since when it is asked.
    pub at: Timestamp,
    /// What the read showed; nothing where it found no level.
    pub shown: Option<Shown>,
}

/// A call that makes a location stock the item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// The effect that carries it.
    pub effect: EffectId,
    /// How it ended; the next read shows what came of it. Nothing while it is in the air.
    pub ended: Option<ActivationEnd>,
}

/// How an activation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationEnd {
    /// Shopify confirmed it.
    Applied,
    /// It was never answered, and its key is no longer known to Shopify.
    Unclear,
}

impl InFlight {
    /// What a read tells of a set whose outcome is unknown: the value sent means applied, the
    /// guard's value means not applied, any other that somebody else wrote. Nothing for an
    /// adjust: see [`Level::testimony`].
    #[must_use]
    pub fn judge(&self, shown: &Shown) -> Option<super::Outcome> {
        let (value, to, from) = match self.write {
            Write::SetOnHand { to, from } => (shown.on_hand, to, from),
            Write::SetAvailable { to, from } => (shown.available, to, from),
            Write::Adjust { .. } => return None,
        };
        Some(if value == to {
            super::Outcome::Applied
        } else if value == from {
            super::Outcome::NotApplied
        } else {
            super::Outcome::Stale
        })
    }
}

/// Why a level cannot be written. It stands until a read shows otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Shopify keeps no quantities of the item.
    Untracked,
    /// The item is not stocked at the location, or its level is inactive.
    NotStocked,
    /// The item is the parent of a bundle; no read lifts this, only a new link.
    BundleParent,
    /// The item or location is gone.
    Deleted,
    /// The location is not one of the store's mapped locations.
    NotMapped,
    /// Shopify refused the line for another reason.
    Refused {
        /// Shopify's code.
        code: String,
        /// Shopify's message.
        message: String,
    },
}

impl Verdict {
    /// Whether Shopify refused what was wanted, and may take something else.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Deleted | Self::Refused { .. })
    }

    /// Whether a read may lift it. Only a new link lifts the verdict on the parent of a bundle,
    /// and only another mapping that on an unmapped location.
    #[must_use]
    pub const fn may_be_past(&self) -> bool {
        match self {
            Self::Untracked | Self::NotStocked | Self::Deleted | Self::Refused { .. } => true,
            Self::BundleParent | Self::NotMapped => false,
        }
    }
}
