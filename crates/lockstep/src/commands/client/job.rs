//! `lockstep jobs` and `lockstep job`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::Target;
use super::output::{Shown, count, moment};
use super::session::{Path, Session};

#[derive(Args)]
#[command(after_help = "Example:\n  lockstep jobs north")]
pub struct Jobs {
    #[command(flatten)]
    pub(super) target: Target,
    /// Id of the store
    store: String,
    /// At most as many
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: u32,
}

#[derive(Args)]
pub struct JobGroup {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: JobCommand,
}

#[derive(Subcommand)]
enum JobCommand {
    /// Forecast, progress and result of a job
    #[command(after_help = "Example:\n  lockstep job show 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214")]
    Show {
        /// Id of the job
        id: String,
    },
    /// Stop a job after its present call; it can go on later
    #[command(after_help = "Example:\n  lockstep job pause 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214")]
    Pause {
        /// Id of the job
        id: String,
    },
    /// Let a job go on from where it stopped
    #[command(after_help = "Example:\n  lockstep job resume 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214")]
    Resume {
        /// Id of the job
        id: String,
    },
    /// End a job; what it did stays
    #[command(after_help = "Example:\n  lockstep job cancel 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214")]
    Cancel {
        /// Id of the job
        id: String,
    },
}

#[derive(Deserialize)]
struct Found {
    jobs: Vec<JobView>,
    #[serde(default)]
    silent: Vec<String>,
}

/// An answer that is one job.
#[derive(Deserialize)]
pub struct OneJob {
    /// The job.
    pub job: JobView,
}

/// A job.
#[derive(Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    store: String,
    /// `running`, `paused`, `done`, `cancelled` or `failed`.
    pub state: String,
    #[serde(default)]
    forecast: Option<Forecast>,
    /// Things looked at by now.
    #[serde(default)]
    pub done: u64,
    #[serde(default)]
    result: BTreeMap<String, u64>,
    /// What it is doing, or why it ended.
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    requested_by: String,
    #[serde(default)]
    started_at: Value,
    #[serde(default)]
    ended_at: Value,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Forecast {
    items: u64,
    calls: u64,
    points: u64,
    seconds: u64,
}

impl Jobs {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let path = Path::try_new(&["stores", &self.store, "jobs"])?.query("limit", self.limit);
        let answer = session.call(Method::GET, &path).send().await?;
        session.show(&answer, |Found { jobs, silent }, shown| {
            if !silent.is_empty() {
                shown.remark(format!("no answer from: {}", silent.join(", ")));
            }
            if jobs.is_empty() {
                shown.remark("no jobs yet");
                return;
            }
            let rows = jobs.iter().map(|job| {
                let (progress, result) = (job.progress(), job.result());
                let started = moment(&job.started_at);
                let ended = moment(&job.ended_at);
                [
                    job.id.clone(),
                    job.kind.clone(),
                    job.state.clone(),
                    progress,
                    started,
                    ended,
                    result,
                ]
            });
            let header = ["JOB", "KIND", "STATE", "DONE", "STARTED", "ENDED", "RESULT"];
            shown.table(header, rows.collect());
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl JobGroup {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let (method, id, action) = match &self.command {
            JobCommand::Show { id } => (Method::GET, id, None),
            JobCommand::Pause { id } => (Method::POST, id, Some("pause")),
            JobCommand::Resume { id } => (Method::POST, id, Some("resume")),
            JobCommand::Cancel { id } => (Method::POST, id, Some("cancel")),
        };
        let mut parts = vec!["jobs", id.as_str()];
        parts.extend(action);
        let answer = session.call(method, &Path::try_new(&parts)?).send().await?;
        session.show(&answer, |OneJob { job }, shown| job.show(shown))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl JobView {
    /// Whether nothing more comes of it.
    pub fn has_ended(&self) -> bool {
        ["done", "cancelled", "failed"].contains(&self.state.as_str())
    }

    /// Things that it will look at, once it is known.
    pub fn items(&self) -> Option<u64> {
        Some(self.forecast?.items)
    }

    /// What was expected, in words; nothing before it is known.
    pub fn forecast(&self) -> Option<String> {
        let Forecast { items, calls, points, seconds } = self.forecast?;
        let calls = count(usize::try_from(calls).unwrap_or(usize::MAX), "call", "calls");
        let minutes = seconds.div_ceil(60);
        let time = if seconds < 60 { format!("{seconds} s") } else { format!("{minutes} min") };
        Some(format!("{items} to look at: {calls}, {points} points, about {time}"))
    }

    fn progress(&self) -> String {
        match self.items() {
            Some(items) => format!("{} of {items}", self.done),
            None => self.done.to_string(),
        }
    }

    /// What it came to, e.g. `2 conflicts, 40 linked`.
    pub fn result(&self) -> String {
        let counts: Vec<_> = self
            .result
            .iter()
            .map(|(name, value)| format!("{value} {}", name.replace('_', " ")))
            .collect();
        counts.join(", ")
    }

    /// All of it.
    pub fn show(&self, shown: &mut Shown) {
        let asked = format!("{} by {}", moment(&self.started_at), self.requested_by);
        let facts = [
            ("job", self.id.clone()),
            ("kind", self.kind.clone()),
            ("store", self.store.clone()),
            ("state", self.state.clone()),
            ("forecast", self.forecast().unwrap_or_default()),
            ("done", self.progress()),
            ("result", self.result()),
            ("message", self.message.clone()),
            ("started", asked),
            ("ended", moment(&self.ended_at)),
        ];
        shown.facts(facts.map(|(name, value)| (name.to_owned(), value)).to_vec());
    }
}
