//! Why a level refuses a command.

use thiserror::Error;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LevelRejection {
    /// The level cannot be written.
    #[error("the level has a verdict; read it again first")]
    HasVerdict,
    /// A write that does not commute is in the air.
    #[error("another write of this level is not answered yet")]
    InFlight,
    /// Delta has nothing to start from.
    #[error("the level has no baseline")]
    NoBaseline,
    /// A write that changes nothing.
    #[error("the write changes nothing")]
    NothingToWrite,
    /// Only what is not stocked can be activated.
    #[error("the item is stocked at the location, or nobody knows yet")]
    Stocked,
    /// Nothing is known of the level.
    #[error("the level was never read")]
    NeverRead,
}
