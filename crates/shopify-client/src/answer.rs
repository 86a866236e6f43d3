//! Sorts an answer by what the caller may conclude from it.
//!
//! The one question that matters of a mutation is whether it was executed. "Certainly not" is said
//! only where Shopify's own documents or recorded answers carry it; everything else about a
//! mutation is of unknown outcome.

use std::time::Duration;

use bytes::Bytes;
use lockstep_domain::points::Bucket;
use lockstep_ports::{AdminAnswer, AdminError, AdminErrorKind, AdminRequest, Trouble};
use serde_json::Value;

use crate::budget::Spent;

/// Shopify asks for at least this long after `THROTTLED`.
const THROTTLED_WAIT_MIN: Duration = Duration::from_secs(1);
/// Longest wait that is believed: a full bucket refills in 20 s.
const THROTTLED_WAIT_MAX: Duration = Duration::from_secs(60);
/// Codes of calls that Shopify refused before it ran anything.
const NEVER_RAN: [&str; 19] = [
    "ACCESS_DENIED",
    "BAD_REQUEST",
    "INVALID_FIELD_ARGUMENTS",
    "INVALID_VARIABLE",
    "MAX_COST_EXCEEDED",
    "MAX_INPUT_SIZE_EXCEEDED",
    "PARSE_ERROR",
    "RESOURCE_NOT_FOUND",
    "argumentLiteralsIncompatible",
    "argumentNotAccepted",
    "invalidOneOfInputObject",
    "missingRequiredArguments",
    "missingRequiredInputObjectAttribute",
    "selectionMismatch",
    "undefinedDirective",
    "undefinedField",
    "undefinedType",
    "variableMismatch",
    "variableNotUsed",
];
/// Characters of Shopify's words that are kept.
const MESSAGE_CHARS_MAX: usize = 400;

/// What came back over HTTP.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<Duration>,
    /// The whole body.
    pub body: Bytes,
}

/// What an answer says about the store's points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Learnt {
    /// Nothing.
    Nothing,
    /// Shopify counted the call.
    Executed(Spent),
}

/// Sorts what came back.
pub fn sort(request: &AdminRequest, reply: &Reply) -> (Learnt, Result<AdminAnswer, AdminError>) {
    let refused = |kind, message: &str| (Learnt::Nothing, Err(error(request, kind, message)));
    match reply.status {
        200..=299 => sort_json(request, &reply.body),
        401 => refused(
            AdminErrorKind::Access,
            "401: the token is wrong, expired, or the app was uninstalled",
        ),
        402 => refused(AdminErrorKind::Access, "402: the shop is frozen until its bill is paid"),
        403 => refused(AdminErrorKind::Access, "403: the shop or this kind of token is barred"),
        423 => refused(AdminErrorKind::Access, "423: the shop is locked"),
        // Whether a mutation that met 429 had begun is not documented.
        429 if !request.mutation => {
            let wait = reply.retry_after.unwrap_or(THROTTLED_WAIT_MIN);
            let wait = wait.clamp(THROTTLED_WAIT_MIN, THROTTLED_WAIT_MAX);
            refused(AdminErrorKind::Throttled { wait }, "429: too many requests")
        }
        status @ (408 | 429 | 500..=599) => {
            (Learnt::Nothing, Err(uncertain(request, &format!("{status} from Shopify"))))
        }
        status => {
            let said = string_errors(&reply.body).unwrap_or_default();
            refused(AdminErrorKind::Permanent, format!("{status} from Shopify {said}").trim_end())
        }
    }
}

/// What a refusal says about the store as a whole.
pub fn trouble(status: u16, error: &AdminError) -> Option<Trouble> {
    if error.kind != AdminErrorKind::Access {
        return None;
    }
    Some(match status {
        401 => Trouble::TokenRefused,
        402 => Trouble::Frozen,
        403 => Trouble::Barred,
        423 => Trouble::Locked,
        _ => Trouble::Inactive,
    })
}

/// Whether an answer shows that the store lets us in, whatever it says about the call. Only one
/// that came from behind the door does: what stands before it refuses calls too.
pub fn lets_in(status: u16, result: &Result<AdminAnswer, AdminError>) -> bool {
    let is_known = match result {
        Ok(_) => true,
        Err(error) => {
            matches!(error.kind, AdminErrorKind::Permanent | AdminErrorKind::Throttled { .. })
        }
    };
    is_known && (200..300).contains(&status)
}

/// A failure after which it is open whether Shopify executed the call.
pub fn uncertain(request: &AdminRequest, message: &str) -> AdminError {
    let kind = match request.mutation {
        true => AdminErrorKind::UnknownOutcome,
        false => AdminErrorKind::Transient,
    };
    error(request, kind, message)
}

/// A failure of a known kind.
pub fn error(request: &AdminRequest, kind: AdminErrorKind, message: &str) -> AdminError {
    let message = message.chars().take(MESSAGE_CHARS_MAX).collect();
    AdminError { kind, operation: request.operation.clone(), message }
}

fn sort_json(request: &AdminRequest, body: &[u8]) -> (Learnt, Result<AdminAnswer, AdminError>) {
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else {
        return (Learnt::Nothing, Err(uncertain(request, "the answer is not JSON")));
    };
    let bucket = throttle_status(&answer);
    let cost = |name: &str| {
        let points = answer.pointer("/extensions/cost")?.get(name)?.as_f64();
        points.filter(|points| points.is_finite())
    };
    let actual_cost = cost("actualQueryCost");
    let spent = Spent { bucket, points: actual_cost, throttled: false };
    let learnt = bucket.map_or(Learnt::Nothing, |_| Learnt::Executed(spent));
    match answer.get("errors") {
        None | Some(Value::Null) => {}
        Some(Value::Array(errors)) if errors.is_empty() => {}
        Some(Value::Array(errors)) => {
            let error = sort_errors(request, &answer, errors, bucket);
            let throttled = matches!(error.kind, AdminErrorKind::Throttled { .. });
            let spent = Spent { throttled, ..spent };
            return (bucket.map_or(learnt, |_| Learnt::Executed(spent)), Err(error));
        }
        Some(other) => {
            let said = other.as_str().unwrap_or("errors in an unknown form");
            return (learnt, Err(unsorted(request, said)));
        }
    }
    match answer.get_mut("data").map(Value::take) {
        Some(data @ Value::Object(_)) => {
            let available = bucket.map(|bucket| bucket.available);
            (Learnt::Executed(spent), Ok(AdminAnswer { data, actual_cost, available }))
        }
        _ => (learnt, Err(uncertain(request, "the answer holds neither data nor errors"))),
    }
}

fn sort_errors(
    request: &AdminRequest,
    answer: &Value,
    errors: &[Value],
    bucket: Option<Bucket>,
) -> AdminError {
    let has = |code: &str| {
        errors.iter().any(|e| e.pointer("/extensions/code").and_then(Value::as_str) == Some(code))
    };
    let message = in_words(errors);
    let roots = answer.get("data").and_then(Value::as_object);
    let ran_in_part = roots.is_some_and(|roots| roots.values().any(|value| !value.is_null()));
    if has("SHOP_INACTIVE") {
        return error(request, AdminErrorKind::Access, &message);
    }
    // An error below the payload of a mutation comes after the mutation ran.
    if has("INTERNAL_SERVER_ERROR") || (request.mutation && ran_in_part) {
        return uncertain(request, &message);
    }
    if has("THROTTLED") {
        let requested = answer.pointer("/extensions/cost/requestedQueryCost");
        let requested = requested.and_then(Value::as_f64).unwrap_or(f64::from(request.cost));
        let wait = throttled_wait(requested, bucket);
        return error(request, AdminErrorKind::Throttled { wait }, &message);
    }
    let codes = errors.iter().map(|e| e.pointer("/extensions/code").and_then(Value::as_str));
    let never_ran = |code: Option<&str>| code.is_some_and(|code| NEVER_RAN.contains(&code));
    if codes.into_iter().all(never_ran) {
        return error(request, AdminErrorKind::Permanent, &message);
    }
    unsorted(request, &message)
}

/// An error that the list does not hold says nothing of whether a mutation ran.
fn unsorted(request: &AdminRequest, message: &str) -> AdminError {
    if request.mutation {
        uncertain(request, message)
    } else {
        error(request, AdminErrorKind::Permanent, message)
    }
}

fn throttled_wait(requested: f64, bucket: Option<Bucket>) -> Duration {
    let seconds = bucket.map(|bucket| (requested - bucket.available) / bucket.restore_rate);
    let wait = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    wait.unwrap_or_default().clamp(THROTTLED_WAIT_MIN, THROTTLED_WAIT_MAX)
}

fn throttle_status(answer: &Value) -> Option<Bucket> {
    let status = answer.pointer("/extensions/cost/throttleStatus")?;
    let number = |key| status.get(key).and_then(Value::as_f64);
    Some(Bucket {
        maximum: number("maximumAvailable")?,
        available: number("currentlyAvailable")?,
        restore_rate: number("restoreRate")?,
    })
}

/// Every message once, with the code that Shopify gives it.
fn in_words(errors: &[Value]) -> String {
    let mut words: Vec<String> = Vec::new();
    for entry in errors {
        let message = entry.get("message").and_then(Value::as_str).unwrap_or("no message");
        let code = entry.pointer("/extensions/code").and_then(Value::as_str);
        let one = code.map_or(message.to_owned(), |code| format!("{code}: {message}"));
        if !words.contains(&one) {
            words.push(one);
        }
    }
    words.join("; ")
}

/// The text that Shopify puts into `errors` of some refusals.
fn string_errors(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    answer.get("errors")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod rows_tests;
#[cfg(test)]
mod tests;
