//! One call to the Admin API, from waiting for points to the sorted answer.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use lockstep_domain::StoreId;
use lockstep_ports::{
    AdminAnswer, AdminError, AdminErrorKind, AdminRequest, Clock, ErrorKind, ShopifyAdmin,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use secrecy::ExposeSecret;
use thiserror::Error as ThisError;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug, info_span, warn};

use crate::answer::{self, Learnt, Reply};
use crate::budget::SharedPoints;
use crate::budgets::Budgets;
use crate::standings::Standings;
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
    budgets: Budgets,
    standings: Option<Standings>,
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
            budgets: Budgets::default(),
            standings: None,
            warned_of_version: AtomicBool::new(false),
        })
    }

    /// Shares the budgets of the stores with the other processes, and tells them and people which
    /// stores do not let us in.
    #[must_use]
    pub fn with_shared_points(self, shared: SharedPoints) -> Self {
        let standings = Some(Standings::new(shared.kv.clone()));
        Self { budgets: Budgets::shared(shared), standings, ..self }
    }

    /// Waits until the other processes can know what every answer so far cost: for a stop.
    pub async fn told_points(&self) {
        self.budgets.told().await;
    }

    /// Sends a call with a token that is no store's yet, once, as [`ShopifyAdmin::send`] does.
    ///
    /// # Errors
    /// As for a store.
    pub async fn send_as(
        &self,
        access: &StoreAccess,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        let span = span(request);
        span.record("shop.domain", access.shop_domain.as_str());
        let begun = self.clock.now();
        let call = self.call(None, access, request, begun);
        self.told(request, begun, call).instrument(span).await
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
        store: Option<&StoreId>,
        access: &StoreAccess,
        request: &AdminRequest,
        begun: Timestamp,
    ) -> Result<AdminAnswer, AdminError> {
        let budget = self.budgets.of(store, &access.shop_domain, self.clock.now());
        let permit =
            budget.acquire(&*self.clock, request.urgency, request.cost).await.map_err(|wait| {
                let kind = AdminErrorKind::OutOfPoints { wait };
                answer::error(request, kind, "the store's points are used up for now")
            })?;
        let waited = self.clock.now().duration_since(begun).unsigned_abs();
        let left = CALL_TIME_MAX.saturating_sub(waited);
        if left.is_zero() {
            let kind = AdminErrorKind::Transient;
            return Err(answer::error(request, kind, "its time was over before it was sent"));
        }
        let reply = self.exchange(access, request, left).await?;
        if let (401, Some(store)) = (reply.status, store) {
            self.tokens.refused(store, access);
        }
        let (learnt, result) = answer::sort(request, &reply);
        match learnt {
            Learnt::Nothing => drop(permit),
            Learnt::Executed(spent) => permit.answered(spent, &self.clock),
        }
        if let Some(store) = store {
            self.note(store, reply.status, &result).await;
        }
        result
    }

    /// Tells people how the store stands, when the answer says so.
    async fn note(&self, store: &StoreId, status: u16, result: &Result<AdminAnswer, AdminError>) {
        let Some(standings) = &self.standings else { return };
        let refusal = result.as_ref().err();
        let trouble = refusal.and_then(|error| answer::trouble(status, error));
        if trouble.is_some() || answer::lets_in(status, result) {
            let trouble = trouble.zip(refusal.map(|error| error.message.as_str()));
            standings.note(store, trouble, &*self.clock).await;
        }
    }

    /// Writes down how a call ended.
    async fn told(
        &self,
        request: &AdminRequest,
        begun: Timestamp,
        call: impl Future<Output = Result<AdminAnswer, AdminError>>,
    ) -> Result<AdminAnswer, AdminError> {
        let result = call.await;
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
        let span = span(request);
        span.record("store.id", store.as_str());
        let begun = self.clock.now();
        let call = async {
            let access = self.access(store, request).await?;
            self.call(Some(store), &access, request, begun).await
        };
        self.told(request, begun, call).instrument(span).await
    }

    fn budget_left(&self, store: &StoreId) -> Option<f64> {
        self.budgets.left(store, self.clock.now())
    }

    fn wrote_levels(&self, store: &StoreId, levels: usize) {
        if let Some(budget) = self.budgets.last(store) {
            budget.wrote_levels(levels);
        }
    }
}

fn span(request: &AdminRequest) -> Span {
    info_span!(
        "shopify-client.send",
        otel.kind = "client",
        store.id = Empty,
        shop.domain = Empty,
        shopify.operation = request.operation,
        shopify.urgency = ?request.urgency,
        shopify.requested_cost = request.cost,
    )
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
