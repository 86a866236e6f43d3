//! Resident memory of `lockstep run` a minute after its start, with two stores at work.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::report::Report;
use crate::stage::Stage;
use crate::{reports, shop};

/// When the memory is read, after the start of the process.
const AT: Duration = Duration::from_secs(60);
/// The most that it may be, in MB.
const LIMIT_MB: f64 = 80.0;
const SKUS: usize = 100;

/// Two stores, with links, first counts and stock live.
pub async fn measure() -> Result<Report> {
    let stage = Stage::start().await?;
    let gateway = shop::back_office(&stage).await?;
    let skus = shop::skus(SKUS);
    for store in ["north", "south"] {
        shop::store(&stage, store, &skus).await?;
    }
    reports::count_all(&gateway, &skus).await?;
    tokio::time::sleep_until(stage.started() + AT).await;
    let pid = stage.pid().context("the process is gone")?;
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let about = format!(
        "lockstep run, {} s after its start, two stores of {SKUS} variants at work",
        AT.as_secs()
    );
    let mut report = Report::new("memory", about);
    report.figure("rss_mb", megabytes(&status, "VmRSS")?, "MB");
    report.figure("rss_peak_mb", megabytes(&status, "VmHWM")?, "MB");
    report.limit("rss_mb", LIMIT_MB);
    Ok(report)
}

/// A line of `/proc/PID/status`, which counts in units of 1,024 bytes; MB are a million bytes.
pub fn megabytes(status: &str, field: &str) -> Result<f64> {
    let mut lines = status.lines();
    let value = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let value = value.and_then(|value| value.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    Ok(value.with_context(|| format!("{field} is missing"))? * 1_024.0 / 1_000_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found() {
        let status = "Name:\tlockstep\nVmHWM:\t   50000 kB\nVmRSS:\t   31250 kB\n";
        assert_eq!(megabytes(status, "VmRSS").unwrap(), 32.0);
        assert!(megabytes(status, "VmSwap").is_err());
    }
}
