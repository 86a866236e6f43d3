//! The private servers themselves: started, killed, restarted, and gone without a trace.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use lockstep_devservices::{
    Cache, DevError, Nats, NatsOptions, Postgres, PostgresOptions, ensure_shopify_schema,
    wait_until,
};

const WAIT: Duration = Duration::from_secs(20);

type Outcome = Result<(), DevError>;

fn fast_postgres() -> PostgresOptions {
    PostgresOptions { fsync: false, ..PostgresOptions::default() }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn runs(pid: u32) -> bool {
    let mut probe = Command::new("sh");
    probe.args(["-c", "kill -0 \"$1\" 2>/dev/null && ! grep -q '^State:.Z' /proc/$1/status", "sh"]);
    probe.arg(pid.to_string()).status().is_ok_and(|status| status.success())
}

#[test]
fn nats_comes_back_on_its_port_after_a_kill_and_leaves_nothing() -> Outcome {
    let options = NatsOptions {
        sync_always: true,
        max_payload: Some(2 * 1024 * 1024),
        extra: "max_connections: 1000".to_owned(),
    };
    let mut nats = Nats::start(options)?;
    let (port, url) = (nats.port(), nats.url());
    let first = nats.pid().expect("it runs");
    let greeting = greeting(port).expect("it greets");
    assert!(greeting.contains("\"max_payload\":2097152"), "{greeting}");

    nats.kill()?;
    assert!(!listens(port) && !runs(first) && nats.pid().is_none());

    nats.restart()?;
    let second = nats.pid().expect("it runs again");
    assert!(listens(port) && second != first && nats.url() == url);

    drop(nats);
    assert!(!listens(port) && !runs(second));
    Ok(())
}

#[test]
fn postgres_keeps_its_data_through_a_kill_and_leaves_nothing() -> Outcome {
    let mut postgres = Postgres::start(fast_postgres())?;
    let (port, url) = (postgres.port(), postgres.url("kept"));
    let first = postgres.pid().expect("it runs");
    postgres.create_database("kept")?;

    postgres.kill()?;
    assert!(!runs(first) && postgres.pid().is_none());

    postgres.restart()?;
    let second = postgres.pid().expect("it runs again");
    assert_eq!(postgres.url("kept"), url);
    let again = postgres.create_database("kept").expect_err("the database is still there");
    assert!(again.to_string().contains("already exists"), "{again}");

    drop(postgres);
    assert!(!listens(port) && !runs(second));
    Ok(())
}

#[test]
fn postgres_refuses_a_wrong_password() -> Outcome {
    let postgres = Postgres::start(fast_postgres())?;
    let mut stream = TcpStream::connect(("127.0.0.1", postgres.port())).expect("it listens");
    // The start of a connection by hand: protocol 3.0, user, database.
    let parameters = b"user\0lockstep\0database\0postgres\0\0";
    let length = u32::try_from(8 + parameters.len()).expect("a few bytes");
    let start = [&length.to_be_bytes()[..], &196_608_u32.to_be_bytes(), parameters].concat();
    stream.write_all(&start).expect("it reads");
    let mut asked = [0_u8; 9];
    stream.read_exact(&mut asked).expect("it answers");
    assert_eq!(asked, [b'R', 0, 0, 0, 8, 0, 0, 0, 3], "it asks for a password");

    stream.write_all(b"p\0\0\0\x0awrong\0").expect("it reads");
    let mut verdict = [0_u8; 1];
    stream.read_exact(&mut verdict).expect("it answers");
    assert_eq!(verdict, *b"E");
    Ok(())
}

#[test]
fn a_failing_statement_ends_the_file() -> Outcome {
    let postgres = Postgres::start(fast_postgres())?;
    let folder = Cache::open()?.root().join(format!("statements-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the cache can be written");
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text).expect("the cache can be written");
        file
    };
    let good = write("good.sql", "create table kept (id int); insert into kept values (1);");
    let bad = write("bad.sql", "select 1 / (select count(*) - 1 from kept); drop table kept;");
    let good_ran = postgres.run_file("postgres", &good);
    let bad_ran = postgres.run_file("postgres", &bad);
    let again = postgres.run_file("postgres", &good);
    std::fs::remove_dir_all(&folder).expect("own folder");

    good_ran?;
    let failure = bad_ran.expect_err("it divides by nothing").to_string();
    assert!(failure.contains("division by zero"), "{failure}");
    let exists = again.expect_err("the table was not dropped").to_string();
    assert!(exists.contains("already exists"), "{exists}");
    Ok(())
}

#[test]
fn two_pairs_run_side_by_side() -> Outcome {
    let (nats, other_nats) =
        (Nats::start(NatsOptions::default())?, Nats::start(NatsOptions::default())?);
    let (postgres, other) = (Postgres::start(fast_postgres())?, Postgres::start(fast_postgres())?);
    let ports = [nats.port(), other_nats.port(), postgres.port(), other.port()];
    assert!(ports.iter().all(|port| listens(*port)), "{ports:?}");
    let mut different = ports.to_vec();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), ports.len());
    Ok(())
}

#[test]
fn servers_end_when_their_owner_is_killed() {
    let myself = std::env::current_exe().expect("a test has a program");
    let mut owner = Command::new(myself)
        .args(["--ignored", "--exact", "owner_that_will_be_killed", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test can run itself");
    let mut lines = BufReader::new(owner.stdout.take().expect("stdout is piped")).lines();
    let told = lines.find_map(|line| line.ok()?.strip_prefix("pids ").map(str::to_owned));
    let numbers: Vec<u32> =
        told.expect("it tells its pids").split(' ').filter_map(|n| n.parse().ok()).collect();
    let [nats, postgres, nats_port, postgres_port] = numbers[..] else {
        panic!("four numbers are expected, not {numbers:?}")
    };
    assert!(runs(nats) && runs(postgres));

    owner.kill().expect("it is ours");
    owner.wait().expect("it is ours");
    let gone = wait_until(WAIT, || (!runs(nats) && !runs(postgres)).then_some(()));
    assert!(gone.is_some(), "nats-server {nats} or Postgres {postgres} still runs");
    let closed = u16::try_from(nats_port).is_ok_and(|port| !listens(port))
        && u16::try_from(postgres_port).is_ok_and(|port| !listens(port));
    assert!(closed);
}

#[test]
#[ignore = "the other half of servers_end_when_their_owner_is_killed"]
fn owner_that_will_be_killed() -> Outcome {
    let nats = Nats::start(NatsOptions::default())?;
    let postgres = Postgres::start(fast_postgres())?;
    let pids = [nats.pid(), postgres.pid()].map(Option::unwrap_or_default);
    println!("\npids {} {} {} {}", pids[0], pids[1], nats.port(), postgres.port());
    // Until it is killed: nobody writes here.
    let _ = std::io::stdin().read(&mut [0]);
    Ok(())
}

#[test]
fn the_schema_is_a_gzip_file_in_the_cache() -> Outcome {
    let cache = Cache::open()?;
    let schema = ensure_shopify_schema(&cache, "2026-10")?;
    let bytes = std::fs::read(&schema).expect("the file is there");
    assert!(bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() > 100_000, "{}", bytes.len());
    Ok(())
}

fn greeting(port: u16) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(TcpStream::connect(("127.0.0.1", port))?).read_line(&mut line)?;
    Ok(line)
}
