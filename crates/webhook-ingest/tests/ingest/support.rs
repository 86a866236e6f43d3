//! A service over ports that a test controls, and deliveries as Shopify makes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use bytes::Bytes;
use jiff::Timestamp;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_contracts::shopify::signature;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::{Metadata, decode};
use lockstep_ports::{Kv, Outgoing, PortError};
use lockstep_webhook_ingest::{Config, SecretsOfStores};
use prost::Message;
use secrecy::SecretString;

pub const PATH: &str = "/webhooks/shopify";
pub const SECRET: &str = "process-secret";
pub const OLD_SECRET: &str = "old-process-secret";
pub const SOUTH_SECRET: &str = "secret-of-south";
pub const NOON: Timestamp = Timestamp::constant(1_795_000_000, 0);
pub const BODY: &str =
    r#"{"inventory_item_id":271878346596884015,"location_id":24826418,"available":null}"#;

pub fn config() -> Config {
    let secrets = vec![SecretString::from(SECRET), SecretString::from(OLD_SECRET)];
    Config { secrets, ..Config::default() }
}

/// Secrets of stores, from a list.
#[derive(Clone, Default)]
pub struct ListedSecrets(pub BTreeMap<&'static str, &'static str>);

#[async_trait]
impl SecretsOfStores for ListedSecrets {
    async fn api_secret(&self, store: &str) -> Result<Option<SecretString>, PortError> {
        Ok(self.0.get(store).map(|secret| SecretString::from(*secret)))
    }
}

/// Writes the settings of the stores that the tests know: north, south with a secret of its own,
/// and gone, which was deleted.
pub async fn add_stores(kv: &dyn Kv) {
    for (id, deleted) in [("north", false), ("south", false), ("gone", true)] {
        let settings = StoreSettings {
            id: id.to_owned(),
            shop_domain: format!("{id}.myshopify.com"),
            deleted,
            ..StoreSettings::default()
        };
        let key = format!("store.{id}");
        kv.put("settings", &key, settings.encode_to_vec().into(), 0).await.expect("written");
    }
}

pub fn south_secrets() -> Arc<ListedSecrets> {
    Arc::new(ListedSecrets(BTreeMap::from([("south", SOUTH_SECRET)])))
}

/// A delivery that can be spoiled.
#[derive(Clone)]
pub struct Post {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Bytes,
}

impl Post {
    pub fn new(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let text = |value: &str| value.as_bytes().to_vec();
        let headers = vec![
            ("content-type", text("application/json")),
            ("x-shopify-topic", text("inventory_levels/update")),
            ("x-shopify-hmac-sha256", text(&signature::sign(SECRET.as_bytes(), &body))),
            ("x-shopify-shop-domain", text("north.myshopify.com")),
            ("x-shopify-api-version", text("2026-10")),
            ("x-shopify-webhook-id", text("b54557e4-bdd9-4b37-8a5f-bf7d70bcd043")),
            ("x-shopify-triggered-at", text("2026-11-18T12:00:00.123456789Z")),
            ("x-shopify-event-id", text("98880550-7158-44d4-b7cd-2c97c8a091b5")),
        ];
        Self { method: "POST", path: PATH.to_owned(), headers, body }
    }

    pub fn with(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.retain(|(present, _)| *present != name);
        self.and(name, value)
    }

    /// The same header once more.
    pub fn and(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }

    pub fn without(mut self, name: &'static str) -> Self {
        self.headers.retain(|(present, _)| *present != name);
        self
    }

    pub fn id(self, id: &str) -> Self {
        self.with("x-shopify-webhook-id", id)
    }

    pub fn signed_with(self, secret: &str) -> Self {
        let signature = signature::sign(secret.as_bytes(), &self.body);
        self.with("x-shopify-hmac-sha256", signature)
    }

    pub fn request(self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method.parse().expect("a method");
        *request.uri_mut() = self.path.parse().expect("a path");
        for (name, value) in self.headers {
            let value = HeaderValue::from_bytes(&value).expect("a value");
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        request
    }
}

/// What stands in the stream.
pub fn read(message: &Outgoing) -> (Metadata, WebhookReceived) {
    let headers = message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let metadata = Metadata::from_headers(headers).expect("metadata");
    let event = decode(&metadata, &message.body).expect("a WebhookReceived");
    (metadata, event)
}
