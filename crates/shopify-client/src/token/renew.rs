//! Renewal of tokens: one renewer over all replicas, the new pair kept before it is used.
//!
//! What is sent follows from what is kept alone, so whoever finds a renewal broken off repeats the
//! same request word for word, and Shopify answers it the same. The lease only keeps two from
//! asking at once; what makes it right is the compare-and-set on what is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{
    AppKeys, Clock, ErrorKind, Grant, GrantErrorKind, GrantKind, GrantRequest, Granted, Kv,
    KvLeases, PortError, Sealer, ShopifyGrants, ShutWhy, StoreSecrets,
};
use secrecy::SecretString;
use tracing::{error, info, warn};

use crate::oauth::GRANT_TIME_MAX;
use crate::token::due::{Need, need};
use crate::token::refused;

/// A lease outlives the longest request, with room for keeping its answer.
const LEASE: Duration = Duration::from_secs(GRANT_TIME_MAX.as_secs() + 30);
/// A renewal that failed while the token still opens is tried again after this.
const TRY_AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// What another replica does is looked at this often ..
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// .. and so often: 10 s, then the call waits in its own lane.
const LOOKS_MAX: usize = 40;
/// Attempts at keeping a new pair, a moment apart.
const SAVES_MAX: usize = 10;

/// What renewal works with.
pub struct Renewal {
    /// Asks for tokens.
    pub grants: Arc<dyn ShopifyGrants>,
    /// The process's app; `None` when the process has none.
    pub app: Option<AppKeys>,
    /// Leases of all replicas.
    pub leases: KvLeases,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long before its end a token is renewed.
    pub ahead: SignedDuration,
}

/// What the renewals of a process remember.
#[derive(Default)]
pub struct Memory {
    /// Until when a renewal that failed is left alone.
    rest: HashMap<StoreId, Timestamp>,
    /// Tokens that Shopify refused before their end.
    suspects: HashMap<StoreId, String>,
    /// Pairs that could not be kept, each with the refresh token that it replaces.
    unkept: HashMap<StoreId, (Option<String>, Granted)>,
}

/// Renews the tokens of stores.
pub struct Renewer {
    kv: Arc<dyn Kv>,
    sealer: Arc<dyn Sealer>,
    parts: Renewal,
    memory: Mutex<Memory>,
}

impl Renewer {
    /// A renewer over the bucket of secrets.
    pub fn new(kv: Arc<dyn Kv>, sealer: Arc<dyn Sealer>, parts: Renewal) -> Self {
        Self { kv, sealer, parts, memory: Mutex::default() }
    }

    /// Notes that Shopify no longer takes a token: it is renewed before it is used again.
    pub fn suspect(&self, store: &StoreId, token: &str) {
        self.memory().suspects.insert(store.clone(), token.to_owned());
    }

    /// The secrets as they may be used now.
    ///
    /// # Errors
    /// `Permanent` when a person must approve anew, `Transient` when nobody could be asked.
    pub async fn fresh(
        &self,
        store: &StoreId,
        present: StoreSecrets,
    ) -> Result<StoreSecrets, PortError> {
        match self.need(store, &present) {
            Need::Nothing => Ok(present),
            Need::Ended => Err(refused(format!("the token of {store} has ended"))),
            Need::Soon => Ok(self.renew_ahead(store).await.unwrap_or(present)),
            Need::Now => self.renew_or_wait(store).await,
        }
    }

    fn need(&self, store: &StoreId, present: &StoreSecrets) -> Need {
        let now = self.parts.clock.now();
        let token = present.access_token.as_deref();
        let needs = need(&present.grant, token.is_some(), now, self.parts.ahead);
        let memory = self.memory();
        let is_suspect = token.is_some_and(|t| memory.suspects.get(store).is_some_and(|s| s == t));
        match needs {
            // Only what can be renewed is: of another token its refusal says all.
            Need::Nothing if is_suspect && renews(&present.grant) => Need::Now,
            Need::Soon if is_suspect => Need::Now,
            needs => needs,
        }
    }

    /// The token still opens: a failure may wait, and so may another replica.
    async fn renew_ahead(&self, store: &StoreId) -> Option<StoreSecrets> {
        let now = self.parts.clock.now();
        if self.memory().rest.get(store).is_some_and(|until| *until > now) {
            return None;
        }
        match self.renew(store).await {
            Ok(renewed) => renewed,
            Err(failed) => {
                let why = failed.chain();
                warn!(store.id = %store, why, "the token is not renewed yet, and still opens");
                let until = now.checked_add(TRY_AGAIN).unwrap_or(Timestamp::MAX);
                self.memory().rest.insert(store.clone(), until);
                None
            }
        }
    }

    async fn renew_or_wait(&self, store: &StoreId) -> Result<StoreSecrets, PortError> {
        for _ in 0..LOOKS_MAX {
            if let Some(renewed) = self.renew(store).await? {
                return Ok(renewed);
            }
            let until = self.parts.clock.now().checked_add(LOOK_EVERY);
            self.parts.clock.sleep_until(until.unwrap_or(Timestamp::MAX)).await;
            // What another replica renewed is used.
            let (present, _) = self.load(store).await?;
            if self.need(store, &present) == Need::Nothing {
                return Ok(present);
            }
        }
        let what = format!("another process renews the token of {store}");
        Err(PortError::plain(ErrorKind::Transient, what))
    }

    /// Renews under the lease; `None` while another replica holds it.
    async fn renew(&self, store: &StoreId) -> Result<Option<StoreSecrets>, PortError> {
        let Some(lease) = self.parts.leases.take(&StoreSecrets::lease_key(store), LEASE).await?
        else {
            return Ok(None);
        };
        let renewed = self.renew_alone(store).await;
        if let Err(failed) = self.parts.leases.release(lease).await {
            warn!(store.id = %store, why = failed.chain(), "a lease ends by itself");
        }
        renewed.map(Some)
    }

    async fn renew_alone(&self, store: &StoreId) -> Result<StoreSecrets, PortError> {
        let (present, _) = self.load(store).await?;
        if let Some(shut) = present.grant.shut {
            return Err(is_shut(store, shut.why));
        }
        if self.need(store, &present) == Need::Nothing {
            return Ok(present);
        }
        let used = present.grant.refresh_token.clone();
        let granted = match self.unkept(store, used.as_deref()) {
            Some(granted) => granted,
            None => match self.ask(&present).await {
                Ok(granted) => granted,
                Err(failed) if failed.kind == GrantErrorKind::Refused => {
                    return self.refused(store, used.as_deref(), &failed.message).await;
                }
                Err(failed) => {
                    let kind = match failed.kind {
                        GrantErrorKind::App => ErrorKind::Permanent,
                        _ => ErrorKind::Transient,
                    };
                    let what = format!("the token of {store} cannot be renewed: {failed}");
                    return Err(PortError::plain(kind, what));
                }
            },
        };
        self.keep(store, used, granted).await
    }

    async fn ask(&self, present: &StoreSecrets) -> Result<Granted, lockstep_ports::GrantError> {
        let request = match (&present.grant.refresh_token, present.grant.kind) {
            (Some(token), GrantKind::Approval) => GrantRequest::Refresh(token.clone().into()),
            _ => GrantRequest::ClientCredentials,
        };
        let app = app_of(self.parts.app.as_ref(), present).ok_or_else(|| {
            let message = "LOCKSTEP_SHOPIFY_API_KEY is not set".to_owned();
            lockstep_ports::GrantError { kind: GrantErrorKind::App, message }
        })?;
        self.parts.grants.grant(&present.shop_domain, &app, &request).await
    }

    /// Keeps a new pair before anybody uses it. What somebody else wrote meanwhile and does not
    /// concern the pair stays; another pair, or none, is theirs and counts.
    async fn keep(
        &self,
        store: &StoreId,
        used: Option<String>,
        granted: Granted,
    ) -> Result<StoreSecrets, PortError> {
        let mut why = String::new();
        for _ in 0..SAVES_MAX {
            match self.keep_once(store, used.as_deref(), &granted).await {
                Ok(Some(kept)) => {
                    self.memory().suspects.remove(store);
                    info!(store.id = %store, grant = ?kept.grant, "the token is renewed");
                    return Ok(kept);
                }
                Ok(None) => {}
                Err(failed) if failed.kind == ErrorKind::Permanent => return Err(failed),
                Err(failed) => {
                    why = failed.chain();
                    let until = self.parts.clock.now().checked_add(LOOK_EVERY);
                    self.parts.clock.sleep_until(until.unwrap_or(Timestamp::MAX)).await;
                }
            }
        }
        self.memory().unkept.insert(store.clone(), (used, granted));
        let what = format!("the renewed token of {store} cannot be kept yet: {why}");
        Err(PortError::plain(ErrorKind::Transient, what))
    }

    async fn keep_once(
        &self,
        store: &StoreId,
        used: Option<&str>,
        granted: &Granted,
    ) -> Result<Option<StoreSecrets>, PortError> {
        let (mut present, revision) = self.load(store).await?;
        let is_other = present.grant.refresh_token.as_deref() != used;
        if is_other || present.grant.shut.is_some() {
            return Ok(Some(present));
        }
        present.take_in(present.grant.kind, granted, self.parts.clock.now());
        match present.save(&*self.kv, &*self.sealer, store, revision).await {
            Ok(_) => Ok(Some(present)),
            Err(failed) if failed.kind == ErrorKind::Conflict => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    /// Shopify no longer renews it: somebody else did meanwhile, or a person must approve anew.
    async fn refused(
        &self,
        store: &StoreId,
        used: Option<&str>,
        words: &str,
    ) -> Result<StoreSecrets, PortError> {
        for _ in 0..SAVES_MAX {
            let (mut present, revision) = self.load(store).await?;
            if present.grant.refresh_token.as_deref() != used {
                return Ok(present);
            }
            present.shut(ShutWhy::RefreshRefused, self.parts.clock.now());
            match present.save(&*self.kv, &*self.sealer, store, revision).await {
                Ok(_) => {
                    let code = "LS0502";
                    error!(code, store.id = %store, words, "the store must be approved again");
                    break;
                }
                Err(failed) if failed.kind == ErrorKind::Conflict => {}
                Err(failed) => return Err(failed),
            }
        }
        Err(is_shut(store, ShutWhy::RefreshRefused))
    }

    async fn load(&self, store: &StoreId) -> Result<(StoreSecrets, u64), PortError> {
        let found = StoreSecrets::load(&*self.kv, &*self.sealer, store).await?;
        found.ok_or_else(|| refused(format!("the store {store} has no access token")))
    }

    fn unkept(&self, store: &StoreId, used: Option<&str>) -> Option<Granted> {
        let (replaces, granted) = self.memory().unkept.remove(store)?;
        (replaces.as_deref() == used).then_some(granted)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn renews(grant: &Grant) -> bool {
    grant.refresh_token.is_some() || grant.kind == GrantKind::ClientCredentials
}

/// The app that a store's token belongs to: its own, or the process's.
fn app_of(process: Option<&AppKeys>, secrets: &StoreSecrets) -> Option<AppKeys> {
    let own = secrets.api_secret.clone().map(SecretString::from);
    match (&secrets.grant.api_key, own, process) {
        (Some(api_key), Some(own), _) => {
            Some(AppKeys { api_key: api_key.clone(), api_secrets: vec![own] })
        }
        (_, _, process) => process.cloned(),
    }
}

/// The store's work waits until a person has approved the app anew.
pub fn is_shut(store: &StoreId, why: ShutWhy) -> PortError {
    let what = match why {
        ShutWhy::Uninstalled => format!("the app was uninstalled from {store}; approve it again"),
        ShutWhy::RefreshRefused => {
            format!("Shopify no longer renews the token of {store}; approve the app again")
        }
    };
    refused(what)
}
