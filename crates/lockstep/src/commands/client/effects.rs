//! `lockstep effects`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Target;
use super::output::{Shown, clean, moment, plain};
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
    /// Calls whose outcome nobody knows, oldest first, a row for each level or fulfillment
    #[command(after_help = LIST_HELP)]
    List {
        /// Only of this store
        #[arg(long, value_name = "ID")]
        store: Option<String>,
        /// Only those that wait for a person's word
        #[arg(long)]
        asking: bool,
    },
    /// Say whether Shopify applied a call, when nothing else can tell
    #[command(after_help = SETTLE_HELP)]
    Settle {
        /// Id of the call; `lockstep effects list` shows it
        id: String,
        #[command(flatten)]
        said: Said,
        /// Which fulfillment a shipment became, when several may be it
        #[arg(long, value_name = "ID", conflicts_with = "not_applied")]
        fulfillment: Option<u64>,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Said {
    /// Shopify shows it: in the history of the item, or as a fulfillment of the order
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

A fulfillment whose call was never answered is looked for in its order. One that may be there twice
asks, in a table of its own: a row for each fulfillment of the order that MAY BE it, with the units
and numbers that it SHOWS beside those of the shipment.

Example:
  lockstep effects list --asking";

const SETTLE_HELP: &str = "\
Example:
  lockstep effects settle 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214 --applied
  lockstep effects settle 0199f0c1-7a52-7d10-8c3e-5b6a79e0d214 --applied --fulfillment 1069019862";

#[derive(Deserialize)]
struct Found {
    effects: Vec<Effect>,
    #[serde(default)]
    has_more: bool,
    #[serde(default)]
    silent: Vec<String>,
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
    /// Of a call that makes a fulfillment; nothing of a write of stock.
    #[serde(default)]
    order_key: Option<String>,
    #[serde(default)]
    shipment: String,
    #[serde(default)]
    parcel: String,
    #[serde(default)]
    units: Vec<Units>,
    #[serde(default)]
    numbers: Vec<String>,
    #[serde(default)]
    candidates: Vec<Candidate>,
}

#[derive(Deserialize)]
struct Units {
    quantity: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Candidate {
    fulfillment_id: String,
    quantity: i64,
    numbers: Vec<String>,
    cancelled: bool,
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
                session.show(&answer, show)?;
            }
            EffectsCommand::Settle { id, said, fulfillment } => {
                let path = Path::try_new(&["effects", &id, "settle"])?;
                let body = match fulfillment {
                    None => json!({"applied": said.applied}),
                    Some(one) => {
                        json!({"applied": said.applied, "fulfillment_id": one.to_string()})
                    }
                };
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

fn show(found: Found, shown: &mut Shown) {
    let Found { effects, has_more, silent } = found;
    if effects.is_empty() && silent.is_empty() {
        shown.remark("every call is known to have been applied, or not");
        return;
    }
    let (calls, writes): (Vec<_>, Vec<_>) =
        effects.into_iter().partition(|effect| effect.order_key.is_some());
    if !writes.is_empty() {
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
        shown.table(header, writes.iter().flat_map(Effect::rows).collect());
    }
    if !calls.is_empty() {
        let header =
            ["ID", "SINCE", "ORDER", "SHIPMENT", "PARCEL", "UNITS", "NUMBERS", "MAY BE", "SHOWS"];
        shown.table(header, calls.iter().flat_map(Effect::candidate_rows).collect());
    }
    if has_more {
        shown.remark("there are more; settle these, or name a store");
    }
    for service in silent {
        shown.remark(format!("{service} does not answer: its calls are missing here"));
    }
}

impl Effect {
    /// A row for each fulfillment that a call may have made.
    fn candidate_rows(&self) -> Vec<[String; 9]> {
        let units: i64 = self.units.iter().map(|line| line.quantity).sum();
        let row = |candidate: Option<&Candidate>| {
            let shows = candidate.map(|candidate| {
                let numbers = candidate.numbers.join(",");
                let back = if candidate.cancelled { " taken back" } else { "" };
                format!("{} {numbers}{back}", candidate.quantity)
            });
            [
                self.id.clone(),
                moment(&self.since),
                self.order_key.clone().unwrap_or_default(),
                self.shipment.clone(),
                self.parcel.clone(),
                units.to_string(),
                self.numbers.join(","),
                candidate.map(|one| one.fulfillment_id.clone()).unwrap_or_default(),
                shows.unwrap_or_default(),
            ]
        };
        if self.candidates.is_empty() {
            return vec![row(None)];
        }
        self.candidates.iter().map(|candidate| row(Some(candidate))).collect()
    }

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
