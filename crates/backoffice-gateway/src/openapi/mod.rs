//! The OpenAPI document of the REST side, made from the protobuf descriptors, so that fields,
//! enums and their words never drift from the contract.

mod examples;
mod feed;
mod rules;
mod schema;

use std::sync::LazyLock;

use prost_reflect::MethodDescriptor;
use serde_json::{Map, Value, json};

use crate::descriptors::{comment, pool};
use crate::rest::problem::MEDIA_TYPE;
use crate::rest::{CALLS, OPENAPI_PATH};
use examples::{Examples, ORDER_KEY, SALE_ID};

const SERVICE: &str = "lockstep.backoffice.v1.BackOfficeService";

static DOCUMENT: LazyLock<Value> = LazyLock::new(build);

/// The document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

fn build() -> Value {
    let mut schemas = Map::new();
    let mut paths = Map::new();
    for call in CALLS {
        let Some(method) = method(call.method) else { continue };
        schema::collect(&method.input(), &mut schemas);
        schema::collect(&method.output(), &mut schemas);
        let mut item = json!({ "post": operation(&method) });
        if let (Some(name), Some(item)) = (name_in(call.path), item.as_object_mut()) {
            item.insert("parameters".to_owned(), json!([parameter(name)]));
        }
        paths.insert(call.path.to_owned(), item);
    }
    feed::describe(&mut paths, &mut schemas);
    schemas.insert("Problem".to_owned(), schema::problem());
    paths.insert(OPENAPI_PATH.to_owned(), json!({ "get": itself() }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lockstep: the back-office contract",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of one back office, made in Lockstep and shown once.",
                },
            },
            "schemas": schemas,
        },
    })
}

const DESCRIPTION: &str = "What a warehouse, ERP or shop system reports to Lockstep, and what it \
    reads from its feed: orders, refunds, and verdicts on its reports. Every report carries the \
    reporter's own `event_id`: the same id with the same content is taken once and answered \
    DUPLICATE afterwards, the same id with other content is answered CONFLICT. So any call may be \
    sent again, and after 503 or a lost answer it must be. Each item of a batch is answered on \
    its own; a call that carries one report fails when that is refused. Names may be written in \
    snake_case or camelCase; fields that are null count as left out; fields that are not \
    described here are refused.";

fn method(name: &str) -> Option<MethodDescriptor> {
    let service = pool().get_service_by_name(SERVICE)?;
    service.methods().find(|method| method.name() == name)
}

/// What the path itself names.
fn name_in(path: &'static str) -> Option<&'static str> {
    Some(path.split_once('{')?.1.split_once('}')?.0)
}

fn parameter(name: &str) -> Value {
    let (description, example) = match name {
        "order_key" => ("Key of the order as Lockstep's feed gave it.", ORDER_KEY),
        _ => ("The reporter's id of the sale.", SALE_ID),
    };
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": { "type": "string" },
        "example": example,
    })
}

fn operation(method: &MethodDescriptor) -> Value {
    let examples = examples::of(method.name());
    let file = method.parent_service().parent_file();
    json!({
        "operationId": method.name(),
        "summary": comment(&file, method.path()),
        "requestBody": request_body(method, &examples),
        "responses": responses(method, &examples),
    })
}

fn request_body(method: &MethodDescriptor, examples: &Examples) -> Value {
    json!({
        "required": true,
        "content": {
            "application/json": {
                "schema": schema::reference(&method.input()),
                "examples": named(examples, |_| true, |example| &example.request),
            },
        },
    })
}

fn responses(method: &MethodDescriptor, examples: &Examples) -> Value {
    let mut responses = Map::new();
    let taken = named(examples, |status| status == 202, |example| &example.answer);
    responses.insert(
        "202".to_owned(),
        json!({
            "description": "Every item is answered, in the order of the request; the report of a \
                call for one is answered alone. ACCEPTED: it is durable and will be processed.",
            "content": {
                "application/json": {
                    "schema": schema::reference(&method.output()),
                    "examples": taken,
                },
            },
        }),
    );
    let refusals = [
        (400, "The body, or the one report in it, is not of this form. Nothing was taken."),
        (401, "The token is missing, wrong or revoked. Nothing was taken."),
        (408, "The body did not arrive in time. Nothing was taken."),
        (409, "The event id of the one report was used before with other content."),
        (413, "The body, the batch or the one report is too large. Nothing was taken."),
        (500, "Lockstep failed over the one report and did not take it."),
        (503, "The reports could not be stored or published now; send the same call again."),
    ];
    for (status, description) in refusals {
        let shown = named(examples, |s| s == status, |example| &example.answer);
        let mut response = json!({
            "description": description,
            "content": {
                MEDIA_TYPE: {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                    "examples": shown,
                },
            },
        });
        if status == 503
            && let Some(response) = response.as_object_mut()
        {
            response.insert("headers".to_owned(), retry_after());
        }
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

fn retry_after() -> Value {
    json!({
        "Retry-After": {
            "description": "Seconds to wait before the same call is sent again.",
            "schema": { "type": "integer" },
        },
    })
}

fn named(
    examples: &Examples,
    wanted: impl Fn(u16) -> bool,
    part: impl Fn(&examples::Example) -> &Value,
) -> Value {
    let shown = examples.iter().filter(|e| wanted(e.status) && !part(e).is_null());
    let entry = |e: &examples::Example| {
        (e.name.to_owned(), json!({ "summary": e.summary, "value": part(e) }))
    };
    Value::Object(shown.map(entry).collect())
}

fn itself() -> Value {
    json!({
        "operationId": "GetDocument",
        "summary": "This document.",
        "security": [],
        "responses": {
            "200": {
                "description": "An OpenAPI document.",
                "content": { "application/json": { "schema": { "type": "object" } } },
            },
        },
    })
}

#[cfg(test)]
mod tests;
