//! Bearer tokens of back offices: made, shown once, checked, revoked.

pub mod aggregate;
mod cache;
mod questions;
pub mod secret;

use std::sync::Arc;

use jiff::Timestamp;
use lockstep_domain::ids::BackOfficeId;
use lockstep_ports::IdSource;
use lockstep_runtime::{Engine, Origin};
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::fault::CallFault;
use aggregate::{Token, TokenCommand, TokenState};
use cache::Cache;
use secret::{NewSecret, Presented};

const MISSING: CallFault = CallFault::Unauthenticated("the call carries no bearer token");
const MALFORMED: CallFault = CallFault::Unauthenticated("the bearer token is not of Lockstep");
const WRONG: CallFault = CallFault::Unauthenticated("the token is wrong or was revoked");

/// All tokens, behind a small cache.
pub struct Tokens {
    engine: Arc<Engine>,
    ids: Arc<dyn IdSource>,
    cache: Cache,
    new_secret: NewSecret,
    tracker: TaskTracker,
}

impl Tokens {
    /// Tokens that live in the service's database.
    pub fn new(
        engine: Arc<Engine>,
        ids: Arc<dyn IdSource>,
        new_secret: NewSecret,
        tracker: TaskTracker,
    ) -> Arc<Self> {
        Arc::new(Self { engine, ids, cache: Cache::default(), new_secret, tracker })
    }

    /// Whose call it is, by its `authorization` header.
    ///
    /// # Errors
    /// `Unauthenticated`; `Unavailable` when the database is away.
    pub async fn verify(
        self: &Arc<Self>,
        authorization: Option<&str>,
    ) -> Result<BackOfficeId, CallFault> {
        let header = authorization.ok_or(MISSING)?;
        let (scheme, text) = header.split_once(' ').ok_or(MISSING)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(MISSING);
        }
        let presented = Presented::parse(text.trim()).ok_or(MALFORMED)?;
        let now = self.engine.now();
        let state = self.state(presented.id, now).await?.ok_or(WRONG)?;
        let fits = presented.matches(&state.digest);
        let backoffice = state.opens().filter(|_| fits).ok_or(WRONG)?.clone();
        if state.notes_use(now) && self.cache.claims_use(presented.id, now) {
            self.note_use(presented.id.to_owned(), now);
        }
        Ok(backoffice)
    }

    async fn state(&self, id: &str, now: Timestamp) -> Result<Option<Arc<TokenState>>, CallFault> {
        if let Some(state) = self.cache.get(id, now) {
            return Ok(Some(state));
        }
        let generation = self.cache.generation();
        let read = self.engine.read::<Token>(id).await.map_err(|e| {
            warn!(error = e.chain(), "tokens cannot be read");
            CallFault::Unavailable("the token cannot be checked now: the database is away")
        })?;
        let Some(state) = read.map(Arc::new) else { return Ok(None) };
        self.cache.put(id, state.clone(), now, generation);
        Ok(Some(state))
    }

    /// Off the caller's way: whether a use was noted decides nothing.
    fn note_use(self: &Arc<Self>, id: String, at: Timestamp) {
        let engine = self.engine.clone();
        self.tracker.spawn(async move {
            let cause = format!("use:{id}");
            let noted = engine
                .transact(Origin::new(cause, None), &[], |work| {
                    work.execute::<Token>(&id, &TokenCommand::NoteUse { at })
                })
                .await;
            if let Err(e) = noted {
                warn!(token.id = id, error = e.chain(), "use of a token is not noted");
            }
        });
    }
}
