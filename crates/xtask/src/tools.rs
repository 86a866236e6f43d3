//! Pinned tools, and everything that must be fetched once.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use lockstep_devservices::{
    Cache, Tool, ensure_shopify_schema, ensure_tool, find_nats_server, find_postgres,
};

use crate::repository;
use crate::services::SHOPIFY_API_VERSION;

/// A tool as it is called on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    Buf,
    CargoDeny,
    CargoNextest,
}

impl From<Name> for Tool {
    fn from(name: Name) -> Self {
        match name {
            Name::Buf => Self::Buf,
            Name::CargoDeny => Self::CargoDeny,
            Name::CargoNextest => Self::CargoNextest,
        }
    }
}

/// Runs the tool in the repository's root.
pub(crate) fn run(name: Name, arguments: &[OsString]) -> Result<ExitCode> {
    let program = ensure_tool(&Cache::open()?, name.into())?;
    let mut command = Command::new(&program);
    command.args(arguments).current_dir(repository::root());
    let status =
        command.status().with_context(|| format!("{} cannot be run", program.display()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fetches packages, servers, the schema and the tools.
pub(crate) fn fetch() -> Result<ExitCode> {
    let cache = Cache::open()?;
    let mut packages = Command::new("cargo");
    packages.args(["fetch", "--locked"]).current_dir(repository::root());
    let status = packages.status().context("cargo cannot be run")?;
    anyhow::ensure!(status.success(), "cargo fetch failed: {status}");
    println!("nats-server  {}", find_nats_server(&cache)?.display());
    println!("Postgres     {}", find_postgres(&cache)?.bin.display());
    let schema = ensure_shopify_schema(&cache, SHOPIFY_API_VERSION)?;
    println!("schema       {}", schema.display());
    for name in Name::value_variants() {
        let program = ensure_tool(&cache, (*name).into())?;
        println!("{:<13}{}", format!("{name:?}"), program.display());
    }
    Ok(ExitCode::SUCCESS)
}
