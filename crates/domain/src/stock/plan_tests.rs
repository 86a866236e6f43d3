//! What is done about a level.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Decision, Reason, Targets, plan};
use crate::ids::EffectId;
use crate::stock::level::{
    Activation, ActivationEnd, InFlight, LevelLocation, Shown, Verdict, Write,
};
use crate::stock::settings::{Enabled, StockMode, StoreStock};
use crate::testing::{at, id};

fn rules(mode: StockMode) -> StoreStock {
    StoreStock { enabled: Enabled::Live, mode, ..StoreStock::default() }
}

fn shown(available: i64, committed: i64) -> Shown {
    let at: Timestamp = at(0);
    Shown {
        available,
        on_hand: available + committed,
        committed,
        reserved: 0,
        damaged: 0,
        safety_stock: 0,
        quality_control: 0,
        active: true,
        at,
    }
}

fn location(available: i64, committed: i64) -> LevelLocation {
    LevelLocation { shown: Some(shown(available, committed)), ..LevelLocation::default() }
}

fn flight(write: Write, unknown: bool) -> InFlight {
    let effect: EffectId = id("e1");
    InFlight { effect, write, booked: true, echo_seen: false, unknown, asked: None }
}

fn absolute(location: &LevelLocation, target: Option<i64>) -> Decision {
    plan(
        &rules(StockMode::Absolute),
        location,
        &Targets { available: target, delta: 0, held_back: 0 },
    )
}

fn delta(location: &LevelLocation, target: i64) -> Decision {
    plan(
        &rules(StockMode::Delta),
        location,
        &Targets { available: None, delta: target, held_back: 0 },
    )
}

const fn nothing(reason: Reason) -> Decision {
    Decision::Nothing(reason)
}

const fn adjust(delta: i64) -> Decision {
    Decision::Push(Write::Adjust { delta })
}

#[test]
fn off_does_nothing_and_shadow_plans_like_live() {
    let level = location(5, 0);
    let targets = Targets { available: Some(7), delta: 0, held_back: 0 };
    let with = |enabled| StoreStock { enabled, ..rules(StockMode::Absolute) };
    assert_eq!(plan(&with(Enabled::Off), &level, &targets), nothing(Reason::Off));
    let live = plan(&with(Enabled::Live), &level, &targets);
    assert_eq!(plan(&with(Enabled::Shadow), &level, &targets), live);
}

#[test]
fn absolute_sets_on_hand_from_the_explained_quantity() {
    let write = Write::SetOnHand { to: 20, from: 15 };
    assert_eq!(absolute(&location(10, 5), Some(15)), Decision::Push(write));
    assert_eq!(absolute(&location(10, 5), Some(10)), nothing(Reason::AtTarget));
    assert_eq!(absolute(&location(10, 5), None), nothing(Reason::UnknownPosition));
}

#[test]
fn absolute_sets_available_where_on_hand_would_fall_below_zero() {
    let rules = StoreStock { allow_negative: true, ..rules(StockMode::Absolute) };
    let at = |target| Targets { available: Some(target), delta: 0, held_back: 0 };
    let write = Write::SetOnHand { to: 1, from: 7 };
    assert_eq!(plan(&rules, &location(4, 3), &at(-2)), Decision::Push(write));
    let write = Write::SetAvailable { to: -5, from: 4 };
    assert_eq!(plan(&rules, &location(4, 3), &at(-5)), Decision::Push(write));
}

#[test]
fn without_allow_negative_absolute_stops_at_zero_and_lifts_nothing_to_it() {
    let write = Write::SetOnHand { to: 3, from: 7 };
    assert_eq!(absolute(&location(4, 3), Some(-2)), Decision::Push(write));
    assert_eq!(absolute(&location(0, 3), Some(-2)), nothing(Reason::AtTarget));
    assert_eq!(absolute(&location(-1, 3), Some(-2)), nothing(Reason::BelowZero));
    assert_eq!(absolute(&location(-1, 3), Some(0)), nothing(Reason::BelowZero));
    // What is really there is shown again.
    let write = Write::SetOnHand { to: 5, from: 2 };
    assert_eq!(absolute(&location(-1, 3), Some(2)), Decision::Push(write));
}

#[test]
fn absolute_reads_what_was_never_read_or_has_moved() {
    assert_eq!(absolute(&LevelLocation::default(), Some(1)), Decision::Read);
    let moved = LevelLocation { needs_read: true, ..location(5, 0) };
    assert_eq!(absolute(&moved, Some(7)), Decision::Read);
}

#[test]
fn one_set_is_in_the_air_at_a_time() {
    let write = Write::SetOnHand { to: 20, from: 15 };
    let answered_soon = LevelLocation { in_flight: vec![flight(write, false)], ..location(10, 5) };
    assert_eq!(absolute(&answered_soon, Some(30)), Decision::Wait);
    assert_eq!(delta(&answered_soon, 30), Decision::Wait);
    let unknown = LevelLocation { in_flight: vec![flight(write, true)], ..location(10, 5) };
    assert_eq!(absolute(&unknown, Some(30)), Decision::Read);
    let adjust = vec![flight(Write::Adjust { delta: 1 }, false)];
    let adjusting = LevelLocation { in_flight: adjust, ..location(10, 5) };
    assert_eq!(absolute(&adjusting, Some(30)), Decision::Wait);
}

#[test]
fn a_verdict_stops_every_write_until_a_read() {
    let judged = |verdict, needs_read| LevelLocation {
        verdict: Some(verdict),
        needs_read,
        booked: Some(0),
        ..location(5, 0)
    };
    for verdict in [Verdict::Untracked, Verdict::BundleParent, Verdict::Deleted] {
        let level = judged(verdict, false);
        assert_eq!(absolute(&level, Some(9)), nothing(Reason::Verdict));
        assert_eq!(delta(&level, 9), nothing(Reason::Verdict));
    }
    let refused = Verdict::Refused { code: "X".into(), message: "no".into() };
    for verdict in [Verdict::Untracked, Verdict::NotStocked, Verdict::Deleted, refused] {
        let level = judged(verdict, true);
        assert_eq!(absolute(&level, Some(9)), Decision::Read);
        assert_eq!(delta(&level, 9), Decision::Read);
        // A read beside an adjust could not tell whether it holds it.
        let in_flight = vec![flight(Write::Adjust { delta: 1 }, true)];
        assert_eq!(delta(&LevelLocation { in_flight, ..level }, 9), Decision::Wait);
    }
    for verdict in [Verdict::BundleParent, Verdict::NotMapped] {
        let level = LevelLocation { in_doubt: true, ..judged(verdict, true) };
        assert_eq!(absolute(&level, Some(9)), nothing(Reason::Verdict));
        assert_eq!(delta(&level, 9), nothing(Reason::Verdict));
    }
}

#[test]
fn delta_sends_the_change_since_what_was_booked() {
    let level = LevelLocation { booked: Some(100), ..location(5, 0) };
    assert_eq!(delta(&level, 104), adjust(4));
    assert_eq!(delta(&level, 97), adjust(-3));
    assert_eq!(delta(&level, 100), nothing(Reason::AtTarget));
    assert_eq!(delta(&location(5, 0), 104), nothing(Reason::NoBaseline));
}

#[test]
fn delta_keeps_webhooks_and_reads_only_in_doubt() {
    let moved = LevelLocation { booked: Some(100), needs_read: true, ..location(5, 0) };
    assert_eq!(delta(&moved, 104), adjust(4));
    let doubted = LevelLocation { in_doubt: true, ..moved };
    assert_eq!(delta(&doubted, 104), Decision::Read);
}

#[test]
fn a_fall_below_zero_is_cut_and_the_rest_stays_unbooked() {
    let level = LevelLocation { booked: Some(100), ..location(2, 0) };
    assert_eq!(delta(&level, 95), adjust(-2));
    let empty = LevelLocation { booked: Some(98), ..location(0, 0) };
    assert_eq!(delta(&empty, 95), nothing(Reason::BelowZero));
    // A later rise first meets what was not sent.
    assert_eq!(delta(&empty, 101), adjust(3));
    let oversold = LevelLocation { booked: Some(98), ..location(-3, 3) };
    assert_eq!(delta(&oversold, 95), nothing(Reason::BelowZero));
    let rules = StoreStock { allow_negative: true, ..rules(StockMode::Delta) };
    let targets = Targets { available: None, delta: 95, held_back: 0 };
    assert_eq!(plan(&rules, &level, &targets), adjust(-5));
}

#[test]
fn beside_an_adjust_of_unknown_outcome_falls_go_and_rises_wait() {
    let with = |delta, unknown| LevelLocation {
        booked: Some(100),
        in_flight: vec![flight(Write::Adjust { delta }, unknown)],
        ..location(10, 0)
    };
    assert_eq!(delta(&with(5, true), 97), adjust(-3));
    assert_eq!(delta(&with(5, true), 103), Decision::Wait);
    assert_eq!(delta(&with(5, false), 97), Decision::Wait);
    // The fall in the air counts, the rise does not.
    assert_eq!(delta(&with(-8, true), 95), adjust(-2));
    assert_eq!(delta(&with(8, true), 80), adjust(-10));
}

proptest! {
    /// No write raises available by more than the target exceeds what is explained, and without
    /// `allow_negative` none ends below zero.
    #[test]
    fn no_write_oversells(
        available in -20_i64..50,
        committed in 0_i64..10,
        target in -30_i64..60,
        booked in -30_i64..60,
        allow_negative: bool,
        absolute: bool,
    ) {
        let mode = if absolute { StockMode::Absolute } else { StockMode::Delta };
        let rules = StoreStock { allow_negative, ..rules(mode) };
        let level = LevelLocation { booked: Some(booked), ..location(available, committed) };
        let targets = Targets { available: Some(target), delta: target, held_back: 0 };
        let decision = plan(&rules, &level, &targets);
        let Decision::Push(write) = decision else { return Ok(()) };
        let wanted = if absolute { target - available } else { target - booked };
        prop_assert!(write.change() != 0);
        prop_assert!(write.change() <= wanted.max(0));
        if !allow_negative && write.change() < 0 {
            prop_assert!(available + write.change() >= 0);
        }
        if let Write::SetOnHand { to, from } = write {
            prop_assert!(to >= 0 && from == available + committed);
        }
        // Once it has landed there is nothing more to do.
        let landed = LevelLocation {
            booked: Some(booked + if absolute { 0 } else { write.change() }),
            ..location(available + write.change(), committed)
        };
        let again = plan(&rules, &landed, &targets);
        prop_assert!(
            matches!(again, Decision::Nothing(Reason::AtTarget | Reason::BelowZero)),
            "{again:?}"
        );
    }
}

#[test]
fn a_stuck_adjust_holds_back_rises_and_lets_falls_go_even_in_doubt() {
    let stuck = |delta: i64| LevelLocation {
        booked: Some(10),
        in_flight: vec![flight(Write::Adjust { delta }, true)],
        in_doubt: true,
        needs_read: true,
        ..location(10, 0)
    };
    assert_eq!(delta(&stuck(4), 12), Decision::Wait);
    assert_eq!(delta(&stuck(4), 7), adjust(-3));
    // A fall that may have applied leaves less to take.
    assert_eq!(delta(&stuck(-8), 2), adjust(-2));
    // Beside a call whose answer is awaited, a doubt is ended first.
    let mut flying = stuck(4);
    flying.in_flight[0].unknown = false;
    assert_eq!(delta(&flying, 7), Decision::Wait);
    assert_eq!(absolute(&stuck(4), Some(7)), Decision::Wait);
}

#[test]
fn what_is_not_stocked_is_stocked_if_the_store_allows() {
    let unstocked = LevelLocation {
        verdict: Some(Verdict::NotStocked),
        booked: Some(0),
        ..LevelLocation::default()
    };
    assert_eq!(delta(&unstocked, 5), Decision::Activate);
    assert_eq!(absolute(&unstocked, None), Decision::Activate);
    let forbids = StoreStock { activate_at_location: false, ..rules(StockMode::Delta) };
    let targets = Targets { available: None, delta: 5, held_back: 0 };
    assert_eq!(plan(&forbids, &unstocked, &targets), nothing(Reason::Verdict));
    let pending = |ended| LevelLocation {
        activation: Some(Activation { effect: id("a1"), ended }),
        ..unstocked.clone()
    };
    assert_eq!(delta(&pending(None), 5), Decision::Wait);
    assert_eq!(delta(&pending(Some(ActivationEnd::Applied)), 5), Decision::Read);
    // A verdict that may be past is looked into first.
    let doubted = LevelLocation { needs_read: true, ..unstocked };
    assert_eq!(delta(&doubted, 5), Decision::Read);
}
