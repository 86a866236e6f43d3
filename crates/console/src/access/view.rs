//! How a store's access is shown.

use lockstep_ports::{GrantKind, ShutWhy, StoreSecrets};
use serde::Serialize;

/// A store's access to its shop.
#[derive(Serialize)]
pub struct AccessView {
    state: &'static str,
    grant: Option<&'static str>,
    since: Option<String>,
    expires_at: Option<String>,
    authorize_url: Option<String>,
}

impl AccessView {
    /// Where a person approves, when that is what is missing.
    pub fn authorize_url(&self) -> Option<&str> {
        self.authorize_url.as_deref()
    }

    /// What is kept of a store, and where a person approves.
    pub fn new(kept: Option<&StoreSecrets>, authorize_url: Option<String>) -> Self {
        let grant = kept.map(|kept| &kept.grant);
        let shut = grant.and_then(|grant| grant.shut);
        let has_token = kept.is_some_and(|kept| kept.access_token.is_some());
        let state = match shut.map(|shut| shut.why) {
            Some(ShutWhy::Uninstalled) => "uninstalled",
            Some(ShutWhy::RefreshRefused) => "approval_needed",
            None if has_token => "connected",
            None => "approval_needed",
        };
        let since = shut.map(|shut| shut.at).or(grant.and_then(|grant| grant.granted_at));
        Self {
            state,
            grant: grant.filter(|_| has_token || shut.is_some()).map(|grant| match grant.kind {
                GrantKind::Token => "token",
                GrantKind::Approval => "approval",
                GrantKind::ClientCredentials => "client_credentials",
            }),
            since: since.map(|at| at.to_string()),
            expires_at: grant.and_then(|grant| grant.expires_at).map(|at| at.to_string()),
            authorize_url: authorize_url.filter(|_| state != "connected"),
        }
    }
}
