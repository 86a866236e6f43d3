//! `shopify-standin`: a local Shopify as a process of its own. See the library's documentation.

use anyhow::Context as _;
use clap::Parser;
use lockstep_shopify_standin::{Clock, SCHEMA_VARIABLE, Standin, StandinConfig};
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

/// A local Shopify for tests and demonstrations.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Address to listen on, of this machine only; port 0 = any free one.
    #[arg(long, env = "STANDIN_LISTEN", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Introspection of the Admin API 2026-10: JSON, gzipped or not.
    #[arg(long, env = SCHEMA_VARIABLE)]
    schema: PathBuf,
    /// File that keeps the state from one start to the next.
    #[arg(long, env = "STANDIN_STATE")]
    state: Option<PathBuf>,
    /// Bytes of changes from which on the state is written anew.
    #[arg(long, env = "STANDIN_STATE_LIMIT", default_value_t = 16_777_216)]
    state_limit: u64,
    /// Multiplies the distances between webhook attempts (8 retries in 4 hours at 1.0).
    #[arg(long, env = "STANDIN_RETRY_SCALE", default_value_t = 1.0)]
    retry_scale: f64,
    /// Journal entries kept per shop.
    #[arg(long, env = "STANDIN_JOURNAL_LIMIT", default_value_t = 50_000)]
    journal_limit: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let flags = Flags::parse();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("cannot wait for signals")?;
    let standin = Standin::start(StandinConfig {
        listen: flags.listen,
        schema: flags.schema,
        state: flags.state,
        state_limit: flags.state_limit,
        retry_scale: flags.retry_scale,
        journal_limit: flags.journal_limit,
        clock: Clock::system(),
    })
    .await?;
    #[expect(clippy::print_stdout, reason = "the line that its starter waits for")]
    {
        println!("shopify-standin listening on {}", standin.url());
    }
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result.context("cannot wait for Ctrl-C")?,
    }
    standin.stop().await?;
    Ok(())
}
