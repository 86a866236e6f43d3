//! *Listing*: a variant as the last run saw it. Keyed by (store, variant).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::code::Near;
use crate::decider::Decider;
use crate::ids::{BackOfficeId, InventoryItemId, Sku};

/// A SKU of a back office that stands for a code, or comes near to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Candidate {
    /// The back office.
    pub backoffice: BackOfficeId,
    /// Its SKU.
    pub sku: Sku,
}

/// What Shopify says of a variant, and which SKUs of reported stock come near its codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The inventory item.
    pub item: InventoryItemId,
    /// Title of product and variant.
    pub title: String,
    /// The SKU, as written; may be blank.
    pub sku: String,
    /// The barcode, as written; may be blank.
    pub barcode: String,
    /// SKUs with stock whose code comes near the SKU, in order.
    pub by_sku: Vec<Candidate>,
    /// SKUs with stock whose code comes near the barcode, in order.
    pub by_barcode: Vec<Candidate>,
}

/// How a variant carries codes of one near form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Carried {
    /// As its SKU, as written.
    pub sku: Option<String>,
    /// As its barcode, as written.
    pub barcode: Option<String>,
}

/// The codes of a variant by their near forms.
#[must_use]
pub fn carried_by(seen: Option<&Seen>) -> BTreeMap<Near, Carried> {
    let mut carried: BTreeMap<Near, Carried> = BTreeMap::new();
    let Some(seen) = seen else { return carried };
    if let Some(near) = Near::of(&seen.sku) {
        carried.entry(near).or_default().sku = Some(seen.sku.clone());
    }
    if let Some(near) = Near::of(&seen.barcode) {
        carried.entry(near).or_default().barcode = Some(seen.barcode.clone());
    }
    carried
}

/// The codes that a variant had when a run first saw its present links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Version of its links.
    pub revision: u64,
    /// Its SKU then.
    pub sku: String,
    /// Its barcode then, where a link was made by barcode.
    pub barcode: Option<String>,
}

impl Bound {
    /// Whether the codes are others now.
    #[must_use]
    pub fn is_changed(&self, seen: &Seen) -> bool {
        self.sku != seen.sku || self.barcode.as_ref().is_some_and(|then| *then != seen.barcode)
    }
}

/// A variant as the last run saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listing {
    /// Number of the last run that saw it.
    pub run: u64,
    /// What it saw; nothing when the store has it no more.
    pub seen: Option<Seen>,
    /// Its codes under its links.
    pub bound: Option<Bound>,
}

/// A request to a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListingCommand {
    /// A run sees it. An older run than the last one is silent.
    See {
        /// Number of the run.
        run: u64,
        /// What it sees.
        seen: Seen,
    },
    /// A run did not see it. Silent where it did, or a newer one.
    Miss {
        /// Number of the run.
        run: u64,
    },
    /// A run sees its links.
    Bind {
        /// Its codes under them.
        bound: Bound,
    },
}

/// A fact of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ListingEvent {
    /// It was seen, and is new or another.
    VariantSeen {
        /// Number of the run.
        run: u64,
        /// What it saw.
        seen: Seen,
    },
    /// It was seen as before.
    VariantSeenAgain {
        /// Number of the run.
        run: u64,
    },
    /// The store has it no more.
    VariantMissed {
        /// Number of the run.
        run: u64,
    },
    /// Its links were seen.
    VariantBound {
        /// Its codes under them.
        bound: Bound,
    },
}

impl Decider for Listing {
    type State = Self;
    type Command = ListingCommand;
    type Event = ListingEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &ListingCommand,
    ) -> Result<Vec<ListingEvent>, Self::Rejection> {
        Ok(match command {
            ListingCommand::See { run, seen } if *run >= state.run => {
                let is_same = state.seen.as_ref() == Some(seen);
                match (is_same, *run == state.run) {
                    (true, true) => Vec::new(),
                    (true, false) => vec![ListingEvent::VariantSeenAgain { run: *run }],
                    (false, _) => vec![ListingEvent::VariantSeen { run: *run, seen: seen.clone() }],
                }
            }
            ListingCommand::Miss { run } if *run > state.run && state.seen.is_some() => {
                vec![ListingEvent::VariantMissed { run: *run }]
            }
            ListingCommand::Bind { bound } if state.bound.as_ref() != Some(bound) => {
                vec![ListingEvent::VariantBound { bound: bound.clone() }]
            }
            ListingCommand::See { .. }
            | ListingCommand::Miss { .. }
            | ListingCommand::Bind { .. } => Vec::new(),
        })
    }

    fn evolve(mut state: Self, event: &ListingEvent) -> Self {
        match event {
            ListingEvent::VariantSeen { run, seen } => {
                (state.run, state.seen) = (*run, Some(seen.clone()));
            }
            ListingEvent::VariantSeenAgain { run } => state.run = *run,
            ListingEvent::VariantMissed { run } => (state.run, state.seen) = (*run, None),
            ListingEvent::VariantBound { bound } => state.bound = Some(bound.clone()),
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::given;

    fn seen(sku: &str, barcode: &str) -> Seen {
        Seen {
            item: InventoryItemId(7),
            title: "Lamp".to_owned(),
            sku: sku.to_owned(),
            barcode: barcode.to_owned(),
            by_sku: Vec::new(),
            by_barcode: Vec::new(),
        }
    }

    fn see(run: u64, sku: &str) -> ListingCommand {
        ListingCommand::See { run, seen: seen(sku, "") }
    }

    #[test]
    fn a_run_sees_and_a_later_one_misses() {
        given::<Listing>().after([see(2, "A")]).when(&see(2, "A")).then_silent();
        given::<Listing>().after([see(2, "A")]).when(&see(1, "B")).then_silent();
        let again = given::<Listing>().after([see(2, "A")]).when(&see(3, "A"));
        again.then(&[ListingEvent::VariantSeenAgain { run: 3 }]);
        let miss = |run| ListingCommand::Miss { run };
        given::<Listing>().after([see(2, "A")]).when(&miss(2)).then_silent();
        let gone = given::<Listing>().after([see(2, "A")]).when(&miss(3)).then_accepted();
        assert_eq!((gone.run, gone.seen), (3, None));
        given::<Listing>().after([see(2, "A"), miss(3)]).when(&miss(4)).then_silent();
    }

    #[test]
    fn one_near_form_may_be_carried_twice() {
        let carried = carried_by(Some(&seen("0a", "A")));
        assert_eq!(carried.len(), 1);
        let both = carried.values().next().expect("one near form");
        assert_eq!((both.sku.as_deref(), both.barcode.as_deref()), (Some("0a"), Some("A")));
        assert!(carried_by(Some(&seen(" ", ""))).is_empty());
        assert!(carried_by(None).is_empty());
    }

    #[test]
    fn a_barcode_counts_as_changed_only_where_it_made_the_link() {
        let bound = |barcode: Option<&str>| Bound {
            revision: 1,
            sku: "A".to_owned(),
            barcode: barcode.map(str::to_owned),
        };
        assert!(!bound(None).is_changed(&seen("A", "2")));
        assert!(bound(Some("1")).is_changed(&seen("A", "2")));
        assert!(!bound(Some("1")).is_changed(&seen("A", "1")));
        assert!(bound(None).is_changed(&seen("B", "1")));
    }
}
