//! `lockstep dead-letters`.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::Target;
use super::output::{self, clean, count, plain};
use super::refusal::Refusal;
use super::session::{Path, Session};

#[derive(Args)]
pub struct DeadLetters {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: DeadLettersCommand,
}

#[derive(Subcommand)]
enum DeadLettersCommand {
    /// Messages that could not be processed, newest first
    #[command(after_help = "Example:\n  lockstep dead-letters list --state all --limit 20")]
    List {
        /// Open ones, or also those that were retried or dismissed
        #[arg(long, value_enum, default_value_t = State::Open)]
        state: State,
        /// At most as many
        #[arg(long, value_name = "NUMBER", default_value_t = 200)]
        limit: u32,
    },
    /// Process messages again, when the cause is mended
    #[command(after_help = RETRY_HELP)]
    Retry {
        /// Ids of the letters
        #[arg(required = true)]
        id: Vec<String>,
    },
    /// Close letters without processing their messages
    #[command(after_help = "Example:\n  lockstep dead-letters dismiss 0192f0c1")]
    Dismiss {
        /// Ids of the letters
        #[arg(required = true)]
        id: Vec<String>,
    },
}

const RETRY_HELP: &str = "\
Examples:
  lockstep dead-letters retry 0192f0c1
  lockstep dead-letters list --json | jq -r '.dead_letters[].id' \\
    | xargs lockstep dead-letters retry";

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Open,
    All,
}

#[derive(Deserialize)]
struct Letters {
    dead_letters: Vec<Letter>,
    #[serde(default)]
    silent: Vec<String>,
}

#[derive(Deserialize)]
struct Letter {
    id: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    message_type: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    attempts: u64,
    #[serde(default)]
    state: String,
    #[serde(default)]
    opened_at: Value,
}

#[derive(Deserialize)]
struct Closed {
    id: String,
    #[serde(default)]
    service: String,
    state: String,
}

impl DeadLetters {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.command {
            DeadLettersCommand::List { state, limit } => list(session, state, limit).await,
            DeadLettersCommand::Retry { id } => close(session, &id, "retry").await,
            DeadLettersCommand::Dismiss { id } => close(session, &id, "dismiss").await,
        }
    }
}

async fn list(session: &Session, state: State, limit: u32) -> anyhow::Result<ExitCode> {
    let name = match state {
        State::Open => "open",
        State::All => "all",
    };
    let path = Path::try_new(&["dead-letters"])?.query("state", name).query("limit", limit);
    let answer = session.call(Method::GET, &path).send().await?;
    session.show(&answer, |letters: Letters, shown| {
        if !letters.silent.is_empty() {
            shown.remark(format!("not asked, since silent: {}", letters.silent.join(", ")));
        }
        if letters.dead_letters.is_empty() {
            shown.remark(match state {
                State::Open => "no open dead letters",
                State::All => "no dead letters",
            });
            return;
        }
        let rows = letters.dead_letters.into_iter().map(|letter| {
            let (opened, attempts) = (plain(&letter.opened_at), letter.attempts.to_string());
            let Letter { id, service, message_type, reason, state, .. } = letter;
            [id, opened, service, message_type, attempts, state, reason]
        });
        let header = ["ID", "OPENED", "SERVICE", "MESSAGE", "ATTEMPTS", "STATE", "REASON"];
        shown.table(header, rows.collect());
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Each letter on its own: one that fails again stops no other.
async fn close(session: &Session, ids: &[String], what: &str) -> anyhow::Result<ExitCode> {
    if let [id] = ids {
        close_one(session, id, what).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut failed = 0;
    for id in ids {
        let Err(error) = close_one(session, id, what).await else { continue };
        let Some(refusal) = error.downcast_ref::<Refusal>() else {
            return Err(error).with_context(|| format!("{what} {}", clean(id)));
        };
        failed += 1;
        if session.is_json() {
            output::print(&refusal.body)?;
        }
        output::remark(&format!("{}: {refusal}", clean(id)));
    }
    if failed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    output::remark(&format!(
        "{} of {}",
        failed,
        count(ids.len(), "letter failed", "letters failed")
    ));
    Ok(ExitCode::FAILURE)
}

async fn close_one(session: &Session, id: &str, what: &str) -> anyhow::Result<()> {
    let path = Path::try_new(&["dead-letters", id, what])?;
    let answer = session.call(Method::POST, &path).send().await?;
    session.show(&answer, |closed: Closed, shown| {
        let Closed { id, service, state } = closed;
        shown.line(clean(&format!("{id} of {service}: {state}")));
    })
}
