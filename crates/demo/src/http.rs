//! JSON over HTTP, with limits, and errors that quote the answer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

const CALL_LIMIT: Duration = Duration::from_secs(30);
const QUOTED_CHARACTERS_MAX: usize = 600;
/// Before the next attempt at a server that was away.
const AWAY_WAIT: Duration = Duration::from_millis(60);

/// One server.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    base: String,
    token: Option<String>,
    patience: Duration,
}

impl Http {
    /// Speaks to the server at the address, with a bearer token if there is one.
    ///
    /// # Errors
    /// When there is no client to be had.
    pub fn new(base: &str, token: Option<&str>) -> Result<Self> {
        crate::install_tls();
        let client = Client::builder().timeout(CALL_LIMIT).build().context("no HTTP client")?;
        let (base, token) = (base.to_owned(), token.map(str::to_owned));
        Ok(Self { client, base, token, patience: Duration::ZERO })
    }

    /// Repeats for so long what is not answered. For a server to which everything may be said
    /// twice.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Where the server is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// # Errors
    /// When there is no answer, or one that is not a success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, |request| request).await
    }

    /// # Errors
    /// When there is no answer, or one that is not a success.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        self.call(method, path, |request| request.json(body)).await
    }

    /// # Errors
    /// When there is no answer, or one that is not a success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, body).await
    }

    /// # Errors
    /// When there is no answer, or one that is not a success.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        shape: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Value> {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.once(&method, path, &shape).await {
                // No answer: it may be down for a moment. An answer that is a refusal stays one.
                Err(error) if error.is::<reqwest::Error>() && Instant::now() < deadline => {
                    tokio::time::sleep(AWAY_WAIT).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        shape: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Value> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method.clone(), &url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = shape(request).send().await.with_context(|| format!("{method} {url}"))?;
        let status = answer.status();
        let text = answer.text().await.with_context(|| format!("{method} {url}"))?;
        if !status.is_success() {
            let quoted: String = text.chars().take(QUOTED_CHARACTERS_MAX).collect();
            bail!("{method} {url} answers {status}: {quoted}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}
