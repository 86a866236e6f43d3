//! A store's own secret: looked up, kept for a while, and looked up again when it changed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_contracts::shopify::signature::sign;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{ErrorKind, Grant, Kv, PortError, Sealer, StoreSecrets};
use lockstep_testkit::bus::MemoryBus;
use lockstep_webhook_ingest::secrets::Verifier;
use lockstep_webhook_ingest::{SealedSecrets, SecretsOfStores};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

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

fn verifier() -> (Arc<Vault>, Verifier) {
    let vault = Arc::new(Vault::default());
    let verifier = Verifier::new(vec![SecretString::from("process")], vault.clone());
    (vault, verifier)
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

async fn is_signed(verifier: &Verifier, secret: &str) -> bool {
    let claimed = sign(secret.as_bytes(), BODY);
    verifier.is_signed(Some("north"), BODY, &claimed).await.expect("looked up")
}

#[tokio::test]
async fn the_process_secret_needs_no_lookup() {
    let (vault, verifier) = verifier();
    assert!(is_signed(&verifier, "process").await);
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_forger_causes_few_lookups() {
    let (vault, verifier) = verifier();
    for _ in 0..100 {
        assert!(!is_signed(&verifier, "forged").await);
    }
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 1);
    pass(5).await;
    assert!(!is_signed(&verifier, "forged").await);
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_kept_changed_and_taken_away() {
    let (vault, verifier) = verifier();
    *vault.secret.lock().expect("no panic") = Some("first");
    for _ in 0..10 {
        assert!(is_signed(&verifier, "first").await);
    }
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 1);
    *vault.secret.lock().expect("no panic") = Some("second");
    pass(5).await;
    assert!(is_signed(&verifier, "second").await, "a wrong signature makes it look again");
    assert!(!is_signed(&verifier, "first").await);
    *vault.secret.lock().expect("no panic") = None;
    pass(60).await;
    assert!(!is_signed(&verifier, "second").await, "what was taken away is not kept for ever");
}

#[tokio::test]
async fn a_vault_that_is_away_is_no_verdict() {
    let (vault, verifier) = verifier();
    *vault.is_away.lock().expect("no panic") = true;
    let claimed = sign(b"first", BODY);
    assert!(verifier.is_signed(Some("north"), BODY, &claimed).await.is_err());
    assert!(!verifier.is_signed(None, BODY, &claimed).await.expect("no store, no lookup"));
}

/// A vault that answers when the test lets it, and then as the test says.
struct Slow {
    gate: Semaphore,
    is_away: bool,
    lookups: AtomicUsize,
}

#[async_trait]
impl SecretsOfStores for Slow {
    async fn api_secret(&self, _: &str) -> Result<Option<SecretString>, PortError> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        self.gate.acquire().await.expect("open").forget();
        match self.is_away {
            true => Err(PortError::plain(ErrorKind::Transient, "away")),
            false => Ok(Some(SecretString::from("own"))),
        }
    }
}

#[tokio::test]
async fn a_rush_of_one_store_is_one_lookup_whatever_it_finds() {
    for is_away in [false, true] {
        let gate = Semaphore::new(0);
        let slow = Arc::new(Slow { gate, is_away, lookups: AtomicUsize::new(0) });
        let verifier = Arc::new(Verifier::new(Vec::new(), slow.clone()));
        let mut rush = tokio::task::JoinSet::new();
        for number in 0..512 {
            let verifier = verifier.clone();
            let secret = if number % 2 == 0 { "own" } else { "forged" };
            rush.spawn(async move {
                let claimed = sign(secret.as_bytes(), BODY);
                let signed = verifier.is_signed(Some("north"), BODY, &claimed).await;
                (secret == "own", signed)
            });
        }
        while slow.lookups.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        // Another store does not wait for this one.
        let claimed = sign(b"own", BODY);
        let other = verifier.is_signed(Some("south"), BODY, &claimed);
        tokio::pin!(other);
        assert!(futures_util::poll!(&mut other).is_pending());
        assert_eq!(slow.lookups.load(Ordering::Relaxed), 2);
        slow.gate.add_permits(2);
        while let Some(judged) = rush.join_next().await {
            match judged.expect("no panic") {
                (is_own, Ok(signed)) => assert!(!is_away && signed == is_own),
                (_, Err(cause)) => assert!(is_away && cause.kind == ErrorKind::Transient),
            }
        }
        assert_eq!(other.await.is_err(), is_away);
        assert_eq!(slow.lookups.load(Ordering::Relaxed), 2, "one for each store");
    }
}

#[tokio::test]
async fn after_a_failure_the_next_one_looks_again() {
    let (vault, verifier) = verifier();
    *vault.is_away.lock().expect("no panic") = true;
    *vault.secret.lock().expect("no panic") = Some("own");
    let claimed = sign(b"own", BODY);
    assert!(verifier.is_signed(Some("north"), BODY, &claimed).await.is_err());
    *vault.is_away.lock().expect("no panic") = false;
    assert!(is_signed(&verifier, "own").await);
    assert_eq!(vault.lookups.load(Ordering::Relaxed), 2);
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
        grant: Grant::default(),
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
