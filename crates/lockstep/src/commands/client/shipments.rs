//! `lockstep shipments`.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;

use super::Target;
use super::hint;
use super::output::{Shown, clean};
use super::session::{Path, Session};

#[derive(Args)]
pub struct Shipments {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: ShipmentsCommand,
}

#[derive(Subcommand)]
enum ShipmentsCommand {
    /// What back offices shipped, and what became of it
    #[command(after_help = LIST_HELP)]
    List {
        /// Only of this store
        #[arg(long, value_name = "ID")]
        store: Option<String>,
        /// Only of this order, `STORE:ORDER_ID`
        #[arg(long, value_name = "KEY")]
        order: Option<String>,
        /// Only those that stand so
        #[arg(long, value_name = "STANDING")]
        standing: Option<ShipmentStanding>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ShipmentStanding {
    /// To be sent to Shopify
    Due,
    /// It waits for something
    Parked,
    /// Shopify has it
    Done,
    /// It was refused
    Refused,
    /// The store takes no shipments of this back office
    NotEnabled,
}

const LIST_HELP: &str = "\
A shipment is due until Shopify has it, then done; parked while it waits, and WHY says for what.
What a back office released as fulfilled is listed too, as release.

Examples:
  lockstep shipments list --standing parked
  lockstep shipments list --order north:6120000000001";

/// A shipment.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Shipment {
    shipment: String,
    order_key: String,
    warehouse: String,
    standing: String,
    message: String,
    fix: String,
    quantity: i64,
    arrived: bool,
    unclear: bool,
    fulfillments: Vec<Fulfillment>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fulfillment {
    fulfillment_id: String,
    company: String,
    numbers: Vec<String>,
    cancelled: bool,
}

impl Shipments {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let ShipmentsCommand::List { store, order, standing } = self.command;
        let standing = standing.map(|standing| match standing {
            ShipmentStanding::Due => "due",
            ShipmentStanding::Parked => "parked",
            ShipmentStanding::Done => "done",
            ShipmentStanding::Refused => "refused",
            ShipmentStanding::NotEnabled => "not_enabled",
        });
        let path = Path::try_new(&["shipments"])?
            .query_some("store", store)
            .query_some("order", order)
            .query_some("standing", standing);
        let Some(found) = session.list::<Shipment>(&path, "shipments").await? else {
            return Ok(ExitCode::SUCCESS);
        };
        let mut shown = Shown::default();
        if found.is_empty() {
            shown.remark("no shipments");
        } else {
            table(&mut shown, &found);
        }
        shown.print()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Shipments as a person reads them.
pub fn table(shown: &mut Shown, shipments: &[Shipment]) {
    let header =
        ["SHIPMENT", "ORDER", "WAREHOUSE", "STANDING", "UNITS", "TRACKING", "FULFILLMENT", "WHY"];
    shown.table(header, shipments.iter().map(Shipment::row).collect());
}

impl Shipment {
    fn row(&self) -> [String; 8] {
        let live = || self.fulfillments.iter().filter(|one| !one.cancelled);
        let mut tracking: Vec<_> = live().map(Fulfillment::tracking).collect();
        tracking.retain(|one| !one.is_empty());
        let ids: Vec<_> = live().map(|one| one.fulfillment_id.as_str()).collect();
        let standing = match (self.standing.as_str(), self.arrived) {
            ("done", true) => "arrived".to_owned(),
            (standing, _) => standing.replace('_', " "),
        };
        let units = if self.quantity == 0 { String::new() } else { self.quantity.to_string() };
        [
            self.shipment.clone(),
            self.order_key.clone(),
            self.warehouse.clone(),
            standing,
            units,
            tracking.join(", "),
            ids.join(","),
            self.why(),
        ]
    }

    fn why(&self) -> String {
        match (self.message.as_str(), self.fix.as_str()) {
            ("", _) if self.unclear => "its answer was lost; Shopify is asked".to_owned(),
            (message, "") => message.to_owned(),
            (message, fix) => format!("{message}; {}", hint::in_commands(&clean(fix))),
        }
    }
}

impl Fulfillment {
    fn tracking(&self) -> String {
        format!("{} {}", self.company, self.numbers.join(" ")).trim().to_owned()
    }
}
