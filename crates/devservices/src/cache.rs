//! The folder for everything fetched and for the data of running servers.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::DevError;
use crate::account::Account;
use crate::random;

/// Where root keeps what its unprivileged account must reach, when the cache is in a closed home.
const ROOT_FALLBACK: &str = "/var/cache/lockstep";

/// `LOCKSTEP_CACHE`, or `.cache` in the root of the repository.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    server_root: PathBuf,
}

impl Cache {
    /// Finds the folder and makes it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open() -> Result<Self, DevError> {
        let root = match std::env::var_os("LOCKSTEP_CACHE").filter(|value| !value.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => repository_root().join(".cache"),
        };
        fs::create_dir_all(&root).map_err(DevError::io("make", &root))?;
        let root = root.canonicalize().map_err(DevError::io("find", &root))?;
        let account = Account::for_servers()?;
        let server_root =
            if account.reaches(&root) { root.clone() } else { PathBuf::from(ROOT_FALLBACK) };
        make_folder(&server_root, 0o755)?;
        Ok(Self { root, server_root })
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that the account of servers can reach too: nearly always the same.
    pub(crate) fn server_root(&self) -> &Path {
        &self.server_root
    }

    /// Returns the named entry, which `make` builds if it is not there. Several processes may ask
    /// at once: one makes it, the others wait. An interrupted attempt leaves nothing behind that
    /// could be mistaken for the entry.
    pub(crate) fn entry<F>(&self, base: &Path, name: &str, make: F) -> Result<PathBuf, DevError>
    where
        F: FnOnce(&Path) -> Result<(), DevError>,
    {
        let target = base.join(name);
        if target.exists() {
            return Ok(target);
        }
        let lock_path = base.join(format!("{name}.lock"));
        let lock = open_lock(&lock_path)?;
        lock.lock().map_err(DevError::io("lock", &lock_path))?;
        if !target.exists() {
            let partial = base.join(format!("{name}.partial"));
            remove(&partial)?;
            make_folder(&partial, 0o755)?;
            make(&partial)?;
            fs::rename(&partial, &target).map_err(DevError::io("move into place", &target))?;
        }
        Ok(target)
    }

    /// A new empty folder for one server's data, removed when it is dropped. Folders whose owner
    /// died together with its guard (a power cut) are swept here.
    pub(crate) fn run_folder(&self, kind: &str) -> Result<RunFolder, DevError> {
        let base = self.server_root.join("run");
        make_folder(&base, 0o755)?;
        sweep(&base);
        let path = base.join(format!("{kind}-{}-{:08x}", std::process::id(), random::number()));
        let lock_path = path.with_extension("lock");
        let lock = open_lock(&lock_path)?;
        lock.lock().map_err(DevError::io("lock", &lock_path))?;
        make_folder(&path, 0o700)?;
        Ok(RunFolder { path, lock_path, _lock: lock })
    }
}

/// A server's data folder; the lock says that its owner lives.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl RunFolder {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn lock_path(&self) -> &Path {
        &self.lock_path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // A folder that stays is swept by the next start, so a refusal here loses nothing.
        let _ = fs::remove_dir_all(&self.path);
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// The nearest parent of the current folder that holds `Cargo.lock`, or the current folder: tests
/// run in their crate's folder, everything else in the root.
fn repository_root() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let found = here.ancestors().find(|dir| dir.join("rust-toolchain.toml").is_file());
    found.map_or_else(|| here.clone(), Path::to_path_buf)
}

/// Makes a folder with exactly this mode: a strict umask of root must not shut its unprivileged
/// account out. A folder that somebody else made is left as it is.
fn make_folder(path: &Path, mode: u32) -> Result<(), DevError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(DevError::io("make", path))?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(DevError::io("open up", path))
}

fn open_lock(path: &Path) -> Result<File, DevError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(DevError::io("make", parent))?;
    }
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(false);
    options.open(path).map_err(DevError::io("open", path))
}

fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    let locks = entries.flatten().map(|entry| entry.path());
    for lock_path in locks.filter(|path| path.extension().is_some_and(|end| end == "lock")) {
        let Ok(lock) = OpenOptions::new().write(true).open(&lock_path) else { continue };
        match lock.try_lock() {
            Ok(()) => {
                // Another sweep may have removed it first; both want it gone.
                let _ = fs::remove_dir_all(lock_path.with_extension(""));
                let _ = fs::remove_file(&lock_path);
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

fn remove(folder: &Path) -> Result<(), DevError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DevError::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(name: &str) -> Cache {
        let root = std::env::temp_dir().join(format!("lockstep-{name}-{}", std::process::id()));
        remove(&root).expect("own folder");
        fs::create_dir_all(&root).expect("the folder can be made");
        Cache { server_root: root.clone(), root }
    }

    #[test]
    fn an_entry_is_made_once_and_a_failed_one_is_made_again() {
        let cache = cache("entry");
        let failed = cache.entry(cache.root(), "thing", |_| Err(DevError::missing("a", "b")));
        assert!(failed.is_err());

        let mut made = 0;
        for _ in 0..2 {
            let entry = cache.entry(cache.root(), "thing", |folder| {
                made += 1;
                fs::write(folder.join("file"), "content").map_err(DevError::io("write", folder))
            });
            let file = entry.expect("the entry is made").join("file");
            assert_eq!(fs::read_to_string(file).expect("the file is there"), "content");
        }
        assert_eq!(made, 1);
        remove(cache.root()).expect("own folder");
    }

    #[test]
    fn the_folder_of_a_dead_owner_is_swept_and_a_living_one_kept() {
        let cache = cache("sweep");
        let living = cache.run_folder("kept").expect("a folder is made");
        let dead = living.path().with_file_name("dead-1-0");
        fs::create_dir_all(&dead).expect("the folder can be made");
        fs::write(dead.with_extension("lock"), "").expect("the lock can be made");

        let another = cache.run_folder("other").expect("a folder is made");
        assert!(living.path().exists() && another.path().exists() && !dead.exists());

        let path = living.path().to_path_buf();
        drop(living);
        assert!(!path.exists());
        drop(another);
        remove(cache.root()).expect("own folder");
    }
}
