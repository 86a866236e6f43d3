//! Style that a machine can see: sizes, names, leftovers, and migrations that must not change.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::migrations;
use crate::repository;

const COLUMNS_MAX: usize = 100;
const FILE_LINES_MAX: usize = 600;
const LIB_LINES_MAX: usize = 60;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 10] =
    ["util", "utils", "helper", "helpers", "common", "misc", "base", "manager", "shared", "stuff"];

/// Pieces of words that must not be committed; in two parts, so that this file does not hold them.
const LEFTOVERS: [(&str, &str, &str); 6] = [
    ("to", "do!(", "finish it"),
    ("unimple", "mented!(", "finish it"),
    ("FIX", "ME", "fix it, or file an issue"),
    ("HA", "CK", "explain it, or do it properly"),
    ("<<<<", "<<< ", "a merge was not finished"),
    (">>>>", ">>> ", "a merge was not finished"),
];

/// Places that only one machine has, and hosts that a package client should know by itself.
const PRIVATE_PLACES: [(&str, &str); 8] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("registry.npm", "js.org"),
    ("files.python", "hosted.org"),
    ("pypi", ".org"),
    ("deb.", "debian.org"),
];

/// Reads every tracked text file and tells every breach.
pub(crate) fn check(record_migrations: bool) -> Result<ExitCode> {
    if record_migrations {
        migrations::record()?;
    }
    let files = repository::files()?;
    let mut breaches = Vec::new();
    for file in &files {
        breaches.extend(empty_name(file));
        let path = repository::root().join(file);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // What is not text has no lines to judge.
        if let Ok(text) = str::from_utf8(&bytes) {
            breaches.extend(judge(file, text));
            breaches.extend(lost_paths(file, text, |path| repository::root().join(path).exists()));
        }
    }
    breaches.extend(migrations::changed()?);
    for breach in &breaches {
        println!("{breach}");
    }
    println!("tidy: {} files, {} breaches", files.len(), breaches.len());
    Ok(if breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn judge(file: &Path, text: &str) -> Vec<String> {
    let name = file.display();
    let mut breaches = Vec::new();
    if file.extension().is_some_and(|end| end == "rs") {
        let lines = text.lines().count();
        let is_lib = file.ends_with("src/lib.rs");
        let max = if is_lib { LIB_LINES_MAX } else { FILE_LINES_MAX };
        if lines > max {
            breaches.push(format!("{name}: {lines} lines, at most {max}: split it by noun"));
        }
        for (number, line) in (1..).zip(text.lines()) {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX {
                breaches.push(format!("{name}:{number}: {columns} columns, at most 100"));
            }
        }
    }
    for (number, line) in (1..).zip(text.lines()) {
        for (first, second, remedy) in LEFTOVERS {
            if holds(line, first, second) {
                breaches.push(format!("{name}:{number}: {first}{second} is left: {remedy}"));
            }
        }
        for (first, second) in PRIVATE_PLACES {
            if holds(line, first, second) {
                breaches.push(format!("{name}:{number}: {first}{second} is a private place"));
            }
        }
    }
    breaches
}

fn holds(line: &str, first: &str, second: &str) -> bool {
    line.match_indices(first)
        .any(|(at, _)| line.get(at + first.len()..).is_some_and(|rest| rest.starts_with(second)))
}

/// Paths that a document names and that are not there: documents rot first where they list files.
fn lost_paths(file: &Path, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    if file.extension().is_none_or(|end| end != "md") {
        return Vec::new();
    }
    let quoted = text.split('`').skip(1).step_by(2);
    let is_path = |quote: &&str| {
        ["crates/", "proto/", "docs/"].iter().any(|folder| quote.starts_with(folder))
            && !quote.contains(['{', '*', '<', ' ', '\n'])
    };
    let lost = quoted.filter(is_path).filter(|path| !exists(path));
    lost.map(|path| format!("{}: there is no {path}", file.display())).collect()
}

/// A file or folder of code whose name says nothing.
fn empty_name(file: &Path) -> Option<String> {
    let code = ["rs", "proto", "sql"];
    file.extension().filter(|end| code.iter().any(|code| end == code))?;
    let mut names = file.iter().filter_map(|part| Path::new(part).file_stem()?.to_str());
    let empty = names.find(|name| EMPTY_NAMES.contains(name) || name.starts_with("new_"))?;
    Some(format!("{}: {empty} says nothing about what is inside", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(file: &str, text: &str) -> usize {
        judge(Path::new(file), text).len()
    }

    #[test]
    fn sizes_are_limited_in_code_only() {
        let wide = "x".repeat(101);
        assert_eq!(breaches("crates/a/src/b.rs", &wide), 1);
        assert_eq!(breaches("crates/a/src/b.rs", &"é".repeat(100)), 0);
        assert_eq!(breaches("README.md", &wide), 0);
        assert_eq!(breaches("crates/a/src/b.rs", &"x\n".repeat(601)), 1);
        assert_eq!(breaches("crates/a/src/lib.rs", &"x\n".repeat(61)), 1);
    }

    #[test]
    fn leftovers_and_private_places_are_found_anywhere() {
        for (first, second, _) in LEFTOVERS {
            assert_eq!(breaches("docs/a.md", &format!("a {first}{second}b")), 1);
        }
        for (first, second) in PRIVATE_PLACES {
            assert_eq!(breaches("a.toml", &format!("a {first}{second}b")), 1);
        }
        assert_eq!(breaches("docs/a.md", "a method of todo lists, homework and roots"), 0);
    }

    #[test]
    fn a_document_names_only_files_that_are_there() {
        let text = "`crates/a.rs`, `crates/b.rs`, `crates/{a,b}/c.rs`, `docs/` and crates/d.rs";
        let lost = |file: &str| lost_paths(Path::new(file), text, |path| path != "crates/b.rs");
        assert_eq!(lost("README.md"), ["README.md: there is no crates/b.rs"]);
        assert_eq!(lost("a.toml"), [""; 0]);
    }

    #[test]
    fn a_name_that_says_nothing_is_refused() {
        for bad in ["crates/a/src/utils.rs", "crates/a/src/common/b.rs", "a/new_queue.rs"] {
            assert!(empty_name(Path::new(bad)).is_some(), "{bad}");
        }
        for good in ["crates/a/src/stock.rs", "docs/common.md", "crates/a/src/newest.rs"] {
            assert!(empty_name(Path::new(good)).is_none(), "{good}");
        }
    }
}
