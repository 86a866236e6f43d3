//! Bulk operations: Shopify runs a query without points and writes what it finds into a file, one
//! JSON object to a line.

use std::fmt;

use lockstep_domain::BulkOperationId;
use serde_json::Value;

pub(super) use super::answers::bulk_cancel::DOCUMENT as CANCEL;
pub(super) use super::answers::bulk_list::DOCUMENT as LIST;
pub(super) use super::answers::bulk_run::DOCUMENT as RUN;
pub(super) use super::answers::bulk_state::DOCUMENT as STATE;
use super::answers::parts::ProductVariantOfVariantsByCode as ShownVariant;
use super::answers::words::{BulkOperationStatus, BulkOperationUserErrorCode};
use super::answers::{bulk_cancel, bulk_list, bulk_run, bulk_state};
use super::document::{Call, DecodeError, Document};
use super::variants::{Variant, variant};
use super::view::Node;

/// For the errors of lines: they belong to no operation that is sent.
const LINE: Document = Document { operation: "BulkLine", ..RUN };

/// Requested cost of a start and a few looks, in points.
pub const BULK_COST: u32 = RUN.cost + 4 * STATE.cost;

/// The address of a file. Whoever has it may read the file: it is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    /// As Shopify wrote it.
    #[must_use]
    pub const fn new(url: String) -> Self {
        Self(url)
    }

    /// The address itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedUrl(..)")
    }
}

/// What Shopify made of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkStarted {
    /// It has it.
    Started(BulkOperationId),
    /// It runs as many as it takes at once.
    Busy(String),
    /// It takes no such request.
    Refused(String),
}

/// Where an operation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkStatus {
    /// It was asked for, runs, or is being stopped; also what this version does not know.
    Open,
    /// All is in the file.
    Completed,
    /// It was stopped, by a fault or by somebody.
    Stopped,
    /// Its file is gone.
    Expired,
}

/// An operation as it is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkState {
    /// Where it stands.
    pub status: BulkStatus,
    /// Why it failed, Shopify's code.
    pub error: Option<String>,
    /// Objects so far: lines of the file.
    pub objects: Option<u64>,
    /// Bytes of the whole file.
    pub size: Option<u64>,
    /// The whole file; none also where nothing was found.
    pub url: Option<SignedUrl>,
    /// What was written before it was stopped.
    pub partial: Option<SignedUrl>,
}

/// The query that writes all variants, in the form of bulk operations, under a name of its own: by
/// that the operation is found again.
#[must_use]
pub fn bulk_variants(name: &str) -> String {
    format!(
        "query {name} {{ productVariants {{ edges {{ node {{ id title sku barcode \
         product {{ id title status }} inventoryItem {{ id tracked }} }} }} }} }}"
    )
}

/// Asks Shopify to run a query. There is no key: see [`bulk_list`] for what was not answered.
#[must_use]
pub fn bulk_run(query: &str) -> Call {
    bulk_run::call(&bulk_run::Variables { query: query.to_owned() })
}

/// Reads the answer to [`bulk_run`].
///
/// # Errors
/// No payload, or one with neither an operation nor a refusal.
pub fn decode_bulk_run(data: &Value) -> Result<BulkStarted, DecodeError> {
    use BulkOperationUserErrorCode::{LimitReached, OperationInProgress};
    let answer = bulk_run::answer(data);
    let missing = || answer.wrong("bulkOperationRunQuery");
    let payload = answer.bulk_operation_run_query()?.ok_or_else(missing)?;
    let errors = payload.user_errors()?;
    if errors.is_empty() {
        let operation = payload.bulk_operation()?.ok_or_else(|| payload.wrong("bulkOperation"))?;
        return Ok(BulkStarted::Started(operation.id()?));
    }
    let mut is_busy = true;
    let mut words = Vec::new();
    for error in &errors {
        is_busy &= matches!(error.code()?, Some(LimitReached | OperationInProgress));
        words.push(error.message()?);
    }
    let words = words.join(" ");
    Ok(if is_busy { BulkStarted::Busy(words) } else { BulkStarted::Refused(words) })
}

/// Asks where an operation stands.
#[must_use]
pub fn bulk_state(operation: BulkOperationId) -> Call {
    bulk_state::call(&bulk_state::Variables { id: operation.gid() })
}

/// Reads the answer to [`bulk_state`]; `None` where Shopify knows no such operation.
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_bulk_state(data: &Value) -> Result<Option<BulkState>, DecodeError> {
    use BulkOperationStatus as Shown;
    let Some(operation) = bulk_state::answer(data).bulk_operation()? else { return Ok(None) };
    let url = |text: Option<String>| text.filter(|text| !text.is_empty()).map(SignedUrl);
    Ok(Some(BulkState {
        status: match operation.status()? {
            Shown::Completed => BulkStatus::Completed,
            Shown::Failed | Shown::Canceled => BulkStatus::Stopped,
            Shown::Expired => BulkStatus::Expired,
            Shown::Canceling | Shown::Created | Shown::Running | Shown::NotInSchema(_) => {
                BulkStatus::Open
            }
        },
        error: operation.error_code()?.map(|code| code.as_str().to_owned()),
        objects: Some(operation.object_count()?),
        size: operation.file_size()?,
        url: url(operation.url()?),
        partial: url(operation.partial_data_url()?),
    }))
}

/// Asks for the newest operations of the app in this shop, with the texts that they run.
#[must_use]
pub fn bulk_list() -> Call {
    bulk_list::call(&bulk_list::Variables {})
}

/// The operation among the newest ones whose query carries a name.
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_bulk_list(data: &Value, name: &str) -> Result<Option<BulkOperationId>, DecodeError> {
    for operation in bulk_list::answer(data).bulk_operations()?.nodes()? {
        let text = operation.query()?;
        let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        if words.any(|word| word == name) {
            return operation.id().map(Some);
        }
    }
    Ok(None)
}

/// Asks Shopify to stop an operation.
#[must_use]
pub fn bulk_cancel(operation: BulkOperationId) -> Call {
    bulk_cancel::call(&bulk_cancel::Variables { id: operation.gid() })
}

/// Reads a line of the file of [`bulk_variants`].
///
/// # Errors
/// A line that is not JSON, or a variant that is not as the schema says.
pub fn decode_bulk_variant(line: &str) -> Result<Variant, DecodeError> {
    let no_json = |_| DecodeError { operation: LINE.operation, path: "line".to_owned() };
    let node: Value = serde_json::from_str(line).map_err(no_json)?;
    variant(&ShownVariant::from(Node::root(&LINE, &node)))
}

#[cfg(test)]
mod tests {
    use lockstep_domain::VariantId;
    use serde_json::json;

    use super::*;

    const ID: &str = "gid://shopify/BulkOperation/5";

    #[test]
    fn a_request_is_taken_refused_or_comes_too_early() {
        let run = |payload: Value| decode_bulk_run(&json!({"bulkOperationRunQuery": payload}));
        let operation = json!({"id": "gid://shopify/BulkOperation/9007199254740993"});
        let started = run(json!({"bulkOperation": operation, "userErrors": []})).unwrap();
        assert_eq!(started, BulkStarted::Started(BulkOperationId(9_007_199_254_740_993)));
        let error = |code: &str| json!([{"code": code, "field": null, "message": "no"}]);
        let refused =
            |code: &str| run(json!({"bulkOperation": null, "userErrors": error(code)})).unwrap();
        assert_eq!(refused("OPERATION_IN_PROGRESS"), BulkStarted::Busy("no".to_owned()));
        assert_eq!(refused("LIMIT_REACHED"), BulkStarted::Busy("no".to_owned()));
        assert_eq!(refused("INVALID"), BulkStarted::Refused("no".to_owned()));
        assert!(run(json!({"bulkOperation": null, "userErrors": []})).is_err());
    }

    #[test]
    fn every_null_that_the_schema_allows_is_read() {
        let state = |operation: Value| decode_bulk_state(&json!({"bulkOperation": operation}));
        assert_eq!(state(Value::Null).unwrap(), None);
        let bare = state(json!({"id": ID, "status": "COMPLETED", "errorCode": null,
            "objectCount": "0", "fileSize": null, "url": null, "partialDataUrl": null}));
        let bare = bare.unwrap().unwrap();
        assert_eq!((bare.status, bare.objects, bare.size), (BulkStatus::Completed, Some(0), None));
        assert_eq!((bare.url, bare.partial, bare.error), (None, None, None));
        let new = state(json!({"id": ID, "status": "RESTING", "errorCode": null, "fileSize": null,
            "url": null, "partialDataUrl": null, "objectCount": "18446744073709551615"}));
        let new = new.unwrap().unwrap();
        assert_eq!((new.status, new.objects), (BulkStatus::Open, Some(u64::MAX)));
        assert!(state(json!({"id": "x"})).is_err());
    }

    #[test]
    fn an_address_is_shown_to_nobody() {
        let data = json!({"bulkOperation": {"id": ID, "status": "COMPLETED", "errorCode": null,
            "objectCount": "1", "fileSize": "9", "url": "https://x/?sig=1",
            "partialDataUrl": null}});
        let state = decode_bulk_state(&data).unwrap().unwrap();
        assert!(!format!("{state:?}").contains("sig"), "{state:?}");
        assert_eq!(state.url.unwrap().expose(), "https://x/?sig=1");
    }

    #[test]
    fn an_operation_is_found_by_its_whole_name() {
        let node = |id: i64, name: &str| {
            json!({"id": format!("gid://shopify/BulkOperation/{id}"),
                   "query": bulk_variants(name)})
        };
        let data = json!({"bulkOperations": {"nodes":
            [node(3, "lockstep_a_12"), {"id": "x", "query": "{ a }"}, node(2, "lockstep_a_1")]}});
        let found = |name: &str| decode_bulk_list(&data, name).unwrap();
        assert_eq!(found("lockstep_a_1"), Some(BulkOperationId(2)));
        assert_eq!(found("lockstep_a"), None);
        assert!(decode_bulk_list(&json!({}), "x").is_err());
    }

    #[test]
    fn a_line_is_a_variant_or_says_what_it_lacks() {
        let line = r#"{"id":"gid://shopify/ProductVariant/9007199254740993","title":"",
            "sku":null,"barcode":"",
            "product":{"id":"gid://shopify/Product/4","title":"Lamp","status":"ACTIVE"},
            "inventoryItem":{"id":"gid://shopify/InventoryItem/9007199254740995","tracked":true}}"#;
        let variant = decode_bulk_variant(line).unwrap();
        assert_eq!(variant.id, VariantId(9_007_199_254_740_993));
        assert_eq!((variant.sku, variant.barcode), (None, None));
        assert!(decode_bulk_variant(&line[..40]).is_err());
        assert!(decode_bulk_variant("null").is_err());
        let hidden = r#"{"id":"gid://shopify/ProductVariant/5","inventoryItem":null}"#;
        assert_eq!(decode_bulk_variant(hidden).unwrap_err().path, "inventoryItem");
    }
}
