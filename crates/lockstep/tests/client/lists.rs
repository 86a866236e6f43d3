//! Lists that go on, and files that go in parts.

use std::fmt::Write;

use serde_json::json;

use crate::fake::{Answer, Fake};

fn links(ids: std::ops::Range<u32>, next: Option<&str>) -> Answer {
    let link = |id| json!({"variant_id": format!("{id}"), "backoffice": "wms", "sku": "A"});
    let links: Vec<_> = ids.map(link).collect();
    Answer::json(&json!({"links": links, "next": next}).to_string())
}

#[test]
fn a_long_list_pages_by_itself() {
    let pages = [links(10..12, Some("11")), links(12..13, None)];
    let ran = Fake::answering(pages).line("link list north").run();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let variants: Vec<_> = ran.out.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(variants, ["VARIANT", "10", "11", "12"]);
    let asked: Vec<_> = ran.asked.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(
        asked,
        [
            "GET /api/v1/stores/north/links?limit=500",
            "GET /api/v1/stores/north/links?limit=500&after=11"
        ]
    );
}

#[test]
fn a_long_list_in_json_is_its_pages_unchanged() {
    for line in ["link list north --json", "--json link export north", "link export north --json"] {
        if line.starts_with("--json") {
            // The flag belongs to the commands that know it.
            assert_eq!(Fake::answering([]).line(line).run().code, Some(2));
            continue;
        }
        let pages = [links(10..12, Some("11")), links(12..13, None)];
        let expected = format!("{}\n{}\n", pages[0].2, pages[1].2);
        let ran = Fake::answering(pages).line(line).run();
        assert_eq!((ran.code, ran.out), (Some(0), expected), "{line}");
    }
}

#[test]
fn a_list_that_stands_still_ends() {
    let pages = [links(10..11, Some("10")), links(10..11, Some("10"))];
    let ran = Fake::answering(pages).line("link list north").run();
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("does not go on after 10"), "{}", ran.err);
}

fn letters(ids: std::ops::Range<u32>, next: Option<&str>, silent: &[&str]) -> Answer {
    let letter = |id| json!({"id": format!("d{id}"), "service": "s", "state": "open"});
    let letters: Vec<_> = ids.map(letter).collect();
    Answer::json(&json!({"dead_letters": letters, "next": next, "silent": silent}).to_string())
}

#[test]
fn dead_letters_page_until_there_are_enough() {
    let asked = |ran: &crate::fake::Ran| -> Vec<String> {
        ran.asked.iter().map(|asked| asked.line.clone()).collect()
    };
    let pages = [letters(0..200, Some("s:d199"), &["x"]), letters(200..250, Some("s:d249"), &[])];
    let ran = Fake::answering(pages).line("dead-letters list --limit 250").run();
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 251), "{}", ran.err);
    assert_eq!(ran.err, "no answer from: x\n");
    let expected = [
        "GET /api/v1/dead-letters?state=open&limit=200",
        "GET /api/v1/dead-letters?state=open&limit=50&after=s%3Ad199",
    ];
    assert_eq!(asked(&ran), expected);
    let pages = [letters(0..200, Some("s:d199"), &[]), letters(200..201, None, &[])];
    let expected = format!("{}\n{}\n", pages[0].2, pages[1].2);
    let ran = Fake::answering(pages).line("dead-letters list --limit 500 --json").run();
    assert_eq!((ran.code, ran.out), (Some(0), expected));
    let again = [letters(0..1, Some("s:d0"), &[]), letters(0..1, Some("s:d0"), &[])];
    let ran = Fake::answering(again).line("dead-letters list").run();
    assert_eq!((ran.code, ran.asked.len()), (Some(0), 2), "a list that stands still ends");
}

#[test]
fn an_export_is_the_csv_of_the_api() {
    let csv = "variant_id,backoffice,sku\r\n61,wms,\"A,\u{e9}\"\r\n";
    let fake = Fake::answering([Answer(200, "text/csv", csv.to_owned())]);
    let ran = fake.line("link export north").run();
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), csv));
    assert_eq!(ran.asked[0].line, "GET /api/v1/stores/north/links");
    assert_eq!(ran.asked[0].header("accept"), Some("text/csv"));
}

fn imported(linked: usize, rows: serde_json::Value) -> Answer {
    let refused = rows.as_array().map_or(0, Vec::len);
    let body = json!({"dry_run": false, "linked": linked, "unchanged": 0, "cut": 0,
                      "refused": refused, "rows": rows, "rows_left_out": 0});
    Answer::json(&body.to_string())
}

fn refused(row: u64) -> serde_json::Value {
    json!({"row": row, "variant_id": "9", "backoffice": "wms", "sku": "X", "outcome": "refused",
           "code": "UNKNOWN_VARIANT", "field": "variant_id", "detail": "no such variant",
           "fix": "GET /api/v1/stores/north/links lists them"})
}

#[test]
fn a_long_file_goes_in_parts_and_refused_rows_keep_their_lines() {
    let mut file = "variant_id,backoffice,sku\n".to_owned();
    for row in 0..1_500 {
        writeln!(file, "{row},wms,S{row}").unwrap();
    }
    // Line 4 of the second part is line 1,004 of the file: 1,000 rows went before.
    let answers = [imported(1_000, json!([])), imported(499, json!([refused(4)]))];
    let fake = Fake::answering(answers);
    let ran = fake.line("link import north -").stdin(file).run();
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ran.out);
    assert!(lines[1].starts_with("1004  9        wms"), "{}", ran.out);
    assert!(lines[1].ends_with("no such variant; lockstep link list north lists them"));
    assert_eq!(lines[2], "1499 linked, 0 unchanged, 0 cut, 1 refused");
    let [first, second] = ran.asked.as_slice() else { panic!("{}", ran.asked.len()) };
    assert_eq!(first.line, "POST /api/v1/stores/north/links");
    assert_eq!(first.header("content-type"), Some("text/csv"));
    assert_eq!(first.body.lines().count(), 1_001);
    assert!(second.body.starts_with("variant_id,backoffice,sku\n1000,wms,S1000\n"));
}

#[test]
fn an_import_in_json_is_one_call_and_one_answer() {
    let mut file = "variant_id,backoffice,sku\n".to_owned();
    (0..1_500).for_each(|row| file.push_str(&format!("{row},wms,S\n")));
    let answer = imported(1_500, json!([]));
    let fake = Fake::answering([answer.clone()]);
    let ran = fake.line("link import north - --dry-run --json").stdin(file.clone()).run();
    assert_eq!((ran.code, ran.out), (Some(0), format!("{}\n", answer.2)));
    assert_eq!(ran.asked[0].line, "POST /api/v1/stores/north/links?dry_run=true");
    assert_eq!(ran.asked[0].body, file);
}

#[test]
fn an_import_that_breaks_off_says_how_far_it_came() {
    let mut file = "variant_id,backoffice,sku\n".to_owned();
    (0..1_500).for_each(|row| file.push_str(&format!("{row},wms,S\n")));
    let away = r#"{"title": "Broker away", "detail": "no broker", "field": "", "fix": "wait"}"#;
    let answers = [imported(1_000, json!([])), Answer::problem(503, away)];
    let ran = Fake::answering(answers).line("link import north -").stdin(file).run();
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.err,
        "1000 rows are done; the file can be imported again without harm\n\
         lockstep: no broker\n  fix: wait\n"
    );
}

#[test]
fn a_file_that_is_no_text_is_refused_before_anything_is_sent() {
    let fake = Fake::answering([]);
    let ran = fake.line("link import north -").stdin(b"variant_id\n\xff\n".to_vec()).run();
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("- is not UTF-8 text; save it as CSV in UTF-8"), "{}", ran.err);
    assert!(ran.asked.is_empty());
}
