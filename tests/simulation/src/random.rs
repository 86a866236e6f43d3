//! Chance, by seed.

/// SplitMix64: the same seed gives the same numbers for ever, on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A series of its own for a seed and a purpose.
    #[must_use]
    pub const fn of(seed: u64, purpose: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ purpose.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `low` up to and with `high`.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap_or(0) + 1;
        low + i64::try_from(self.next() % span).unwrap_or(0)
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, of_hundred: i64) -> bool {
        self.within(1, 100) <= of_hundred
    }

    /// A place among so many; nothing among none.
    pub fn place(&mut self, count: usize) -> Option<usize> {
        let last = i64::try_from(count).ok()?.checked_sub(1).filter(|last| *last >= 0)?;
        usize::try_from(self.within(0, last)).ok()
    }
}
