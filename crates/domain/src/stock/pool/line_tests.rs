//! Order lines of a pool: what they take, what they owe, whose they are.

use std::collections::BTreeMap;

use super::event::PoolEvent;
use super::tests::{book, count, fold, line, qty, restock, stage, store, w1};
use super::{BookCount, BookMovement, Claim, ClaimLine, Pool, PoolCommand, PoolRejection, Taking};
use crate::ids::LocationId;
use crate::quantity::Quantity;
use crate::stock::report::{MovementKind, ReportKind, StockStatus};
use crate::testing::{apply, at, given, id};

fn claim(store: &str, order: &str, sold: i64, seconds: i64) -> PoolCommand {
    let revision = u64::try_from(seconds).expect("not negative");
    PoolCommand::ClaimLine(ClaimLine {
        warehouse: w1(),
        line: line(store, order),
        claim: Some(Claim { sold, ..Claim::of_nothing(revision, at(seconds)) }),
        taken: BTreeMap::new(),
        restocked: None,
        opens: true,
        left: None,
    })
}

#[test]
fn a_line_falls_by_its_greatest_stage_and_never_by_their_sum() {
    let pool = fold([
        count("c1", "10", 0),
        book(stage(MovementKind::Allocation, "e1", "-3", 1)),
        book(stage(MovementKind::Picking, "e2", "-2", 2)),
        book(stage(MovementKind::Picking, "e3", "-1", 3)),
        book(stage(MovementKind::Shipment, "e4", "-4", 4)),
    ]);
    assert_eq!(pool.position(&w1()), Some(qty("6")));
    assert_eq!(pool.own(&w1(), &store("a")), qty("4"));
}

#[test]
fn a_deallocation_gives_back_what_no_other_stage_took() {
    let pool = fold([
        count("c1", "10", 0),
        book(stage(MovementKind::Allocation, "e1", "-3", 1)),
        book(stage(MovementKind::Picking, "e2", "-1", 2)),
        book(stage(MovementKind::Deallocation, "e3", "3", 3)),
    ]);
    assert_eq!(pool.position(&w1()), Some(qty("9")));
}

#[test]
fn a_report_of_an_unseen_order_opens_its_line_with_sold_equal_to_taken() {
    let a = store("a");
    given::<Pool>()
        .after([count("c1", "10", 0)])
        .when(&book(stage(MovementKind::Picking, "e1", "-2", 1)))
        .then_accepted();
    let pool = fold([count("c1", "10", 0), book(stage(MovementKind::Picking, "e1", "-2", 1))]);
    assert_eq!(pool.owed(&w1()), 0);
    assert_eq!(pool.known_sold(&w1(), &a), 2);
    // Its own store already counted the sale; every other one learns of it.
    assert_eq!(pool.delta_units(&w1(), &a), 0);
    assert_eq!(pool.delta_units(&w1(), &store("b")), -2);
}

#[test]
fn a_repeated_stage_is_silent() {
    given::<Pool>()
        .after([book(stage(MovementKind::Picking, "e1", "-2", 1))])
        .when(&book(stage(MovementKind::Picking, "e1", "-2", 1)))
        .then_silent();
}

#[test]
fn a_stage_before_the_count_still_moves_taken() {
    let pool = fold([
        claim("a", "1001", 2, 0),
        count("c1", "10", 5),
        book(stage(MovementKind::Picking, "e1", "-2", 3)),
    ]);
    assert_eq!(pool.position(&w1()), Some(qty("10")));
    assert_eq!(pool.owed(&w1()), 0);
    assert_eq!(pool.own(&w1(), &store("a")), qty("2"));
}

#[test]
fn a_late_pick_shows_that_a_counted_shipment_was_gone_before() {
    let pick = book(stage(MovementKind::Picking, "e1", "-2", 3));
    let shipment = book(stage(MovementKind::Shipment, "e2", "-2", 7));
    let counted = count("c1", "10", 5);
    let in_order = fold([pick.clone(), counted.clone(), shipment.clone()]);
    assert_eq!(in_order.position(&w1()), Some(qty("10")));
    let late = fold([shipment, counted]);
    assert_eq!(late.position(&w1()), Some(qty("8")));
    assert_eq!(apply::<Pool>(late, &pick).position(&w1()), Some(qty("10")));
}

#[test]
fn a_claimed_line_is_owed_until_taken() {
    let (a, b) = (store("a"), store("b"));
    let pool = fold([count("c1", "17", 0), claim("a", "1001", 2, 1)]);
    assert_eq!((pool.owed(&w1()), pool.free_units(&w1())), (2, Some(15)));
    assert_eq!((pool.owed_by_others(&w1(), &a), pool.owed_by_others(&w1(), &b)), (0, 2));
    let pool = apply::<Pool>(pool, &book(stage(MovementKind::Picking, "e1", "-2", 2)));
    assert_eq!((pool.owed(&w1()), pool.free_units(&w1())), (0, Some(15)));
}

#[test]
fn an_older_version_of_an_order_claims_nothing() {
    let history = || [claim("a", "1001", 2, 10)];
    given::<Pool>().after(history()).when(&claim("a", "1001", 5, 9)).then_silent();
    given::<Pool>().after(history()).when(&claim("a", "1001", 2, 10)).then_silent();
    given::<Pool>().after(history()).when(&claim("a", "1001", 1, 11)).then(&[
        PoolEvent::LineClaimed {
            warehouse: w1(),
            line: line("a", "1001"),
            sold: 1,
            fulfilled: 0,
            released: 0,
            dropped: 0,
            elsewhere: Vec::new(),
            revision: 11,
            as_of: at(11),
        },
    ]);
    given::<Pool>().when(&claim("a", "1001", -1, 1)).then_refused(&PoolRejection::SoldNegative);
}

#[test]
fn a_cancelled_order_frees_what_was_not_taken() {
    let pool = fold([
        count("c1", "10", 0),
        claim("a", "1001", 3, 1),
        book(stage(MovementKind::Picking, "e1", "-1", 2)),
        claim("a", "1001", 0, 3),
    ]);
    assert_eq!(pool.owed(&w1()), 0);
    assert_eq!(pool.own(&w1(), &store("a")), Quantity::ZERO);
    assert_eq!(pool.position(&w1()), Some(qty("9")));
}

fn back(event: &str, quantity: &str, seconds: i64) -> PoolCommand {
    book(stage(MovementKind::Return, event, quantity, seconds))
}

/// Position, and what the store that sold and another one see in Delta.
fn shown(commands: impl IntoIterator<Item = PoolCommand>) -> (Option<Quantity>, i64, i64) {
    let pool = fold(commands);
    let delta = |name: &str| pool.delta_units(&w1(), &store(name));
    (pool.position(&w1()), delta("a"), delta("b"))
}

fn sent() -> [PoolCommand; 3] {
    [
        count("c1", "10", 0),
        claim("a", "1001", 2, 1),
        book(stage(MovementKind::Picking, "e1", "-2", 2)),
    ]
}

#[test]
fn what_comes_back_rises_once_in_every_store() {
    let with = |more: &[PoolCommand]| shown(sent().into_iter().chain(more.iter().cloned()));
    assert_eq!(with(&[]), (Some(qty("8")), 0, -2));
    let (put_back, booked) = (restock("1001", 1, 3), back("r1", "1", 5));
    // Shopify put the unit back by itself: nothing is sent until it is booked, and then to others.
    assert_eq!(with(std::slice::from_ref(&put_back)), (Some(qty("8")), 0, -2));
    assert_eq!(with(&[put_back.clone(), booked.clone()]), (Some(qty("9")), 0, -1));
    assert_eq!(with(&[booked.clone(), put_back.clone()]), (Some(qty("9")), 0, -1));
    let again = [booked.clone(), put_back.clone(), booked.clone(), put_back.clone()];
    assert_eq!(with(&again), (Some(qty("9")), 0, -1));
    // An older revision says nothing.
    assert_eq!(with(&[put_back, booked.clone(), restock("1001", 0, 2)]), (Some(qty("9")), 0, -1));
    // It was refunded without restock: every store is sent the unit.
    assert_eq!(with(&[booked]), (Some(qty("9")), 1, -1));
}

#[test]
fn what_the_first_count_held_comes_back_no_second_time() {
    let counted = |more: [PoolCommand; 2]| {
        shown([count("c1", "10", 9)].into_iter().chain(more).chain([count("c2", "11", 20)]))
    };
    let (put_back, booked) = (restock("1001", 1, 3), back("r1", "1", 5));
    assert_eq!(counted([put_back.clone(), booked.clone()]), (Some(qty("11")), 1, 1));
    assert_eq!(counted([booked.clone(), put_back.clone()]), (Some(qty("11")), 1, 1));
    // Booked before the count came, it rose then, and is taken off the store that put it back.
    let (a, b) = (store("a"), store("b"));
    let early = fold([booked, count("c1", "10", 9), put_back]);
    assert_eq!((early.delta_units(&w1(), &a), early.delta_units(&w1(), &b)), (0, 1));
}

#[test]
fn what_comes_back_damaged_or_of_no_order_is_not_booked_back() {
    let broken =
        BookMovement { status: StockStatus::Damaged, ..stage(MovementKind::Return, "r1", "1", 5) };
    let nameless = BookMovement { order: None, ..stage(MovementKind::Return, "r2", "1", 6) };
    let less = stage(MovementKind::Return, "r3", "-1", 7);
    for (movement, wanted) in [(broken, 0), (nameless, 1), (less, -1)] {
        let pool = fold(sent().into_iter().chain([restock("1001", 1, 3), book(movement)]));
        assert_eq!(pool.delta_units(&w1(), &store("a")), wanted);
    }
}

/// A line that was settled and left is opened by what comes back, and owes nothing for that.
#[test]
fn what_comes_back_of_a_line_that_left_opens_it_for_that_alone() {
    let PoolCommand::ClaimLine(told) = claim("a", "1001", 2, 9) else { unreachable!() };
    let PoolCommand::ClaimLine(put_back) = restock("1001", 1, 9) else { unreachable!() };
    let late =
        |restocked| PoolCommand::ClaimLine(ClaimLine { restocked, opens: false, ..told.clone() });
    let counted = || [count("c1", "8", 0)];
    given::<Pool>().after(counted()).when(&late(None)).then_silent();
    let put_back = late(put_back.restocked);
    for order in [[put_back.clone(), back("r1", "1", 5)], [back("r1", "1", 5), put_back.clone()]] {
        let pool = fold(counted().into_iter().chain(order));
        let delta = |name: &str| pool.delta_units(&w1(), &store(name));
        assert_eq!((delta("a"), delta("b"), pool.owed(&w1())), (0, 1, 0));
        let again = apply::<Pool>(pool.clone(), &put_back);
        assert_eq!(again, pool);
    }
}

#[test]
fn lines_that_leave_keep_what_came_back() {
    let (a, b) = (store("a"), store("b"));
    let lines = (0..2_100_u32).flat_map(|n| {
        let order = Some(line("a", &format!("{n}")));
        let event = format!("r{n}");
        let back = stage(MovementKind::Return, &event, "1", n.into());
        [restock(&format!("{n}"), 1, n.into()), book(BookMovement { order, ..back })]
    });
    // The first hundred are dated before the first count and came after it.
    let pool = fold(std::iter::once(count("c1", "0", 99)).chain(lines));
    assert_eq!(pool.position(&w1()), Some(qty("2000")));
    assert_eq!(pool.own(&w1(), &a), qty("-2100"));
    assert_eq!((pool.delta_units(&w1(), &a), pool.delta_units(&w1(), &b)), (0, 2_000));
}

#[test]
fn seen_sales_are_owed_to_other_stores_until_a_line_explains_them() {
    let b = store("b");
    let see = PoolCommand::SeeSold {
        warehouse: w1(),
        store: store("a"),
        location: LocationId(1),
        units: 2,
    };
    let pool = fold([count("c1", "17", 0), see.clone()]);
    assert_eq!(pool.owed_by_others(&w1(), &b), 2);
    given::<Pool>().after([see.clone()]).when(&see).then_silent();
    let pool = apply::<Pool>(pool, &book(stage(MovementKind::Picking, "e1", "-2", 2)));
    assert_eq!(pool.owed_by_others(&w1(), &b), 0);
    assert_eq!(pool.free_units(&w1()), Some(15));
}

#[test]
fn settled_lines_leave_the_ledger_and_keep_their_sums() {
    let a = store("a");
    let picks = (0..2_100).map(|n| {
        let order = Some(line("a", &format!("{n}")));
        let event = format!("e{n}");
        let pick = stage(MovementKind::Picking, &event, "-1", n);
        book(BookMovement { order, ..pick })
    });
    let pool = fold(std::iter::once(count("c1", "5000", -10)).chain(picks));
    assert_eq!(pool.position(&w1()), Some(qty("2900")));
    assert_eq!(pool.own(&w1(), &a), qty("2100"));
    assert_eq!(pool.known_sold(&w1(), &a), 2_100);
    assert_eq!(pool.delta_units(&w1(), &a), 0);
    // Their falls are still known by time: this count speaks of the moment after line 1999.
    let counted = apply::<Pool>(pool, &count("c2", "4000", 1_999));
    assert_eq!(counted.position(&w1()), Some(qty("3900")));
}

/// What is loaded is what was folded, also when the last line of a store has left.
#[test]
fn a_store_without_lines_leaves_nothing_behind() {
    let mut ledger = super::ledger::Ledger::default();
    ledger.open(line("a", "1"));
    ledger.let_go(at(1), None);
    let stored = serde_json::to_string(&ledger).expect("stored");
    let loaded: super::ledger::Ledger = serde_json::from_str(&stored).expect("loaded");
    assert_eq!(loaded, ledger);
    assert_eq!(ledger.stores().len(), 0);
}

/// A line that is settled by the first event of a word stays until the last one.
#[test]
fn a_line_does_not_leave_between_two_events_of_one_word() {
    let lines = (0..2_100).map(|n| {
        let order = Some(line("a", &format!("{n}")));
        let event = format!("e{n}");
        book(BookMovement { order, ..stage(MovementKind::Picking, &event, "-1", 100 + n) })
    });
    let pool = fold(std::iter::once(count("c1", "5000", -10)).chain(lines.take(2_000)));
    let own = pool.own(&w1(), &store("a"));
    // Cancelled, and still accepted: three are taken, and none is sold.
    let PoolCommand::ClaimLine(claimed) = claim("a", "old", 0, 1) else { unreachable!() };
    let taking = Taking { kind: ReportKind::Accept, occurred_at: at(1), quantity: qty("3") };
    let taken = BTreeMap::from([("acceptance".to_owned(), vec![taking])]);
    let pool = apply::<Pool>(pool, &PoolCommand::ClaimLine(ClaimLine { taken, ..claimed }));
    assert_eq!(pool.own(&w1(), &store("a")), own);
    assert_eq!(pool.position(&w1()), Some(qty("2997")));
}

/// The refund names one warehouse of the location, and the back office books at another one.
#[test]
fn what_comes_back_to_another_warehouse_rises_once() {
    let w2 = || crate::testing::id::<crate::ids::WarehouseCode>("W2");
    let at_w2 = |command: PoolCommand| match command {
        PoolCommand::BookMovement(movement) => {
            PoolCommand::BookMovement(BookMovement { warehouse: w2(), ..movement })
        }
        PoolCommand::BookCount(count) => {
            PoolCommand::BookCount(BookCount { warehouse: w2(), event_id: id("c2"), ..count })
        }
        other => other,
    };
    let sum = |pool: &Pool, name: &str| {
        pool.delta_units(&w1(), &store(name)) + pool.delta_units(&w2(), &store(name))
    };
    let begun = || sent().into_iter().chain([at_w2(count("c2", "5", 0))]);
    let (put_back, booked) = (restock("1001", 1, 3), at_w2(back("r1", "1", 5)));
    for words in [[put_back.clone(), booked.clone()], [booked, put_back]] {
        let pool = fold(begun().chain(words));
        assert_eq!((sum(&pool, "a"), sum(&pool, "b")), (0, -1), "as at one warehouse");
        assert_eq!(pool.position(&w2()), Some(qty("6")));
        let stored = serde_json::to_string(&pool).expect("stored");
        assert_eq!(serde_json::from_str::<Pool>(&stored).expect("read"), pool);
    }
}
