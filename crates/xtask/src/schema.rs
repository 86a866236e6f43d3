//! Shopify's schema: the part that the operations use, their Rust types, and a look at the next
//! version.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use lockstep_devservices::{Cache, ensure_shopify_schema};

use crate::repository;
use crate::services::{SHOPIFY_API_VERSION, plain};

/// The version after the pinned one.
const NEXT_VERSION: &str = "2027-01";
/// What Shopify works on; the package always has it.
const UNSTABLE: &str = "unstable";
const TESTS: &str = "shopify::admin::schema_test::";

/// Derives `schema.graphql` anew from the published schema, and from that the Rust types of every
/// operation; or tells whether both are current.
pub(crate) fn derive(check: bool) -> Result<ExitCode> {
    let schema = ensure_shopify_schema(&Cache::open()?, SHOPIFY_API_VERSION)?;
    // The types follow from the part of the schema, so it comes first.
    for name in
        ["the_pruned_schema_is_what_the_operations_use", "the_types_are_what_the_operations_ask"]
    {
        let code = test(name, |command| {
            command.env("LOCKSTEP_SHOPIFY_SCHEMA", &schema);
            if !check {
                command.env("UPDATE_SCHEMA", "1");
            }
        })?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Holds every operation against the next version, or the unstable one before it is published.
pub(crate) fn canary() -> Result<ExitCode> {
    let cache = Cache::open()?;
    let schema = match ensure_shopify_schema(&cache, NEXT_VERSION) {
        Ok(schema) => schema,
        Err(_) => {
            println!("{NEXT_VERSION} is not published yet: compared with {UNSTABLE}");
            ensure_shopify_schema(&cache, UNSTABLE)?
        }
    };
    test("every_operation_is_valid_and_uses_nothing_deprecated", |command| {
        command.env("LOCKSTEP_SHOPIFY_SCHEMA", schema);
    })
}

fn test(name: &str, prepare: impl FnOnce(&mut std::process::Command)) -> Result<ExitCode> {
    let mut command = plain("cargo".as_ref());
    command.args(["test", "--quiet", "-p", "lockstep-contracts", "--lib", "--"]);
    command.args(["--exact", "--nocapture"]).arg(format!("{TESTS}{name}"));
    command.current_dir(repository::root());
    prepare(&mut command);
    let status = command.status().context("cargo cannot be run")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
