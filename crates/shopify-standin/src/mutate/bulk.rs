//! `bulkOperationRunQuery`, `bulkOperationRunMutation`, `bulkOperationCancel`,
//! `stagedUploadsCreate`.

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::bulk::{self, KeptFile};
use crate::clock;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::idempotency::Outcome;
use crate::resolve::{Front, Obj, Record, id, text};
use serde_json::Value;

fn started(number: i64) -> Done {
    Done {
        payload: Payload::default().with("bulkOperation", Some(Obj::Bulk(number))),
        outcome: Outcome::Group(None),
    }
}

fn busy() -> Done {
    let message = "A bulk operation for this app and shop is already in progress: 5 of 5.";
    refused(vec![Refusal::whole("OPERATION_IN_PROGRESS", message).blameless()])
}

/// Starts a query.
///
/// # Errors
/// Never; it answers in the form of its neighbours.
pub fn run_query(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let query = text(arguments, "query").unwrap_or_default();
    if let Err(problem) = bulk::check_query(front.schema, query) {
        return Ok(refused(vec![Refusal::at("INVALID", &["query"], problem)]));
    }
    if bulk::open(front.shop, false) >= bulk::AT_ONCE {
        return Ok(busy());
    }
    let grouped = arguments.get("groupObjects").and_then(Value::as_bool) == Some(true);
    Ok(started(bulk::start(front.shop, front.now, query, None, grouped)))
}

/// Starts a mutation.
///
/// # Errors
/// Never; it answers in the form of its neighbours.
pub fn run_mutation(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let refuse = |code: &str, field: &str, message: String| {
        Ok(refused(vec![Refusal::at(code, &[field], message)]))
    };
    let mutation = text(arguments, "mutation").unwrap_or_default();
    let stock = front.shop.settings.bulk_inventory;
    if let Err(problem) = bulk::check_mutation(front.schema, mutation, stock) {
        return refuse("INVALID_MUTATION", "mutation", problem);
    }
    let path = text(arguments, "stagedUploadPath").unwrap_or_default();
    let file = front.shop.files.get(&path.to_owned());
    let sent = file.filter(|file| file.upload && file.expires_at > front.now);
    let Some(content) = sent.and_then(|file| file.text.as_deref()) else {
        let message = format!("The JSONL file could not be found: {path}");
        return refuse("NO_SUCH_FILE", "stagedUploadPath", message);
    };
    if content.trim().is_empty() {
        let message = "The input file is empty.".to_owned();
        return refuse("INVALID_STAGED_UPLOAD_FILE", "stagedUploadPath", message);
    }
    if bulk::open(front.shop, true) >= bulk::AT_ONCE {
        return Ok(busy());
    }
    let input = Some(path.to_owned());
    Ok(started(bulk::start(front.shop, front.now, mutation, input, false)))
}

/// Stops an operation.
///
/// # Errors
/// For ids of another type.
pub fn cancel(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let number = id(arguments, "id", "BulkOperation")?;
    if !front.shop.bulks.contains_key(&number) {
        let refusal = Refusal::at("", &["id"], "Bulk operation does not exist");
        return Ok(refused(vec![refusal]));
    }
    if !bulk::cancel(front.shop, front.now, number) {
        let message = "A bulk operation cannot be canceled when it is completed";
        return Ok(refused(vec![Refusal::at("", &["id"], message).blameless()]));
    }
    Ok(started(number))
}

/// Gives out addresses to which files can be sent.
///
/// # Errors
/// For files of other kinds.
pub fn stage(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let mut targets = Vec::new();
    let inputs = arguments.get("input").and_then(Value::as_array).cloned().unwrap_or_default();
    for input in inputs {
        let said = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
        if said("resource") != "BULK_MUTATION_VARIABLES" || said("httpMethod") != "POST" {
            let what = "stagedUploadsCreate for anything but POST of BULK_MUTATION_VARIABLES";
            return Err(GraphqlError::not_implemented(what));
        }
        let expires_at = clock::later(front.now, bulk::UPLOAD_LIFE);
        let file = KeptFile { text: None, expires_at, upload: true };
        let key = bulk::keep(front.shop, front.now, file);
        let url = format!("{}/{}/uploads", front.base, front.shop.domain);
        let parameter = |name: &str, value: &str| {
            Record::new("StagedUploadParameter")
                .with("name", Out::leaf(name))
                .with("value", Out::leaf(value))
                .object()
        };
        let parameters = [
            parameter("Content-Type", said("mimeType")),
            parameter("success_action_status", "201"),
            parameter("acl", "private"),
            parameter("key", &key),
        ];
        targets.push(
            Record::new("StagedMediaUploadTarget")
                .with("resourceUrl", Out::Null)
                .with("url", Out::leaf(url))
                .with("parameters", Out::List(parameters.to_vec()))
                .object(),
        );
    }
    Ok(Done {
        payload: Payload::default().with_out("stagedTargets", Out::List(targets)),
        outcome: Outcome::Group(None),
    })
}
