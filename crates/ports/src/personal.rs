//! Keys that seal personal data: one per customer, so that destroying it redacts everything.

use std::sync::Arc;

use crate::error::PortError;
use crate::seal::Sealer;

/// Bucket that holds the keys of customers, each sealed with the master key.
pub const KEYS_BUCKET: &str = "keys";

/// Bytes of a key.
pub const PERSONAL_KEY_BYTES: usize = 32;

/// A key that seals one customer's data.
pub type PersonalKey = [u8; PERSONAL_KEY_BYTES];

/// Makes keys, and sealers out of them.
pub trait KeyMaker: Send + Sync + 'static {
    /// A fresh random key. Errors: `Transient`, when the machine gives no random bits.
    fn new_key(&self) -> Result<PersonalKey, PortError>;

    /// Seals and opens with this key alone.
    fn sealer(&self, key: &PersonalKey) -> Arc<dyn Sealer>;

    /// A text that is the same for the same data and tells nothing of it to who lacks the key.
    fn mark(&self, key: &PersonalKey, plain: &[u8]) -> String;
}
