//! The steps that go through Shopify's file of all variants: what each asks, and what was found.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lockstep_contracts::shopify::admin::{
    BulkStarted, BulkState, BulkStatus, Call, DecodeError, SignedUrl, Variant, bulk_list, bulk_run,
    bulk_state, bulk_variants, decode_bulk_list, decode_bulk_run, decode_bulk_state,
    decode_bulk_variant, decode_variants_number, variants_count_up_to,
};
use lockstep_domain::catalog::{Bulk, Found, Progress};
use lockstep_domain::{BackOfficeId, BulkOperationId, JobId, StoreId};
use lockstep_ports::{EffectRow, FileErrorKind, Piece, PieceWanted};
use lockstep_runtime::{Sent, Stop};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{info, warn};

use super::Syncer;
use super::context::{Context, Does};
use super::reading::{
    VariantRead, answered, call as ask_shopify, known_codes, unreadable, variants_read,
};

/// Lines in one piece: as many variants as on a page.
pub const PIECE: usize = 250;
/// What is left of a call's time after this is too little for a piece and its questions.
const ASKED_MAX: Duration = Duration::from_secs(5);

/// What a step found, and the variants that it read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStep {
    /// What was found.
    pub found: Found,
    /// The variants of a piece.
    #[serde(default)]
    pub variants: Vec<VariantRead>,
    /// Why it was not better, in words.
    #[serde(default)]
    pub reason: String,
}

impl FileStep {
    fn of(found: Found) -> Self {
        Self { found, variants: Vec::new(), reason: String::new() }
    }

    fn because(found: Found, reason: impl Into<String>) -> Self {
        Self { found, variants: Vec::new(), reason: reason.into() }
    }
}

/// Addresses of the files that are being read, one per store. They are signed, so they are kept in
/// memory alone: whoever begins anew asks for them again.
#[derive(Default)]
pub struct Addresses(Mutex<BTreeMap<StoreId, (BulkOperationId, SignedUrl)>>);

impl Addresses {
    fn get(&self, store: &StoreId, of: BulkOperationId) -> Option<SignedUrl> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(store).filter(|(operation, _)| *operation == of).map(|(_, url)| url.clone())
    }

    fn keep(&self, store: &StoreId, of: BulkOperationId, url: SignedUrl) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(store.clone(), (of, url));
    }

    /// The file is read, or its address opens nothing.
    pub fn forget(&self, store: &StoreId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(store);
    }
}

/// The call of a step.
pub fn call(job: &JobId, step: &Bulk) -> Call {
    match step {
        Bulk::Ask { attempt, .. } => bulk_run(&bulk_variants(&Bulk::name(job, *attempt))),
        Bulk::Find { .. } => bulk_list(),
        Bulk::Wait { operation, .. } | Bulk::Read { operation, .. } => bulk_state(*operation),
        Bulk::Prove { last, .. } => variants_count_up_to(*last),
    }
}

/// Makes a step's call or reads its piece. The error is an outcome, too: nothing was found out.
pub async fn send(
    syncer: &Syncer,
    store: &StoreId,
    (effect, context): (&EffectRow, &Context),
    (step, offices): (&Bulk, &[BackOfficeId]),
) -> Result<Sent, Sent> {
    if let Bulk::Read { operation, progress, .. } = step {
        let at = (store, *operation);
        let url = match syncer.addresses.get(store, *operation) {
            Some(url) => Ok(url),
            None => address(syncer, at, (effect, context), progress).await?,
        };
        let read = match url {
            Ok(url) => piece(syncer, at, (&url, progress), offices).await?,
            Err(nothing) => nothing,
        };
        return answered(&read);
    }
    let data = ask_shopify(syncer, store, effect, context).await?;
    let found = match step {
        Bulk::Ask { .. } => started(&data),
        Bulk::Find { attempt, .. } => decode_bulk_list(&data, &Bulk::name(&context.job, *attempt))
            .map(|found| match found {
                Some(operation) => FileStep::of(Found::Started { operation }),
                None => FileStep::because(Found::Absent, "Shopify does not have the request"),
            }),
        Bulk::Wait { .. } => decode_bulk_state(&data).map(|state| stands(state.as_ref())),
        Bulk::Read { .. } | Bulk::Prove { .. } => decode_variants_number(&data).map(|number| {
            let rough = || FileStep::because(Found::Unusable, "Shopify counts only up to a limit");
            let counted = |variants| FileStep::of(Found::Counted { variants });
            number.map_or_else(rough, counted)
        }),
    };
    match (found, step) {
        (Ok(found), _) => answered(&found),
        // Shopify may well have taken what it answers so: it is looked for.
        (Err(error), Bulk::Ask { .. }) => Err(Sent::Unknown(error.to_string())),
        (Err(error), _) => Err(unreadable(&error)),
    }
}

fn started(data: &Value) -> Result<FileStep, DecodeError> {
    Ok(match decode_bulk_run(data)? {
        BulkStarted::Started(operation) => FileStep::of(Found::Started { operation }),
        BulkStarted::Busy(words) => FileStep::because(Found::Busy, words),
        BulkStarted::Refused(words) => FileStep::because(Found::Unusable, words),
    })
}

/// Where the operation stands.
fn stands(state: Option<&BulkState>) -> FileStep {
    let Some(state) = state else {
        return FileStep::because(Found::Nothing, "Shopify knows the file no more");
    };
    let objects = state.objects.unwrap_or_default();
    let stopped = || match &state.error {
        Some(code) => format!("Shopify stopped writing the file: {code}"),
        None => "Shopify stopped writing the file".to_owned(),
    };
    match (&state.status, &state.url, &state.partial) {
        (BulkStatus::Open, ..) => FileStep::of(Found::Writing { objects }),
        (BulkStatus::Completed, Some(_), _) => {
            FileStep::of(Found::Written { size: state.size, objects })
        }
        (BulkStatus::Stopped, _, Some(_)) => FileStep::because(Found::Part, stopped()),
        (BulkStatus::Stopped, ..) => FileStep::because(Found::Nothing, stopped()),
        (BulkStatus::Completed, None, _) if objects == 0 => {
            FileStep::because(Found::Unusable, "Shopify's file of variants is empty")
        }
        (BulkStatus::Completed | BulkStatus::Expired, ..) => {
            FileStep::because(Found::Nothing, "Shopify's file is kept no more")
        }
    }
}

/// The address of the file, asked for once by each process; or what is wrong with the file.
async fn address(
    syncer: &Syncer,
    (store, operation): (&StoreId, BulkOperationId),
    (effect, context): (&EffectRow, &Context),
    progress: &Progress,
) -> Result<Result<SignedUrl, FileStep>, Sent> {
    let begun = syncer.clock.running();
    let data = ask_shopify(syncer, store, effect, context).await?;
    let state = decode_bulk_state(&data).map_err(|e| unreadable(&e))?;
    let url = state
        .as_ref()
        .and_then(|state| if progress.part { state.partial.clone() } else { state.url.clone() });
    let Some(url) = url else {
        let stands = stands(state.as_ref());
        return Ok(Err(FileStep { found: Found::Nothing, ..stands }));
    };
    syncer.addresses.keep(store, operation, url.clone());
    if syncer.clock.running().saturating_sub(begun) > ASKED_MAX {
        let reason = "Shopify answers slowly".to_owned();
        return Err(Sent::NotApplied { wait: Duration::ZERO, reason });
    }
    Ok(Ok(url))
}

/// A piece of the file, with what stock-sync knows of its codes.
async fn piece(
    syncer: &Syncer,
    (store, _): (&StoreId, BulkOperationId),
    (url, progress): (&SignedUrl, &Progress),
    offices: &[BackOfficeId],
) -> Result<FileStep, Sent> {
    let wanted = PieceWanted { from: progress.at, lines: PIECE, size: progress.size };
    let piece = match syncer.files.piece(url, wanted).await {
        Ok(piece) => piece,
        Err(error) => {
            // The next look asks for the address again: this one may have ended.
            syncer.addresses.forget(store);
            return Ok(match error.kind {
                FileErrorKind::Refused => FileStep::because(Found::Unusable, error.message),
                _ => FileStep::because(Found::Broken, error.message),
            });
        }
    };
    let variants = match variants(&piece) {
        Ok(variants) => variants,
        Err(reason) => return Ok(FileStep::because(Found::Unusable, reason)),
    };
    let known = known_codes(syncer, &variants, offices).await?;
    let last = variants.iter().map(|variant| variant.id).max();
    let (at, lines, end) = (piece.at, variants.len() as u64, piece.end);
    let found = Found::Piece { at, lines, last, end };
    let variants = variants_read(variants, &known);
    Ok(FileStep { variants, ..FileStep::of(found) })
}

fn variants(piece: &Piece) -> Result<Vec<Variant>, String> {
    let read = piece.lines.iter().map(|line| decode_bulk_variant(line));
    read.collect::<Result<_, _>>().map_err(|e| e.to_string())
}

/// What an outcome says of a step of the file; nothing where the same step comes again.
pub fn found(step: &Bulk, sent: &Sent) -> Result<Option<FileStep>, Stop> {
    let read = match sent {
        Sent::Answered(answer) => FileStep::deserialize(answer)
            .map_err(|e| Stop::Poison(format!("a step through a file: {e}")))?,
        Sent::Unknown(reason) if matches!(step, Bulk::Ask { .. }) => {
            FileStep::because(Found::Unanswered, reason.as_str())
        }
        // The file stands or is being written all the same: one odd answer does not end it.
        Sent::Refused(reason) if matches!(step, Bulk::Wait { .. } | Bulk::Read { .. }) => {
            FileStep::because(Found::Broken, reason.as_str())
        }
        Sent::Refused(reason) => FileStep::because(Found::Unusable, reason.as_str()),
        Sent::NotApplied { .. } | Sent::Unknown(_) => return Ok(None),
    };
    Ok(Some(read))
}

/// Says once why a step did not find what it looked for.
pub fn log(store: &StoreId, context: &Context, sent: &Sent) {
    let Does::File { step, .. } = &context.does else { return };
    let (job, Ok(Some(read))) = (context.job.as_str(), found(step, sent)) else { return };
    let reason = read.reason.as_str();
    match read.found {
        _ if reason.is_empty() => {}
        Found::Busy | Found::Broken | Found::Absent | Found::Unanswered => {
            info!(%store, job, reason, "a step through a file of variants is made again");
        }
        _ => warn!(code = "LS1002", %store, job, reason, "a file of variants is no use"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_refused_look_is_repeated_and_a_refused_request_is_not() {
        let refused = Sent::Refused("a new kind of error".to_owned());
        let found = |step: &Bulk| found(step, &refused).unwrap().unwrap().found;
        let (attempt, operation, since) = (1, BulkOperationId(5), Timestamp::UNIX_EPOCH);
        let waits = Bulk::Wait { attempt, operation, since, looks: 0, objects: 0, refused: 0 };
        let reads = Bulk::Read { attempt, operation, progress: Progress::default() };
        assert_eq!((found(&waits), found(&reads)), (Found::Broken, Found::Broken));
        assert_eq!(found(&Bulk::Ask { attempt, busy: 0 }), Found::Unusable);
    }
}
