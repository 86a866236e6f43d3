//! Transactions, refunds, and the financial status that follows from them.

use super::money::Money;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A movement of money.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transaction {
    /// Number of its GID.
    pub id: i64,
    /// What.
    pub kind: TransactionKind,
    /// Value of `OrderTransactionStatus`.
    pub status: String,
    /// Through whom.
    pub gateway: String,
    /// How much.
    pub amount: Money,
    /// The sale or authorization to which it belongs.
    pub parent: Option<i64>,
    /// When.
    pub created_at: Timestamp,
    /// No real money.
    pub test: bool,
}

/// Kinds of movements of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TransactionKind {
    /// Taken at once.
    Sale,
    /// Set aside.
    Authorization,
    /// Taken of what was set aside.
    Capture,
    /// Given back.
    Refund,
    /// What was set aside is let go.
    Void,
}

impl TransactionKind {
    /// The value of the enum.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "SALE",
            Self::Authorization => "AUTHORIZATION",
            Self::Capture => "CAPTURE",
            Self::Refund => "REFUND",
            Self::Void => "VOID",
        }
    }

    /// Reads the value of the enum.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Sale, Self::Authorization, Self::Capture, Self::Refund, Self::Void]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl Transaction {
    /// True when the money moved.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status == "SUCCESS"
    }

    /// True when it took money.
    #[must_use]
    pub fn takes(&self) -> bool {
        self.succeeded() && matches!(self.kind, TransactionKind::Sale | TransactionKind::Capture)
    }
}

/// What happens to refunded units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restock {
    /// Nothing came back.
    #[serde(rename = "no_restock")]
    Nothing,
    /// They never left.
    Cancel,
    /// They came back.
    Return,
}

impl Restock {
    /// As webhooks write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "no_restock",
            Self::Cancel => "cancel",
            Self::Return => "return",
        }
    }

    /// Reads a value in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Nothing, Self::Cancel, Self::Return]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

/// A refund, with or without money.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refund {
    /// Number of its GID.
    pub id: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is said to have happened.
    pub processed_at: Timestamp,
    /// In words.
    pub note: Option<String>,
    /// Units.
    pub lines: Vec<RefundLine>,
    /// Of the shipping cost.
    pub shipping: Money,
    /// Numbers of its transactions.
    pub transactions: Vec<i64>,
    /// The return to which it belongs.
    pub belongs_to: Option<i64>,
}

/// Refunded units of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// Number of its id.
    pub id: i64,
    /// The order's line.
    pub line: i64,
    /// Units.
    pub quantity: i64,
    /// What happens to them.
    pub restock: Restock,
    /// Where they are put back.
    pub location: Option<i64>,
    /// Their value.
    pub subtotal: Money,
    /// The tax of it.
    pub tax: Money,
}

/// What transactions add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    /// Taken.
    pub received: Money,
    /// Given back.
    pub refunded: Money,
    /// Set aside and not yet taken or let go.
    pub authorized: Money,
    /// Something that was set aside was let go.
    pub voided: bool,
}

/// Adds transactions up.
#[must_use]
pub fn paid(transactions: &[Transaction]) -> Paid {
    let mut paid = Paid::default();
    for one in transactions.iter().filter(|one| one.succeeded()) {
        match one.kind {
            TransactionKind::Sale => paid.received = paid.received + one.amount,
            TransactionKind::Authorization => paid.authorized = paid.authorized + one.amount,
            TransactionKind::Capture => {
                paid.received = paid.received + one.amount;
                paid.authorized = paid.authorized - one.amount;
            }
            TransactionKind::Refund => paid.refunded = paid.refunded + one.amount,
            TransactionKind::Void => {
                paid.authorized = paid.authorized - one.amount;
                paid.voided = true;
            }
        }
    }
    paid
}

/// Value of `OrderDisplayFinancialStatus` for an order that is worth `total`.
#[must_use]
pub fn financial_status(transactions: &[Transaction], total: Money) -> &'static str {
    let paid = paid(transactions);
    let received = paid.received.presentment;
    if received == 0 {
        return match () {
            () if paid.authorized.presentment > 0 => "AUTHORIZED",
            () if paid.voided => "VOIDED",
            () if total.presentment == 0 => "PAID",
            () => "PENDING",
        };
    }
    match paid.refunded.presentment {
        refunded if refunded >= received => "REFUNDED",
        refunded if refunded > 0 => "PARTIALLY_REFUNDED",
        _ if received >= total.presentment => "PAID",
        _ => "PARTIALLY_PAID",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn one(kind: TransactionKind, amount: i64) -> Transaction {
        Transaction {
            id: 1,
            kind,
            status: "SUCCESS".to_owned(),
            gateway: "bogus".to_owned(),
            amount: Money { shop: amount, presentment: amount },
            parent: None,
            created_at: Timestamp::UNIX_EPOCH,
            test: false,
        }
    }

    #[rstest]
    #[case(&[], 10, "PENDING")]
    #[case(&[], 0, "PAID")]
    #[case(&[(TransactionKind::Sale, 10)], 10, "PAID")]
    #[case(&[(TransactionKind::Sale, 4)], 10, "PARTIALLY_PAID")]
    #[case(&[(TransactionKind::Sale, 10), (TransactionKind::Refund, 3)], 7, "PARTIALLY_REFUNDED")]
    #[case(&[(TransactionKind::Sale, 10), (TransactionKind::Refund, 10)], 0, "REFUNDED")]
    #[case(&[(TransactionKind::Authorization, 10)], 10, "AUTHORIZED")]
    #[case(&[(TransactionKind::Authorization, 10), (TransactionKind::Void, 10)], 10, "VOIDED")]
    #[case(&[(TransactionKind::Authorization, 9), (TransactionKind::Capture, 9)], 9, "PAID")]
    fn statuses(
        #[case] moved: &[(TransactionKind, i64)],
        #[case] total: i64,
        #[case] status: &str,
    ) {
        let moved: Vec<Transaction> = moved.iter().map(|(kind, by)| one(*kind, *by)).collect();
        let total = Money { shop: total, presentment: total };
        assert_eq!(financial_status(&moved, total), status);
    }
}
