//! What the effect of a step remembers beside its exact bytes.

use bytes::Bytes;
use jiff::SignedDuration;
use lockstep_contracts::shopify::admin::{Call, bulk_cancel, variants_count, variants_page};
use lockstep_domain::catalog::{Bulk, Job, Office, Stage};
use lockstep_domain::{BackOfficeId, BulkOperationId, JobId, StoreId, VariantId};
use lockstep_ports::{EffectRow, ErrorKind, NewEffect, PortError};
use lockstep_runtime::{EFFECT_LEASE, Stop, Work};
use serde::{Deserialize, Serialize};

use super::files;
use super::stopping::Wanted;

/// Listings in one page of a pass.
pub const SCANNED: usize = 250;

/// What the step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Does {
    /// Counts the variants.
    Count,
    /// Reads a page of variants, and asks which of their codes have stock.
    Page {
        /// Only variants above this id.
        above: Option<VariantId>,
        /// Shopify's cursor.
        after: Option<String>,
        /// Pages read with this `above`.
        pages: u32,
        /// The back offices of the store.
        offices: Vec<BackOfficeId>,
    },
    /// Goes on with Shopify's file of all variants.
    File {
        /// The step.
        step: Bulk,
        /// The back offices of the store.
        offices: Vec<BackOfficeId>,
    },
    /// Tells Shopify that nobody waits for a file any more.
    Stop {
        /// The operation that writes it.
        operation: BulkOperationId,
        /// Times that it was told before.
        #[serde(default)]
        tries: u32,
    },
    /// Reads a page of the service's own listings.
    Scan {
        /// What is done with them.
        stage: Stage,
    },
}

/// The notes of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The run.
    pub job: JobId,
    /// Number of the step.
    pub step: u64,
    /// Name of the operation, for logs.
    pub operation: String,
    /// Requested cost, in points.
    pub cost: u32,
    /// True for a mutation.
    #[serde(default)]
    pub mutation: bool,
    /// What it does.
    pub does: Does,
}

impl Context {
    /// The notes of a stored effect; the error is for the log.
    pub fn read(effect: &EffectRow) -> Result<Self, String> {
        serde_json::from_str(effect.context.get())
            .map_err(|e| format!("the notes of effect {} cannot be read: {e}", effect.id))
    }
}

/// The effect of the step that is due.
pub fn effect(
    work: &Work<'_>,
    store: &StoreId,
    (id, job): (&JobId, &Job),
    offices: &[Office],
) -> Result<NewEffect, Stop> {
    let offices = || offices.iter().map(|office| office.id.clone()).collect();
    let (does, call) = match &job.stage {
        Stage::Count => (Does::Count, Some(variants_count())),
        Stage::Read { above, after, pages } => {
            let call = variants_page(after.as_deref(), *above);
            let (above, after, pages) = (*above, after.clone(), *pages);
            (Does::Page { above, after, pages, offices: offices() }, Some(call))
        }
        Stage::File { step } => {
            let call = files::call(id, step);
            (Does::File { step: step.clone(), offices: offices() }, Some(call))
        }
        stage => (Does::Scan { stage: stage.clone() }, None),
    };
    opened(work, store, (id, job.step), does, call)
}

/// The effect that stops an operation which writes for a run that has ended.
pub fn stop(work: &Work<'_>, store: &StoreId, wanted: &Wanted) -> Result<NewEffect, Stop> {
    let Wanted { job, operation, tries } = wanted;
    let does = Does::Stop { operation: *operation, tries: *tries };
    opened(work, store, (job, 0), does, Some(bulk_cancel(*operation)))
}

fn opened(
    work: &Work<'_>,
    store: &StoreId,
    (id, step): (&JobId, u64),
    does: Does,
    call: Option<Call>,
) -> Result<NewEffect, Stop> {
    let Call { operation, body, cost, mutation, .. } = call.unwrap_or(Call {
        operation: "scan",
        body: Bytes::new(),
        cost: 0,
        mutation: false,
        idempotent: false,
    });
    let operation = operation.to_owned();
    let context = Context { job: id.clone(), step, operation, cost, mutation, does };
    let notes = serde_json::value::to_raw_value(&context).map_err(|e| {
        Stop::Fault(PortError::new(ErrorKind::Permanent, "encode the notes of an effect", e))
    })?;
    let lease = SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default();
    Ok(NewEffect {
        id: work.next_id(),
        lane: store.to_string(),
        kind: context.operation,
        request: body,
        context: notes,
        lease_until: work.now().checked_add(lease).unwrap_or(jiff::Timestamp::MAX),
        at: work.now(),
        trace: work.traceparent(),
    })
}

/// The step behind a page of listings; nothing behind the last one.
pub fn after(stage: &Stage, ids: &[String]) -> Option<Stage> {
    let more = if ids.len() < SCANNED { None } else { ids.last().cloned() };
    let first = String::new;
    match (stage, more) {
        (Stage::Sweep { .. }, Some(after)) => Some(Stage::Sweep { after }),
        (Stage::Sweep { .. }, None) => Some(Stage::BySku { after: first() }),
        (Stage::BySku { .. }, Some(after)) => Some(Stage::BySku { after }),
        (Stage::BySku { .. }, None) => Some(Stage::ByBarcode { after: first() }),
        (Stage::ByBarcode { .. }, Some(after)) => Some(Stage::ByBarcode { after }),
        (Stage::ByBarcode { .. } | Stage::Count | Stage::Read { .. } | Stage::File { .. }, _) => {
            None
        }
    }
}
