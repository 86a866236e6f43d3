//! Which behaviours owed to users are shown: the rows of `docs/behaviours.toml`, each by tests
//! that carry its number in their names, as in `b126_receiving_raises_available`.
//!
//! The tests are run here and now, so that the report says nothing that is not so: one that is
//! ignored, does not run or does not pass shows nothing, and neither does one of a part alone.

mod results;
mod rows;
mod verdicts;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;
use lockstep_devservices::{Cache, Tool, ensure_tool};

use crate::{repository, services};
use results::Test;
use verdicts::judge;

const ROWS: &str = "docs/behaviours.toml";
const PROFILE: &str = "behaviours";
/// A test of which a row is shown, among all.
const NUMBERED: &str = "test(/(^|::)b[0-9]+_/)";

/// Runs the numbered tests and tells every row's state. The last line holds the sums.
pub(crate) fn report() -> Result<ExitCode> {
    let path = repository::root().join(ROWS);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let rows = rows::parse(&text).with_context(|| format!("{ROWS} is not as it should be"))?;
    let nextest = ensure_tool(&Cache::open()?, Tool::CargoNextest)?;
    let verdicts = judge(&rows, &tests(&nextest)?);
    for line in verdicts.lines() {
        println!("{line}");
    }
    for fault in verdicts.faults() {
        println!("error: {fault}");
    }
    println!("{}", verdicts.sums());
    Ok(if verdicts.faults().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every numbered test of the workspace, with what became of it in a run made now.
fn tests(nextest: &Path) -> Result<Vec<Test>> {
    let results = results_file()?;
    if results.exists() {
        // What an earlier run said must not be taken for what this one says.
        fs::remove_file(&results)
            .with_context(|| format!("cannot remove {}", results.display()))?;
    }
    let run = ["run", "--profile", PROFILE, "--no-tests", "pass"];
    // Its code is not asked: the results say more, and a failure before them leaves none.
    services::with_services(false, &arguments(nextest, &run))?;
    let ran = fs::read_to_string(&results).context("the tests could not be run")?;
    let list = arguments(nextest, &["list", "--message-format", "json"]);
    let (program, list) = list.split_first().context("a command has a program")?;
    let mut command = services::plain(program);
    let output = command.args(list).current_dir(repository::root()).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "the tests could not be listed: {errors}");
    results::tests(&output.stdout, &ran)
}

fn arguments(nextest: &Path, task: &[&str]) -> Vec<OsString> {
    let (name, options) = task.split_first().map_or(("", task), |(name, rest)| (*name, rest));
    let mut all: Vec<OsString> = vec![nextest.into(), "nextest".into(), name.into()];
    all.extend(["--workspace", "--filterset", NUMBERED].map(OsString::from));
    all.extend(options.iter().map(OsString::from));
    all
}

fn results_file() -> Result<PathBuf> {
    let mut command = MetadataCommand::new();
    command.manifest_path(repository::root().join("Cargo.toml")).no_deps();
    let metadata = command.exec().context("cargo metadata failed")?;
    let target = metadata.target_directory.as_std_path();
    Ok(target.join("nextest").join(PROFILE).join("results.xml"))
}
