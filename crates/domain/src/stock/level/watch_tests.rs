//! Falls of which reads of orders tell whether they were edits.

use super::tests::{L1, at_l1, fold, shown};
use super::{Bound, KnownLine, KnownSold, Level, LevelCommand, LevelEvent};
use crate::decider::Decider as _;
use crate::stock::orders_read::Span;
use crate::testing::{apply, at};

pub(super) const HOUR: i64 = 3_600;
/// More than clocks are apart.
const LATER: i64 = 600;

/// A read that shows so much at a second.
pub(super) fn read(available: i64, committed: i64, second: i64) -> LevelCommand {
    read_with(available, committed, second, 0)
}

fn read_with(available: i64, committed: i64, second: i64, known_sold: i64) -> LevelCommand {
    LevelCommand::RecordRead {
        location: L1,
        found: true,
        shown: Some(shown(available, committed, second)),
        tracked: true,
        known_sold,
        known_open: 0,
        begun: at(second),
        at: at(second),
    }
}

pub(super) fn span(since: i64, until: i64) -> Span {
    Span { since: Some(at(since)), until: at(until) }
}

pub(super) fn settle(spans: &[Span], known: &KnownSold, second: i64) -> LevelCommand {
    let (read, known) = (spans.to_vec(), known.clone());
    LevelCommand::SettleFalls { location: L1, read, known, now: at(second) }
}

/// Lines of which one was sold in full each.
fn sold(lines: &[(i64, i64)]) -> KnownSold {
    let line = |(second, units): &(i64, i64)| KnownLine {
        as_of: at(*second),
        here: *units,
        open: *units,
        most: *units,
        unrouted: 0,
    };
    KnownSold {
        units: lines.iter().map(|(_, units)| units).sum(),
        lines: lines.iter().map(line).collect(),
        ..KnownSold::default()
    }
}

fn nothing() -> KnownSold {
    KnownSold::default()
}

/// What a look ends: how many units as edits, if any fall.
fn ends(level: &Level, command: &LevelCommand) -> Option<i64> {
    let events = Level::decide(level, command).expect("accepted");
    events.into_iter().find_map(|event| match event {
        LevelEvent::FallsSettled { edited, .. } => Some(edited),
        _ => None,
    })
}

fn bound(level: &Level) -> Option<Bound> {
    at_l1(level).watch.expect("watched").bound
}

fn waits(level: &Level) -> bool {
    at_l1(level).watch.expect("watched").falls.is_some()
}

#[test]
fn a_fall_ends_once_orders_were_read_up_to_after_it_and_none_explains_it() {
    let level = fold([read(10, 0, 0), read(7, 0, 100)]);
    assert_eq!(at_l1(&level).presumed(0), 3);
    let by = |spans: &[Span], known| ends(&level, &settle(spans, &known, 200));
    assert_eq!(by(&[], nothing()), None, "nobody read");
    assert_eq!(by(&[span(0, 99)], nothing()), None, "read up to before it");
    assert_eq!(by(&[span(1, 100)], nothing()), None, "from after the read before it");
    assert_eq!(by(&[span(0, 50), span(51, 100)], nothing()), None, "with a hole");
    assert_eq!(by(&[span(0, 100)], sold(&[(99, 3)])), Some(0), "all of it was sold");
    assert_eq!(by(&[span(0, 100)], sold(&[(99, 1)])), Some(2), "a part of it was");
    let ended = apply::<Level>(level, &settle(&[span(0, 100)], &nothing(), 200));
    assert_eq!((at_l1(&ended).presumed(0), at_l1(&ended).sold), (0, Some(0)));
    assert_eq!(ends(&ended, &settle(&[span(0, 200)], &nothing(), 300)), None, "it ends once");
}

#[test]
fn what_was_never_explained_before_the_fall_is_no_part_of_it() {
    // Two units of orders of before the store was connected.
    let level = fold([read(8, 2, 0), read(5, 2, 100)]);
    assert_eq!(at_l1(&level).presumed(0), 5);
    let ended = apply::<Level>(level.clone(), &settle(&[span(0, 100)], &nothing(), 200));
    assert_eq!((at_l1(&ended).presumed(0), bound(&ended).map(|b| b.units)), (2, Some(2)));
    // One of their orders changed meanwhile, and its line is known: it may have been sold since.
    let told = sold(&[(50, 1)]);
    assert_eq!(ends(&level, &settle(&[span(0, 100)], &told, 200)), Some(2));
    // What had been bounded before is no more by then.
    let level = fold([read(8, 2, 0)]);
    let level = apply::<Level>(level, &settle(&[span(-9, 10)], &nothing(), 20));
    let level = apply::<Level>(level, &read(5, 2, 100));
    assert_eq!(ends(&level, &settle(&[span(-9, 100)], &told, 200)), Some(2));
    // Had every order been read there is, they could not be sold.
    let ever = Span { since: None, until: at(100) };
    assert_eq!(ends(&level, &settle(&[ever], &sold(&[(50, 2)]), 200)), Some(3));
}

#[test]
fn a_fall_of_a_time_that_nobody_read_stays_presumed_and_one_behind_it_is_told() {
    let level = fold([read(8, 2, 0), read(5, 2, 100)]);
    let swept = [span(50, 3 * 24 * HOUR)];
    assert_eq!(ends(&level, &settle(&swept[..0], &nothing(), HOUR)), None, "it may come late");
    let lost = apply::<Level>(level, &settle(&swept, &nothing(), 3 * 24 * HOUR));
    assert_eq!((at_l1(&lost).presumed(0), at_l1(&lost).fallen), (5, 0));
    assert!(!waits(&lost));
    let later = 2 * 24 * HOUR;
    let level = apply::<Level>(lost, &read(4, 2, later));
    assert_eq!(ends(&level, &settle(&swept, &nothing(), later + LATER)), Some(1));
}

/// The later sweep may be heard before the earlier one, which tells more.
#[test]
fn nobody_gives_up_while_an_earlier_sweep_may_still_come() {
    let level = fold([read(10, 0, 0), read(7, 0, 2 * HOUR)]);
    let later = [span(HOUR, 3 * HOUR)];
    let level = apply::<Level>(level, &settle(&later, &nothing(), 3 * HOUR));
    assert!(waits(&level));
    let both = [span(0, 3 * HOUR)];
    assert_eq!(ends(&level, &settle(&both, &nothing(), 3 * HOUR)), Some(3));
}

#[test]
fn what_is_sold_since_hides_an_edit_until_a_later_read_shows_both() {
    let level = fold([read(10, 0, 0), read(7, 0, 100)]);
    // Two were sold after it, of which the level was not read yet.
    let two = sold(&[(150, 2)]);
    let level = apply::<Level>(level, &settle(&[span(0, 200)], &two, 200));
    assert_eq!(at_l1(&level).presumed(0), 2, "one is known to be edited");
    let level = apply::<Level>(level, &read(5, 2, 300));
    let level = apply::<Level>(level, &settle(&[span(0, 400)], &two, 400));
    assert_eq!(at_l1(&level).presumed(2), 0);
    assert!(!waits(&level));
}

/// Orders are read up to a moment ago: a level that is read all the time is judged by its mark.
#[test]
fn a_level_that_was_read_since_is_judged_by_the_read_that_orders_reach() {
    let one = sold(&[(140, 1)]);
    let level = fold([read(10, 0, 0), read(7, 0, 100), read(6, 1, 150)]);
    assert_eq!(ends(&level, &settle(&[span(0, 120)], &one, 200)), Some(2));
    let later = fold([read(10, 0, 0), read(7, 0, 100), read(6, 1, 100 + HOUR / 2)]);
    assert_eq!(ends(&later, &settle(&[span(0, 120)], &one, 200)), None, "its mark went along");
    assert_eq!(ends(&later, &settle(&[span(0, HOUR)], &one, HOUR)), Some(3));
    // The newest read is in a span that tells nothing, and the mark in one that does.
    let apart = [span(0, 120), span(130, 200)];
    assert_eq!(ends(&level, &settle(&apart, &one, 200)), Some(2));
}

/// What is sold all the time is watched for six hours from the first fall, whatever is read.
#[test]
fn nobody_waits_for_ever_for_a_fall_that_was_sold() {
    let mut level = fold([read(10, 0, 0), read(7, 0, 100)]);
    for minute in 1..=7 * 60 {
        level = apply::<Level>(level, &read(7, 0, minute * 60));
        let known = sold(&[(100, 3), (minute * 60 + 30, 1)]);
        let until = span(0, minute * 60);
        level = apply::<Level>(level, &settle(&[until], &known, minute * 60 + 60));
        assert_eq!(waits(&level), minute * 60 - 100 < 6 * HOUR, "{minute}");
    }
    assert_eq!(at_l1(&level).presumed(0), 3);
    // Where nobody reads orders it ends as well.
    let level = fold([read(10, 0, 0), read(7, 0, 100)]);
    let looked = |second| ends(&level, &settle(&[], &nothing(), second));
    assert_eq!((looked(71 * HOUR), looked(73 * HOUR)), (None, Some(0)));
}

#[test]
fn another_mapping_or_a_level_that_is_gone_ends_what_is_watched() {
    let level = fold([read(10, 0, 0), read(7, 0, 100)]);
    let mapped = apply::<Level>(level.clone(), &LevelCommand::Remap { location: L1 });
    assert_eq!(at_l1(&mapped).watch, None);
    assert_eq!(ends(&mapped, &settle(&[span(0, 200)], &nothing(), 200)), None);
    // What it sold is measured anew when it is stocked again.
    let gone = LevelCommand::RecordRead {
        location: L1,
        found: true,
        shown: None,
        tracked: true,
        known_sold: 0,
        known_open: 0,
        begun: at(200),
        at: at(200),
    };
    let back = apply::<Level>(apply::<Level>(level, &gone), &read(7, 0, 300));
    assert_eq!(ends(&back, &settle(&[span(0, 400)], &nothing(), 400)), None);
    assert_eq!(at_l1(&back).presumed(0), 0);
}

/// A cancellation is read at the level before its word comes.
#[test]
fn a_word_that_comes_after_the_read_makes_no_sale_an_edit() {
    let swept = [span(-HOUR, 9 * HOUR)];
    // Two units of orders of before; a third is sold, is known, and is cancelled.
    let mut level = fold([read(8, 2, 0), read(7, 3, HOUR)]);
    let sold_one = sold(&[(HOUR, 1)]);
    level = apply::<Level>(level, &settle(&[span(-HOUR, HOUR)], &sold_one, HOUR + LATER));
    level = apply::<Level>(level, &read(8, 2, 2 * HOUR));
    // Nobody read the orders up to here yet.
    level = apply::<Level>(level, &settle(&[span(-HOUR, HOUR)], &sold_one, 2 * HOUR));
    let cancelled = KnownLine { as_of: at(2 * HOUR), here: 0, open: 0, most: 1, unrouted: 0 };
    let word = KnownSold { lines: vec![cancelled], ..nothing() };
    level = apply::<Level>(level, &settle(&swept, &word, 3 * HOUR));
    // One is sold at the counter.
    level = apply::<Level>(level, &read(7, 2, 4 * HOUR));
    let counter = sold(&[(4 * HOUR, 1)]);
    let known = KnownSold { lines: vec![cancelled, counter.lines[0]], ..counter };
    let level = apply::<Level>(level, &settle(&swept, &known, 5 * HOUR));
    assert_eq!(at_l1(&level).presumed(1), 2, "the two of before are still sold");
}

#[test]
fn what_a_moment_comes_to_is_taken_from_words_that_are_older() {
    let line = |as_of, here, open, most, unrouted| KnownLine {
        as_of: at(as_of),
        here,
        open,
        most,
        unrouted,
    };
    let known = KnownSold {
        units: 10,
        unclaimed: 1,
        lines: vec![line(0, 3, 2, 5, 0), line(1_000, 2, 2, 4, 0), line(100, 0, 0, 6, 1)],
        gone: Some(at(200)),
    };
    assert_eq!(known.at_most(at(400)), None, "of what was let go since it cannot be told");
    assert_eq!(known.at_most(at(900)), Some(10 + 2 + 1));
    assert_eq!(known.at_most(at(1_400)), Some(10 + 1), "clocks may be five minutes apart");
    assert_eq!(known.at_least(at(900), None), Some(10 - 1 - 2));
    assert_eq!(known.at_least(at(1_400), None), Some(10 - 1));
    assert_eq!(known.at_least(at(1_400), Some(at(50))), Some(10 - 1 - 2), "may be cancelled");
    assert!(!known.is_still(at(2_000)), "one may be anywhere");
    let routed = KnownSold { lines: vec![line(1_000, 2, 2, 4, 0)], ..known };
    assert!(routed.is_still(at(1_000)) && !routed.is_still(at(999)));
}
