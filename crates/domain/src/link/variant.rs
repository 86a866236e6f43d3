//! *VariantLink*: the SKUs that a store's variant is linked to, one per back office. Keyed by
//! (store, variant).

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decider::Decider;
use crate::ids::{BackOfficeId, InventoryItemId, Sku};

/// The state keeps this many changes of its links; the event log keeps all.
const HISTORY_LEN_MAX: usize = 100;

/// The links of one variant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantLink {
    /// The inventory item on which its stock hangs; the one of the last link.
    pub inventory_item: Option<InventoryItemId>,
    /// The SKU per back office.
    pub links: BTreeMap<BackOfficeId, Sku>,
    /// What changed, oldest first.
    pub history: VecDeque<LinkHistory>,
}

impl VariantLink {
    /// What made the link to a back office that stands, as far as its history goes.
    #[must_use]
    pub fn origin(&self, backoffice: &BackOfficeId) -> Option<LinkOrigin> {
        self.links.get(backoffice)?;
        let made = |change: &&LinkHistory| change.linked && change.backoffice == *backoffice;
        self.history.iter().rev().find(made).map(|change| change.origin)
    }
}

/// A change of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkHistory {
    /// When.
    pub at: Timestamp,
    /// The back office.
    pub backoffice: BackOfficeId,
    /// Its SKU.
    pub sku: Sku,
    /// Whether it was linked, or else cut.
    pub linked: bool,
    /// What made the change.
    pub origin: LinkOrigin,
}

/// What makes or cuts a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkOrigin {
    /// A person.
    Hand,
    /// A file of links.
    Csv,
    /// A sync that found the same SKU.
    SkuMatch,
    /// A sync that found the same barcode.
    BarcodeMatch,
    /// A sync that found the same name.
    NameMatch,
}

impl LinkOrigin {
    /// Whether a person decided it, and may so replace an existing link. A sync never does.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::Hand | Self::Csv)
    }

    /// Its name in answers, files and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Csv => "csv",
            Self::SkuMatch => "sku_match",
            Self::BarcodeMatch => "barcode_match",
            Self::NameMatch => "name_match",
        }
    }
}

/// A request to a variant's links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariantLinkCommand {
    /// Link the variant to a SKU.
    LinkVariant {
        /// The inventory item of the variant.
        inventory_item: InventoryItemId,
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
        /// What makes the link.
        origin: LinkOrigin,
        /// When.
        at: Timestamp,
    },
    /// A person says that the link that stands is right, whatever its codes are: it is made again.
    ConfirmLink {
        /// The back office.
        backoffice: BackOfficeId,
        /// Who says so.
        origin: LinkOrigin,
        /// When.
        at: Timestamp,
    },
    /// Cut the link to one back office, or to all.
    CutLink {
        /// The back office; nothing means all.
        backoffice: Option<BackOfficeId>,
        /// What cuts the link.
        origin: LinkOrigin,
        /// When.
        at: Timestamp,
    },
}

/// A fact of a variant's links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum VariantLinkEvent {
    /// A link was made.
    VariantLinked {
        /// The inventory item of the variant.
        inventory_item: InventoryItemId,
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
        /// What made the link.
        origin: LinkOrigin,
        /// When.
        at: Timestamp,
    },
    /// A link was cut.
    VariantUnlinked {
        /// The inventory item of the variant.
        inventory_item: InventoryItemId,
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
        /// What cut the link.
        origin: LinkOrigin,
        /// When.
        at: Timestamp,
    },
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VariantLinkRejection {
    /// A sync would replace a link.
    #[error("the variant is already linked to SKU {sku}; a sync changes no existing link")]
    AlreadyLinked {
        /// The SKU of the link that stands.
        sku: Sku,
    },
}

impl Decider for VariantLink {
    type State = Self;
    type Command = VariantLinkCommand;
    type Event = VariantLinkEvent;
    type Rejection = VariantLinkRejection;

    fn decide(
        state: &Self,
        command: &VariantLinkCommand,
    ) -> Result<Vec<VariantLinkEvent>, VariantLinkRejection> {
        match command {
            VariantLinkCommand::LinkVariant { inventory_item, backoffice, sku, origin, at } => {
                let standing = state.links.get(backoffice);
                if standing == Some(sku) && state.inventory_item == Some(*inventory_item) {
                    return Ok(Vec::new());
                }
                let mut events = Vec::new();
                if let Some(standing) = standing {
                    if !origin.is_personal() {
                        let sku = standing.clone();
                        return Err(VariantLinkRejection::AlreadyLinked { sku });
                    }
                    events.extend(cut(state, backoffice, *origin, *at));
                }
                events.push(VariantLinkEvent::VariantLinked {
                    inventory_item: *inventory_item,
                    backoffice: backoffice.clone(),
                    sku: sku.clone(),
                    origin: *origin,
                    at: *at,
                });
                Ok(events)
            }
            VariantLinkCommand::ConfirmLink { backoffice, origin, at } => {
                let standing = state.links.get(backoffice).filter(|_| origin.is_personal());
                let again = standing.zip(state.inventory_item).map(|(sku, inventory_item)| {
                    VariantLinkEvent::VariantLinked {
                        inventory_item,
                        backoffice: backoffice.clone(),
                        sku: sku.clone(),
                        origin: *origin,
                        at: *at,
                    }
                });
                Ok(again.into_iter().collect())
            }
            VariantLinkCommand::CutLink { backoffice: Some(backoffice), origin, at } => {
                Ok(cut(state, backoffice, *origin, *at).into_iter().collect())
            }
            VariantLinkCommand::CutLink { backoffice: None, origin, at } => {
                let every = state.links.keys();
                Ok(every.filter_map(|one| cut(state, one, *origin, *at)).collect())
            }
        }
    }

    fn evolve(mut state: Self, event: &VariantLinkEvent) -> Self {
        let (at, origin) = match event {
            VariantLinkEvent::VariantLinked { at, origin, .. }
            | VariantLinkEvent::VariantUnlinked { at, origin, .. } => (*at, *origin),
        };
        let (backoffice, sku, linked) = match event {
            VariantLinkEvent::VariantLinked { inventory_item, backoffice, sku, .. } => {
                state.inventory_item = Some(*inventory_item);
                state.links.insert(backoffice.clone(), sku.clone());
                (backoffice, sku, true)
            }
            VariantLinkEvent::VariantUnlinked { backoffice, sku, .. } => {
                state.links.remove(backoffice);
                (backoffice, sku, false)
            }
        };
        if state.history.len() >= HISTORY_LEN_MAX {
            state.history.pop_front();
        }
        state.history.push_back(LinkHistory {
            at,
            backoffice: backoffice.clone(),
            sku: sku.clone(),
            linked,
            origin,
        });
        state
    }
}

fn cut(
    state: &VariantLink,
    backoffice: &BackOfficeId,
    origin: LinkOrigin,
    at: Timestamp,
) -> Option<VariantLinkEvent> {
    let sku = state.links.get(backoffice)?.clone();
    Some(VariantLinkEvent::VariantUnlinked {
        inventory_item: state.inventory_item?,
        backoffice: backoffice.clone(),
        sku,
        origin,
        at,
    })
}

#[cfg(test)]
#[path = "variant_tests.rs"]
mod tests;
