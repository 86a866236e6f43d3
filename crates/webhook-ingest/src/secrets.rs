//! Who may sign: the process's own app, and the app of a store that has one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::shopify::signature;
use lockstep_domain::StoreId;
use lockstep_ports::{Clock, ErrorKind, Kv, PortError, Sealer, StoreSecrets};
use secrecy::{ExposeSecret, SecretString};

/// A store's secret is looked up again after this time: one that was taken away is refused then.
const KEEP: SignedDuration = SignedDuration::from_secs(60);
/// A wrong signature may mean that the secret was changed; it is looked up again at most this
/// often, so that forged requests do not become a load on the broker.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

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

/// Verifies signatures.
pub struct Verifier {
    process: Vec<SecretString>,
    stores: Arc<dyn SecretsOfStores>,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    secret: Option<SecretString>,
    since: Timestamp,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("process", &self.process.len()).finish_non_exhaustive()
    }
}

impl Verifier {
    /// A verifier with the process's secrets.
    pub fn new(
        process: Vec<SecretString>,
        stores: Arc<dyn SecretsOfStores>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { process, stores, clock, known: Mutex::default() }
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
        let known = self.known(store);
        let age = known.as_ref().map(|known| self.clock.now().duration_since(known.since));
        if let (Some(known), Some(age)) = (&known, age) {
            if age < KEEP && signed_by(known.secret.as_slice(), body, claimed) {
                return Ok(true);
            }
            if age < LOOK_AGAIN {
                return Ok(false);
            }
        }
        let secret = self.stores.api_secret(store).await?;
        let is_signed = signed_by(secret.as_slice(), body, claimed);
        self.note(store, Known { secret, since: self.clock.now() });
        Ok(is_signed)
    }

    fn known(&self, store: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(store).cloned()
    }

    /// Only stores of the directory get here, so the map stays as small as that.
    fn note(&self, store: &str, known: Known) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(store.to_owned(), known);
    }
}

fn signed_by(secrets: &[SecretString], body: &[u8], claimed: &str) -> bool {
    let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    signature::verify(&secrets, body, claimed)
}
