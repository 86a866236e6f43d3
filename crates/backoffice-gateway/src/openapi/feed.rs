//! The feed's paths: what is read, not reported.

use serde_json::{Map, Value, json};

use super::examples::feed::{AFTER_EXAMPLE, acknowledgements, page, reads};
use super::{Examples, method, named, request_body, schema};
use crate::descriptors::comment;
use crate::feed::{LIMIT, LIMIT_MAX, READERS_MAX, WAIT_MAX};
use crate::rest::problem::MEDIA_TYPE;
use crate::rest::{ACK_PATH, FEED_PATH};

/// Adds the paths and the schemas below them.
pub fn describe(paths: &mut Map<String, Value>, schemas: &mut Map<String, Value>) {
    let (Some(feed), Some(ack)) = (method("Feed"), method("AckFeed")) else { return };
    for message in [feed.output(), ack.input(), ack.output()] {
        schema::collect(&message, schemas);
    }
    let examples = reads();
    let mut answers = refusals(&examples);
    answers.insert(
        "200".to_owned(),
        json!({
            "description": "The next entries in order of their numbers; an empty list when none \
                came within the wait.",
            "content": {
                "application/json": {
                    "schema": schema::reference(&feed.output()),
                    "examples": {
                        "page": { "summary": "One entry of each kind.", "value": page() },
                    },
                },
            },
        }),
    );
    let get = json!({
        "operationId": "Feed",
        "summary": "Gives the next entries of the caller's feed, and waits for one when told to.",
        "description": format!(
            "Numbers begin at 1 and have no gaps. Store the entries, then acknowledge the last \
             one. At most {READERS_MAX} calls read one feed at once in one process; one more is \
             answered 503. Over gRPC, `Feed` streams the same entries."
        ),
        "parameters": parameters(),
        "responses": answers,
    });
    let examples = acknowledgements();
    let mut answers = refusals(&examples);
    answers.insert(
        "200".to_owned(),
        json!({
            "description": "The cursor as it is now.",
            "content": {
                "application/json": {
                    "schema": schema::reference(&ack.output()),
                    "examples": named(&examples, |status| status == 200, |e| &e.answer),
                },
            },
        }),
    );
    let post = json!({
        "operationId": "AckFeed",
        "summary": comment(&ack.parent_service().parent_file(), ack.path()),
        "requestBody": request_body(&ack, &examples),
        "responses": answers,
    });
    paths.insert(FEED_PATH.to_owned(), json!({ "get": get }));
    paths.insert(ACK_PATH.to_owned(), json!({ "post": post }));
}

fn parameters() -> Value {
    let parameter = |name: &str, description: &str, schema: Value, example: u64| {
        json!({
            "name": name,
            "in": "query",
            "required": false,
            "description": description,
            "schema": schema,
            "example": example,
        })
    };
    json!([
        parameter(
            "after",
            "Entries after this number; left out: after the number that was acknowledged last.",
            json!({ "type": "integer", "minimum": 0 }),
            AFTER_EXAMPLE,
        ),
        parameter(
            "limit",
            "At most so many entries. A page of large orders may be shorter.",
            json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT }),
            LIMIT,
        ),
        parameter(
            "wait",
            "Seconds to wait for an entry when there is none yet.",
            json!({ "type": "integer", "minimum": 0, "maximum": WAIT_MAX, "default": 0 }),
            0,
        ),
    ])
}

fn refusals(examples: &Examples) -> Map<String, Value> {
    let refusals = [
        (400, "A parameter or the body is not of this form, or names an entry that is not there."),
        (401, "The token is missing, wrong or revoked."),
        (408, "The body did not arrive in time."),
        (413, "The body is too large."),
        (503, "The feed cannot be read now, or too many read it; send the same call again."),
    ];
    let refusal = |(status, description): (u16, &str)| {
        let mut response = json!({
            "description": description,
            "content": {
                MEDIA_TYPE: {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                    "examples": named(examples, |s| s == status, |e| &e.answer),
                },
            },
        });
        if let Some(response) = response.as_object_mut().filter(|_| status == 503) {
            response.insert("headers".to_owned(), super::retry_after());
        }
        (status.to_string(), response)
    };
    refusals.into_iter().map(refusal).collect()
}
