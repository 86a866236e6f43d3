//! Shopify's word that a file is written: a reason to look at once. Whatever comes of it, the looks
//! go on by themselves, so it may be lost, doubled, or come before the answer that names the
//! operation.

use lockstep_contracts::shopify::payload::{BulkOperationFinished, decode};
use lockstep_contracts::shopify::topic;
use lockstep_contracts::shopify::v1::{BodyEncoding, WebhookReceived};
use lockstep_domain::catalog::{JobState, Stage};
use lockstep_domain::{BulkOperationId, StoreId};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{JobKind, StoreSyncKind};
use crate::syncer::again;

/// Topics that this service reads.
pub const TOPICS: [&str; 1] = [topic::BULK_OPERATIONS_FINISH];

/// The run that waits for this file looks for it now.
pub fn finished(event: &WebhookReceived, work: &mut Work<'_>) -> Result<(), Stop> {
    let store =
        StoreId::try_new(event.store.as_str()).map_err(|e| Stop::Poison(format!("store: {e}")))?;
    if !event.object.is_empty() || event.encoding() == BodyEncoding::Gzip {
        return Err(Stop::Poison("body: too large for the end of a bulk operation".to_owned()));
    }
    let told: BulkOperationFinished =
        decode(&event.body).map_err(|e| Stop::Poison(format!("body: {e}")))?;
    let operation: BulkOperationId = told
        .admin_graphql_api_id
        .parse()
        .map_err(|e| Stop::Poison(format!("admin_graphql_api_id: {e}")))?;
    let running = work.state::<StoreSyncKind>(store.as_str())?.running.clone();
    let Some(id) = running else { return Ok(()) };
    let job = work.state::<JobKind>(id.as_str())?;
    let waits = match &job.stage {
        Stage::File { step } if job.state == Some(JobState::Running) => step.writing(),
        _ => None,
    };
    if waits == Some(operation) {
        let now = work.now();
        again(work, &store, now)?;
    }
    Ok(())
}
