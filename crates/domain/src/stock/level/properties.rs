//! What holds for every history of a level.

use proptest::prelude::*;

use super::state::{Level, Shown, Write};
use super::tests::{L1, answer, at_l1, effect, intend, observe, read, shown};
use super::{LevelCommand, Outcome};
use crate::decider::Decider;
use crate::testing::at;

/// What happens in a Shopify that keeps the arithmetic of its quantities.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Sale(i64),
    Cancellation(i64),
    Fulfillment(i64),
    Edit(i64),
    Push(i64),
    Webhook,
    Doubt,
    Read,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (1_i64..5).prop_map(Happening::Sale),
        (1_i64..5).prop_map(Happening::Cancellation),
        (1_i64..5).prop_map(Happening::Fulfillment),
        // An edit upwards can hide a sale from every reader of quantities.
        (-5_i64..=0).prop_map(Happening::Edit),
        (-5_i64..5).prop_map(Happening::Push),
        Just(Happening::Webhook),
        Just(Happening::Doubt),
        Just(Happening::Read),
    ]
}

fn accept(level: Level, command: &LevelCommand) -> Level {
    match Level::decide(&level, command) {
        Ok(events) => Level::evolve_all(level, &events),
        Err(_) => level,
    }
}

/// Lets something happen at Shopify; answers the units sold less those cancelled.
fn happen(truth: &mut Shown, what: Happening) -> i64 {
    match what {
        Happening::Sale(units) => {
            truth.available -= units;
            truth.committed += units;
            return units;
        }
        Happening::Cancellation(units) => {
            let units = units.min(truth.committed);
            truth.available += units;
            truth.committed -= units;
            return -units;
        }
        Happening::Fulfillment(units) => {
            let units = units.min(truth.committed);
            truth.committed -= units;
            truth.on_hand -= units;
        }
        Happening::Edit(units) | Happening::Push(units) => {
            truth.available += units;
            truth.on_hand += units;
        }
        Happening::Webhook | Happening::Doubt | Happening::Read => {}
    }
    0
}

proptest! {
    /// A read always ends with what Shopify shows, whatever came before, and never presumes less
    /// sold than really is.
    #[test]
    fn a_read_ends_every_doubt(happenings in prop::collection::vec(happening(), 0..24)) {
        let mut truth = shown(50, 5, 0);
        let mut level = accept(Level::default(), &read(truth));
        let baseline = LevelCommand::TakeBaseline { location: L1, delta_target: 0, at: at(0) };
        level = accept(level, &baseline);
        let mut really_sold = 5;
        for (n, what) in happenings.into_iter().enumerate() {
            let seconds = i64::try_from(n).expect("small") + 1;
            truth.at = at(seconds);
            let name = format!("e{n}");
            match what {
                Happening::Push(delta) => {
                    level = accept(level, &intend(&name, Write::Adjust { delta }));
                    let flies = at_l1(&level).in_flight(&effect(&name)).is_some();
                    if flies {
                        really_sold += happen(&mut truth, what);
                    }
                    level = accept(level, &answer(&name, Outcome::Applied));
                }
                Happening::Webhook => {
                    level = accept(level, &observe(truth.available, seconds));
                }
                Happening::Doubt => {
                    level = accept(level, &LevelCommand::Doubt { location: L1 });
                }
                Happening::Read => {
                    level = accept(level, &read(truth));
                    prop_assert_eq!(at_l1(&level).shown, Some(truth));
                }
                _ => really_sold += happen(&mut truth, what),
            }
        }
        level = accept(level, &read(truth));
        prop_assert_eq!(at_l1(&level).shown, Some(truth));
        prop_assert!(!at_l1(&level).needs_read && !at_l1(&level).in_doubt);
        let known = at_l1(&level).seen_sold();
        // Mixtures are read the way that leaves least to sell.
        prop_assert!(known >= really_sold, "presumes {known} of {really_sold}");
    }

    /// What is booked is the baseline and every adjust that applied or may have applied.
    #[test]
    fn booked_is_the_sum_of_what_may_have_applied(
        writes in prop::collection::vec((-9_i64..9, 0_u8..4), 0..20),
    ) {
        let mut level = accept(Level::default(), &read(shown(1_000, 0, 0)));
        let baseline = LevelCommand::TakeBaseline { location: L1, delta_target: 7, at: at(0) };
        level = accept(level, &baseline);
        let (mut booked, mut applied) = (7, 1_000);
        for (n, (delta, outcome)) in writes.into_iter().enumerate() {
            if delta == 0 {
                continue;
            }
            let name = format!("e{n}");
            level = accept(level, &intend(&name, Write::Adjust { delta }));
            let outcome = match outcome {
                0 => Outcome::NotApplied,
                1 => Outcome::Unknown,
                _ => Outcome::Applied,
            };
            if outcome != Outcome::NotApplied {
                booked += delta;
            }
            if outcome == Outcome::Applied {
                applied += delta;
            }
            level = accept(level, &answer(&name, outcome));
        }
        prop_assert_eq!(at_l1(&level).booked, Some(booked));
        prop_assert_eq!(at_l1(&level).shown.map(|shown| shown.available), Some(applied));
    }

    /// Webhooks in any order and number end with the value of the newest.
    #[test]
    fn webhooks_are_states_and_not_movements(
        versions in prop::collection::vec(0_usize..8, 1..20),
        values in prop::collection::vec(-20_i64..20, 8),
    ) {
        let mut level = accept(Level::default(), &read(shown(10, 0, 0)));
        let mut newest: Option<usize> = None;
        for version in versions {
            let seconds = i64::try_from(version).expect("small") + 1;
            level = accept(level, &observe(values[version], seconds));
            newest = newest.max(Some(version));
        }
        let wanted = newest.map_or(10, |version| values[version]);
        let available = at_l1(&level).shown.map(|shown| shown.available);
        // A value equal to what is explained does not move the version, so a later copy of an
        // older value can pass for news; then it is at least known that a read is needed.
        prop_assert!(available == Some(wanted) || at_l1(&level).needs_read);
    }
}
