//! Contracts: lint, and comparison with the last release.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use lockstep_devservices::{Cache, Tool, ensure_tool};

use crate::repository;

const FOLDER: &str = "proto";
/// The descriptor of the last release.
const BASELINE: &str = "proto/baseline.binpb";

/// `buf lint`, then `buf breaking` against the baseline.
pub(crate) fn check() -> Result<ExitCode> {
    let buf = Buf::find()?;
    anyhow::ensure!(
        repository::root().join(BASELINE).is_file(),
        "{BASELINE} is missing: make proto-release writes it"
    );
    // The tool's own lines tell what is wrong and where.
    let lint = buf.run(&["lint", FOLDER])?;
    let breaking = buf.run(&["breaking", FOLDER, "--against", BASELINE])?;
    Ok(if lint && breaking { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes the baseline anew. What the old one forbids must be said in the changelog.
pub(crate) fn release() -> Result<ExitCode> {
    let buf = Buf::find()?;
    let lint = buf.run(&["lint", FOLDER])?;
    anyhow::ensure!(lint, "a release must pass buf lint");
    let build = ["build", FOLDER, "--exclude-source-info", "--output", BASELINE];
    anyhow::ensure!(buf.run(&build)?, "buf build failed");
    println!("{BASELINE} is now the release to compare with");
    Ok(ExitCode::SUCCESS)
}

struct Buf {
    program: PathBuf,
    cache: PathBuf,
}

impl Buf {
    fn find() -> Result<Self> {
        let cache = Cache::open()?;
        let program = ensure_tool(&cache, Tool::Buf)?;
        Ok(Self { program, cache: cache.root().join("buf") })
    }

    fn run(&self, arguments: &[&str]) -> Result<bool> {
        let mut command = Command::new(Path::new(&self.program));
        // Not in the home of the person: nothing outside the repository is written.
        command.args(arguments).env("BUF_CACHE_DIR", &self.cache);
        let status = command.current_dir(repository::root()).status();
        Ok(status.context("buf cannot be run")?.success())
    }
}
