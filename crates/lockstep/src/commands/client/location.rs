//! `lockstep location`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Target;
use super::output::plain;
use super::session::{Path, Session};

#[derive(Args)]
pub struct Location {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: LocationCommand,
}

#[derive(Subcommand)]
enum LocationCommand {
    /// Shopify's locations of a store, and what serves them
    #[command(after_help = "Example:\n  lockstep location list north")]
    List {
        /// Id of the store
        store: String,
    },
    /// Say which warehouses serve a location; replaces what was said before
    #[command(after_help = MAP_HELP)]
    Map(Mapping),
}

const MAP_HELP: &str = "\
Examples:
  lockstep location map north 61000000002 wms/MAIN wms/OUTLET --default
  lockstep location map north 61000000002 --unmap";

#[derive(Args)]
struct Mapping {
    /// Id of the store
    store: String,
    /// Shopify's id of the location; `lockstep location list` shows it
    location_id: String,
    /// Warehouses that serve it, e.g. wms/MAIN
    #[arg(value_name = "WAREHOUSE", required_unless_present = "unmap")]
    warehouses: Vec<String>,
    /// No warehouse serves the location from now on
    #[arg(long, conflicts_with = "warehouses")]
    unmap: bool,
    /// Whether it is the store's default location
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    default: Option<bool>,
    /// Units that are held back here, instead of the store's stock.buffer
    #[arg(long, value_name = "UNITS")]
    buffer: Option<i64>,
    /// How orders leave from here, in the back office's words
    #[arg(long, value_name = "NAME")]
    shipping_process: Option<String>,
}

#[derive(Deserialize)]
struct Locations {
    locations: Vec<LocationView>,
}

#[derive(Deserialize)]
struct LocationView {
    location_id: String,
    #[serde(default)]
    name: Value,
    #[serde(default = "present")]
    exists: bool,
    #[serde(default = "present")]
    is_active: bool,
    #[serde(default)]
    warehouses: Vec<String>,
    #[serde(default)]
    shipping_process: String,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    buffer: Value,
    #[serde(default)]
    pending: Vec<String>,
}

const fn present() -> bool {
    true
}

impl Location {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.command {
            LocationCommand::List { store } => {
                let path = Path::try_new(&["stores", &store, "locations"])?;
                let answer = session.call(Method::GET, &path).send().await?;
                session.show(&answer, |Locations { locations }, shown| {
                    if locations.is_empty() {
                        shown.remark("the store has no locations in Shopify");
                    } else {
                        shown.table(HEADER, locations.iter().map(LocationView::row).collect());
                    }
                })?;
            }
            LocationCommand::Map(map) => map.execute(session).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Mapping {
    async fn execute(self, session: &Session) -> anyhow::Result<()> {
        let path = Path::try_new(&["stores", &self.store, "locations", &self.location_id])?;
        let mut body = Map::new();
        body.insert("warehouses".to_owned(), self.warehouses.into());
        let optional = [
            ("default", self.default.map(Value::from)),
            ("buffer", self.buffer.map(Value::from)),
            ("shipping_process", self.shipping_process.map(Value::from)),
        ];
        for (name, value) in optional {
            body.extend(value.map(|value| (name.to_owned(), value)));
        }
        let answer = session.call(Method::PUT, &path).json(body).send().await?;
        session.show(&answer, |location: LocationView, shown| {
            shown.table(HEADER, vec![location.row()]);
            shown.pending(&location.pending);
        })
    }
}

const HEADER: [&str; 7] =
    ["LOCATION", "NAME", "STATE", "WAREHOUSES", "DEFAULT", "BUFFER", "SHIPPING PROCESS"];

impl LocationView {
    fn row(&self) -> [String; 7] {
        let state = match (self.exists, self.is_active) {
            (false, _) => "gone",
            (true, false) => "inactive",
            (true, true) => "active",
        };
        [
            self.location_id.clone(),
            plain(&self.name),
            state.to_owned(),
            self.warehouses.join(","),
            if self.default { "yes" } else { "" }.to_owned(),
            plain(&self.buffer),
            self.shipping_process.clone(),
        ]
    }
}
