//! When pushes leave.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Skip, Window};
use crate::stock::settings::WindowEdge;
use crate::testing::at;

const LEN: SignedDuration = SignedDuration::from_secs(30);

fn change(window: Window, seconds: i64) -> Window {
    window.change(at(seconds), WindowEdge::Leading, LEN, false)
}

fn skip(window: Window, seconds: i64) -> Window {
    window.change(at(seconds), WindowEdge::Leading, LEN, true)
}

fn pushed(window: Window, seconds: i64) -> Window {
    window.pushed(at(seconds), LEN)
}

#[test]
fn the_first_change_leaves_at_once_and_the_rest_in_one_push_at_the_end() {
    let window = change(Window::default(), 0);
    assert!(window.is_due(at(0)));
    let window = change(change(pushed(window, 0), 5), 25);
    assert_eq!((window.due_at, window.dirty_since), (Some(at(30)), Some(at(5))));
    assert!(!window.is_due(at(29)) && window.is_due(at(30)));
    // The push at the end opens the next window.
    let window = change(pushed(window, 30), 31);
    assert_eq!(window.due_at, Some(at(60)));
}

#[test]
fn trailing_sends_at_the_end_only() {
    let change =
        |window: Window, seconds| window.change(at(seconds), WindowEdge::Trailing, LEN, false);
    let window = change(change(Window::default(), 0), 20);
    assert_eq!(window.due_at, Some(at(30)));
    assert_eq!(change(pushed(window, 30), 31).due_at, Some(at(61)));
}

#[test]
fn falling_to_the_threshold_skips_the_window_once() {
    let open = pushed(change(Window::default(), 0), 0);
    let window = skip(open, 5);
    assert_eq!((window.due_at, window.skip), (Some(at(5)), Skip::Taken));
    let window = skip(pushed(window, 5), 6);
    assert_eq!((window.due_at, window.skip), (Some(at(35)), Skip::Spent));
    // The push that waited its turn gives the skip back.
    assert_eq!(skip(pushed(window, 35), 36).due_at, Some(at(36)));
}

#[test]
fn a_push_that_is_forced_inside_the_window_gives_no_skip_back() {
    let spent = pushed(skip(pushed(Window::default(), 0), 5), 5);
    assert_eq!(spent.skip, Skip::Spent);
    assert_eq!(pushed(spent, 10).skip, Skip::Spent);
    assert_eq!(pushed(spent, 35).skip, Skip::Ready);
}

#[test]
fn a_skip_that_is_not_needed_is_not_used() {
    assert_eq!(skip(Window::default(), 0).skip, Skip::Ready);
    let window = skip(pushed(Window::default(), 0), 5).settled();
    assert_eq!((window.skip, window.due_at, window.dirty_since), (Skip::Ready, None, None));
}

#[test]
fn nothing_to_push_opens_no_window() {
    let window = change(Window::default(), 0).settled();
    assert!(change(window, 1).is_due(at(1)));
    let open = change(pushed(Window::default(), 0), 5).settled();
    assert_eq!(change(open, 6).due_at, Some(at(30)));
}

#[test]
fn a_deferral_holds_for_later_changes() {
    let window = change(Window::default(), 0).deferred(at(0), at(12));
    assert_eq!(change(window, 3).due_at, Some(at(12)));
    assert_eq!(Window::default().deferred(at(0), at(12)).due_at, None);
    assert_eq!(window.deferred(at(20), at(12)).due_at, Some(at(20)));
}

#[test]
fn a_clock_that_was_set_back_holds_nothing_for_longer_than_a_window() {
    let window = change(pushed(Window::default(), 3_600), 10);
    assert_eq!(window.due_at, Some(at(40)));
    let pending = change(pushed(Window::default(), 3_600), 3_601);
    assert_eq!(change(pending, 10).due_at, Some(at(40)));
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let late = Window::default().pushed(Timestamp::MAX, LEN);
    let window = late.change(Timestamp::MAX, WindowEdge::Leading, LEN, false);
    assert!(window.is_due(Timestamp::MAX));
}

/// A push as the simulation saw it.
#[derive(Debug, Clone, Copy)]
struct Push {
    at: i64,
    skipped: bool,
}

proptest! {
    /// Played second by second: at most one push per window beside one skip, each change is
    /// pushed within one window, and nothing stays pending.
    #[test]
    fn the_last_value_always_leaves_in_time(
        changes in prop::collection::btree_map(0_i64..200, any::<bool>(), 0..40),
        trailing: bool,
    ) {
        let edge = if trailing { WindowEdge::Trailing } else { WindowEdge::Leading };
        let mut window = Window::default();
        let mut pushes: Vec<Push> = Vec::new();
        let mut pending: Vec<i64> = Vec::new();
        for now in 0..300 {
            if let Some(skip) = changes.get(&now) {
                window = window.change(at(now), edge, LEN, *skip);
                pending.push(now);
            }
            if window.is_due(at(now)) {
                for changed in pending.drain(..) {
                    prop_assert!(now - changed <= 30, "{changed} left at {now}");
                }
                pushes.push(Push { at: now, skipped: window.skip == Skip::Taken });
                window = window.pushed(at(now), LEN);
            }
        }
        prop_assert!(pending.is_empty() && window.dirty_since.is_none());
        for skipped in [false, true] {
            let same: Vec<_> = pushes.iter().filter(|push| push.skipped == skipped).collect();
            for pair in same.windows(2) {
                prop_assert!(pair[1].at - pair[0].at >= 30, "{pair:?}");
            }
        }
    }
}
