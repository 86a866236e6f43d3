//! A program of the product as a process. A shell stands between, which ends it when we are gone,
//! however we end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// Prints the program's pid, and kills it at the end of its input. Its data goes with it.
const SCRIPT: &str = r#"
log=$1
shift
"$@" </dev/null >"$log" 2>&1 &
echo $!
read -r _
kill -s KILL $! 2>/dev/null
wait
"#;
/// Lines of the log that a failure shows.
const LINES_SHOWN: usize = 12;

/// How a program is called.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The program.
    pub binary: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment, beside the caller's own without what is about Lockstep.
    pub variables: Vec<(&'static str, String)>,
}

impl Recipe {
    fn apply(&self, command: &mut Command) {
        let names = std::env::vars_os().map(|(name, _)| name);
        for name in names.filter(|name| name.to_string_lossy().starts_with("LOCKSTEP_")) {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
    }

    /// Runs it to its end and gives what it printed.
    ///
    /// # Errors
    /// When it fails.
    pub fn output(&self) -> Result<String> {
        let mut command = Command::new(&self.binary);
        self.apply(command.args(&self.arguments));
        let shown = format!("{} {}", self.binary.display(), self.arguments.join(" "));
        let output = command.output().with_context(|| format!("{shown}: cannot be run"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        anyhow::ensure!(output.status.success(), "{shown}: {}", text(&output.stderr));
        Ok(text(&output.stdout))
    }
}

/// A running program.
#[derive(Debug)]
pub struct Program {
    shell: Child,
    pid: u32,
    log: PathBuf,
}

impl Program {
    /// Starts it; its output goes into the file.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn start(recipe: &Recipe, log: &Path) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(log).arg(&recipe.binary).args(&recipe.arguments);
        recipe.apply(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().context("sh cannot be run")?;
        let mut line = String::new();
        let output = shell.stdout.take().context("the shell has an output")?;
        BufReader::new(output).read_line(&mut line).context("the shell is silent")?;
        let pid = line.trim().parse().context("the shell tells no pid")?;
        Ok(Self { shell, pid, log: log.to_owned() })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The end of what it printed.
    pub fn last_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let shown = lines.iter().skip(lines.len().saturating_sub(LINES_SHOWN));
        shown.fold(format!("the end of {}:", self.log.display()), |all, line| all + "\n" + line)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // The shell ends by itself now; without one there is nobody to wait for.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_ends_with_its_owner() {
        let log = std::env::temp_dir().join(format!("bench-program-{}.log", std::process::id()));
        let arguments = ["-c", "echo here $WORD; exec sleep 600"].map(str::to_owned).to_vec();
        let variables = vec![("WORD", "spoken".to_owned())];
        let recipe = Recipe { binary: "sh".into(), arguments, variables };
        let program = Program::start(&recipe, &log).unwrap();
        let process = PathBuf::from(format!("/proc/{}", program.pid()));
        let said = || program.last_lines().ends_with("here spoken").then_some(());
        assert!(
            lockstep_devservices::wait_until(std::time::Duration::from_secs(10), said).is_some()
        );
        assert!(process.exists());
        drop(program);
        assert!(!process.exists());
        fs::remove_file(log).unwrap();
    }
}
