//! `demo-warehouse`: a small warehouse management system. See the library's documentation.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use clap::builder::FalseyValueParser;
use lockstep_demo::warehouse::{self, Settings};

/// A small warehouse with its own ledger, which reports to Lockstep.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Address to listen on
    #[arg(long, env = "DEMO_WAREHOUSE_LISTEN", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// File of the ledger; it is made when it is not there
    #[arg(long, env = "DEMO_WAREHOUSE_LEDGER")]
    ledger: PathBuf,
    /// Where Lockstep's REST gateway answers, e.g. http://127.0.0.1:8081
    #[arg(long, env = "DEMO_WAREHOUSE_LOCKSTEP_URL")]
    lockstep_url: String,
    /// The back office's token
    #[arg(long, env = "DEMO_WAREHOUSE_TOKEN", hide_env_values = true)]
    token: String,
    /// Read the feed, so that orders come
    #[arg(long, env = "DEMO_WAREHOUSE_ORDERS", value_parser = FalseyValueParser::new())]
    orders: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let flags = Flags::parse();
    warehouse::run(Settings {
        listen: flags.listen,
        ledger: flags.ledger,
        lockstep_url: flags.lockstep_url,
        token: flags.token,
        orders: flags.orders,
    })
    .await
}
