//! The folder of this run, and what it shows when something goes wrong.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;

/// Folders of earlier runs that are kept.
const RUNS_KEPT: usize = 60;
/// Lines of a log that are shown on a failure.
const LINES_SHOWN: usize = 8;
const LINE_CHARACTERS_SHOWN: usize = 240;

/// Where this run writes.
#[derive(Debug)]
pub struct Logs {
    folder: PathBuf,
    binaries: PathBuf,
}

impl Logs {
    /// Makes a folder under `target/demo`, beside the folder that our own program is in.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(label: &str) -> Result<Self> {
        let program = std::env::current_exe().context("this program has no place")?;
        let binaries = program.parent().context("a program is in a folder")?.to_path_buf();
        let base = binaries.parent().unwrap_or(&binaries).join("demo");
        prune(&base);
        let now = Timestamp::now().strftime("%Y%m%dT%H%M%S").to_string();
        let folder = base.join(format!("{now}-{label}-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder, binaries })
    }

    /// The folder of this run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the programs that were built together.
    #[must_use]
    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Appends a text to a log.
    pub fn keep(&self, name: &str, text: &str) {
        let path = self.folder.join(format!("{name}.log"));
        let file = fs::OpenOptions::new().create(true).append(true).open(path);
        if let Ok(mut file) = file {
            // A log that cannot be written is no reason to fail what it is about.
            let _ = file.write_all(text.as_bytes());
        }
    }

    /// What a log says.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default()
    }

    /// Which files to read, and what their last lines say: those that complain, and the others.
    #[must_use]
    pub fn last_lines(&self) -> String {
        let mut shown = format!("The logs of every process are in {}\n", self.folder.display());
        for name in ["lockstep", "demo-warehouse", "shopify-standin", "postgres", "nats-server"] {
            let text = self.read(name);
            let complaints: Vec<&str> = text.lines().filter(|line| complains(line)).collect();
            show_end(&mut shown, &format!("Last complaints in {name}.log"), &complaints);
            if ["lockstep", "demo-warehouse"].contains(&name) {
                let lines: Vec<&str> = text.lines().collect();
                show_end(&mut shown, &format!("The end of {name}.log"), &lines);
            }
        }
        shown
    }
}

fn complains(line: &str) -> bool {
    ["WARN", "ERR", "FATAL", "panicked", "lockstep: "].iter().any(|word| line.contains(word))
}

fn show_end(shown: &mut String, title: &str, lines: &[&str]) {
    let end = lines.get(lines.len().saturating_sub(LINES_SHOWN)..).unwrap_or_default();
    if !end.is_empty() {
        shown.push_str(&format!("\n{title}:\n"));
    }
    for line in end {
        let cut: String = line.chars().take(LINE_CHARACTERS_SHOWN).collect();
        shown.push_str(&format!("  {cut}\n"));
    }
}

/// The oldest runs go; their names sort by time.
fn prune(base: &Path) {
    let children = fs::read_dir(base).into_iter().flatten().flatten();
    let mut runs: Vec<PathBuf> = children.map(|child| child.path()).collect();
    runs.sort_unstable();
    let surplus = (runs.len() + 1).saturating_sub(RUNS_KEPT);
    for run in runs.into_iter().take(surplus) {
        // Another demo may remove it at the same moment.
        let _ = fs::remove_dir_all(run);
    }
}
