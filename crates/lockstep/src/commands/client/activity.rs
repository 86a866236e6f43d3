//! `lockstep activity`.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::Target;
use super::output::{moment, plain};
use super::session::{Path, Session};

#[derive(Args)]
#[command(after_help = "Example:\n  lockstep activity --store north --limit 20")]
pub struct Activity {
    #[command(flatten)]
    pub(super) target: Target,
    /// Only of this store
    #[arg(long, value_name = "ID")]
    store: Option<String>,
    /// Only of this back office
    #[arg(long, value_name = "ID")]
    backoffice: Option<String>,
    /// At most as many changes
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: u32,
}

#[derive(Deserialize)]
struct Changes {
    activity: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    at: Value,
    #[serde(default)]
    by: Value,
    key: String,
    what: String,
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    setting: String,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
}

impl Activity {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let path = Path::try_new(&["activity"])?
            .query_some("store", self.store)
            .query_some("backoffice", self.backoffice)
            .query("limit", self.limit);
        let answer = session.call(Method::GET, &path).send().await?;
        session.show(&answer, |Changes { activity }, shown| {
            if activity.is_empty() {
                shown.remark("nothing was changed yet");
                return;
            }
            let rows = activity.iter().flat_map(Entry::rows);
            shown.table(
                ["AT", "BY", "WHAT", "CHANGE", "SETTING", "BEFORE -> AFTER"],
                rows.collect(),
            );
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Entry {
    /// A row for each setting, so that each can be searched. What is added starts from defaults,
    /// which would only hide the rest: `--json` has them.
    fn rows(&self) -> Vec<[String; 6]> {
        let (at, by) = (moment(&self.at), plain(&self.by));
        let what = self.key.replacen('.', " ", 1);
        let row = |setting: String, to: String| {
            [at.clone(), by.clone(), what.clone(), self.what.clone(), setting, to]
        };
        if self.what != "changed" || self.changes.is_empty() {
            return vec![row(String::new(), String::new())];
        }
        let none =
            |value: &Value| if value.is_null() { "nothing".to_owned() } else { plain(value) };
        let changes = self.changes.iter();
        changes
            .map(|change| {
                let to = format!("{} -> {}", none(&change.before), none(&change.after));
                row(change.setting.clone(), to)
            })
            .collect()
    }
}
