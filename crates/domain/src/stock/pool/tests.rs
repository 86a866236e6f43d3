//! Each command of a pool: accepted, refused, repeated, late.

use std::collections::BTreeMap;

use super::event::{CountIgnoredReason, MovementEffect, PoolEvent};
use super::{
    BookCount, BookMovement, ClaimLine, LineKey, Pool, PoolCommand, PoolRejection, Restocked,
};
use crate::ids::{InventoryItemId, StoreId, WarehouseCode};
use crate::quantity::Quantity;
use crate::stock::report::{MovementKind, StockStatus};
use crate::testing::{apply, at, given, id};

pub(super) fn w1() -> WarehouseCode {
    id("W1")
}

pub(super) fn store(name: &str) -> StoreId {
    id(name)
}

pub(super) fn qty(text: &str) -> Quantity {
    text.parse().expect("a quantity")
}

/// A movement that belongs to no order.
pub(super) fn movement(event: &str, quantity: &str, seconds: i64) -> BookMovement {
    BookMovement {
        event_id: id(event),
        warehouse: w1(),
        kind: MovementKind::Adjustment,
        quantity: qty(quantity),
        status: StockStatus::Good,
        order: None,
        lowers: true,
        occurred_at: at(seconds),
        on_hand_after: None,
    }
}

pub(super) fn line(store: &str, order: &str) -> LineKey {
    LineKey { store: id(store), order: id(order), line: id("L1") }
}

/// A stage of an order of store `a`.
pub(super) fn stage(kind: MovementKind, event: &str, quantity: &str, seconds: i64) -> BookMovement {
    let order = Some(line("a", "1001"));
    BookMovement { kind, order, ..movement(event, quantity, seconds) }
}

pub(super) fn book(movement: BookMovement) -> PoolCommand {
    PoolCommand::BookMovement(movement)
}

pub(super) fn count(event: &str, quantity: &str, seconds: i64) -> PoolCommand {
    PoolCommand::BookCount(BookCount {
        event_id: id(event),
        warehouse: w1(),
        quantity: qty(quantity),
        counted_at: at(seconds),
    })
}

/// Shopify put units of an order of store `a` back.
pub(super) fn restock(order: &str, units: i64, revision: u64) -> PoolCommand {
    let as_of = at(i64::try_from(revision).expect("small"));
    PoolCommand::ClaimLine(ClaimLine {
        warehouse: w1(),
        line: line("a", order),
        claim: None,
        taken: BTreeMap::new(),
        restocked: Some(Restocked { units, revision, as_of }),
        opens: true,
        left: None,
    })
}

pub(super) fn fold(commands: impl IntoIterator<Item = PoolCommand>) -> Pool {
    commands.into_iter().fold(Pool::default(), |pool, command| apply::<Pool>(pool, &command))
}

fn booked(events: &[PoolEvent]) -> (MovementEffect, Quantity, Option<Quantity>) {
    let found = events.iter().find_map(|event| match event {
        PoolEvent::MovementBooked(m) => Some((m.effect, m.applied, m.position_after)),
        _ => None,
    });
    found.expect("a booked movement")
}

fn decide(pool: &Pool, command: &PoolCommand) -> Vec<PoolEvent> {
    super::decide::decide(pool, command).expect("the command is accepted")
}

#[test]
fn a_movement_after_a_count_changes_the_position() {
    let pool = fold([count("c1", "10", 0)]);
    let events = decide(&pool, &book(movement("m1", "-4", 1)));
    assert_eq!(booked(&events), (MovementEffect::Moves, qty("-4"), Some(qty("6"))));
    assert_eq!(events.len(), 1);
}

#[test]
fn a_repeated_movement_is_silent() {
    given::<Pool>()
        .after([count("c1", "10", 0), book(movement("m1", "-4", 1))])
        .when(&book(movement("m1", "-4", 1)))
        .then_silent();
}

#[test]
fn a_movement_of_nothing_is_refused() {
    given::<Pool>().when(&book(movement("m1", "0", 1))).then_refused(&PoolRejection::QuantityZero);
}

#[test]
fn a_position_never_leaves_the_range_of_quantities() {
    given::<Pool>()
        .after([count("c1", "99999999999999", 0)])
        .when(&book(movement("m1", "1", 1)))
        .then_refused(&PoolRejection::PositionTooLarge);
    given::<Pool>()
        .after([book(movement("m1", "1", 1))])
        .when(&count("c1", "99999999999999", 0))
        .then_refused(&PoolRejection::PositionTooLarge);
}

#[test]
fn a_movement_at_or_before_the_last_count_changes_nothing() {
    let pool = fold([count("c1", "10", 5)]);
    for seconds in [4, 5] {
        let events = decide(&pool, &book(movement("m1", "-4", seconds)));
        let expected = (MovementEffect::BeforeCount, Quantity::ZERO, Some(qty("10")));
        assert_eq!(booked(&events), expected);
    }
}

#[test]
fn a_late_count_keeps_what_moved_after_it() {
    let pool = fold([
        count("c1", "10", 0),
        book(movement("m1", "-4", 10)),
        book(movement("m2", "7", 20)),
        count("c2", "5", 15),
    ]);
    assert_eq!(pool.position(&w1()), Some(qty("12")));
}

#[test]
fn a_count_older_than_the_last_is_ignored_with_its_reason() {
    given::<Pool>().after([count("c2", "10", 20)]).when(&count("c1", "3", 10)).then(&[
        PoolEvent::CountIgnored {
            event_id: id("c1"),
            warehouse: w1(),
            quantity: qty("3"),
            counted_at: at(10),
            reason: CountIgnoredReason::OlderThanLast { last: at(20) },
        },
    ]);
}

#[test]
fn a_repeated_count_is_silent() {
    given::<Pool>()
        .after([count("c1", "10", 20), book(movement("m1", "-1", 21))])
        .when(&count("c1", "10", 20))
        .then_silent();
}

#[test]
fn of_two_counts_of_one_moment_the_greater_id_stands() {
    let both = [count("c1", "10", 0), count("c2", "11", 0)];
    let [first, second] = both.clone();
    for history in [fold(both), fold([second, first])] {
        assert_eq!(history.position(&w1()), Some(qty("11")));
    }
}

#[test]
fn a_count_beyond_the_journal_is_ignored() {
    const DAY: i64 = 24 * 3600;
    let pool = fold([
        book(movement("m1", "5", 0)),
        book(movement("m2", "2", 4 * DAY)),
        book(movement("m3", "1", 8 * DAY)),
    ]);
    let events = decide(&pool, &count("c1", "10", -1));
    assert!(matches!(
        events.as_slice(),
        [PoolEvent::CountIgnored {
            reason: CountIgnoredReason::BeyondJournal { kept_after },
            ..
        }] if *kept_after == at(0)
    ));
    // From there on every movement is still known by itself.
    let pool = apply::<Pool>(pool, &count("c2", "10", 0));
    assert_eq!(pool.position(&w1()), Some(qty("13")));
}

#[test]
fn the_journal_is_bounded() {
    let movements = (0..1_200).map(|n| book(movement(&format!("m{n}"), "1", n)));
    let pool = fold(movements);
    let ignored = decide(&pool, &count("c1", "0", 198));
    assert!(matches!(ignored.as_slice(), [PoolEvent::CountIgnored { .. }]));
    let pool = apply::<Pool>(pool, &count("c2", "0", 199));
    assert_eq!(pool.position(&w1()), Some(qty("1000")));
}

/// The state is written whole with each batch: what makes it grow must stay small.
#[test]
fn a_full_journal_and_a_full_ledger_are_stored_small() {
    let size = |pool: &Pool| serde_json::to_string(pool).expect("stored").len();
    let report = |n: i64| format!("0193a5f2-7c1e-7a44-9b1d-{n:012}");
    let moved = fold((0..1_000).map(|n| book(movement(&report(n), "-3", n * 37))));
    assert!(size(&moved) < 20_000, "{} bytes for 1,000 movements", size(&moved));
    let picked = fold((0..2_000).map(|n| {
        let order = Some(line("a", &format!("a:56789012{n:05}")));
        let pick = stage(MovementKind::Picking, &report(n), "-1", n * 37);
        book(BookMovement { order, ..pick })
    }));
    assert!(size(&picked) < 90_000, "{} bytes for 2,000 lines", size(&picked));
}

#[test]
fn unknown_is_not_zero_and_the_first_count_is_no_change_for_delta() {
    let a = store("a");
    let pool = fold([book(movement("m1", "-2.5", 1))]);
    assert_eq!(pool.position(&w1()), None);
    assert_eq!(pool.free_units(&w1()), None);
    let before = pool.delta_units(&w1(), &a);
    assert_eq!(before, -3);

    let pool = apply::<Pool>(pool, &count("c1", "40.7", 2));
    assert_eq!(pool.position(&w1()), Some(qty("40.7")));
    assert_eq!(pool.delta_units(&w1(), &a), before);

    // A later count is a change like any other.
    let pool = apply::<Pool>(pool, &count("c2", "30", 3));
    assert_eq!(pool.delta_units(&w1(), &a), before - 10);
}

#[test]
fn only_good_stock_and_lowering_reports_change_the_position() {
    let pool = fold([count("c1", "10", 0)]);
    let damaged = BookMovement { status: StockStatus::Damaged, ..movement("m1", "-4", 1) };
    let informs = BookMovement { lowers: false, ..movement("m2", "-4", 1) };
    for movement in [damaged, informs] {
        let events = decide(&pool, &book(movement));
        let expected = (MovementEffect::Informs, Quantity::ZERO, Some(qty("10")));
        assert_eq!(booked(&events), expected);
    }
}

#[test]
fn drift_is_told_for_the_newest_movement_only() {
    let pool = fold([count("c1", "10", 0), book(movement("m1", "-1", 10))]);
    let after = |event, seconds, quantity| {
        let on_hand_after = Some(qty(quantity));
        book(BookMovement { on_hand_after, ..movement(event, "-1", seconds) })
    };
    let is_drift = |event: &PoolEvent| matches!(event, PoolEvent::DriftReported { .. });
    assert!(decide(&pool, &after("m2", 11, "7")).iter().any(is_drift));
    assert!(!decide(&pool, &after("m2", 11, "8")).iter().any(is_drift));
    assert!(!decide(&pool, &after("m2", 9, "7")).iter().any(is_drift));
}

#[test]
fn a_transfer_is_two_movements_of_one_event() {
    let there = BookMovement {
        kind: MovementKind::Transfer,
        warehouse: id("W2"),
        ..movement("t1", "3", 1)
    };
    let here = BookMovement { kind: MovementKind::Transfer, ..movement("t1", "-3", 1) };
    let pool = fold([count("c1", "8", 0), book(here), book(there)]);
    assert_eq!(pool.position(&w1()), Some(qty("5")));
    assert_eq!(pool.delta_units(&id("W2"), &store("a")), 3);
}

#[test]
fn links_are_made_and_cut_once() {
    let item = InventoryItemId(7);
    let link = PoolCommand::Link { store: store("a"), item };
    let unlink = PoolCommand::Unlink { store: store("a"), item };
    let linked = PoolEvent::Linked { store: store("a"), item };
    let unlinked = PoolEvent::Unlinked { store: store("a"), item };
    given::<Pool>().when(&link).then(&[linked]);
    given::<Pool>().after([link.clone()]).when(&link).then_silent();
    let pool = given::<Pool>().after([link.clone()]).when(&unlink).then(&[unlinked]);
    assert!(pool.links().is_empty());
    given::<Pool>().when(&unlink).then_silent();
}
