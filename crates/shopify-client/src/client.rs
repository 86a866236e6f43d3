//! One call to the Admin API, from waiting for points to the sorted answer.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use lockstep_domain::StoreId;
use lockstep_ports::{
    AdminAnswer, AdminError, AdminErrorKind, AdminRequest, Clock, ErrorKind, ShopifyAdmin,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use secrecy::ExposeSecret;
use thiserror::Error as ThisError;
use tracing::{Instrument, debug, info_span, warn};

use crate::answer::{self, Learnt, Reply};
use crate::budget::Budget;
use crate::token::{StoreAccess, TokenSource};
use crate::url::UrlTemplate;

/// Longest time from the wish to call until the answer is there or given up. Leases of effects are
/// longer than this.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(20);
/// A store that does not even take a connection in this time is away.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Largest answer that is read. A page of 250 levels with every quantity has about 300 KB.
const ANSWER_BYTES_MAX: usize = 8 << 20;

const TOKEN_HEADER: &str = "x-shopify-access-token";
const VERSION_HEADER: &str = "x-shopify-api-version";

/// Where and how Shopify is called.
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// `SHOPIFY_URL`.
    pub url: UrlTemplate,
    /// `SHOPIFY_API_VERSION`, e.g. `2026-10`.
    pub version: String,
}

/// The HTTP client cannot be built on this machine.
#[derive(Debug, ThisError)]
#[error("cannot set up the HTTP client for Shopify")]
pub struct BuildError(#[from] reqwest::Error);

/// Calls Shopify's Admin API.
pub struct AdminClient {
    http: reqwest::Client,
    config: AdminConfig,
    tokens: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    budgets: Mutex<HashMap<StoreId, Arc<Budget>>>,
    warned_of_version: AtomicBool,
}

impl AdminClient {
    /// Sets the client up; nothing is sent. The process must have installed a TLS provider.
    ///
    /// # Errors
    /// [`BuildError`] when the machine's TLS set-up is unusable.
    pub fn try_new(
        config: AdminConfig,
        tokens: Arc<dyn TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIME_MAX)
            // A redirect would carry the token to another host.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        if config.url.is_loopback() {
            http = http.no_proxy();
        }
        Ok(Self {
            http: http.build()?,
            config,
            tokens,
            clock,
            budgets: Mutex::default(),
            warned_of_version: AtomicBool::new(false),
        })
    }

    fn budget(&self, store: &StoreId) -> Arc<Budget> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(budgets.entry(store.clone()).or_default())
    }

    async fn access(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<StoreAccess, AdminError> {
        match self.tokens.access(store).await {
            Ok(Some(access)) => Ok(access),
            Ok(None) => {
                Err(answer::error(request, AdminErrorKind::Access, "the store has no access token"))
            }
            Err(error) if error.kind == ErrorKind::Permanent => {
                Err(answer::error(request, AdminErrorKind::Access, &error.chain()))
            }
            Err(error) => Err(answer::error(request, AdminErrorKind::Transient, &error.chain())),
        }
    }

    async fn call(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        let begun = self.clock.now();
        let access = self.access(store, request).await?;
        let budget = self.budget(store);
        let permit =
            budget.acquire(&*self.clock, request.lane, request.cost).await.map_err(|wait| {
                let kind = AdminErrorKind::Throttled { wait };
                answer::error(request, kind, "the store's points are used up for now")
            })?;
        let waited = self.clock.now().duration_since(begun).unsigned_abs();
        let reply = self.exchange(&access, request, CALL_TIME_MAX.saturating_sub(waited)).await?;
        let (learnt, result) = answer::sort(request, &reply);
        match learnt {
            Learnt::Nothing => {}
            Learnt::NoBucket => permit.answered(None, self.clock.now()),
            Learnt::Bucket(status) => permit.answered(Some(status), self.clock.now()),
        }
        result
    }

    async fn exchange(
        &self,
        access: &StoreAccess,
        request: &AdminRequest,
        time_max: Duration,
    ) -> Result<Reply, AdminError> {
        let Ok(mut token) = HeaderValue::from_str(access.token.expose_secret()) else {
            let message = "the access token holds characters that no header can carry";
            return Err(answer::error(request, AdminErrorKind::Access, message));
        };
        token.set_sensitive(true);
        let response = self
            .http
            .post(self.config.url.graphql(&access.shop_domain, &self.config.version))
            .header(CONTENT_TYPE, "application/json")
            .header(TOKEN_HEADER, token)
            .timeout(time_max)
            .body(request.body.clone())
            .send()
            .await
            .map_err(|error| unsent_or_uncertain(request, error))?;
        self.compare_version(response.headers());
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = read_body(response).await.map_err(|why| answer::uncertain(request, &why))?;
        Ok(Reply { status, retry_after, body })
    }

    /// Shopify answers a retired version with an older or newer one and no error.
    fn compare_version(&self, headers: &HeaderMap) {
        let Some(version) = headers.get(VERSION_HEADER).and_then(|value| value.to_str().ok())
        else {
            return;
        };
        let pinned = &self.config.version;
        if version != pinned && !self.warned_of_version.swap(true, Ordering::Relaxed) {
            warn!(
                code = "LS0501",
                shopify.version = version,
                shopify.pinned = pinned,
                "Shopify answers with version {version} instead of {pinned}; \
                 set SHOPIFY_API_VERSION to a supported one"
            );
        }
    }
}

#[async_trait]
impl ShopifyAdmin for AdminClient {
    async fn send(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        let span = info_span!(
            "shopify-client.send",
            otel.kind = "client",
            store.id = store.as_str(),
            shopify.operation = request.operation,
            shopify.lane = ?request.lane,
            shopify.requested_cost = request.cost,
        );
        async {
            let begun = self.clock.now();
            let result = self.call(store, request).await;
            let duration_ms = self.clock.now().duration_since(begun).as_millis();
            match &result {
                Ok(answer) => debug!(
                    duration_ms,
                    shopify.actual_cost = answer.actual_cost,
                    shopify.available = answer.available,
                    "{} answered",
                    request.operation
                ),
                Err(error) => debug!(duration_ms, kind = ?error.kind, "{error}"),
            }
            result
        }
        .instrument(span)
        .await
    }

    fn budget_left(&self, store: &StoreId) -> Option<f64> {
        let budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.get(store).and_then(|budget| budget.left(self.clock.now()))
    }
}

/// Without a connection nothing was sent; anything later leaves it open.
fn unsent_or_uncertain(request: &AdminRequest, error: reqwest::Error) -> AdminError {
    let (is_connect, is_builder) = (error.is_connect(), error.is_builder());
    let message = in_words(&error.without_url());
    if is_connect {
        return answer::error(request, AdminErrorKind::Transient, &message);
    }
    if is_builder {
        return answer::error(request, AdminErrorKind::Permanent, &message);
    }
    answer::uncertain(request, &message)
}

async fn read_body(mut response: reqwest::Response) -> Result<Bytes, String> {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body.freeze()),
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_BYTES_MAX => {
                return Err(format!("the answer is larger than {ANSWER_BYTES_MAX} bytes"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Err(in_words(&error.without_url())),
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
