//! One process that we start: in its own group, with its output in a file, ended by its number.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use lockstep_devservices::{Port, wait_until};

use super::guard::Guard;

/// A process that has not ended this long after SIGTERM is killed.
const STOP_WAIT: Duration = Duration::from_secs(15);

/// How a process is started, as often as needed.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Name for people; the log is called after it.
    pub name: &'static str,
    pub binary: PathBuf,
    pub arguments: Vec<String>,
    pub variables: Vec<(&'static str, String)>,
}

impl Recipe {
    /// The same with more variables.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let mut recipe = self.clone();
        recipe.variables.extend(more);
        recipe
    }

    /// Runs the program to its end with these arguments instead, and returns what it printed.
    ///
    /// # Errors
    /// When it cannot be run, or says that it failed.
    pub fn once(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).stdin(Stdio::null()).output();
        let output = output.with_context(|| self.not_built())?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            bail!("{} {}: {told}", self.name, arguments.join(" "));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The command, in our environment without the settings of another installation.
    fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments);
        for (name, _) in std::env::vars_os() {
            let foreign = ["LOCKSTEP_", "OTEL_", "STANDIN_", "DEMO_WAREHOUSE_"];
            let name_text = name.to_string_lossy();
            if foreign.iter().any(|prefix| name_text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command
    }

    fn not_built(&self) -> String {
        format!("{} cannot be run: build it first", self.binary.display())
    }
}

/// The process, whether it runs or not.
#[derive(Debug)]
pub struct Program {
    recipe: Recipe,
    log: PathBuf,
    /// How long the log was when it was started last.
    log_before: u64,
    guard: Arc<Guard>,
    child: Option<Child>,
    end: Option<ExitStatus>,
    launched: Instant,
    /// They stay its own while it is killed and started again.
    ports: Vec<Port>,
}

impl Program {
    /// Starts it on its ports; its output is appended to a file of the folder.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn start(
        recipe: Recipe,
        ports: Vec<Port>,
        folder: &Path,
        guard: &Arc<Guard>,
    ) -> Result<Self> {
        let log = folder.join(format!("{}.log", recipe.name));
        let mut program = Self {
            recipe,
            log,
            log_before: 0,
            guard: Arc::clone(guard),
            child: None,
            end: None,
            launched: Instant::now(),
            ports,
        };
        program.launch()?;
        Ok(program)
    }

    /// Name for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.recipe.name
    }

    /// The address of one of its ports, by their order.
    #[must_use]
    pub fn url(&self, number: usize) -> String {
        self.ports.get(number).map(Port::url).unwrap_or_default()
    }

    /// Its number, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// When it was started last.
    #[must_use]
    pub fn launched(&self) -> Instant {
        self.launched
    }

    /// What it printed since then.
    #[must_use]
    pub fn words(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let from = usize::try_from(self.log_before).unwrap_or_default();
        String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
    }

    /// Starts it again, if it does not run.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn launch(&mut self) -> Result<()> {
        if self.ended().is_none() && self.child.is_some() {
            return Ok(());
        }
        let mut command = self.recipe.command(&self.recipe.arguments);
        let log = append(&self.log)?;
        self.log_before = log.metadata().map(|file| file.len()).unwrap_or_default();
        command.stderr(log.try_clone()?).stdout(log).stdin(Stdio::null()).process_group(0);
        self.launched = Instant::now();
        let child = command.spawn().with_context(|| self.recipe.not_built())?;
        self.guard.watch(child.id());
        (self.child, self.end) = (Some(child), None);
        Ok(())
    }

    /// Starts it again if it is the one of this name.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn relaunch(&mut self, name: &str) -> Result<()> {
        if name == self.recipe.name { self.launch() } else { Ok(()) }
    }

    /// How it ended, if it ended by itself and was not started again.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if let Some(child) = self.child.as_mut()
            && let Some(status) = child.try_wait().ok().flatten()
        {
            self.guard.forget(child.id());
            (self.child, self.end) = (None, Some(status));
        }
        self.end
    }

    /// SIGKILL, as a crash would; returns when it is gone, with the number that it had. Nothing
    /// when it did not run.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<Option<u32>> {
        if self.ended().is_some() {
            return Ok(None);
        }
        let Some(mut child) = self.child.take() else { return Ok(None) };
        let killed = child.kill();
        // SIGKILL cannot be refused by the process, so this ends.
        let waited = child.wait();
        self.guard.forget(child.id());
        let name = self.recipe.name;
        killed.and(waited.map(drop)).with_context(|| format!("{name} stays"))?;
        Ok(Some(child.id()))
    }

    /// SIGTERM and an orderly end; killed if that takes too long. True when it was orderly.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn stop(&mut self) -> Result<bool> {
        let Some(child) = self.child.as_mut() else { return Ok(true) };
        let script = r#"kill -s TERM "$1" 2>/dev/null || true"#;
        let pid = child.id().to_string();
        Command::new("sh").args(["-c", script, "sh", &pid]).status().context("sh cannot be run")?;
        let ended = wait_until(STOP_WAIT, || child.try_wait().ok().flatten());
        self.kill()?;
        Ok(ended.is_some_and(|status| status.success()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.stop().is_err() {
            // Without a shell to signal with: the process is ours, so it can be killed.
            let _ = self.kill();
        }
    }
}

fn append(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).open(path);
    file.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Recipe {
        Recipe {
            name: "probe",
            binary: "sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            variables: vec![("WORD", "spoken".to_owned())],
        }
    }

    fn log_holds(folder: &Path, text: &str) -> bool {
        let log = || std::fs::read_to_string(folder.join("probe.log")).unwrap_or_default();
        wait_until(STOP_WAIT, || log().contains(text).then_some(())).is_some()
    }

    #[test]
    fn a_program_is_killed_started_again_and_stopped_in_order() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let guard = Arc::new(Guard::start()?);
        let script = "trap 'echo bye; exit 0' TERM; echo up $WORD; while :; do sleep 0.05; done";
        let mut program = Program::start(sh(script), Vec::new(), folder.path(), &guard)?;
        assert!(log_holds(folder.path(), "up spoken"));
        let pid = program.pid();
        assert!(pid.is_some() && program.kill()? == pid);
        assert!(program.ended().is_none(), "it did not end by itself");
        assert_eq!(program.kill()?, None, "what does not run cannot be killed");
        program.launch()?;
        assert!(log_holds(folder.path(), "up spoken\nup spoken"));
        assert!(program.stop()?);
        assert!(log_holds(folder.path(), "bye"));
        Ok(())
    }

    #[test]
    fn a_program_that_ends_by_itself_is_noticed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let guard = Arc::new(Guard::start()?);
        let mut program = Program::start(sh("exit 3"), Vec::new(), folder.path(), &guard)?;
        let status = wait_until(STOP_WAIT, || program.ended());
        assert_eq!(status.and_then(|status| status.code()), Some(3));
        assert_eq!((program.kill()?, program.ended()), (None, status), "it stays noticed");
        program.launch()?;
        assert!(program.pid().is_some());
        Ok(())
    }

    #[test]
    fn the_guard_kills_what_it_watches_when_its_owner_is_gone() -> Result<()> {
        let guard = Guard::start()?;
        let mut child = Command::new("sleep").arg("600").process_group(0).spawn()?;
        guard.watch(child.id());
        // The pipe closes as it does when we are killed.
        drop(guard);
        let status = wait_until(STOP_WAIT, || child.try_wait().ok().flatten());
        assert!(status.is_some_and(|status| !status.success()));
        Ok(())
    }
}
