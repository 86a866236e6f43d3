//! Quantities with four decimals.

use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

/// Parts of one unit.
const PARTS: i64 = 10_000;

/// A quantity, exact to four decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole units.
    #[must_use]
    pub const fn units(units: i64) -> Self {
        Self(units * PARTS)
    }

    /// Ten-thousandths of a unit.
    #[must_use]
    pub const fn parts(parts: i64) -> Self {
        Self(parts)
    }

    /// The greatest whole number of units that is not above it.
    #[must_use]
    pub const fn floor(self) -> i64 {
        self.0.div_euclid(PARTS)
    }

    /// As a decimal.
    #[must_use]
    pub fn decimal(self) -> String {
        let (sign, parts) = (if self.0 < 0 { "-" } else { "" }, self.0.abs());
        let (whole, rest) = (parts / PARTS, parts % PARTS);
        if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:04}") }
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Amount {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_unit_are_rounded_down() {
        assert_eq!(Amount::parts(19_999).floor(), 1);
        assert_eq!(Amount::parts(-1).floor(), -1);
        assert_eq!(Amount::units(-2).floor(), -2);
    }

    #[test]
    fn decimals_are_written_with_their_sign() {
        assert_eq!(Amount::parts(-5_000).decimal(), "-0.5000");
        assert_eq!(Amount::units(12).decimal(), "12");
    }
}
