//! What Lockstep's feed says, as far as a warehouse needs it, and the one who reads it: from the
//! number that the ledger holds, by long polls, and acknowledged once it is in the ledger.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rand::Rng as _;
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::{Office, Settings};

/// Entries of one page.
const PAGE_MAX: u32 = 100;
/// How long a poll may wait for news.
const POLL_SECONDS: u32 = 20;
const CALL_LIMIT: Duration = Duration::from_secs(35);
/// The first wait after a failure, doubled with each further one up to the longest.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_LONGEST: Duration = Duration::from_secs(2);

/// What an order asks of the warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    #[serde(rename = "ORDER_REQUEST_FULFIL")]
    Fulfil,
    #[serde(rename = "ORDER_REQUEST_HOLD")]
    Hold,
    #[serde(rename = "ORDER_REQUEST_CANCEL")]
    Cancel,
    /// Also whatever a newer Lockstep may ask: nothing is done about it.
    #[serde(rename = "ORDER_REQUEST_INFORM", other)]
    Inform,
}

/// A line of an order, as far as one warehouse serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub line_id: String,
    #[serde(default)]
    pub sku: String,
    /// Pieces as ordered.
    #[serde(default, deserialize_with = "number")]
    pub quantity: i64,
    /// Pieces still to be sent.
    #[serde(default, deserialize_with = "number")]
    pub quantity_open: i64,
}

/// The part of an order that one warehouse serves. The highest revision holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub order_key: String,
    pub revision: u32,
    #[serde(default)]
    pub store: String,
    #[serde(default)]
    pub order_name: String,
    pub request: Request,
    pub warehouse_code: String,
    #[serde(default)]
    pub lines: Vec<Line>,
}

/// Refunded pieces of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    pub line_id: String,
    #[serde(default)]
    pub sku: String,
    #[serde(default, deserialize_with = "number")]
    pub quantity: i64,
    #[serde(default)]
    pub restock_type: String,
    #[serde(default)]
    pub warehouse_code: String,
}

/// A refund in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub order_key: String,
    pub refund_id: String,
    #[serde(default)]
    pub lines: Vec<RefundLine>,
}

/// What became of a report of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub event_id: String,
    #[serde(default)]
    pub report: String,
    pub outcome: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub message: String,
}

/// One entry. What a newer Lockstep may tell beyond this is read and passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    #[serde(deserialize_with = "number")]
    pub number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<Refund>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// The answer to `GET /v1/feed`.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    items: Vec<Item>,
}

/// Numbers of 64 bits are texts in the contract's JSON; a number is taken too.
fn number<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display> + Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form<T> {
        Number(T),
        Text(String),
    }
    match Form::deserialize(deserializer)? {
        Form::Number(number) => Ok(number),
        Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// Reads for as long as the program runs.
#[derive(Debug)]
pub struct Reader {
    office: Arc<Office>,
    client: Client,
    base: String,
    token: String,
}

impl Reader {
    pub fn try_new(settings: &Settings, office: Arc<Office>) -> Result<Self> {
        crate::install_tls();
        let client = Client::builder().timeout(CALL_LIMIT).build().context("no HTTP client")?;
        let base = settings.lockstep_url.trim_end_matches('/').to_owned();
        Ok(Self { office, client, base, token: settings.token.clone() })
    }

    pub async fn run(&self) -> Infallible {
        let mut wait = WAIT_FIRST;
        // What an earlier life may have read without saying so.
        let mut acknowledged = 0;
        loop {
            match self.turn(&mut acknowledged).await {
                Ok(()) => wait = WAIT_FIRST,
                Err(error) => {
                    #[expect(clippy::print_stderr, reason = "the log of this program")]
                    {
                        eprintln!("the feed is not read, next attempt in {wait:?}: {error:#}");
                    }
                    tokio::time::sleep(wait.mul_f64(rand::rng().random_range(0.5..1.0))).await;
                    wait = (wait * 2).min(WAIT_LONGEST);
                }
            }
        }
    }

    /// One page: into the ledger first, then acknowledged.
    async fn turn(&self, acknowledged: &mut u64) -> Result<()> {
        let read = self.office.ledger().orders().read();
        if read > *acknowledged {
            self.acknowledge(read).await?;
            *acknowledged = read;
        }
        let path = format!("/v1/feed?after={read}&limit={PAGE_MAX}&wait={POLL_SECONDS}");
        let answer = self.ask(self.client.get(format!("{}{path}", self.base))).await?;
        let page: Page = answer.json().await.context("the answer is not the contract's")?;
        for item in page.items {
            let mut ledger = self.office.ledger();
            ledger.read(Timestamp::now(), item).context("the ledger cannot be written")?;
        }
        self.office.reports.notify_one();
        Ok(())
    }

    async fn acknowledge(&self, number: u64) -> Result<()> {
        let request = self.client.post(format!("{}/v1/feed/ack", self.base));
        self.ask(request.json(&json!({ "number": number.to_string() }))).await.map(drop)
    }

    async fn ask(&self, request: RequestBuilder) -> Result<reqwest::Response> {
        let answer = request.bearer_auth(&self.token).send().await;
        let answer = answer.context("Lockstep does not answer")?;
        let status = answer.status();
        if !status.is_success() {
            let body = answer.text().await.unwrap_or_default();
            anyhow::bail!("Lockstep answers {status}: {body}");
        }
        Ok(answer)
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
