use lockstep_ports::Urgency;
use serde_json::json;

use super::*;

pub(super) fn request(mutation: bool) -> AdminRequest {
    AdminRequest {
        operation: "Sample".to_owned(),
        body: Bytes::from_static(b"{}"),
        cost: 10,
        urgency: Urgency::StockDown,
        idempotent: mutation,
        mutation,
    }
}

pub(super) fn sorted(
    mutation: bool,
    status: u16,
    body: &str,
) -> (Learnt, Result<AdminAnswer, AdminError>) {
    let body = Bytes::from(body.to_owned());
    sort(&request(mutation), &Reply { status, retry_after: None, body })
}

fn kind(mutation: bool, status: u16, body: &Value) -> Result<(), AdminErrorKind> {
    let body = Bytes::from(body.to_string());
    let reply = Reply { status, retry_after: None, body };
    sort(&request(mutation), &reply).1.map(drop).map_err(|error| error.kind)
}

fn coded(code: &str, data: &Value) -> Value {
    let error = json!({"message": "words", "extensions": {"code": code}});
    json!({"errors": [error], "data": data})
}

const SECOND: AdminErrorKind = AdminErrorKind::Throttled { wait: Duration::from_secs(1) };

#[test]
fn statuses_say_whether_a_call_was_executed() {
    use AdminErrorKind::{Access, Permanent, Transient, UnknownOutcome};
    let body = json!({"errors": "[API] Invalid API key or access token"});
    for (status, query, mutation) in [
        (301, Permanent, Permanent),
        (400, Permanent, Permanent),
        (401, Access, Access),
        (402, Access, Access),
        (403, Access, Access),
        (404, Permanent, Permanent),
        (408, Transient, UnknownOutcome),
        (423, Access, Access),
        (429, SECOND, UnknownOutcome),
        (500, Transient, UnknownOutcome),
        (502, Transient, UnknownOutcome),
        (503, Transient, UnknownOutcome),
        (520, Transient, UnknownOutcome),
    ] {
        assert_eq!(kind(false, status, &body), Err(query), "query, {status}");
        assert_eq!(kind(true, status, &body), Err(mutation), "mutation, {status}");
    }
}

#[test]
fn error_codes_say_whether_a_call_was_executed() {
    use AdminErrorKind::{Access, Permanent, Transient, UnknownOutcome};
    let nothing = json!({"inventorySetQuantities": null});
    for (code, query, mutation) in [
        ("THROTTLED", SECOND, SECOND),
        ("MAX_COST_EXCEEDED", Permanent, Permanent),
        ("ACCESS_DENIED", Permanent, Permanent),
        ("SHOP_INACTIVE", Access, Access),
        ("INTERNAL_SERVER_ERROR", Transient, UnknownOutcome),
        ("BAD_REQUEST", Permanent, Permanent),
        ("undefinedField", Permanent, Permanent),
        ("A_NEW_CODE", Permanent, UnknownOutcome),
    ] {
        for data in [&Value::Null, &nothing] {
            assert_eq!(kind(false, 200, &coded(code, data)), Err(query.clone()), "query, {code}");
            assert_eq!(kind(true, 200, &coded(code, data)), Err(mutation.clone()), "{code}");
        }
    }
}

#[test]
fn an_error_below_a_payload_comes_after_the_mutation_ran() {
    let ran = json!({"inventorySetQuantities": {"inventoryAdjustmentGroup": null}});
    let denied = coded("ACCESS_DENIED", &ran);
    assert_eq!(kind(true, 200, &denied), Err(AdminErrorKind::UnknownOutcome));
    assert_eq!(kind(false, 200, &denied), Err(AdminErrorKind::Permanent));
}

#[test]
fn half_an_answer_leaves_a_mutation_open() {
    for body in ["", "{\"data\": {\"inv", "null", "{}", "{\"data\": null}", "[1]"] {
        for (mutation, expected) in
            [(true, AdminErrorKind::UnknownOutcome), (false, AdminErrorKind::Transient)]
        {
            let reply = Reply { status: 200, retry_after: None, body: Bytes::from(body) };
            let error = sort(&request(mutation), &reply).1.unwrap_err();
            assert_eq!(error.kind, expected, "{body}");
        }
    }
}

#[test]
fn user_errors_are_an_answer() {
    let body = json!({
        "data": {"inventorySetQuantities": {"userErrors": [{"message": "no"}]}},
        "extensions": {"cost": {"requestedQueryCost": 10, "actualQueryCost": 10.0,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1990,
                               "restoreRate": 100.0}}}});
    let reply = Reply { status: 200, retry_after: None, body: Bytes::from(body.to_string()) };
    let (learnt, result) = sort(&request(true), &reply);
    let answer = result.unwrap();
    assert_eq!((answer.actual_cost, answer.available), (Some(10.0), Some(1990.0)));
    assert!(answer.data.pointer("/inventorySetQuantities/userErrors/0").is_some());
    let bucket = Some(Bucket { maximum: 2000.0, available: 1990.0, restore_rate: 100.0 });
    assert_eq!(learnt, Learnt::Executed(Spent { bucket, points: Some(10.0), throttled: false }));
}

#[test]
fn the_wait_after_throttling_is_reckoned_from_the_answer() {
    let body = |available: f64| {
        json!({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
               "extensions": {"cost": {"requestedQueryCost": 500, "actualQueryCost": null,
                   "throttleStatus": {"maximumAvailable": 2000.0,
                       "currentlyAvailable": available, "restoreRate": 100.0}}}})
    };
    for (available, wait) in [(250.0, 2.5), (499.0, 1.0), (500.0, 1.0)] {
        let wait = Duration::from_secs_f64(wait);
        let expected = Err(AdminErrorKind::Throttled { wait });
        assert_eq!(kind(true, 200, &body(available)), expected, "{available}");
    }
}

#[test]
fn retry_after_is_believed_within_reason() {
    for (given, expected) in [(0, 1), (7, 7), (86_400, 60)] {
        let retry_after = Some(Duration::from_secs(given));
        let reply = Reply { status: 429, retry_after, body: Bytes::new() };
        let error = sort(&request(false), &reply).1.unwrap_err();
        let wait = Duration::from_secs(expected);
        assert_eq!(error.kind, AdminErrorKind::Throttled { wait });
    }
}

#[test]
fn a_store_without_bucket_is_learnt_only_from_a_success() {
    let sorted = |body: Value| {
        let reply = Reply { status: 200, retry_after: None, body: Bytes::from(body.to_string()) };
        sort(&request(false), &reply).0
    };
    let unseen = Spent { bucket: None, points: None, throttled: false };
    assert_eq!(sorted(json!({"data": {"shop": {}}})), Learnt::Executed(unseen));
    assert_eq!(sorted(coded("ACCESS_DENIED", &Value::Null)), Learnt::Nothing);
}

#[test]
fn long_words_are_cut() {
    let body = json!({"errors": [{"message": "x".repeat(5000)}]});
    let reply = Reply { status: 200, retry_after: None, body: Bytes::from(body.to_string()) };
    let error = sort(&request(false), &reply).1.unwrap_err();
    assert_eq!(error.message.len(), MESSAGE_CHARS_MAX);
}
