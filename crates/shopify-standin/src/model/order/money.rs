//! Money as pairs of the shop's currency and the one that the customer saw, in minor units.

use serde::{Deserialize, Serialize};
use std::iter::Sum;
use std::ops::{Add, Sub};

/// Millionths of one: how rates are kept.
pub const ONE: i64 = 1_000_000;

/// Currencies whose amounts have no fraction.
const WHOLE: [&str; 6] = ["JPY", "KRW", "VND", "CLP", "ISK", "UGX"];

/// An amount in both currencies, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Money {
    /// In the shop's currency.
    pub shop: i64,
    /// In the customer's currency.
    pub presentment: i64,
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { shop: self.shop + other.shop, presentment: self.presentment + other.presentment }
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { shop: self.shop - other.shop, presentment: self.presentment - other.presentment }
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

impl Money {
    /// The share of `part` in `whole`, rounded down in each currency.
    #[must_use]
    pub fn share(self, part: i64, whole: i64) -> Self {
        let of = |amount: i64| scaled(amount, part, whole, false);
        Self { shop: of(self.shop), presentment: of(self.presentment) }
    }

    /// The amount times a number of units.
    #[must_use]
    pub fn times(self, units: i64) -> Self {
        Self { shop: self.shop * units, presentment: self.presentment * units }
    }

    /// The tax inside the amount (`included`) or on top of it, for a rate in millionths.
    #[must_use]
    pub fn tax(self, rate: i64, included: bool) -> Self {
        let whole = if included { ONE + rate } else { ONE };
        let of = |amount: i64| scaled(amount, rate, whole, true);
        Self { shop: of(self.shop), presentment: of(self.presentment) }
    }
}

/// `amount * by / of`, rounded half up or down.
fn scaled(amount: i64, by: i64, of: i64, half_up: bool) -> i64 {
    let of = i128::from(of.max(1));
    let product = i128::from(amount) * i128::from(by);
    let rounded = if half_up { (2 * product + of).div_euclid(2 * of) } else { product / of };
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// The two currencies of an order and the rate between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currencies {
    /// ISO 4217.
    pub shop: String,
    /// ISO 4217.
    pub presentment: String,
    /// Customer's money for one of the shop's, in millionths.
    pub rate: i64,
}

impl Currencies {
    /// One currency for both.
    #[must_use]
    pub fn single(code: &str) -> Self {
        Self { shop: code.to_owned(), presentment: code.to_owned(), rate: ONE }
    }

    /// An amount of the shop's currency in both.
    #[must_use]
    pub fn shop_amount(&self, amount: i64) -> Money {
        if self.shop == self.presentment {
            return Money { shop: amount, presentment: amount };
        }
        let by = self.rate * power(decimals(&self.presentment));
        let of = ONE * power(decimals(&self.shop));
        Money { shop: amount, presentment: scaled(amount, by, of, true) }
    }

    /// An amount of the customer's currency in both.
    #[must_use]
    pub fn presentment_amount(&self, amount: i64) -> Money {
        if self.shop == self.presentment {
            return Money { shop: amount, presentment: amount };
        }
        let by = ONE * power(decimals(&self.shop));
        let of = self.rate * power(decimals(&self.presentment));
        Money { shop: scaled(amount, by, of, true), presentment: amount }
    }
}

/// Digits after the point of a currency.
#[must_use]
pub fn decimals(currency: &str) -> u32 {
    if WHOLE.contains(&currency) { 0 } else { 2 }
}

fn power(decimals: u32) -> i64 {
    10_i64.pow(decimals)
}

/// Reads a decimal text as a whole number of its last digit; further digits are cut off.
#[must_use]
pub fn parse(text: &str, decimals: u32) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) {
        return None;
    }
    let part: String = part.chars().chain(std::iter::repeat('0')).take(decimals as usize).collect();
    format!("{whole}{part}").parse::<i64>().ok().map(|number| sign * number)
}

/// An amount as webhooks write it: `12.00`, `1200` for currencies without a fraction.
#[must_use]
pub fn rest_text(amount: i64, currency: &str) -> String {
    let decimals = decimals(currency);
    if decimals == 0 {
        return amount.to_string();
    }
    let (sign, amount) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
    let unit = power(decimals).unsigned_abs();
    format!("{sign}{}.{:0width$}", amount / unit, amount % unit, width = decimals as usize)
}

/// An amount as the Admin API writes it: at least one digit after the point, no useless zero.
#[must_use]
pub fn graphql_text(amount: i64, currency: &str) -> String {
    let text = rest_text(amount, currency);
    match text.split_once('.') {
        None => format!("{text}.0"),
        Some((whole, part)) => {
            let part = part.trim_end_matches('0');
            format!("{whole}.{}", if part.is_empty() { "0" } else { part })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("12.00", 1200, "12.00", "12.0")]
    #[case("0.5", 50, "0.50", "0.5")]
    #[case("7", 700, "7.00", "7.0")]
    #[case("3.999", 399, "3.99", "3.99")]
    #[case("-1.05", -105, "-1.05", "-1.05")]
    fn texts(#[case] text: &str, #[case] amount: i64, #[case] rest: &str, #[case] graphql: &str) {
        assert_eq!(parse(text, 2), Some(amount));
        assert_eq!(rest_text(amount, "EUR"), rest);
        assert_eq!(graphql_text(amount, "EUR"), graphql);
    }

    #[test]
    fn yen_have_no_fraction_and_rubbish_is_no_amount() {
        assert_eq!(parse("1200.5", decimals("JPY")), Some(1200));
        assert_eq!(rest_text(1200, "JPY"), "1200");
        assert_eq!(graphql_text(1200, "JPY"), "1200.0");
        for rubbish in ["", ".5", "1,5", "x", "1.x", "--1"] {
            assert_eq!(parse(rubbish, 2), None, "{rubbish}");
        }
    }

    #[test]
    fn rates_scale_between_currencies_with_other_fractions() {
        let yen =
            Currencies { shop: "EUR".to_owned(), presentment: "JPY".to_owned(), rate: 160 * ONE };
        assert_eq!(yen.shop_amount(1250), Money { shop: 1250, presentment: 2000 });
        assert_eq!(yen.presentment_amount(2000), Money { shop: 1250, presentment: 2000 });
    }

    #[test]
    fn taxes_inside_and_on_top() {
        let amount = Money { shop: 11900, presentment: 11900 };
        assert_eq!(amount.tax(190_000, true).shop, 1900);
        assert_eq!(amount.tax(190_000, false).shop, 2261);
    }

    proptest! {
        #[test]
        fn texts_are_read_back(amount in -1_000_000_000..1_000_000_000_i64) {
            prop_assert_eq!(parse(&rest_text(amount, "EUR"), 2), Some(amount));
            prop_assert_eq!(parse(&graphql_text(amount, "EUR"), 2), Some(amount));
        }

        #[test]
        fn shares_never_exceed_the_whole(amount in 0..1_000_000_i64, parts in 1..50_i64) {
            let money = Money { shop: amount, presentment: amount };
            let sum: Money = (0..parts).map(|_| money.share(1, parts)).sum();
            prop_assert!(sum.shop <= amount);
            prop_assert_eq!(money.share(parts, parts), money);
        }
    }
}
