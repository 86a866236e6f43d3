//! What quantities accept, refuse and add up to.

use proptest::prelude::*;

use super::{InvalidQuantity, Quantity};

fn parse(text: &str) -> Result<Quantity, InvalidQuantity> {
    text.parse()
}

#[test]
fn decimals_are_read_and_written_exactly() {
    for (text, written) in [
        ("0", "0"),
        ("-0", "0"),
        ("12", "12"),
        ("007", "7"),
        ("-0.5", "-0.5"),
        ("1.2500", "1.25"),
        ("1.00000000", "1"),
        ("0.0001", "0.0001"),
        ("99999999999999.9999", "99999999999999.9999"),
        ("-99999999999999.9999", "-99999999999999.9999"),
    ] {
        assert_eq!(parse(text).map(|quantity| quantity.to_string()), Ok(written.to_owned()));
    }
}

#[test]
fn what_is_no_quantity_is_refused_by_its_rule() {
    for text in ["", "-", ".", "1.", ".5", "+1", "1e3", "1,5", " 1", "1 ", "--1", "0x1", "١"] {
        assert_eq!(parse(text), Err(InvalidQuantity::NotANumber), "{text}");
    }
    assert_eq!(parse("0.00001"), Err(InvalidQuantity::TooPrecise));
    for text in ["100000000000000", "1000000000000000", "-100000000000000", &"9".repeat(40)] {
        assert_eq!(parse(text), Err(InvalidQuantity::TooLarge), "{text}");
    }
}

#[test]
fn whole_units_are_rounded_down_also_below_zero() {
    for (text, floor, ceil) in [
        ("1.9999", 1, 2),
        ("2", 2, 2),
        ("-0.0001", -1, 0),
        ("-2", -2, -2),
        ("-2.5", -3, -2),
        ("0", 0, 0),
    ] {
        let quantity = parse(text).expect("a quantity");
        assert_eq!((quantity.floor_units(), quantity.ceil_units()), (floor, ceil), "{text}");
    }
}

#[test]
fn sums_stop_at_the_limits() {
    let unit = Quantity::from_units(1);
    assert_eq!(Quantity::MAX.checked_add(unit), None);
    assert_eq!(Quantity::MIN.checked_sub(unit), None);
    assert_eq!(Quantity::MAX.saturating_add(unit), Quantity::MAX);
    assert_eq!(Quantity::MIN.saturating_sub(unit), Quantity::MIN);
    assert_eq!(Quantity::from_units(i64::MAX), Quantity::MAX);
    assert_eq!(Quantity::from_ten_thousandths(i64::MIN), Quantity::MIN);
    assert_eq!(-Quantity::MAX, Quantity::MIN);
}

#[test]
fn the_stored_form_is_decimal_text() {
    let quantity = parse("-1.5").expect("a quantity");
    assert_eq!(serde_json::to_string(&quantity).expect("stored"), "\"-1.5\"");
    assert!(serde_json::from_str::<Quantity>("1.5").is_err());
    assert!(serde_json::from_str::<Quantity>("\"1.50001\"").is_err());
}

fn quantity() -> impl Strategy<Value = Quantity> {
    (Quantity::MIN.ten_thousandths()..=Quantity::MAX.ten_thousandths())
        .prop_map(Quantity::from_ten_thousandths)
}

proptest! {
    #[test]
    fn text_and_quantity_are_one(quantity in quantity()) {
        prop_assert_eq!(parse(&quantity.to_string()), Ok(quantity));
    }

    #[test]
    fn any_text_is_a_quantity_or_refused(text in "[-+.,0-9eE ]{0,40}") {
        if let Ok(quantity) = parse(&text) {
            prop_assert_eq!(parse(&quantity.to_string()), Ok(quantity));
        }
    }

    #[test]
    fn a_sum_and_its_difference_meet_again(a in quantity(), b in quantity()) {
        if let Some(sum) = a.checked_add(b) {
            prop_assert_eq!(sum.checked_sub(b), Some(a));
            prop_assert_eq!(sum, a.saturating_add(b));
        }
        prop_assert!(a.floor_units() <= a.ceil_units());
        prop_assert!(a.ceil_units() - a.floor_units() <= 1);
    }
}
