//! What stands before the service: the token, the memory, and words for what is refused below.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Request, Response};
use axum::middleware::Next;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use lockstep_runtime::http::{Bodies, BodyError, Memory};

use super::status::{malformed, status, unexplained};
use crate::fault::{CallFault, Invalid};
use crate::report::Core;
use crate::rest::BODY_BYTES_MAX;

/// What comes before each message of gRPC: a flag, and its length in four bytes.
const PREFIX_BYTES: usize = 5;

/// What the door works with.
pub struct Door {
    /// Who may call.
    pub core: Arc<Core>,
    /// The memory that bodies of both transports share.
    pub bodies: Bodies,
    /// Time for a whole call.
    pub deadline: Duration,
}

/// Lets a call through, or refuses it with code, field and fix.
pub async fn pass(
    State(door): State<Arc<Door>>,
    request: Request<Body>,
    next: Next,
) -> Response<Body> {
    let answering = tokio::time::timeout(door.deadline, door.answer(request, next));
    let answered = answering.await.unwrap_or(Err(CallFault::TooSlow(door.deadline)));
    let refused = match answered {
        Ok(response) => match unexplained(response.headers()) {
            None => return response,
            Some(fault) => fault,
        },
        Err(fault) => fault,
    };
    status(&refused).into_http()
}

impl Door {
    async fn answer(
        &self,
        request: Request<Body>,
        next: Next,
    ) -> Result<Response<Body>, CallFault> {
        let (mut parts, body) = request.into_parts();
        let authorization = parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let backoffice = self.core.tokens.verify(authorization).await?;
        if is_compressed(&parts.headers) {
            return Err(compressed());
        }
        let (body, memory) = self.measure(body).await?;
        parts.extensions.insert(backoffice);
        let response = next.run(Request::from_parts(parts, body)).await;
        // Kept until the call is answered: what was decoded lives as long.
        drop(memory);
        Ok(response)
    }

    /// Sets memory aside for the message whose length is told, before the rest of it is read.
    async fn measure(&self, body: Body) -> Result<(Body, Memory), CallFault> {
        let mut rest = body.into_data_stream();
        let mut first = BytesMut::new();
        while first.len() < PREFIX_BYTES {
            let chunk = rest.next().await.ok_or_else(|| malformed("there is no message"))?;
            first.extend_from_slice(&chunk.map_err(|_| BodyError::BrokenOff)?);
        }
        let length = length(&first).unwrap_or(usize::MAX);
        if length > BODY_BYTES_MAX {
            return Err(CallFault::BodyTooLarge { limit: BODY_BYTES_MAX });
        }
        let whole = PREFIX_BYTES + length;
        let left = whole.checked_sub(first.len()).ok_or_else(|| malformed(ONE_MESSAGE))?;
        let memory = self.bodies.set_aside(length).await?;
        let first = stream::iter([io::Result::Ok(first.freeze())]);
        Ok((Body::from_stream(first.chain(at_most(rest, left))), memory))
    }
}

const ONE_MESSAGE: &str = "there is more than one message";

fn length(prefixed: &[u8]) -> Option<usize> {
    let told: [u8; 4] = prefixed.get(1..PREFIX_BYTES)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(told)).ok()
}

/// The rest of a message, and never more than it said: memory is set aside for that alone.
fn at_most(rest: BodyDataStream, left: usize) -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((rest, left), |(mut rest, left)| async move {
        let Some(chunk) = rest.next().await else { return Ok(None) };
        let chunk = chunk.map_err(io::Error::other)?;
        let left = left.checked_sub(chunk.len()).ok_or_else(|| io::Error::other(ONE_MESSAGE))?;
        Ok(Some((chunk, (rest, left))))
    })
}

fn is_compressed(headers: &HeaderMap) -> bool {
    let encoding = headers.get("grpc-encoding");
    encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn compressed() -> CallFault {
    CallFault::Invalid(Invalid {
        field: "grpc-encoding".to_owned(),
        message: "the message is compressed".to_owned(),
        fix: "send messages without compression".to_owned(),
    })
}
