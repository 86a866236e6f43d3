//! Runs what was asked for, when its time has come.

use super::{AT_ONCE, FILE_LIFE, KeptFile, LONGEST, Status, keep, lines, rules};
use crate::clock;
use crate::faults::FaultKind;
use crate::graphql::error::{GraphqlError, NOT_IMPLEMENTED};
use crate::graphql::schema::AdminSchema;
use crate::graphql::selection::Walk;
use crate::graphql::{duties, execute, variables};
use crate::idempotency::request_text;
use crate::jobs::{self, Job};
use crate::journal::{Noted, ViolationKind};
use crate::model::{Shop, TokenKind};
use crate::mutate;
use crate::resolve::Front;
use crate::webhooks::fact::{Action, Fact};
use crate::webhooks::tell;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::time::Duration;

const FAULTS: [FaultKind; 4] =
    [FaultKind::BulkFails, FaultKind::BulkTimesOut, FaultKind::BulkDenied, FaultKind::BulkHangs];

/// An operation begins to run.
pub fn begin(shop: &mut Shop, now: Timestamp, id: i64) {
    let stuck = shop.faults.take_bulk(&[FaultKind::BulkHangs]).is_some();
    let delay = Duration::from_millis(shop.settings.bulk_delay_ms);
    let Some(operation) = shop.bulks.get_mut(&id).filter(|one| one.status == Status::Created)
    else {
        return;
    };
    operation.status = Status::Running;
    if stuck {
        operation.error = Some("TIMEOUT".to_owned());
    }
    let wait = if stuck { LONGEST } else { delay };
    jobs::plan(shop, now, wait, Job::BulkEnd { operation: id });
}

/// An operation ends: with all, with a part, or with nothing.
pub fn end(shop: &mut Shop, schema: &AdminSchema, now: Timestamp, id: i64, action: &mut Action) {
    let Some(operation) = shop.bulks.get(&id).filter(|one| one.status.is_open()).cloned() else {
        return;
    };
    let spoilt = shop.faults.take_bulk(&FAULTS);
    let (lines, failure) = match operation.status {
        Status::Canceling => (lines::Lines::default(), None),
        _ if operation.error.is_some() => (lines::Lines::default(), operation.error.clone()),
        _ => match &operation.input {
            None => query(shop, schema, now, &operation.text, operation.grouped),
            Some(file) => mutation(shop, schema, now, &operation.text, file),
        },
    };
    let (lines, failure) = match spoilt {
        Some(fault) => (half(lines), Some(code(fault).to_owned())),
        None => (lines, failure),
    };
    let file = (!lines.all.is_empty()).then(|| {
        let text: String = lines.all.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        let expires_at = clock::later(now, FILE_LIFE);
        keep(shop, now, KeptFile { text: Some(text), expires_at, upload: false })
    });
    if let Some(kept) = shop.bulks.get_mut(&id) {
        kept.status = match (kept.status, &failure) {
            (Status::Canceling, _) => Status::Canceled,
            (_, Some(_)) => Status::Failed,
            (_, None) => Status::Completed,
        };
        kept.error = failure;
        kept.completed_at = Some(now);
        kept.objects = lines.all.len();
        kept.roots = lines.roots;
        kept.file = file;
    }
    // Nobody asks for those that ended long ago.
    while shop.bulks.len() > 20 * AT_ONCE {
        shop.bulks.pop_first();
    }
    action.add(Fact::BulkFinished(id));
}

fn code(fault: FaultKind) -> &'static str {
    match fault {
        FaultKind::BulkTimesOut => "TIMEOUT",
        FaultKind::BulkDenied => "ACCESS_DENIED",
        _ => "INTERNAL_SERVER_ERROR",
    }
}

fn half(mut lines: lines::Lines) -> lines::Lines {
    lines.all.truncate(lines.all.len() / 2);
    let parents = lines.all.iter().filter(|line| !line.contains("\"__parentId\""));
    lines.roots = parents.count();
    lines
}

type Ran = (lines::Lines, Option<String>);

fn query(shop: &mut Shop, schema: &AdminSchema, now: Timestamp, text: &str, grouped: bool) -> Ran {
    let nothing = |code: &str| (lines::Lines::default(), Some(code.to_owned()));
    let Ok(document) = rules::check_query(schema, text) else {
        return nothing("INTERNAL_SERVER_ERROR");
    };
    let Ok(operation) = document.operations.get(None) else {
        return nothing("INTERNAL_SERVER_ERROR");
    };
    let variables = Map::new();
    let walk = Walk { schema, document: &document, variables: &variables };
    let mut front = front(shop, schema, now, Vec::new());
    let (data, errors) = execute::run(walk, operation, &mut front);
    let noted = front.noted.into_inner();
    note(shop, now, noted, &errors);
    // What was not approved is null in the file.
    match errors.iter().find(|error| error.code != "NOT_APPROVED") {
        Some(error) if error.code == "ACCESS_DENIED" => nothing("ACCESS_DENIED"),
        Some(_) => nothing("INTERNAL_SERVER_ERROR"),
        None => (lines::of(data, grouped), None),
    }
}

fn mutation(shop: &mut Shop, schema: &AdminSchema, now: Timestamp, text: &str, file: &str) -> Ran {
    let input = shop.files.get(file).and_then(|file| file.text.clone()).unwrap_or_default();
    let mut lines = lines::Lines::default();
    for (number, line) in input.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut answer = one(shop, schema, now, text, line);
        answer.insert("__lineNumber".to_owned(), number.into());
        lines.all.push(Value::Object(answer).to_string());
        lines.roots += 1;
    }
    (lines, None)
}

/// Runs a mutation with one line of variables, as an action of its own.
fn one(
    shop: &mut Shop,
    schema: &AdminSchema,
    now: Timestamp,
    text: &str,
    line: &str,
) -> Map<String, Value> {
    let with = |errors: &[GraphqlError]| {
        let list: Vec<Value> = errors.iter().map(GraphqlError::to_json).collect();
        Map::from_iter([("errors".to_owned(), json!(list))])
    };
    let broken = |message: &str| with(&[GraphqlError::new("INVALID_VARIABLE", message)]);
    let Ok(Value::Object(given)) = serde_json::from_str(line) else {
        return broken("the line is no JSON object");
    };
    let Ok(document) = rules::check_mutation(schema, text, true) else {
        return broken("the mutation is not valid");
    };
    let Ok(operation) = document.operations.get(None) else {
        return broken("there is no operation");
    };
    let variables = match variables::coerce(schema, operation, &given) {
        Ok(variables) => variables,
        Err(errors) => return with(&errors),
    };
    let walk = Walk { schema, document: &document, variables: &variables };
    let found = duties::examine(walk, operation);
    let sizes: Vec<GraphqlError> =
        found.errors.into_iter().filter(|error| error.code == "MAX_INPUT_SIZE_EXCEEDED").collect();
    if !sizes.is_empty() {
        return with(&sizes);
    }
    let roots = walk.fields(operation.object_type(), &[&operation.selection_set]);
    let asked = request_text(text, line);
    let prepared = mutate::prepare(shop, &roots, &variables, &asked, now);
    let mut front = front(shop, schema, now, prepared.clone());
    let (data, errors) = execute::run(walk, operation, &mut front);
    let (action, noted) = (front.action, front.noted.into_inner());
    mutate::forget(shop, &prepared);
    mutate::heard(shop, &prepared);
    if !action.facts().is_empty() {
        tell(shop, &action, now);
    }
    note(shop, now, noted, &errors);
    let mut answer = Map::from_iter([("data".to_owned(), data)]);
    if !errors.is_empty() {
        answer.extend(with(&errors));
    }
    answer
}

/// The shop as a request that nobody waits for sees it.
pub fn front<'s>(
    shop: &'s mut Shop,
    schema: &'s AdminSchema,
    now: Timestamp,
    prepared: Vec<mutate::Prepared>,
) -> Front<'s> {
    Front {
        shop,
        schema,
        now,
        caller: TokenKind::Offline,
        base: "",
        whole: true,
        nulls: false,
        prepared,
        action: Action::default(),
        noted: RefCell::default(),
    }
}

fn note(shop: &mut Shop, now: Timestamp, noted: Vec<Noted>, errors: &[GraphqlError]) {
    let missing = errors.iter().filter(|error| error.code == NOT_IMPLEMENTED);
    let missing =
        missing.map(|error| Noted::new(ViolationKind::NotImplemented, error.message.clone()));
    for one in noted.into_iter().chain(missing) {
        shop.journal.violate(now, one, Some("bulk".to_owned()));
    }
}
