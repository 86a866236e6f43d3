//! Falls of which reads of orders tell whether they were edits.

use proptest::prelude::*;

use super::tests::{L1, at_l1, fold, shown};
use super::{Level, LevelCommand, LevelEvent};
use crate::decider::Decider as _;
use crate::stock::orders_read::Span;
use crate::testing::{apply, at};

const HOUR: i64 = 3_600;

/// A read that shows so much at a second, where lines explain so many sold units.
fn read(available: i64, committed: i64, second: i64, known_sold: i64) -> LevelCommand {
    LevelCommand::RecordRead {
        location: L1,
        found: true,
        shown: Some(shown(available, committed, second)),
        tracked: true,
        known_sold,
        known_open: 0,
        at: at(second),
    }
}

fn span(since: i64, until: i64) -> Span {
    Span { since: Some(at(since)), until: at(until) }
}

fn settle(spans: &[Span], known_sold: i64) -> LevelCommand {
    LevelCommand::SettleFalls { location: L1, read: spans.to_vec(), known_sold }
}

fn settled(level: &Level, command: &LevelCommand) -> Option<i64> {
    let events = Level::decide(level, command).expect("accepted");
    events.into_iter().next().map(|event| match event {
        LevelEvent::FallsSettled { edited, .. } => edited,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_fall_ends_once_orders_were_read_up_to_after_it_and_none_explains_it() {
    let level = fold([read(10, 0, 0, 0), read(7, 0, 100, 0)]);
    assert_eq!(at_l1(&level).presumed(0), 3);
    assert_eq!(settled(&level, &settle(&[], 0)), None, "nobody read");
    assert_eq!(settled(&level, &settle(&[span(0, 99)], 0)), None, "read up to before it");
    assert_eq!(settled(&level, &settle(&[span(0, 100)], 3)), None, "all of it was sold");
    assert_eq!(settled(&level, &settle(&[span(0, 100)], 1)), Some(2), "a part of it was");
    let ended = apply::<Level>(level, &settle(&[span(0, 100)], 0));
    assert_eq!((at_l1(&ended).presumed(0), at_l1(&ended).sold), (0, Some(0)));
    assert_eq!(settled(&ended, &settle(&[span(0, 200)], 0)), None, "it ends once");
}

#[test]
fn what_was_never_explained_before_the_fall_is_no_part_of_it() {
    // Two units of orders of before the store was connected.
    let level = fold([read(8, 2, 0, 0), read(5, 2, 100, 0)]);
    assert_eq!(at_l1(&level).presumed(0), 5);
    let ended = apply::<Level>(level, &settle(&[span(0, 100)], 0));
    assert_eq!(at_l1(&ended).presumed(0), 2);
    // Of one there was news meanwhile, which a read took note of.
    let level = fold([read(8, 2, 0, 0), read(8, 2, 50, 1), read(5, 2, 100, 1)]);
    assert_eq!(settled(&level, &settle(&[span(0, 100)], 1)), Some(3));
    // Had every order been read there is, they could not be sold.
    let ever = Span { since: None, until: at(100) };
    assert_eq!(settled(&level, &settle(&[ever], 2)), Some(3));
}

#[test]
fn a_fall_of_a_time_that_nobody_read_stays_presumed_for_good() {
    let level = fold([read(8, 2, 0, 0), read(5, 2, 100, 0)]);
    let lost = apply::<Level>(level, &settle(&[span(50, 100)], 0));
    assert_eq!((at_l1(&lost).presumed(0), at_l1(&lost).fallen), (5, 0));
    assert_eq!(settled(&lost, &settle(&[span(0, HOUR)], 0)), None);
}

#[test]
fn what_is_sold_since_hides_an_edit_until_a_later_read_shows_both() {
    let level = fold([read(10, 0, 0, 0), read(7, 0, 100, 0)]);
    // Two were sold after it, of which the level was not read yet.
    let level = apply::<Level>(level, &settle(&[span(0, 200)], 2));
    assert_eq!(at_l1(&level).presumed(0), 2, "one is known to be edited");
    let level = apply::<Level>(level, &read(5, 2, 300, 2));
    let level = apply::<Level>(level, &settle(&[span(0, 400)], 2));
    assert_eq!(at_l1(&level).presumed(2), 0);
    assert_eq!(at_l1(&level).watch.expect("watched").falls, None);
}

/// Orders are read up to a moment ago: a level that is read all the time is judged by its mark.
#[test]
fn a_level_that_was_read_since_is_judged_by_the_read_that_orders_reach() {
    let level = fold([read(10, 0, 0, 0), read(7, 0, 100, 0), read(6, 1, 150, 1)]);
    assert_eq!(settled(&level, &settle(&[span(0, 120)], 1)), Some(2));
    let later = fold([read(10, 0, 0, 0), read(7, 0, 100, 0), read(6, 1, 100 + HOUR / 2, 1)]);
    assert_eq!(settled(&later, &settle(&[span(0, 120)], 1)), None, "its mark went along");
    assert_eq!(settled(&later, &settle(&[span(0, HOUR)], 1)), Some(3));
}

#[test]
fn nobody_waits_for_ever_for_a_fall_that_was_sold() {
    let level = fold([read(10, 0, 0, 0), read(7, 0, 100, 0)]);
    let reached = |until| settled(&level, &settle(&[span(0, until)], 3));
    assert_eq!((reached(5 * HOUR), reached(7 * HOUR)), (None, Some(0)));
    let done = apply::<Level>(level, &settle(&[span(0, 7 * HOUR)], 3));
    assert_eq!((at_l1(&done).presumed(3), at_l1(&done).presumed(0)), (0, 3));
}

#[test]
fn another_mapping_ends_what_is_watched() {
    let level = fold([read(10, 0, 0, 0), read(7, 0, 100, 0)]);
    let level = apply::<Level>(level, &LevelCommand::Remap { location: L1 });
    assert_eq!(at_l1(&level).watch, None);
    assert_eq!(settled(&level, &settle(&[span(0, 200)], 0)), None);
}

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Sold at a counter: an order that is fulfilled at once.
    Counter(i64),
    /// Sold in the shop.
    Checkout(i64),
    Edit(i64),
    Read,
    /// The orders are read, and all that is known of them arrives.
    Sweep,
    /// Of so many orders the news arrive by themselves.
    News(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (1_i64..4).prop_map(Act::Counter),
        2 => (1_i64..4).prop_map(Act::Checkout),
        2 => (1_i64..4).prop_map(Act::Edit),
        4 => Just(Act::Read),
        2 => Just(Act::Sweep),
        2 => (1_usize..3).prop_map(Act::News),
    ]
}

/// A shop's level, by its definition.
#[derive(Default)]
struct Shop {
    available: i64,
    committed: i64,
    sold: i64,
    /// Units of orders of which nobody told yet.
    unheard: Vec<i64>,
}

impl Shop {
    fn known(&self) -> i64 {
        self.sold - self.unheard.iter().sum::<i64>()
    }
}

proptest! {
    /// Whatever happens in which order: never more is taken for an edit than was edited, and once
    /// all is read nothing else stays presumed.
    #[test]
    fn only_edits_end_and_all_of_them(
        acts in prop::collection::vec(act(), 0..30),
        before in 0_i64..3,
    ) {
        // Of some orders of before nobody will ever tell.
        let mut shop =
            Shop { available: 1_000, committed: before, sold: before, unheard: vec![] };
        let mut seen = before;
        let known = |shop: &Shop| shop.known() - before;
        let mut level = fold([read(1_000, before, 0, 0)]);
        let mut second = 0;
        let mut read_up_to = 0;
        let last = [Act::Sweep, Act::Read, Act::Sweep, Act::Read, Act::Sweep];
        for act in acts.into_iter().chain(last) {
            second += 60;
            match act {
                Act::Counter(units) | Act::Checkout(units) => {
                    shop.available -= units;
                    shop.sold += units;
                    shop.unheard.push(units);
                    if matches!(act, Act::Checkout(_)) {
                        shop.committed += units;
                    }
                }
                Act::Edit(units) => shop.available -= units,
                Act::Read => {
                    let (a, c) = (shop.available, shop.committed);
                    seen = shop.sold;
                    level = apply::<Level>(level, &read(a, c, second, known(&shop)));
                }
                Act::Sweep => {
                    shop.unheard.clear();
                    read_up_to = second;
                }
                Act::News(orders) => {
                    let heard = orders.min(shop.unheard.len());
                    shop.unheard.drain(..heard);
                }
            }
            let spans = [span(0, read_up_to)];
            level = apply::<Level>(level, &settle(&spans, known(&shop)));
            prop_assert!(at_l1(&level).seen_sold() >= seen, "what was sold was taken for an edit");
        }
        // Everything was read: what is presumed was sold, and by nobody known.
        prop_assert_eq!(at_l1(&level).presumed(known(&shop)), before);
    }
}
