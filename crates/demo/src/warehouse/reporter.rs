//! The sender: takes the oldest reports, repeats them under their ids until each was answered.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::Rng as _;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::journal::{Fate, Outcome};
use super::report::{Call, Report};
use super::{Office, Settings};

/// Reports of one call; the contract allows 1,000.
const BATCH_MAX: usize = 100;
const CALL_LIMIT: Duration = Duration::from_secs(15);
/// The first wait after a failure, doubled with each further one up to the longest.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_LONGEST: Duration = Duration::from_secs(2);

const REJECTED: &str = "ITEM_STATUS_REJECTED";

#[derive(Debug)]
pub struct Reporter {
    office: Arc<Office>,
    client: Client,
    base: String,
    token: String,
}

#[derive(Debug, Deserialize)]
struct Answers {
    items: Vec<ItemAnswer>,
}

/// The answer to a call that takes one report.
#[derive(Debug, Deserialize)]
struct SingleAnswer {
    item: ItemAnswer,
}

#[derive(Debug, Deserialize)]
struct ItemAnswer {
    event_id: String,
    status: String,
    #[serde(default)]
    error: Option<ItemError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ItemError {
    code: String,
    field: String,
    /// A refusal of a whole call says it as `detail`.
    #[serde(alias = "detail")]
    message: String,
}

impl Reporter {
    pub fn try_new(settings: &Settings, office: Arc<Office>) -> Result<Self> {
        crate::install_tls();
        let client = Client::builder().timeout(CALL_LIMIT).build().context("no HTTP client")?;
        let base = settings.lockstep_url.trim_end_matches('/').to_owned();
        Ok(Self { office, client, base, token: settings.token.clone() })
    }

    pub async fn run(&self) -> Infallible {
        let mut wait = WAIT_FIRST;
        loop {
            let batch = self.office.ledger().batch(BATCH_MAX);
            let Some((call, reports)) = batch else {
                self.office.reports.notified().await;
                continue;
            };
            match self.send(&call, &reports).await {
                Ok(settled) if settled > 0 => wait = WAIT_FIRST,
                Ok(_) => wait = self.pause(wait, "nothing of the batch was taken").await,
                Err(error) => wait = self.pause(wait, &format!("{error:#}")).await,
            }
        }
    }

    /// Waits with jitter and returns the next wait.
    async fn pause(&self, wait: Duration, reason: &str) -> Duration {
        let waiting = self.office.ledger().waiting();
        #[expect(clippy::print_stderr, reason = "the log of this program")]
        {
            eprintln!("{waiting} reports wait, next attempt in {wait:?}: {reason}");
        }
        let jittered = wait.mul_f64(rand::rng().random_range(0.5..1.0));
        tokio::time::sleep(jittered).await;
        (wait * 2).min(WAIT_LONGEST)
    }

    /// Sends one batch and writes down what was answered; how many reports that settled.
    async fn send(&self, call: &Call, reports: &[Report]) -> Result<usize> {
        let items: Vec<Value> = reports.iter().map(Report::to_json).collect();
        let content = if call.takes_many() {
            Value::Array(items)
        } else {
            items.into_iter().next().unwrap_or_default()
        };
        let request = self
            .client
            .post(format!("{}{}", self.base, call.path()))
            .bearer_auth(&self.token)
            .json(&json!({ call.field(): content }));
        let response = request.send().await.context("Lockstep does not answer")?;
        let status = response.status();
        let body = response.text().await.context("Lockstep does not answer")?;
        let outcomes = if call.takes_many() {
            anyhow::ensure!(status == StatusCode::ACCEPTED, "Lockstep answers {status}: {body}");
            let answers = serde_json::from_str(&body);
            outcomes(reports, answers.context("the answer is not the contract's")?)
        } else {
            let answer = single(reports, status, &body)?;
            outcomes(reports, Answers { items: answer.into_iter().collect() })
        };
        let settled = outcomes.len();
        self.office.ledger().settle(outcomes).context("the ledger cannot be written")?;
        Ok(settled)
    }
}

/// The answer to a single report: its fate, or a refusal of the call, which is the report's own
/// when the call itself was good.
fn single(reports: &[Report], status: StatusCode, body: &str) -> Result<Option<ItemAnswer>> {
    match status {
        StatusCode::ACCEPTED => {
            let answer: SingleAnswer =
                serde_json::from_str(body).context("the answer is not the contract's")?;
            Ok(Some(answer.item))
        }
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT => {
            let error = serde_json::from_str(body).context("the refusal is not the contract's")?;
            Ok(reports.first().map(|report| ItemAnswer {
                event_id: report.event_id.clone(),
                status: REJECTED.to_owned(),
                error: Some(error),
            }))
        }
        _ => anyhow::bail!("Lockstep answers {status}: {body}"),
    }
}

/// What is final among the answers. A report that was not answered, or that Lockstep could not
/// take at that moment, stays in the outbox.
fn outcomes(reports: &[Report], answers: Answers) -> Vec<Outcome> {
    let mut by_id: HashMap<String, ItemAnswer> =
        answers.items.into_iter().map(|item| (item.event_id.clone(), item)).collect();
    let fates = reports.iter().filter_map(|report| {
        let answer = by_id.remove(&report.event_id)?;
        Some(Outcome { event_id: report.event_id.clone(), fate: fate(answer)? })
    });
    fates.collect()
}

fn fate(answer: ItemAnswer) -> Option<Fate> {
    let error = answer.error.unwrap_or_default();
    match answer.status.as_str() {
        "ITEM_STATUS_ACCEPTED" | "ITEM_STATUS_DUPLICATE" => Some(Fate::Accepted),
        REJECTED if error.code != "ERROR_CODE_UNAVAILABLE" => {
            let ItemError { code, field, message } = error;
            Some(Fate::Refused { code, field, message })
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "reporter_tests.rs"]
mod tests;
