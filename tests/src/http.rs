//! Calls as a person's script makes them.

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

/// An answer, body as JSON (`Null` when it is none).
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Body.
    pub body: Value,
}

impl Answer {
    /// The body, when the status is a success; panics with the answer otherwise.
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {:#}", self.status, self.body);
        self.body
    }
}

/// One service's address with its bearer token.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    base: String,
    token: String,
}

impl Api {
    /// Speaks to `base` (`http://127.0.0.1:1234`) with a token.
    pub fn new(base: impl Into<String>, token: impl Into<String>) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's own client")]
        let client = Client::new();
        Self { client, base: base.into(), token: token.into() }
    }

    /// The address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same caller at another address.
    #[must_use]
    pub fn at(&self, base: impl Into<String>) -> Self {
        Self { base: base.into(), ..self.clone() }
    }

    /// A call with a JSON body.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = request.bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::send(request).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// POST with a body of another type.
    pub async fn post_text(&self, path: &str, content_type: &str, body: String) -> Answer {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("content-type", content_type)
            .body(body);
        Self::send(request).await
    }

    async fn send(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.expect("the product answers");
        let status = answer.status();
        let text = answer.text().await.expect("the answer has a body");
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }
}
