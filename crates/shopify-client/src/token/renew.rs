//! Renewal of tokens: one renewer over all replicas, the new pair kept before it is used.
//!
//! What is sent follows from what is kept alone, so whoever finds a renewal broken off repeats the
//! same request word for word, and Shopify answers it the same. The lease only keeps two from
//! asking at once; what makes it right is the compare-and-set on what is kept. A renewal that began
//! runs to its end, in a task of the process: between Shopify's answer and its keeping the new pair
//! is nowhere else, and whoever wanted it may stop waiting. A process that stops gives it the time
//! that it has, and then tries once more to keep what could not be kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{
    AppKeys, Clock, ErrorKind, Grant, GrantError, GrantErrorKind, GrantKind, GrantRequest, Granted,
    Kv, KvLeases, PortError, SECRETS_BUCKET, Sealer, ShopifyGrants, ShutWhy, StoreSecrets,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, error, info, warn};

use crate::oauth::GRANT_TIME_MAX;
use crate::token::due::{Need, need};
use crate::token::pair::{Kept, Pair, Replaces};
use crate::token::refused;

/// A lease outlives the longest request, with room for keeping its answer.
const LEASE: Duration = Duration::from_secs(GRANT_TIME_MAX.as_secs() + 30);
/// What failed or is somebody else's turn while the token still opens is tried again after this.
const TRY_AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// What another replica does is looked at this often, and the bucket this long after a failure.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A call that needs a new token waits for it this long, then in its own lane.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Times that a refusal is written anew because somebody else wrote first.
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
    /// Takes in the tasks that renew: a stop of the process waits for them.
    pub tasks: TaskTracker,
}

/// What the renewals of a process remember.
#[derive(Default)]
pub struct Memory {
    /// Until when a token that still opens is left alone: it is being renewed, or that failed.
    rest: HashMap<StoreId, Timestamp>,
    /// Tokens that Shopify refused before their end.
    suspects: HashMap<StoreId, String>,
    /// Pairs that are not kept yet.
    unkept: HashMap<StoreId, Pair>,
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

    /// Whether this process was given a pair that takes the place of what is kept.
    pub fn holds_pair(&self, store: &StoreId, present: &StoreSecrets) -> bool {
        self.memory().unkept.get(store).is_some_and(|pair| pair.replaces.stands(present))
    }

    /// A person approved the app: the pair takes the place of what was kept before, as soon as that
    /// can be done.
    pub fn hold(&self, store: &StoreId, before: &StoreSecrets, granted: Granted) {
        let pair = Pair { replaces: Replaces::of(before), kind: GrantKind::Approval, granted };
        self.memory().unkept.insert(store.clone(), pair);
    }

    /// A pair is kept.
    pub fn let_go(&self, store: &StoreId, granted: &Granted) {
        let token = granted.access_token.expose_secret();
        let is_same = |pair: &Pair| pair.granted.access_token.expose_secret() == token;
        let mut memory = self.memory();
        if memory.unkept.get(store).is_some_and(is_same) {
            memory.unkept.remove(store);
        }
    }

    /// The secrets as they may be used now. Nobody waits as long as the present token opens.
    ///
    /// # Errors
    /// `Permanent` when a person must approve anew, `Transient` when nobody could be asked.
    pub async fn fresh(
        self: &Arc<Self>,
        store: &StoreId,
        present: StoreSecrets,
    ) -> Result<StoreSecrets, PortError> {
        match self.need(store, &present) {
            Need::Nothing => Ok(present),
            Need::Ended => Err(refused(format!("the token of {store} has ended"))),
            Need::Soon => {
                self.renew_ahead(store);
                Ok(present)
            }
            Need::Now => tokio::select! {
                biased;
                renewed = self.renew_or_wait(store) => renewed,
                () = self.sleep(WAIT_MAX) => {
                    let what = format!("the token of {store} is being renewed");
                    Err(PortError::plain(ErrorKind::Transient, what))
                }
            },
        }
    }

    fn need(&self, store: &StoreId, present: &StoreSecrets) -> Need {
        let now = self.parts.clock.now();
        let token = present.access_token.as_deref();
        let needs = need(&present.grant, token.is_some(), now, self.parts.ahead);
        let memory = self.memory();
        let waits = memory.unkept.get(store).is_some_and(|pair| pair.replaces.stands(present));
        let is_suspect = token.is_some_and(|t| memory.suspects.get(store).is_some_and(|s| s == t));
        match needs {
            // Only what can be renewed is: of another token its refusal says all.
            Need::Nothing if is_suspect && renews(&present.grant) => Need::Now,
            Need::Soon if is_suspect => Need::Now,
            // What opens now is used until the new pair is kept.
            Need::Nothing if waits => Need::Soon,
            Need::Ended if waits => Need::Now,
            needs => needs,
        }
    }

    /// Renews what still opens, one at a time.
    fn renew_ahead(self: &Arc<Self>, store: &StoreId) {
        let now = self.parts.clock.now();
        {
            let mut memory = self.memory();
            if memory.rest.get(store).is_some_and(|until| *until > now) {
                return;
            }
            let until = SignedDuration::try_from(LEASE).unwrap_or(TRY_AGAIN);
            memory.rest.insert(store.clone(), later(now, until));
        }
        let (renewer, store) = (Arc::clone(self), store.clone());
        let renewal = async move {
            let renewed = renewer.renew(&store).await;
            if let Err(failed) = &renewed {
                let why = failed.chain();
                warn!(store.id = %store, why, "the token is not renewed yet, and still opens");
            }
            let until = later(renewer.parts.clock.now(), TRY_AGAIN);
            renewer.memory().rest.insert(store, until);
        };
        self.parts.tasks.spawn(renewal.in_current_span());
    }

    /// Until a new token is there: whoever calls bounds it.
    async fn renew_or_wait(self: &Arc<Self>, store: &StoreId) -> Result<StoreSecrets, PortError> {
        loop {
            if let Some(renewed) = self.renew_apart(store).await? {
                return Ok(renewed);
            }
            self.sleep(LOOK_EVERY).await;
            // What another replica renewed is used.
            let (present, _) = self.kept(store).load().await?;
            if self.need(store, &present) == Need::Nothing {
                return Ok(present);
            }
        }
    }

    /// Renews in a task of the process, which goes on when nobody waits for it any more.
    async fn renew_apart(
        self: &Arc<Self>,
        store: &StoreId,
    ) -> Result<Option<StoreSecrets>, PortError> {
        let (renewer, of) = (Arc::clone(self), store.clone());
        let renewal = async move { renewer.renew(&of).await };
        let task = self.parts.tasks.spawn(renewal.in_current_span());
        task.await.unwrap_or_else(|broken| {
            let what = format!("renew the token of {store}");
            Err(PortError::new(ErrorKind::Transient, what, broken))
        })
    }

    /// Renews under the lease; `None` while another replica holds it.
    async fn renew(&self, store: &StoreId) -> Result<Option<StoreSecrets>, PortError> {
        let begun = self.parts.clock.now();
        let Some(lease) = self.parts.leases.take(&StoreSecrets::lease_key(store), LEASE).await?
        else {
            return Ok(None);
        };
        let ends = later(begun, SignedDuration::try_from(LEASE).unwrap_or_default());
        let renewed = self.renew_alone(store, ends).await;
        if let Err(failed) = self.parts.leases.release(lease).await {
            warn!(store.id = %store, why = failed.chain(), "a lease ends by itself");
        }
        renewed.map(Some)
    }

    async fn renew_alone(
        &self,
        store: &StoreId,
        ends: Timestamp,
    ) -> Result<StoreSecrets, PortError> {
        let (present, _) = self.kept(store).load().await?;
        let replaces = Replaces::of(&present);
        let unkept = self.unkept(store, &present);
        if unkept.is_none() {
            if let Some(shut) = present.grant.shut {
                return Err(is_shut(store, shut.why));
            }
            if self.need(store, &present) == Need::Nothing {
                return Ok(present);
            }
        }
        let pair = match unkept {
            Some(pair) => pair,
            None => match self.ask(&present).await {
                Ok(granted) => Pair { replaces, kind: present.grant.kind, granted },
                Err(failed) if failed.kind == GrantErrorKind::Refused => {
                    return self.refused(store, &replaces, &failed.message).await;
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
        self.keep(store, pair, ends).await
    }

    async fn ask(&self, present: &StoreSecrets) -> Result<Granted, GrantError> {
        let request = match (&present.grant.refresh_token, present.grant.kind) {
            (Some(token), GrantKind::Approval) => GrantRequest::Refresh(token.clone().into()),
            _ => GrantRequest::ClientCredentials,
        };
        let app = app_of(self.parts.app.as_ref(), present).ok_or_else(|| {
            let message = "LOCKSTEP_SHOPIFY_API_KEY is not set".to_owned();
            GrantError { kind: GrantErrorKind::App, message }
        })?;
        self.parts.grants.grant(&present.shop_domain, &app, &request).await
    }

    /// Keeps a new pair before anybody uses it, as long as the lease lasts; then it stays with this
    /// process until its next renewal.
    async fn keep(
        &self,
        store: &StoreId,
        pair: Pair,
        ends: Timestamp,
    ) -> Result<StoreSecrets, PortError> {
        // From here on the last try of a process that stops knows of it.
        self.memory().unkept.insert(store.clone(), pair.clone());
        let kept = tokio::select! {
            biased;
            kept = self.try_to_keep(store, &pair) => kept,
            () = self.parts.clock.sleep_until(ends) => {
                let what = format!("the renewed token of {store} cannot be kept yet");
                Err(PortError::plain(ErrorKind::Transient, what))
            }
        };
        match kept {
            Ok(kept) => {
                let mut memory = self.memory();
                memory.suspects.remove(store);
                memory.unkept.remove(store);
                drop(memory);
                if let Some(shut) = kept.grant.shut {
                    return Err(is_shut(store, shut.why));
                }
                info!(store.id = %store, grant = ?kept.grant, "the token is renewed");
                Ok(kept)
            }
            Err(failed) if failed.kind == ErrorKind::Permanent && self.is_gone(store).await => {
                self.memory().unkept.remove(store);
                Err(failed)
            }
            Err(failed) => {
                let what = format!("the renewed token of {store} is kept later");
                Err(PortError::new(ErrorKind::Transient, what, failed))
            }
        }
    }

    /// Tries once more to keep the pairs that are not kept yet: the process ends, and they are
    /// nowhere else. All at once: one that is slow costs no other its time.
    pub async fn keep_the_rest(&self) {
        let rest: Vec<_> = {
            let memory = self.memory();
            memory.unkept.iter().map(|(store, pair)| (store.clone(), pair.clone())).collect()
        };
        join_all(rest.iter().map(|(store, pair)| self.keep_at_stop(store, pair))).await;
    }

    async fn keep_at_stop(&self, store: &StoreId, pair: &Pair) {
        let mut kept = Ok(None);
        // Somebody else may write at the same moment.
        for _ in 0..SAVES_MAX {
            kept = self.kept(store).replace(pair, self.parts.clock.now()).await;
            if !matches!(kept, Ok(None)) {
                break;
            }
        }
        match kept {
            Ok(Some(_)) => {
                self.let_go(store, &pair.granted);
                info!(store.id = %store, "the renewed token is kept at the stop");
            }
            Ok(None) => warn!(store.id = %store, "the renewed token is lost: others write"),
            Err(failed) => {
                let why = failed.chain();
                warn!(store.id = %store, why, "the renewed token is lost with this process");
            }
        }
    }

    /// Whether nothing is kept of the store any more: then a pair has no place.
    async fn is_gone(&self, store: &StoreId) -> bool {
        let key = StoreSecrets::key(store);
        matches!(self.kv.get(SECRETS_BUCKET, &key).await, Ok(None))
    }

    /// Until it is kept, or a repetition does not help: whoever calls bounds it.
    async fn try_to_keep(&self, store: &StoreId, pair: &Pair) -> Result<StoreSecrets, PortError> {
        loop {
            match self.kept(store).replace(pair, self.parts.clock.now()).await {
                Ok(Some(kept)) => return Ok(kept),
                Ok(None) => {}
                Err(failed) if failed.kind == ErrorKind::Permanent => return Err(failed),
                Err(failed) => {
                    let why = failed.chain();
                    warn!(store.id = %store, why, "the renewed token is kept again");
                    self.sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    /// Shopify no longer renews it: somebody else did meanwhile, or a person must approve anew.
    async fn refused(
        &self,
        store: &StoreId,
        replaces: &Replaces,
        words: &str,
    ) -> Result<StoreSecrets, PortError> {
        for _ in 0..SAVES_MAX {
            let Some((kept, is_new)) =
                self.kept(store).shut(replaces, self.parts.clock.now()).await?
            else {
                continue;
            };
            if is_new {
                let code = "LS0502";
                error!(code, store.id = %store, words, "the store must be approved again");
            }
            return match kept.grant.shut {
                Some(shut) => Err(is_shut(store, shut.why)),
                None => Ok(kept),
            };
        }
        let what = format!("others keep writing the token of {store}");
        Err(PortError::plain(ErrorKind::Transient, what))
    }

    /// A pair that waits to be kept in the place of what is there.
    fn unkept(&self, store: &StoreId, present: &StoreSecrets) -> Option<Pair> {
        let pair = self.memory().unkept.remove(store)?;
        pair.replaces.stands(present).then_some(pair)
    }

    fn kept<'k>(&'k self, store: &'k StoreId) -> Kept<'k> {
        Kept { kv: &*self.kv, sealer: &*self.sealer, store }
    }

    async fn sleep(&self, time: Duration) {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        self.parts.clock.sleep_until(later(self.parts.clock.now(), time)).await;
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
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
