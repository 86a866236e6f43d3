//! `lockstep stock`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::Target;
use super::output::{Shown, clean, moment, plain};
use super::session::{Path, Session};

#[derive(Args)]
pub struct Stock {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: StockCommand,
}

#[derive(Subcommand)]
enum StockCommand {
    /// Positions of a SKU, and the levels that Shopify must show
    #[command(after_help = SHOW_HELP)]
    Show {
        /// Id of the store
        store: String,
        /// The back office's code
        sku: String,
    },
}

const SHOW_HELP: &str = "\
TARGET is what Lockstep wants a level to show, EXPLAINED what it must show by everything that is
known; both as available/on hand. A position is unknown until the SKU was counted.

Example:
  lockstep stock show north LAMP-1";

#[derive(Deserialize)]
struct Known {
    store: String,
    sku: String,
    #[serde(default)]
    positions: Vec<Position>,
    #[serde(default)]
    levels: Vec<Level>,
    #[serde(default)]
    window_until: Value,
    #[serde(default)]
    dirty_since: Value,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Position {
    warehouse: String,
    sku: String,
    position: Value,
    owed: Value,
    free: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Level {
    inventory_item_id: String,
    location_id: String,
    warehouses: Vec<String>,
    available_target: Value,
    on_hand_target: Value,
    explained_available: Value,
    explained_on_hand: Value,
    verdict: String,
    in_flight: String,
}

impl Stock {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let StockCommand::Show { store, sku } = self.command;
        let path = Path::try_new(&["stores", &store, "stock", &sku])?;
        let answer = session.call(Method::GET, &path).send().await?;
        session.show(&answer, |known: Known, shown| known.show(shown))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Known {
    fn show(self, shown: &mut Shown) {
        shown.line(clean(&format!("{} in store {}", self.sku, self.store)));
        shown.line("");
        if self.positions.is_empty() {
            shown.line("no warehouse holds it");
        } else {
            let rows = self.positions.into_iter().map(|one| {
                let (position, owed, free) = (known(&one.position), known(&one.owed), &one.free);
                [one.warehouse, one.sku, position, owed, known(free)]
            });
            shown.table(["WAREHOUSE", "SKU", "POSITION", "OWED", "FREE"], rows.collect());
        }
        shown.line("");
        if self.levels.is_empty() {
            shown.line("no level shows it");
        } else {
            let rows = self.levels.into_iter().map(|level| {
                let target = pair(&level.available_target, &level.on_hand_target);
                let explained = pair(&level.explained_available, &level.explained_on_hand);
                let warehouses = level.warehouses.join(",");
                let Level { location_id, inventory_item_id, verdict, in_flight, .. } = level;
                [location_id, inventory_item_id, warehouses, target, explained, in_flight, verdict]
            });
            let header =
                ["LOCATION", "ITEM", "WAREHOUSES", "TARGET", "EXPLAINED", "IN FLIGHT", "VERDICT"];
            shown.table(header, rows.collect());
        }
        for (what, at) in [
            ("a change waits since", &self.dirty_since),
            ("the window is open until", &self.window_until),
        ] {
            if !at.is_null() {
                shown.line(format!("\n{what} {}", clean(&moment(at))));
            }
        }
    }
}

fn known(value: &Value) -> String {
    if value.is_null() { "unknown".to_owned() } else { plain(value) }
}

fn pair(available: &Value, on_hand: &Value) -> String {
    if available.is_null() && on_hand.is_null() {
        return "unknown".to_owned();
    }
    let one = |value: &Value| if value.is_null() { "?".to_owned() } else { plain(value) };
    format!("{}/{}", one(available), one(on_hand))
}
