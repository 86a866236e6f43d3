//! Postgres out of Debian's packages, unpacked into the cache: nothing is installed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{on_path, run};
use crate::postgres::PostgresPrograms;
use crate::{Cache, DevError};

/// Libraries that a system with a shell has, or that the server runs without (the last: its
/// just-in-time compiler).
const LIBRARIES_LEFT_OUT: [&str; 5] = ["libc6", "libgcc-s1", "libstdc++6", "libcrypt1", "libllvm"];

/// The newest Postgres that the system's package lists offer, unpacked on first use. apt checks
/// every package against its signed lists.
pub(crate) fn unpacked_postgres(
    cache: &Cache,
    version_min: u32,
    hint: &str,
) -> Result<PostgresPrograms, DevError> {
    let base = cache.server_root();
    let entry = cache.entry(base, "postgres-unpacked", |folder| {
        if on_path("apt-get").is_none() || on_path("dpkg-deb").is_none() {
            return Err(DevError::missing("Postgres", hint));
        }
        let apt = Apt::open(&folder.join("apt"), version_min, hint)?;
        apt.unpack(folder)?;
        let programs = programs_in(folder);
        let version = programs.as_ref().and_then(PostgresPrograms::version);
        if version.is_none_or(|version| version < version_min) {
            return Err(DevError::missing("a Postgres that runs from unpacked packages", hint));
        }
        apt.remove()
    })?;
    programs_in(&entry).ok_or_else(|| DevError::missing("Postgres", hint))
}

fn programs_in(root: &Path) -> Option<PostgresPrograms> {
    let versions = fs::read_dir(root.join("usr/lib/postgresql")).ok()?.flatten();
    let bin = versions.map(|entry| entry.path().join("bin")).find(|bin| bin.is_dir())?;
    let mut libraries = Vec::new();
    for base in ["usr/lib", "lib"] {
        let children = fs::read_dir(root.join(base)).into_iter().flatten().flatten();
        let named = children
            .map(|child| child.path())
            .filter(|path| path.is_dir() && path.to_string_lossy().contains("-linux-"));
        libraries.extend(named);
    }
    Some(PostgresPrograms { bin, libraries })
}

/// apt with folders of its own, so that it asks for no rights and changes nothing.
struct Apt {
    folder: PathBuf,
    version: u32,
}

impl Apt {
    /// Fetches the package lists, since the system's may be missing or stale, and finds the newest
    /// version on offer.
    fn open(folder: &Path, version_min: u32, hint: &str) -> Result<Self, DevError> {
        for part in ["lists/partial", "cache/archives/partial", "packages"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).map_err(DevError::io("make", &part))?;
        }
        let mut apt = Self { folder: folder.to_path_buf(), version: 0 };
        let what = format!("fetching package lists for a private Postgres ({hint})");
        run(&what, apt.command("apt-get").arg("update"))?;
        let mut search = apt.command("apt-cache");
        search.args(["search", "--names-only", "^postgresql-[0-9]+$"]);
        let found = run("apt-cache search", &mut search)?;
        let versions = found.lines().filter_map(|line| {
            let name = line.split_whitespace().next()?;
            name.strip_prefix("postgresql-")?.parse::<u32>().ok()
        });
        let newest = versions.max().filter(|version| *version >= version_min);
        apt.version = newest.ok_or_else(|| DevError::missing("Postgres 14 or newer", hint))?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("LC_ALL", "C");
        let option =
            |name: &str, part: &str| format!("{name}={}", self.folder.join(part).display());
        command.arg("-o").arg(option("Dir::Cache", "cache"));
        command.arg("-o").arg(option("Dir::State::lists", "lists"));
        command.args(["-o", "Debug::NoLocking=true", "-o", "APT::Sandbox::User=root"]);
        command
    }

    fn unpack(&self, target: &Path) -> Result<(), DevError> {
        let packages = self.folder.join("packages");
        let mut download = self.command("apt-get");
        download.arg("download").args(self.packages()?).current_dir(&packages);
        run("apt-get download", &mut download)?;
        let entries = fs::read_dir(&packages).map_err(DevError::io("read", &packages))?;
        for package in entries.flatten() {
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("-x").arg(package.path()).arg(target);
            run("dpkg-deb", &mut unpack)?;
        }
        Ok(())
    }

    /// Server, client, and those libraries that the system lacks.
    fn packages(&self) -> Result<BTreeSet<String>, DevError> {
        let server = format!("postgresql-{}", self.version);
        let client = format!("postgresql-client-{}", self.version);
        let mut depends = self.command("apt-cache");
        depends.args(["depends", "--recurse", "--no-recommends", "--no-suggests", "--no-breaks"]);
        depends.args(["--no-conflicts", "--no-replaces", "--no-enhances", &server]);
        let closure = run("apt-cache depends", &mut depends)?;
        // The names of packages start their line; what they need is indented.
        let names = closure.lines().filter(|line| line.starts_with("lib"));
        let wanted = names.filter(|name| {
            !LIBRARIES_LEFT_OUT.iter().any(|left_out| name.starts_with(left_out))
                && (*name == "libpq5" || !is_installed(name))
        });
        Ok(wanted.map(str::to_owned).chain([server, client]).collect())
    }

    fn remove(self) -> Result<(), DevError> {
        fs::remove_dir_all(&self.folder).map_err(DevError::io("remove", &self.folder))
    }
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f", "${db:Status-Status}", package]);
    run("dpkg-query", &mut query).is_ok_and(|status| status == "installed")
}
