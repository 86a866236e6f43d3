//! Memory is bounded for both transports together, and before a body is read.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use lockstep_backoffice_gateway::Config;
use lockstep_backoffice_gateway::accept::WAITING_REPORTS_MAX;
use lockstep_contracts::backoffice::v1::{ItemError, ReportStockMovementsRequest};
use lockstep_testkit::bus::MemoryBus;
use prost::Message;
use tokio::task::unconstrained;
use tower::ServiceExt;

use crate::store::CutStore;
use crate::world::{MOVEMENTS, World, movement, movements};

const METHOD: &str = "/lockstep.backoffice.v1.BackOfficeService/ReportStockMovements";
const BODY_MAX: usize = 8 * 1024 * 1024;

/// A gateway whose memory is that of one body.
async fn world() -> World {
    let config = Config {
        body_bytes_in_flight_max: BODY_MAX,
        body_deadline: Duration::from_secs(1),
        ..Config::default()
    };
    World::with(config).await
}

fn request(id: &str) -> Bytes {
    let request: ReportStockMovementsRequest =
        serde_json::from_value(movements(&[movement(id, "1")])).expect("a message");
    request.encode_to_vec().into()
}

/// The message behind its length, which may be another than it has.
fn framed(message: &[u8], length: usize) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).expect("a length"));
    frame.put_slice(message);
    frame.freeze()
}

async fn call(world: &World, body: Body) -> Response<Body> {
    let request = Request::post(METHOD)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {}", world.token))
        .body(body)
        .expect("a request");
    world.gateway.grpc().oneshot(request).await.expect("routes are infallible")
}

fn code(response: &Response<Body>) -> Option<&str> {
    response.headers().get("grpc-status").map(|value| value.to_str().expect("digits"))
}

fn message(response: &Response<Body>) -> String {
    let bytes = tonic::Status::from_header_map(response.headers()).expect("a status");
    let trailer = bytes.metadata().get_bin("lockstep-error-bin").expect("the trailer");
    let error = ItemError::decode(trailer.to_bytes().expect("bytes")).expect("an error");
    error.message
}

/// A body that begins with this and never ends.
fn open(begin: Bytes) -> Body {
    let begin = stream::iter([Ok::<_, std::io::Error>(begin)]);
    Body::from_stream(begin.chain(stream::pending()))
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_on_its_way_holds_its_memory_against_both_transports() {
    let world = world().await;
    // It says that it has 8 MB, sends a little and keeps silent: all the memory is set aside.
    let held = call(&world, open(framed(b"x", BODY_MAX)));
    let mut held = Box::pin(held);
    assert!(futures_util::poll!(&mut held).is_pending());
    let good = movements(&[movement("e-1", "1")]);
    let full = world.post_json(MOVEMENTS, &good).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE, "{full:?}");
    assert_eq!(full.body["detail"], "too many bodies are being read");
    let bytes = request("e-2");
    let full = call(&world, framed(&bytes, bytes.len()).into()).await;
    assert_eq!(
        (code(&full), message(&full).as_str()),
        (Some("14"), "too many bodies are being read")
    );
    drop(held);
    let taken = world.post_json(MOVEMENTS, &good).await;
    assert_eq!(taken.fates(), ["ITEM_STATUS_ACCEPTED"]);
    let taken = call(&world, framed(&bytes, bytes.len()).into()).await;
    assert_eq!(code(&taken), None, "its status comes in the trailers");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_in_small_pieces_is_read_and_a_silent_one_ends() {
    let world = world().await;
    let bytes = request("e-1");
    let pieces: Vec<_> = framed(&bytes, bytes.len())
        .chunks(2)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    let taken = call(&world, Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(code(&taken), None);
    assert_eq!(world.published_ids(), ["wms:e-1"]);
    for begin in [Bytes::from_static(&[0, 0]), framed(b"x", 100)] {
        let silent = call(&world, open(begin)).await;
        assert_eq!(code(&silent), Some("4"), "deadline exceeded");
    }
    world.stop().await;
}

#[tokio::test]
async fn more_than_was_said_is_never_gathered() {
    let world = world().await;
    let bytes = request("e-1");
    let doubled = [framed(&bytes, bytes.len()), framed(&bytes, bytes.len())].concat();
    let refused = call(&world, doubled.clone().into()).await;
    assert_eq!(code(&refused), Some("3"), "invalid argument");
    let pieces = doubled.chunks(7).map(|p| Ok::<_, std::io::Error>(Bytes::copy_from_slice(p)));
    let pieces: Vec<_> = pieces.collect();
    let refused = call(&world, Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(code(&refused), Some("3"), "invalid argument");
    assert!(!message(&refused).is_empty());
    assert_eq!(world.published_ids(), Vec::<String>::new());
    world.stop().await;
}

/// What waits is counted in reports: many small calls may wait, and too many reports may not.
#[tokio::test]
async fn waiting_is_bounded_by_reports_not_by_calls() {
    let store = CutStore::default();
    let world = World::over(MemoryBus::new(), Arc::new(store.clone())).await;
    let first = movements(&[movement("first", "1")]);
    assert_eq!(world.post_json(MOVEMENTS, &first).await.fates(), ["ITEM_STATUS_ACCEPTED"]);
    let held = store.hold().await;
    let item = |call: usize, number: usize| movement(&format!("{call}-{number}"), "1");
    let batch =
        |call, size| movements(&(0..size).map(|number| item(call, number)).collect::<Vec<_>>());
    // 600 calls of one report each, and as many reports as then have room.
    let mut sizes = vec![1; 600];
    sizes.extend([1_000; 9]);
    sizes.push(WAITING_REPORTS_MAX - 9_600);
    let batches: Vec<_> = sizes.iter().enumerate().map(|(call, size)| batch(call, *size)).collect();
    let mut waiting = Vec::new();
    for batch in &batches {
        let mut call = Box::pin(unconstrained(world.post_json(MOVEMENTS, batch)));
        assert!(futures_util::poll!(&mut call).is_pending(), "it waits");
        waiting.push(call);
    }
    let refused = world.post_json(MOVEMENTS, &batch(9_999, 1)).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
    assert_eq!(refused.body["detail"], "too many reports of this back office wait");
    drop(held);
    for answer in join_all(waiting).await {
        assert!(answer.fates().iter().all(|fate| *fate == "ITEM_STATUS_ACCEPTED"));
    }
    let taken = world.post_json(MOVEMENTS, &batch(9_999, 1)).await;
    assert_eq!(taken.fates(), ["ITEM_STATUS_ACCEPTED"]);
    world.stop().await;
}
