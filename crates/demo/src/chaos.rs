//! Blows from a seed: one process at a time is killed at a random moment and started again. In
//! every round each process of the story is hit once, in another order.

use std::convert::Infallible;
use std::fmt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::watch;

use crate::stage::{Logs, Program, Stage, lock};
use crate::tell::{Teller, many, seconds};
use crate::wait::until;

/// How often a program that ended by itself is started again before the story is given up.
const RESTARTS_MAX: u32 = 100;
/// Blows that fall even when the story is told sooner: the last ones meet the closing windows.
const BLOWS_MIN: usize = 2 * Victim::ALL.len();
/// How long a victim that ended by itself may take to be there again, so that it can be hit.
const VICTIM_WAIT: Duration = Duration::from_secs(10);
/// What Lockstep says when everything that it needs was there and its services run.
const STARTED: &str = "lockstep runs";
const WATCH_EVERY: Duration = Duration::from_millis(200);
/// The log of the blows that fell, a line each.
const LOG: &str = "kills";

/// Who is hit: every process of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    Lockstep,
    Warehouse,
    Shopify,
    Nats,
    Postgres,
}

impl Victim {
    const ALL: [Self; 5] =
        [Self::Lockstep, Self::Warehouse, Self::Shopify, Self::Nats, Self::Postgres];

    fn name(self) -> &'static str {
        match self {
            Self::Lockstep => "lockstep",
            Self::Warehouse => "demo-warehouse",
            Self::Shopify => "shopify-standin",
            Self::Nats => "nats-server",
            Self::Postgres => "Postgres",
        }
    }
}

/// One blow of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blow {
    /// Time since the one before.
    pub after: Duration,
    pub victim: Victim,
    /// How long it stays away.
    pub away: Duration,
    /// How long Lockstep may come back before the next blow's time begins.
    pub patience: Duration,
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, away) = (self.victim.name(), seconds(self.away));
        write!(f, "kill -9 {name}, which stays away for {away}")
    }
}

/// The blows of a seed, without an end: the same seed, the same blows.
#[derive(Debug)]
pub struct Plan {
    random: StdRng,
    round: Vec<Victim>,
}

impl Plan {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), round: Vec::new() }
    }
}

impl Iterator for Plan {
    type Item = Blow;

    fn next(&mut self) -> Option<Blow> {
        if self.round.is_empty() {
            self.round = Victim::ALL.to_vec();
            self.round.shuffle(&mut self.random);
        }
        let victim = self.round.pop()?;
        let mut milliseconds = |range| Duration::from_millis(self.random.random_range(range));
        let after = milliseconds(100..2500);
        let away = milliseconds(50..2000);
        let patience = milliseconds(0..3000);
        Some(Blow { after, victim, away, patience })
    }
}

/// Strikes by the seed's plan until told to stop, and two rounds at least. When it returns, every
/// blow hit a living process, and everything was started again.
///
/// # Errors
/// When a planned blow hits nobody, or something does not come back.
pub async fn strike(
    stage: &Stage,
    tell: &Teller,
    seed: u64,
    mut stop: watch::Receiver<bool>,
) -> Result<()> {
    let mut blows = 0;
    for blow in Plan::new(seed) {
        if blows < BLOWS_MIN {
            tokio::time::sleep(blow.after).await;
        } else if tokio::time::timeout(blow.after, stop.wait_for(|stop| *stop)).await.is_ok() {
            break;
        }
        tell.say(format!("** {blow}"));
        let what = format!("{} lives, to be killed", blow.victim.name());
        let hit = until(&what, VICTIM_WAIT, async || kill(stage, blow.victim).await).await;
        let pid = hit.with_context(|| format!("a planned kill did not happen: {blow}"))?;
        stage.logs.keep(LOG, &format!("process {pid} at {}\n", seconds(tell.elapsed())));
        blows += 1;
        tokio::time::sleep(blow.away).await;
        bring_back(stage, blow).await?;
    }
    tell.say(format!("** {} in all; now everything may run.", many(blows, "kill", "kills")));
    Ok(())
}

/// The number of the process that was killed; nothing when there was none.
async fn kill(stage: &Stage, victim: Victim) -> Result<Option<u32>> {
    match victim {
        Victim::Lockstep => lock(&stage.lockstep).kill(),
        Victim::Warehouse => lock(&stage.warehouse).as_mut().map_or(Ok(None), Program::kill),
        Victim::Shopify => lock(&stage.standin).kill(),
        Victim::Nats => stage.kill_nats().await,
        Victim::Postgres => stage.kill_postgres().await,
    }
}

async fn bring_back(stage: &Stage, blow: Blow) -> Result<()> {
    match blow.victim {
        Victim::Lockstep => {
            lock(&stage.lockstep).launch()?;
            // It may be hit again while it starts: that is part of the plan.
            let _ = stage.lockstep_ready(blow.patience).await;
            Ok(())
        }
        Victim::Warehouse => lock(&stage.warehouse).as_mut().map_or(Ok(()), Program::launch),
        Victim::Shopify => lock(&stage.standin).launch(),
        Victim::Nats => stage.restart_nats().await,
        Victim::Postgres => stage.restart_postgres().await,
    }
}

/// The plan of a seed, and how far it was carried out: to be shown when the story failed.
#[must_use]
pub fn plan_of(seed: u64, logs: &Logs) -> String {
    shown(seed, &logs.read(LOG).lines().collect::<Vec<_>>())
}

fn shown(seed: u64, fell: &[&str]) -> String {
    let mut text = format!("The kill plan of seed {seed} (again with: demo --chaos {seed}):\n");
    let planned = BLOWS_MIN.max(fell.len() + 1);
    for (number, blow) in Plan::new(seed).take(planned).enumerate() {
        let after = seconds(blow.after);
        let outcome = fell.get(number).copied().unwrap_or("not carried out");
        text.push_str(&format!("  {:>3}. {after} later {blow}: {outcome}\n", number + 1));
    }
    text
}

/// Watches our programs for as long as the story is told. One that ends by itself ends the story;
/// under blows it is started again, as an orchestrator would, and counted, when it could not start
/// since something was away that it needs.
///
/// # Errors
/// When a program broke, or ended by itself too often.
pub async fn supervise(stage: &Stage, tell: &Teller, blows: bool) -> Result<Infallible> {
    let restarts = AtomicU32::new(0);
    loop {
        if let Some((name, status)) = stage.ended() {
            let count = restarts.fetch_add(1, Ordering::Relaxed);
            if !blows || count >= RESTARTS_MAX || name == Victim::Shopify.name() {
                bail!("{name} ended by itself: {status}");
            }
            if let Some(fault) = fault(name, status, &stage.words(name)) {
                bail!("{name} ended by itself ({status}): {fault}");
            }
            tell.say(format!("** {name} ended by itself ({status}) and is started again"));
            lock(&stage.lockstep).relaunch(name)?;
            if let Some(warehouse) = lock(&stage.warehouse).as_mut() {
                warehouse.relaunch(name)?;
            }
        }
        tokio::time::sleep(WATCH_EVERY).await;
    }
}

/// What was wrong with a program that ended by itself; nothing when it only could not start.
fn fault(name: &str, status: ExitStatus, words: &str) -> Option<String> {
    let has_started = name == Victim::Lockstep.name() && words.contains(STARTED);
    broken(words).map(str::to_owned).or_else(|| match status.code() {
        Some(101) => Some("it panicked".to_owned()),
        None => Some("it crashed".to_owned()),
        Some(_) if has_started => Some("it had started, and nobody told it to end".to_owned()),
        Some(_) => None,
    })
}

/// The first line of a log that tells of a panic, or of a task that ended although it must not.
fn broken(log: &str) -> Option<&str> {
    log.lines().find(|line| ["LS0001", "panicked at"].iter().any(|word| line.contains(word)))
}

/// Reads after the story what our own programs said: a kill may have hit one that just broke.
///
/// # Errors
/// When one of them broke.
pub fn examine(logs: &Logs) -> Result<()> {
    for victim in [Victim::Lockstep, Victim::Warehouse] {
        if let Some(line) = broken(&logs.read(victim.name())) {
            bail!("{} broke: {line}", victim.name());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn only_what_could_not_start_may_end_by_itself() {
        let (exit_1, exit_101) = (ExitStatus::from_raw(1 << 8), ExitStatus::from_raw(101 << 8));
        let aborted = ExitStatus::from_raw(6);
        let away = "lockstep: connecting to the broker: connection refused\n";
        let ran = "INFO lockstep runs version=0.1.0\n";
        let panic = "thread 'main' panicked at crates/x.rs:1:2:\n";
        let vital = "ERROR a vital task ended code=\"LS0001\"\n";
        for (name, status, words, is_fault) in [
            ("lockstep", exit_1, away.to_owned(), false),
            ("lockstep", exit_1, [ran, away].concat(), true),
            ("lockstep", exit_1, [panic, away].concat(), true),
            ("lockstep", exit_1, vital.to_owned(), true),
            ("lockstep", exit_101, String::new(), true),
            ("lockstep", aborted, String::new(), true),
            ("demo-warehouse", exit_1, String::new(), false),
            ("demo-warehouse", exit_101, String::new(), true),
        ] {
            assert_eq!(fault(name, status, &words).is_some(), is_fault, "{name} {status} {words}");
        }
    }

    fn blows(seed: u64) -> Vec<Blow> {
        Plan::new(seed).take(8 * Victim::ALL.len()).collect()
    }

    #[test]
    fn a_seed_is_a_plan_and_another_seed_another() {
        assert_eq!(blows(7), blows(7));
        assert_ne!(blows(7), blows(8));
    }

    #[test]
    fn every_round_hits_every_process_once() {
        for seed in 1..=50 {
            for round in blows(seed).chunks(Victim::ALL.len()) {
                let mut victims: Vec<Victim> = round.iter().map(|blow| blow.victim).collect();
                victims.sort_unstable();
                assert_eq!(victims, Victim::ALL);
            }
        }
    }

    #[test]
    fn a_plan_is_shown_with_what_became_of_it() {
        let text = shown(7, &["process 12 at 3.4 s"]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + BLOWS_MIN);
        assert!(lines[0].contains("seed 7") && lines[1].ends_with("process 12 at 3.4 s"), "{text}");
        assert!(lines[2..].iter().all(|line| line.ends_with("not carried out")), "{text}");
        let all = vec!["process 1 at 1.0 s"; BLOWS_MIN];
        assert!(shown(7, &all).ends_with("not carried out\n"), "the next one is shown too");
    }
}
