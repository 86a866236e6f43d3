//! The commands, one file each.

mod client;
mod keygen;
mod migrate;
mod outbox;
pub mod rebuild;
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
    /// Events on their way to the broker
    #[command(subcommand)]
    Outbox(outbox::Outbox),
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
        "run" | "migrate" | "topology" | "rebuild" | "outbox" => command.defer(|command| {
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
            Command::Outbox(outbox) => outbox.execute(&self.process).await,
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Text of every help, of every command.
    fn helps(command: &clap::Command) -> Vec<String> {
        let own = [command.get_after_help(), command.get_after_long_help()];
        let own = own.into_iter().flatten().map(ToString::to_string);
        own.chain(command.get_subcommands().flat_map(helps)).collect()
    }

    /// Command lines in a help: those that are set in, with their continuations.
    fn examples(help: &str) -> Vec<String> {
        let mut lines = help.lines();
        let mut found = Vec::new();
        while let Some(line) = lines.next() {
            let Some(line) = line.strip_prefix("  ").filter(|line| line.starts_with("lockstep "))
            else {
                continue;
            };
            let mut whole = line.to_owned();
            while let Some(open) = whole.strip_suffix('\\') {
                whole = format!("{} {}", open.trim_end(), lines.next().unwrap().trim());
            }
            found.push(whole);
        }
        found
    }

    /// The words of the first command of a line, as a shell takes them. What two spaces set apart
    /// is said about it.
    fn words(line: &str) -> Vec<String> {
        let line = line.split("  ").next().unwrap();
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for c in line.chars() {
            match c {
                '"' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                c => words.last_mut().unwrap().push(c),
            }
        }
        let of_shell = |word: &String| ["|", ">", "<", "&&", "#"].contains(&word.as_str());
        let end = words.iter().position(of_shell).unwrap_or(words.len());
        words.truncate(end);
        words
    }

    #[test]
    fn every_example_of_every_help_is_a_command_line() {
        let found: Vec<_> = helps(&Cli::command()).iter().flat_map(|help| examples(help)).collect();
        assert!(found.len() > 40, "{found:#?}");
        for line in &found {
            let words = words(line);
            if let Err(refused) = Cli::try_parse_from(&words) {
                panic!("{line}\n{words:?}\n{refused}");
            }
        }
    }

    #[test]
    fn ids_in_examples_have_the_form_of_real_ones() {
        let found: Vec<_> = helps(&Cli::command()).iter().flat_map(|help| examples(help)).collect();
        let mut seen = 0;
        for line in &found {
            let words = words(line);
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            match words.as_slice() {
                [_, "job" | "effects", _, id, ..] | [_, "dead-letters", _, id]
                    if !id.starts_with('-') =>
                {
                    assert!(id.parse::<uuid::Uuid>().is_ok(), "{line}");
                    seen += 1;
                }
                [_, "token", "revoke", backoffice, id] => {
                    let digits = id.strip_prefix(&format!("{backoffice}.")).expect(line);
                    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                    assert!(digits.len() == 32 && is_hex, "{line}");
                    seen += 1;
                }
                _ => {}
            }
        }
        assert_eq!(seen, 10);
    }
}
