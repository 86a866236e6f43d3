//! What ends our processes when we die without warning: a shell at the reading end of a pipe
//! whose only writing end is ours.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

/// The end of the pipe means that we are gone, and what is still on the list is killed.
const SCRIPT: &str = r#"
pids=""
while read -r verb pid; do
  case "$verb" in
    watch) pids="$pids $pid" ;;
    forget)
      kept=""
      for one in $pids; do [ "$one" = "$pid" ] || kept="$kept $one"; done
      pids="$kept" ;;
  esac
done
for one in $pids; do kill -s KILL "$one" 2>/dev/null; done
"#;

/// The watcher of all processes that we start ourselves.
#[derive(Debug)]
pub struct Guard {
    shell: Mutex<Child>,
}

impl Guard {
    /// Starts the shell, in a group of its own that Ctrl-C does not reach.
    ///
    /// # Errors
    /// When there is no `sh`.
    pub fn start() -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let shell = command.spawn().context("sh cannot be run")?;
        Ok(Self { shell: Mutex::new(shell) })
    }

    pub(super) fn watch(&self, pid: u32) {
        self.say("watch", pid);
    }

    /// The process ended; its number may name another from now on.
    pub(super) fn forget(&self, pid: u32) {
        self.say("forget", pid);
    }

    fn say(&self, verb: &str, pid: u32) {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = &mut shell.stdin {
            // A guard that is gone cannot be told; our own stop still works.
            let _ = writeln!(pipe, "{verb} {pid}");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let shell = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner);
        shell.stdin = None;
        let _ = shell.wait();
    }
}
