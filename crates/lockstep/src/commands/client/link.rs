//! `lockstep link`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Target;
use super::import;
use super::output::{Shown, moment};
use super::session::{Answer, Path, Session};

#[derive(Args)]
pub struct Link {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: LinkCommand,
}

#[derive(Subcommand)]
enum LinkCommand {
    /// Links of a store
    #[command(after_help = "Example:\n  lockstep link list north | grep LAMP")]
    List {
        /// Id of the store
        store: String,
    },
    /// Link a variant to a SKU
    #[command(after_help = "Example:\n  lockstep link set north 61000000005 wms LAMP-1")]
    Set {
        /// Id of the store
        store: String,
        /// Shopify's id of the variant
        variant_id: String,
        /// Id of the back office
        backoffice: String,
        /// The back office's code
        sku: String,
        /// Say what would happen, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Cut the links of a variant
    #[command(after_help = "Example:\n  lockstep link cut north 61000000005 --dry-run")]
    Cut {
        /// Id of the store
        store: String,
        /// Shopify's id of the variant
        variant_id: String,
        /// Say what would happen, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Set and cut links from a CSV file; a row that is refused stops no other
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// Id of the store
        store: String,
        /// CSV file; `-` is standard input
        file: PathBuf,
        /// Say what would happen, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Every link of a store as CSV, in the form that `link import` takes
    #[command(after_help = "Example:\n  lockstep link export north > links.csv")]
    Export {
        /// Id of the store
        store: String,
    },
}

const IMPORT_HELP: &str = "\
The file begins with a header line: variant_id,backoffice,sku in any order; more columns are
ignored. Back office and SKU both empty cut the links of the variant. The exit code is 1 when a row
was refused. The same file can be imported again without harm.

Example:
  lockstep link import north links.csv --dry-run";

#[derive(Deserialize)]
struct LinkView {
    variant_id: String,
    #[serde(default)]
    inventory_item_id: String,
    backoffice: String,
    sku: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    linked_at: Value,
}

#[derive(Deserialize)]
struct Changed {
    variant_id: String,
    #[serde(default)]
    backoffice: String,
    #[serde(default)]
    sku: String,
    outcome: String,
    #[serde(default)]
    dry_run: bool,
}

impl Link {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.command {
            LinkCommand::List { store } => list(session, &store).await?,
            LinkCommand::Set { store, variant_id, backoffice, sku, dry_run } => {
                let path = one(&store, &variant_id, dry_run)?;
                let call = session.call(Method::PUT, &path);
                let body = json!({"backoffice": backoffice, "sku": sku});
                show_changed(session, &call.json(body).send().await?)?;
            }
            LinkCommand::Cut { store, variant_id, dry_run } => {
                let path = one(&store, &variant_id, dry_run)?;
                let answer = session.call(Method::DELETE, &path).send().await?;
                show_changed(session, &answer)?;
            }
            LinkCommand::Import { store, file, dry_run } => {
                return import::execute(session, &store, &file, dry_run).await;
            }
            LinkCommand::Export { store } => export(session, &store).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(session: &Session, store: &str) -> anyhow::Result<()> {
    let path = Path::try_new(&["stores", store, "links"])?;
    let Some(links) = session.list::<LinkView>(&path, "links").await? else { return Ok(()) };
    let mut shown = Shown::default();
    if links.is_empty() {
        shown.remark(format!("no links; make some: lockstep link import {store} FILE"));
        return shown.print();
    }
    let rows = links.into_iter().map(|link| {
        let at = moment(&link.linked_at);
        let LinkView { variant_id, inventory_item_id, backoffice, sku, origin, .. } = link;
        [variant_id, backoffice, sku, inventory_item_id, origin, at]
    });
    let header = ["VARIANT", "BACK OFFICE", "SKU", "INVENTORY ITEM", "ORIGIN", "LINKED"];
    shown.table(header, rows.collect());
    shown.print()
}

fn one(store: &str, variant: &str, dry_run: bool) -> anyhow::Result<Path> {
    let path = Path::try_new(&["stores", store, "links", variant])?;
    Ok(path.query_some("dry_run", dry_run.then_some(true)))
}

fn show_changed(session: &Session, answer: &Answer) -> anyhow::Result<()> {
    session.show(answer, |changed: Changed, shown| {
        let Changed { variant_id, backoffice, sku, outcome, dry_run } = changed;
        let to = if sku.is_empty() { String::new() } else { format!(" to {backoffice} {sku}") };
        let only = if dry_run { " (dry run: nothing was changed)" } else { "" };
        shown.line(super::output::clean(&format!("variant {variant_id}{to}: {outcome}{only}")));
    })
}

async fn export(session: &Session, store: &str) -> anyhow::Result<()> {
    let path = Path::try_new(&["stores", store, "links"])?;
    if session.is_json() {
        session.list::<Value>(&path, "links").await?;
        return Ok(());
    }
    session.call(Method::GET, &path).patient().stream_csv().await
}
