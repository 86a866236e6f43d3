//! Money in reports: an exact decimal in a currency.

use std::fmt;

use lockstep_domain::Quantity;

use super::fields::{capitals, missing, not_negative};
use super::{Invalid, quantity};
use crate::backoffice::v1 as proto;

/// An amount of money, with up to four decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Quantity);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Quantity::ZERO);

    /// The value in ten-thousandths of the currency's unit.
    #[must_use]
    pub const fn ten_thousandths(self) -> i64 {
        self.0.ten_thousandths()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An amount in its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// ISO 4217.
    pub currency: String,
    /// How much.
    pub amount: Amount,
}

/// A decimal of money, of either sign. The same rule as for goods: four decimals, below 10^14.
pub(super) fn amount(field: &str, text: &str) -> Result<Amount, Invalid> {
    quantity(field, text).map(Amount)
}

/// A decimal of money that may be left out and is not below zero.
pub(super) fn optional_amount(field: &str, text: &str) -> Result<Option<Amount>, Invalid> {
    if text.is_empty() {
        return Ok(None);
    }
    not_negative(field, quantity(field, text)?).map(|value| Some(Amount(value)))
}

pub(super) fn currency(field: &str, text: &str) -> Result<String, Invalid> {
    if text.is_empty() {
        return Err(missing(field, "send an ISO 4217 code such as EUR"));
    }
    capitals(field, text, 3, "EUR")?;
    Ok(text.to_owned())
}

/// Money that may be left out.
pub(super) fn money(field: &str, given: Option<&proto::Money>) -> Result<Option<Money>, Invalid> {
    let Some(given) = given else { return Ok(None) };
    let checked = || {
        Ok(Money {
            currency: currency("currency", &given.currency)?,
            amount: amount("amount", &given.amount)?,
        })
    };
    checked().map(Some).map_err(|e: Invalid| e.at(field))
}

/// Money that may be left out and is not below zero.
pub(super) fn price(field: &str, given: Option<&proto::Money>) -> Result<Option<Money>, Invalid> {
    let money = money(field, given)?;
    if let Some(money) = &money {
        not_negative(&format!("{field}.amount"), money.amount.0)?;
    }
    Ok(money)
}
