//! The project's own tasks, as `cargo xtask NAME`: private servers for tests and developers, the
//! rules that a machine checks, and releases of the contracts. `make help` lists what people use.
//!
//! It must never be needed to run the product, and must change nothing outside the repository,
//! its `target` and its cache.

#![expect(
    clippy::disallowed_methods,
    reason = "a development tool: it passes its own environment on to what it starts"
)]
#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

mod behaviours;
mod checks;
mod proto;
mod repository;
mod schema;
mod services;
mod sqlx_data;
mod tools;
mod violations;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs a command beside a private nats-server and Postgres, and passes its exit code on
    WithServices {
        /// Commits and acknowledgements wait for the disk, as for a measurement
        #[arg(long)]
        durable: bool,
        /// The command and its arguments
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Keeps private servers up until Ctrl-C and prints their addresses as exports
    DevEnv,
    /// Fetches everything that building, testing and checking need, so that it works offline
    Fetch,
    /// Runs a pinned tool with the arguments that follow
    Tool {
        /// Which one
        tool: tools::Name,
        /// Its arguments
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Checks who may depend on whom
    CheckDeps,
    /// Checks sizes, names and leftovers in every tracked file
    Tidy {
        /// Records the checksums of new migrations
        #[arg(long)]
        record_migrations: bool,
    },
    /// Makes the offline data of every SQL query again, from the migrations
    SqlxPrepare {
        /// Only tells whether the committed data is current
        #[arg(long)]
        check: bool,
    },
    /// Runs the tests that carry a row's number and tells which behaviours owed to users they show
    Behaviours,
    /// Sums up what the stand-in of Shopify held against the product in the last run of the tests
    Violations,
    /// Lints the contracts and compares them with the last release
    ProtoCheck,
    /// Makes the contracts as they are now the release to compare with
    ProtoRelease,
    /// Derives the part of Shopify's schema that the operations use, and their Rust types
    Schema {
        /// Only tells whether the committed files are current
        #[arg(long)]
        check: bool,
    },
    /// Holds every operation against the next version of Shopify's schema
    Canary,
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().task {
        Task::WithServices { durable, command } => services::with_services(durable, &command),
        Task::DevEnv => services::dev_env(),
        Task::Fetch => tools::fetch(),
        Task::Tool { tool, arguments } => tools::run(tool, &arguments),
        Task::CheckDeps => checks::dependencies::check(),
        Task::Tidy { record_migrations } => checks::tidy::check(record_migrations),
        Task::SqlxPrepare { check } => sqlx_data::prepare(check),
        Task::Behaviours => behaviours::report(),
        Task::Violations => violations::report(),
        Task::ProtoCheck => proto::check(),
        Task::ProtoRelease => proto::release(),
        Task::Schema { check } => schema::derive(check),
        Task::Canary => schema::canary(),
    }
}
