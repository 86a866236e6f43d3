//! What lines come to at a level is what the pools of their item say.

use super::tests::{
    Bench, Fact, PHYSICAL, code, count, counted_at, dropped, of_other_order, order, pick, share,
    warehouse,
};
use super::{LineSaid, ShareSaid};
use crate::ids::{LocationId, Warehouse};
use crate::stock::level::KnownLine;
use crate::testing::{at, id};

/// W1 serves the level's location.
fn here(of: &Warehouse, counted_at: Option<LocationId>) -> Option<bool> {
    Some(counted_at.map_or(*of == warehouse("W1"), |location| location == LocationId(1)))
}

fn line(bench: &Bench) -> Option<KnownLine> {
    bench.demand.known_lines(here).expect("all are counted").first().copied()
}

fn played(facts: impl IntoIterator<Item = Fact>) -> Bench {
    Bench::linked(PHYSICAL).play([count("c", 10, 0)]).play(facts)
}

fn sent(share: ShareSaid, units: i64) -> ShareSaid {
    ShareSaid { fulfilled: units, ..share }
}

#[test]
fn a_line_counts_where_the_pools_count_it() {
    let away = counted_at(share("W1", 4), LocationId(2));
    for facts in [
        vec![order(1, [sent(share("W1", 3), 1), share("W2", 2)])],
        vec![order(1, [share("W1", 3), away])],
        vec![order(1, [share("W1", 3)]), dropped(2, [sent(share("W1", 1), 1)], 2)],
        vec![order(1, [share("W1", 3)]), order(2, [share("W2", 3)])],
        vec![order(1, [share("W1", 3)]), order(2, [])],
    ] {
        let bench = played(facts.clone());
        let known = bench.pool().known_sold(&code("W1"), &id("a"));
        assert_eq!(line(&bench).map(|line| line.here), Some(known), "{facts:?}");
    }
    let bench = played([order(7, [sent(share("W1", 3), 1), share("W2", 2), share("", 1)])]);
    let told = KnownLine { as_of: at(7), here: 3, open: 2, most: 6, unrouted: 1 };
    assert_eq!(line(&bench), Some(told));
}

/// The word that told it larger was lost, or gathered with the one that made it less.
#[test]
fn a_line_had_at_most_what_was_ordered_whatever_was_heard_of_it() {
    let most = |facts: Vec<Fact>| line(&played(facts)).expect("kept").most;
    assert_eq!(most(vec![order(1, [share("W1", 3)]), order(2, [share("W1", 1)])]), 3);
    let shares = vec![share("W1", 1)];
    assert_eq!(most(vec![Fact::Removed { revision: 1, shares, removed: 2, cancelled: false }]), 3);
    // Cancelled and put back as a whole: nothing else names its units.
    let mut bench = played([]);
    bench.order(LineSaid {
        revision: 1,
        as_of: at(9),
        shares: Vec::new(),
        dropped: 0,
        removed: 0,
        ordered: 3,
        cancelled: true,
        restocked: Vec::new(),
        settled: false,
    });
    let told = KnownLine { as_of: at(9), here: 0, open: 0, most: 3, unrouted: 0 };
    assert_eq!(line(&bench), Some(told));
}

#[test]
fn nothing_is_told_of_a_level_whose_sales_are_in_no_pool() {
    let sold = |code| played([order(1, [share(code, 1)])]);
    let linked = |of: &Warehouse, _| (*of != warehouse("W1")).then_some(false);
    assert_eq!(sold("W1").demand.known_lines(linked), None);
    assert!(sold("W2").demand.known_lines(linked).is_some());
}

/// The order may be sold after a read that is older than the report.
#[test]
fn what_only_reports_named_is_known_and_not_claimed() {
    let bench = played([pick("p", 2, 5), of_other_order("W1", 3)]);
    let of_pool = |bench: &Bench| {
        let (pool, store) = (bench.pool(), id("a"));
        (pool.known_sold(&code("W1"), &store), pool.known_unclaimed(&code("W1"), &store))
    };
    assert_eq!(of_pool(&bench), (3, 3));
    assert_eq!(of_pool(&bench.play([order(1, [share("W1", 2)])])), (3, 1));
}
