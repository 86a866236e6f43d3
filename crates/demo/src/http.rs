//! JSON over HTTP, with limits, and errors that quote the answer.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

const CALL_LIMIT: Duration = Duration::from_secs(30);
const QUOTED_CHARACTERS_MAX: usize = 600;

/// One server.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    base: String,
    token: Option<String>,
}

impl Http {
    /// Speaks to the server at the address, with a bearer token if there is one.
    ///
    /// # Errors
    /// When there is no client to be had.
    pub fn new(base: &str, token: Option<&str>) -> Result<Self> {
        crate::install_tls();
        let client = Client::builder().timeout(CALL_LIMIT).build().context("no HTTP client")?;
        Ok(Self { client, base: base.to_owned(), token: token.map(str::to_owned) })
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
        shape: impl FnOnce(RequestBuilder) -> RequestBuilder,
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
