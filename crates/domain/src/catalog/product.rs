//! *Product*: what a back office says of a SKU. Keyed by (back office, SKU). Reports may arrive in
//! any order: of each field the later statement stands.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::code::Near;
use crate::decider::Decider;
use crate::ids::{EventId, Sku};

/// When something was stated; of two at one moment the greater id stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// The reporter's moment.
    pub at: Timestamp,
    /// The reporter's id of the report.
    pub event: EventId,
}

/// Something with the moment of its statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated<T> {
    /// When.
    pub by: Stamp,
    /// What.
    pub value: T,
}

/// What is known of a SKU.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Product {
    /// The latest report.
    pub stated: Option<Stamp>,
    /// The latest deletion.
    pub deleted: Option<Stamp>,
    /// Its barcodes, as stated.
    pub barcodes: Option<Stated<Vec<String>>>,
    /// Its name, as stated.
    pub title: Option<Stated<String>>,
}

impl Product {
    /// Whether its back office has it no more. A deletion of the same moment as a report stands.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        let at = |stamp: &Option<Stamp>| stamp.as_ref().map(|stamp| stamp.at);
        self.deleted.is_some() && at(&self.deleted) >= at(&self.stated)
    }

    /// Its barcodes.
    #[must_use]
    pub fn barcodes(&self) -> &[String] {
        self.barcodes.as_ref().map_or(&[], |stated| &stated.value)
    }

    /// How the SKU is known by each near form: by itself and by its barcodes.
    #[must_use]
    pub fn coded(&self, sku: &Sku) -> BTreeMap<Near, Coded> {
        let mut coded: BTreeMap<Near, Coded> = BTreeMap::new();
        if self.stated.is_none() && self.deleted.is_none() {
            return coded;
        }
        if let Some(near) = Near::of(sku.as_str()) {
            let own = coded.entry(near).or_default();
            (own.is_sku, own.is_deleted) = (true, self.is_deleted());
        }
        let live = self.barcodes().iter().filter(|_| !self.is_deleted());
        for barcode in live {
            if let Some(near) = Near::of(barcode) {
                coded.entry(near).or_default().barcodes.insert(barcode.clone());
            }
        }
        coded
    }
}

/// How a SKU of a back office is known by codes of one near form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Coded {
    /// By itself.
    pub is_sku: bool,
    /// It is deleted: whatever else is known of it, it is nobody's candidate.
    pub is_deleted: bool,
    /// By these of its barcodes.
    pub barcodes: BTreeSet<String>,
}

/// A request to a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductCommand {
    /// Its back office states it. What is left out is not stated.
    State {
        /// When.
        by: Stamp,
        /// Its barcodes.
        barcodes: Option<Vec<String>>,
        /// Its name.
        title: Option<String>,
    },
    /// Its back office has it no more.
    Delete {
        /// When.
        by: Stamp,
    },
}

/// A fact of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ProductEvent {
    /// It was stated.
    ProductStated {
        /// When.
        by: Stamp,
        /// Its barcodes, where the statement is the latest of them.
        barcodes: Option<Vec<String>>,
        /// Its name, where the statement is the latest of it.
        title: Option<String>,
    },
    /// It was deleted.
    ProductDeleted {
        /// When.
        by: Stamp,
    },
}

fn is_later<T>(by: &Stamp, known: Option<&Stated<T>>) -> bool {
    known.is_none_or(|known| *by > known.by)
}

impl Decider for Product {
    type State = Self;
    type Command = ProductCommand;
    type Event = ProductEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &ProductCommand,
    ) -> Result<Vec<ProductEvent>, Self::Rejection> {
        Ok(match command {
            ProductCommand::State { by, barcodes, title } => {
                let barcodes = barcodes.clone().filter(|_| is_later(by, state.barcodes.as_ref()));
                let title = title.clone().filter(|_| is_later(by, state.title.as_ref()));
                let is_latest = state.stated.as_ref() < Some(by);
                if !is_latest && barcodes.is_none() && title.is_none() {
                    return Ok(Vec::new());
                }
                vec![ProductEvent::ProductStated { by: by.clone(), barcodes, title }]
            }
            ProductCommand::Delete { by } if state.deleted.as_ref() < Some(by) => {
                vec![ProductEvent::ProductDeleted { by: by.clone() }]
            }
            ProductCommand::Delete { .. } => Vec::new(),
        })
    }

    fn evolve(mut state: Self, event: &ProductEvent) -> Self {
        match event.clone() {
            ProductEvent::ProductStated { by, barcodes, title } => {
                if let Some(value) = barcodes {
                    state.barcodes = Some(Stated { by: by.clone(), value });
                }
                if let Some(value) = title {
                    state.title = Some(Stated { by: by.clone(), value });
                }
                state.stated = state.stated.max(Some(by));
            }
            ProductEvent::ProductDeleted { by } => state.deleted = state.deleted.max(Some(by)),
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{apply, at, id};

    fn stamp(seconds: i64, event: &str) -> Stamp {
        Stamp { at: at(seconds), event: id(event) }
    }

    fn state(seconds: i64, event: &str, barcodes: Option<&[&str]>) -> ProductCommand {
        let barcodes = barcodes.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
        ProductCommand::State { by: stamp(seconds, event), barcodes, title: None }
    }

    fn delete(seconds: i64, event: &str) -> ProductCommand {
        ProductCommand::Delete { by: stamp(seconds, event) }
    }

    #[test]
    fn a_deleted_product_is_kept_as_nobodys_candidate() {
        let known = apply::<Product>(Product::default(), &state(1, "a", Some(&["0123"])));
        let sku: Sku = id("A-1");
        assert_eq!(known.coded(&sku).len(), 2);
        let gone = apply::<Product>(known, &delete(1, "b"));
        assert!(gone.is_deleted());
        let coded = gone.coded(&sku);
        assert_eq!(coded.len(), 1);
        assert!(coded.values().all(|coded| coded.is_sku && coded.is_deleted));
        let back = apply::<Product>(gone, &state(2, "c", None));
        assert_eq!((back.is_deleted(), back.barcodes().len()), (false, 1));
        assert!(Product::default().coded(&sku).is_empty());
    }

    #[test]
    fn a_barcode_near_the_sku_is_one_entry() {
        let known = apply::<Product>(Product::default(), &state(1, "a", Some(&["a-1", "00A-1"])));
        let coded = known.coded(&id("A-1"));
        assert_eq!(coded.len(), 1);
        let one = coded.values().next().expect("one near form");
        assert!(one.is_sku && !one.is_deleted && one.barcodes.len() == 2);
    }

    fn reports() -> impl Strategy<Value = Vec<ProductCommand>> {
        let one = (0..4_i64, "[a-d]", 0..4_u8).prop_map(|(seconds, event, what)| match what {
            0 => delete(seconds, &format!("{event}{seconds}d")),
            1 => state(seconds, &format!("{event}{seconds}n"), None),
            2 => state(seconds, &format!("{event}{seconds}x"), Some(&["x"])),
            _ => state(seconds, &format!("{event}{seconds}y"), Some(&["y", "z"])),
        });
        proptest::collection::vec(one, 1..8)
    }

    proptest! {
        #[test]
        fn the_order_of_reports_does_not_matter(
            (once, other) in reports()
                .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        ) {
            let fold = |all: &[ProductCommand]| {
                all.iter().fold(Product::default(), |state, one| apply::<Product>(state, one))
            };
            prop_assert_eq!(fold(&once), fold(&other));
            let twice: Vec<_> = once.iter().chain(&other).cloned().collect();
            prop_assert_eq!(fold(&twice), fold(&once));
        }
    }
}
