//! Nothing of the demo outlives it, not even when it is killed and can clear up nothing. What runs
//! and what listens is learnt from the system, not from the demo.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test: what the system does not tell fails it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lockstep_devservices::wait_until;

const GONE_WAIT: Duration = Duration::from_secs(30);
/// From here on everything runs.
const UP: &str = "the warehouse got its token";
const LISTEN_STATE: &str = "0A";

/// Ends with the test, however the test ends.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn no_process_no_port_and_no_data_is_left_when_the_demo_is_killed() {
    let program = Path::new(env!("CARGO_BIN_EXE_demo"));
    for needed in ["lockstep", "shopify-standin"] {
        let built = program.with_file_name(needed).is_file();
        assert!(built, "build it first: cargo build --bin {needed}");
    }
    let mut demo = Demo(Command::new(program).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    let up = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(UP)));
    assert!(up.is_some(), "the demo ended before everything was up");

    let family = descendants(demo.0.id());
    let names: BTreeSet<String> = family.iter().map(|pid| name(*pid)).collect();
    for one in ["lockstep", "shopify-standin", "demo-warehouse", "nats-server", "postgres"] {
        assert!(names.contains(one), "{one} is not among {names:?}");
    }
    let ports = listening(&family);
    assert!(ports.len() >= 9, "five of Lockstep and one of each other: {ports:?}");
    let folders: Vec<PathBuf> = family.iter().filter_map(|pid| data_folder(*pid)).collect();
    assert!(folders.len() >= 2 && folders.iter().all(|folder| folder.exists()), "{folders:?}");

    demo.0.kill().unwrap();
    demo.0.wait().unwrap();
    let left = || family.iter().filter(|pid| runs(**pid)).collect::<Vec<_>>();
    let gone = wait_until(GONE_WAIT, || left().is_empty().then_some(()));
    assert!(gone.is_some(), "{:?} of {names:?} still run", left());
    for port in ports {
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "{port} is listened on");
        assert!(UdpSocket::bind(("127.0.0.1", port)).is_ok(), "{port} is held");
    }
    let kept: Vec<&PathBuf> = folders.iter().filter(|folder| folder.exists()).collect();
    assert!(kept.is_empty(), "{kept:?}");
}

/// All processes that it started, and that those started.
fn descendants(pid: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for child in numbers("/proc") {
        if let Some(parent) = field_after_name(child, 1).and_then(|parent| parent.parse().ok()) {
            children.entry(parent).or_default().push(child);
        }
    }
    let mut family = children.remove(&pid).unwrap_or_default();
    let mut at = 0;
    while at < family.len() {
        family.extend(children.remove(&family[at]).unwrap_or_default());
        at += 1;
    }
    family
}

fn runs(pid: u32) -> bool {
    field_after_name(pid, 0).is_some_and(|state| state != "Z")
}

/// A field of `/proc/PID/stat` behind the name, which may hold anything.
fn field_after_name(pid: u32, number: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(number).map(str::to_owned)
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// What `nats-server -c FOLDER/nats.conf` and `postgres -D FOLDER/data` name.
fn data_folder(pid: u32) -> Option<PathBuf> {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = line.split('\0').skip_while(|word| !["-c", "-D"].contains(word));
    let within = ["nats-server", "postgres"].contains(&name(pid).as_str());
    Path::new(words.nth(1).filter(|word| within && word.starts_with('/'))?)
        .parent()
        .map(Path::to_path_buf)
}

/// The ports on which these processes listen.
fn listening(family: &[u32]) -> BTreeSet<u16> {
    let mut sockets = BTreeSet::new();
    for pid in family {
        for file in numbers(&format!("/proc/{pid}/fd")) {
            let link = fs::read_link(format!("/proc/{pid}/fd/{file}")).unwrap_or_default();
            let link = link.to_string_lossy().into_owned();
            let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            sockets.extend(inode.map(str::to_owned));
        }
    }
    let mut ports = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[3] == LISTEN_STATE && sockets.contains(fields[9]) {
                let (_, port) = fields[1].rsplit_once(':').unwrap();
                ports.insert(u16::from_str_radix(port, 16).unwrap());
            }
        }
    }
    ports
}

/// The entries of a folder whose names are numbers.
fn numbers(folder: &str) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
