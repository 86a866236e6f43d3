//! *SkuClaim*: which variant of a store holds a back office's SKU. Keyed by (store, back office,
//! SKU).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decider::Decider;
use crate::ids::VariantId;

/// The variant that holds a SKU, if any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SkuClaim {
    /// The holder.
    pub variant: Option<VariantId>,
}

/// A request to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkuClaimCommand {
    /// A variant wants the SKU.
    ClaimSku {
        /// The variant.
        variant: VariantId,
    },
    /// A variant lets the SKU go. Silent where another holds it.
    ReleaseSku {
        /// The variant.
        variant: VariantId,
    },
}

/// A fact of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SkuClaimEvent {
    /// A variant holds the SKU.
    SkuClaimed {
        /// The variant.
        variant: VariantId,
    },
    /// No variant holds it any more.
    SkuReleased {
        /// The variant that held it.
        variant: VariantId,
    },
}

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SkuClaimRejection {
    /// Another variant of the store holds the SKU.
    #[error("the SKU is already linked to variant {variant}; cut that link first")]
    AlreadyLinked {
        /// The holder.
        variant: VariantId,
    },
}

impl Decider for SkuClaim {
    type State = Self;
    type Command = SkuClaimCommand;
    type Event = SkuClaimEvent;
    type Rejection = SkuClaimRejection;

    fn decide(
        state: &Self,
        command: &SkuClaimCommand,
    ) -> Result<Vec<SkuClaimEvent>, SkuClaimRejection> {
        match (*command, state.variant) {
            (SkuClaimCommand::ClaimSku { variant }, None) => {
                Ok(vec![SkuClaimEvent::SkuClaimed { variant }])
            }
            (SkuClaimCommand::ClaimSku { variant }, Some(holder)) if holder != variant => {
                Err(SkuClaimRejection::AlreadyLinked { variant: holder })
            }
            (SkuClaimCommand::ReleaseSku { variant }, Some(holder)) if holder == variant => {
                Ok(vec![SkuClaimEvent::SkuReleased { variant }])
            }
            (SkuClaimCommand::ClaimSku { .. } | SkuClaimCommand::ReleaseSku { .. }, _) => {
                Ok(Vec::new())
            }
        }
    }

    fn evolve(_: Self, event: &SkuClaimEvent) -> Self {
        match *event {
            SkuClaimEvent::SkuClaimed { variant } => Self { variant: Some(variant) },
            SkuClaimEvent::SkuReleased { .. } => Self { variant: None },
        }
    }
}

#[cfg(test)]
#[path = "claim_tests.rs"]
mod tests;
