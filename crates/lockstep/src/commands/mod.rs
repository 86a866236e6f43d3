//! The commands, one file each.

mod client;
mod keygen;
mod migrate;
mod rebuild;
mod run;
mod topology;

use std::io::Write;
use std::process::ExitCode;

use clap::{Arg, Parser, Subcommand};

use crate::config::ProcessArgs;

/// Exit code for settings that are missing or wrong (EX_CONFIG).
const EXIT_CONFIG: u8 = 78;

/// Keeps Shopify stores and the systems behind them in lockstep.
#[derive(Parser)]
#[command(name = "lockstep", version, propagate_version = true, after_help = HELP)]
#[command(mut_args(|setting| setting.hide(true)), mut_subcommands(with_settings))]
pub struct Cli {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run services in this process: all of them, or those that are named
    Run(run::Run),
    /// Bring the database to this version
    Migrate,
    /// Streams and buckets of the broker
    #[command(subcommand)]
    Topology(topology::Topology),
    /// Make a master key, or an administrator's token
    Keygen(keygen::Keygen),
    /// Drop a service's states and fold its event log again
    Rebuild(rebuild::Rebuild),
    #[command(flatten)]
    Client(client::Client),
}

const HELP: &str = "\
Settings are flags or LOCKSTEP_* variables; `lockstep run --help` lists them. The commands from
store on speak to a running console: they need LOCKSTEP_ADMIN_TOKEN, and LOCKSTEP_CONSOLE_URL when
it is not on this machine.

Examples:
  lockstep run                         everything, in one process
  lockstep doctor                      what is broken and what to do
  lockstep store list --json           the API's answer, for scripts
  lockstep stock show north LAMP-1     positions and levels of a SKU";

/// Each command's help lists the settings that it works with, and no others.
fn with_settings(command: clap::Command) -> clap::Command {
    // The settings reach a command from above only when it is built.
    match command.get_name() {
        "run" | "migrate" | "topology" | "rebuild" => command.defer(|command| {
            command.mut_args(|arg: Arg| if arg.is_global_set() { arg.hide(false) } else { arg })
        }),
        "keygen" => command,
        _ => command.defer(|command| {
            command.mut_arg("admin_token", |token| token.hide(false).display_order(901))
        }),
    }
}

impl Cli {
    /// Executes the command.
    pub async fn execute(self) -> ExitCode {
        let result = match self.command {
            Command::Run(run) => run.execute(&self.process).await,
            Command::Migrate => migrate::execute(&self.process).await,
            Command::Topology(command) => command.execute(&self.process).await,
            Command::Keygen(keygen) => keygen.execute(),
            Command::Rebuild(rebuild) => rebuild.execute(&self.process).await,
            Command::Client(client) => return client.execute(&self.process).await,
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            // A reader that has seen enough, as `head`, is no error.
            Err(error) if is_closed(&error) => ExitCode::SUCCESS,
            Err(error) => fail(&error),
        }
    }
}

/// Whether standard output was closed; a broken connection never surfaces as a bare I/O error.
fn is_closed(error: &anyhow::Error) -> bool {
    let found = error.downcast_ref::<std::io::Error>();
    found.is_some_and(|found| found.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Says in one line what went wrong.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    let code = if error.is::<crate::config::ConfigError>() { EXIT_CONFIG } else { 1 };
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "lockstep: {error:#}");
    ExitCode::from(code)
}

/// Prints a line of a command's result.
fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
