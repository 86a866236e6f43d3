//! Running other programs: their output is kept, and a failure becomes one readable line.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::DevError;

/// Longest part of a failed program's output that a message quotes.
const QUOTED_BYTES_MAX: usize = 600;

/// Runs a program to its end and returns what it printed on standard output.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<String, DevError> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| DevError::Command {
        what: what.to_owned(),
        detail: format!("{} cannot be run: {source}", command.get_program().to_string_lossy()),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    if text.trim().is_empty() {
        text = String::from_utf8_lossy(&output.stdout).into_owned();
    }
    Err(DevError::Command {
        what: what.to_owned(),
        detail: format!("{}: {}", output.status, one_line(&text)),
    })
}

/// The end of a text on one line, short enough for a message.
pub(crate) fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let joined = lines.join(" | ");
    let mut start = joined.len().saturating_sub(QUOTED_BYTES_MAX);
    while !joined.is_char_boundary(start) {
        start += 1;
    }
    joined.get(start..).unwrap_or_default().to_owned()
}

/// Where a program is on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| is_executable(file))
}

/// A file that somebody may execute.
pub(crate) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// A shell command line; its arguments are passed beside it, never pasted into it.
pub(crate) fn shell<I, S>(script: &str, arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg("sh").args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_program_and_quotes_its_last_words() {
        let failed = run("the probe", &mut shell("echo 'no space' >&2; exit 3", [""; 0]));
        let message = failed.expect_err("the script exits with 3").to_string();
        assert!(message.contains("the probe failed") && message.contains("no space"), "{message}");
    }

    #[test]
    fn a_long_output_is_cut_at_a_character() {
        let line = one_line(&"é".repeat(QUOTED_BYTES_MAX));
        assert!(line.len() <= QUOTED_BYTES_MAX && line.chars().all(|c| c == 'é'));
    }

    #[test]
    fn a_program_is_found_on_the_path_and_a_missing_one_is_not() {
        assert!(on_path("sh").is_some_and(|sh| is_executable(&sh)));
        assert_eq!(on_path("lockstep-no-such-program"), None);
    }
}
