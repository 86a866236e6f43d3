//! *VariantCodes*: the back offices' codes of a variant, as links gave them. Keyed by (store,
//! variant).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::{BackOfficeId, OrderId, Sku};

/// The codes of one variant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantCodes {
    /// The code per back office, with the revision of the link event that said so; nothing after
    /// a link was cut.
    pub codes: BTreeMap<BackOfficeId, (u64, Option<Sku>)>,
    /// More orders were told of while a code was missing than are kept.
    pub missed: bool,
    /// Orders that were told of while a code was missing.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub missed_by: BTreeSet<OrderId>,
}

/// Orders that missed a code and are kept; beyond them every order of the store is looked at.
const MISSED_MAX: usize = 100;

impl VariantCodes {
    /// The code in a back office.
    #[must_use]
    pub fn sku(&self, backoffice: &BackOfficeId) -> Option<&Sku> {
        self.codes.get(backoffice).and_then(|(_, sku)| sku.as_ref())
    }
}

/// A request to a variant's codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodesCommand {
    /// A link was made, or cut when there is no code.
    Note {
        /// The back office.
        backoffice: BackOfficeId,
        /// Its code.
        sku: Option<Sku>,
        /// Version of the variant's links; link events may arrive out of order.
        revision: u64,
    },
    /// A code was missing.
    Miss {
        /// When this order was told of.
        order: OrderId,
    },
}

/// A fact of a variant's codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CodesEvent {
    /// A link was made, or cut.
    Noted {
        /// The back office.
        backoffice: BackOfficeId,
        /// Its code.
        sku: Option<Sku>,
        /// Version of the variant's links.
        revision: u64,
    },
    /// A code was missing when an order was told of, one more than are kept.
    Missed,
    /// A code was missing when this order was told of.
    MissedBy {
        /// The order.
        order: OrderId,
    },
}

impl Decider for VariantCodes {
    type State = Self;
    type Command = CodesCommand;
    type Event = CodesEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &CodesCommand,
    ) -> Result<Vec<CodesEvent>, std::convert::Infallible> {
        Ok(match command {
            CodesCommand::Note { backoffice, sku, revision } => {
                let known = state.codes.get(backoffice).map_or(0, |(revision, _)| *revision);
                let (backoffice, sku, revision) = (backoffice.clone(), sku.clone(), *revision);
                let noted = CodesEvent::Noted { backoffice, sku, revision };
                if revision > known { vec![noted] } else { Vec::new() }
            }
            CodesCommand::Miss { order } if state.missed || state.missed_by.contains(order) => {
                Vec::new()
            }
            CodesCommand::Miss { .. } if state.missed_by.len() >= MISSED_MAX => {
                vec![CodesEvent::Missed]
            }
            CodesCommand::Miss { order } => vec![CodesEvent::MissedBy { order: *order }],
        })
    }

    fn evolve(mut state: Self, event: &CodesEvent) -> Self {
        match event {
            CodesEvent::Noted { backoffice, sku, revision } => {
                state.codes.insert(backoffice.clone(), (*revision, sku.clone()));
                if sku.is_some() {
                    // Whoever missed it is told again, and misses what still lacks.
                    state.missed = false;
                    state.missed_by.clear();
                }
            }
            CodesEvent::Missed => state.missed = true,
            CodesEvent::MissedBy { order } => {
                state.missed_by.insert(*order);
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{apply, given, id};

    fn note(backoffice: &str, sku: Option<&str>, revision: u64) -> CodesCommand {
        CodesCommand::Note { backoffice: id(backoffice), sku: sku.map(id), revision }
    }

    fn miss(order: i64) -> CodesCommand {
        CodesCommand::Miss { order: OrderId(order) }
    }

    #[test]
    fn the_orders_that_missed_a_code_are_kept_until_a_link_is_made() {
        let codes = [1, 2, 1].iter().fold(VariantCodes::default(), |codes, order| {
            apply::<VariantCodes>(codes, &miss(*order))
        });
        assert_eq!(codes.missed_by, [OrderId(1), OrderId(2)].into());
        let codes = apply::<VariantCodes>(codes, &note("erp", None, 1));
        assert_eq!(codes.missed_by.len(), 2, "a link that was cut helps nobody");
        let codes = apply::<VariantCodes>(codes, &note("wms", Some("A1"), 2));
        assert!(codes.missed_by.is_empty() && !codes.missed);
    }

    #[test]
    fn of_very_many_orders_only_is_kept_that_there_are_more() {
        let orders = i64::try_from(MISSED_MAX).expect("a few") + 1;
        let all = || (1..=orders).map(miss);
        let codes = given::<VariantCodes>().after(all()).when(&miss(orders + 1)).then_silent();
        assert!(codes.missed && codes.missed_by.len() == MISSED_MAX);
    }
}
