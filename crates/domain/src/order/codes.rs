//! *VariantCodes*: the back offices' codes of a variant, as links gave them. Keyed by (store,
//! variant).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::{BackOfficeId, Sku};

/// The codes of one variant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantCodes {
    /// The code per back office, with the revision of the link event that said so; nothing after
    /// a link was cut.
    pub codes: BTreeMap<BackOfficeId, (u64, Option<Sku>)>,
    /// Somebody was told of an order while a code was missing.
    pub missed: bool,
}

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
    Miss,
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
    /// A code was missing when an order was told of.
    Missed,
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
            CodesCommand::Miss if state.missed => Vec::new(),
            CodesCommand::Miss => vec![CodesEvent::Missed],
        })
    }

    fn evolve(mut state: Self, event: &CodesEvent) -> Self {
        match event {
            CodesEvent::Noted { backoffice, sku, revision } => {
                state.codes.insert(backoffice.clone(), (*revision, sku.clone()));
                // Whoever missed it is told again.
                state.missed = false;
            }
            CodesEvent::Missed => state.missed = true,
        }
        state
    }
}
