//! Migrations are append-only: a database that ran one must never meet another of that name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::repository;

const FOLDER: &str = "crates/storage/migrations";
/// A line per migration, as `sha256sum` prints it.
const CHECKSUMS: &str = "crates/storage/migrations.sha256";

type Sums = BTreeMap<String, String>;

/// What differs from the recorded checksums.
pub(crate) fn changed() -> Result<Vec<String>> {
    Ok(compare(&recorded()?, &present()?))
}

/// Records new migrations. One that the last commit recorded keeps its checksum for good.
pub(crate) fn record() -> Result<()> {
    let mut sums = present()?;
    sums.extend(committed()?);
    let mut text = String::new();
    for (file, sum) in &sums {
        writeln!(text, "{sum}  {file}")?;
    }
    let path = repository::root().join(CHECKSUMS);
    fs::write(&path, text).with_context(|| format!("cannot write {CHECKSUMS}"))
}

fn compare(recorded: &Sums, present: &Sums) -> Vec<String> {
    let mut breaches = Vec::new();
    for (file, sum) in present {
        match recorded.get(file) {
            Some(known) if known == sum => {}
            Some(_) => breaches.push(format!("{file} was changed: write a further migration")),
            None => breaches
                .push(format!("{file} is not recorded: cargo xtask tidy --record-migrations")),
        }
    }
    let removed = recorded.keys().filter(|file| !present.contains_key(*file));
    breaches.extend(removed.map(|file| format!("{file} was removed: write a further migration")));
    breaches
}

fn present() -> Result<Sums> {
    let files = repository::files()?;
    let migrations = files.iter().filter(|file| {
        file.starts_with(FOLDER) && file.extension().is_some_and(|end| end == "sql")
    });
    let mut sums = Sums::new();
    for file in migrations {
        let bytes = fs::read(repository::root().join(file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        let mut sum = String::new();
        for byte in Sha256::digest(&bytes) {
            write!(sum, "{byte:02x}")?;
        }
        sums.insert(file.display().to_string(), sum);
    }
    Ok(sums)
}

fn recorded() -> Result<Sums> {
    match fs::read_to_string(repository::root().join(CHECKSUMS)) {
        Ok(text) => Ok(parse(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Sums::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {CHECKSUMS}")),
    }
}

/// The checksums in the last commit; none before the first one that has them.
fn committed() -> Result<Sums> {
    let mut git = Command::new("git");
    git.args(["show", &format!("HEAD:{CHECKSUMS}")]).current_dir(repository::root());
    let output = git.output().context("git cannot be run")?;
    Ok(if output.status.success() {
        parse(&String::from_utf8_lossy(&output.stdout))
    } else {
        Sums::new()
    })
}

fn parse(text: &str) -> Sums {
    let pairs = text.lines().filter_map(|line| line.split_once("  "));
    pairs.map(|(sum, file)| (file.to_owned(), sum.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_addition_that_is_recorded_passes() {
        let recorded = parse("aa  m/1.sql\nbb  m/2.sql\n");
        assert_eq!(compare(&recorded, &recorded), [""; 0]);
        assert!(compare(&recorded, &parse("aa  m/1.sql\ncc  m/2.sql\n"))[0].contains("changed"));
        assert!(compare(&recorded, &parse("aa  m/1.sql\n"))[0].contains("removed"));
        let more = parse("aa  m/1.sql\nbb  m/2.sql\ndd  m/3.sql\n");
        assert!(compare(&recorded, &more)[0].contains("not recorded"));
    }
}
