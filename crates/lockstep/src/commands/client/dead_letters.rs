//! `lockstep dead-letters`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::Target;
use super::output::{self, Shown, clean, count, moment};
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
        limit: usize,
    },
    /// One letter, open or closed
    #[command(after_help = SHOW_HELP)]
    Show {
        /// Id of the letter
        id: String,
    },
    /// Process messages again, when the cause is mended
    #[command(after_help = RETRY_HELP)]
    Retry {
        /// Ids of the letters
        #[arg(required = true)]
        id: Vec<String>,
    },
    /// Close letters without processing their messages
    #[command(after_help = DISMISS_HELP)]
    Dismiss {
        /// Ids of the letters
        #[arg(required = true)]
        id: Vec<String>,
    },
}

const SHOW_HELP: &str = "\
Example:
  lockstep dead-letters show 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214";

const DISMISS_HELP: &str = "\
Example:
  lockstep dead-letters dismiss 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214";

const RETRY_HELP: &str = "\
Examples:
  lockstep dead-letters retry 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214
  lockstep dead-letters list --json | jq -r '.dead_letters[].id' \\
    | xargs lockstep dead-letters retry";

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Open,
    All,
}

/// Letters of a page: the most that the API gives.
const PAGE_LETTERS: usize = 200;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Listed {
    dead_letters: Vec<Value>,
    next: Option<String>,
    silent: Vec<String>,
}

#[derive(Deserialize)]
struct Letter {
    id: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    stream: String,
    #[serde(default)]
    stream_sequence: String,
    #[serde(default)]
    message_type: String,
    #[serde(default)]
    message_id: String,
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
            DeadLettersCommand::Show { id } => show(session, &id).await,
            DeadLettersCommand::Retry { id } => close(session, &id, "retry").await,
            DeadLettersCommand::Dismiss { id } => close(session, &id, "dismiss").await,
        }
    }
}

/// Page after page until there are enough. With `--json` each page is printed as it comes.
async fn list(session: &Session, state: State, limit: usize) -> anyhow::Result<ExitCode> {
    let name = match state {
        State::Open => "open",
        State::All => "all",
    };
    let path = Path::try_new(&["dead-letters"])?.query("state", name);
    let (mut letters, mut silent) = (Vec::new(), BTreeSet::new());
    let mut after: Option<String> = None;
    loop {
        let wanted = limit.saturating_sub(letters.len()).clamp(1, PAGE_LETTERS);
        let page = path.clone().query("limit", wanted).query_some("after", after.as_ref());
        let answer = session.call(Method::GET, &page).send().await?;
        if session.is_json() {
            answer.print()?;
        }
        let Listed { dead_letters, next, silent: quiet } = answer.read()?;
        letters.extend(dead_letters);
        silent.extend(quiet);
        match next {
            Some(next) if letters.len() < limit && after.as_ref() != Some(&next) => {
                after = Some(next);
            }
            _ => break,
        }
    }
    if !session.is_json() {
        let letters = letters.into_iter().map(serde_json::from_value);
        let letters = letters.collect::<Result<Vec<Letter>, _>>().context("read a dead letter")?;
        table(letters, state, &silent).print()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn table(letters: Vec<Letter>, state: State, silent: &BTreeSet<String>) -> Shown {
    let mut shown = Shown::default();
    if !silent.is_empty() {
        let silent: Vec<_> = silent.iter().map(String::as_str).collect();
        shown.remark(format!("no answer from: {}", silent.join(", ")));
    }
    if letters.is_empty() {
        shown.remark(match state {
            State::Open => "no open dead letters",
            State::All => "no dead letters",
        });
        return shown;
    }
    let rows = letters.into_iter().map(|letter| {
        let (opened, attempts) = (moment(&letter.opened_at), letter.attempts.to_string());
        let Letter { id, service, message_type, reason, state, .. } = letter;
        [id, opened, service, message_type, attempts, state, reason]
    });
    let header = ["ID", "OPENED", "SERVICE", "MESSAGE", "ATTEMPTS", "STATE", "REASON"];
    shown.table(header, rows.collect());
    shown
}

async fn show(session: &Session, id: &str) -> anyhow::Result<ExitCode> {
    let path = Path::try_new(&["dead-letters", id])?;
    let answer = session.call(Method::GET, &path).send().await?;
    session.show(&answer, |letter: Letter, shown| {
        let opened = moment(&letter.opened_at);
        let origin = format!("{} {}", letter.stream, letter.stream_sequence);
        let facts = [
            ("id", letter.id),
            ("service", letter.service),
            ("state", letter.state),
            ("opened", opened),
            ("attempts", letter.attempts.to_string()),
            ("message", letter.message_type),
            ("message id", letter.message_id),
            ("from", origin),
            ("reason", letter.reason),
        ];
        shown.facts(facts.map(|(name, value)| (name.to_owned(), value)).to_vec());
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
