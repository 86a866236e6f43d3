//! The state in a file: a line per change, written before anything is answered or told to a
//! webhook's receiver. So a SIGKILL at any moment takes back nothing that anybody heard of.
//! Nothing is forced to the disk: what the machine's own end would take back is not kept.
//!
//! A line holds the rows that changed, so it costs what changed, whatever the shop holds. Beside
//! the file with whole shops stands one with the changes since then. When that has grown, changes
//! go to a third one, while the shops are written anew from copies; then the third takes the
//! place of the second. Whenever the program ends, the files are read one after the other: a
//! change that the shops hold already changes nothing when it is made again.

use crate::model::Shop;
use crate::model::change::ShopChange;
use crate::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be read or written.
    #[error("the state file {path} cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It holds something else.
    #[error("the state file {path} was not written by this program")]
    Content {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        #[source]
        source: serde_json::Error,
    },
}

/// A line that is read.
#[derive(Deserialize)]
enum Line {
    Shop(Box<Shop>),
    Change(Box<ShopChange>),
    Gone(String),
}

/// A line that is written.
#[derive(Serialize)]
enum LineOf<'s> {
    Shop(&'s Shop),
    Change(&'s ShopChange),
    Gone(&'s str),
}

/// The file to which changes are added.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    least: u64,
    tail: Mutex<Tail>,
    grown: Notify,
    broken: AtomicBool,
}

#[derive(Debug)]
struct Tail {
    file: File,
    size: u64,
    most: u64,
}

/// Where changes are.
fn second(path: &Path) -> PathBuf {
    path.with_extension("next")
}

/// Where changes go while the shops are written anew.
fn third(path: &Path) -> PathBuf {
    path.with_extension("after")
}

impl Log {
    /// Reads what is there and begins a file with it; answers the shops. Below `least` bytes of
    /// changes it is not written anew.
    ///
    /// # Errors
    /// When a file exists and cannot be used.
    pub fn open(path: &Path, least: u64) -> Result<(Self, Vec<Shop>), StateError> {
        let mut shops = BTreeMap::new();
        // Without the first file there is no state, whatever was left beside it.
        if path.exists() {
            for path in [path.to_owned(), second(path), third(path)] {
                read(&path, &mut shops)?;
            }
        }
        let mut all: Vec<Shop> = shops.into_values().collect();
        for shop in &mut all {
            shop.keys.forget_running();
            shop.forget_changes();
        }
        let fail = |source| StateError::File { path: path.to_owned(), source };
        let size = write_whole(path, all.iter()).map_err(fail)?;
        let file = File::create(second(path)).map_err(fail)?;
        gone(&third(path)).map_err(fail)?;
        let tail = Tail { file, size: 0, most: least.max(size) };
        let log = Self {
            path: path.to_owned(),
            least,
            tail: Mutex::new(tail),
            grown: Notify::new(),
            broken: AtomicBool::new(false),
        };
        Ok((log, all))
    }

    /// True when a change could not be written: nothing may be answered any more.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Writes what changed in a shop since the last time.
    pub fn change(&self, shop: &mut Shop) {
        if let Some(change) = shop.changes() {
            self.add(&LineOf::Change(&change));
        }
    }

    /// Writes a whole shop.
    pub fn whole(&self, shop: &mut Shop) {
        shop.forget_changes();
        self.add(&LineOf::Shop(shop));
    }

    /// Writes that a shop is gone.
    pub fn gone(&self, domain: &str) {
        self.add(&LineOf::Gone(domain));
    }

    fn add(&self, line: &LineOf<'_>) {
        let written = text(line).and_then(|text| {
            let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
            tail.file.write_all(text.as_bytes())?;
            tail.size += text.len() as u64;
            if tail.size > tail.most {
                self.grown.notify_one();
            }
            Ok(())
        });
        if let Err(error) = written {
            self.broken.store(true, Ordering::Release);
            tracing::error!(%error, "the state cannot be written");
        }
    }

    /// Writes the shops anew from copies that are taken once changes go elsewhere.
    fn rewrite(&self, copies: impl FnOnce() -> Vec<Shop>) -> std::io::Result<()> {
        let file = File::create(third(&self.path))?;
        let lock = || self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        *lock() = Tail { file, size: 0, most: u64::MAX };
        let size = write_whole(&self.path, copies().iter())?;
        let mut tail = lock();
        std::fs::rename(third(&self.path), second(&self.path))?;
        tail.most = self.least.max(size);
        if tail.size > tail.most {
            self.grown.notify_one();
        }
        Ok(())
    }
}

/// Writes whole shops beside a file and puts them in its place; answers their size.
fn write_whole<'s>(path: &Path, shops: impl Iterator<Item = &'s Shop>) -> std::io::Result<u64> {
    let fresh = path.with_extension("fresh");
    let mut file = File::create(&fresh)?;
    let mut size = 0;
    for shop in shops {
        let text = text(&LineOf::Shop(shop))?;
        file.write_all(text.as_bytes())?;
        size += text.len() as u64;
    }
    std::fs::rename(&fresh, path)?;
    Ok(size)
}

/// Removes a file that may not exist.
fn gone(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn text(line: &LineOf<'_>) -> std::io::Result<String> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    Ok(text)
}

/// Reads a file that may not exist. Its last line may have been cut by the end of the program:
/// nobody heard of it.
fn read(path: &Path, shops: &mut BTreeMap<String, Shop>) -> Result<(), StateError> {
    let fail = |source| StateError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fail(error)),
    };
    let mut lines = BufReader::new(file);
    let mut text = Vec::new();
    loop {
        text.clear();
        lines.read_until(b'\n', &mut text).map_err(fail)?;
        if text.last() != Some(&b'\n') {
            return Ok(());
        }
        let line = serde_json::from_slice(&text)
            .map_err(|source| StateError::Content { path: path.to_owned(), source })?;
        match line {
            Line::Shop(shop) => drop(shops.insert(shop.domain.clone(), *shop)),
            Line::Change(change) => {
                if let Some(shop) = shops.get_mut(change.domain()) {
                    shop.apply(*change);
                }
            }
            Line::Gone(domain) => drop(shops.remove(&domain)),
        }
    }
}

/// Writes the file anew whenever it has grown, for as long as the task lives.
pub async fn keep_small(world: Arc<World>) {
    let Some(log) = world.log.clone() else {
        return;
    };
    loop {
        log.grown.notified().await;
        let (log, world) = (Arc::clone(&log), Arc::clone(&world));
        let work = tokio::task::spawn_blocking(move || {
            log.rewrite(|| world.shops().iter().map(|shop| shop.copy()).collect())
        });
        match work.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the state file cannot be written anew"),
            Err(error) => tracing::error!(%error, "writing the state file anew failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_none_of_ours_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        std::fs::write(&path, "[]\n").unwrap();
        assert!(matches!(Log::open(&path, 1), Err(StateError::Content { .. })));
        // A line that was cut is none that anybody heard of.
        std::fs::write(&path, "{\"Shop\":{\"domain\":").unwrap();
        assert!(Log::open(&path, 1).unwrap().1.is_empty());
    }
}
