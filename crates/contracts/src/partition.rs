//! Partitions: a fixed share of keys, so that consumers can divide a stream.

use std::fmt;

use sha2::{Digest, Sha256};

/// One of [`Partition::COUNT`] shares of a stream, chosen by a stable hash of a key.
///
/// The number of partitions and the hash are part of the contract: a change of either sends a key
/// elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(u8);

impl Partition {
    /// How many there are.
    pub const COUNT: u8 = 16;

    /// The partition of a key, the same on every machine and in every version.
    #[must_use]
    pub fn of(key: impl AsRef<[u8]>) -> Self {
        let digest: [u8; 32] = Sha256::digest(key.as_ref()).into();
        let [first, ..] = digest;
        Self(first % Self::COUNT)
    }

    /// The partition with this number; `None` unless it is below [`Partition::COUNT`].
    #[must_use]
    pub const fn try_new(number: u8) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Every partition, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
