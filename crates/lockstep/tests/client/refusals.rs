//! What goes wrong, in one or two lines and an exit code.

use std::process::Command;

use crate::fake::{Answer, Fake};

const PROBLEM: &str = r#"{"type": "urn:lockstep:problem:UNKNOWN_WAREHOUSE",
 "title": "Unknown warehouse", "status": 422, "code": "UNKNOWN_WAREHOUSE",
 "field": "warehouses[0]", "detail": "wms has declared no warehouse MAIN2",
 "fix": "declare it: PUT /api/v1/backoffices/wms/warehouses/MAIN2"}"#;

#[test]
fn a_refusal_names_detail_field_and_the_command_that_mends_it() {
    let fake = Fake::answering([Answer::problem(422, PROBLEM)]);
    let ran = fake.line("location map north 7 wms/MAIN2").run();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, "");
    assert_eq!(
        ran.err,
        "lockstep: wms has declared no warehouse MAIN2 (warehouses[0])\n  \
         fix: declare it: lockstep warehouse add wms MAIN2\n"
    );
}

#[test]
fn a_refusal_in_json_is_the_answer_unchanged() {
    let fake = Fake::answering([Answer::problem(422, PROBLEM)]);
    let ran = fake.line("location map north 7 wms/MAIN2 --json").run();
    assert_eq!((ran.code, ran.out), (Some(1), format!("{PROBLEM}\n")));
}

#[test]
fn answers_that_are_not_the_api_s_say_so() {
    let html = "<html>Bad gateway</html>".to_owned();
    let table = [
        (
            Answer(502, "text/html", html.clone()),
            "lockstep: the answer is 502 Bad Gateway, and not",
        ),
        (Answer(200, "text/html", html), "lockstep: the answer is not one of the admin API: "),
        (Answer(302, "text/html", String::new()), "lockstep: the answer is 302 Found, and not"),
        (Answer::json(r#"{"id": 7}"#), "lockstep: the answer is not one of the admin API: "),
    ];
    for (answer, said) in table {
        for flags in ["", "--json"] {
            if answer.2.starts_with("{\"id\"") && flags == "--json" {
                continue;
            }
            let fake = Fake::answering([answer.clone()]);
            let ran = fake.line(&format!("store show north {flags}")).run();
            assert_eq!(ran.code, Some(1), "{}", ran.err);
            assert!(ran.err.starts_with(said), "{}", ran.err);
            assert!(ran.err.contains("\n  fix: check --console-url"), "{}", ran.err);
        }
    }
}

#[test]
fn control_characters_of_others_do_not_reach_the_terminal() {
    let problem = r#"{"title": "T", "detail": "a\u001b[2Jb\nc", "field": "", "fix": "d\re"}"#;
    let fake = Fake::answering([Answer::problem(422, problem)]);
    let ran = fake.line("store show north").run();
    assert_eq!(ran.err, "lockstep: a [2Jb c\n  fix: d e\n");
}

#[test]
fn a_console_that_is_away_is_named_with_what_to_do() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["doctor", "--console-url", &format!("http://{free}/")]);
    let output = command.env_clear().env("LOCKSTEP_ADMIN_TOKEN", "x").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = format!("lockstep: the console at http://{free} cannot be reached: ");
    assert!(err.starts_with(&said), "{err}");
    assert!(err.contains("\n  fix: start it (lockstep run), or set --console-url"), "{err}");
    assert_eq!(err.lines().count(), 2);
}

#[test]
fn settings_that_are_missing_or_wrong_end_with_code_78() {
    let table = [
        (&["store", "list"][..], "LOCKSTEP_ADMIN_TOKEN is missing; set it to the token that"),
        (&["store", "list", "--console-url", "ftp://x"], "LOCKSTEP_CONSOLE_URL is not an address"),
        (&["store", "list", "--console-url", "here"], "LOCKSTEP_CONSOLE_URL is not an address"),
    ];
    for (line, said) in table {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        let output = command.args(line).env_clear().output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{err}");
        assert!(err.starts_with(&format!("lockstep: {said}")) && err.lines().count() == 1, "{err}");
    }
}

#[test]
fn command_lines_that_cannot_be_meant_send_nothing() {
    let table = [
        ("store set north", 1, "nothing to set"),
        ("store set north enabled", 2, "expected KEY=VALUE, e.g. stock.mode=absolute"),
        ("store set north a=1 a=2", 1, "a is given twice"),
        ("store remove north", 1, "removing a store needs --yes"),
        ("store set north --backoffice wms", 2, "expected ID=ROLES, e.g. wms=stock"),
        ("backoffice set wms", 1, "nothing to set"),
        ("backoffice add wms name=a --name b", 1, "name is given twice"),
        ("location map north 7", 2, "required arguments"),
        ("location map north 7 wms/A --unmap", 2, "cannot be used with"),
        ("effects settle e1", 2, "--applied|--not-applied"),
        ("effects settle e1 --applied --not-applied", 2, "cannot be used with"),
        ("effects settle e1 --not-applied --fulfillment 9", 2, "cannot be used with"),
        ("conflicts north --csv --json", 2, "cannot be used with"),
        ("dead-letters retry", 2, "required arguments"),
        ("stock show north ..", 1, "\"..\" cannot stand in an address"),
        ("link import north nowhere/links.csv", 1, "read nowhere/links.csv: "),
    ];
    for (line, code, said) in table {
        let fake = Fake::answering([]);
        let ran = fake.line(line).run();
        assert_eq!(ran.code, Some(code), "{line}: {}", ran.err);
        assert!(ran.err.contains(said), "{line}: {}", ran.err);
        assert!(ran.asked.is_empty(), "{line}");
    }
}

#[test]
fn a_letter_that_fails_again_stops_no_other() {
    let failed = r#"{"title": "Failed again", "detail": "no link", "field": "", "fix": "mend it"}"#;
    let closed = r#"{"id": "d2", "service": "stock-sync", "state": "retried"}"#;
    let fake = Fake::answering([Answer::problem(409, failed), Answer::json(closed)]);
    let ran = fake.line("dead-letters retry d1 d2").run();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, "d2 of stock-sync: retried\n");
    assert_eq!(ran.err, "d1: no link\n  fix: mend it\n1 of 2 letters failed\n");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let list = r#"{"stores": [{"id": "north", "shop_domain": "d"}], "next": null}"#;
    for line in ["store list", "store list --json", "link export north"] {
        let fake = Fake::answering([Answer::json(list)]);
        let ran = fake.line(line).run_unread();
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{line}");
        assert_eq!(ran.asked.len(), 1);
    }
}

#[test]
fn a_key_is_made_whether_or_not_a_token_is_set_and_read() {
    let fake = Fake::answering([]);
    let made = fake.line("keygen").run();
    assert_eq!((made.code, made.err.as_str()), (Some(0), ""));
    assert_eq!(made.out.trim_end().len(), 44, "32 bytes in base64");
    let unread = fake.line("keygen").run_unread();
    assert_eq!((unread.code, unread.err.as_str()), (Some(0), ""));
}
