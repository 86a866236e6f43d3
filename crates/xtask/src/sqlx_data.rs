//! The offline data of SQL queries: what Postgres said of each, committed beside the code, so that
//! building needs no database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use lockstep_devservices::{Cache, Postgres, PostgresOptions};

use crate::repository;
use crate::services::plain;

const CRATE: &str = "crates/storage";
const PACKAGE: &str = "lockstep-storage";
const DATABASE: &str = "prepare";
/// Another build of the crate may come between, so that ours finds it current and learns nothing.
const TRIES_MAX: u32 = 5;

type Files = BTreeMap<String, Vec<u8>>;

/// Asks a private Postgres with every migration about every query, and writes or compares.
pub(crate) fn prepare(check_only: bool) -> Result<ExitCode> {
    let folder = repository::root().join(CRATE);
    let committed = folder.join(".sqlx");
    let fresh = Cache::open()?.root().join("sqlx-fresh");
    let lock = fresh.with_extension("lock");
    let only = File::create(&lock).with_context(|| format!("making {}", lock.display()))?;
    only.lock().context("waiting for another sqlx-prepare")?;
    empty(&fresh)?;
    let postgres = Postgres::start(PostgresOptions { fsync: false, ..PostgresOptions::default() })?;
    postgres.create_database(DATABASE)?;
    for migration in migrations(&folder)? {
        postgres.run_file(DATABASE, &migration)?;
    }
    let mut new = Files::new();
    for _ in 0..TRIES_MAX {
        expand_queries(&folder, &postgres.url(DATABASE), &fresh)?;
        new = read(&fresh)?;
        if !new.is_empty() {
            break;
        }
    }
    drop(postgres);
    anyhow::ensure!(!new.is_empty(), "no query was learnt: do other builds of {PACKAGE} run?");

    let old = read(&committed)?;
    let differing = new.iter().filter(|(name, data)| old.get(*name) != Some(data)).count();
    let superfluous = old.keys().filter(|name| !new.contains_key(*name)).count();
    let current = differing + superfluous == 0;
    println!("sqlx: {} queries, {differing} new, {superfluous} superfluous", new.len());
    if check_only {
        if !current {
            println!("{CRATE}/.sqlx is not current: cargo xtask sqlx-prepare");
        }
    } else if !current {
        empty(&committed)?;
        for (name, data) in &new {
            fs::write(committed.join(name), data).with_context(|| format!("writing {name}"))?;
        }
    }
    fs::remove_dir_all(&fresh).context("removing the fresh data")?;
    Ok(if current || !check_only { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compiles the crate with a database at hand; the macros leave what they learn in `target`.
fn expand_queries(folder: &Path, url: &str, target: &Path) -> Result<()> {
    let root = folder.join("src/lib.rs");
    let file = File::options().append(true).open(&root).context("opening lib.rs")?;
    let modified = file.metadata()?.modified()?;
    // A crate that cargo holds for current expands no macro. The time is put back afterwards, so
    // that no other build sees a change.
    file.set_modified(std::time::SystemTime::now())?;
    let mut cargo = plain("cargo".as_ref());
    cargo.args(["check", "--quiet", "--package", PACKAGE]).current_dir(repository::root());
    cargo.env("DATABASE_URL", url).env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", target);
    let status = cargo.status();
    file.set_modified(modified)?;
    let status = status.context("cargo cannot be run")?;
    anyhow::ensure!(status.success(), "{PACKAGE} does not compile against its migrations");
    Ok(())
}

fn migrations(folder: &Path) -> Result<Vec<PathBuf>> {
    let folder = folder.join("migrations");
    let entries = fs::read_dir(&folder).context("reading the migrations")?;
    let paths: std::io::Result<Vec<PathBuf>> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut files = paths?;
    files.retain(|file| file.extension().is_some_and(|end| end == "sql"));
    // Their names begin with their number.
    files.sort();
    Ok(files)
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}

fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, fs::read(&path)?);
    }
    Ok(files)
}
