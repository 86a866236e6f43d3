//! What reads of a level show to have happened.

use super::event::{LevelEvent, ReadChange};
use super::state::{Level, Shown, Verdict, Write};
use super::tests::{L1, answer, at_l1, fold, intend, observe, read, shown};
use super::{KnownSold, LevelCommand, Outcome};
use crate::decider::Decider;
use crate::stock::orders_read::Span;
use crate::testing::{apply, at};

/// The changes that a second read shows.
fn changes(first: Shown, second: Shown) -> Vec<ReadChange> {
    changes_after(vec![read(first)], second)
}

fn changes_after(history: Vec<LevelCommand>, second: Shown) -> Vec<ReadChange> {
    let events = Level::decide(&fold(history), &read(second)).expect("accepted");
    match events.last() {
        Some(LevelEvent::LevelRead(read)) => read.changes.clone(),
        other => panic!("no read: {other:?}"),
    }
}

fn sold_after(reads: &[Shown]) -> Option<i64> {
    at_l1(&fold(reads.iter().map(|shown| read(*shown)))).sold
}

#[test]
fn each_pattern_of_the_design_is_named() {
    let first = shown(10, 5, 0);
    let cases = [
        (shown(8, 7, 1), ReadChange::Sold { units: 2 }),
        (shown(12, 3, 1), ReadChange::Cancelled { units: 2 }),
        (shown(10, 3, 1), ReadChange::Fulfilled { units: 2 }),
        (shown(8, 5, 1), ReadChange::Lowered { units: 2 }),
        (shown(12, 5, 1), ReadChange::Raised { units: 2 }),
        (Shown { damaged: 2, on_hand: 15, ..shown(8, 5, 1) }, ReadChange::SetAside { units: 2 }),
    ];
    for (second, change) in cases {
        assert_eq!(changes(first, second), [change]);
    }
    assert!(changes(first, Shown { at: shown(0, 0, 9).at, ..first }).is_empty());
    let kept_back = Shown { safety_stock: 4, on_hand: 19, ..first };
    assert_eq!(changes(kept_back, shown(12, 5, 1))[0], ReadChange::Released { units: 2 });
}

#[test]
fn a_mixture_is_read_the_way_that_leaves_least_to_sell() {
    // Five left committed, available rose by two: three fulfilled and two cancelled.
    assert_eq!(
        changes(shown(10, 5, 0), shown(12, 0, 1)),
        [ReadChange::Cancelled { units: 2 }, ReadChange::Fulfilled { units: 3 }]
    );
    // A sale beside an edit.
    assert_eq!(
        changes(shown(10, 0, 0), shown(7, 2, 1)),
        [ReadChange::Sold { units: 2 }, ReadChange::Lowered { units: 1 }]
    );
    // All five fulfilled, and one more gone from the shelf.
    assert_eq!(
        changes(shown(10, 5, 0), shown(9, 0, 1)),
        [ReadChange::Fulfilled { units: 5 }, ReadChange::Lowered { units: 1 }]
    );
}

#[test]
fn a_webhook_before_the_read_is_not_counted_twice() {
    let history = vec![read(shown(10, 0, 0)), observe(8, 1)];
    assert_eq!(changes_after(history, shown(8, 2, 2)), [ReadChange::Sold { units: 2 }]);
}

#[test]
fn our_own_answered_write_is_no_change() {
    let write = Write::SetOnHand { to: 20, from: 15 };
    let history = vec![read(shown(10, 5, 0)), intend("e1", write), answer("e1", Outcome::Applied)];
    assert!(changes_after(history, shown(15, 5, 1)).is_empty());
}

#[test]
fn a_write_in_doubt_is_counted_once_whether_or_not_the_webhook_held_it() {
    for seen in [9, 6] {
        let history = vec![
            read(shown(10, 0, 0)),
            LevelCommand::TakeBaseline { location: L1, delta_target: 10, at: shown(0, 0, 0).at },
            intend("e1", Write::Adjust { delta: -3 }),
            observe(seen, 1),
            answer("e1", Outcome::Applied),
        ];
        assert!(at_l1(&fold(history.clone())).needs_read);
        assert_eq!(changes_after(history, shown(6, 1, 2)), [ReadChange::Sold { units: 1 }]);
    }
}

#[test]
fn sold_follows_sales_and_cancellations_but_not_fulfillments() {
    assert_eq!(sold_after(&[shown(10, 5, 0)]), Some(5));
    assert_eq!(sold_after(&[shown(10, 5, 0), shown(8, 7, 1)]), Some(7));
    assert_eq!(sold_after(&[shown(10, 5, 0), shown(12, 3, 1)]), Some(3));
    // Shipped units stay owed until the back office has taken them.
    assert_eq!(sold_after(&[shown(10, 5, 0), shown(10, 0, 1)]), Some(5));
}

#[test]
fn an_unexplained_fall_is_presumed_sold_until_orders_say_otherwise() {
    let read_all = || vec![Span { since: None, until: at(9) }];
    let settle = |units| LevelCommand::SettleFalls {
        location: L1,
        read: read_all(),
        known: KnownSold { units, ..KnownSold::default() },
        now: at(9),
    };
    let level = fold([read(shown(10, 5, 0)), read(shown(7, 5, 1))]);
    assert_eq!((at_l1(&level).fallen, at_l1(&level).presumed(0)), (3, 8));

    // No order explains it: an edit. More cannot have been edited than fell.
    let edited = apply::<Level>(level.clone(), &settle(0));
    assert_eq!((at_l1(&edited).fallen, at_l1(&edited).presumed(0)), (0, 5));
    assert!(Level::decide(&edited, &settle(0)).expect("accepted").is_empty());

    // Orders explain two of three.
    let sold = apply::<Level>(level, &settle(7));
    assert_eq!((at_l1(&sold).sold, at_l1(&sold).fallen), (Some(7), 0));
}

#[test]
fn the_first_read_presumes_all_that_is_committed_beyond_known_lines() {
    let level = fold([LevelCommand::RecordRead {
        location: L1,
        found: true,
        shown: Some(shown(10, 5, 0)),
        tracked: true,
        known_sold: 40,
        known_open: 0,
        begun: at(0),
        at: at(0),
    }]);
    let known = at_l1(&level);
    assert_eq!(known.presumed(40), 5);
    assert_eq!(known.presumed(43), 2);
    assert_eq!(known.presumed(50), 0);
}

#[test]
fn a_set_of_unknown_outcome_is_judged_by_the_read() {
    let write = Write::SetOnHand { to: 20, from: 15 };
    let history =
        || vec![read(shown(10, 5, 0)), intend("e1", write), answer("e1", Outcome::Unknown)];
    let judged = |second: Shown| {
        let events = Level::decide(&fold(history()), &read(second)).expect("accepted");
        assert!(matches!(events.last(), Some(LevelEvent::LevelRead(_))));
        let level = Level::evolve_all(fold(history()), &events);
        assert!(at_l1(&level).in_flight.is_empty());
        assert_eq!(at_l1(&level).shown, Some(second));
        events.into_iter().next().expect("a judgement")
    };
    assert!(matches!(judged(shown(15, 5, 1)), LevelEvent::PushApplied { .. }));
    assert!(matches!(judged(shown(10, 5, 1)), LevelEvent::PushDropped { .. }));
    assert!(matches!(judged(shown(9, 5, 1)), LevelEvent::PushStale { .. }));
    // A checkout meanwhile moves available and not what was set.
    assert!(matches!(judged(shown(14, 6, 1)), LevelEvent::PushApplied { .. }));
}

#[test]
fn a_set_of_unknown_outcome_on_a_level_that_is_gone_did_not_apply() {
    let absent = LevelCommand::RecordRead {
        location: L1,
        found: true,
        shown: None,
        tracked: true,
        known_sold: 0,
        known_open: 0,
        begun: at(0),
        at: at(0),
    };
    let unknown = |write| {
        let baseline =
            LevelCommand::TakeBaseline { location: L1, delta_target: 10, at: shown(0, 0, 0).at };
        let push = [intend("e1", write), answer("e1", Outcome::Unknown)];
        fold([read(shown(10, 5, 0)), baseline].into_iter().chain(push))
    };
    for write in [Write::SetOnHand { to: 20, from: 15 }, Write::SetAvailable { to: 4, from: 10 }] {
        let events = Level::decide(&unknown(write), &absent).expect("accepted");
        assert!(
            matches!(events[..], [LevelEvent::PushDropped { .. }, LevelEvent::LevelRead(_)]),
            "{events:?}"
        );
        let level = Level::evolve_all(unknown(write), &events);
        let known = at_l1(&level);
        assert!(known.in_flight.is_empty() && !known.needs_read);
        assert_eq!((known.shown, &known.verdict), (None, &Some(Verdict::NotStocked)));
    }
    // An adjust is repeated by its key, whatever a read shows.
    let level = unknown(Write::Adjust { delta: -3 });
    let again = Level::decide(&level, &absent).expect("accepted");
    assert_eq!(again, [LevelEvent::ReadNeeded { location: L1 }]);
}

#[test]
fn a_read_beside_a_write_in_the_air_is_wanted_again() {
    let history =
        || vec![read(shown(10, 5, 0)), intend("e1", Write::SetOnHand { to: 20, from: 15 })];
    let again = Level::decide(&fold(history()), &read(shown(15, 5, 1))).expect("accepted");
    assert_eq!(again, [LevelEvent::ReadNeeded { location: L1 }]);
    let level = apply::<Level>(fold(history()), &read(shown(15, 5, 1)));
    assert!(Level::decide(&level, &read(shown(15, 5, 1))).expect("accepted").is_empty());
}

#[test]
fn a_read_gives_and_lifts_verdicts() {
    let absent = |tracked| LevelCommand::RecordRead {
        location: L1,
        found: true,
        shown: None,
        tracked,
        known_sold: 0,
        known_open: 0,
        begun: at(0),
        at: at(0),
    };
    let verdict = |history: Vec<LevelCommand>| at_l1(&fold(history)).verdict.clone();
    assert_eq!(verdict(vec![absent(true)]), Some(Verdict::NotStocked));
    assert_eq!(verdict(vec![absent(false)]), Some(Verdict::Untracked));
    let inactive = Shown { active: false, ..shown(5, 0, 0) };
    assert_eq!(verdict(vec![read(inactive)]), Some(Verdict::NotStocked));
    assert_eq!(verdict(vec![absent(true), read(shown(5, 0, 1))]), None);

    let refused_as = |why: Verdict| {
        vec![
            read(shown(5, 0, 0)),
            intend("e1", Write::SetOnHand { to: 6, from: 5 }),
            answer("e1", Outcome::Refused(why)),
            read(shown(5, 0, 1)),
        ]
    };
    assert_eq!(verdict(refused_as(Verdict::Deleted)), None);
    let refused = Verdict::Refused { code: "X".into(), message: "no".into() };
    assert_eq!(verdict(refused_as(refused)), None);
    // What can never be set is remembered, until another link is made.
    assert_eq!(verdict(refused_as(Verdict::BundleParent)), Some(Verdict::BundleParent));
}
