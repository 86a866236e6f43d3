//! `lockstep warehouse`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value};

use super::Target;
use super::backoffice::BackOfficeView;
use super::session::{Path, Session};

#[derive(Args)]
pub struct Warehouse {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: WarehouseCommand,
}

#[derive(Subcommand)]
enum WarehouseCommand {
    /// Declare a warehouse of a back office, or rename it
    #[command(after_help = "Example:\n  lockstep warehouse add wms MAIN --name \"Main hall\"")]
    Add {
        /// Id of the back office
        backoffice: String,
        /// The back office's code of the warehouse, e.g. MAIN
        code: String,
        /// Name for people
        #[arg(long)]
        name: Option<String>,
    },
}

impl Warehouse {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let WarehouseCommand::Add { backoffice, code, name } = self.command;
        let path = Path::try_new(&["backoffices", &backoffice, "warehouses", &code])?;
        let body: Map<String, Value> =
            name.map(|name| ("name".to_owned(), name.into())).into_iter().collect();
        let answer = session.call(Method::PUT, &path).json(body).send().await?;
        session.show(&answer, |changed: BackOfficeView, shown| changed.show(shown))?;
        Ok(ExitCode::SUCCESS)
    }
}
