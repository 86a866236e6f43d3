//! Adjusts whose outcome nobody knows: what a read tells of them, and when a person is asked.

use proptest::prelude::*;

use super::event::LevelEvent;
use super::state::{Asked, Level, Shown, Write};
use super::tests::{L1, answer, at_l1, effect, fold, intend, observe, read, shown};
use super::{LevelCommand, Outcome, agreed};
use crate::testing::{apply, at, given};

const fn adjust(delta: i64) -> Write {
    Write::Adjust { delta }
}

/// A level that showed 10 with 4 committed, with an adjust of unknown outcome in the air.
fn unknown(delta: i64) -> Level {
    fold([
        read(shown(10, 4, 0)),
        LevelCommand::TakeBaseline { location: L1, delta_target: 10, at: at(0) },
        intend("e1", adjust(delta)),
        answer("e1", Outcome::Unknown),
    ])
}

/// When it was sent, a moment after the level was read.
const SENT: i64 = 1;

fn told(level: &Level, shown: Shown) -> Option<Outcome> {
    level.testimony(L1, (&effect("e1"), at(SENT)), Some(&shown))
}

#[test]
fn a_rise_that_applied_is_told_by_what_orders_alone_explain() {
    let rise = unknown(5);
    assert_eq!(told(&rise, shown(15, 4, 9)), Some(Outcome::Applied));
    // Two were sold since; three of the committed were fulfilled.
    assert_eq!(told(&rise, shown(13, 6, 9)), Some(Outcome::Applied));
    assert_eq!(told(&rise, shown(15, 1, 9)), Some(Outcome::Applied));
    // Sold and fulfilled meanwhile, or a smaller rise by somebody else.
    assert_eq!(told(&rise, shown(12, 4, 9)), None);
    assert_eq!(told(&rise, shown(10, 4, 9)), None);
}

#[test]
fn a_fall_that_did_not_apply_is_told_and_one_that_did_may_be_a_sale() {
    let fall = unknown(-2);
    assert_eq!(told(&fall, shown(10, 4, 9)), Some(Outcome::NotApplied));
    assert_eq!(told(&fall, shown(7, 7, 9)), Some(Outcome::NotApplied));
    assert_eq!(told(&fall, shown(8, 4, 9)), None);
    // Two fulfilled, or the fall and two cancelled: orders explain either.
    assert_eq!(told(&fall, shown(10, 2, 9)), None);
}

#[test]
fn what_shopify_has_not_touched_since_was_not_written() {
    let long_before = |available| shown(available, 4, SENT - 301);
    for delta in [5, -2] {
        assert_eq!(told(&unknown(delta), long_before(10)), Some(Outcome::NotApplied));
    }
    // Clocks may be that far apart.
    assert_eq!(told(&unknown(5), shown(10, 4, SENT - 300)), None);
}

#[test]
fn a_level_that_is_gone_tells_nothing_since_it_may_have_been_there() {
    assert_eq!(unknown(5).testimony(L1, (&effect("e1"), at(SENT)), None), None);
}

#[test]
fn a_webhook_that_held_the_write_is_taken_back_before_it_is_judged() {
    // The webhook holds the write and a sale of 2, and so is no echo of the write alone.
    let level = apply::<Level>(unknown(5), &observe(13, 5));
    assert_eq!(told(&level, shown(13, 6, 9)), Some(Outcome::Applied));
    let level = apply::<Level>(unknown(-2), &observe(7, 5));
    assert_eq!(told(&level, shown(7, 7, 9)), Some(Outcome::NotApplied));
}

#[test]
fn a_read_beside_another_write_in_the_air_tells_nothing() {
    let level = apply::<Level>(unknown(5), &intend("e2", adjust(-2)));
    assert_eq!(told(&level, shown(15, 4, 9)), None);
    assert_eq!(level.testimony(L1, (&effect("e2"), at(SENT)), Some(&shown(15, 4, 9))), None);
    let known = fold([
        read(shown(10, 4, 0)),
        LevelCommand::TakeBaseline { location: L1, delta_target: 10, at: at(0) },
        intend("e1", adjust(5)),
    ]);
    assert_eq!(told(&known, shown(15, 4, 9)), None, "its answer may still come");
}

#[test]
fn one_line_that_can_tell_speaks_for_its_call() {
    let (applied, not) = (Some(Outcome::Applied), Some(Outcome::NotApplied));
    assert_eq!(agreed([None, applied.clone(), None, applied.clone()]), applied);
    assert_eq!(agreed([not.clone(), None]), not);
    assert_eq!(agreed([applied, not, None]), None);
    assert_eq!(agreed([None, None]), None);
    assert_eq!(agreed([]), None);
}

fn ask(name: &str) -> LevelCommand {
    let shown = Some(shown(12, 4, 9));
    LevelCommand::AskPush { effect: effect(name), location: L1, shown, at: at(90) }
}

#[test]
fn a_person_is_asked_once_and_the_answer_ends_it() {
    let asked = |level: Level| {
        let events = [LevelEvent::PushAsked {
            effect: effect("e1"),
            location: L1,
            shown: Some(shown(12, 4, 9)),
            at: at(90),
        }];
        let decided = <Level as crate::Decider>::decide(&level, &ask("e1")).expect("accepted");
        assert_eq!(decided, events);
        apply::<Level>(level, &ask("e1"))
    };
    let level = asked(unknown(5));
    let question = at_l1(&level).in_flight[0].asked;
    assert_eq!(question, Some(Asked { at: at(90), shown: Some(shown(12, 4, 9)) }));
    assert_eq!(<Level as crate::Decider>::decide(&level, &ask("e1")), Ok(vec![]));
    let applied = apply::<Level>(level.clone(), &answer("e1", Outcome::Applied));
    assert!(at_l1(&applied).in_flight.is_empty());
    assert_eq!(at_l1(&applied).booked, Some(15));
    let dropped = apply::<Level>(level, &answer("e1", Outcome::NotApplied));
    assert_eq!(at_l1(&dropped).booked, Some(10), "it is sent again, by a new key");
    given::<Level>().after([read(shown(10, 4, 0))]).when(&ask("e1")).then_silent();
}

proptest! {
    /// Whatever orders do meanwhile, what a read tells is what happened.
    #[test]
    fn what_a_read_tells_is_so(
        delta in prop_oneof![-9_i64..0, 1_i64..9],
        applied in any::<bool>(),
        sold in 0_i64..5,
        cancelled in 0_i64..3,
        fulfilled in 0_i64..3,
        heard in any::<bool>(),
    ) {
        let mut truth = shown(10, 4, 9);
        truth.available -= sold;
        truth.committed += sold;
        truth.available += cancelled;
        truth.committed -= cancelled;
        let fulfilled = fulfilled.min(truth.committed);
        truth.committed -= fulfilled;
        if applied {
            truth.available += delta;
        }
        truth.on_hand = truth.available + truth.committed;
        let mut level = unknown(delta);
        if heard {
            level = apply::<Level>(level, &observe(truth.available, 5));
        }
        let outcome = if applied { Outcome::Applied } else { Outcome::NotApplied };
        let told = told(&level, truth);
        prop_assert!(told.is_none() || told == Some(outcome), "{told:?}");
    }
}
