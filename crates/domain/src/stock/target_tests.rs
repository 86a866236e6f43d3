//! The targets of a level.

use super::{MappedWarehouse, Sources, on_hand_target};
use crate::ids::{LocationId, StoreId, WarehouseCode};
use crate::stock::level::{LevelLocation, Shown};
use crate::stock::pool::{BookCount, BookMovement, LineKey, Pool, PoolCommand};
use crate::stock::report::{MovementKind, StockStatus};
use crate::testing::{apply, at, id};

fn count(warehouse: &str, quantity: &str) -> PoolCommand {
    PoolCommand::BookCount(BookCount {
        event_id: id("c1"),
        warehouse: id(warehouse),
        quantity: quantity.parse().expect("a quantity"),
        counted_at: at(0),
    })
}

fn movement(warehouse: &str, quantity: &str, kind: MovementKind, order: bool) -> PoolCommand {
    PoolCommand::BookMovement(BookMovement {
        event_id: id("m1"),
        warehouse: id(warehouse),
        kind,
        quantity: quantity.parse().expect("a quantity"),
        status: StockStatus::Good,
        order: order.then(|| LineKey { store: id("a"), order: id("1001"), line: id("L1") }),
        lowers: true,
        occurred_at: at(1),
        on_hand_after: None,
    })
}

fn fold(commands: impl IntoIterator<Item = PoolCommand>) -> Pool {
    commands.into_iter().fold(Pool::default(), |pool, command| apply::<Pool>(pool, &command))
}

fn mapped<'a>(pool: &'a Pool, warehouse: &'a WarehouseCode) -> MappedWarehouse<'a> {
    MappedWarehouse { pool, warehouse, excludes_damaged: true }
}

const L1: LocationId = LocationId(1);

type Mapping<'m> = [MappedWarehouse<'m>];

fn behind<'a>(store: &'a StoreId, mapping: &'a Mapping<'a>) -> Sources<'a> {
    Sources { store, location: L1, mapping, pools: &[] }
}

fn available_target(
    store: &StoreId,
    level: &LevelLocation,
    mapping: &Mapping<'_>,
    buffer: i64,
) -> Option<i64> {
    super::available_target(&behind(store, mapping), level, buffer)
}

fn delta_target(store: &StoreId, mapping: &Mapping<'_>, buffer: i64) -> i64 {
    super::delta_target(&behind(store, mapping), buffer)
}

fn known_sold(store: &StoreId, mapping: &Mapping<'_>) -> i64 {
    super::known_sold(&behind(store, mapping))
}

fn shows(shown: Shown, sold: i64) -> LevelLocation {
    LevelLocation { shown: Some(shown), sold: Some(sold), ..LevelLocation::default() }
}

fn shown(available: i64, committed: i64) -> Shown {
    Shown {
        available,
        on_hand: available + committed,
        committed,
        reserved: 0,
        damaged: 0,
        safety_stock: 0,
        quality_control: 0,
        active: true,
        at: at(0),
    }
}

#[test]
fn the_warehouses_of_a_location_add_up_less_the_buffer() {
    let (a, w1, w2): (StoreId, WarehouseCode, WarehouseCode) = (id("a"), id("W1"), id("W2"));
    let pool = fold([count("W1", "10.9"), count("W2", "5.9")]);
    let mapping = [mapped(&pool, &w1), mapped(&pool, &w2)];
    // Each warehouse is rounded down by itself: two halves do not make a whole unit.
    assert_eq!(available_target(&a, &LevelLocation::default(), &mapping, 3), Some(12));
    assert_eq!(available_target(&a, &LevelLocation::default(), &[], 0), None);
}

#[test]
fn one_unknown_position_leaves_the_target_unknown() {
    let (a, w1, w2): (StoreId, WarehouseCode, WarehouseCode) = (id("a"), id("W1"), id("W2"));
    let pool = fold([count("W1", "10"), movement("W2", "4", MovementKind::Receiving, false)]);
    let mapping = [mapped(&pool, &w1), mapped(&pool, &w2)];
    assert_eq!(available_target(&a, &LevelLocation::default(), &mapping, 0), None);
    assert_eq!(delta_target(&a, &mapping, 0), 4);
}

#[test]
fn held_units_are_kept_back_as_the_back_office_counts_them() {
    let (a, w1): (StoreId, WarehouseCode) = (id("a"), id("W1"));
    let pool = fold([count("W1", "100")]);
    let shown =
        Shown { reserved: 1, safety_stock: 2, damaged: 4, quality_control: 8, ..shown(0, 16) };
    let level = LevelLocation { sold: Some(0), ..shows(shown, 0) };
    let excludes = mapped(&pool, &w1);
    let includes = MappedWarehouse { excludes_damaged: false, ..excludes };
    assert_eq!(available_target(&a, &level, &[excludes], 0), Some(97));
    assert_eq!(available_target(&a, &level, &[includes], 0), Some(85));
    assert_eq!(on_hand_target(97, &shown), 128);
}

/// A physical warehouse holds 17, two of them sold by store a; then they are picked for it, then
/// fulfilled; then three leave for nobody that Shopify knows.
#[test]
fn a_pick_for_a_shopify_order_does_not_fall_twice() {
    let (a, b, w1): (StoreId, StoreId, WarehouseCode) = (id("a"), id("b"), id("W1"));
    let mut pool = fold([count("W1", "17")]);
    let mut level = shows(shown(15, 2), 2);
    let absolute = |pool: &Pool, level: &LevelLocation| {
        available_target(&a, level, &[mapped(pool, &w1)], 0).expect("a known position")
    };
    assert_eq!(absolute(&pool, &level), 15);
    let start = delta_target(&a, &[mapped(&pool, &w1)], 0);

    pool = apply::<Pool>(pool, &movement("W1", "-2", MovementKind::Picking, true));
    assert_eq!(known_sold(&a, &[mapped(&pool, &w1)]), 2);
    assert_eq!(absolute(&pool, &level), 15);
    assert_eq!(delta_target(&a, &[mapped(&pool, &w1)], 0), start);
    // The other store learns of the sale.
    assert_eq!(delta_target(&b, &[mapped(&pool, &w1)], 0), start - 2);

    level.shown = Some(shown(15, 0));
    assert_eq!(absolute(&pool, &level), 15);

    let other = movement("W1", "-3", MovementKind::Picking, false);
    let PoolCommand::BookMovement(other) = other else { panic!("a movement") };
    let other = BookMovement { event_id: id("m2"), ..other };
    pool = apply::<Pool>(pool, &PoolCommand::BookMovement(other));
    assert_eq!(absolute(&pool, &level), 12);
    assert_eq!(delta_target(&a, &[mapped(&pool, &w1)], 0), start - 3);
}

#[test]
fn presumed_sales_of_one_store_lower_the_other() {
    let (a, b, w1): (StoreId, StoreId, WarehouseCode) = (id("a"), id("b"), id("W1"));
    let see =
        PoolCommand::SeeSold { warehouse: w1.clone(), store: a.clone(), location: L1, units: 2 };
    let pool = fold([count("W1", "17"), see]);
    let mapping = [mapped(&pool, &w1)];
    // Its own level already says so, and is not asked twice.
    assert_eq!(available_target(&a, &shows(shown(15, 2), 2), &mapping, 0), Some(15));
    assert_eq!(available_target(&b, &shows(shown(17, 0), 0), &mapping, 0), Some(15));
    assert_eq!(delta_target(&a, &mapping, 0) - delta_target(&b, &mapping, 0), 2);
}

#[test]
fn extreme_numbers_do_not_overflow() {
    let (a, w1): (StoreId, WarehouseCode) = (id("a"), id("W1"));
    let pool = fold([count("W1", "99999999999999")]);
    let level = shows(shown(i64::MIN + 10, 0), i64::MAX);
    let mapping = [mapped(&pool, &w1)];
    assert!(available_target(&a, &level, &mapping, i64::MAX).is_some_and(|target| target < 0));
    assert!(delta_target(&a, &mapping, i64::MIN) > 0);
    assert_eq!(on_hand_target(i64::MAX, &shown(0, 5)), i64::MAX);
}
