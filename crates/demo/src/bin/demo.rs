//! `demo`: the product at work, judged from outside. See the library's documentation.

use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Parser};
use lockstep_demo::run::{Options, run};
use lockstep_demo::story::Play;

/// Plays a story with two stores and a warehouse, and compares both ends.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// End after the table, with an error if anything differs
    #[arg(long, env = "DEMO_EXIT", value_parser = FalseyValueParser::new())]
    exit: bool,
    /// Kill and restart processes at random moments, by this seed; ends after the table
    #[arg(long, env = "DEMO_CHAOS", value_name = "SEED")]
    chaos: Option<u64>,
    /// The warehouse serves the stores' orders, too; `false` leaves them out
    #[arg(
        long,
        env = "DEMO_ORDERS",
        action = ArgAction::Set,
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        value_parser = FalseyValueParser::new()
    )]
    orders: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let play = Play { chaos: flags.chaos, orders: flags.orders };
    run(Options { exit: flags.exit || flags.chaos.is_some(), play }).await
}
