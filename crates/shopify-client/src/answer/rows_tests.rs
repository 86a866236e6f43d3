//! Every documented answer, with its documented body, and what may be concluded from it.

use lockstep_ports::AdminErrorKind::{Access, Permanent, Transient, UnknownOutcome};
use serde_json::json;

use super::tests::{request, sorted};
use super::*;

/// What is concluded of a query and of a mutation, and what is said of the store.
type Row = (&'static str, u16, String, AdminErrorKind, AdminErrorKind, Option<Trouble>);

fn waits(seconds: f64) -> AdminErrorKind {
    AdminErrorKind::Throttled { wait: Duration::from_secs_f64(seconds) }
}

fn top(message: &str, extensions: &Value) -> String {
    json!({"errors": [{"message": message, "extensions": extensions}]}).to_string()
}

fn statuses() -> Vec<Row> {
    let said = json!({"errors": "[API] Invalid API key or access token (unrecognized login or \
                      wrong password)"});
    let said = said.to_string();
    let page = "<html><body>520: Web server is returning an unknown error</body></html>";
    let none = String::new;
    vec![
        (
            "bad request",
            400,
            json!({"errors": "Bad Request"}).to_string(),
            Permanent,
            Permanent,
            None,
        ),
        ("a dead token", 401, said, Access, Access, Some(Trouble::TokenRefused)),
        (
            "an unpaid bill",
            402,
            json!({"errors": "Unavailable Shop"}).to_string(),
            Access,
            Access,
            Some(Trouble::Frozen),
        ),
        (
            "fraud, or a token that never expires",
            403,
            none(),
            Access,
            Access,
            Some(Trouble::Barred),
        ),
        (
            "no such shop or version",
            404,
            json!({"errors": "Not Found"}).to_string(),
            Permanent,
            Permanent,
            None,
        ),
        ("a locked shop", 423, none(), Access, Access, Some(Trouble::Locked)),
        ("too many", 429, none(), waits(1.0), UnknownOutcome, None),
        ("a fault of theirs", 500, page.to_owned(), Transient, UnknownOutcome, None),
        ("a gateway", 502, page.to_owned(), Transient, UnknownOutcome, None),
        ("maintenance", 503, none(), Transient, UnknownOutcome, None),
        ("a gateway that waited", 504, none(), Transient, UnknownOutcome, None),
        ("a 520", 520, page.to_owned(), Transient, UnknownOutcome, None),
        ("a redirect", 302, none(), Permanent, Permanent, None),
    ]
}

fn codes() -> Vec<Row> {
    let throttled = json!({
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED",
                    "documentation": "https://shopify.dev/api/usage/rate-limits"}}],
        "extensions": {"cost": {"requestedQueryCost": 350, "actualQueryCost": null,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 100,
                               "restoreRate": 100.0}}}});
    let dear = json!({"code": "MAX_COST_EXCEEDED", "cost": 1001, "maxCost": 1000,
                      "documentation": "https://shopify.dev/api/usage/rate-limits"});
    let denied = json!({"code": "ACCESS_DENIED", "requiredAccess": "`read_orders` access scope."});
    let internal = json!({"code": "INTERNAL_SERVER_ERROR", "requestId": "1-2-3"});
    let variable = json!({"value": {}, "problems": [{"path": ["input"], "explanation": "x"}],
                          "code": "INVALID_VARIABLE"});
    let code = |code: &str| json!({"code": code});
    let mut rows = vec![
        ("THROTTLED", 200, throttled.to_string(), waits(2.5), waits(2.5), None),
        (
            "MAX_COST_EXCEEDED",
            200,
            top("Query cost is 1001, which exceeds", &dear),
            Permanent,
            Permanent,
            None,
        ),
        (
            "ACCESS_DENIED",
            200,
            top("Access denied for orders field.", &denied),
            Permanent,
            Permanent,
            None,
        ),
        (
            "INTERNAL_SERVER_ERROR",
            200,
            top("Internal error. Request ID: 1-2-3", &internal),
            Transient,
            UnknownOutcome,
            None,
        ),
        (
            "SHOP_INACTIVE",
            200,
            top("Shop is inactive", &code("SHOP_INACTIVE")),
            Access,
            Access,
            Some(Trouble::Inactive),
        ),
        (
            "INVALID_VARIABLE",
            200,
            top("Variable $i is invalid", &variable),
            Permanent,
            Permanent,
            None,
        ),
        (
            "a code that nobody knows",
            200,
            top("Something new", &code("BRAND_NEW")),
            Permanent,
            UnknownOutcome,
            None,
        ),
        (
            "an error without code",
            200,
            json!({"errors": [{"message": "x"}]}).to_string(),
            Permanent,
            UnknownOutcome,
            None,
        ),
        (
            "errors as a string",
            200,
            json!({"errors": "Something went wrong"}).to_string(),
            Permanent,
            UnknownOutcome,
            None,
        ),
        (
            "errors as an object",
            200,
            json!({"errors": {"base": ["x"]}}).to_string(),
            Permanent,
            UnknownOutcome,
            None,
        ),
        ("not JSON", 200, "<html></html>".to_owned(), Transient, UnknownOutcome, None),
        (
            "half an answer",
            200,
            r#"{"data": {"inventorySetQuan"#.to_owned(),
            Transient,
            UnknownOutcome,
            None,
        ),
        ("nothing", 200, String::new(), Transient, UnknownOutcome, None),
        ("null", 200, "null".to_owned(), Transient, UnknownOutcome, None),
    ];
    for code in [
        "RESOURCE_NOT_FOUND",
        "BAD_REQUEST",
        "INVALID_FIELD_ARGUMENTS",
        "MAX_INPUT_SIZE_EXCEEDED",
        "PARSE_ERROR",
        "undefinedField",
        "argumentNotAccepted",
        "missingRequiredArguments",
        "missingRequiredInputObjectAttribute",
        "argumentLiteralsIncompatible",
        "invalidOneOfInputObject",
        "selectionMismatch",
        "variableNotUsed",
        "variableMismatch",
        "undefinedDirective",
        "undefinedType",
    ] {
        let body = top("refused", &json!({"code": code}));
        rows.push((code, 200, body, Permanent, Permanent, None));
    }
    rows
}

#[test]
fn every_documented_answer_is_sorted() {
    let rows: Vec<_> = statuses().into_iter().chain(codes()).collect();
    for (name, status, body, query, mutation, trouble) in &rows {
        for (is_mutation, expected) in [(false, query), (true, mutation)] {
            let (_, result) = sorted(is_mutation, *status, body);
            let error = result.clone().expect_err(name);
            assert_eq!(&error.kind, expected, "{name}, mutation: {is_mutation}: {error}");
            assert_eq!(super::trouble(*status, &error), *trouble, "{name}");
            let is_known = matches!(error.kind, Permanent | AdminErrorKind::Throttled { .. });
            assert_eq!(lets_in(*status, &result), is_known && *status == 200, "{name}");
        }
    }
    println!("{} kinds of answers", rows.len());
}

/// A code that says "never ran" beside one that says nothing: nothing is known of a mutation.
#[test]
fn of_several_codes_the_least_certain_counts() {
    let errors = |codes: &[&str]| {
        let errors = codes.iter().map(|code| json!({"message": "x", "extensions": {"code": code}}));
        json!({"errors": errors.collect::<Vec<_>>()}).to_string()
    };
    for (codes, expected) in [
        (&["ACCESS_DENIED", "BAD_REQUEST"][..], Permanent),
        (&["ACCESS_DENIED", "BRAND_NEW"], UnknownOutcome),
        (&["BAD_REQUEST", "INTERNAL_SERVER_ERROR"], UnknownOutcome),
        (&["ACCESS_DENIED", "SHOP_INACTIVE"], Access),
    ] {
        let error = sorted(true, 200, &errors(codes)).1.expect_err("refused");
        assert_eq!(error.kind, expected, "{codes:?}");
    }
}

#[test]
fn large_ids_and_nulls_pass_as_they_are() {
    let body = r#"{"data": {"a": 9007199254740993, "b": 18446744073709551615, "c": null,
                            "d": [null, {"e": null}]}}"#;
    let answer = sorted(false, 200, body).1.unwrap();
    assert_eq!(answer.data["a"].as_i64(), Some(9_007_199_254_740_993));
    assert_eq!(answer.data["b"].as_u64(), Some(u64::MAX));
    assert!(answer.data["c"].is_null() && answer.data["d"][0].is_null());
    assert_eq!(request(false).operation, "Sample");
}
