//! The state in a file: read at the start, written when something changed, and at the end.

use crate::model::Shop;
use crate::world::{World, lock};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often the file is brought up to date.
const EVERY: Duration = Duration::from_secs(2);

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

/// Reads all shops of a file that may not exist yet.
///
/// # Errors
/// When the file exists and cannot be used.
pub fn load(world: &World, path: &Path) -> Result<(), StateError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(StateError::File { path: path.to_owned(), source });
        }
    };
    let shops: Vec<Shop> = serde_json::from_str(&text)
        .map_err(|source| StateError::Content { path: path.to_owned(), source })?;
    for shop in shops {
        world.add(shop);
    }
    Ok(())
}

/// Writes all shops, through a second file, so that a crash leaves the old one whole.
///
/// # Errors
/// When the file cannot be written.
pub fn store(world: &World, path: &Path) -> Result<(), StateError> {
    let fail = |source: std::io::Error| StateError::File { path: path.to_owned(), source };
    let mut shops = Vec::new();
    for shop in world.shops() {
        let text = serde_json::value::to_raw_value(&*lock(&shop));
        shops.push(text.map_err(|error| fail(error.into()))?);
    }
    let text = serde_json::to_string(&shops).map_err(|error| fail(error.into()))?;
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, text).map_err(fail)?;
    std::fs::rename(&unfinished, path).map_err(fail)
}

/// Keeps the file up to date for as long as the task lives.
pub async fn keep(world: Arc<World>, path: PathBuf) {
    let mut written = world.changes();
    loop {
        tokio::time::sleep(EVERY).await;
        let changes = world.changes();
        if changes != written {
            let (world, path) = (Arc::clone(&world), path.clone());
            let stored = tokio::task::spawn_blocking(move || store(&world, &path)).await;
            if let Ok(Err(error)) = stored {
                tracing::warn!(%error, "the state was not saved");
            }
            written = changes;
        }
    }
}
