//! One call of the Admin API from its bytes to its answer.

use super::answer::{Ending, Reply, too_expensive};
use crate::faults::FaultKind;
use crate::graphql::duties::{self, Findings};
use crate::graphql::error::{GraphqlError, NOT_IMPLEMENTED};
use crate::graphql::selection::Walk;
use crate::graphql::{cost, execute, validate, variables};
use crate::idempotency::request_text;
use crate::jobs;
use crate::journal::{EntryKind, Noted, ViolationKind};
use crate::model::Shop;
use crate::mutate;
use crate::resolve::Front;
use crate::webhooks::fact::Action;
use crate::webhooks::tell;
use crate::world::{Cell, World, lock};
use apollo_compiler::executable::Operation;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// A request body.
#[derive(Debug)]
pub struct Call {
    query: String,
    operation_name: Option<String>,
    variables: Map<String, Value>,
    variables_text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'b> {
    query: Option<String>,
    operation_name: Option<String>,
    #[serde(borrow)]
    variables: Option<&'b RawValue>,
}

impl Call {
    /// Reads a body.
    ///
    /// # Errors
    /// The answer to a body that is no request.
    pub fn read(body: &[u8]) -> Result<Self, Reply> {
        let bad = |message: &str| Reply::json(400, json!({"errors": message}));
        let raw: Raw<'_> =
            serde_json::from_slice(body).map_err(|error| bad(&format!("Bad Request: {error}")))?;
        let text = raw.variables.map_or("null", RawValue::get);
        let variables = match serde_json::from_str(text) {
            Ok(Value::Object(map)) => map,
            Ok(Value::Null) => Map::new(),
            _ => return Err(bad("Variables are invalid JSON")),
        };
        let query = raw.query.filter(|query| !query.trim().is_empty());
        Ok(Self {
            query: query.ok_or_else(|| bad("Required parameter missing or invalid: query"))?,
            operation_name: raw.operation_name.filter(|name| !name.is_empty()),
            variables,
            variables_text: text.to_owned(),
        })
    }
}

/// What is known of a call, for the journal.
#[derive(Default)]
struct Trail {
    operation: Option<String>,
    roots: Vec<String>,
    mutation: bool,
    request_id: String,
    requested: Option<f64>,
    actual: Option<f64>,
    fault: Option<FaultKind>,
    noted: Vec<Noted>,
}

/// Answers a call, and writes it down.
pub async fn answer(world: Arc<World>, shop: Arc<Cell>, call: Call, request_id: String) -> Reply {
    let mut trail = Trail { request_id, ..Trail::default() };
    match checked(&world, &shop, &call, &mut trail).await {
        Ok(reply) => reply,
        Err(early) => {
            let reply = unheard(early, trail.fault);
            write_down(&world, &mut lock(&shop), &call, trail, &reply);
            reply
        }
    }
}

/// Runs a call and writes it down in the same breath; the error is an answer to a call that did
/// not run.
async fn checked(
    world: &World,
    shop: &Cell,
    call: &Call,
    trail: &mut Trail,
) -> Result<Reply, Reply> {
    let schema = &world.schema;
    let document = match validate::document(schema, &call.query) {
        Ok(document) => document,
        Err(errors) => return Err(refused(trail, ViolationKind::InvalidDocument, &errors)),
    };
    let operation = match document.operations.get(call.operation_name.as_deref()) {
        Ok(operation) => operation,
        Err(_) => {
            let name = call.operation_name.as_deref().unwrap_or_default();
            let error = GraphqlError::new("BAD_REQUEST", format!("No operation named \"{name}\""));
            return Err(refused(trail, ViolationKind::InvalidDocument, &[error]));
        }
    };
    let variables = match variables::coerce(schema, operation, &call.variables) {
        Ok(variables) => variables,
        Err(errors) => return Err(refused(trail, ViolationKind::InvalidVariables, &errors)),
    };
    let walk = Walk { schema, document: &document, variables: &variables };
    let roots = walk.fields(operation.object_type(), &[&operation.selection_set]);
    let names = roots.iter().filter_map(|(_, fields)| Some(fields.first()?.name.to_string()));
    trail.roots = names.collect();
    trail.mutation = operation.is_mutation();
    trail.operation = operation.name.as_ref().map(ToString::to_string);
    trail.fault = lock(shop).faults.take_api(&trail.roots, trail.mutation);
    let requested = cost::of(walk, operation, None);
    trail.requested = Some(requested);
    let found = duties::examine(walk, operation);
    if let Some(reply) = before(world, shop, trail, requested) {
        return Err(reply);
    }
    let deprecated = deprecation_header(&found);
    trail.noted.extend(found.noted);
    if !found.errors.is_empty() {
        return Err(Reply::errors(&found.errors));
    }
    if requested > cost::MAX_COST {
        let error = too_expensive(requested);
        return Err(refused(trail, ViolationKind::OverCost, &[error]));
    }
    let prepared = {
        let mut shop = lock(shop);
        let (now, plan) = (world.clock.now(), shop.settings.plan);
        if !shop.bucket.take(plan, requested, now) {
            trail.noted.push(Noted::new(ViolationKind::Throttled, "ran into the bucket"));
            return Err(Reply::throttled(requested, &shop.bucket.status(plan, now)));
        }
        let text = request_text(&call.query, &call.variables_text);
        let keyed = if trail.mutation { roots.as_slice() } else { &[] };
        mutate::prepare(&mut shop, keyed, &variables, &text, now)
    };
    let latency = Duration::from_millis(lock(shop).settings.latency_ms);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let mut shop = lock(shop);
    let mut reply = execute(world, &mut shop, (walk, operation), prepared, trail);
    reply.headers.extend(deprecated);
    let reply = unheard(reply, trail.fault);
    write_down(world, &mut shop, call, std::mem::take(trail), &reply);
    Ok(reply)
}

fn execute(
    world: &World,
    shop: &mut Shop,
    (walk, operation): (Walk<'_>, &Operation),
    prepared: Vec<mutate::Prepared>,
    trail: &mut Trail,
) -> Reply {
    let now = world.clock.now();
    jobs::settle(shop, now);
    let mut front = Front {
        shop,
        schema: &world.schema,
        now,
        prepared: prepared.clone(),
        action: Action::default(),
        noted: RefCell::default(),
    };
    let (data, errors) = execute::run(walk, operation, &mut front);
    let action = front.action;
    trail.noted.extend(front.noted.into_inner());
    mutate::forget(shop, &prepared);
    if !action.facts().is_empty() {
        tell(shop, &action, now);
    }
    trail.noted.extend(errors.iter().filter_map(noted));
    let requested = trail.requested.unwrap_or_default();
    let actual = cost::of(walk, operation, Some(&data)).min(requested);
    trail.actual = Some(actual);
    let plan = shop.settings.plan;
    shop.bucket.give_back(plan, requested - actual, now);
    let cost = json!({
        "requestedQueryCost": cost::number(requested),
        "actualQueryCost": cost::number(actual),
        "throttleStatus": shop.bucket.status(plan, now),
    });
    Reply::executed(data, &errors, cost)
}

/// A mistake that only showed while the call ran.
fn noted(error: &GraphqlError) -> Option<Noted> {
    let kind = match error.code {
        NOT_IMPLEMENTED => ViolationKind::NotImplemented,
        "RESOURCE_NOT_FOUND" | "BAD_REQUEST" => ViolationKind::BadRequest,
        "ACCESS_DENIED" => ViolationKind::AccessDenied,
        "argumentLiteralsIncompatible" | "invalidOneOfInputObject" => {
            ViolationKind::InvalidDocument
        }
        _ => return None,
    };
    // The duties wrote these down with their own kind.
    let known = error.message.contains("@idempotent");
    (!known).then(|| Noted::new(kind, error.message.clone()))
}

/// The answers of faults that strike before anything is applied.
fn before(world: &World, shop: &Cell, trail: &Trail, requested: f64) -> Option<Reply> {
    let request_id = trail.request_id.as_str();
    Some(match trail.fault? {
        FaultKind::Api429 => Reply {
            headers: vec![("retry-after", "1".to_owned())],
            ..Reply::json(429, json!({"errors": "Too many requests. Please try again later."}))
        },
        FaultKind::ApiThrottled => {
            let mut shop = lock(shop);
            let plan = shop.settings.plan;
            let status = shop.bucket.status(plan, world.clock.now());
            Reply::throttled(requested, &status)
        }
        FaultKind::ApiInternalError => {
            let message = format!("Internal error. Request ID: {request_id}");
            Reply::errors(&[
                GraphqlError::new("INTERNAL_SERVER_ERROR", message).with("requestId", request_id)
            ])
        }
        FaultKind::Api502Before => bad_gateway(),
        FaultKind::ApiHangBefore => lost(Ending::Hangs),
        FaultKind::ApiResetBefore => lost(Ending::Reset),
        _ => return None,
    })
}

/// The answers of faults that strike after the call was applied.
fn unheard(reply: Reply, fault: Option<FaultKind>) -> Reply {
    match fault {
        Some(FaultKind::Api502After) => bad_gateway(),
        Some(FaultKind::ApiHangAfter) => lost(Ending::Hangs),
        Some(FaultKind::ApiResetAfter) => lost(Ending::Reset),
        Some(FaultKind::ApiNotJson) => Reply { ending: Ending::Halved, ..reply },
        _ => reply,
    }
}

fn bad_gateway() -> Reply {
    let page = "<html><head><title>502 Bad Gateway</title></head><body></body></html>";
    Reply::json(502, page.into())
}

fn lost(ending: Ending) -> Reply {
    Reply { ending, ..Reply::json(200, Value::Null) }
}

fn refused(trail: &mut Trail, kind: ViolationKind, errors: &[GraphqlError]) -> Reply {
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    trail.noted.push(Noted::new(kind, messages.join("; ")));
    Reply::errors(errors)
}

fn deprecation_header(found: &Findings) -> Option<(&'static str, String)> {
    let fields = found.deprecated.join(", ");
    let link = "https://shopify.dev/api/usage/versioning#deprecation-practices";
    (!fields.is_empty()).then(|| ("x-shopify-api-deprecated-reason", format!("{link} ({fields})")))
}

fn write_down(world: &World, shop: &mut Shop, call: &Call, trail: Trail, reply: &Reply) {
    let now = world.clock.now();
    let plan = shop.settings.plan;
    let left = shop.bucket.available(plan, now);
    let answered = !matches!(reply.ending, Ending::Hangs | Ending::Reset);
    let operation = trail.operation.clone().unwrap_or_else(|| trail.roots.join(", "));
    let fields = json!({
        "request_id": trail.request_id,
        "operation": trail.operation,
        "roots": trail.roots,
        "mutation": trail.mutation,
        "query": call.query,
        "variables": call.variables,
        "status": answered.then_some(reply.status),
        "answer": reply.body,
        "requested_cost": trail.requested.map(cost::number),
        "actual_cost": trail.actual.map(cost::number),
        "available_after": left,
        "fault": trail.fault.map(FaultKind::as_str),
    });
    if let Value::Object(fields) = fields {
        shop.journal.add(EntryKind::Api, now, fields);
    }
    for noted in trail.noted {
        shop.journal.violate(now, noted, Some(operation.clone()));
    }
}
