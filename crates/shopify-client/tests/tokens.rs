//! Tokens as the buckets of the broker keep them.
#![expect(clippy::unwrap_used, reason = "test")]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{ErrorKind, Grant, Kv, StoreSecrets};
use lockstep_shopify_client::{KvTokens, MasterKeySealer, SettingsPlace, TokenSource};
use lockstep_testkit::SequenceIds;
use lockstep_testkit::bus::MemoryBus;
use prost::Message;
use secrecy::ExposeSecret;

struct World {
    bus: MemoryBus,
    sealer: Arc<MasterKeySealer>,
    tokens: KvTokens,
    north: StoreId,
}

fn world() -> World {
    let key = STANDARD.encode([7; 32]).into();
    let sealer = MasterKeySealer::try_new(&[key], Arc::new(SequenceIds::default())).unwrap();
    let (bus, sealer) = (MemoryBus::new(), Arc::new(sealer));
    let place = SettingsPlace { bucket: "settings", prefix: "store." };
    let tokens = KvTokens::new(Arc::new(bus.clone()), sealer.clone(), place);
    World { bus, sealer, tokens, north: StoreId::try_new("north").unwrap() }
}

impl World {
    async fn keep(&self, shop: &str, token: Option<&str>) {
        let secrets = StoreSecrets {
            shop_domain: ShopDomain::try_new(shop).unwrap(),
            access_token: token.map(str::to_owned),
            api_secret: None,
            scopes: Vec::new(),
            grant: Grant::default(),
        };
        let key = StoreSecrets::key(&self.north);
        let present = self.bus.get("shopify", &key).await.unwrap();
        let expected = present.map_or(0, |entry| entry.revision);
        secrets.save(&self.bus, &*self.sealer, &self.north, expected).await.unwrap();
    }

    async fn name(&self, shop: &str) {
        let settings = StoreSettings {
            id: "north".to_owned(),
            shop_domain: shop.to_owned(),
            ..StoreSettings::default()
        };
        self.put_settings(settings.encode_to_vec().into()).await;
    }

    async fn put_settings(&self, bytes: Bytes) {
        let present = self.bus.get("settings", "store.north").await.unwrap();
        let expected = present.map_or(0, |entry| entry.revision);
        self.bus.put("settings", "store.north", bytes, expected).await.unwrap();
    }

    async fn refusal(&self) -> String {
        let error = self.tokens.access(&self.north).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
        assert!(!error.chain().contains("shpat"), "{}", error.chain());
        error.chain()
    }
}

#[tokio::test]
async fn a_token_opens_the_shop_that_the_settings_name() {
    let world = world();
    world.name("north.myshopify.com").await;
    assert!(world.tokens.access(&world.north).await.unwrap().is_none());
    world.keep("north.myshopify.com", None).await;
    assert!(world.tokens.access(&world.north).await.unwrap().is_none());
    world.keep("north.myshopify.com", Some("shpat_north")).await;
    let access = world.tokens.access(&world.north).await.unwrap().unwrap();
    assert_eq!(access.shop_domain.as_str(), "north.myshopify.com");
    assert_eq!(access.token.expose_secret(), "shpat_north");
}

#[tokio::test]
async fn a_token_of_another_shop_than_the_settings_name_opens_nothing() {
    let world = world();
    world.keep("south.myshopify.com", Some("shpat_south")).await;
    assert!(world.refusal().await.contains("no settings"));
    world.name("north.myshopify.com").await;
    let refusal = world.refusal().await;
    assert!(refusal.contains("south.myshopify.com, not north.myshopify.com"), "{refusal}");
    world.put_settings(Bytes::from_static(b"\xff\xff")).await;
    assert!(world.refusal().await.contains("read the settings of north"));
    world.name("south.myshopify.com").await;
    assert!(world.tokens.access(&world.north).await.unwrap().is_some());
}
