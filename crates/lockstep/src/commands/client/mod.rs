//! The operator's commands: each speaks to the admin API and to nothing else.
//!
//! One file per group; [`session`] makes the calls, [`output`] writes, [`refusal`] says in the
//! command line's own words what the API refused.

mod activity;
mod backoffice;
mod conflicts;
mod dead_letters;
mod doctor;
mod effects;
mod hint;
mod import;
mod job;
mod link;
mod location;
mod orders;
mod output;
mod products;
mod refusal;
mod secret;
mod session;
mod setting;
mod shipments;
mod stock;
mod store;
mod token;
mod warehouse;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::refusal::Refusal;
use self::session::Session;
use crate::config::ProcessArgs;

/// Where the admin API is and how its answers are shown.
#[derive(Args, Clone)]
pub struct Target {
    /// Address of the console, which serves the admin API
    #[arg(
        long,
        value_name = "URL",
        env = "LOCKSTEP_CONSOLE_URL",
        default_value = "http://127.0.0.1:8083",
        global = true,
        display_order = 900
    )]
    console_url: String,
    /// Print the API's answer unchanged
    #[arg(long, global = true, display_order = 902)]
    json: bool,
}

/// Commands that speak to the admin API.
#[derive(Subcommand)]
pub enum Client {
    /// Stores: list, show, add, change, remove
    Store(store::Store),
    /// Locations of a store, and the warehouses that serve them
    Location(location::Location),
    /// Back offices: list, show, add, change
    #[command(name = "backoffice")]
    BackOffice(backoffice::BackOffice),
    /// Warehouses of a back office
    Warehouse(warehouse::Warehouse),
    /// Tokens with which back offices report
    Token(token::Token),
    /// Links between variants and SKUs, one by one or as CSV
    Link(link::Link),
    /// Products of a store: link variants to SKUs
    Products(products::Products),
    /// Variants that a person must decide about
    Conflicts(conflicts::Conflicts),
    /// Long work of a store, newest first
    Jobs(job::Jobs),
    /// One job: show, pause, resume, cancel
    Job(job::JobGroup),
    /// What Lockstep knows of a SKU
    Stock(stock::Stock),
    /// Orders, and where they stand with the back offices: list, show
    Orders(orders::Orders),
    /// What back offices shipped, and what became of it
    Shipments(shipments::Shipments),
    /// Writes to Shopify whose outcome nobody knows: list, settle
    Effects(effects::Effects),
    /// Messages that could not be processed: list, retry, dismiss
    DeadLetters(dead_letters::DeadLetters),
    /// What is broken and what to do; exit code 1 when something is
    Doctor(doctor::Doctor),
    /// Who changed which setting, newest first
    Activity(activity::Activity),
}

impl Client {
    /// Executes the command. A reader that has seen enough is no error.
    pub async fn execute(self, process: &ProcessArgs) -> ExitCode {
        let target = self.target().clone();
        let result = match Session::try_new(&target, process.admin_token.as_deref()) {
            Ok(session) => self.execute_in(&session).await,
            Err(error) => Err(error),
        };
        let error = match result {
            Ok(code) => return code,
            Err(error) => error,
        };
        if error.is::<output::Closed>() {
            return ExitCode::SUCCESS;
        }
        match error.downcast_ref::<Refusal>() {
            Some(refusal) if target.json => {
                // The exit code tells the failure when nobody reads the answer.
                let _ = output::print(&refusal.body);
            }
            _ => {}
        }
        super::fail(&error)
    }

    fn target(&self) -> &Target {
        match self {
            Self::Store(group) => &group.target,
            Self::Location(group) => &group.target,
            Self::BackOffice(group) => &group.target,
            Self::Warehouse(group) => &group.target,
            Self::Token(group) => &group.target,
            Self::Link(group) => &group.target,
            Self::Products(group) => &group.target,
            Self::Conflicts(command) => &command.target,
            Self::Jobs(command) => &command.target,
            Self::Job(group) => &group.target,
            Self::Stock(group) => &group.target,
            Self::Orders(group) => &group.target,
            Self::Shipments(group) => &group.target,
            Self::Effects(group) => &group.target,
            Self::DeadLetters(group) => &group.target,
            Self::Doctor(command) => &command.target,
            Self::Activity(command) => &command.target,
        }
    }

    async fn execute_in(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Self::Store(group) => group.execute(session).await,
            Self::Location(group) => group.execute(session).await,
            Self::BackOffice(group) => group.execute(session).await,
            Self::Warehouse(group) => group.execute(session).await,
            Self::Token(group) => group.execute(session).await,
            Self::Link(group) => group.execute(session).await,
            Self::Products(group) => group.execute(session).await,
            Self::Conflicts(command) => command.execute(session).await,
            Self::Jobs(command) => command.execute(session).await,
            Self::Job(group) => group.execute(session).await,
            Self::Stock(group) => group.execute(session).await,
            Self::Orders(group) => group.execute(session).await,
            Self::Shipments(group) => group.execute(session).await,
            Self::Effects(group) => group.execute(session).await,
            Self::DeadLetters(group) => group.execute(session).await,
            Self::Doctor(command) => command.execute(session).await,
            Self::Activity(command) => command.execute(session).await,
        }
    }
}
