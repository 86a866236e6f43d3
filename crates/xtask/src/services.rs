//! Private servers around a command, or for a developer's shell.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context as _, Result};
use lockstep_devservices::{
    Cache, Nats, NatsOptions, Postgres, PostgresOptions, Tool, ensure_shopify_schema, ensure_tool,
};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The Admin API version that the product speaks.
pub(crate) const SHOPIFY_API_VERSION: &str = "2026-10";
/// The developer's database: empty, the product's migrations fill it.
const DEV_DATABASE: &str = "lockstep";

struct Services {
    nats: Nats,
    postgres: Postgres,
    schema: PathBuf,
}

impl Services {
    fn start(cache: &Cache, durable: bool) -> Result<Self> {
        let schema = ensure_shopify_schema(cache, SHOPIFY_API_VERSION)?;
        let postgres =
            Postgres::start(PostgresOptions { fsync: durable, ..PostgresOptions::default() })?;
        let nats = Nats::start(NatsOptions { sync_always: durable, ..NatsOptions::default() })?;
        Ok(Self { nats, postgres, schema })
    }

    /// What tests read: addresses, and a server program for tests that need one of their own.
    fn variables(&self) -> [(&'static str, OsString); 4] {
        [
            ("LOCKSTEP_TEST_NATS_URL", self.nats.url().into()),
            ("LOCKSTEP_TEST_DATABASE_URL", self.postgres.url("postgres").into()),
            ("LOCKSTEP_NATS_SERVER_BIN", self.nats.binary().into()),
            ("LOCKSTEP_SHOPIFY_SCHEMA", self.schema.clone().into()),
        ]
    }
}

/// Starts both servers, runs the command with their addresses, stops both.
pub(crate) fn with_services(durable: bool, command: &[OsString]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("a command is needed after --")?;
    let cache = Cache::open()?;
    let services = Services::start(&cache, durable)?;
    let mut command = Command::from(plain(program));
    command.args(arguments).envs(services.variables());
    if let Some(path) = path_with_tools(&cache, command_is_nextest(program, arguments))? {
        command.env("PATH", path);
    }
    let status = runtime()?.block_on(run_to_end(command))?;
    drop(services);
    Ok(exit_code(status))
}

/// A command without what cargo tells about this program: cargo would build those dependencies
/// again that look at it.
pub(crate) fn plain(program: &OsStr) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_this_package(name)) {
        command.env_remove(name);
    }
    command
}

/// Starts both servers and keeps them until Ctrl-C or SIGTERM.
pub(crate) fn dev_env() -> Result<ExitCode> {
    let cache = Cache::open()?;
    let services = Services::start(&cache, true)?;
    services.postgres.create_database(DEV_DATABASE)?;
    let own = [
        ("LOCKSTEP_NATS_URL", services.nats.url().into()),
        ("LOCKSTEP_DATABASE_URL", services.postgres.url(DEV_DATABASE).into()),
    ];
    let all = own.into_iter().chain(services.variables());
    let exports: String = all
        .map(|(name, value): (_, OsString)| format!("export {name}='{}'\n", value.display()))
        .collect();
    let file = cache.root().join("dev.env");
    fs::write(&file, &exports).with_context(|| format!("cannot write {}", file.display()))?;
    print!("{exports}");
    println!("# The same in another shell: . {}", file.display());
    println!("# Both servers stay until Ctrl-C; their data goes with them.");
    runtime()?.block_on(async {
        let (mut interrupt, mut terminate) = stop_signals()?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        anyhow::Ok(())
    })?;
    let _ = fs::remove_file(&file);
    Ok(ExitCode::SUCCESS)
}

/// Waits for the command. Ctrl-C reaches it from the terminal, so it ends first and the servers
/// under it afterwards; SIGTERM is passed on; a second signal kills it.
async fn run_to_end(mut command: Command) -> Result<ExitStatus> {
    let (mut interrupt, mut terminate) = stop_signals()?;
    let name = command.as_std().get_program().display().to_string();
    let mut child = command.spawn().with_context(|| format!("{name} cannot be run"))?;
    let mut signals = 0_u32;
    loop {
        let passed_on = tokio::select! {
            status = child.wait() => return Ok(status?),
            _ = interrupt.recv() => false,
            _ = terminate.recv() => true,
        };
        signals += 1;
        if signals > 1 {
            child.start_kill()?;
        } else if passed_on {
            send_term(&child).await?;
        }
    }
}

fn stop_signals() -> Result<(Signal, Signal)> {
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

async fn send_term(child: &Child) -> Result<()> {
    let Some(pid) = child.id() else { return Ok(()) };
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -s TERM \"$1\" 2>/dev/null || true", "sh", &pid.to_string()]);
    kill.status().await.context("sh cannot be run")?;
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn is_of_this_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

fn command_is_nextest(program: &OsStr, arguments: &[OsString]) -> bool {
    let is_cargo = Path::new(program).file_name().is_some_and(|name| name == "cargo");
    is_cargo && arguments.first().is_some_and(|first| first == "nextest")
}

/// `PATH` with the cached nextest in front, if the command needs it and none is installed.
fn path_with_tools(cache: &Cache, nextest: bool) -> Result<Option<OsString>> {
    if !nextest {
        return Ok(None);
    }
    let program = ensure_tool(cache, Tool::CargoNextest)?;
    let folder = program.parent().context("a program is in a folder")?.to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    Ok(Some(std::env::join_paths(folders)?))
}

fn exit_code(status: ExitStatus) -> ExitCode {
    // As a shell tells it: the code, or 128 and the signal.
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
