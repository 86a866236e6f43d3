//! A private Postgres.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::Account;
use crate::cache::RunFolder;
use crate::command::{is_executable, on_path, run};
use crate::process::{Recipe, Server, wait_until};
use crate::{Cache, DevError, Port, debian, random};

/// Older ones lack what the queries use.
const VERSION_MIN: u32 = 14;
const HINT: &str = "install Postgres 14 or newer (Debian: apt-get install postgresql; macOS: brew \
                    install postgresql@17), or set LOCKSTEP_POSTGRES_BIN to the folder of initdb";
const USER: &str = "lockstep";
const START_TRIES_MAX: u32 = 5;
/// After a SIGKILL the old server's children need a moment to notice and let go of its memory.
const RESTART_WAIT: std::time::Duration = std::time::Duration::from_secs(15);

/// What differs from the server's defaults.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Whether a commit waits for the disk. Off loses nothing when a process is killed, only when
    /// the machine goes down: right for tests, wrong for the demo and for measurements.
    pub fsync: bool,
    /// Connections that the server accepts.
    pub connections_max: u16,
    /// Further settings, as in `postgresql.conf`.
    pub extra: Vec<(String, String)>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { fsync: true, connections_max: 200, extra: Vec::new() }
    }
}

/// A running private Postgres, on loopback and a port of its own, with a password of its own.
#[derive(Debug)]
pub struct Postgres {
    // Before the folder: the server stops first, then its data is removed.
    server: Option<Server>,
    programs: PostgresPrograms,
    account: Account,
    port: Port,
    password: String,
    options: PostgresOptions,
    folder: RunFolder,
}

impl Postgres {
    /// Finds or fetches the server, makes an empty cluster and starts it.
    ///
    /// # Errors
    /// When there is none to be had, or it does not start.
    pub fn start(options: PostgresOptions) -> Result<Self, DevError> {
        let cache = Cache::open()?;
        let programs = find_postgres(&cache)?;
        let account = Account::for_servers()?;
        let folder = cache.run_folder("postgres")?;
        account.own(folder.path())?;
        let password = format!("{:016x}{:016x}", random::number(), random::number());
        let port = Port::reserve()?;
        let mut postgres =
            Self { server: None, programs, account, port, password, options, folder };
        postgres.initialise()?;
        for tries in 1.. {
            match postgres.launch() {
                Ok(()) => break,
                // Somebody else may listen there since.
                Err(_) if tries < START_TRIES_MAX => postgres.port = Port::reserve()?,
                Err(error) => return Err(error),
            }
        }
        Ok(postgres)
    }

    /// The address of one database, with the superuser of this private server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@{}/{database}", self.password, self.port.address())
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The server's main process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Server::pid)
    }

    /// Whether its process runs, and did not end by itself.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::is_running)
    }

    /// What the server printed since its last start.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// When the server does not run, or the database exists.
    pub fn create_database(&self, name: &str) -> Result<(), DevError> {
        let mut command = self.client("createdb")?;
        run(&format!("making database {name}"), command.arg(name)).map(drop)
    }

    /// Runs the statements of a file, and stops at the first that fails.
    ///
    /// # Errors
    /// When the server does not run, or a statement fails.
    pub fn run_file(&self, database: &str, file: &Path) -> Result<(), DevError> {
        let mut command = self.client("psql")?;
        command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", database]);
        run(&format!("running {}", file.display()), command.arg("--file").arg(file)).map(drop)
    }

    /// SIGKILL of the main process; its children notice and end. Port and data stay reserved for
    /// [`Postgres::restart`].
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn kill(&mut self) -> Result<(), DevError> {
        self.server.take().map_or(Ok(()), Server::kill)
    }

    /// A stop that asks no client: all connections are cut and the next start recovers, which is
    /// quick. Port and data stay reserved for [`Postgres::restart`].
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn stop(&mut self) -> Result<(), DevError> {
        self.server.take().map_or(Ok(()), Server::stop)
    }

    /// Starts again on the same port and data, after a stop if it still runs.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<(), DevError> {
        self.stop()?;
        let mut last = None;
        wait_until(RESTART_WAIT, || match self.launch() {
            Ok(()) => Some(Ok(())),
            Err(error) if in_use(&error) => {
                last = Some(error);
                None
            }
            Err(error) => Some(Err(error)),
        })
        .unwrap_or_else(|| last.map_or(Ok(()), Err))
    }

    fn client(&self, program: &str) -> Result<Command, DevError> {
        let mut command = self.programs.command(&Account::Own, program)?;
        command.args(["--host=127.0.0.1", "--username", USER, "--port", &self.port().to_string()]);
        command.env("PGPASSWORD", &self.password).env("PGCONNECT_TIMEOUT", "10");
        Ok(command)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn initialise(&self) -> Result<(), DevError> {
        let password_file = self.folder.path().join("password");
        fs::write(&password_file, &self.password).map_err(DevError::io("write", &password_file))?;
        self.account.own(&password_file)?;
        let mut initdb = self.programs.command(&self.account, "initdb")?;
        initdb.arg("--pgdata").arg(self.data()).args(["--username", USER]);
        initdb.arg("--pwfile").arg(&password_file);
        // Plain on loopback: scram would cost every connection of an unoptimised client 50 ms.
        initdb.args(["--auth=password", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        run("initdb", &mut initdb)?;
        fs::remove_file(&password_file).map_err(DevError::io("remove", &password_file))
    }

    fn launch(&mut self) -> Result<(), DevError> {
        let data = self.data();
        let recipe = Recipe {
            name: "Postgres",
            stop_signal: "QUIT",
            log: self.folder.path().join("server.log"),
            folder: self.folder.path().to_path_buf(),
            lock: self.folder.lock_path().to_path_buf(),
        };
        let mut command = self.programs.command(&self.account, "postgres")?;
        command.arg("-D").arg(&data);
        for (name, value) in self.settings() {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let pid_file = data.join("postmaster.pid");
        if self.server.is_none() {
            // One that a killed server left would look ready to us.
            let _ = fs::remove_file(&pid_file);
        }
        self.server = Some(Server::start(&recipe, command, || ready_pid(&pid_file))?);
        Ok(())
    }

    fn settings(&self) -> Vec<(String, String)> {
        let on = if self.options.fsync { "on" } else { "off" };
        let fixed = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", self.port().to_string()),
            ("unix_socket_directories", String::new()),
            ("max_connections", self.options.connections_max.to_string()),
            ("fsync", on.to_owned()),
            ("synchronous_commit", on.to_owned()),
            ("full_page_writes", on.to_owned()),
            ("shared_buffers", "64MB".to_owned()),
            ("timezone", "UTC".to_owned()),
            ("logging_collector", "off".to_owned()),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name.to_owned(), value));
        fixed.chain(self.options.extra.iter().cloned()).collect()
    }
}

/// Where the programs of one Postgres are.
#[derive(Debug, Clone)]
pub struct PostgresPrograms {
    /// The folder of `initdb` and `postgres`.
    pub bin: PathBuf,
    /// Folders of shared libraries that the system does not know, for an unpacked one.
    pub(crate) libraries: Vec<PathBuf>,
}

impl PostgresPrograms {
    pub(crate) fn installed(bin: PathBuf) -> Self {
        Self { bin, libraries: Vec::new() }
    }

    /// The program in a plain environment: `PG*` variables of the caller mean another server.
    fn command(&self, account: &Account, program: &str) -> Result<Command, DevError> {
        let mut command = account.command(&self.bin.join(program))?;
        command.current_dir("/").env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("LC_ALL", "C").env("TZ", "UTC");
        if !self.libraries.is_empty() {
            let joined = std::env::join_paths(&self.libraries).unwrap_or_else(|_| OsString::new());
            command.env("LD_LIBRARY_PATH", joined);
        }
        Ok(command)
    }

    /// The major version, if the programs are there and run.
    pub(crate) fn version(&self) -> Option<u32> {
        if !is_executable(&self.bin.join("initdb")) {
            return None;
        }
        let mut command = self.command(&Account::Own, "postgres").ok()?;
        version(&run("postgres", command.arg("--version")).ok()?)
    }
}

/// The newest Postgres of at least 14: in the folder that `LOCKSTEP_POSTGRES_BIN` names, installed
/// (Debian, RPM, Homebrew, `PATH`), or Debian's packages unpacked into the cache.
///
/// # Errors
/// When there is none and none can be fetched.
pub fn find_postgres(cache: &Cache) -> Result<PostgresPrograms, DevError> {
    let suits = |programs: &PostgresPrograms| programs.version().filter(|v| *v >= VERSION_MIN);
    if let Some(named) = std::env::var_os("LOCKSTEP_POSTGRES_BIN").map(PathBuf::from) {
        let what = format!("Postgres 14 or newer in {}", named.display());
        let programs = PostgresPrograms::installed(named);
        let hint = "correct or unset LOCKSTEP_POSTGRES_BIN";
        return match suits(&programs) {
            Some(_) => Ok(programs),
            None => Err(DevError::missing(what, hint)),
        };
    }
    let account = Account::for_servers()?;
    let reached = installed_folders().into_iter().filter(|bin| account.reaches(bin));
    let found = reached.map(PostgresPrograms::installed).max_by_key(|programs| suits(programs));
    match found.filter(|programs| suits(programs).is_some()) {
        Some(programs) => Ok(programs),
        None => debian::unpacked_postgres(cache, VERSION_MIN, HINT),
    }
}

/// Folders in which packages put `initdb`.
fn installed_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    // Debian; Homebrew on both kinds of Mac.
    for base in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"] {
        let children = fs::read_dir(base).into_iter().flatten().flatten();
        folders.extend(children.map(|child| child.path().join("bin")));
    }
    // RPM packages of the project itself: /usr/pgsql-17/bin.
    let children = fs::read_dir("/usr").into_iter().flatten().flatten();
    folders.extend(
        children
            .map(|child| child.path().join("bin"))
            .filter(|bin| bin.to_str().is_some_and(|text| text.starts_with("/usr/pgsql-"))),
    );
    // Fedora, Arch, Alpine and others: beside everything else.
    if let Some(Ok(initdb)) = on_path("initdb").map(|path| path.canonicalize()) {
        folders.extend(initdb.parent().map(Path::to_path_buf));
    }
    folders.retain(|folder| is_executable(&folder.join("initdb")));
    folders
}

/// The major version out of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version(answer: &str) -> Option<u32> {
    let number = answer.split_whitespace().nth(2)?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The pid of a server that accepts connections: line 1, when line 8 says `ready`.
fn ready_pid(pid_file: &Path) -> Option<u32> {
    let text = fs::read_to_string(pid_file).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    lines.nth(6).is_some_and(|status| status.trim() == "ready").then_some(pid)
}

/// Whether the server refused because the killed one's children are not all gone.
fn in_use(error: &DevError) -> bool {
    let DevError::Start { detail, .. } = error else { return false };
    ["still in use", "Address already in use", "already running"].iter().any(|s| detail.contains(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_server_prints() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(version(debian), Some(15));
        assert_eq!(version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(version("no"), None);
    }
}
