//! Blows from a seed: one process at a time is killed at a random moment and started again.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::watch;

use crate::stage::{Stage, lock};
use crate::tell::{Teller, many, seconds};

/// How often a program that ended by itself is started again before the story is given up.
const RESTARTS_MAX: u32 = 100;
/// Blows that fall even when the story is told sooner: the last ones meet the closing windows.
const BLOWS_MIN: usize = 9;
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// Who is hit. The stand-in plays Shopify and is never killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Victim {
    Lockstep,
    Warehouse,
    Nats,
    Postgres,
}

impl Victim {
    const ALL: [Self; 4] = [Self::Lockstep, Self::Warehouse, Self::Nats, Self::Postgres];

    fn name(self) -> &'static str {
        match self {
            Self::Lockstep => "lockstep",
            Self::Warehouse => "demo-warehouse",
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
    /// How long it may come back before the next blow's time begins.
    pub patience: Duration,
}

/// The blows of a seed: the same seed, the same blows.
#[derive(Debug)]
pub struct Plan(StdRng);

impl Plan {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }
}

impl Iterator for Plan {
    type Item = Blow;

    fn next(&mut self) -> Option<Blow> {
        let mut milliseconds = |range| Duration::from_millis(self.0.random_range(range));
        let after = milliseconds(100..2500);
        let away = milliseconds(50..2000);
        let patience = milliseconds(0..3000);
        let number = self.0.random_range(0..Victim::ALL.len());
        let victim = Victim::ALL.get(number).copied().unwrap_or(Victim::Lockstep);
        Some(Blow { after, victim, away, patience })
    }
}

/// Strikes until told to stop, and so often at least. When it returns, everything was started
/// again.
///
/// # Errors
/// When something does not come back.
pub async fn strike(
    stage: &Stage,
    tell: &Teller,
    plan: Plan,
    mut stop: watch::Receiver<bool>,
) -> Result<()> {
    let mut blows = 0;
    for blow in plan {
        if blows < BLOWS_MIN {
            tokio::time::sleep(blow.after).await;
        } else if tokio::time::timeout(blow.after, stop.wait_for(|stop| *stop)).await.is_ok() {
            break;
        }
        let (name, away) = (blow.victim.name(), seconds(blow.away));
        tell.say(format!("** kill -9 {name}, which stays away for {away}"));
        hit(stage, blow).await?;
        blows += 1;
    }
    tell.say(format!("** {} in all; now everything may run.", many(blows, "kill", "kills")));
    Ok(())
}

async fn hit(stage: &Stage, blow: Blow) -> Result<()> {
    match blow.victim {
        Victim::Nats => stage.crash_nats(blow.away).await,
        Victim::Postgres => stage.crash_postgres(blow.away).await,
        Victim::Lockstep => {
            lock(&stage.lockstep).kill()?;
            tokio::time::sleep(blow.away).await;
            lock(&stage.lockstep).launch()?;
            // It may be hit again while it starts: that is part of the plan.
            let _ = stage.lockstep_ready(blow.patience).await;
            Ok(())
        }
        Victim::Warehouse => {
            kill_warehouse(stage)?;
            tokio::time::sleep(blow.away).await;
            launch_warehouse(stage)
        }
    }
}

fn kill_warehouse(stage: &Stage) -> Result<()> {
    lock(&stage.warehouse).as_mut().map_or(Ok(()), crate::stage::Program::kill)
}

fn launch_warehouse(stage: &Stage) -> Result<()> {
    lock(&stage.warehouse).as_mut().map_or(Ok(()), crate::stage::Program::launch)
}

/// Watches our programs for as long as the story is told. One that ends by itself ends the story;
/// under blows it is started again, as an orchestrator would, and counted.
///
/// # Errors
/// When a program ended by itself, too often.
pub async fn supervise(stage: &Stage, tell: &Teller, blows: bool) -> Result<Infallible> {
    let restarts = AtomicU32::new(0);
    loop {
        if let Some((name, status)) = stage.ended() {
            let count = restarts.fetch_add(1, Ordering::Relaxed);
            if !blows || count >= RESTARTS_MAX || name == "shopify-standin" {
                bail!("{name} ended by itself: {status}");
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_is_a_plan_and_another_seed_another() {
        let blows = |seed| Plan::new(seed).take(40).collect::<Vec<_>>();
        assert_eq!(blows(7), blows(7));
        assert_ne!(blows(7), blows(8));
        let victims: HashSet<Victim> = blows(7).iter().map(|blow| blow.victim).collect();
        assert_eq!(victims.len(), Victim::ALL.len());
    }
}
