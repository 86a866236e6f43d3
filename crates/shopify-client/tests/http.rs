//! The client against real sockets on loopback.
#![expect(clippy::unwrap_used, reason = "test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use bytes::Bytes;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{AdminErrorKind, AdminRequest, PortError, ShopifyAdmin, SystemClock, Urgency};
use lockstep_shopify_client::{AdminClient, AdminConfig, StoreAccess, TokenSource, UrlTemplate};
use lockstep_testkit::Logs;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const GOOD: &str = r#"{"data":{"shop":{"id":"gid://shopify/Shop/1"}},"extensions":{"cost":
    {"requestedQueryCost":5,"actualQueryCost":5,"throttleStatus":
    {"maximumAvailable":2000.0,"currentlyAvailable":1995,"restoreRate":100.0}}}}"#;

struct Tokens(BTreeMap<String, &'static str>);

#[async_trait]
impl TokenSource for Tokens {
    async fn access(&self, store: &StoreId) -> Result<Option<StoreAccess>, PortError> {
        Ok(self.0.get(store.as_str()).map(|token| StoreAccess {
            shop_domain: ShopDomain::try_new(format!("{store}.myshopify.com")).unwrap(),
            token: (*token).into(),
        }))
    }
}

/// What the server saw and what it says.
#[derive(Clone)]
struct Shop {
    seen: Arc<Mutex<Vec<(String, String, Bytes)>>>,
    status: u16,
    version: &'static str,
    body: Bytes,
}

impl Shop {
    fn answering(status: u16, body: impl Into<Bytes>) -> Self {
        Self { seen: Arc::default(), status, version: "2026-10", body: body.into() }
    }

    fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

async fn answer(
    State(shop): State<Shop>,
    Path((domain, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if domain.starts_with("hanging") {
        std::future::pending::<()>().await;
    }
    let token = headers.get("x-shopify-access-token").unwrap().to_str().unwrap().to_owned();
    shop.seen.lock().unwrap().push((format!("{domain} {version}"), token, body));
    Response::builder()
        .status(shop.status)
        .header("x-shopify-api-version", shop.version)
        .header("location", "/elsewhere")
        .body(Body::from(shop.body))
        .unwrap()
}

struct Server {
    url: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no lifecycle; the server ends with it")]
async fn serve(shop: &Shop) -> Server {
    let router = Router::new()
        .route("/{shop}/admin/api/{version}/graphql.json", post(answer))
        .with_state(shop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/{{shop}}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server { url, task }
}

fn client(url: &str) -> AdminClient {
    // Another test of this process may have installed it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tokens = Tokens(BTreeMap::from([
        ("north".to_owned(), "shpat_north"),
        ("broken".to_owned(), "line\nbreak"),
        ("hanging".to_owned(), "shpat_hanging"),
    ]));
    let config =
        AdminConfig { url: UrlTemplate::try_new(url).unwrap(), version: "2026-10".to_owned() };
    AdminClient::try_new(config, Arc::new(tokens), Arc::new(SystemClock)).unwrap()
}

fn north() -> StoreId {
    StoreId::try_new("north").unwrap()
}

fn request(mutation: bool) -> AdminRequest {
    AdminRequest {
        operation: "Sample".to_owned(),
        body: Bytes::from_static(b"{\"query\":\"{shop{id}}\",  \"variables\":{}}"),
        cost: 5,
        urgency: Urgency::StockDown,
        idempotent: false,
        mutation,
    }
}

#[tokio::test]
async fn the_exact_bytes_go_to_the_stores_own_address() {
    let shop = Shop::answering(200, GOOD);
    let server = serve(&shop).await;
    let client = client(&server.url);
    assert_eq!(client.budget_left(&north()), None);
    let answer = client.send(&north(), &request(false)).await.unwrap();
    assert_eq!(answer.data["shop"]["id"], "gid://shopify/Shop/1");
    let seen = shop.seen.lock().unwrap().clone();
    let expected = ("north.myshopify.com 2026-10".to_owned(), "shpat_north".to_owned());
    assert_eq!((seen[0].0.clone(), seen[0].1.clone()), expected);
    assert_eq!(seen[0].2, request(false).body);
    assert!(client.budget_left(&north()).unwrap() > 0.99);
}

#[tokio::test]
async fn nothing_is_repeated_and_no_redirect_is_followed() {
    for status in [307, 429, 500, 503] {
        let shop = Shop::answering(status, "later");
        let server = serve(&shop).await;
        let client = client(&server.url);
        assert!(client.send(&north(), &request(true)).await.is_err());
        assert_eq!(shop.calls(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_store_without_a_usable_token_is_not_called() {
    let shop = Shop::answering(200, GOOD);
    let server = serve(&shop).await;
    let client = client(&server.url);
    for store in ["south", "broken"] {
        let store = StoreId::try_new(store).unwrap();
        let error = client.send(&store, &request(false)).await.unwrap_err();
        assert_eq!(error.kind, AdminErrorKind::Access);
        assert!(!error.message.contains("line"), "the token is in the message");
    }
    assert_eq!(shop.calls(), 0);
}

#[tokio::test]
async fn a_refused_connection_is_certainly_not_executed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/{{shop}}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url).send(&north(), &request(true)).await.unwrap_err();
    assert_eq!(error.kind, AdminErrorKind::Transient);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test has no lifecycle; the task ends with it")]
async fn a_connection_that_breaks_after_sending_leaves_a_mutation_open() {
    for (mutation, expected) in
        [(true, AdminErrorKind::UnknownOutcome), (false, AdminErrorKind::Transient)]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/{{shop}}", listener.local_addr().unwrap());
        let taken = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut some = [0; 64];
            assert!(stream.read(&mut some).await.unwrap() > 0);
        });
        let error = client(&url).send(&north(), &request(mutation)).await.unwrap_err();
        assert_eq!(error.kind, expected, "{error}");
        taken.await.unwrap();
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let shop = Shop::answering(200, vec![b' '; 9 << 20]);
    let server = serve(&shop).await;
    let error = client(&server.url).send(&north(), &request(true)).await.unwrap_err();
    assert_eq!(error.kind, AdminErrorKind::UnknownOutcome);
    assert!(error.message.contains("larger"), "{error}");
}

#[tokio::test]
async fn one_store_that_hangs_does_not_hold_another() {
    let shop = Shop::answering(200, GOOD);
    let server = serve(&shop).await;
    let client = client(&server.url);
    let (hanging, north) = (StoreId::try_new("hanging").unwrap(), north());
    let request = request(false);
    tokio::select! {
        answer = client.send(&hanging, &request) => panic!("{answer:?}"),
        answer = client.send(&north, &request) => assert!(answer.is_ok(), "{answer:?}"),
    }
    assert_eq!(client.budget_left(&hanging), None);
}

#[tokio::test]
async fn a_token_in_hand_shares_the_points_of_its_shop() {
    let shop = Shop::answering(200, GOOD);
    let server = serve(&shop).await;
    let client = client(&server.url);
    let access = StoreAccess {
        shop_domain: ShopDomain::try_new("north.myshopify.com").unwrap(),
        token: "shpat_new".into(),
    };
    client.send_as(&access, &request(false)).await.unwrap();
    assert_eq!(client.budget_left(&north()), None, "it is no store's call");
    let seen = shop.seen.lock().unwrap().clone();
    assert_eq!(
        (seen[0].0.as_str(), seen[0].1.as_str()),
        ("north.myshopify.com 2026-10", "shpat_new")
    );
    let (first, second) = (request(false), request(false));
    let store = north();
    let both = tokio::join!(client.send(&store, &first), client.send_as(&access, &second));
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    assert_eq!(shop.calls(), 3);
    assert!(client.budget_left(&north()).is_some());
}

#[tokio::test]
async fn neither_log_nor_error_shows_a_token_or_a_body() {
    let (logs, _guard) = Logs::capture();
    let mut errors = String::new();
    for status in [200, 307, 401, 403, 429, 500] {
        let shop = Shop::answering(status, GOOD);
        let server = serve(&shop).await;
        let client = client(&server.url);
        for store in ["north", "broken", "south"] {
            let store = StoreId::try_new(store).unwrap();
            if let Err(error) = client.send(&store, &request(true)).await {
                errors.push_str(&format!("{error} {error:?}\n"));
            }
        }
        let access = StoreAccess {
            shop_domain: ShopDomain::try_new("north.myshopify.com").unwrap(),
            token: "shpat_in_hand".into(),
        };
        let _ = client.send_as(&access, &request(false)).await;
        errors.push_str(&format!("{access:?}\n"));
    }
    let log = logs.text();
    assert!(log.contains("shopify-client.send") && log.contains("answered"), "{log}");
    for text in [&log, &errors] {
        for secret in ["shpat", "line\nbreak", "{shop{id}}"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
