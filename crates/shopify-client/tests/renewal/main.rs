//! Tokens that end, and their renewal by several replicas.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{
    AppKeys, ErrorKind, Grant, GrantKind, GrantRequest, Kv, KvLeases, SECRETS_BUCKET,
    ShopifyGrants, ShutWhy, StoreSecrets,
};
use lockstep_shopify_client::{
    KvTokens, MasterKeySealer, Renewal, SettingsPlace, TokenSource, ahead,
};
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::grants::Fate;
use lockstep_testkit::{ManualClock, MemoryGrants, SequenceIds};
use prost::Message;
use secrecy::ExposeSecret;
use tracing_subscriber::fmt::MakeWriter;

const BEGIN: Timestamp = Timestamp::constant(1_795_000_000, 0);

struct World {
    bus: MemoryBus,
    sealer: Arc<MasterKeySealer>,
    clock: ManualClock,
    grants: MemoryGrants,
    /// Two replicas.
    tokens: [KvTokens; 2],
    north: StoreId,
    shop: ShopDomain,
}

fn app() -> AppKeys {
    AppKeys { api_key: "key".to_owned(), api_secrets: vec!["hush".into()] }
}

impl World {
    /// A store that was approved a moment ago.
    async fn approved() -> Self {
        let world = Self::new(GrantKind::Approval).await;
        let code = world.grants.approve(&world.shop, &["write_orders"]);
        let request = GrantRequest::Code(code.into());
        let granted = world.grants.grant(&world.shop, &app(), &request).await.unwrap();
        let mut secrets = world.secrets().await.0;
        secrets.take_in(GrantKind::Approval, &granted, BEGIN);
        world.keep(&secrets).await;
        world
    }

    async fn new(kind: GrantKind) -> Self {
        let key = STANDARD.encode([7; 32]).into();
        let ids = Arc::new(SequenceIds::default());
        let sealer = Arc::new(MasterKeySealer::try_new(&[key], ids.clone()).unwrap());
        let (bus, clock) = (MemoryBus::new(), ManualClock::at(BEGIN));
        let grants = MemoryGrants::default();
        let replica = || {
            let place = SettingsPlace { bucket: "settings", prefix: "store." };
            let kv: Arc<dyn Kv> = Arc::new(bus.clone());
            let clock = Arc::new(clock.clone());
            KvTokens::new(kv.clone(), sealer.clone(), place).renewing(Renewal {
                grants: Arc::new(grants.clone()),
                app: Some(app()),
                leases: KvLeases::new(kv, SECRETS_BUCKET, clock.clone(), ids.clone()),
                clock,
                ahead: ahead(0.0),
            })
        };
        let tokens = [replica(), replica()];
        let north = StoreId::try_new("north").unwrap();
        let shop = ShopDomain::try_new("north.myshopify.com").unwrap();
        let settings = StoreSettings {
            id: "north".to_owned(),
            shop_domain: shop.to_string(),
            ..StoreSettings::default()
        };
        bus.put("settings", "store.north", settings.encode_to_vec().into(), 0).await.unwrap();
        let world = Self { bus, sealer, clock, grants, tokens, north, shop };
        let secrets = StoreSecrets {
            shop_domain: world.shop.clone(),
            access_token: None,
            api_secret: None,
            scopes: Vec::new(),
            grant: Grant { kind, ..Grant::default() },
        };
        secrets.save(&world.bus, &*world.sealer, &world.north, 0).await.unwrap();
        world
    }

    async fn secrets(&self) -> (StoreSecrets, u64) {
        StoreSecrets::load(&self.bus, &*self.sealer, &self.north).await.unwrap().unwrap()
    }

    async fn keep(&self, secrets: &StoreSecrets) {
        let revision = self.secrets().await.1;
        secrets.save(&self.bus, &*self.sealer, &self.north, revision).await.unwrap();
    }

    fn pass(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    async fn token(&self, replica: usize) -> String {
        let access = self.tokens[replica].access(&self.north).await.unwrap().unwrap();
        access.token.expose_secret().to_owned()
    }

    fn refreshes(&self) -> usize {
        self.grants.asked().iter().filter(|one| one.starts_with("refresh")).count()
    }
}

#[tokio::test]
async fn a_token_is_renewed_ahead_and_the_pair_is_kept_before_it_is_used() {
    let world = World::approved().await;
    let first = world.token(0).await;
    world.pass(54);
    assert_eq!(world.token(0).await, first);
    assert_eq!(world.refreshes(), 0);
    world.pass(1);
    let second = world.token(0).await;
    assert_ne!(second, first);
    let kept = world.secrets().await.0;
    assert_eq!(kept.access_token.as_deref(), Some(second.as_str()));
    assert_eq!(kept.scopes, ["write_orders"], "a renewal that lists no scopes changes none");
    let end = world.clock_now() + SignedDuration::from_mins(60);
    assert_eq!(kept.grant.expires_at, Some(end));
    assert_eq!(world.token(1).await, second, "the other replica uses it");
    assert_eq!(world.refreshes(), 1);
    assert!(world.bus.get(SECRETS_BUCKET, "north.lease.token").await.unwrap().is_none());
}

impl World {
    fn clock_now(&self) -> Timestamp {
        lockstep_ports::Clock::now(&self.clock)
    }
}

#[tokio::test]
async fn of_many_calls_in_two_replicas_one_renews() {
    let world = World::approved().await;
    world.pass(56);
    let calls = (0..40).map(|n| world.token(n % 2));
    let tokens = futures_util::future::join_all(calls).await;
    assert_eq!(world.refreshes(), 1);
    let newest = world.token(0).await;
    let first = tokens.iter().filter(|token| **token != newest).collect::<Vec<_>>();
    assert!(first.iter().all(|token| **token == *first[0]), "the old one opens until its end");
}

#[tokio::test]
async fn while_another_renews_an_ended_token_waits_and_then_uses_what_that_one_kept() {
    let world = World::approved().await;
    world.pass(61);
    let clock = Arc::new(world.clock.clone());
    let ids = Arc::new(SequenceIds::default());
    let leases = KvLeases::new(Arc::new(world.bus.clone()), SECRETS_BUCKET, clock, ids);
    let time = std::time::Duration::from_secs(90);
    let key = StoreSecrets::lease_key(&world.north);
    let lease = leases.take(&key, time).await.unwrap().unwrap();
    let other = async {
        world.clock.wait_for_sleepers(1).await;
        let (mut secrets, _) = world.secrets().await;
        let refresh = secrets.grant.refresh_token.clone().unwrap();
        let request = GrantRequest::Refresh(refresh.into());
        let granted = world.grants.grant(&world.shop, &app(), &request).await.unwrap();
        secrets.take_in(GrantKind::Approval, &granted, world.clock_now());
        world.keep(&secrets).await;
        world.clock.advance(SignedDuration::from_millis(250));
    };
    let (token, ()) = tokio::join!(world.token(0), other);
    assert_eq!(world.secrets().await.0.access_token, Some(token));
    assert_eq!(world.refreshes(), 1);
    leases.release(lease).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_refresh_token() {
    let world = World::approved().await;
    world.pass(61);
    world.grants.fates([Fate::Lost]);
    let failed = world.tokens[0].access(&world.north).await.unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Transient, "the work waits");
    let token = world.token(1).await;
    let asked = world.grants.asked();
    assert_eq!(asked[1], asked[2], "word for word, by whoever comes next");
    assert_eq!(world.secrets().await.0.access_token, Some(token));
}

#[tokio::test]
async fn while_the_old_token_opens_nobody_waits_for_shopify() {
    let world = World::approved().await;
    let first = world.token(0).await;
    world.pass(57);
    world.grants.fates([Fate::Away]);
    assert_eq!(world.token(0).await, first);
    assert_eq!(world.token(0).await, first, "not asked again at once");
    assert_eq!(world.refreshes(), 0);
    world.clock.advance(SignedDuration::from_secs(11));
    assert_ne!(world.token(0).await, first);
}

#[tokio::test]
async fn a_dead_refresh_token_asks_for_approval_and_a_new_one_opens_again() {
    let world = World::approved().await;
    world.pass(61);
    world.grants.break_chain(&world.shop);
    for replica in [0, 1] {
        let error = world.tokens[replica].access(&world.north).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent);
        assert!(error.chain().contains("approve the app again"), "{}", error.chain());
    }
    assert_eq!(world.refreshes(), 1, "it is not asked for again and again");
    let mut secrets = world.secrets().await.0;
    assert_eq!(secrets.grant.shut.unwrap().why, ShutWhy::RefreshRefused);
    let code = world.grants.approve(&world.shop, &["write_orders"]);
    let request = GrantRequest::Code(code.into());
    let granted = world.grants.grant(&world.shop, &app(), &request).await.unwrap();
    secrets.take_in(GrantKind::Approval, &granted, world.clock_now());
    world.keep(&secrets).await;
    assert_eq!(Some(world.token(0).await), secrets.access_token);
}

#[tokio::test]
async fn a_refused_refresh_that_another_replica_overtook_is_no_reason_to_ask_a_person() {
    let world = World::approved().await;
    let before = world.secrets().await.0;
    world.pass(61);
    let token = world.token(0).await;
    // A replica that still goes by what it read before: what is kept counts.
    assert_ne!(before.access_token.as_deref(), Some(token.as_str()));
    world.grants.fates([Fate::Refused]);
    assert_eq!(world.token(1).await, token);
    assert!(world.secrets().await.0.grant.shut.is_none());
}

#[tokio::test]
async fn a_token_that_shopify_no_longer_takes_is_renewed_before_its_end() {
    let world = World::approved().await;
    let access = world.tokens[0].access(&world.north).await.unwrap().unwrap();
    world.tokens[0].refused(&world.north, &access);
    let second = world.token(0).await;
    assert_ne!(second, access.token.expose_secret());
    assert_eq!(world.token(0).await, second);
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn client_credentials_are_asked_for_again() {
    let world = World::new(GrantKind::ClientCredentials).await;
    let first = world.token(0).await;
    world.pass(23 * 60);
    assert_eq!(world.token(1).await, first);
    world.pass(60);
    assert_ne!(world.token(1).await, first);
    assert_eq!(world.grants.asked(), ["client_credentials", "client_credentials"]);
}

#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_shows_a_token_and_nothing_is_kept_in_the_clear() {
    let logs = Logs::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(logs.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::approved().await;
    world.pass(57);
    world.grants.fates([Fate::Lost]);
    world.token(0).await;
    world.pass(5);
    world.token(0).await;
    world.pass(61);
    world.grants.break_chain(&world.shop);
    let _ = world.tokens[0].access(&world.north).await;
    let text = String::from_utf8(logs.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("the token is renewed") && text.contains("LS0502"), "{text}");
    for secret in ["shpat_", "shprt_", "hush", "code-"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let kept = world.bus.list(SECRETS_BUCKET, "").await.unwrap();
    let shows = |part: &[u8]| {
        kept.iter().any(|entry| entry.value.windows(part.len()).any(|found| found == part))
    };
    assert!(!shows(b"shpat") && !shows(b"shprt"));
}
