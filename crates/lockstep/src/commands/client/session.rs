//! Calls of the admin API: address, token, time limits, pages.

use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Bytes;
use indicatif::ProgressBar;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, Url, redirect};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::Target;
use super::output::{Shown, count, member, print, write};
use super::refusal::Refusal;
use crate::config::ConfigError;

/// A console that is there accepts at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A call waits for Shopify and for the adoption of settings at most.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// A file of 50,000 rows, or all links of a store.
const LONG_CALL_TIMEOUT: Duration = Duration::from_mins(10);
/// Rows of a page: the most that the API gives.
const PAGE_ROWS: usize = 500;
/// What stands in a path or query as itself.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One command's access to the admin API.
pub struct Session {
    http: reqwest::Client,
    base: String,
    is_json: bool,
}

impl Session {
    /// Checks address and token; nothing is sent yet.
    pub fn try_new(target: &Target, token: Option<&str>) -> anyhow::Result<Self> {
        let url = address(&target.console_url)?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization(token)?);
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .default_headers(headers)
            // The token goes to the address that was named, and to no other.
            .redirect(redirect::Policy::none());
        if url.host_str().is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host)) {
            http = http.no_proxy();
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            http: http.build().context("set up the HTTP client")?,
            base,
            is_json: target.json,
        })
    }

    /// Whether answers are printed unchanged.
    pub const fn is_json(&self) -> bool {
        self.is_json
    }

    /// A call of `/api/v1` followed by the path.
    pub fn call(&self, method: Method, path: &Path) -> Call<'_> {
        let url = format!("{}/api/v1{}", self.base, path.0);
        Call { session: self, request: self.http.request(method, url) }
    }

    /// Prints an answer unchanged with `--json`, otherwise as `render` shows it.
    pub fn show<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        render: impl FnOnce(T, &mut Shown),
    ) -> anyhow::Result<()> {
        if self.is_json {
            return answer.print();
        }
        let mut shown = Shown::default();
        render(answer.read()?, &mut shown);
        shown.print()
    }

    /// Every row of a list, page after page. With `--json` the pages are printed as they come, a
    /// document each, and `None` is returned.
    pub async fn list<T: DeserializeOwned>(
        &self,
        path: &Path,
        rows_in: &str,
    ) -> anyhow::Result<Option<Vec<T>>> {
        let progress = ProgressBar::new_spinner();
        let mut rows: Vec<T> = Vec::new();
        let mut after = String::new();
        loop {
            let mut page = path.clone().query("limit", PAGE_ROWS);
            if !after.is_empty() {
                page = page.query("after", &after);
            }
            let answer = self.call(Method::GET, &page).send().await?;
            let page: Value = answer.read()?;
            let next = member(&page, "next");
            if self.is_json {
                answer.print()?;
            } else {
                let found = page.get(rows_in).unwrap_or(&Value::Null);
                rows.extend(as_own(Vec::<T>::deserialize(found))?);
                progress.set_message(format!("{} read", count(rows.len(), "row", "rows")));
                progress.tick();
            }
            if next.is_empty() {
                break;
            }
            if next == after {
                bail!("the list does not go on after {next}; ask the console's log");
            }
            after = next;
        }
        progress.finish_and_clear();
        Ok((!self.is_json).then_some(rows))
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let mut reason = "no answer in time".to_owned();
        if !error.is_timeout() {
            let mut cause: &dyn std::error::Error = error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            reason = cause.to_string();
        }
        anyhow::anyhow!(
            "the console at {} cannot be reached: {reason}\n  fix: start it (lockstep run), or \
             set --console-url (LOCKSTEP_CONSOLE_URL)",
            self.base
        )
    }
}

fn address(text: &str) -> Result<Url, ConfigError> {
    let refused = |problem: &str| ConfigError {
        setting: "LOCKSTEP_CONSOLE_URL",
        problem: problem.to_owned(),
        fix: "expected e.g. http://127.0.0.1:8083",
    };
    let url = Url::parse(text).map_err(|_| refused("is not an address"))?;
    if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
        return Err(refused("is not an address of HTTP"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(refused("has more than scheme, host, port and path"));
    }
    Ok(url)
}

fn authorization(token: Option<&str>) -> Result<HeaderValue, ConfigError> {
    let refused = |problem: &str| ConfigError {
        setting: "LOCKSTEP_ADMIN_TOKEN",
        problem: problem.to_owned(),
        fix: "set it to the token that the console was started with",
    };
    let token = token.map(str::trim).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| refused("is missing"))?;
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| refused("has characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A path below `/api/v1`, encoded.
#[derive(Clone)]
pub struct Path(String);

impl Path {
    /// A path of these parts.
    ///
    /// # Errors
    /// A part that no address can carry: an empty one, and those that mean another folder.
    pub fn try_new(parts: &[&str]) -> anyhow::Result<Self> {
        let mut path = String::new();
        for part in parts {
            if ["", ".", ".."].contains(part) {
                bail!("{part:?} cannot stand in an address; give the id or code itself");
            }
            path.push('/');
            path.extend(utf8_percent_encode(part, PLAIN));
        }
        Ok(Self(path))
    }

    /// With a parameter.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(&value.to_string(), PLAIN));
        self
    }

    /// With a parameter, when it is given.
    pub fn query_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }
}

/// A call that is not sent yet.
pub struct Call<'a> {
    session: &'a Session,
    request: RequestBuilder,
}

impl Call<'_> {
    /// With a JSON body.
    pub fn json(mut self, body: impl Into<Value>) -> Self {
        self.request = self.request.json(&body.into());
        self
    }

    /// With a CSV body.
    pub fn csv(mut self, body: Vec<u8>) -> Self {
        self.request = self.request.header(CONTENT_TYPE, "text/csv").body(body);
        self
    }

    /// May take long.
    pub fn patient(mut self) -> Self {
        self.request = self.request.timeout(LONG_CALL_TIMEOUT);
        self
    }

    /// With a key under which a repetition is recognised.
    pub fn idempotency_key(mut self, key: Option<&str>) -> Self {
        if let Some(key) = key {
            let name = HeaderName::from_static("idempotency-key");
            self.request = self.request.header(name, key);
        }
        self
    }

    /// Sends; anything but success is an error.
    pub async fn send(self) -> anyhow::Result<Answer> {
        let session = self.session;
        let (response, is_replay) = self.respond().await?;
        let body = response.bytes().await.map_err(|e| session.unreachable(&e))?;
        Ok(Answer { body, is_replay })
    }

    /// Sends and prints the CSV of the answer while it comes.
    pub async fn stream_csv(mut self) -> anyhow::Result<()> {
        self.request = self.request.header(ACCEPT, "text/csv");
        let session = self.session;
        let (mut response, _) = self.respond().await?;
        while let Some(chunk) = response.chunk().await.map_err(|e| session.unreachable(&e))? {
            write(&chunk)?;
        }
        Ok(())
    }

    async fn respond(self) -> anyhow::Result<(Response, bool)> {
        let session = self.session;
        let response = self.request.send().await.map_err(|e| session.unreachable(&e))?;
        let status = response.status();
        if status.is_success() {
            let is_replay = response.headers().contains_key("idempotent-replayed");
            return Ok((response, is_replay));
        }
        let body = response.bytes().await.map_err(|e| session.unreachable(&e))?;
        Err(Refusal::new(status, body).into())
    }
}

/// A successful answer.
pub struct Answer {
    body: Bytes,
    /// Whether the call had been made before and nothing was done now.
    pub is_replay: bool,
}

impl Answer {
    /// Reads it.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        as_own(serde_json::from_slice(&self.body))
    }

    /// Prints it unchanged.
    pub fn print(&self) -> anyhow::Result<()> {
        if !self.body.is_empty() {
            self.read::<IgnoredAny>()?;
        }
        print(&self.body)
    }
}

fn as_own<T>(read: serde_json::Result<T>) -> anyhow::Result<T> {
    read.map_err(|e| {
        anyhow::anyhow!(
            "the answer is not one of the admin API: {e}\n  fix: check --console-url \
             (LOCKSTEP_CONSOLE_URL), and that console and command are of one version"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_path_stay_parts() {
        let path = Path::try_new(&["stores", "north", "stock", "a/b?c#d%é .\u{1f4a1}"]).unwrap();
        let path = path.query("after", "x&y=z").query_some("limit", None::<u8>);
        let encoded = "/stores/north/stock/a%2Fb%3Fc%23d%25%C3%A9%20.%F0%9F%92%A1?after=x%26y%3Dz";
        assert_eq!(path.0, encoded);
        for part in ["", ".", ".."] {
            assert!(Path::try_new(&["stores", part]).is_err(), "{part}");
        }
    }

    #[test]
    fn a_wrong_address_or_token_is_refused_without_showing_the_token() {
        for text in ["console", "ftp://console", "http://me:secret@console", "http://c/?a=b"] {
            let said = address(text).unwrap_err().to_string();
            assert!(said.starts_with("LOCKSTEP_CONSOLE_URL") && !said.contains("secret"), "{said}");
        }
        let said = authorization(Some("one\ntwo")).unwrap_err().to_string();
        assert!(said.starts_with("LOCKSTEP_ADMIN_TOKEN has") && !said.contains("one"), "{said}");
        assert!(authorization(Some(" ")).is_err());
        let token = authorization(Some("good")).unwrap();
        assert_eq!(format!("{token:?}"), "Sensitive");
    }
}
