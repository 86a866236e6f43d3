//! Messages that cannot be processed: opened with a reason, listed, tried again or dismissed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lockstep_contracts::operations::v1::{
    CloseDeadLetterRequest, CloseDeadLetterResponse, CloseOutcome, DeadLetter, DeadLetterOpened,
    GetDeadLetterRequest, GetDeadLetterResponse, ListDeadLettersRequest, ListDeadLettersResponse,
};
use lockstep_contracts::time::to_proto;
use lockstep_ports::{DeadLetterHead, DeadLetterRow, Delivered, ErrorKind, PortError};
use uuid::Uuid;

use crate::engine::{Engine, EngineError, Session};
use crate::inbound::{Inbound, Kept};
use crate::processor::{Processor, port_error};
use crate::work::About;

/// Sealed bytes in an event; the broker takes 1 MiB by default.
const EVENT_BODY_MAX: usize = 256 * 1024;
/// Letters in one list.
const LIST_MAX: u32 = 200;

/// A letter about a message, its content sealed.
pub(crate) fn letter(
    engine: &Engine,
    delivered: &Delivered,
    message: Option<&Inbound>,
    reason: String,
) -> Result<DeadLetterRow, PortError> {
    let id = engine.parts.ids.next_id();
    let body = STANDARD.encode(&delivered.body);
    let kept = Kept { headers: delivered.headers.clone(), body };
    let plain = serde_json::to_vec(&kept)
        .map_err(|e| PortError::new(ErrorKind::Permanent, "encode a dead letter", e))?;
    let sealed = engine.parts.sealer.seal(&id.to_string(), &plain)?;
    let metadata = message.map(|m| &m.metadata);
    Ok(DeadLetterRow {
        id,
        stream: delivered.stream,
        stream_sequence: delivered.sequence,
        subject: delivered.subject.clone(),
        message_type: metadata.map(|m| m.event_type.clone()).unwrap_or_default(),
        message_id: metadata.map(|m| m.id.clone()).unwrap_or_default(),
        sealed: Bytes::from(sealed),
        reason,
        attempts: u32::try_from(delivered.attempt).unwrap_or(u32::MAX),
        state: "open".to_owned(),
        opened_at: engine.now(),
    })
}

/// Opens letters in the transaction that gives their messages up, and tells the stream `DEAD`.
pub(crate) async fn open(
    session: &mut Session<'_>,
    letters: &[DeadLetterRow],
) -> Result<(), PortError> {
    if letters.is_empty() {
        return Ok(());
    }
    session.tx.open_dead_letters(letters).await?;
    for row in letters {
        let event = DeadLetterOpened {
            id: row.id.to_string(),
            service: session.service().to_owned(),
            stream: row.stream.name().to_owned(),
            stream_sequence: row.stream_sequence,
            subject: row.subject.clone(),
            message_type: row.message_type.clone(),
            message_id: row.message_id.clone(),
            reason: row.reason.clone(),
            attempts: row.attempts,
            sealed_body: sealed_for_event(row),
            opened_at: Some(to_proto(row.opened_at)),
        };
        let id = format!("dead:{}", row.id);
        let subject = DeadLetterOpened::subject(session.service());
        session.work.set_cause(&row.message_id, None);
        let aggregate = row.id.to_string();
        let about = About { aggregate: &aggregate, sequence: None };
        session.work.publish_as(id, &event, subject, about);
    }
    Ok(())
}

/// The stream takes no message beyond the broker's limit: a large body stays in the database only.
fn sealed_for_event(row: &DeadLetterRow) -> Bytes {
    if row.sealed.len() > EVENT_BODY_MAX { Bytes::new() } else { row.sealed.clone() }
}

/// Letters of the service, newest first, from behind the one that the request names.
pub async fn list(
    engine: &Engine,
    request: &ListDeadLettersRequest,
) -> Result<ListDeadLettersResponse, PortError> {
    let limit = request.limit.clamp(1, LIST_MAX);
    let after = match request.after.as_str() {
        "" => None,
        // Nothing stands behind what is no letter.
        id => match id.parse::<Uuid>() {
            Ok(id) => Some(id),
            Err(_) => return Ok(ListDeadLettersResponse::default()),
        },
    };
    let rows = engine.store().dead_letters(request.include_closed, after, limit).await?;
    let letters = rows.into_iter().map(|row| view(engine, row)).collect();
    Ok(ListDeadLettersResponse { letters })
}

/// One letter, open or closed.
pub async fn get(
    engine: &Engine,
    request: &GetDeadLetterRequest,
) -> Result<GetDeadLetterResponse, PortError> {
    let Ok(id) = request.id.parse::<Uuid>() else { return Ok(GetDeadLetterResponse::default()) };
    let row = engine.store().dead_letter(id).await?;
    let head = row.map(|row| DeadLetterHead {
        id: row.id,
        stream: row.stream,
        stream_sequence: row.stream_sequence,
        subject: row.subject,
        message_type: row.message_type,
        message_id: row.message_id,
        reason: row.reason,
        attempts: row.attempts,
        state: row.state,
        opened_at: row.opened_at,
    });
    Ok(GetDeadLetterResponse { letter: head.map(|head| view(engine, head)) })
}

fn view(engine: &Engine, head: DeadLetterHead) -> DeadLetter {
    DeadLetter {
        id: head.id.to_string(),
        service: engine.service().to_owned(),
        stream: head.stream.name().to_owned(),
        stream_sequence: head.stream_sequence,
        message_type: head.message_type,
        message_id: head.message_id,
        reason: head.reason,
        attempts: head.attempts,
        state: head.state,
        opened_at: Some(to_proto(head.opened_at)),
    }
}

/// Closes a letter: decides its message again in the same transaction, or dismisses it.
pub async fn close(
    engine: &Arc<Engine>,
    processor: Option<&dyn Processor>,
    request: &CloseDeadLetterRequest,
) -> Result<CloseDeadLetterResponse, PortError> {
    let Ok(id) = request.id.parse::<Uuid>() else {
        return Ok(answer(CloseOutcome::NotFound, String::new()));
    };
    let mut session = engine.begin().await.map_err(port_error)?;
    let Some(row) = session.tx.dead_letter(id).await? else {
        return Ok(answer(CloseOutcome::NotFound, String::new()));
    };
    if !request.retry {
        session.tx.set_dead_letter(id, "dismissed", &row.reason, row.attempts).await?;
        session.commit().await.map_err(port_error)?;
        return Ok(answer(CloseOutcome::Closed, String::new()));
    }
    let decided = decide_again(engine, processor, &mut session, &row).await;
    match decided {
        Ok(refused) => {
            let attempts = row.attempts.saturating_add(1);
            // What could be taken now is; the letter stands for the rest.
            let state = if refused.is_none() { "retried" } else { "open" };
            let reason = refused.as_ref().unwrap_or(&row.reason);
            session.tx.set_dead_letter(id, state, reason, attempts).await?;
            let rows = session.commit().await.map_err(port_error)?;
            engine.publish(rows).await;
            Ok(match refused {
                None => answer(CloseOutcome::Closed, String::new()),
                Some(reason) => answer(CloseOutcome::FailedAgain, reason),
            })
        }
        Err(e) if e.is_permanent() => {
            // Its transaction holds the letter's lock and must be gone first.
            drop(session);
            failed_again(engine, &row, e.chain()).await
        }
        Err(e) => Err(port_error(e)),
    }
}

/// Gives why a part of the message is refused again, if one is.
async fn decide_again(
    engine: &Engine,
    processor: Option<&dyn Processor>,
    session: &mut Session<'_>,
    row: &DeadLetterRow,
) -> Result<Option<String>, EngineError> {
    let plain = engine.parts.sealer.open(&row.id.to_string(), &row.sealed)?;
    let kept: Kept = serde_json::from_slice(&plain)
        .map_err(|e| PortError::new(ErrorKind::Permanent, "decode a dead letter", e))?;
    let body = STANDARD
        .decode(&kept.body)
        .map_err(|e| PortError::new(ErrorKind::Permanent, "decode a dead letter", e))?;
    let delivered = Delivered {
        stream: row.stream,
        sequence: row.stream_sequence,
        subject: row.subject.clone(),
        headers: kept.headers,
        body: Bytes::from(body),
        attempt: u64::from(row.attempts) + 1,
        ack_subject: String::new(),
    };
    let message = Inbound::try_new(&delivered).map_err(EngineError::Poison)?;
    let Some(processor) = processor else {
        return Err(EngineError::Poison("this service takes no messages".to_owned()));
    };
    session.work.set_cause(&message.metadata.id, message.metadata.trace.clone());
    session.run(|work| processor.apply(&message, work)).await?;
    Ok(session.work.take_refused())
}

/// The letter stays open under its new reason; what the retry had begun is dropped.
async fn failed_again(
    engine: &Engine,
    row: &DeadLetterRow,
    reason: String,
) -> Result<CloseDeadLetterResponse, PortError> {
    let mut session = engine.begin().await.map_err(port_error)?;
    if session.tx.dead_letter(row.id).await?.is_some() {
        let attempts = row.attempts.saturating_add(1);
        session.tx.set_dead_letter(row.id, "open", &reason, attempts).await?;
        session.commit().await.map_err(port_error)?;
    }
    Ok(answer(CloseOutcome::FailedAgain, reason))
}

fn answer(outcome: CloseOutcome, reason: String) -> CloseDeadLetterResponse {
    CloseDeadLetterResponse { outcome: outcome.into(), reason }
}
