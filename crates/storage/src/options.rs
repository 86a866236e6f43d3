//! Limits of a service's connections.

use std::time::Duration;

/// Limits of the connections of one service. Every wait has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Connections that are open at most.
    pub max_connections: u32,
    /// How long a call waits for a free connection, or for a new one.
    pub acquire_timeout: Duration,
    /// How long one statement may take, waiting for locks included.
    pub statement_timeout: Duration,
    /// How long a transaction may stand open without a statement before the server ends it.
    pub idle_in_transaction_timeout: Duration,
}

impl StoreOptions {
    /// Three services in one process stay well below Postgres' own default of 100.
    pub const MAX_CONNECTIONS: u32 = 10;
    /// Shorter than a health probe's patience, so that a lost database is seen as such.
    pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
    /// A batch takes milliseconds; what takes this long waits for somebody who hangs.
    pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
    /// A process that stopped in the middle of a batch holds its locks no longer than this.
    pub const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            max_connections: Self::MAX_CONNECTIONS,
            acquire_timeout: Self::ACQUIRE_TIMEOUT,
            statement_timeout: Self::STATEMENT_TIMEOUT,
            idle_in_transaction_timeout: Self::IDLE_IN_TRANSACTION_TIMEOUT,
        }
    }
}
