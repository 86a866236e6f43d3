//! The seeds that are told: fixed ones, those that failed before, and what a person asks for by
//! `make sim SEEDS=n` or `make sim SEED=x`.
//!
//! They are cut into parts, so that as many run at once as there are processors.
#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fmt::Write as _;

use lockstep_simulation::life::Bug;
use lockstep_simulation::scenario::Scenario;
use lockstep_simulation::tell;

/// Seeds that are told when nobody asks for others.
const FIXED: u64 = 60;
/// A planted bug is found within so many seeds.
const FOUND_WITHIN: u64 = 1_000;
/// Histories that are shown whole, at most.
const SHOWN_MAX: usize = 3;
/// Seeds that failed once.
const FAILED_BEFORE: &str = include_str!("seeds.txt");

#[expect(clippy::disallowed_methods, reason = "how a person asks a test for seeds")]
fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn part(part: u64) {
    if let Some(seed) = asked("SEED") {
        return if part == 0 {
            hold([seed])
        };
    }
    let seeds = asked("SEEDS").unwrap_or(FIXED);
    hold((1..=seeds).filter(|seed| seed % PARTS == part));
}

fn hold(seeds: impl IntoIterator<Item = u64>) {
    let (mut failed, mut shown) = (Vec::new(), String::new());
    for seed in seeds {
        let outcome = tell(seed, None);
        if outcome.found.is_empty() {
            continue;
        }
        if failed.len() < SHOWN_MAX {
            let (told, found) = (outcome.told.join("\n"), outcome.found.join("\n"));
            let _ = write!(shown, "{told}\n{found}\nAgain: make sim SEED={seed}\n\n");
        }
        failed.push(seed);
    }
    if !failed.is_empty() {
        panic!("{shown}these seeds do not hold: {failed:?}");
    }
}

macro_rules! parts {
    ($count:literal: $($name:ident $part:literal),*) => {
        const PARTS: u64 = $count;
        $(#[test]
        fn $name() {
            part($part);
        })*
    };
}

parts!(10: part_0 0, part_1 1, part_2 2, part_3 3, part_4 4, part_5 5, part_6 6, part_7 7,
    part_8 8, part_9 9);

#[test]
fn what_failed_before_holds() {
    let lines = FAILED_BEFORE.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    hold(lines.filter_map(|seed| seed.parse().ok()));
}

#[test]
fn a_seed_told_twice_is_one_history() {
    for seed in 1..=3 {
        let (one, other) = (tell(seed, None), tell(seed, None));
        assert_eq!((one.digest, one.steps), (other.digest, other.steps), "seed {seed}");
        assert_eq!(one.told, other.told, "seed {seed}");
    }
}

/// A bug that is planted makes a level show something else than it must, or promises too much.
/// Histories that cannot show it are passed over.
fn is_found(bug: Bug, can_show: impl Fn(&Scenario) -> bool) {
    let shows = |found: &String| found.contains("must show") || found.contains("was raised");
    let finds = |seed: &u64| tell(*seed, Some(bug)).found.iter().any(shows);
    let found = (1..=FOUND_WITHIN).filter(|seed| can_show(&Scenario::of(*seed))).find(finds);
    assert!(found.is_some(), "{bug:?} is not found within {FOUND_WITHIN} seeds");
    println!("{bug:?} is found by seed {}", found.unwrap_or_default());
}

#[test]
fn owed_units_left_out_of_the_target_are_found() {
    is_found(Bug::OwedLeftOut, |_| true);
}

/// A pool knows the reports of a week by itself: only what comes again later needs the inbox.
#[test]
fn a_skipped_inbox_is_found() {
    is_found(Bug::InboxSkipped, |scenario| scenario.has_late_doubles);
}

#[test]
fn a_blind_resend_is_found() {
    is_found(Bug::BlindResend, |scenario| scenario.faults > 0);
}
