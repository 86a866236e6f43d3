//! What the console asks: make, revoke and list tokens.

use std::sync::Arc;

use lockstep_contracts::backoffice::v1::{
    IssueTokenRequest, IssueTokenResponse, ListTokensRequest, ListTokensResponse,
    RevokeTokenRequest, RevokeTokenResponse, TokenInfo,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::ids::BackOfficeId;
use lockstep_ports::{Ask, ErrorKind, PortError};
use lockstep_runtime::{EngineError, Lifecycle, Origin, serve_request, telemetry};
use tracing::info;

use super::Tokens;
use super::aggregate::{Token, TokenCommand, TokenRejection, TokenState};
use super::secret::{compose, id_prefix, token_id};

/// Tokens in one answer.
const LISTED_MAX: usize = 200;
/// Aggregates read at once while listing.
const PAGE: u32 = 200;
/// Pages read for one answer; revoked tokens lie between the live ones.
const PAGES_MAX: usize = 50;
/// Characters of a label.
const LABEL_CHARS_MAX: usize = 100;

impl Tokens {
    /// Answers the console's questions until the process stops.
    pub fn serve(self: &Arc<Self>, ask: &Arc<dyn Ask>, group: &'static str, life: &Lifecycle) {
        let tokens = self.clone();
        let issue = move |request: IssueTokenRequest| {
            let tokens = tokens.clone();
            async move { tokens.issue(request).await }
        };
        let subject = IssueTokenRequest::subject();
        serve_request(ask.clone(), subject, group, issue, life);
        let tokens = self.clone();
        let revoke = move |request: RevokeTokenRequest| {
            let tokens = tokens.clone();
            async move { tokens.revoke(request).await }
        };
        let subject = RevokeTokenRequest::subject();
        serve_request(ask.clone(), subject, group, revoke, life);
        let tokens = self.clone();
        let list = move |request: ListTokensRequest| {
            let tokens = tokens.clone();
            async move { tokens.list(request).await }
        };
        let subject = ListTokensRequest::subject();
        serve_request(ask.clone(), subject, group, list, life);
    }

    /// Makes a token. The same request id again renews the secret of the same token.
    ///
    /// # Errors
    /// `Permanent` for a wrong back office id, a label that is too long, or a revoked token.
    pub async fn issue(&self, request: IssueTokenRequest) -> Result<IssueTokenResponse, PortError> {
        let backoffice = backoffice(request.backoffice)?;
        if request.label.chars().nth(LABEL_CHARS_MAX).is_some() {
            return Err(refused(format!("a label has at most {LABEL_CHARS_MAX} characters")));
        }
        let id = match request.request_id.as_str() {
            "" => token_id(&backoffice, &self.ids.next_id().to_string()),
            asked => token_id(&backoffice, asked),
        };
        let bits = (self.new_secret)()
            .map_err(|e| PortError::new(ErrorKind::Transient, "make a token", e))?;
        let (text, digest) = compose(&id, bits);
        let (label, at) = (request.label, self.engine.now());
        let command = TokenCommand::Issue { backoffice: backoffice.clone(), label, digest, at };
        self.execute(&id, &command).await?.map_err(|e| refused(e.to_string()))?;
        info!(backoffice.id = backoffice.as_str(), token.id = id, "token issued");
        Ok(IssueTokenResponse { token_id: id, token: text })
    }

    /// Makes a token invalid, in this process at once, in others within seconds.
    ///
    /// # Errors
    /// `Permanent` for a wrong back office id.
    pub async fn revoke(
        &self,
        request: RevokeTokenRequest,
    ) -> Result<RevokeTokenResponse, PortError> {
        let backoffice = backoffice(request.backoffice)?;
        let id = request.token_id;
        if !id.starts_with(&id_prefix(&backoffice)) {
            return Ok(RevokeTokenResponse { revoked: false });
        }
        let command = TokenCommand::Revoke { at: self.engine.now() };
        let revoked = self.execute(&id, &command).await?.is_ok();
        if revoked {
            info!(backoffice.id = backoffice.as_str(), token.id = id, "token revoked");
        }
        Ok(RevokeTokenResponse { revoked })
    }

    /// Tokens that open calls now.
    ///
    /// # Errors
    /// `Permanent` for a wrong back office id.
    pub async fn list(&self, request: ListTokensRequest) -> Result<ListTokensResponse, PortError> {
        let prefix = id_prefix(&backoffice(request.backoffice)?);
        let mut tokens = Vec::new();
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let page = self.engine.scan::<Token>(&prefix, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            let is_last = page.len() < PAGE as usize;
            tokens.extend(page.into_iter().filter(|(_, t)| t.opens().is_some()).map(token_info));
            if is_last || tokens.len() >= LISTED_MAX {
                break;
            }
        }
        tokens.truncate(LISTED_MAX);
        Ok(ListTokensResponse { tokens })
    }

    async fn execute(
        &self,
        id: &str,
        command: &TokenCommand,
    ) -> Result<Result<(), TokenRejection>, PortError> {
        let cause = format!("token:{id}");
        let decided = self
            .engine
            .transact(Origin::new(cause, telemetry::current_context()), &[], |work| {
                work.execute::<Token>(id, command)
            })
            .await;
        // Whatever became of it, nobody may go on believing what was read before.
        self.cache.forget(id);
        match decided {
            Ok(decided) => Ok(decided.map(drop)),
            Err(EngineError::Port(e)) => Err(e),
            Err(e) => Err(refused(e.chain())),
        }
    }
}

fn token_info((token_id, state): (String, TokenState)) -> TokenInfo {
    TokenInfo {
        token_id,
        label: state.label,
        issued_at: state.issued_at.map(to_proto),
        last_used_at: state.last_used_at.map(to_proto),
    }
}

fn backoffice(id: String) -> Result<BackOfficeId, PortError> {
    BackOfficeId::try_new(id).map_err(|e| refused(e.to_string()))
}

fn refused(why: String) -> PortError {
    PortError::plain(ErrorKind::Permanent, why)
}
