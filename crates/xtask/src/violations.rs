//! Sums up what the stand-in of Shopify held against the product in the last run of the tests:
//! every world of `tests` leaves a file when it ends.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::repository;

/// Prints the report; fails when there was a mistake.
pub(crate) fn report() -> Result<ExitCode> {
    let folder = repository::root().join("target/violations");
    let mut worlds = 0_u64;
    let mut entries = 0;
    let mut lines = Vec::new();
    let files = std::fs::read_dir(&folder)
        .with_context(|| format!("no test left a report in {}", folder.display()))?;
    for file in files {
        let path = file?.path();
        let text = std::fs::read_to_string(&path)?;
        let report: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is no report", path.display()))?;
        worlds += 1;
        entries += report.get("entries").and_then(Value::as_u64).unwrap_or_default();
        let test = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let violations = report.get("violations").and_then(Value::as_array);
        for one in violations.into_iter().flatten() {
            let said = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
            let (kind, operation, message) = (said("kind"), said("operation"), said("message"));
            lines.push(format!("  {test}: {kind} by {operation}: {message}"));
        }
    }
    lines.sort();
    for line in &lines {
        println!("{line}");
    }
    println!("violations: {} in {worlds} worlds (calls and webhooks: {entries})", lines.len());
    Ok(if lines.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
