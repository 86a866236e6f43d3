//! A small warehouse management system. It trusts nobody: what it booked and what it still has
//! to report is in one file of its own, so that a SIGKILL at any moment loses nothing and a
//! report is repeated under its own id until it was answered.
//!
//! `journal.rs` is the file, `ledger.rs` what it means, with `orders.rs`; `book.rs` and `desk.rs`
//! are what people may do, `reporter.rs` sends, `feed.rs` reads, `burst.rs` plays a rush,
//! `http.rs` is the door.

mod book;
mod burst;
mod desk;
mod feed;
mod http;
mod journal;
mod ledger;
mod orders;
mod report;
mod reporter;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

pub use ledger::{Fault, Ledger};

/// How it is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of its own API.
    pub listen: SocketAddr,
    /// File of its ledger.
    pub ledger: PathBuf,
    /// Address of Lockstep's REST gateway.
    pub lockstep_url: String,
    /// Token of the back office.
    pub token: String,
    /// Whether it reads the feed, so that orders come.
    pub orders: bool,
}

/// What door, sender and burst share.
#[derive(Debug)]
struct Office {
    ledger: Mutex<Ledger>,
    /// Something is to be reported.
    reports: Notify,
    /// A burst was started.
    bursts: Notify,
}

impl Office {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panic between file and memory cannot leave them apart: memory follows the file.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until SIGTERM or Ctrl-C. Prints one line when it is ready.
///
/// # Errors
/// When the ledger cannot be read or the address is taken.
pub async fn run(settings: Settings) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let ledger = Ledger::open(&settings.ledger)
        .with_context(|| format!("cannot open the ledger {}", settings.ledger.display()))?;
    let office = Arc::new(Office {
        ledger: Mutex::new(ledger),
        reports: Notify::new(),
        bursts: Notify::new(),
    });
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let reporter = reporter::Reporter::try_new(&settings, Arc::clone(&office))?;
    let reader = feed::Reader::try_new(&settings, Arc::clone(&office))?;
    #[expect(clippy::print_stdout, reason = "the line that its starter waits for")]
    {
        println!("demo-warehouse listening on http://{}", listener.local_addr()?);
    }
    tokio::select! {
        served = axum::serve(listener, http::router(Arc::clone(&office))) => Ok(served?),
        never = reporter.run() => match never {},
        never = reader.run(), if settings.orders => match never {},
        never = burst::run(&office) => match never {},
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}
