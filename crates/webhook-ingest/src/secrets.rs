//! Who may sign: the process's own app, and the app of a store that has one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_contracts::shopify::signature;
use lockstep_domain::StoreId;
use lockstep_ports::{ErrorKind, Kv, PortError, Sealer, StoreSecrets};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

/// A store's secret is looked up again after this time: one that was taken away is refused then.
const KEEP: Duration = Duration::from_secs(60);
/// A wrong signature may mean that the secret was changed; it is looked up again at most this
/// often, so that forged requests do not become a load on the broker.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Where the secrets of stores are kept.
#[async_trait]
pub trait SecretsOfStores: Send + Sync + 'static {
    /// The secret that signs the webhooks of this store's own app; `None` when the store uses the
    /// process's. Errors: those of where it is kept.
    async fn api_secret(&self, store: &str) -> Result<Option<SecretString>, PortError>;
}

/// Secrets as the console seals them in the bucket `shopify`.
pub struct SealedSecrets {
    /// The bucket.
    pub kv: Arc<dyn Kv>,
    /// Opens them.
    pub sealer: Arc<dyn Sealer>,
}

#[async_trait]
impl SecretsOfStores for SealedSecrets {
    async fn api_secret(&self, store: &str) -> Result<Option<SecretString>, PortError> {
        let id = StoreId::try_new(store)
            .map_err(|cause| PortError::new(ErrorKind::Permanent, "reading secrets", cause))?;
        let secrets = StoreSecrets::load(&*self.kv, &*self.sealer, &id).await?;
        Ok(secrets.and_then(|(secrets, _)| secrets.api_secret).map(SecretString::from))
    }
}

/// Verifies signatures. Ages are measured by a clock that is never set back: else a new secret
/// would be refused until the machine's time has caught up.
pub struct Verifier {
    process: Vec<SecretString>,
    stores: Arc<dyn SecretsOfStores>,
    known: Mutex<HashMap<String, Arc<Entry>>>,
}

/// One store's secret.
#[derive(Default)]
struct Entry {
    last: Mutex<LookUp>,
    /// Held by the one request that looks the secret up; the others await what it finds.
    flight: tokio::sync::Mutex<()>,
}

/// The last look-up that ended.
#[derive(Clone, Default)]
struct LookUp {
    /// How many have ended.
    ended: u64,
    /// What was found, and when; `None` before the first success.
    found: Option<(Option<SecretString>, Instant)>,
    /// Why the last one failed, when it did.
    failed: Option<String>,
}

/// What is known of a signature without looking anything up.
enum Verdict {
    Signed,
    Unsigned,
    LookUp,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("process", &self.process.len()).finish_non_exhaustive()
    }
}

impl Verifier {
    /// A verifier with the process's secrets.
    pub fn new(process: Vec<SecretString>, stores: Arc<dyn SecretsOfStores>) -> Self {
        Self { process, stores, known: Mutex::default() }
    }

    /// True when one of the process's secrets, or the store's own, signed the body.
    ///
    /// # Errors
    /// When the store's secret cannot be looked up, so that nobody can say.
    pub async fn is_signed(
        &self,
        store: Option<&str>,
        body: &[u8],
        claimed: &str,
    ) -> Result<bool, PortError> {
        if signed_by(&self.process, body, claimed) {
            return Ok(true);
        }
        let Some(store) = store else { return Ok(false) };
        let entry = self.entry(store);
        let before = entry.last();
        match before.judge(body, claimed) {
            Verdict::Signed => return Ok(true),
            Verdict::Unsigned => return Ok(false),
            Verdict::LookUp => {}
        }
        let flight = entry.flight.lock().await;
        let mut last = entry.last();
        if last.ended == before.ended {
            last = self.look_up(store, last).await;
            entry.note(last.clone());
        }
        drop(flight);
        match last.failed {
            Some(reason) => Err(PortError::plain(ErrorKind::Transient, reason)),
            None => Ok(matches!(last.judge(body, claimed), Verdict::Signed)),
        }
    }

    async fn look_up(&self, store: &str, last: LookUp) -> LookUp {
        let ended = last.ended + 1;
        match self.stores.api_secret(store).await {
            Ok(secret) => LookUp { ended, found: Some((secret, Instant::now())), failed: None },
            Err(cause) => LookUp { ended, failed: Some(cause.chain()), ..last },
        }
    }

    /// Only stores of the directory get here, so the map stays as small as that.
    fn entry(&self, store: &str) -> Arc<Entry> {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(store.to_owned()).or_default().clone()
    }
}

impl Entry {
    fn last(&self) -> LookUp {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, last: LookUp) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }
}

impl LookUp {
    fn judge(&self, body: &[u8], claimed: &str) -> Verdict {
        let Some((secret, since)) = &self.found else { return Verdict::LookUp };
        let age = since.elapsed();
        if age < KEEP && signed_by(secret.as_slice(), body, claimed) {
            Verdict::Signed
        } else if age < LOOK_AGAIN {
            Verdict::Unsigned
        } else {
            Verdict::LookUp
        }
    }
}

fn signed_by(secrets: &[SecretString], body: &[u8], claimed: &str) -> bool {
    let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    signature::verify(&secrets, body, claimed)
}
