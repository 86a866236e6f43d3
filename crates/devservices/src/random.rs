//! Unpredictable numbers from the standard library alone: for ports, folder names and the
//! password of a private database.

use std::hash::{BuildHasher, Hasher, RandomState};

/// 64 bits from the keys that the standard library seeds from the system.
pub(crate) fn number() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ() {
        assert_ne!(number(), number());
    }
}
