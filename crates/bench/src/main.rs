//! Measures the product as it is shipped: `lockstep run` as a process of its own, beside a private
//! broker and a private Postgres that wait for the disk.
//!
//! *What it is.* A benchmark per file. Each prints a table and writes `target/bench/NAME.json`.
//! Figures are medians of several rounds; a ratio compares two things that were measured in turn
//! in one run, since a machine that is busy slows both.
//!
//! *What it must never do.* Be part of what is shipped, or measure with parts of the product
//! switched off: logs are written, commits and acknowledgements wait for the disk.
//!
//! *Where to start reading.* `stage.rs` (what runs), then the benchmark in question.

#![expect(
    clippy::disallowed_methods,
    reason = "not part of the product: it measures in real time and passes its environment on"
)]
#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

mod ingest;
mod load;
mod memory;
mod movements;
mod push;
mod report;
mod reports;
mod shop;
mod stage;
mod stats;
mod stock;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::report::Report;

/// Measures the product.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// What to measure; everything when nothing is named
    names: Vec<Name>,
    /// A tenth of the levels of `push` and of the SKUs of `stock`, to see whether it runs
    #[arg(long)]
    tenth: bool,
}

/// A benchmark.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// Signed webhooks to the answer, beside plain batches to the broker
    Ingest,
    /// Movements to committed positions, beside a plain bulk insert
    Movements,
    /// Committed targets to levels written at Shopify, by points, time and memory
    Push,
    /// Movements of linked SKUs while stores are live: rate, memory and latency
    Stock,
    /// Resident memory of the whole product in one process
    Memory,
}

impl Name {
    async fn measure(self, flags: &Flags) -> anyhow::Result<Report> {
        match self {
            Self::Ingest => ingest::measure().await,
            Self::Movements => movements::measure().await,
            Self::Push => push::measure(flags.tenth).await,
            Self::Stock => stock::measure(flags.tenth).await,
            Self::Memory => memory::measure().await,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let names = if flags.names.is_empty() { Name::value_variants() } else { &flags.names };
    let mut outcome = ExitCode::SUCCESS;
    for name in names {
        let done = match name.measure(&flags).await {
            Ok(report) => report.publish(),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            println!("{name:?} failed: {error:#}\n");
            outcome = ExitCode::FAILURE;
        }
    }
    outcome
}
