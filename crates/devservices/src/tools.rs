//! Pinned development tools, in the cache unless already installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{on_path, run};
use crate::fetch::{NpmPackage, make_executable, npm_file};
use crate::{Cache, DevError};

/// A tool of `make check` or `make test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Lints the contracts and compares them with the last release.
    Buf,
    /// Licences, sources and bans of dependencies.
    CargoDeny,
    /// The test runner.
    CargoNextest,
}

const BUF_VERSION: &str = "1.75.0";
const BUF_HINT: &str = "install npm (Node.js), with which buf is fetched once, or buf itself";
const DENY_VERSION: &str = "0.20.2";
const NEXTEST_VERSION: &str = "0.9.143";

/// buf's program per platform: system and processor as Rust names them, package, integrity.
const BUF_PACKAGES: [(&str, &str, NpmPackage); 4] = [
    (
        "linux",
        "x86_64",
        NpmPackage {
            name: "@bufbuild/buf-linux-x64",
            version: BUF_VERSION,
            integrity: "sha512-YGGJAx0lpMCE7aMWjNOJcfoEaG/e+iYHnTC4SZ0P5eS4IffMryA9Z4/bb1m1wNXAEJ8\
                        ATFMEZOAk/5x9VE47ig==",
        },
    ),
    (
        "linux",
        "aarch64",
        NpmPackage {
            name: "@bufbuild/buf-linux-aarch64",
            version: BUF_VERSION,
            integrity: "sha512-eX+XyokzJDqsNIFo8b1O3DBvbnksOozPJX4QVsNn61JqSUtWspyTNeYqwg8lRDancML\
                        +bDqZEDFPABjAsVCQGQ==",
        },
    ),
    (
        "macos",
        "aarch64",
        NpmPackage {
            name: "@bufbuild/buf-darwin-arm64",
            version: BUF_VERSION,
            integrity: "sha512-QiQYSmtVUcKy9DK/d+zJ3+D4iUQmmiDQ3i8/yBr8cf7Nr28lqKMAIKznJE/uGRsjr90\
                        fHaUQO+Xsedec0ArN5g==",
        },
    ),
    (
        "macos",
        "x86_64",
        NpmPackage {
            name: "@bufbuild/buf-darwin-x64",
            version: BUF_VERSION,
            integrity: "sha512-U2W+MRE9jJ7Am7x02ZWt87U5lfPrjKMdB1aZDslsuyOHo+fEUvZolupmhoW30v6syNA\
                        WBOfkoi0k5TLc2FNGqQ==",
        },
    ),
];

/// The tool's program. nextest is taken from `PATH` if it is there; buf and cargo-deny always
/// have the pinned version, since a newer one may judge differently.
///
/// # Errors
/// When it is not cached and cannot be fetched or built.
pub fn ensure_tool(cache: &Cache, tool: Tool) -> Result<PathBuf, DevError> {
    match tool {
        Tool::Buf => ensure_buf(cache),
        Tool::CargoDeny => ensure_cargo_tool(cache, "cargo-deny", DENY_VERSION),
        Tool::CargoNextest => match on_path("cargo-nextest") {
            Some(installed) => Ok(installed),
            None => ensure_cargo_tool(cache, "cargo-nextest", NEXTEST_VERSION),
        },
    }
}

fn ensure_buf(cache: &Cache) -> Result<PathBuf, DevError> {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let fits = |(os, arch, _): &&(&str, &str, NpmPackage)| *os == system && *arch == processor;
    let (_, _, package) = BUF_PACKAGES.iter().find(fits).ok_or_else(|| {
        let what = format!("buf {BUF_VERSION} for {system} {processor}");
        DevError::missing(what, "check the contracts on Linux or macOS")
    })?;
    let entry = cache.entry(&tools(cache), &format!("buf-{BUF_VERSION}"), |folder| {
        let program = folder.join("buf");
        npm_file(package, "package/bin/buf", &program, BUF_HINT)?;
        make_executable(&program)
    })?;
    Ok(entry.join("buf"))
}

/// Builds the tool from source, where cargo checks every package against the tool's own lock file.
fn ensure_cargo_tool(cache: &Cache, name: &str, version: &str) -> Result<PathBuf, DevError> {
    let entry = cache.entry(&tools(cache), &format!("{name}-{version}"), |folder| {
        let mut cargo = Command::new("cargo");
        cargo.args(["install", "--quiet", "--locked", "--debug", "--no-track", "--root"]);
        cargo.arg(folder).arg(format!("{name}@{version}"));
        // The pool of this build's artefacts is of no use to ours.
        cargo.env_remove("CARGO_TARGET_DIR");
        run(&format!("building {name} {version} once"), &mut cargo).map(drop)
    })?;
    Ok(entry.join("bin").join(name))
}

fn tools(cache: &Cache) -> PathBuf {
    Path::new(cache.root()).join("tools")
}
