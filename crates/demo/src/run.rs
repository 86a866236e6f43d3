//! From the first process to the last: start, set up, play, stay, end.

use std::cell::Cell;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::chaos::{plan_of, supervise};
use crate::setup::{World, set_up};
use crate::stage::{Logs, Stage};
use crate::story::{Play, play};
use crate::tell::{Teller, seconds};

/// How the demo is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// End after the table.
    pub exit: bool,
    pub play: Play,
}

/// As a shell tells it when Ctrl-C ended a program.
const INTERRUPTED: u8 = 130;

/// Runs the demo. Whatever happens, nothing of it is left behind.
pub async fn run(options: Options) -> ExitCode {
    let tell = Teller::start();
    let label = options.play.chaos.map_or("demo".to_owned(), |seed| format!("seed{seed}"));
    let logs = match Logs::create(&label) {
        Ok(logs) => Arc::new(logs),
        Err(error) => {
            tell.verdict(false, &format!("{error:#}"));
            return ExitCode::FAILURE;
        }
    };
    let verdict = Cell::new(None);
    let outcome = tokio::select! {
        outcome = tell_all(options, &tell, &logs, &verdict) => outcome,
        interrupted = stop_signal() => interrupted,
    };
    if let Err(error) = outcome {
        tell.line("");
        tell.verdict(false, &format!("The demo failed: {error:#}"));
        tell.line(explain(options, &logs));
        return ExitCode::FAILURE;
    }
    if verdict.get().is_none() || !options.exit {
        tell.line("\nEverything was stopped.");
    }
    match verdict.get() {
        None => ExitCode::from(INTERRUPTED),
        Some(true) => ExitCode::SUCCESS,
        Some(false) => {
            tell.line(explain(options, &logs));
            ExitCode::FAILURE
        }
    }
}

/// What helps to find out why it failed.
fn explain(options: Options, logs: &Logs) -> String {
    let plan = options.play.chaos.map(|seed| plan_of(seed, logs));
    [logs.last_lines(), plan.unwrap_or_default()].join("\n")
}

/// Tells everything. What the comparison said is known from then on, however it ends.
async fn tell_all(
    options: Options,
    tell: &Teller,
    logs: &Arc<Logs>,
    verdict: &Cell<Option<bool>>,
) -> Result<()> {
    tell.part("Lockstep, from an empty folder to two stores in lockstep with a warehouse");
    if let Some(seed) = options.play.chaos {
        tell.say(format!("Processes will be killed by seed {seed}."));
    }
    let variables = [("LOCKSTEP_LOG", "info"), ("LOCKSTEP_LOG_FORMAT", "text"), ("NO_COLOR", "1")];
    let variables = variables.map(|(name, value)| (name, value.to_owned()));
    let stage = Stage::start(Arc::clone(logs), variables.to_vec()).await?;
    tell.say("Up: nats-server, Postgres, a local Shopify, Lockstep.");
    tell.part("Set-up, by the public admin API");
    let blows = options.play.chaos.is_some();
    let story = async {
        let world = set_up(&stage, tell, options.play.orders).await.context("the set-up failed")?;
        let good = play(&world, options.play).await?;
        anyhow::Ok((world, good))
    };
    let (world, good) = tokio::select! {
        told = story => told?,
        ended = supervise(&stage, tell, blows) => match ended? {},
    };
    verdict.set(Some(good));
    tell.line(format!("Total time: {}", seconds(tell.elapsed())));
    if options.exit {
        return Ok(());
    }
    invite(&world);
    match supervise(&stage, tell, false).await? {}
}

/// What to do with it now.
fn invite(world: &World<'_>) {
    let (tell, addresses) = (world.tell, &world.stage.addresses);
    let token = &world.stage.secrets.admin_token;
    tell.part("Everything stays up until Ctrl-C");
    tell.line(format!("  Console      {}", addresses.console));
    tell.line(format!("  Admin token  {token}"));
    tell.line(format!("  Logs         {}", world.stage.logs.folder().display()));
    tell.line("\nThree commands to try in another terminal:");
    tell.line("\n  The warehouse receives 7 mugs (look at the stores with the third command):");
    tell.line(format!("  curl -s {}/receive \\", world.wms.http.base()));
    tell.line("    -H 'Content-Type: application/json' \\");
    tell.line(r#"    -d '{"lines":[{"sku":"MUG-1","warehouse":"BER","quantity":7}]}'"#);
    tell.line("\n  What Lockstep knows about the mugs, for the store south:");
    tell.line(format!(
        "  curl -s {}/api/v1/stores/south/stock/MUG-1 \\\n    -H 'Authorization: Bearer {token}'",
        addresses.console
    ));
    tell.line("\n  What the store north shows at this moment:");
    tell.line(format!("  curl -s {}/_standin/north.myshopify.com", addresses.shopify));
    tell.line("");
}

async fn stop_signal() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
