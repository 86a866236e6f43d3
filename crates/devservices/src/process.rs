//! One server process: started apart from the terminal, watched by a guard, stopped by pid.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::DevError;
use crate::command::{one_line, run, shell};

/// A server that has not ended by itself after this long is killed.
const STOP_WAIT: Duration = Duration::from_secs(10);
/// Initialising on a busy two-core machine takes a few seconds; this is far beyond.
const START_WAIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// The guard holds the reading end of a pipe whose only writing end is ours. A word means that
/// the server was stopped by us; the end of the pipe without a word means that we died.
/// Arguments: signal, folder to remove, lock to remove.
const GUARD: &str = r#"
read -r pid || exit 0
read -r word && exit 0
kill -s "$1" "$pid" 2>/dev/null
tries=0
while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
kill -s KILL "$pid" 2>/dev/null
rm -rf "$2" "$3"
"#;

/// How a server of one kind is run.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// For messages.
    pub name: &'static str,
    /// Signal that ends it quickly and in order.
    pub stop_signal: &'static str,
    /// Where its output goes.
    pub log: PathBuf,
    /// The folder that a guard removes when the owner dies, and the owner's lock.
    pub folder: PathBuf,
    pub lock: PathBuf,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    guard: Guard,
    pid: u32,
    name: &'static str,
    stop_signal: &'static str,
}

impl Server {
    /// Starts the command and waits until `ready` answers with the server's own pid.
    pub(crate) fn start<F>(
        recipe: &Recipe,
        mut command: Command,
        mut ready: F,
    ) -> Result<Self, DevError>
    where
        F: FnMut() -> Option<u32>,
    {
        let log = File::create(&recipe.log).map_err(DevError::io("write", &recipe.log))?;
        let errors = log.try_clone().map_err(DevError::io("write", &recipe.log))?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        // A process group of its own: Ctrl-C in the terminal reaches the owner, who stops it.
        command.current_dir("/").process_group(0);
        let mut guard = Guard::start(recipe)?;
        let child = command.spawn().map_err(|source| DevError::Start {
            what: recipe.name.to_owned(),
            detail: format!("{} cannot be run: {source}", command.get_program().display()),
        })?;
        guard.watch(child.id());
        let pid = child.id();
        let mut server =
            Self { child, guard, pid, name: recipe.name, stop_signal: recipe.stop_signal };
        let mut ended = false;
        let found = wait_until(START_WAIT, || {
            ended = matches!(server.child.try_wait(), Ok(Some(_)) | Err(_));
            ready().map(Some).or(ended.then_some(None))
        });
        match found.flatten() {
            Some(pid) => {
                server.pid = pid;
                Ok(server)
            }
            None => {
                let log = fs::read_to_string(&recipe.log).unwrap_or_default();
                Err(DevError::Start { what: recipe.name.to_owned(), detail: one_line(&log) })
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL, as a crash or a power cut would; returns when it is gone.
    pub(crate) fn kill(mut self) -> Result<(), DevError> {
        self.end("KILL")
    }

    /// The server's own orderly stop; killed if that takes too long.
    pub(crate) fn stop(mut self) -> Result<(), DevError> {
        self.end(self.stop_signal)
    }

    fn end(&mut self, signal: &str) -> Result<(), DevError> {
        if self.is_running() {
            signal_pid(self.name, self.pid, signal)?;
            let gone = wait_until(STOP_WAIT, || (!self.is_running()).then_some(()));
            if gone.is_none() {
                signal_pid(self.name, self.pid, "KILL")?;
                let _ = self.child.kill();
                // SIGKILL cannot be refused, so this wait ends.
                let _ = self.child.wait();
            }
        }
        self.guard.dismiss();
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If the signal cannot be sent, dropping the pipe makes the guard try.
        let _ = self.end(self.stop_signal);
    }
}

#[derive(Debug)]
struct Guard {
    process: Child,
}

impl Guard {
    fn start(recipe: &Recipe) -> Result<Self, DevError> {
        let mut command = shell(GUARD, [recipe.stop_signal.as_ref(), recipe.folder.as_os_str()]);
        command.arg(&recipe.lock).current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().map_err(DevError::io("run", Path::new("sh")))?;
        Ok(Self { process })
    }

    fn watch(&mut self, pid: u32) {
        self.say(&format!("{pid}\n"));
    }

    fn dismiss(&mut self) {
        self.say("stopped\n");
        self.process.stdin = None;
        let _ = self.process.wait();
    }

    fn say(&mut self, word: &str) {
        if let Some(pipe) = &mut self.process.stdin {
            // A guard that is gone cannot be told; the owner's own stop still works.
            let _ = pipe.write_all(word.as_bytes());
        }
    }
}

/// Waits for a condition that an outside server fulfils, and returns what it gave; `None` when
/// the time is over. The only waiting loop for tests, too.
pub fn wait_until<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(POLL);
    }
}

fn signal_pid(name: &str, pid: u32, signal: &str) -> Result<(), DevError> {
    let script = r#"kill -s "$1" "$2" 2>/dev/null || ! kill -0 "$2" 2>/dev/null"#;
    let what = format!("signalling {name}");
    run(&what, &mut shell(script, [signal, &pid.to_string()])).map(drop)
}
