//! The eight quantity names of one level and the table of what moves what.
//!
//! `on_hand` is kept as its own number and moved by its own column of the table, so that the
//! check after each step can fail.

use serde::{Deserialize, Serialize};

/// A name under which units are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityName {
    /// May be sold.
    Available,
    /// In open orders.
    Committed,
    /// Set aside.
    Reserved,
    /// On the shelf, broken.
    Damaged,
    /// On the shelf, kept back.
    SafetyStock,
    /// On the shelf, being looked at.
    QualityControl,
    /// On the way; no part of `on_hand`.
    Incoming,
    /// The sum of all but incoming.
    OnHand,
}

impl QuantityName {
    /// All names.
    pub const ALL: [Self; 8] = [
        Self::Available,
        Self::Committed,
        Self::Reserved,
        Self::Damaged,
        Self::SafetyStock,
        Self::QualityControl,
        Self::Incoming,
        Self::OnHand,
    ];

    /// Shopify's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Committed => "committed",
            Self::Reserved => "reserved",
            Self::Damaged => "damaged",
            Self::SafetyStock => "safety_stock",
            Self::QualityControl => "quality_control",
            Self::Incoming => "incoming",
            Self::OnHand => "on_hand",
        }
    }

    /// Reads Shopify's spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }

    /// True for the names that `inventoryAdjustQuantities` and `inventoryMoveQuantities` take.
    #[must_use]
    pub fn is_adjustable(self) -> bool {
        !matches!(self, Self::Committed | Self::OnHand)
    }
}

/// One row of the table: something that happens to a level. Units are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An order claims units.
    Sold(i64),
    /// Units leave with a shipment.
    Fulfilled(i64),
    /// A shipment is cancelled: its units are on the shelf again and still promised.
    Unfulfilled(i64),
    /// An open order gives units back to sale.
    Restocked(i64),
    /// An open order is cancelled and its units are not put back.
    Dropped(i64),
    /// `available` or another name moves by a difference.
    Adjust(QuantityName, i64),
    /// `available` is set.
    SetAvailable(i64),
    /// `on_hand` is set; `available` moves by the same difference.
    SetOnHand(i64),
    /// Units change their name.
    Move(QuantityName, QuantityName, i64),
}

/// The arithmetic does not hold: a fault of this program, or a number beyond 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("on_hand is not the sum of its parts after {0:?}")]
pub struct Broken(pub Step);

/// What one level holds, in whole units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantities {
    /// See [`QuantityName::Available`]. May be negative.
    pub available: i64,
    /// See [`QuantityName::Committed`].
    pub committed: i64,
    /// See [`QuantityName::Reserved`].
    pub reserved: i64,
    /// See [`QuantityName::Damaged`].
    pub damaged: i64,
    /// See [`QuantityName::SafetyStock`].
    pub safety_stock: i64,
    /// See [`QuantityName::QualityControl`].
    pub quality_control: i64,
    /// See [`QuantityName::Incoming`].
    pub incoming: i64,
    /// See [`QuantityName::OnHand`].
    pub on_hand: i64,
}

impl Quantities {
    /// The number kept under a name.
    #[must_use]
    pub fn get(&self, name: QuantityName) -> i64 {
        match name {
            QuantityName::Available => self.available,
            QuantityName::Committed => self.committed,
            QuantityName::Reserved => self.reserved,
            QuantityName::Damaged => self.damaged,
            QuantityName::SafetyStock => self.safety_stock,
            QuantityName::QualityControl => self.quality_control,
            QuantityName::Incoming => self.incoming,
            QuantityName::OnHand => self.on_hand,
        }
    }

    /// What the level holds after a step.
    ///
    /// # Errors
    /// [`Broken`] when `on_hand` is no longer the sum, or a number does not fit.
    pub fn after(mut self, step: Step) -> Result<Self, Broken> {
        use QuantityName::{Available, Committed, OnHand};
        let broken = Broken(step);
        let mut add = |name: QuantityName, by: i64| -> Result<(), Broken> {
            let place = self.place(name);
            *place = place.checked_add(by).ok_or(broken)?;
            Ok(())
        };
        match step {
            Step::Sold(q) => {
                add(Available, -q)?;
                add(Committed, q)?;
            }
            Step::Fulfilled(q) | Step::Dropped(q) => {
                add(Committed, -q)?;
                add(OnHand, -q)?;
            }
            Step::Unfulfilled(q) => {
                add(Committed, q)?;
                add(OnHand, q)?;
            }
            Step::Restocked(q) => {
                add(Available, q)?;
                add(Committed, -q)?;
            }
            Step::Adjust(QuantityName::Incoming, by) => add(QuantityName::Incoming, by)?,
            Step::Adjust(OnHand | Committed, _) => return Err(broken),
            Step::Adjust(name, by) => {
                add(name, by)?;
                add(OnHand, by)?;
            }
            Step::SetAvailable(to) => {
                let by = to.checked_sub(self.available).ok_or(broken)?;
                return self.after(Step::Adjust(Available, by)).map_err(|_| broken);
            }
            Step::SetOnHand(to) => {
                let by = to.checked_sub(self.on_hand).ok_or(broken)?;
                return self.after(Step::Adjust(Available, by)).map_err(|_| broken);
            }
            Step::Move(from, to, q) => {
                for (name, by) in [(from, -q), (to, q)] {
                    self = self.after(Step::Adjust(name, by)).map_err(|_| broken)?;
                }
            }
        }
        if self.holds() { Ok(self) } else { Err(broken) }
    }

    /// True when `on_hand` is the sum of its parts.
    #[must_use]
    pub fn holds(&self) -> bool {
        [self.committed, self.reserved, self.damaged, self.safety_stock, self.quality_control]
            .into_iter()
            .try_fold(self.available, i64::checked_add)
            == Some(self.on_hand)
    }

    fn place(&mut self, name: QuantityName) -> &mut i64 {
        match name {
            QuantityName::Available => &mut self.available,
            QuantityName::Committed => &mut self.committed,
            QuantityName::Reserved => &mut self.reserved,
            QuantityName::Damaged => &mut self.damaged,
            QuantityName::SafetyStock => &mut self.safety_stock,
            QuantityName::QualityControl => &mut self.quality_control,
            QuantityName::Incoming => &mut self.incoming,
            QuantityName::OnHand => &mut self.on_hand,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use QuantityName::{Available, Damaged, Incoming, QualityControl, Reserved, SafetyStock};
    use proptest::prelude::*;
    use rstest::rstest;

    /// The table: available, committed, on_hand, incoming change by.
    #[rstest]
    #[case(Step::Sold(3), -3, 3, 0, 0)]
    #[case(Step::Fulfilled(3), 0, -3, -3, 0)]
    #[case(Step::Unfulfilled(3), 0, 3, 3, 0)]
    #[case(Step::Restocked(3), 3, -3, 0, 0)]
    #[case(Step::Dropped(3), 0, -3, -3, 0)]
    #[case(Step::Adjust(Available, -4), -4, 0, -4, 0)]
    #[case(Step::Adjust(Damaged, 2), 0, 0, 2, 0)]
    #[case(Step::Adjust(Reserved, 2), 0, 0, 2, 0)]
    #[case(Step::Adjust(SafetyStock, 2), 0, 0, 2, 0)]
    #[case(Step::Adjust(QualityControl, 2), 0, 0, 2, 0)]
    #[case(Step::Adjust(Incoming, 9), 0, 0, 0, 9)]
    #[case(Step::SetAvailable(10), 5, 0, 5, 0)]
    #[case(Step::SetOnHand(20), 9, 0, 9, 0)]
    #[case(Step::Move(Available, Damaged, 2), -2, 0, 0, 0)]
    fn what_moves_what(
        #[case] step: Step,
        #[case] available: i64,
        #[case] committed: i64,
        #[case] on_hand: i64,
        #[case] incoming: i64,
    ) {
        let before = Quantities {
            available: 5,
            committed: 4,
            damaged: 2,
            on_hand: 11,
            ..Quantities::default()
        };
        let after = before.after(step).unwrap();
        assert_eq!(after.available - before.available, available);
        assert_eq!(after.committed - before.committed, committed);
        assert_eq!(after.on_hand - before.on_hand, on_hand);
        assert_eq!(after.incoming - before.incoming, incoming);
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let adjustable = prop::sample::select(
            QuantityName::ALL.into_iter().filter(|name| name.is_adjustable()).collect::<Vec<_>>(),
        );
        let q = 0..1000_i64;
        prop_oneof![
            q.clone().prop_map(Step::Sold),
            q.clone().prop_map(Step::Fulfilled),
            q.clone().prop_map(Step::Unfulfilled),
            q.clone().prop_map(Step::Restocked),
            q.clone().prop_map(Step::Dropped),
            (adjustable.clone(), -1000..1000_i64).prop_map(|(name, by)| Step::Adjust(name, by)),
            (-1000..1000_i64).prop_map(Step::SetAvailable),
            q.clone().prop_map(Step::SetOnHand),
            (adjustable.clone(), adjustable, q).prop_map(|(from, to, q)| Step::Move(from, to, q)),
        ]
    }

    proptest! {
        #[test]
        fn the_sum_holds_after_any_steps(steps in prop::collection::vec(any_step(), 0..60)) {
            let mut level = Quantities::default();
            for step in steps {
                level = level.after(step).unwrap();
                prop_assert!(level.holds());
            }
        }

        #[test]
        fn a_set_shows_the_value_and_leaves_committed(
            sold in 0..500_i64, available in -500..500_i64, on_hand in 0..500_i64,
        ) {
            let level = Quantities::default().after(Step::Sold(sold)).unwrap();
            let set = level.after(Step::SetAvailable(available)).unwrap();
            prop_assert_eq!((set.available, set.committed), (available, sold));
            let set = level.after(Step::SetOnHand(on_hand)).unwrap();
            prop_assert_eq!((set.on_hand, set.committed), (on_hand, sold));
            prop_assert_eq!(set.available, on_hand - sold);
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused_whole() {
        let level = Quantities::default().after(Step::Adjust(Available, i64::MAX)).unwrap();
        assert!(level.after(Step::Adjust(Available, 1)).is_err());
        assert!(level.after(Step::Adjust(Damaged, 1)).is_err());
    }

    #[test]
    fn names_are_shopifys() {
        for name in QuantityName::ALL {
            assert_eq!(QuantityName::parse(name.as_str()), Some(name));
        }
        assert_eq!(QuantityName::parse("onhand"), None);
    }
}
