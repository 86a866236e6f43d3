//! Words about a line that left.

use super::tests::{
    ACCEPT, Bench, LINE, PHYSICAL, accepted, close_others, code, count, order, share, shipment,
};
use super::{Hear, HeardOrder, ShareSaid};
use crate::quantity::Quantity;
use crate::testing::apply;

fn fulfilled(share: ShareSaid) -> ShareSaid {
    ShareSaid { fulfilled: share.sold, ..share }
}

#[test]
fn an_older_word_that_calls_it_open_does_not_open_it_again() {
    let mut bench = Bench::linked(PHYSICAL).play([
        count("c", 10, 0),
        order(1, [share("W1", 3)]),
        shipment("s", 1, 3, 5),
        order(3, [fulfilled(share("W1", 3))]),
    ]);
    close_others(&mut bench);
    assert!(!bench.demand.has(LINE));
    let before = (bench.demand.clone(), bench.pool());
    let late = bench.clone().play([order(2, [share("W1", 3)]), order(1, [share("W1", 3)])]);
    assert_eq!((late.demand.clone(), late.pool()), before);
    // A newer one does.
    let again = bench.play([order(4, [ShareSaid { fulfilled: 2, ..share("W1", 3) }])]);
    assert!(again.demand.has(LINE));
}

#[test]
fn an_older_word_does_not_open_what_is_kept_for_what_came_back() {
    let mut bench =
        Bench::linked(PHYSICAL).play([count("c", 10, 0), order(3, [fulfilled(share("W1", 3))])]);
    close_others(&mut bench);
    let bench = bench.play([super::tests::refunded(
        4,
        [fulfilled(share("W1", 3))],
        [super::tests::restock(1, 1)],
    )]);
    let before = (bench.demand.clone(), bench.pool());
    let late = bench.play([order(2, [share("W1", 3)])]);
    assert_eq!((late.demand.clone(), late.pool()), before);
}

/// Fulfilled by hand; the back office reports its shipment long after.
#[test]
fn a_shipment_of_a_line_that_left_is_taken_where_it_is_still_owed() {
    let mut bench =
        Bench::linked(PHYSICAL).play([count("c", 10, 0), order(1, [fulfilled(share("W1", 3))])]);
    close_others(&mut bench);
    assert!(!bench.demand.has(LINE));
    assert_eq!(bench.pool().owed(&code("W1")), 3);
    let demand = bench.demand.clone();
    let sent = bench.play([shipment("s", 1, 2, 5)]);
    let stands = |bench: &Bench| {
        let pool = bench.pool();
        (pool.position(&code("W1")).map(Quantity::floor_units), pool.owed(&code("W1")))
    };
    assert_eq!(stands(&sent), (Some(8), 1));
    let again = sent.clone().play([shipment("s", 1, 2, 5)]);
    assert_eq!(again.pool(), sent.pool());
    let corrected = sent.play([shipment("s", 2, 3, 5)]);
    assert_eq!(stands(&corrected), (Some(7), 0));
    assert_eq!(corrected.demand, demand, "nothing more is kept of it");
}

#[test]
fn a_shipment_of_a_line_that_left_the_pool_too_changes_nothing() {
    let mut bench = Bench::linked(ACCEPT)
        .play([count("c", 10, 0), order(1, [fulfilled(accepted(share("W1", 3), 3, 5))])]);
    close_others(&mut bench);
    bench.let_pool_go();
    let before = bench.pool();
    assert_eq!(bench.play([shipment("s", 1, 3, 6)]).pool(), before);
}

#[test]
fn the_newest_revision_that_closed_a_line_stands() {
    let hear = |closed: bool, revision| Hear {
        lines: [LINE.line].into(),
        closed: closed.then_some(LINE.line).into_iter().collect(),
        revision,
    };
    let heard = apply::<HeardOrder>(HeardOrder::default(), &hear(true, 3));
    let heard = apply::<HeardOrder>(heard, &hear(true, 2));
    let heard = apply::<HeardOrder>(heard, &hear(false, 9));
    assert_eq!(heard.closed_by(LINE.line), Some(3));
}
