//! The worker beside the stand-in, which checks every call, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use lockstep_contracts::operations::v1::{Job, JobState};
use lockstep_contracts::settings::v1::BackOfficeRole;
use lockstep_domain::catalog::BulkFrom;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::PortError;
use lockstep_shopify_client::{
    AdminClient, AdminConfig, FileClient, StoreAccess, TokenSource, UrlTemplate,
};
use lockstep_shopify_standin::{Clock, ShopHandle, Standin, StandinConfig};
use lockstep_testkit::ManualClock;
use serde_json::{Value, json};

use crate::shopify::FakeShopify;
use crate::world::{BEGIN, Outside, World};

const DOMAIN: &str = "north.myshopify.com";
/// Above 2^53: a reader that takes ids for floating numbers mixes neighbours up.
const FIRST_ID: i64 = 9_007_199_254_740_993;
/// How long a bulk operation runs.
const WRITING: Duration = Duration::from_secs(30);
/// Variants in the shop: two whole pieces of a file and a part of one.
pub const VARIANTS: usize = 510;

struct OneShop;

#[async_trait]
impl TokenSource for OneShop {
    async fn access(&self, _: &StoreId) -> Result<Option<StoreAccess>, PortError> {
        let shop_domain = ShopDomain::try_new(DOMAIN).expect("a domain");
        Ok(Some(StoreAccess { shop_domain, token: "shpat_north".into() }))
    }
}

/// The world and its Shopify.
pub struct Real {
    pub world: World,
    pub shop: ShopHandle,
    clock: Clock,
    _standin: Standin,
}

impl Real {
    /// Reads files from so many variants on.
    pub async fn start(from: u64) -> Self {
        // Another test of this process may have installed it before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::manual(BEGIN);
        let config =
            StandinConfig { clock: clock.clone(), ..StandinConfig::from_env().expect("env") };
        let standin = Standin::start(config).await.expect("a stand-in");
        let shop = json!({
            "shop_domain": DOMAIN, "access_token": "shpat_north", "api_secret": "secret",
            "first_id": FIRST_ID, "locations": [{"name": "Berlin"}], "products": products(),
        });
        standin.create_shop(shop).expect("a shop");
        let shop = standin.shop(DOMAIN).expect("the shop");
        let delay = u64::try_from(WRITING.as_millis()).expect("short");
        shop.settings(json!({"bulk_delay_ms": delay})).expect("settings");
        let url = UrlTemplate::try_new(&standin.shopify_url()).expect("an address");
        let own = ManualClock::at(BEGIN);
        let config = AdminConfig { url: url.clone(), version: "2026-10".to_owned() };
        let admin = AdminClient::try_new(config, Arc::new(OneShop), Arc::new(own.clone()));
        let outside = Outside {
            admin: Arc::new(admin.expect("a client")),
            files: Arc::new(FileClient::try_new(url).expect("a client")),
            bulk_from: BulkFrom { plenty: from, short: from },
            clock: own,
        };
        let skus: Vec<_> = (0..VARIANTS).map(|n| format!("A{n}")).collect();
        let skus: Vec<_> = skus.iter().map(String::as_str).collect();
        let world = World::with(Arc::new(FakeShopify::new(1)), outside, &skus).await;
        world.answer_stock().await;
        world.adopt(1, &[("wms", BackOfficeRole::Stock)]).await;
        Self { world, shop, clock, _standin: standin }
    }

    /// By files alone.
    pub async fn files() -> Self {
        Self::start(1).await
    }

    /// Time passes for both.
    pub fn pass(&self, seconds: i64) {
        self.world.clock.advance(SignedDuration::from_secs(seconds));
        self.clock.advance(Duration::from_secs(u64::try_from(seconds).expect("forward")));
    }

    /// All that is due now.
    pub async fn turns(&self) {
        while self.world.turn().await {}
    }

    /// Turns until a job says something.
    pub async fn until(&self, id: &str, words: &str) {
        for _ in 0..300 {
            let job = self.world.job(id).await;
            if job.message.contains(words) {
                return;
            }
            assert_eq!(job.state(), JobState::Running, "{}", job.message);
            if !self.world.turn().await {
                self.pass(1);
            }
        }
        panic!("{words}: {}", self.world.job(id).await.message);
    }

    /// On to its end, time passing where nothing is due. Nothing of it was a mistake.
    pub async fn finish(&self, id: &str) -> Job {
        for _ in 0..600 {
            self.turns().await;
            let job = self.world.job(id).await;
            if job.state() != JobState::Running {
                assert_eq!(job.state(), JobState::Done, "{}", job.message);
                assert!(self.world.differences().await.is_empty());
                assert!(self.shop.violations().is_empty(), "{:#?}", self.shop.violations());
                return job;
            }
            self.pass(60);
        }
        panic!("it does not end: {}", self.world.job(id).await.message);
    }

    /// The bulk operations of the shop, oldest first: id and status.
    pub async fn operations(&self) -> Vec<(String, String)> {
        let query = "{bulkOperations(first:50){nodes{id status}}}";
        let answer = self.shop.graphql(query, json!({})).await.expect("an answer");
        let nodes = answer["body"]["data"]["bulkOperations"]["nodes"].as_array().cloned();
        let text = |node: &Value, key: &str| node[key].as_str().expect("text").to_owned();
        nodes.expect("a list").iter().map(|n| (text(n, "id"), text(n, "status"))).collect()
    }

    /// Times that a file was fetched.
    pub fn fetched(&self) -> usize {
        self.shop.journal(0).iter().filter(|entry| entry["request"] == "fetch").count()
    }

    /// Times that the Admin API was asked for a root field.
    pub fn asked(&self, root: &str) -> usize {
        let is_of = |entry: &&Value| {
            let roots = entry["roots"].as_array().cloned().unwrap_or_default();
            roots.iter().any(|one| one == root)
        };
        self.shop.journal(0).iter().filter(is_of).count()
    }
}

/// Most have a SKU that the warehouse knows; some none at all, some one that nobody knows, two
/// share one, and one has its barcode alone.
fn products() -> Vec<Value> {
    let one = |n: usize| {
        let variant = match n {
            7 | 8 => json!({"sku": "TWICE", "barcode": null}),
            9 => json!({"sku": null, "barcode": null}),
            10 => json!({"sku": "", "barcode": "A10"}),
            11 => json!({"sku": "NOBODY \" \\ é\u{2028}x", "barcode": null}),
            n => json!({"sku": format!("A{n}")}),
        };
        json!({"title": format!("Thing {n}"), "variants": [variant]})
    };
    (0..VARIANTS).map(one).collect()
}
