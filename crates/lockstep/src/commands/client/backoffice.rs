//! `lockstep backoffice`.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Target;
use super::output::{Shown, member, moment};
use super::session::{Path, Session};
use super::setting::{self, Setting};

#[derive(Args)]
pub struct BackOffice {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: BackOfficeCommand,
}

#[derive(Subcommand)]
enum BackOfficeCommand {
    /// Every back office
    #[command(after_help = "Example:\n  lockstep backoffice list")]
    List,
    /// A back office's settings and warehouses
    #[command(after_help = "Example:\n  lockstep backoffice show wms")]
    Show {
        /// Id of the back office
        backoffice: String,
    },
    /// Add a back office
    #[command(after_help = ADD_HELP)]
    Add(Add),
    /// Change settings of a back office
    #[command(after_help = SET_HELP)]
    Set {
        /// Id of the back office
        backoffice: String,
        /// Settings, e.g. stock.basis=physical; `lockstep backoffice show` lists their names
        #[arg(value_name = "KEY=VALUE")]
        settings: Vec<Setting>,
    },
}

const ADD_HELP: &str = "\
Example:
  lockstep backoffice add wms --name \"Warehouse Berlin\" stock.basis=physical";

const SET_HELP: &str = "\
Values are words, numbers, true, false, lists with commas, or null, which brings back the default.

Example:
  lockstep backoffice set wms stock.basis=physical stock.lowered_by=pick,shipment";

#[derive(Args)]
struct Add {
    /// Short id of your choice, e.g. wms
    backoffice: String,
    /// Name for people; the id when none is given
    #[arg(long)]
    name: Option<String>,
    /// How it is connected; contract: it reports over the back-office contract
    #[arg(long, default_value = "contract")]
    kind: String,
    /// Settings, e.g. stock.basis=physical
    #[arg(value_name = "KEY=VALUE")]
    settings: Vec<Setting>,
    /// The same request again under this key answers the back office as it is
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct BackOfficeView {
    id: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    stock: Value,
    #[serde(default)]
    warehouses: Vec<WarehouseView>,
    #[serde(default)]
    revision: u64,
    #[serde(default)]
    updated_at: Value,
    #[serde(default)]
    updated_by: String,
    #[serde(default)]
    pending: Vec<String>,
}

#[derive(Deserialize)]
struct WarehouseView {
    code: String,
    #[serde(default)]
    name: String,
}

impl BackOffice {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.command {
            BackOfficeCommand::List => list(session).await?,
            BackOfficeCommand::Show { backoffice } => {
                let path = Path::try_new(&["backoffices", &backoffice])?;
                let answer = session.call(Method::GET, &path).send().await?;
                session.show(&answer, |found: BackOfficeView, shown| found.show(shown))?;
            }
            BackOfficeCommand::Add(add) => add.execute(session).await?,
            BackOfficeCommand::Set { backoffice, settings } => {
                let body = setting::body(settings)?;
                if body.is_empty() {
                    bail!("nothing to set; give KEY=VALUE, e.g. stock.basis=physical");
                }
                let path = Path::try_new(&["backoffices", &backoffice])?;
                let answer = session.call(Method::PATCH, &path).json(body).send().await?;
                session.show(&answer, |changed: BackOfficeView, shown| changed.show(shown))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let path = Path::try_new(&["backoffices"])?;
    let found = session.list::<BackOfficeView>(&path, "backoffices").await?;
    let Some(found) = found else { return Ok(()) };
    let mut shown = Shown::default();
    if found.is_empty() {
        shown.remark("no back offices; add one: lockstep backoffice add");
        return shown.print();
    }
    let rows = found.iter().map(|one| {
        let codes: Vec<_> =
            one.warehouses.iter().map(|warehouse| warehouse.code.as_str()).collect();
        let basis = member(&one.stock, "basis");
        [one.id.clone(), one.name.clone(), one.kind.clone(), basis, codes.join(",")]
    });
    shown.table(["BACK OFFICE", "NAME", "KIND", "BASIS", "WAREHOUSES"], rows.collect());
    shown.print()
}

impl Add {
    async fn execute(self, session: &Session) -> anyhow::Result<()> {
        let mut body: Map<String, Value> = setting::body(self.settings)?;
        let own = [("id", Some(self.backoffice)), ("kind", Some(self.kind)), ("name", self.name)];
        for (field, value) in own {
            let Some(value) = value else { continue };
            if body.insert(field.to_owned(), value.into()).is_some() {
                bail!("{field} is given twice");
            }
        }
        let call = session.call(Method::POST, &Path::try_new(&["backoffices"])?);
        let key = self.idempotency_key.as_deref();
        let answer = call.idempotency_key(key).json(body).send().await?;
        session.show(&answer, |added: BackOfficeView, shown| {
            let done = if answer.is_replay { "was there already" } else { "added" };
            shown.line(format!("back office {} {done}", added.id));
            shown.pending(&added.pending);
            if added.warehouses.is_empty() {
                shown.remark(format!("next: lockstep warehouse add {} CODE", added.id));
            }
        })
    }
}

impl BackOfficeView {
    pub(super) fn show(&self, shown: &mut Shown) {
        let mut facts = vec![
            ("id".to_owned(), self.id.clone()),
            ("kind".to_owned(), self.kind.clone()),
            ("name".to_owned(), self.name.clone()),
        ];
        facts.extend(setting::flat(&json!({ "stock": self.stock })));
        for WarehouseView { code, name } in &self.warehouses {
            facts.push((format!("warehouse {}/{code}", self.id), name.clone()));
        }
        facts.push(("revision".to_owned(), self.revision.to_string()));
        let updated_at = moment(&self.updated_at);
        facts.push(("updated".to_owned(), format!("{updated_at} by {}", self.updated_by)));
        shown.facts(facts);
        shown.pending(&self.pending);
    }
}
