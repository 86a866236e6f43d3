//! `lockstep doctor`.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;
use serde::Deserialize;

use super::Target;
use super::hint;
use super::output::{Shown, clean, count};
use super::session::{Path, Session};

#[derive(Args)]
#[command(after_help = "Example:\n  lockstep doctor && echo all is well enough")]
pub struct Doctor {
    #[command(flatten)]
    pub(super) target: Target,
    /// Show also what is well
    #[arg(long)]
    all: bool,
}

#[derive(Deserialize)]
struct Examined {
    status: String,
    #[serde(default)]
    services: Vec<Service>,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    points: Vec<StorePoints>,
}

#[derive(Deserialize)]
struct Service {
    service: String,
    state: String,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Finding {
    severity: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    fix: String,
}

/// What Shopify lets a store's calls cost, and what they cost so far.
#[derive(Deserialize)]
struct StorePoints {
    store: String,
    maximum: f64,
    restore_rate: f64,
    available: f64,
    calls: u64,
    throttled_calls: u64,
    levels_written: u64,
    points_per_level: Option<f64>,
}

impl StorePoints {
    const HEADER: [&str; 6] =
        ["STORE", "POINTS LEFT", "CALLS", "THROTTLED", "LEVELS WRITTEN", "POINTS PER LEVEL"];

    fn row(self) -> [String; 6] {
        let Self { maximum, restore_rate, available, .. } = self;
        let cost = self.points_per_level.map(|cost| format!("{cost:.4}"));
        [
            self.store,
            format!("{available:.0} of {maximum:.0}, {restore_rate:.0}/s"),
            self.calls.to_string(),
            self.throttled_calls.to_string(),
            self.levels_written.to_string(),
            cost.unwrap_or_default(),
        ]
    }
}

impl Finding {
    /// Worst first; a severity that this version does not know comes between broken and well.
    fn rank(&self) -> u8 {
        match self.severity.as_str() {
            "error" => 0,
            "warning" => 1,
            "ok" => 3,
            _ => 2,
        }
    }
}

impl Doctor {
    /// A warning works on, so it is no failure; what is broken is one.
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let path = Path::try_new(&["doctor"])?;
        let answer = session.call(Method::GET, &path).patient().send().await?;
        let is_broken = answer.read::<Examined>()?.status == "error";
        session.show(&answer, |examined: Examined, shown| examined.show(self.all, shown))?;
        Ok(if is_broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

impl Examined {
    fn show(mut self, all: bool, shown: &mut Shown) {
        self.findings.sort_by_key(Finding::rank);
        for finding in self.findings.iter().filter(|finding| all || finding.rank() < 3) {
            let Finding { severity, service, subject, message, fix } = finding;
            let severity = format!("{:<8}", clean(severity).to_uppercase());
            shown.line(format!(
                "{severity} {}",
                clean(&format!("{subject}: {message} ({service})"))
            ));
            if !fix.is_empty() {
                shown.line(format!("{:<8} do: {}", "", hint::in_commands(&clean(fix))));
            }
        }
        let well = self.findings.iter().filter(|finding| finding.rank() == 3).count();
        if well > 0 && !all {
            shown.line(format!(
                "{:<8} {} (--all shows them)",
                "OK",
                count(well, "check", "checks")
            ));
        }
        if !self.findings.is_empty() {
            shown.line("");
        }
        let rows = self.services.into_iter().map(|one| [one.service, one.state, one.version]);
        shown.table(["SERVICE", "STATE", "VERSION"], rows.collect());
        if !self.points.is_empty() {
            shown.line("");
            let rows = self.points.into_iter().map(StorePoints::row);
            shown.table(StorePoints::HEADER, rows.collect());
        }
        shown.line(format!("\nstatus: {}", clean(&self.status)));
    }
}
