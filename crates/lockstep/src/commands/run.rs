//! `lockstep run`.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use lockstep_runtime::Lifecycle;
use lockstep_runtime::telemetry::{self, LogFormat, TelemetryConfig};
use tracing::{info, warn};

use crate::compose::{Adapters, ServiceName, Sockets, start};
use crate::config::{ConfigError, ProcessArgs};

/// Longest wait at a stop until the other processes know what was spent, and have what was renewed.
const TELL_MAX: Duration = Duration::from_secs(2);

#[derive(Args)]
pub struct Run {
    /// Services to run; all when none is named
    services: Vec<ServiceName>,
}

impl Run {
    pub async fn execute(&self, args: &ProcessArgs) -> anyhow::Result<()> {
        let services: BTreeSet<_> = match self.services.as_slice() {
            [] => ServiceName::ALL.into_iter().collect(),
            named => named.iter().copied().collect(),
        };
        let telemetry = telemetry::init(&telemetry_config(args, &services)?)?;
        let lifecycle = Lifecycle::new();
        lifecycle.stop_on_signals()?;
        let sockets = Sockets::open(args, &services).await?;
        let adapters = Adapters::connect(args, lifecycle.tracker.clone()).await?;
        start(args, &services, &adapters, sockets, &lifecycle).await?;
        info!(version = env!("CARGO_PKG_VERSION"), "lockstep runs");
        let ended = lifecycle.finish().await;
        // The other processes need not wait for what this one had reserved.
        let told = tokio::time::timeout(TELL_MAX, adapters.shopify.told_points());
        let kept = tokio::time::timeout(TELL_MAX, adapters.tokens.keep_the_rest());
        let (told, kept) = tokio::join!(told, kept);
        if told.is_err() {
            warn!("the points that were spent last are not told");
        }
        if kept.is_err() {
            warn!("tokens that were renewed last may be lost");
        }
        telemetry.flush();
        if lifecycle.has_failed() {
            anyhow::bail!("a vital task ended by itself; the log says which");
        }
        if !ended {
            anyhow::bail!("tasks did not end within the grace period");
        }
        Ok(())
    }
}

fn telemetry_config(
    args: &ProcessArgs,
    services: &BTreeSet<ServiceName>,
) -> Result<TelemetryConfig, ConfigError> {
    let format = match args.log_format.as_str() {
        "json" => LogFormat::Json,
        "text" => LogFormat::Text,
        other => {
            return Err(ConfigError {
                setting: "LOCKSTEP_LOG_FORMAT",
                problem: format!("is {other}"),
                fix: "expected json or text",
            });
        }
    };
    let service_name = match services.iter().collect::<Vec<_>>().as_slice() {
        [one] => one.name().to_owned(),
        _ => "lockstep".to_owned(),
    };
    let (filter, otlp_endpoint) = (args.log.clone(), args.otlp_endpoint.clone());
    Ok(TelemetryConfig { filter, format, otlp_endpoint, service_name })
}
