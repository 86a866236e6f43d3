//! Links, baselines, writes and webhooks of a level: accepted, refused, repeated, late.

use super::event::LevelEvent;
use super::state::{Level, LevelLocation, Shown, Verdict, Write};
use super::{LevelCommand, LevelRejection, Outcome};
use crate::ids::{EffectId, LocationId, VariantId};
use crate::testing::{apply, at, given, id};

pub(super) const L1: LocationId = LocationId(1);

/// A level that shows `available` and `committed`, as of a moment.
pub(super) fn shown(available: i64, committed: i64, seconds: i64) -> Shown {
    Shown {
        available,
        on_hand: available + committed,
        committed,
        reserved: 0,
        damaged: 0,
        safety_stock: 0,
        quality_control: 0,
        active: true,
        at: at(seconds),
    }
}

pub(super) fn read(shown: Shown) -> LevelCommand {
    LevelCommand::RecordRead {
        location: L1,
        found: true,
        shown: Some(shown),
        tracked: true,
        known_sold: 0,
        known_open: 0,
        begun: at(0),
        at: at(0),
    }
}

pub(super) fn effect(name: &str) -> EffectId {
    id(name)
}

pub(super) fn intend(name: &str, write: Write) -> LevelCommand {
    LevelCommand::IntendPush { effect: effect(name), location: L1, write }
}

pub(super) fn answer(name: &str, outcome: Outcome) -> LevelCommand {
    LevelCommand::RecordAnswer { effect: effect(name), location: L1, outcome }
}

pub(super) fn observe(available: i64, seconds: i64) -> LevelCommand {
    LevelCommand::Observe { location: L1, available: Some(available), updated_at: at(seconds) }
}

pub(super) fn fold(commands: impl IntoIterator<Item = LevelCommand>) -> Level {
    commands.into_iter().fold(Level::default(), |level, command| apply::<Level>(level, &command))
}

pub(super) fn at_l1(level: &Level) -> &LevelLocation {
    level.location(L1).expect("the location is known")
}

fn available(level: &Level) -> i64 {
    at_l1(level).shown.expect("the level was read").available
}

fn link(sku: &str) -> LevelCommand {
    LevelCommand::Link { variant: VariantId(9), backoffice: id("wms"), sku: id(sku) }
}

fn baseline(delta_target: i64) -> LevelCommand {
    LevelCommand::TakeBaseline { location: L1, delta_target, at: at(0) }
}

fn set(from: i64, to: i64) -> Write {
    Write::SetOnHand { to, from }
}

const fn adjust(delta: i64) -> Write {
    Write::Adjust { delta }
}

#[test]
fn a_new_link_ends_every_baseline_and_a_repeated_one_is_silent() {
    let history = || [link("A1"), read(shown(5, 0, 0)), baseline(5)];
    given::<Level>().after(history()).when(&link("A1")).then_silent();
    let level = given::<Level>().after(history()).when(&link("A2")).then(&[
        LevelEvent::BaselineDropped { location: L1 },
        LevelEvent::Linked { variant: VariantId(9), backoffice: id("wms"), sku: id("A2") },
    ]);
    assert_eq!(at_l1(&level).booked, None);
    assert!(at_l1(&level).needs_read);
}

#[test]
fn cutting_a_link_ends_every_baseline_and_is_silent_when_repeated() {
    let cut = LevelCommand::Unlink { backoffice: id("wms"), sku: id("A1") };
    let level =
        given::<Level>().after([link("A1"), read(shown(5, 0, 0)), baseline(5)]).when(&cut).then(&[
            LevelEvent::BaselineDropped { location: L1 },
            LevelEvent::Unlinked { backoffice: id("wms"), sku: id("A1") },
        ]);
    assert!(level.links.is_empty());
    given::<Level>().when(&cut).then_silent();
}

#[test]
fn a_baseline_is_taken_once_until_it_is_dropped() {
    given::<Level>().after([baseline(5)]).when(&baseline(8)).then_silent();
    let drop = LevelCommand::DropBaseline { location: L1 };
    given::<Level>().when(&drop).then_silent();
    let level = fold([baseline(5), drop, baseline(8)]);
    assert_eq!(at_l1(&level).booked, Some(8));
}

#[test]
fn another_mapping_ends_the_baseline_and_wants_a_read() {
    let remap = LevelCommand::Remap { location: L1 };
    given::<Level>().when(&remap).then_silent();
    let level = fold([read(shown(5, 2, 0)), baseline(5), remap]);
    let known = at_l1(&level);
    assert_eq!((known.booked, known.sold, known.needs_read), (None, None, true));
}

#[test]
fn an_adjust_books_with_its_intent_and_lands_with_its_answer() {
    let level = fold([read(shown(10, 0, 0)), baseline(10), intend("e1", adjust(-3))]);
    assert_eq!((at_l1(&level).booked, available(&level)), (Some(7), 10));
    let level = apply::<Level>(level, &answer("e1", Outcome::Applied));
    assert_eq!((at_l1(&level).booked, available(&level)), (Some(7), 7));
    assert!(at_l1(&level).in_flight.is_empty());
}

#[test]
fn an_adjust_that_did_not_apply_gives_back_what_it_booked() {
    for outcome in [
        Outcome::NotApplied,
        Outcome::Refused(Verdict::Refused { code: "X".into(), message: "no".into() }),
    ] {
        let history = [read(shown(10, 0, 0)), baseline(10), intend("e1", adjust(-3))];
        let level = fold(history.into_iter().chain([answer("e1", outcome)]));
        assert_eq!((at_l1(&level).booked, available(&level)), (Some(10), 10));
    }
}

#[test]
fn a_dropped_write_gives_nothing_back_to_a_later_baseline() {
    let level = fold([
        read(shown(10, 0, 0)),
        baseline(10),
        intend("e1", adjust(-3)),
        LevelCommand::DropBaseline { location: L1 },
        baseline(50),
        answer("e1", Outcome::NotApplied),
    ]);
    assert_eq!(at_l1(&level).booked, Some(50));
}

#[test]
fn a_set_lands_on_hand_and_available() {
    let level =
        fold([read(shown(14, 3, 0)), intend("e1", set(17, 20)), answer("e1", Outcome::Applied)]);
    let shown = at_l1(&level).shown.expect("read");
    assert_eq!((shown.available, shown.on_hand, shown.committed), (17, 20, 3));
}

#[test]
fn a_repeated_intent_or_answer_is_silent() {
    let history = || [read(shown(10, 0, 0)), intend("e1", set(10, 12))];
    given::<Level>().after(history()).when(&intend("e1", set(10, 12))).then_silent();
    for outcome in [Outcome::Applied, Outcome::NotApplied, Outcome::Unknown, Outcome::Stale] {
        let done = history().into_iter().chain([answer("e1", Outcome::Applied)]);
        given::<Level>().after(done).when(&answer("e1", outcome)).then_silent();
    }
    let unknown = history().into_iter().chain([answer("e1", Outcome::Unknown)]);
    given::<Level>().after(unknown).when(&answer("e1", Outcome::Unknown)).then_silent();
}

#[test]
fn a_write_is_refused_where_it_could_do_harm() {
    let seen = || [read(shown(10, 0, 0)), baseline(10)];
    let refused = |history: Vec<LevelCommand>, write: Write, why: LevelRejection| {
        given::<Level>().after(history).when(&intend("e9", write)).then_refused(&why);
    };
    refused(vec![], set(0, 1), LevelRejection::NeverRead);
    refused(vec![baseline(1)], adjust(1), LevelRejection::NeverRead);
    refused(vec![read(shown(1, 0, 0))], adjust(1), LevelRejection::NoBaseline);
    refused(seen().into(), adjust(0), LevelRejection::NothingToWrite);
    let mut with_set = seen().to_vec();
    with_set.push(intend("e1", set(10, 12)));
    refused(with_set.clone(), set(10, 13), LevelRejection::InFlight);
    refused(with_set, adjust(-1), LevelRejection::InFlight);
    let mut with_adjust = seen().to_vec();
    with_adjust.push(intend("e1", adjust(2)));
    refused(with_adjust.clone(), set(10, 13), LevelRejection::InFlight);
    // Adjusts commute.
    given::<Level>().after(with_adjust).when(&intend("e9", adjust(-1))).then_accepted();
    let mut judged = seen().to_vec();
    judged.push(intend("e1", adjust(2)));
    judged.push(answer("e1", Outcome::Refused(Verdict::BundleParent)));
    refused(judged, adjust(2), LevelRejection::HasVerdict);
}

#[test]
fn a_stale_guard_wants_a_read() {
    let level =
        fold([read(shown(10, 0, 0)), intend("e1", set(10, 12)), answer("e1", Outcome::Stale)]);
    assert!(at_l1(&level).needs_read);
    assert_eq!(available(&level), 10);
}

#[test]
fn an_echo_counts_once_before_and_after_the_answer() {
    let flying = || [read(shown(10, 0, 0)), baseline(10), intend("e1", adjust(-3))];
    let seen = LevelEvent::EchoSeen {
        effect: effect("e1"),
        location: L1,
        available: 7,
        updated_at: at(5),
    };
    let level = given::<Level>().after(flying()).when(&observe(7, 5)).then(&[seen]);
    // A second copy, the answer, and a third copy change nothing more.
    assert!(super::decide::decide(&level, &observe(7, 5)).expect("accepted").is_empty());
    let level = apply::<Level>(level, &answer("e1", Outcome::Applied));
    assert_eq!(available(&level), 7);
    let level = apply::<Level>(level, &observe(7, 5));
    assert_eq!(available(&level), 7);
    assert!(!at_l1(&level).needs_read);
}

#[test]
fn an_echo_after_the_answer_is_seen_once() {
    let landed = || {
        let push = [intend("e1", adjust(-3)), answer("e1", Outcome::Applied)];
        [read(shown(10, 0, 0)), baseline(10)].into_iter().chain(push)
    };
    let level =
        given::<Level>().after(landed()).when(&observe(7, 5)).then(&[LevelEvent::EchoSeen {
            effect: effect("e1"),
            location: L1,
            available: 7,
            updated_at: at(5),
        }]);
    assert!(super::decide::decide(&level, &observe(7, 5)).expect("accepted").is_empty());
    // A copy of an older version that comes after the echo is late.
    assert!(super::decide::decide(&level, &observe(9, 4)).expect("accepted").is_empty());
    assert_eq!(available(&level), 7);
}

#[test]
fn the_echo_of_two_adjusts_is_recognised() {
    let level = fold([
        read(shown(10, 0, 0)),
        baseline(10),
        intend("e1", adjust(-3)),
        intend("e2", adjust(-2)),
        observe(7, 5),
        observe(5, 6),
    ]);
    assert!(at_l1(&level).in_flight.iter().all(|flight| flight.echo_seen));
    assert!(!at_l1(&level).in_doubt);
}

#[test]
fn a_webhook_that_nothing_explains_has_moved() {
    let level = given::<Level>().after([read(shown(10, 0, 0))]).when(&observe(9, 5)).then(&[
        LevelEvent::AvailableMoved {
            location: L1,
            from: 10,
            to: 9,
            updated_at: at(5),
            in_doubt: false,
        },
    ]);
    let known = at_l1(&level);
    assert_eq!((available(&level), known.unread, known.needs_read), (9, -1, true));
    assert!(!known.in_doubt);
}

#[test]
fn a_webhook_beside_a_write_is_in_doubt() {
    let level =
        fold([read(shown(10, 0, 0)), baseline(10), intend("e1", adjust(-3)), observe(6, 5)]);
    assert!(at_l1(&level).in_doubt);
}

#[test]
fn two_webhooks_of_one_second_are_in_doubt() {
    let level = fold([read(shown(10, 0, 0)), observe(9, 5), observe(8, 5)]);
    assert!(at_l1(&level).in_doubt);
}

#[test]
fn a_webhook_that_repeats_or_arrives_late_changes_nothing() {
    let history = || [read(shown(10, 0, 3)), observe(9, 5)];
    given::<Level>().after(history()).when(&observe(9, 5)).then_silent();
    given::<Level>().after(history()).when(&observe(10, 4)).then_silent();
    given::<Level>().after(history()).when(&observe(12, 2)).then_silent();
    // Of a level that was never read there is nothing to compare with.
    given::<Level>().when(&observe(9, 5)).then_silent();
    given::<Level>().after([baseline(0)]).when(&observe(9, 5)).then_silent();
}

fn decided(level: &Level, command: &LevelCommand) -> Vec<LevelEvent> {
    super::decide::decide(level, command).expect("accepted")
}

fn observe_nothing(seconds: i64) -> LevelCommand {
    LevelCommand::Observe { location: L1, available: None, updated_at: at(seconds) }
}

const DOUBTED: LevelEvent = LevelEvent::Doubted { location: L1 };

#[test]
fn a_doubt_wants_a_read_once_and_ends_with_it() {
    let doubt = LevelCommand::Doubt { location: L1 };
    let level = given::<Level>().after([read(shown(10, 0, 0))]).when(&doubt).then(&[DOUBTED]);
    assert!(at_l1(&level).needs_read && at_l1(&level).in_doubt);
    assert!(decided(&level, &doubt).is_empty());
    // A moved level wants a read already, but Delta would not wait for it.
    let moved = given::<Level>().after([read(shown(10, 0, 0)), observe(9, 5)]);
    moved.when(&doubt).then(&[DOUBTED]);
    let level = apply::<Level>(level, &read(shown(10, 0, 1)));
    assert!(!at_l1(&level).needs_read && !at_l1(&level).in_doubt);
}

#[test]
fn an_unknown_location_is_doubted_only_where_the_item_is_linked() {
    let doubt = LevelCommand::Doubt { location: L1 };
    given::<Level>().when(&doubt).then_silent();
    let level = given::<Level>().after([link("A1")]).when(&doubt).then(&[DOUBTED]);
    assert!(decided(&level, &doubt).is_empty());
}

#[test]
fn a_webhook_without_available_is_a_doubt_and_no_verdict() {
    let level = given::<Level>().after([read(shown(10, 0, 0))]);
    let level = level.when(&observe_nothing(5)).then(&[DOUBTED]);
    assert_eq!(at_l1(&level).verdict, None);
    assert!(decided(&level, &observe_nothing(5)).is_empty());
    given::<Level>().when(&observe_nothing(5)).then_silent();
    // A late one says nothing.
    given::<Level>().after([read(shown(10, 0, 9))]).when(&observe_nothing(5)).then_silent();
    // It confirms what a read has shown.
    let untracked = LevelCommand::RecordRead {
        location: L1,
        found: true,
        shown: None,
        tracked: false,
        known_sold: 0,
        known_open: 0,
        begun: at(0),
        at: at(0),
    };
    given::<Level>().after([untracked]).when(&observe_nothing(5)).then_silent();
}

#[test]
fn a_later_webhook_wants_a_read_of_a_level_whose_verdict_may_be_past() {
    let judged = |why: Verdict| {
        let refused = answer("e1", Outcome::Refused(why));
        fold([read(shown(10, 0, 3)), intend("e1", set(10, 12)), refused])
    };
    let refused = Verdict::Refused { code: "X".into(), message: "no".into() };
    for why in [Verdict::Untracked, Verdict::NotStocked, Verdict::Deleted, refused] {
        let level = judged(why);
        assert!(decided(&level, &observe(4, 2)).is_empty(), "it is late");
        assert_eq!(decided(&level, &observe(4, 6)), [LevelEvent::ReadNeeded { location: L1 }]);
        let level = apply::<Level>(level, &observe(4, 6));
        assert!(decided(&level, &observe(3, 7)).is_empty());
    }
    for why in [Verdict::BundleParent, Verdict::NotMapped] {
        let moved = decided(&judged(why), &observe(4, 6));
        assert!(matches!(moved[..], [LevelEvent::AvailableMoved { to: 4, .. }]));
    }
}
