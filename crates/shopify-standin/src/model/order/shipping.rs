//! Fulfillment orders and fulfillments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a location is to ship of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FulfillmentOrder {
    /// Number of its GID.
    pub id: i64,
    /// Where it is to be shipped from.
    pub location: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Ended by other means than shipping everything.
    pub ended: Option<Ended>,
    /// Shippable from this moment on, and that moment has not come.
    pub scheduled: Option<Timestamp>,
    /// Progress was reported by hand.
    pub progress: bool,
    /// Reasons not to ship.
    pub holds: Vec<Hold>,
    /// What.
    pub lines: Vec<FulfillmentOrderLine>,
    /// Fulfillment orders that were merged into this one, with line ids and units.
    pub merged: Vec<(i64, Vec<(i64, i64)>)>,
    /// The one that took its place.
    pub replacement: Option<i64>,
}

/// How a fulfillment order may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// Done or replaced.
    Closed,
    /// Cancelled.
    Cancelled,
}

/// A line of a fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FulfillmentOrderLine {
    /// Number of its GID.
    pub id: i64,
    /// The order's line.
    pub line: i64,
    /// Units to ship, shipped ones included.
    pub total: i64,
    /// Units left to ship.
    pub remaining: i64,
}

/// A reason not to ship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Number of its GID.
    pub id: i64,
    /// Value of `FulfillmentHoldReason`.
    pub reason: String,
    /// In words.
    pub notes: Option<String>,
    /// The app's name for it.
    pub handle: Option<String>,
    /// The app's id for it.
    pub external_id: Option<String>,
    /// True when the app holds, false when a person does.
    pub by_app: bool,
}

impl FulfillmentOrder {
    /// Value of `FulfillmentOrderStatus`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self.ended {
            Some(Ended::Cancelled) => "CANCELLED",
            Some(Ended::Closed) => "CLOSED",
            None if self.remaining() == 0 => "CLOSED",
            None if !self.holds.is_empty() => "ON_HOLD",
            None if self.scheduled.is_some() => "SCHEDULED",
            None if self.progress || self.shipped() > 0 => "IN_PROGRESS",
            None => "OPEN",
        }
    }

    /// True while something can become of it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !matches!(self.status(), "CLOSED" | "CANCELLED")
    }

    /// True when it can be shipped now.
    #[must_use]
    pub fn is_fulfillable(&self) -> bool {
        matches!(self.status(), "OPEN" | "IN_PROGRESS")
    }

    /// Units left.
    #[must_use]
    pub fn remaining(&self) -> i64 {
        self.lines.iter().map(|line| line.remaining).sum()
    }

    /// Units shipped.
    #[must_use]
    pub fn shipped(&self) -> i64 {
        self.lines.iter().map(|line| line.total - line.remaining).sum()
    }

    /// Values of `FulfillmentOrderAction`.
    #[must_use]
    pub fn actions(&self) -> Vec<&'static str> {
        let mut actions = match self.status() {
            "OPEN" => vec!["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD"],
            "IN_PROGRESS" if self.progress => {
                vec!["CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", "MARK_AS_OPEN"]
            }
            "IN_PROGRESS" => vec!["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD"],
            "ON_HOLD" => vec!["RELEASE_HOLD", "HOLD", "MOVE"],
            "SCHEDULED" => vec!["MARK_AS_OPEN", "MOVE"],
            _ => Vec::new(),
        };
        if self.is_fulfillable() && self.remaining() > 1 {
            actions.push("SPLIT");
        }
        actions
    }

    /// A line.
    #[must_use]
    pub fn line(&self, id: i64) -> Option<&FulfillmentOrderLine> {
        self.lines.iter().find(|line| line.id == id)
    }
}

/// A shipment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fulfillment {
    /// Number of its GID.
    pub id: i64,
    /// 1 for `#1001-F1`.
    pub number: usize,
    /// Where it left.
    pub location: i64,
    /// False after its cancellation.
    pub stands: bool,
    /// What.
    pub lines: Vec<FulfilledLine>,
    /// Carrier and numbers.
    pub tracking: Tracking,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Units of a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FulfilledLine {
    /// Number of its GID.
    pub id: i64,
    /// The order's line.
    pub line: i64,
    /// The fulfillment order from which they were shipped.
    pub fulfillment_order: i64,
    /// Units.
    pub quantity: i64,
}

/// Carrier, numbers and addresses, matched by position.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    /// Carrier.
    pub company: Option<String>,
    /// Numbers.
    pub numbers: Vec<String>,
    /// Addresses.
    pub urls: Vec<String>,
}

impl Fulfillment {
    /// Value of `FulfillmentStatus`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.stands { "SUCCESS" } else { "CANCELLED" }
    }

    /// All units.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn one(total: i64, remaining: i64) -> FulfillmentOrder {
        FulfillmentOrder {
            id: 1,
            location: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            ended: None,
            scheduled: None,
            progress: false,
            holds: Vec::new(),
            lines: vec![FulfillmentOrderLine { id: 2, line: 3, total, remaining }],
            merged: Vec::new(),
            replacement: None,
        }
    }

    #[rstest]
    #[case(one(2, 2), "OPEN", true)]
    #[case(one(2, 1), "IN_PROGRESS", true)]
    #[case(one(2, 0), "CLOSED", false)]
    #[case(FulfillmentOrder { progress: true, ..one(2, 2) }, "IN_PROGRESS", true)]
    #[case(FulfillmentOrder { ended: Some(Ended::Cancelled), ..one(2, 2) }, "CANCELLED", false)]
    #[case(
        FulfillmentOrder { scheduled: Some(Timestamp::UNIX_EPOCH), ..one(2, 2) },
        "SCHEDULED",
        false
    )]
    fn statuses(#[case] held: FulfillmentOrder, #[case] status: &str, #[case] ships: bool) {
        assert_eq!(held.status(), status);
        assert_eq!(held.is_fulfillable(), ships);
        assert_eq!(held.actions().contains(&"CREATE_FULFILLMENT"), ships);
    }
}
