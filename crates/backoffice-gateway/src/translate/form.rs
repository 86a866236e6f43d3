//! The one way to write what can be written in several.

use lockstep_contracts::backoffice::v1::{Money, OrderUnits, ShippedLine};
use lockstep_domain::quantity::Quantity;

/// A checked decimal without needless zeros; what is left out stays so.
pub fn decimal(text: &mut String) {
    if let Ok(quantity) = text.parse::<Quantity>() {
        *text = quantity.to_string();
    }
}

/// The amount of some money.
pub fn money(money: Option<&mut Money>) {
    if let Some(money) = money {
        decimal(&mut money.amount);
    }
}

/// The first statement about a thing has number 1, whether it says so or not.
pub fn revision(number: &mut u32) {
    *number = (*number).max(1);
}

/// Units of lines of an order.
pub fn units(lines: &mut [OrderUnits]) {
    lines.iter_mut().for_each(|line| decimal(&mut line.quantity));
}

/// Units that left.
pub fn shipped(lines: &mut [ShippedLine]) {
    lines.iter_mut().for_each(|line| decimal(&mut line.quantity));
}
