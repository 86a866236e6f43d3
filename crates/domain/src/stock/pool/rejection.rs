//! Why a pool refuses a command.

use thiserror::Error;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PoolRejection {
    /// A movement of nothing.
    #[error("a movement has a quantity other than zero")]
    QuantityZero,
    /// The position would leave the range of quantities.
    #[error("the position would pass 100000000000000 units")]
    PositionTooLarge,
    /// A line claims less than nothing.
    #[error("units sold are zero or more")]
    SoldNegative,
}
