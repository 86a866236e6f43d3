//! Tokens that end, and their renewal by several replicas.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{
    AppKeys, ErrorKind, Grant, GrantKind, GrantRequest, HoldsPairs as _, Kv, KvLeases,
    SECRETS_BUCKET, ShopifyGrants, ShutWhy, StoreSecrets,
};
use lockstep_shopify_client::{
    KvTokens, MasterKeySealer, Renewal, SettingsPlace, TokenSource, ahead,
};
use lockstep_testkit::bus::{Fails, FaultyKv, MemoryBus};
use lockstep_testkit::grants::Fate;
use lockstep_testkit::{Logs, ManualClock, MemoryGrants, SequenceIds};
use prost::Message;
use secrecy::ExposeSecret;
use tokio_util::task::TaskTracker;

const BEGIN: Timestamp = Timestamp::constant(1_795_000_000, 0);

struct World {
    bus: MemoryBus,
    /// Through which the replicas reach their buckets.
    kv: FaultyKv,
    sealer: Arc<MasterKeySealer>,
    clock: ManualClock,
    grants: MemoryGrants,
    /// Two replicas.
    tokens: [KvTokens; 2],
    north: StoreId,
    shop: ShopDomain,
    /// What goes on by itself.
    tasks: TaskTracker,
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
        let kv = FaultyKv::new(&bus);
        let grants = MemoryGrants::default();
        let tasks = TaskTracker::new();
        let replica = || {
            let place = SettingsPlace { bucket: "settings", prefix: "store." };
            let kv: Arc<dyn Kv> = Arc::new(kv.clone());
            let clock = Arc::new(clock.clone());
            KvTokens::new(kv.clone(), sealer.clone(), place).renewing(Renewal {
                grants: Arc::new(grants.clone()),
                app: Some(app()),
                leases: KvLeases::new(kv, SECRETS_BUCKET, clock.clone(), ids.clone()),
                clock,
                ahead: ahead(0.0),
                tasks: tasks.clone(),
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
        let world = Self { bus, kv, sealer, clock, grants, tokens, north, shop, tasks };
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

    /// Waits for what goes on by itself.
    async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// A store whose token is renewed in the background: the token afterwards.
    async fn next_token(&self, replica: usize) -> String {
        self.token(replica).await;
        self.settle().await;
        self.token(replica).await
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
    assert_eq!(world.token(0).await, first, "nobody waits as long as it opens");
    world.settle().await;
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
    world.settle().await;
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
        // The call's own limit, and its look.
        world.clock.wait_for_sleepers(2).await;
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
    assert_eq!(world.next_token(0).await, first);
    assert_eq!(world.next_token(0).await, first, "not asked again at once");
    assert_eq!(world.refreshes(), 0);
    world.clock.advance(SignedDuration::from_secs(11));
    assert_ne!(world.next_token(0).await, first);
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
    world.pass(61);
    // The answer to the first is so late that its lease has ended.
    world.grants.fates([Fate::Refused]);
    world.grants.hold(1);
    let overtaking = async {
        world.grants.wait_for_decided(2).await;
        world.clock.advance(SignedDuration::from_secs(91));
        let token = world.token(0).await;
        world.grants.let_go();
        token
    };
    let (late, token) = tokio::join!(world.tokens[1].access(&world.north), overtaking);
    assert_eq!(late.unwrap_err().kind, ErrorKind::Transient, "it did not wait for that long");
    world.settle().await;
    assert_eq!(world.grants.asked().len(), 2, "the code, and one refresh that was answered");
    assert!(world.secrets().await.0.grant.shut.is_none());
    assert_eq!(world.token(1).await, token);
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

#[tokio::test]
async fn whoever_stops_waiting_after_shopify_answered_loses_no_pair() {
    let world = World::approved().await;
    world.pass(61);
    world.grants.hold(1);
    {
        let call = world.tokens[0].access(&world.north);
        tokio::select! {
            _ = call => panic!("nobody has answered"),
            () = world.grants.wait_for_decided(2) => {}
        }
    }
    world.grants.let_go();
    world.settle().await;
    let kept = world.secrets().await.0;
    assert_eq!(kept.access_token, Some(world.token(0).await), "it was kept all the same");
    assert_eq!(world.refreshes(), 1);
    let lease = StoreSecrets::lease_key(&world.north);
    assert!(world.bus.get(SECRETS_BUCKET, &lease).await.unwrap().is_none(), "and given back");
}

#[tokio::test]
async fn a_pair_that_was_kept_slowly_replaces_the_refusal_that_overtook_it() {
    let world = World::approved().await;
    world.pass(61);
    let slow = world.kv.hold("north.token");
    let overtaking = async {
        slow.wait_for_one().await;
        world.clock.advance(SignedDuration::from_secs(91));
        // Another process asks with what is kept, and is refused: the pair was used.
        world.grants.fates([Fate::Refused]);
        let refused = world.tokens[1].access(&world.north).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Permanent);
        assert!(world.secrets().await.0.grant.shut.is_some());
        slow.let_go();
    };
    let (late, ()) = tokio::join!(world.tokens[0].access(&world.north), overtaking);
    assert_eq!(late.unwrap_err().kind, ErrorKind::Transient);
    world.settle().await;
    // What could not be kept under its lease is kept by the next call of the process.
    let token = world.token(0).await;
    assert!(world.secrets().await.0.grant.shut.is_none());
    assert_eq!(world.token(1).await, token);
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn a_pair_that_the_bucket_refuses_is_kept_when_it_no_longer_does() {
    let world = World::approved().await;
    world.pass(61);
    let slow = world.kv.hold("north.token");
    let refusing = async {
        slow.wait_for_one().await;
        world.kv.fail_everywhere(Fails::Refusing);
        slow.let_go();
    };
    let (failed, ()) = tokio::join!(world.tokens[0].access(&world.north), refusing);
    assert_eq!(failed.unwrap_err().kind, ErrorKind::Transient, "no person can help");
    world.settle().await;
    world.kv.mend();
    // The lease could not be given back.
    world.pass(2);
    let token = world.token(0).await;
    assert_eq!(world.secrets().await.0.access_token, Some(token));
    assert_eq!(world.refreshes(), 1, "the pair is not asked for again");
}

#[tokio::test]
async fn a_pair_that_could_not_be_kept_is_kept_when_the_process_stops() {
    let world = World::approved().await;
    world.pass(61);
    let slow = world.kv.hold("north.token");
    let refusing = async {
        slow.wait_for_one().await;
        world.kv.fail_everywhere(Fails::Refusing);
        slow.let_go();
    };
    let (failed, ()) = tokio::join!(world.tokens[0].access(&world.north), refusing);
    assert_eq!(failed.unwrap_err().kind, ErrorKind::Transient);
    world.settle().await;
    world.kv.mend();
    let before = world.secrets().await.0.access_token;
    world.tokens[0].keep_the_rest().await;
    let kept = world.secrets().await.0.access_token;
    assert_ne!(kept, before);
    world.pass(2);
    assert_eq!(Some(world.token(1).await), kept, "another process goes on with it");
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn a_pair_that_is_still_being_kept_when_the_grace_is_over_is_tried_once_more() {
    let world = World::approved().await;
    world.pass(61);
    let slow = world.kv.hold("north.token");
    let stopping = async {
        slow.wait_for_one().await;
        // The write does not come back, and the process does not wait for it any more.
        world.tokens[0].keep_the_rest().await;
        let kept = world.secrets().await.0.access_token;
        slow.let_go();
        kept
    };
    let (token, kept) = tokio::join!(world.tokens[0].access(&world.north), stopping);
    let token = token.unwrap().unwrap().token.expose_secret().to_owned();
    assert_eq!(Some(token), kept);
    assert_eq!(world.secrets().await.0.access_token, kept);
    assert_eq!(world.refreshes(), 1);
}

/// A pair that a person's approval brought, and that waits to be kept: its token.
async fn held(world: &World) -> String {
    let before = world.secrets().await.0;
    let code = world.grants.approve(&world.shop, &["write_orders"]);
    let request = GrantRequest::Code(code.into());
    let granted = world.grants.grant(&world.shop, &app(), &request).await.unwrap();
    world.tokens[0].hold(&world.north, &before, &granted);
    granted.access_token.expose_secret().to_owned()
}

/// Stores before an approval: never approved, or not any more.
async fn before_approval() -> Vec<World> {
    let mut worlds = vec![World::new(GrantKind::Token).await];
    for why in [None, Some(ShutWhy::Uninstalled), Some(ShutWhy::RefreshRefused)] {
        let world = World::approved().await;
        let mut secrets = world.secrets().await.0;
        if let Some(why) = why {
            secrets.shut(why, BEGIN);
        }
        world.keep(&secrets).await;
        worlds.push(world);
    }
    worlds
}

#[tokio::test]
async fn a_pair_of_an_approval_is_kept_by_the_next_call_of_the_process() {
    for world in before_approval().await {
        world.pass(1);
        let token = held(&world).await;
        assert_eq!(world.next_token(0).await, token);
        let kept = world.secrets().await.0;
        assert_eq!(kept.access_token.as_ref(), Some(&token));
        assert_eq!((kept.grant.kind, kept.grant.shut), (GrantKind::Approval, None));
        assert!(kept.grant.refresh_token.is_some());
        assert_eq!(world.refreshes(), 0);
    }
}

#[tokio::test]
async fn a_pair_of_an_approval_is_kept_when_the_process_stops() {
    for world in before_approval().await {
        world.pass(1);
        let token = held(&world).await;
        world.tokens[0].keep_the_rest().await;
        assert_eq!(world.token(1).await, token, "another process goes on with it");
    }
}

#[tokio::test]
async fn at_a_stop_one_slow_write_costs_no_other_pair() {
    for (slow, quick) in [("north.token", "south"), ("south.token", "north")] {
        let world = World::approved().await;
        let north = held(&world).await;
        let south = StoreId::try_new("south").unwrap();
        let before = world.secrets().await.0;
        before.save(&world.bus, &*world.sealer, &south, 0).await.unwrap();
        let code = world.grants.approve(&world.shop, &["write_orders"]);
        let request = GrantRequest::Code(code.into());
        let granted = world.grants.grant(&world.shop, &app(), &request).await.unwrap();
        world.tokens[0].hold(&south, &before, &granted);
        let held = world.kv.hold(slow);
        tokio::select! {
            () = world.tokens[0].keep_the_rest() => panic!("{slow} is under way"),
            () = held.wait_for_one() => {}
        }
        let expected = match quick {
            "south" => granted.access_token.expose_secret().to_owned(),
            _ => north,
        };
        let quick = StoreId::try_new(quick).unwrap();
        let kept = StoreSecrets::load(&world.bus, &*world.sealer, &quick).await.unwrap().unwrap();
        assert_eq!(kept.0.access_token, Some(expected), "{quick}");
        // What was not kept is held yet.
        held.let_go();
        world.tokens[0].keep_the_rest().await;
        let slow = StoreId::try_new(slow.trim_end_matches(".token")).unwrap();
        let kept = StoreSecrets::load(&world.bus, &*world.sealer, &slow).await.unwrap().unwrap();
        assert_ne!(kept.0.access_token, before.access_token, "{slow}");
    }
}

#[tokio::test]
async fn a_pair_of_an_approval_overwrites_nothing_newer() {
    for world in before_approval().await {
        world.pass(1);
        held(&world).await;
        let mut secrets = world.secrets().await.0;
        secrets.access_token = Some("shpat_brought".to_owned());
        secrets.grant = Grant { granted_at: Some(world.clock_now()), ..Grant::default() };
        world.keep(&secrets).await;
        assert_eq!(world.next_token(0).await, "shpat_brought");
        world.tokens[0].keep_the_rest().await;
        assert_eq!(world.token(1).await, "shpat_brought");
    }
}

#[tokio::test]
async fn a_pair_that_is_kept_is_let_go_and_no_other() {
    let world = World::approved().await;
    let other = held(&world).await;
    let code = world.grants.approve(&world.shop, &["write_orders"]);
    let request = GrantRequest::Code(code.into());
    let granted = world.grants.grant(&world.shop, &app(), &request).await.unwrap();
    world.tokens[0].let_go(&world.north, &granted);
    assert_eq!(world.next_token(0).await, other);
}

#[tokio::test]
async fn what_a_person_brought_meanwhile_is_not_overwritten() {
    for kind in [GrantKind::Approval, GrantKind::ClientCredentials] {
        let world = match kind {
            GrantKind::Approval => World::approved().await,
            _ => World::new(kind).await,
        };
        world.token(0).await;
        let asked = world.grants.asked().len();
        world.pass(24 * 60 + 1);
        world.grants.hold(1);
        let bringing = async {
            world.grants.wait_for_decided(asked + 1).await;
            let mut secrets = world.secrets().await.0;
            secrets.access_token = Some("shpat_brought".to_owned());
            secrets.grant = Grant { granted_at: Some(world.clock_now()), ..Grant::default() };
            world.keep(&secrets).await;
            world.grants.let_go();
        };
        let (_, ()) = tokio::join!(world.tokens[0].access(&world.north), bringing);
        let kept = world.secrets().await.0;
        assert_eq!(kept.access_token.as_deref(), Some("shpat_brought"), "{kind:?}");
        assert_eq!(world.token(1).await, "shpat_brought");
    }
}

#[tokio::test]
async fn while_the_broker_is_away_what_opened_a_store_does_so_for_minutes() {
    let world = World::approved().await;
    let token = world.token(0).await;
    world.kv.fail_everywhere(Fails::Away);
    world.pass(4);
    assert_eq!(world.token(0).await, token);
    let other = world.tokens[1].access(&world.north).await.unwrap_err();
    assert_eq!(other.kind, ErrorKind::Transient, "nothing is known that was never opened");
    world.pass(1);
    let late = world.tokens[0].access(&world.north).await.unwrap_err();
    assert_eq!(late.kind, ErrorKind::Transient);
    world.kv.mend();
    let access = world.tokens[0].access(&world.north).await.unwrap().unwrap();
    world.kv.fail_everywhere(Fails::Away);
    world.tokens[0].refused(&world.north, &access);
    world.tokens[0].access(&world.north).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_answer_is_not_waited_for_long() {
    let world = World::approved().await;
    let token = world.token(0).await;
    world.kv.fail_everywhere(Fails::Silent);
    assert_eq!(world.token(0).await, token);
}

#[tokio::test]
async fn no_log_shows_a_token_and_nothing_is_kept_in_the_clear() {
    let (logs, _guard) = Logs::capture();
    let world = World::approved().await;
    world.pass(57);
    world.grants.fates([Fate::Lost]);
    world.next_token(0).await;
    world.pass(5);
    world.token(0).await;
    world.pass(61);
    world.grants.break_chain(&world.shop);
    let _ = world.tokens[0].access(&world.north).await;
    let text = logs.text();
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
