//! Stocking an item where it was not stocked, and items that are gone.

use super::event::LevelEvent;
use super::state::{ActivationEnd, Level, Tried, Verdict};
use super::tests::{L1, at_l1, effect, fold, intend, read, shown};
use super::{LevelCommand, LevelRejection, Outcome, Write};
use crate::decider::Decider;
use crate::testing::{apply, at, given};

fn nothing_there(found: bool) -> LevelCommand {
    LevelCommand::RecordRead {
        location: L1,
        found,
        shown: None,
        tracked: true,
        known_sold: 0,
        known_open: 0,
        begun: at(0),
        at: at(0),
    }
}

fn activate(name: &str) -> LevelCommand {
    LevelCommand::IntendActivation { effect: effect(name), location: L1 }
}

fn end(name: &str, outcome: Outcome) -> LevelCommand {
    LevelCommand::RecordActivation { effect: effect(name), location: L1, outcome }
}

fn baseline(delta_target: i64) -> LevelCommand {
    LevelCommand::TakeBaseline { location: L1, delta_target, at: at(0) }
}

#[test]
fn an_item_that_the_store_has_no_more_is_deleted_and_not_only_unstocked() {
    assert_eq!(at_l1(&fold([nothing_there(false)])).verdict, Some(Verdict::Deleted));
    assert_eq!(at_l1(&fold([nothing_there(true)])).verdict, Some(Verdict::NotStocked));
    let back = fold([nothing_there(false), read(shown(3, 0, 1))]);
    assert_eq!(at_l1(&back).verdict, None);
}

#[test]
fn only_what_is_not_stocked_is_activated_and_once_at_a_time() {
    given::<Level>().when(&activate("a1")).then_refused(&LevelRejection::NeverRead);
    given::<Level>()
        .after([read(shown(3, 0, 0))])
        .when(&activate("a1"))
        .then_refused(&LevelRejection::Stocked);
    given::<Level>()
        .after([nothing_there(true)])
        .when(&activate("a1"))
        .then(&[LevelEvent::ActivationIntended { effect: effect("a1"), location: L1 }]);
    given::<Level>()
        .after([nothing_there(true), activate("a1")])
        .when(&activate("a2"))
        .then_refused(&LevelRejection::InFlight);
}

#[test]
fn an_activated_level_starts_from_what_it_shows_then() {
    let level = fold([nothing_there(true), baseline(5), activate("a1")]);
    let level = apply::<Level>(level, &end("a1", Outcome::Applied));
    assert!(at_l1(&level).needs_read);
    assert_eq!(at_l1(&level).booked, Some(5));
    let level = apply::<Level>(level, &read(shown(2, 0, 1)));
    let known = at_l1(&level);
    assert_eq!((known.booked, &known.verdict, &known.activation), (None, &None, &None));
    // A later read is a read like any other.
    let level = apply::<Level>(apply::<Level>(level, &baseline(7)), &read(shown(2, 0, 2)));
    assert_eq!(at_l1(&level).booked, Some(7));
}

#[test]
fn an_answer_counts_once_and_only_for_its_own_call() {
    let history = || [nothing_there(true), activate("a1")];
    given::<Level>().after(history()).when(&end("a2", Outcome::Applied)).then_silent();
    let ended = ActivationEnd::Applied;
    given::<Level>()
        .after(history())
        .when(&end("a1", Outcome::Applied))
        .then(&[LevelEvent::ActivationEnded { effect: effect("a1"), location: L1, end: ended }]);
    let applied = || history().into_iter().chain([end("a1", Outcome::Applied)]);
    given::<Level>().after(applied()).when(&end("a1", Outcome::NotApplied)).then_silent();
}

#[test]
fn a_dropped_or_refused_activation_leaves_a_verdict() {
    let history = || [nothing_there(true), activate("a1")];
    let dropped = fold(history().into_iter().chain([end("a1", Outcome::NotApplied)]));
    let known = at_l1(&dropped);
    assert_eq!((&known.activation, &known.verdict), (&None, &Some(Verdict::NotStocked)));
    let verdict = Verdict::Refused { code: String::new(), message: "no".to_owned() };
    let refused = end("a1", Outcome::Refused(verdict.clone()));
    let refused = fold(history().into_iter().chain([refused]));
    let known = at_l1(&refused);
    assert_eq!((&known.activation, &known.verdict), (&None, &Some(verdict)));
}

#[test]
fn what_was_confirmed_and_does_not_show_is_not_activated_for_ever() {
    let history = || [nothing_there(true), activate("a1")];
    let confirmed = [end("a1", Outcome::Applied), nothing_there(true)];
    let level = fold(history().into_iter().chain(confirmed));
    let verdict = at_l1(&level).verdict.clone();
    assert!(matches!(verdict, Some(Verdict::Refused { .. })), "{verdict:?}");
    // Where nobody knows whether it applied, the read tells that it did not.
    let unclear = [end("a1", Outcome::Unknown), nothing_there(true)];
    let level = fold(history().into_iter().chain(unclear));
    assert_eq!(at_l1(&level).verdict, Some(Verdict::NotStocked));
}

#[test]
fn nothing_is_written_to_a_level_that_is_not_there() {
    given::<Level>()
        .after([nothing_there(true), baseline(5), activate("a1")])
        .when(&intend("e1", Write::Adjust { delta: 1 }))
        .then_refused(&LevelRejection::HasVerdict);
}

#[test]
fn what_shopify_refused_is_tried_once_per_change_of_what_is_wanted() {
    let gone = fold([nothing_there(false)]);
    let wanted =
        |delta| LevelCommand::TryAgain { location: L1, wanted: Tried { available: None, delta } };
    let level = apply::<Level>(gone, &wanted(5));
    assert!(at_l1(&level).in_doubt);
    let level = apply::<Level>(level, &nothing_there(false));
    assert_eq!(Level::decide(&level, &wanted(5)), Ok(vec![]), "the same was tried");
    let level = apply::<Level>(level, &wanted(6));
    assert!(at_l1(&level).in_doubt);
    let level = apply::<Level>(level, &read(shown(3, 0, 1)));
    assert_eq!((at_l1(&level).tried, &at_l1(&level).verdict), (None, &None));
    assert_eq!(Level::decide(&level, &wanted(6)), Ok(vec![]), "nothing is refused");
}
