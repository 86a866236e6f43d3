//! A store's own secret: looked up, kept for a while, and looked up again when it changed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use lockstep_contracts::shopify::signature::sign;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{ErrorKind, Kv, PortError, Sealer, StoreSecrets};
use lockstep_testkit::ManualClock;
use lockstep_testkit::bus::MemoryBus;
use lockstep_webhook_ingest::secrets::Verifier;
use lockstep_webhook_ingest::{SealedSecrets, SecretsOfStores};
use secrecy::{ExposeSecret, SecretString};

use crate::support::NOON;

const BODY: &[u8] = b"{}";

#[derive(Default)]
struct Vault {
    secret: Mutex<Option<&'static str>>,
    is_away: Mutex<bool>,
    lookups: AtomicUsize,
}

#[async_trait]
impl SecretsOfStores for Vault {
    async fn api_secret(&self, _: &str) -> Result<Option<SecretString>, PortError> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        if *self.is_away.lock().expect("no panic") {
            return Err(PortError::plain(ErrorKind::Transient, "away"));
        }
        Ok(self.secret.lock().expect("no panic").map(SecretString::from))
    }
}

fn verifier() -> (Arc<Vault>, ManualClock, Verifier) {
    let (vault, clock) = (Arc::new(Vault::default()), ManualClock::at(NOON));
    let process = vec![SecretString::from("process")];
    let verifier = Verifier::new(process, vault.clone(), Arc::new(clock.clone()));
    (vault, clock, verifier)
}

async fn is_signed(verifier: &Verifier, secret: &str) -> bool {
    let claimed = sign(secret.as_bytes(), BODY);
    verifier.is_signed(Some("north"), BODY, &claimed).await.expect("looked up")
}

#[tokio::test]
async fn the_process_secret_needs_no_lookup() {
    let (vault, _, verifier) = verifier();
    assert!(is_signed(&verifier, "process").await);
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_forger_causes_few_lookups() {
    let (vault, clock, verifier) = verifier();
    for _ in 0..100 {
        assert!(!is_signed(&verifier, "forged").await);
    }
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 1);
    clock.advance(SignedDuration::from_secs(5));
    assert!(!is_signed(&verifier, "forged").await);
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_secret_is_kept_changed_and_taken_away() {
    let (vault, clock, verifier) = verifier();
    *vault.secret.lock().expect("no panic") = Some("first");
    for _ in 0..10 {
        assert!(is_signed(&verifier, "first").await);
    }
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 1);
    *vault.secret.lock().expect("no panic") = Some("second");
    clock.advance(SignedDuration::from_secs(5));
    assert!(is_signed(&verifier, "second").await, "a wrong signature makes it look again");
    assert!(!is_signed(&verifier, "first").await);
    *vault.secret.lock().expect("no panic") = None;
    clock.advance(SignedDuration::from_secs(60));
    assert!(!is_signed(&verifier, "second").await, "what was taken away is not kept for ever");
}

#[tokio::test]
async fn a_vault_that_is_away_is_no_verdict() {
    let (vault, _, verifier) = verifier();
    *vault.is_away.lock().expect("no panic") = true;
    let claimed = sign(b"first", BODY);
    assert!(verifier.is_signed(Some("north"), BODY, &claimed).await.is_err());
    assert!(!verifier.is_signed(None, BODY, &claimed).await.expect("no store, no lookup"));
}

/// Puts the name before what is sealed: enough to see that it is opened under its own name.
struct Label;

impl Sealer for Label {
    fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok([name.as_bytes(), b"|", plain].concat())
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let label = [name.as_bytes(), b"|"].concat();
        let plain = sealed.strip_prefix(&*label).map(<[u8]>::to_vec);
        plain.ok_or_else(|| PortError::plain(ErrorKind::Permanent, "another name"))
    }
}

#[tokio::test]
async fn secrets_are_opened_from_where_the_console_seals_them() {
    let (kv, sealer) = (Arc::new(MemoryBus::new()), Arc::new(Label));
    let sealed = SealedSecrets { kv: kv.clone(), sealer: sealer.clone() };
    assert!(sealed.api_secret("north").await.expect("read").is_none());
    let store = StoreId::try_new("north").expect("an id");
    let secrets = StoreSecrets {
        shop_domain: ShopDomain::try_new("north.myshopify.com").expect("a domain"),
        access_token: Some("token".to_owned()),
        api_secret: Some("own".to_owned()),
        scopes: Vec::new(),
    };
    let revision = secrets.save(&*kv, &*sealer, &store, 0).await.expect("sealed");
    let found = sealed.api_secret("north").await.expect("read").expect("there is one");
    assert_eq!(found.expose_secret(), "own");

    let without = StoreSecrets { api_secret: None, ..secrets };
    without.save(&*kv, &*sealer, &store, revision).await.expect("sealed");
    assert!(sealed.api_secret("north").await.expect("read").is_none());
    Kv::put(&*kv, "shopify", "south.token", "moved here".into(), 0).await.expect("written");
    let broken = sealed.api_secret("south").await.expect_err("it does not open");
    assert_eq!(broken.kind, ErrorKind::Permanent);
}
