//! The story: what happens in the warehouse and in the stores, told line by line with the
//! numbers that changed, and the comparison at its end.

mod end;
mod orders;
mod rush;
mod steps;

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use crate::chaos;
use crate::setup::World;

/// The rush: so many movements in so much time.
const MOVEMENTS: u32 = 40;
const RUSH: Duration = Duration::from_secs(25);
/// How late the late webhooks are.
const LATE_SECONDS: u64 = 8;

/// How the story is played.
#[derive(Debug, Clone, Copy)]
pub struct Play {
    /// Blows of this seed fall while it is played.
    pub chaos: Option<u64>,
    /// The warehouse serves the stores' orders.
    pub orders: bool,
}

impl Play {
    /// How long a single step may take to be seen.
    fn step_wait(self) -> Duration {
        // After a kill, a window of 30 s and the waits of retries come on top.
        Duration::from_secs(if self.chaos.is_some() { 120 } else { 35 })
    }

    /// How long all levels may take to be equal when nothing happens any more: a window, and what
    /// a process that was killed in the middle of a call had reserved for itself.
    fn settle_wait(self) -> Duration {
        Duration::from_secs(if self.chaos.is_some() { 240 } else { 120 })
    }

    /// How long they must stay equal: after blows longer than one window, so that nothing that
    /// is still on its way goes unseen.
    fn settle_hold(self) -> Duration {
        Duration::from_secs(if self.chaos.is_some() { 33 } else { 4 })
    }
}

/// Plays the story; true when everything is equal in the end and nobody broke Shopify's rules.
///
/// # Errors
/// When a step does not have its effect in time.
pub async fn play(world: &World<'_>, play: Play) -> Result<bool> {
    let (tell, stage) = (world.tell, world.stage);
    let marks = world.journal_ends().await?;
    tell.part("The story");
    match play.chaos {
        None => world.acts(play).await?,
        Some(seed) => {
            let (stop, stopped) = watch::channel(false);
            let acts = async {
                let played = world.acts(play).await;
                // The receiver is there until this has ended.
                let _ = stop.send(true);
                played
            };
            let blows = chaos::strike(stage, tell, seed, stopped);
            tokio::try_join!(acts, blows)?;
        }
    }
    world.settle(play).await?;
    if play.chaos.is_some() {
        chaos::examine(&stage.logs)?;
    }
    world.tell_costs(&marks).await?;
    world.judge().await
}

impl World<'_> {
    async fn acts(&self, play: Play) -> Result<()> {
        self.receive(play).await?;
        self.adjust(play).await?;
        self.transfer(play).await?;
        self.rush(play).await?;
        if play.orders {
            self.trade(play).await?;
        }
        Ok(())
    }
}
