//! Words about a line that left, or that came too many.

use std::collections::BTreeSet;

use super::tests::{
    ACCEPT, Bench, LINE, PHYSICAL, accepted, close_others, code, count, in_steps, order, share,
    shipment, warehouse,
};
use super::{
    Demand, DemandCommand, DemandRejection, Hear, HeardOrder, LineRef, LineSaid, ShareSaid, Step,
    TellLine,
};
use crate::decider::Decider as _;
use crate::ids::{LineItemId, LocationId, OrderId, StoreId};
use crate::quantity::Quantity;
use crate::testing::{apply, at, id};

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

/// Fulfilled by hand; long after the back office releases it, or accepts it where that lowers.
#[test]
fn acceptance_and_release_of_a_line_that_left_end_what_is_owed() {
    let owed = |bench: &Bench| {
        let pool = bench.pool();
        (pool.position(&code("W1")).map(Quantity::floor_units), pool.owed(&code("W1")))
    };
    for stages in [ACCEPT, PHYSICAL] {
        let mut bench =
            Bench::linked(stages).play([count("c", 10, 0), order(1, [fulfilled(share("W1", 3))])]);
        close_others(&mut bench);
        assert_eq!(owed(&bench), (Some(10), 3));
        let released = || ShareSaid { released: 3, ..accepted(fulfilled(share("W1", 3)), 0, 5) };
        let late = bench.clone().play([order(3, [released()]), order(3, [released()])]);
        let position = if stages == ACCEPT { 7 } else { 10 };
        assert_eq!(owed(&late), (Some(position), 0));
        // An older word about it changes nothing.
        let pool = late.pool();
        assert_eq!(late.play([order(2, [fulfilled(share("W1", 3))])]).pool(), pool);
        let taken = accepted(fulfilled(share("W1", 3)), 2, 5);
        let late = bench.play([order(3, [taken])]);
        assert_eq!(owed(&late), if stages == ACCEPT { (Some(8), 1) } else { (Some(10), 3) });
    }
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

/// Its fulfillment was cancelled at Shopify after the line had left everywhere: it counts once.
#[test]
fn a_line_that_left_the_pool_and_opens_again_counts_once() {
    let numbers = |bench: &Bench| {
        let (pool, a, b) = (bench.pool(), id::<StoreId>("a"), id::<StoreId>("b"));
        let at = |name: &str| {
            let w = code(name);
            let delta = [&a, &b].map(|store| pool.delta_units(&w, store));
            let known = (pool.known_sold(&w, &a), pool.known_open(&w, &a), pool.owed(&w));
            (pool.position(&w).map(Quantity::floor_units), delta, known)
        };
        ([at("W1"), at("W2")], pool.counted_away(&a, LocationId(1)))
    };
    let away = |of: ShareSaid| super::tests::counted_at(of, LocationId(1));
    for (stages, share) in [
        (PHYSICAL, share("W1", 3)),
        (PHYSICAL, away(share("W2", 3))),
        (ACCEPT, accepted(share("W1", 3), 3, 5)),
        (ACCEPT, away(accepted(share("W2", 3), 3, 5))),
    ] {
        let place = share.warehouse.as_ref().expect("one").code.to_string();
        let closed = Bench::linked(stages).play([
            count("c", 10, 0),
            super::tests::count_at("W2", "c", 10, 0),
            super::tests::shipment_from(&place, "s", 1, 3, 5),
            order(3, [fulfilled(share.clone())]),
        ]);
        // The same lines come, before it opens again or after.
        let others = |bench: &mut Bench| {
            close_others(bench);
            (0..2_100).for_each(|n| bench.take(&super::tests::of_other_order(&place, n)));
        };
        let left = {
            let mut bench = closed.clone();
            others(&mut bench);
            assert!(!bench.demand.has(LINE));
            bench
        };
        let kept = |words: Vec<super::tests::Fact>| {
            let mut bench = closed.clone().play(words);
            others(&mut bench);
            numbers(&bench)
        };
        let open = || order(4, [share.clone()]);
        let cancelled = || order(5, [ShareSaid { sold: 0, ..share.clone() }]);
        let again = || order(5, [fulfilled(share.clone())]);
        assert_eq!(numbers(&left.clone().play([open()])), kept(vec![open()]));
        assert_eq!(
            numbers(&left.clone().play([open(), cancelled()])),
            kept(vec![open(), cancelled()])
        );
        // Closed once more it shows as it did before it was opened.
        let twice = left.clone().play([open(), again()]);
        assert_eq!(numbers(&twice).1, numbers(&left).1);
        let stored = serde_json::to_string(&twice.pool()).expect("stored");
        let read: crate::stock::pool::Pool = serde_json::from_str(&stored).expect("read");
        assert_eq!(read, twice.pool());
    }
}

#[test]
fn the_newest_revision_that_closed_a_line_stands() {
    let hear = |closed: bool, revision| Hear {
        lines: [LINE.line].into(),
        closed: closed.then_some((LINE.line, Vec::new())).into_iter().collect(),
        revision,
        whole: false,
    };
    let heard = apply::<HeardOrder>(HeardOrder::default(), &hear(true, 3));
    let heard = apply::<HeardOrder>(heard, &hear(true, 2));
    let heard = apply::<HeardOrder>(heard, &hear(false, 9));
    assert_eq!(heard.closed_by(LINE.line), Some(3));
}

fn line_of(order: i64) -> LineRef {
    LineRef { order: OrderId(order), line: LineItemId(1) }
}

fn tell_of(order: i64, sold: i64) -> DemandCommand {
    DemandCommand::TellLine(TellLine {
        line: line_of(order),
        said: LineSaid {
            revision: 1,
            as_of: at(order),
            shares: vec![share("W1", sold)],
            dropped: 0,
            removed: 0,
            ordered: 0,
            cancelled: false,
            restocked: Vec::new(),
            settled: false,
        },
        lowered_by_accept: BTreeSet::new(),
        was_told: false,
        closed_by: None,
        left: Vec::new(),
    })
}

fn ship_of(order: i64) -> DemandCommand {
    let (warehouse, at) = (warehouse("W1"), at(order));
    DemandCommand::TellShipment {
        line: line_of(order),
        shipment: format!("wms/s{order}"),
        steps: vec![Step { revision: 1, warehouse, units: 1, at, lowers: true }],
        was_told: false,
    }
}

fn told_all(commands: impl Iterator<Item = DemandCommand>) -> Demand {
    commands.fold(Demand::default(), |demand, command| {
        let events = Demand::decide(&demand, &command).expect("kept");
        Demand::evolve_all(demand, &events)
    })
}

#[test]
fn more_open_lines_than_are_kept_are_refused_with_the_fix() {
    let demand = told_all((1..=5_000).map(|n| tell_of(n, 1)));
    let refused = Demand::decide(&demand, &tell_of(5_001, 1));
    assert_eq!(refused, Err(DemandRejection::TooManyOpen));
    assert!(refused.unwrap_err().to_string().contains("cancel some"));
    assert!(Demand::decide(&demand, &tell_of(5_001, 0)).is_ok(), "what is done with is told");
    let said = TellLine { was_told: true, ..told(tell_of(1, 2)) };
    let said = TellLine { said: LineSaid { revision: 2, ..said.said.clone() }, ..said };
    assert!(Demand::decide(&demand, &DemandCommand::TellLine(said)).is_ok(), "and what is kept");
    let shipped = Demand::decide(&demand, &ship_of(5_001)).expect("a shipment opens nothing");
    let demand = Demand::evolve_all(demand, &shipped);
    assert!(demand.has(line_of(5_001)));
    let refused = Demand::decide(&demand, &tell_of(5_001, 1));
    assert_eq!(refused, Err(DemandRejection::TooManyOpen), "its order would");
}

/// No act at Shopify ends a line of which only shipments spoke: those that left longest ago go.
#[test]
fn lines_of_which_only_shipments_spoke_keep_no_order_out() {
    let demand = told_all((1..=5_001).map(ship_of));
    assert!(!demand.has(line_of(1)) && demand.has(line_of(2)) && demand.has(line_of(5_001)));
    assert_eq!(demand.lines().count(), 5_000);
    assert!(Demand::decide(&demand, &tell_of(6_000, 1)).is_ok());
    let older = Demand::decide(&demand, &ship_of(1)).expect("told");
    let demand = Demand::evolve_all(demand, &older);
    assert!(demand.has(line_of(1)), "never the one that is told");
    assert!(!demand.has(line_of(2)));
}

fn told(command: DemandCommand) -> TellLine {
    let DemandCommand::TellLine(tell) = command else { unreachable!() };
    tell
}

/// A count between two acceptances holds the first and not the second, also when the order told of
/// both at once.
#[test]
fn acceptance_is_placed_step_by_step() {
    let two = || order(1, [in_steps(share("W1", 3), &[(2, 2), (6, 3)])]);
    let one = || order(1, [accepted(share("W1", 3), 2, 2)]);
    let then = || order(2, [in_steps(share("W1", 3), &[(2, 2), (6, 3)])]);
    let counted = || count("c", 10, 4);
    for history in [
        vec![two(), counted()],
        vec![counted(), two()],
        vec![one(), counted(), then()],
        vec![then(), one(), counted()],
        vec![counted(), one(), then()],
        vec![then(), counted(), one()],
    ] {
        let pool = Bench::linked(ACCEPT).play(history).pool();
        let position = pool.position(&code("W1")).map(Quantity::floor_units);
        assert_eq!((position, pool.owed(&code("W1"))), (Some(9), 0));
    }
}
