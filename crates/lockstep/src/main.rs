//! `lockstep`: runs the product, and is the operator's tool.

use std::process::ExitCode;

use clap::Parser;
use lockstep::commands::Cli;

fn main() -> ExitCode {
    // One provider for every TLS connection of the process; fails only when set twice.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return lockstep::commands::fail(&error.into()),
    };
    runtime.block_on(cli.execute())
}
