//! *Conflict*: what a person must decide about one variant. Keyed by (store, variant). It closes by
//! itself when it no longer holds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::{InventoryItemId, VariantId};

/// This many other variants, and as many near SKUs, are named.
pub const NAMED_MAX: usize = 20;

/// Why a variant was not linked by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Several variants carry the same code, or codes of the same SKU.
    Duplicate,
    /// It has no code.
    Blank,
    /// It is linked, and its code is another one now.
    Changed,
    /// Codes that differ only in case, spaces or leading zeros.
    Twin,
    /// No back office knows its codes.
    Unknown,
    /// The SKU is linked to another variant of the store.
    Taken,
    /// Several back offices, or several SKUs of one, know the code.
    Ambiguous,
}

impl ConflictKind {
    /// Its name in results and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Blank => "blank",
            Self::Changed => "changed",
            Self::Twin => "twin",
            Self::Unknown => "unknown",
            Self::Taken => "taken",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// Whether an item that is linked all the same is pushed nowhere while it stands: its own codes
    /// are in doubt. The others are about links that were not made.
    #[must_use]
    pub const fn parks(self) -> bool {
        match self {
            Self::Duplicate | Self::Blank | Self::Changed | Self::Twin => true,
            Self::Unknown | Self::Taken | Self::Ambiguous => false,
        }
    }
}

/// What is wrong with a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Why.
    pub kind: ConflictKind,
    /// Other variants that are part of it, in order, at most [`NAMED_MAX`].
    pub others: Vec<VariantId>,
    /// SKUs that come near, each `{backoffice}/{sku}`, in order, at most [`NAMED_MAX`].
    pub near: Vec<String>,
}

impl Finding {
    /// A finding with what it names.
    #[must_use]
    pub fn new(
        kind: ConflictKind,
        others: impl IntoIterator<Item = VariantId>,
        near: impl IntoIterator<Item = String>,
    ) -> Self {
        let (mut others, mut near): (Vec<_>, Vec<_>) =
            (others.into_iter().collect(), near.into_iter().collect());
        others.sort();
        others.dedup();
        others.truncate(NAMED_MAX);
        near.sort();
        near.dedup();
        near.truncate(NAMED_MAX);
        Self { kind, others, near }
    }
}

/// A conflict that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The inventory item.
    pub item: InventoryItemId,
    /// Title of product and variant.
    pub title: String,
    /// Shopify's SKU.
    pub sku: String,
    /// Shopify's barcode.
    pub barcode: String,
    /// What is wrong.
    pub finding: Finding,
}

/// The conflict of a variant, if any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conflict {
    /// What stands.
    pub standing: Option<Standing>,
    /// Since when it is of this kind.
    pub since: Option<Timestamp>,
    /// Whether others were told, since then, that nothing is to be pushed of it; nothing where
    /// they were told nothing that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<bool>,
}

/// A request to a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConflictCommand {
    /// It holds.
    Open {
        /// What stands.
        standing: Standing,
        /// When it was found.
        at: Timestamp,
        /// Whether others must know that nothing is to be pushed of it, or that something is;
        /// nothing where there is no link, and so nothing to push.
        parked: Option<bool>,
    },
    /// It does not hold.
    Close,
}

/// A fact of a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConflictEvent {
    /// It was found, or is another one now.
    ConflictOpened {
        /// What stands.
        standing: Standing,
        /// When it was found.
        at: Timestamp,
    },
    /// It no longer holds.
    ConflictClosed,
    /// Others are told whether something is pushed of the variant while it stands.
    ConflictTold {
        /// Nothing is.
        parked: bool,
    },
}

impl Decider for Conflict {
    type State = Self;
    type Command = ConflictCommand;
    type Event = ConflictEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &ConflictCommand,
    ) -> Result<Vec<ConflictEvent>, Self::Rejection> {
        let mut events = Vec::new();
        match command {
            ConflictCommand::Open { standing, at, parked } => {
                if state.standing.as_ref() != Some(standing) {
                    let standing = standing.clone();
                    events.push(ConflictEvent::ConflictOpened { standing, at: *at });
                }
                let told = state.told.filter(|_| state.is_of(standing.finding.kind));
                if let Some(parked) = parked.filter(|parked| told != Some(*parked)) {
                    events.push(ConflictEvent::ConflictTold { parked });
                }
            }
            ConflictCommand::Close if state.standing.is_some() => {
                events.push(ConflictEvent::ConflictClosed);
            }
            ConflictCommand::Close => {}
        }
        Ok(events)
    }

    fn evolve(state: Self, event: &ConflictEvent) -> Self {
        match event {
            ConflictEvent::ConflictOpened { standing, at } => {
                let is_same = state.is_of(standing.finding.kind);
                let since = state.since.filter(|_| is_same).or(Some(*at));
                let told = state.told.filter(|_| is_same);
                Self { standing: Some(standing.clone()), since, told }
            }
            ConflictEvent::ConflictClosed => Self::default(),
            ConflictEvent::ConflictTold { parked } => Self { told: Some(*parked), ..state },
        }
    }
}

impl Conflict {
    fn is_of(&self, kind: ConflictKind) -> bool {
        self.standing.as_ref().is_some_and(|standing| standing.finding.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{apply, at, given};

    fn open(kind: ConflictKind, others: &[i64], seconds: i64) -> ConflictCommand {
        let others = others.iter().map(|id| VariantId(*id));
        let standing = Standing {
            item: InventoryItemId(7),
            title: "Lamp".to_owned(),
            sku: "A1".to_owned(),
            barcode: String::new(),
            finding: Finding::new(kind, others, []),
        };
        ConflictCommand::Open { standing, at: at(seconds), parked: None }
    }

    fn linked(kind: ConflictKind, parked: bool) -> ConflictCommand {
        match open(kind, &[2], 1) {
            ConflictCommand::Open { standing, at, .. } => {
                ConflictCommand::Open { standing, at, parked: Some(parked) }
            }
            ConflictCommand::Close => ConflictCommand::Close,
        }
    }

    #[test]
    fn whoever_pushes_is_told_once_also_of_what_was_listed_before_anybody_was_told() {
        let told = |parked| vec![ConflictEvent::ConflictTold { parked }];
        let listed = given::<Conflict>().after([open(ConflictKind::Changed, &[2], 1)]);
        let listed = listed.when(&linked(ConflictKind::Changed, true)).then(&told(true));
        assert_eq!(listed.told, Some(true));
        given::<Conflict>()
            .after([linked(ConflictKind::Changed, true)])
            .when(&linked(ConflictKind::Changed, true))
            .then_silent();
        // What no longer is in doubt is pushed again, though it stays listed.
        given::<Conflict>()
            .after([linked(ConflictKind::Twin, true)])
            .when(&linked(ConflictKind::Twin, false))
            .then(&told(false));
        let other = given::<Conflict>().after([linked(ConflictKind::Changed, true)]);
        let other = other.when(&linked(ConflictKind::Duplicate, true)).then_accepted();
        assert_eq!(other.told, Some(true), "another kind is told anew");
    }

    #[test]
    fn the_same_again_is_silent_and_keeps_its_age() {
        let first = || [open(ConflictKind::Duplicate, &[2], 1)];
        given::<Conflict>()
            .after(first())
            .when(&open(ConflictKind::Duplicate, &[2], 9))
            .then_silent();
        let wider = given::<Conflict>().after(first());
        let wider = wider.when(&open(ConflictKind::Duplicate, &[3, 2], 9)).then_accepted();
        assert_eq!(wider.since, Some(at(1)));
        let other = apply::<Conflict>(wider, &open(ConflictKind::Taken, &[2], 9));
        assert_eq!(other.since, Some(at(9)));
        let closed = apply::<Conflict>(other, &ConflictCommand::Close);
        assert_eq!(closed, Conflict::default());
        given::<Conflict>().when(&ConflictCommand::Close).then_silent();
    }

    #[test]
    fn a_finding_names_a_bounded_list_in_order() {
        let finding = Finding::new(ConflictKind::Twin, (0..50).rev().map(VariantId), []);
        assert_eq!(finding.others.len(), NAMED_MAX);
        assert_eq!(finding.others[0], VariantId(0));
    }
}
