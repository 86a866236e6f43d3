//! What the transport itself refuses carries code, field and fix like any other refusal.

use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use lockstep_backoffice_gateway::grpc::ERROR_TRAILER;
use lockstep_contracts::backoffice::v1::{ErrorCode, ItemError};
use prost::Message;
use tonic::{Code, Status};
use tower::ServiceExt;

use crate::world::World;

const SERVICE: &str = "/lockstep.backoffice.v1.BackOfficeService";

/// A frame that says how many bytes follow.
fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("a length").to_be_bytes();
    [&[0], length.as_slice(), message].concat().into()
}

fn call(path: &str, token: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {token}"))
        .body(body.into())
        .expect("a request")
}

fn refusal(response: &Response<Body>) -> (Code, ItemError) {
    let status = Status::from_header_map(response.headers()).expect("a refusal");
    let trailer = status.metadata().get_bin(ERROR_TRAILER).expect("the trailer");
    let error = ItemError::decode(trailer.to_bytes().expect("bytes")).expect("an error");
    (status.code(), error)
}

#[tokio::test]
async fn each_refusal_of_the_transport_has_code_field_and_fix() {
    use ErrorCode::{TooLarge, Unauthenticated, Validation};
    let world = World::start().await;
    let movements = format!("{SERVICE}/ReportStockMovements");
    let shipment = format!("{SERVICE}/ReportShipment");
    let token = world.token.as_str();
    // Only the beginning of 50 MB: they are refused before the rest is read.
    let huge = Bytes::from([&[0_u8], 52_428_800_u32.to_be_bytes().as_slice(), b"xx"].concat());
    let mut compressed = call(&movements, token, framed(b""));
    compressed.headers_mut().insert("grpc-encoding", "gzip".parse().expect("a header"));
    let mut nameless = call(&movements, token, framed(b""));
    nameless.headers_mut().remove("authorization");
    let rows = [
        ("50 MB", call(&movements, token, huge), Code::ResourceExhausted, TooLarge, ""),
        (
            "no protobuf",
            call(&movements, token, framed(b"\xff\xff\xff")),
            Code::InvalidArgument,
            Validation,
            "",
        ),
        (
            "no protobuf, one report",
            call(&shipment, token, framed(b"\x0a\x05ab")),
            Code::InvalidArgument,
            Validation,
            "",
        ),
        (
            "text that is no UTF-8",
            call(&shipment, token, framed(b"\x0a\x03\x0a\x01\xff")),
            Code::InvalidArgument,
            Validation,
            "",
        ),
        ("nothing", call(&movements, token, Body::empty()), Code::InvalidArgument, Validation, ""),
        (
            "cut off",
            call(&movements, token, framed(b"0123456789").slice(..9)),
            Code::InvalidArgument,
            Validation,
            "",
        ),
        ("compressed", compressed, Code::InvalidArgument, Validation, "grpc-encoding"),
        (
            "unknown method",
            call(&format!("{SERVICE}/ReportWeather"), token, framed(b"")),
            Code::Unimplemented,
            Validation,
            "path",
        ),
        (
            "unknown service",
            call("/grpc.health.v1.Health/Check", token, framed(b"")),
            Code::Unimplemented,
            Validation,
            "path",
        ),
        ("no token", nameless, Code::Unauthenticated, Unauthenticated, "authorization"),
        (
            "a wrong token",
            call(&movements, "wrong", framed(b"")),
            Code::Unauthenticated,
            Unauthenticated,
            "authorization",
        ),
        (
            "no report",
            call(&shipment, token, framed(b"")),
            Code::InvalidArgument,
            Validation,
            "shipment",
        ),
        (
            "an empty report",
            call(&shipment, token, framed(b"\x0a\x00")),
            Code::InvalidArgument,
            Validation,
            "shipment.shipment_id",
        ),
    ];
    for (what, request, status, code, field) in rows {
        let response = world.gateway.grpc().oneshot(request).await.expect("infallible");
        let (found, error) = refusal(&response);
        assert_eq!(found, status, "{what}: {error:?}");
        assert_eq!((error.code(), error.field.as_str()), (code, field), "{what}: {error:?}");
        assert!(!error.message.is_empty() && !error.fix.is_empty(), "{what}: {error:?}");
    }
    assert_eq!(world.published_ids(), Vec::<String>::new(), "nothing was taken");
    world.stop().await;
}
