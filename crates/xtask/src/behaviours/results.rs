//! The numbered tests, and what became of them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A test whose name begins with numbers of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Test {
    /// Its crate, its file and its name.
    pub(crate) name: String,
    /// The package that it is of.
    pub(crate) package: String,
    /// The rows that it names.
    pub(crate) rows: Vec<u32>,
    pub(crate) fate: Fate,
}

/// What became of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Passed,
    Failed,
    /// It is ignored, or was skipped.
    NotRun,
}

/// The numbered tests: `list` is nextest's list of them as JSON, `ran` its results as `JUnit` XML.
pub(crate) fn tests(list: &[u8], ran: &str) -> Result<Vec<Test>> {
    let fates = fates(ran);
    let list: Value = serde_json::from_slice(list).context("nextest's list is not JSON")?;
    let suites = list.get("rust-suites").and_then(Value::as_object);
    let suites = suites.context("nextest's list has no suites")?;
    let mut tests = Vec::new();
    for (binary, suite) in suites {
        let package = suite.get("package-name").and_then(Value::as_str);
        let package = package.context("a suite without a package")?;
        let cases = suite.get("testcases").and_then(Value::as_object);
        let cases = cases.context("a suite without tests")?;
        for name in cases.keys() {
            let rows = rows(name);
            if rows.is_empty() {
                continue;
            }
            let fate = fates.get(&(binary.as_str(), name.as_str())).copied();
            tests.push(Test {
                name: format!("{binary} {name}"),
                package: package.to_owned(),
                rows,
                fate: fate.unwrap_or(Fate::NotRun),
            });
        }
    }
    Ok(tests)
}

/// The rows that a name begins with: 142 and 154 for `orders::b142_b154_told_when_paid`.
fn rows(name: &str) -> Vec<u32> {
    let last = name.rsplit("::").next().unwrap_or(name);
    let number = |word: &str| word.strip_prefix('b').and_then(|digits| digits.parse().ok());
    last.split('_').map_while(number).collect()
}

/// What the results say of each test, by binary and name.
fn fates(xml: &str) -> BTreeMap<(&str, &str), Fate> {
    let cases = xml.split("<testcase").skip(1);
    let fates = cases.filter_map(|case| {
        let (head, rest) = case.split_once('>')?;
        let is_empty = head.ends_with('/');
        let body = if is_empty { "" } else { rest.split("</testcase>").next()? };
        let fate = match body {
            _ if body.contains("<failure") || body.contains("<error") => Fate::Failed,
            _ if body.contains("<skipped") => Fate::NotRun,
            _ => Fate::Passed,
        };
        Some(((attribute(head, "classname")?, attribute(head, "name")?), fate))
    });
    fates.collect()
}

/// The value of an attribute. Names of tests and binaries hold nothing that XML would escape.
fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = head.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_tells_its_rows() {
        assert_eq!(rows("movements::b126_receiving_raises_available"), [126]);
        assert_eq!(rows("b142_b154_an_order_is_told_when_it_is_paid"), [142, 154]);
        assert_eq!(rows("b1_b2"), [1, 2]);
        for plain in ["b126::receiving", "bad_input", "b_1", "a_b126_later", "berlin_b12"] {
            assert_eq!(rows(plain), [0; 0], "{plain}");
        }
    }

    #[test]
    fn only_what_ran_and_passed_has_passed() {
        let case = |name: &str, body: &str| {
            format!(
                "<testcase name=\"{name}\" classname=\"p::it\" timestamp=\"x\">{body}</testcase>"
            )
        };
        let xml = [
            "<testcase name=\"b1_passes\" classname=\"p::it\" time=\"0.1\"/>".to_owned(),
            case("m::b2_fails", "<failure message=\"a > b\">text</failure>"),
            case("b3_is_killed", "<error type=\"test timeout\"/>"),
            case("b4_passes", "<system-out>a &lt;failure</system-out>"),
            case("b5_is_skipped", "<skipped/>"),
        ];
        let names = [
            "b1_passes",
            "m::b2_fails",
            "b3_is_killed",
            "b4_passes",
            "b5_is_skipped",
            "b6_ignored",
        ];
        let cases: serde_json::Map<String, Value> =
            names.iter().chain(&["plain"]).map(|name| ((*name).to_owned(), json!({}))).collect();
        let suite = json!({ "package-name": "p", "testcases": cases });
        let list = json!({ "rust-suites": { "p::it": suite } }).to_string();
        let tests = tests(list.as_bytes(), &xml.concat()).expect("a good list");
        let fate = |row: u32| {
            let test = tests.iter().find(|test| test.rows == [row]);
            test.map(|test| test.fate)
        };
        use Fate::{Failed, NotRun, Passed};
        let expected = [Passed, Failed, Failed, Passed, NotRun, NotRun];
        assert_eq!([1, 2, 3, 4, 5, 6].map(fate), expected.map(Some));
        assert_eq!(tests.len(), 6, "a test without a number is none of ours");
    }
}
