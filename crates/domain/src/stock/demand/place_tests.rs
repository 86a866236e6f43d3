//! Shopify counts units at one location, and a warehouse sends them that serves another.

use super::ShareSaid;
use super::tests::{
    Bench, Fact, PHYSICAL, accepted, back_at, code, count, count_at, counted_at, dropped, order,
    refunded, restock, share, shipment_from,
};
use crate::ids::{LocationId, StoreId, WarehouseCode};
use crate::stock::level::{LevelLocation, Shown};
use crate::stock::pool::PoolCommand;
use crate::stock::target::{
    MappedWarehouse, Sources, available_target, delta_target, known_open, known_sold,
};
use crate::testing::{at, id};

/// W1 serves this one.
const L1: LocationId = LocationId(1);
/// And W2 that one.
const L2: LocationId = LocationId(2);

/// What both levels of a store come to.
#[derive(Debug, PartialEq, Eq)]
struct Levels {
    delta: [i64; 2],
    known_sold: [i64; 2],
    known_open: [i64; 2],
    /// With nothing seen but what lines tell.
    available: [Option<i64>; 2],
}

fn levels(bench: &Bench, store: &str) -> Levels {
    let (store, pool): (StoreId, _) = (id(store), bench.pool());
    let codes: [WarehouseCode; 2] = [code("W1"), code("W2")];
    let places = [(L1, &codes[0]), (L2, &codes[1])];
    let ask = |question: &dyn Fn(&Sources<'_>) -> i64| {
        places.map(|(location, warehouse)| {
            let mapped = MappedWarehouse { pool: &pool, warehouse, excludes_damaged: true };
            question(&Sources { store: &store, location, mapping: &[mapped], pools: &[] })
        })
    };
    let seen = ask(&known_sold);
    let available = |sources: &Sources<'_>| {
        let seen = seen[usize::from(sources.location == L2)];
        let level = LevelLocation { sold: Some(seen), ..LevelLocation::default() };
        available_target(sources, &level, 0).expect("counted")
    };
    Levels {
        delta: ask(&|sources| delta_target(sources, 0)),
        known_sold: seen,
        known_open: ask(&known_open),
        available: ask(&available).map(Some),
    }
}

fn counted() -> [Fact; 2] {
    [count("c", 10, 0), count_at("W2", "c", 10, 0)]
}

fn sent_from_the_other(units: i64) -> ShareSaid {
    counted_at(share("W2", units), L1)
}

#[test]
fn what_another_location_sends_is_owed_there_and_given_back_where_it_was_counted() {
    let sold = Bench::linked(PHYSICAL).play(counted()).play([order(1, [sent_from_the_other(3)])]);
    let told = Levels {
        delta: [3, -3],
        known_sold: [3, 0],
        known_open: [3, 0],
        available: [Some(10), Some(7)],
    };
    assert_eq!(levels(&sold, "a"), told);
    // Another store on the warehouses hears of it as of every sale.
    assert_eq!(levels(&sold, "b").delta, [0, -3]);

    let sent = sold.clone().play([shipment_from("W2", "s", 1, 3, 5)]);
    assert_eq!(levels(&sent, "a"), told, "position and owed fall together");
    let fulfilled = sent.play([order(2, [ShareSaid { fulfilled: 3, ..sent_from_the_other(3) }])]);
    assert_eq!(levels(&fulfilled, "a"), Levels { known_open: [0, 0], ..told });

    // Shopify puts it back at the one, and the other is free again.
    let cancelled = levels(&sold.clone().play([order(2, [])]), "a");
    assert_eq!((cancelled.delta, cancelled.available), ([0, 0], [Some(10), Some(10)]));
    assert_eq!((cancelled.known_sold, cancelled.known_open), ([0, 0], [0, 0]));

    // It is released, and sent by others.
    let share = ShareSaid { released: 3, ..accepted(sent_from_the_other(3), 0, 6) };
    assert_eq!(levels(&sold.play([order(2, [share])]), "a").delta, [3, 0]);
}

#[test]
fn a_line_of_which_only_a_part_is_counted_elsewhere_is_split() {
    let shares = || [share("W2", 3), sent_from_the_other(2)];
    let sold = Bench::linked(PHYSICAL).play(counted()).play([order(1, shares())]);
    let told = levels(&sold, "a");
    assert_eq!((told.delta, told.known_sold, told.known_open), ([2, -2], [2, 3], [2, 3]));
    assert_eq!(told.available, [Some(10), Some(5)]);
    for units in 1..=5 {
        let sent = sold.clone().play([shipment_from("W2", "s", 1, units, 5)]);
        assert_eq!(levels(&sent, "a"), told, "{units} of them are sent");
    }
}

/// What a level shows and no line explains is presumed sold, at the level that shows it.
#[test]
fn other_stores_are_not_told_twice_of_what_is_counted_elsewhere() {
    let see = |warehouse: &str, location, units| {
        let (warehouse, store) = (code(warehouse), id("a"));
        Fact::Pool(PoolCommand::SeeSold { warehouse, store, location, units })
    };
    let bench = Bench::linked(PHYSICAL).play(counted()).play([see("W1", L1, 3)]);
    assert_eq!(levels(&bench, "b").delta, [-3, 0], "nobody knows yet who sends it");
    let known = bench.play([order(1, [sent_from_the_other(3)])]);
    assert_eq!(levels(&known, "b").delta, [0, -3]);
    let more = known.play([see("W1", L1, 5)]);
    assert_eq!(levels(&more, "b").delta, [-2, -3]);
}

#[test]
fn what_is_counted_elsewhere_stays_so_when_its_line_leaves_the_pool() {
    let sent = |bench: Bench| {
        let fulfilled = ShareSaid { fulfilled: 3, ..sent_from_the_other(3) };
        bench.play([shipment_from("W2", "s", 1, 3, 5), order(2, [fulfilled])])
    };
    let bench = sent(Bench::linked(PHYSICAL).play(counted()));
    let before = levels(&bench, "a");
    let many = (0..2_100_i64).map(|n| super::tests::of_other_order("W2", n));
    let later = bench.play(many);
    let after = levels(&later, "a");
    assert_eq!((after.known_sold[0], after.delta[0]), (before.known_sold[0], before.delta[0]));
    let stored = serde_json::to_string(&later.pool()).expect("stored");
    let read: crate::stock::pool::Pool = serde_json::from_str(&stored).expect("read");
    assert_eq!(read, later.pool());
}

/// Cancelled or refunded before it was sent, and not put back: the level of the store stays as low
/// as it is, and that is no sale which nobody knows of.
#[test]
fn what_is_dropped_stays_known_where_it_was_sold() {
    for (share, at) in [(share("W1", 3), 0), (sent_from_the_other(3), 0), (share("W2", 3), 1)] {
        let sold = || order(1, [share.clone()]);
        let one = || dropped(2, [ShareSaid { sold: 2, ..share.clone() }], 1);
        let all = || dropped(3, [], 3);
        let mut known = [0, 0];
        known[at] = 3;
        for history in [vec![sold(), one(), all()], vec![all(), sold(), one()]] {
            let bench = Bench::linked(PHYSICAL).play(counted()).play(history);
            let told = levels(&bench, "a");
            assert_eq!((told.known_sold, told.known_open), (known, [0, 0]));
            assert_eq!((told.delta, told.available), ([0, 0], [Some(10), Some(10)]));
        }
        let bench = Bench::linked(PHYSICAL).play(counted()).play([sold(), one()]);
        assert_eq!(levels(&bench, "a").known_sold, known);
    }
    // Units that moved before: they were dropped where they were last.
    let moved = [order(1, [share("W1", 3)]), order(2, [share("W2", 3)]), dropped(3, [], 3)];
    let bench = Bench::linked(PHYSICAL).play(counted()).play(moved);
    assert_eq!(levels(&bench, "a").known_sold, [0, 3]);
}

/// A level that saw the sale and its end presumes nothing.
#[test]
fn a_level_that_saw_an_order_dropped_presumes_nothing() {
    let bench = Bench::linked(PHYSICAL)
        .play(counted())
        .play([order(1, [share("W1", 3)]), dropped(2, [], 3)]);
    let shown = Shown {
        available: 7,
        on_hand: 7,
        committed: 0,
        reserved: 0,
        damaged: 0,
        safety_stock: 0,
        quality_control: 0,
        active: true,
        at: at(9),
    };
    let level = LevelLocation { shown: Some(shown), sold: Some(3), ..LevelLocation::default() };
    assert_eq!(level.presumed(levels(&bench, "a").known_sold[0]), 0);
}

/// It comes back to the warehouse that sent it, and Shopify puts it back where it counted it.
#[test]
fn what_comes_back_is_free_at_the_warehouse_that_has_it() {
    let fulfilled = || [ShareSaid { fulfilled: 3, ..sent_from_the_other(3) }];
    let sent = Bench::linked(PHYSICAL)
        .play(counted())
        .play([order(1, fulfilled()), shipment_from("W2", "s", 1, 3, 5)]);
    // Berlin was given three back for what it will never send.
    assert_eq!(levels(&sent, "a").delta, [3, -3]);
    let put_back = refunded(2, fulfilled(), [restock(1, 1)]);
    for words in
        [[put_back.clone(), back_at("W2", "r", 1, 6)], [back_at("W2", "r", 1, 6), put_back]]
    {
        let back = sent.clone().play(words);
        assert_eq!(levels(&back, "a").delta, [2, -2]);
        assert_eq!(levels(&back, "b").delta, [0, -2]);
    }
}

/// Of units that went to another warehouse and were dropped there, none was dropped at the first.
#[test]
fn what_is_dropped_after_a_part_moved_was_dropped_where_it_went() {
    let words = || {
        let moved = order(2, [share("W1", 3), share("W2", 2)]);
        [order(1, [share("W1", 5)]), moved, dropped(3, [share("W1", 3)], 2)]
    };
    for arrived in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let words = words();
        let history: Vec<_> = arrived.iter().map(|n| words[*n].clone()).collect();
        let bench = Bench::linked(PHYSICAL).play(counted()).play(history);
        assert_eq!(levels(&bench, "a").known_sold, [3, 2], "{arrived:?}");
    }
}

/// What an edit took off may have been put back; what a cancellation took off was not, or a refund
/// says so.
#[test]
fn a_cancelled_order_drops_nothing_that_an_edit_took_off_before() {
    let removed = |revision, shares: &[ShareSaid], removed, cancelled| Fact::Removed {
        revision,
        shares: shares.to_vec(),
        removed,
        cancelled,
    };
    let words = |at_last| {
        let edited = removed(2, &[share("W1", 3)], 2, false);
        [order(1, [share("W1", 5)]), edited, removed(3, &[], at_last, true)]
    };
    for arrived in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for (at_last, known) in [(2, 0), (5, 3)] {
            let words = words(at_last);
            let history: Vec<_> = arrived.iter().map(|n| words[*n].clone()).collect();
            let bench = Bench::linked(PHYSICAL).play(counted()).play(history);
            assert_eq!(levels(&bench, "a").known_sold, [known, 0], "{arrived:?}");
        }
    }
}

/// A line that was told by a version that noted no places.
#[test]
fn an_order_that_an_earlier_version_told_is_dropped_where_it_was() {
    let mut bench = Bench::linked(PHYSICAL).play(counted()).play([order(1, [share("W1", 3)])]);
    let live = bench.clone().play([dropped(2, [], 3)]);
    let mut stored = serde_json::to_value(&bench.demand).expect("stored");
    let lines = stored["lines"].as_array_mut().expect("lines");
    assert!(lines[0][1].as_object_mut().expect("a line").remove("places").is_some());
    bench.demand = serde_json::from_value(stored).expect("read");
    let bench = bench.play([dropped(2, [], 3)]);
    assert_eq!(levels(&bench, "a").known_sold, [3, 0]);
    assert_eq!(bench.demand, live.demand, "as a rebuild makes it");
}
