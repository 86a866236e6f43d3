//! The contract over gRPC: the same core, the same answers.

mod door;
mod feed;
mod service;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use lockstep_contracts::backoffice::v1::back_office_service_server::BackOfficeServiceServer;
use lockstep_runtime::http::Bodies;
use tonic::service::Routes;

use crate::config::Config;
use crate::report::Core;
use crate::rest::BODY_BYTES_MAX;
use door::{Door, pass};
use service::Grpc;
pub use status::ERROR_TRAILER;

/// The service of `service.proto`, behind a door that checks tokens and sets memory aside before a
/// message is read, so that a stranger's bytes are never gathered.
pub fn router(core: Arc<Core>, bodies: Bodies, config: &Config) -> Router {
    let service = BackOfficeServiceServer::new(Grpc { core: core.clone() })
        .max_decoding_message_size(BODY_BYTES_MAX);
    let deadline = config.body_deadline + config.call_deadline;
    let door = Arc::new(Door { core, bodies, deadline });
    Routes::new(service).into_axum_router().layer(from_fn_with_state(door, pass))
}
