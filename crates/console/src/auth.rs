//! The bearer token of the first administrator.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::problem::{Code, Problem};
use crate::service::Console;

/// Hash of the token. Hashes have one length, so comparing them tells nothing about the token,
/// not even how long it is.
pub struct AdminToken {
    hash: [u8; 32],
    is_empty: bool,
}

impl AdminToken {
    /// Keeps the hash of a token.
    pub fn new(token: &SecretString) -> Self {
        let hash = Sha256::digest(token.expose_secret()).into();
        Self { hash, is_empty: token.expose_secret().trim().is_empty() }
    }

    /// An empty token opens nothing: it must never be the way in.
    fn opens(&self, given: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        !self.is_empty && bool::from(self.hash.ct_eq(&given))
    }
}

/// Lets through what carries the token.
pub async fn require(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    if given.is_some_and(|token| console.admin_token.opens(token)) {
        return next.run(request).await;
    }
    let detail = match given {
        Some(_) => "the bearer token is wrong",
        None => "the request carries no bearer token",
    };
    let fix = "send the header Authorization: Bearer <ADMIN_TOKEN of this installation>";
    Problem::new(Code::Unauthenticated, "", detail, fix).into_response()
}
