//! One call of the Admin API from its bytes to its answer.

use super::answer::{Ending, Reply, too_expensive};
use super::strike;
use crate::faults::FaultKind;
use crate::graphql::duties::{self, Findings};
use crate::graphql::error::{GraphqlError, NOT_IMPLEMENTED};
use crate::graphql::selection::Walk;
use crate::graphql::{cost, execute, validate, variables};
use crate::idempotency::request_text;
use crate::jobs;
use crate::journal::{EntryKind, Noted, ViolationKind};
use crate::model::{Shop, TokenKind};
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

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What its token is good for.
    pub kind: TokenKind,
    /// The token.
    pub token: String,
    /// It wants to know what each field costs.
    pub debug: bool,
}

/// A request body.
#[derive(Debug)]
pub struct Call {
    caller: Caller,
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
        let nobody = Caller { kind: TokenKind::Offline, token: String::new(), debug: false };
        Ok(Self {
            caller: nobody,
            query: query.ok_or_else(|| bad("Required parameter missing or invalid: query"))?,
            operation_name: raw.operation_name.filter(|name| !name.is_empty()),
            variables,
            variables_text: text.to_owned(),
        })
    }

    /// The call of somebody.
    #[must_use]
    pub fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
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
            let reply = strike::after(early, trail.fault, &trail.request_id);
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
    if let Some(reply) = before(world, shop, (call, trail)) {
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
    let keyed = (prepared.as_slice(), &call.caller);
    let mut reply = execute(world, &mut shop, (walk, operation), keyed, trail);
    reply.headers.extend(deprecated);
    if !trail.fault.is_some_and(strike::unheard) {
        mutate::heard(&mut shop, &prepared);
    }
    let reply = strike::after(reply, trail.fault, &trail.request_id);
    write_down(world, &mut shop, call, std::mem::take(trail), &reply);
    Ok(reply)
}

fn execute(
    world: &World,
    shop: &mut Shop,
    (walk, operation): (Walk<'_>, &Operation),
    (prepared, caller): (&[mutate::Prepared], &Caller),
    trail: &mut Trail,
) -> Reply {
    let now = world.clock.now();
    jobs::settle(shop, &world.schema, now);
    let mut front = Front {
        shop,
        schema: &world.schema,
        now,
        caller: caller.kind,
        base: world.url(),
        whole: false,
        nulls: trail.fault == Some(FaultKind::ApiNulls),
        prepared: prepared.to_vec(),
        action: Action::default(),
        noted: RefCell::default(),
    };
    let (data, errors) = execute::run(walk, operation, &mut front);
    let action = front.action;
    trail.noted.extend(front.noted.into_inner());
    mutate::forget(shop, prepared);
    if !action.facts().is_empty() {
        tell(shop, &action, now);
    }
    trail.noted.extend(errors.iter().filter_map(noted));
    let requested = trail.requested.unwrap_or_default();
    let actual = cost::of(walk, operation, Some(&data)).min(requested);
    trail.actual = Some(actual);
    let plan = shop.settings.plan;
    shop.bucket.give_back(plan, requested - actual, now);
    let mut cost = json!({
        "requestedQueryCost": cost::number(requested),
        "actualQueryCost": cost::number(actual),
        "throttleStatus": shop.bucket.status(plan, now),
    });
    if let (true, Value::Object(cost)) = (caller.debug, &mut cost) {
        cost.insert("fields".to_owned(), cost::debug(walk, operation));
    }
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
fn before(world: &World, shop: &Cell, (call, trail): (&Call, &Trail)) -> Option<Reply> {
    let fault = trail.fault?;
    let mut shop = lock(shop);
    let now = world.clock.now();
    match fault {
        FaultKind::ApiThrottled => {
            let plan = shop.settings.plan;
            let status = shop.bucket.status(plan, now);
            return Some(Reply::throttled(trail.requested.unwrap_or_default(), &status));
        }
        FaultKind::ApiTokenDies => shop.kill_token(&call.caller.token, now),
        _ => {}
    }
    strike::before(fault, &trail.request_id)
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
