//! `lockstep effects`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Target;
use super::output::{clean, moment, plain};
use super::session::{Path, Session};

#[derive(Args)]
pub struct Effects {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: EffectsCommand,
}

#[derive(Subcommand)]
enum EffectsCommand {
    /// Writes whose outcome nobody knows, oldest first, a row for each level
    #[command(after_help = LIST_HELP)]
    List {
        /// Only of this store
        #[arg(long, value_name = "ID")]
        store: Option<String>,
        /// Only those that wait for a person's word
        #[arg(long)]
        asking: bool,
    },
    /// Say whether Shopify applied a write, when nothing else can tell
    #[command(after_help = SETTLE_HELP)]
    Settle {
        /// Id of the write; `lockstep effects list` shows it
        id: String,
        #[command(flatten)]
        said: Said,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Said {
    /// Shopify's history of the item shows the write
    #[arg(long)]
    applied: bool,
    /// It does not: what is missing is computed and sent anew
    #[arg(long)]
    not_applied: bool,
}

const LIST_HELP: &str = "\
A write that was sent and never answered is repeated under its key for 24 hours. What is still open
then, and what no read can tell, asks: look into Shopify's history of the item for
gid://lockstep/Push/ID, and settle it. Levels are shown as available/on hand: EXPLAINED is what the
level must show if the write was not applied, READ what it showed.

Example:
  lockstep effects list --asking";

const SETTLE_HELP: &str = "\
Example:
  lockstep effects settle 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214 --applied";

#[derive(Deserialize)]
struct Found {
    effects: Vec<Effect>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct Effect {
    id: String,
    #[serde(default)]
    store: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    asks: bool,
    #[serde(default)]
    since: Value,
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    location_id: String,
    skus: Vec<String>,
    delta: Value,
    explained_available: Value,
    explained_on_hand: Value,
    read_available: Value,
    read_on_hand: Value,
}

#[derive(Deserialize)]
struct Settled {
    id: String,
    applied: bool,
}

impl Effects {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.command {
            EffectsCommand::List { store, asking } => {
                let path = Path::try_new(&["effects"])?
                    .query("outcome", "unknown")
                    .query_some("store", store)
                    .query_some("asking", asking.then_some(true));
                let answer = session.call(Method::GET, &path).send().await?;
                session.show(&answer, |Found { effects, has_more }, shown| {
                    if effects.is_empty() {
                        shown.remark("every write is known to have been applied, or not");
                        return;
                    }
                    let header = [
                        "ID",
                        "SINCE",
                        "STORE",
                        "KIND",
                        "STATE",
                        "LOCATION",
                        "SKU",
                        "CHANGE",
                        "EXPLAINED",
                        "READ",
                    ];
                    shown.table(header, effects.iter().flat_map(Effect::rows).collect());
                    if has_more {
                        shown.remark("there are more; settle these, or name a store");
                    }
                })?;
            }
            EffectsCommand::Settle { id, said } => {
                let path = Path::try_new(&["effects", &id, "settle"])?;
                let body = json!({"applied": said.applied});
                let answer = session.call(Method::POST, &path).json(body).send().await?;
                session.show(&answer, |settled: Settled, shown| {
                    let said = if settled.applied { "applied" } else { "not applied" };
                    shown.line(clean(&format!("{} settled as {said}", settled.id)));
                })?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Effect {
    /// A row for each level; an effect of which nothing more is known has one, too.
    fn rows(&self) -> Vec<[String; 10]> {
        let state = if self.asks { "asks" } else { "repeated" };
        let row = |line: &Line| {
            [
                self.id.clone(),
                moment(&self.since),
                self.store.clone(),
                self.kind.clone(),
                state.to_owned(),
                line.location_id.clone(),
                line.skus.join(","),
                plain(&line.delta),
                pair(&line.explained_available, &line.explained_on_hand),
                pair(&line.read_available, &line.read_on_hand),
            ]
        };
        if self.lines.is_empty() {
            return vec![row(&Line::default())];
        }
        self.lines.iter().map(row).collect()
    }
}

/// `available/on hand`; nothing when neither is known.
fn pair(available: &Value, on_hand: &Value) -> String {
    if available.is_null() && on_hand.is_null() {
        return String::new();
    }
    let one = |value: &Value| if value.is_null() { "?".to_owned() } else { plain(value) };
    format!("{}/{}", one(available), one(on_hand))
}
