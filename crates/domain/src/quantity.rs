//! Quantities of goods: exact decimals with at most four places.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Ten-thousandths per unit.
const SCALE: i64 = 10_000;
/// Below 10^14 units, so that a great many of them still add up inside 64 bits.
const UNITS_LIMIT: i64 = 100_000_000_000_000;

/// A quantity of one SKU, held in ten-thousandths of a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// Why text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidQuantity {
    /// Not a decimal number.
    #[error("expected a decimal number such as 12 or -0.5, without exponent or separators")]
    NotANumber,
    /// More than four decimals.
    #[error("a quantity has at most 4 decimals")]
    TooPrecise,
    /// 10^14 units or more.
    #[error("a quantity is below 100000000000000 units")]
    TooLarge,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The greatest quantity that is accepted.
    pub const MAX: Self = Self(UNITS_LIMIT * SCALE - 1);
    /// The least quantity that is accepted.
    pub const MIN: Self = Self(-Self::MAX.0);

    /// Whole units; beyond the limit the limit.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self::clamped(units.saturating_mul(SCALE))
    }

    /// Ten-thousandths of a unit; beyond the limit the limit.
    #[must_use]
    pub const fn from_ten_thousandths(value: i64) -> Self {
        Self::clamped(value)
    }

    /// The value in ten-thousandths of a unit.
    #[must_use]
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// Whole units, rounded down, also below zero.
    #[must_use]
    pub const fn floor_units(self) -> i64 {
        self.0.div_euclid(SCALE)
    }

    /// Whole units, rounded up, also below zero.
    #[must_use]
    pub const fn ceil_units(self) -> i64 {
        -(-self.0).div_euclid(SCALE)
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum, if it is within the limits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        Self::within(self.0 + other.0)
    }

    /// The difference, if it is within the limits.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        Self::within(self.0 - other.0)
    }

    /// The sum; beyond the limit the limit.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self::clamped(self.0 + other.0)
    }

    /// The difference; beyond the limit the limit.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self::clamped(self.0 - other.0)
    }

    /// The opposite.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    // The limits are below a ninth of the range of i64, so one sum or difference cannot overflow.
    const fn within(value: i64) -> Option<Self> {
        if value > Self::MAX.0 || value < Self::MIN.0 { None } else { Some(Self(value)) }
    }

    const fn clamped(value: i64) -> Self {
        if value > Self::MAX.0 {
            Self::MAX
        } else if value < Self::MIN.0 {
            Self::MIN
        } else {
            Self(value)
        }
    }
}

impl std::ops::Neg for Quantity {
    type Output = Self;

    fn neg(self) -> Self {
        self.negated()
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Self::saturating_add)
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, InvalidQuantity> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(InvalidQuantity::NotANumber),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(InvalidQuantity::NotANumber);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 4 {
            return Err(InvalidQuantity::TooPrecise);
        }
        let units = decimal(whole).filter(|units| *units < UNITS_LIMIT);
        let part = decimal(&format!("{fraction:0<4}"));
        let (Some(units), Some(part)) = (units, part) else {
            return Err(InvalidQuantity::TooLarge);
        };
        let value = units * SCALE + part;
        Ok(Self(if negative { -value } else { value }))
    }
}

/// The value of a run of digits, or nothing when it is out of range.
fn decimal(digits: &str) -> Option<i64> {
    digits.parse().ok()
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (units, part) = (self.0.abs() / SCALE, self.0.abs() % SCALE);
        if part == 0 {
            return write!(f, "{sign}{units}");
        }
        let part = format!("{part:04}");
        write!(f, "{sign}{units}.{}", part.trim_end_matches('0'))
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number as text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
#[path = "quantity_tests.rs"]
mod tests;
