//! *Job*: one run of "sync products": forecast, progress, result. Keyed by its id.
//!
//! A run goes by steps; each step names where the next one begins, so that it can stop and go on
//! anywhere. Which step is due is the state; what it does is the service's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bulk::Bulk;
use super::conflict::ConflictKind;
use crate::decider::Decider;
use crate::ids::{StoreId, VariantId};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Going on.
    Running,
    /// Stopped by a person.
    Paused,
    /// Ended by itself.
    Done,
    /// Ended by a person.
    Cancelled,
    /// Ended by a fault.
    Failed,
}

/// What was expected when it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Variants.
    pub items: u64,
    /// Calls to Shopify.
    pub calls: u64,
    /// Points that they cost.
    pub points: u64,
    /// Seconds, when nothing else wants points.
    pub seconds: u64,
}

impl Forecast {
    /// The forecast for a number of variants. Points come back at the rate of the smallest plan,
    /// and a call takes a second with the questions around it.
    #[must_use]
    pub fn of(variants: u64, page: Cost, count: Cost) -> Self {
        let pages = variants.div_ceil(page.items.max(1)).max(1);
        let points = pages.saturating_mul(page.points).saturating_add(count.points);
        let calls = pages.saturating_add(1);
        Self { items: variants, calls, points, seconds: calls.max(points.div_ceil(RESTORE_RATE)) }
    }

    /// The forecast where Shopify writes the variants into a file: reading that costs no points.
    /// How long Shopify writes is a guess.
    #[must_use]
    pub fn of_file(variants: u64, count: Cost, file: Cost) -> Self {
        let pieces = variants.div_ceil(file.items.max(1)).max(1);
        let written = variants.div_ceil(WRITTEN_RATE).max(LOOKED_LEAST);
        Self {
            items: variants,
            calls: 4,
            points: file.points.saturating_add(count.points),
            seconds: pieces.saturating_add(written),
        }
    }
}

/// Points that a shop of Shopify's smallest plan gets back per second.
const RESTORE_RATE: u64 = 100;

/// Variants that Shopify is taken to write into a file per second.
const WRITTEN_RATE: u64 = 500;
/// Seconds until a file is found to be written, at least.
const LOOKED_LEAST: u64 = 10;

/// What a call brings and costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Things that it brings.
    pub items: u64,
    /// Points.
    pub points: u64,
}

/// What the next step does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Count the variants.
    #[default]
    Count,
    /// Read a page of variants.
    Read {
        /// Only variants above this id: Shopify pages through 25,000 and no further.
        above: Option<VariantId>,
        /// Shopify's cursor within these.
        after: Option<String>,
        /// Pages read with this `above`.
        pages: u32,
    },
    /// Go on with Shopify's file of all variants.
    File {
        /// Where that stands.
        step: Bulk,
    },
    /// Forget variants that are gone.
    Sweep {
        /// The last listing that was looked at.
        after: String,
    },
    /// Link by SKU.
    BySku {
        /// The last listing that was looked at.
        after: String,
    },
    /// Link the others by barcode, and list what a person must decide.
    ByBarcode {
        /// The last listing that was looked at.
        after: String,
    },
}

/// What it came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Variants read.
    pub read: u64,
    /// Links made by equal SKUs.
    pub linked_by_sku: u64,
    /// Links made by equal barcodes.
    pub linked_by_barcode: u64,
    /// Variants that were linked before.
    pub linked_before: u64,
    /// Variants that the store no longer has.
    pub gone: u64,
    /// Conflicts that no longer hold.
    pub closed: u64,
    /// Conflicts that stand, by kind.
    pub conflicts: BTreeMap<ConflictKind, u64>,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(mut self, more: &Self) -> Self {
        self.read += more.read;
        self.linked_by_sku += more.linked_by_sku;
        self.linked_by_barcode += more.linked_by_barcode;
        self.linked_before += more.linked_before;
        self.gone += more.gone;
        self.closed += more.closed;
        for (kind, count) in &more.conflicts {
            *self.conflicts.entry(*kind).or_default() += count;
        }
        self
    }

    /// All conflicts that stand.
    #[must_use]
    pub fn conflicts(&self) -> u64 {
        self.conflicts.values().sum()
    }
}

/// A run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Job {
    /// The store; nothing before it began.
    pub store: Option<StoreId>,
    /// Its number among the store's runs.
    pub run: u64,
    /// Where it stands; nothing before it began.
    pub state: Option<JobState>,
    /// Who asked for it.
    pub requested_by: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What was expected, once the variants are counted.
    pub forecast: Option<Forecast>,
    /// What the next step does.
    pub stage: Stage,
    /// Steps done.
    pub step: u64,
    /// What it came to.
    pub tally: Tally,
    /// What it waits for, or why it ended.
    pub reason: String,
}

impl Job {
    /// Whether it has begun and not ended.
    #[must_use]
    pub fn is_on(&self) -> bool {
        matches!(self.state, Some(JobState::Running | JobState::Paused))
    }
}

/// A request to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobCommand {
    /// Begin.
    Start {
        /// The store.
        store: StoreId,
        /// Its number among the store's runs.
        run: u64,
        /// Who asks.
        requested_by: String,
        /// When.
        at: Timestamp,
    },
    /// A step is done. Silent unless it is the present one, and after the end.
    Advance {
        /// Number of the step that is done.
        step: u64,
        /// The forecast, where the step made it.
        forecast: Option<Forecast>,
        /// What the next step does; nothing when that was the last one.
        next: Option<Stage>,
        /// What it came to.
        tally: Tally,
        /// When.
        at: Timestamp,
    },
    /// A step must wait.
    Wait {
        /// Why.
        reason: String,
    },
    /// Stop after the present step.
    Pause {
        /// Who asks.
        requested_by: String,
    },
    /// Go on.
    Resume {
        /// Who asks.
        requested_by: String,
    },
    /// End it.
    Cancel {
        /// Who asks.
        requested_by: String,
        /// When.
        at: Timestamp,
    },
    /// A fault ends it.
    Fail {
        /// The fault.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

/// A fact of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum JobEvent {
    /// It began.
    JobStarted {
        /// The store.
        store: StoreId,
        /// Its number among the store's runs.
        run: u64,
        /// Who asked.
        requested_by: String,
        /// When.
        at: Timestamp,
    },
    /// A step is done.
    JobAdvanced {
        /// The forecast, where the step made it.
        forecast: Option<Forecast>,
        /// What the next step does.
        next: Stage,
        /// What the step came to.
        tally: Tally,
    },
    /// It waits.
    JobWaits {
        /// Why.
        reason: String,
    },
    /// A person stopped it.
    JobPaused {
        /// Who.
        requested_by: String,
    },
    /// A person let it go on.
    JobResumed {
        /// Who.
        requested_by: String,
    },
    /// A person ended it.
    JobCancelled {
        /// Who.
        requested_by: String,
        /// When.
        at: Timestamp,
    },
    /// A fault ended it.
    JobFailed {
        /// The fault.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// The last step is done.
    JobDone {
        /// What the step came to.
        tally: Tally,
        /// When.
        at: Timestamp,
    },
}

/// A person's wish came too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the job has ended; start another one")]
pub struct JobEnded;

impl Decider for Job {
    type State = Self;
    type Command = JobCommand;
    type Event = JobEvent;
    type Rejection = JobEnded;

    fn decide(state: &Self, command: &JobCommand) -> Result<Vec<JobEvent>, JobEnded> {
        let event = match command {
            JobCommand::Start { store, run, requested_by, at } => {
                if state.state.is_some() {
                    return Ok(Vec::new());
                }
                let (store, requested_by) = (store.clone(), requested_by.clone());
                JobEvent::JobStarted { store, run: *run, requested_by, at: *at }
            }
            JobCommand::Advance { step, forecast, next, tally, at } => {
                if !state.is_on() || *step != state.step {
                    return Ok(Vec::new());
                }
                match next.clone() {
                    Some(next) => {
                        let (forecast, tally) = (*forecast, tally.clone());
                        JobEvent::JobAdvanced { forecast, next, tally }
                    }
                    None => JobEvent::JobDone { tally: tally.clone(), at: *at },
                }
            }
            JobCommand::Wait { reason } => {
                if !state.is_on() || *reason == state.reason {
                    return Ok(Vec::new());
                }
                JobEvent::JobWaits { reason: reason.clone() }
            }
            JobCommand::Fail { reason, at } => {
                if !state.is_on() {
                    return Ok(Vec::new());
                }
                JobEvent::JobFailed { reason: reason.clone(), at: *at }
            }
            wish => return personal(state, wish),
        };
        Ok(vec![event])
    }

    fn evolve(mut state: Self, event: &JobEvent) -> Self {
        match event.clone() {
            JobEvent::JobStarted { store, run, requested_by, at } => {
                let (store, started_at) = (Some(store), Some(at));
                let running = Some(JobState::Running);
                return Self {
                    store,
                    run,
                    state: running,
                    requested_by,
                    started_at,
                    ..Self::default()
                };
            }
            JobEvent::JobAdvanced { forecast, next, tally } => {
                state.forecast = forecast.or(state.forecast);
                state.stage = next;
                state.step = state.step.saturating_add(1);
                state.tally = state.tally.plus(&tally);
                state.reason.clear();
            }
            JobEvent::JobWaits { reason } => state.reason = reason,
            JobEvent::JobPaused { .. } => state.state = Some(JobState::Paused),
            JobEvent::JobResumed { .. } => state.state = Some(JobState::Running),
            JobEvent::JobCancelled { requested_by, at } => {
                state.end(JobState::Cancelled, format!("cancelled by {requested_by}"), at);
            }
            JobEvent::JobFailed { reason, at } => state.end(JobState::Failed, reason, at),
            JobEvent::JobDone { tally, at } => {
                state.tally = state.tally.plus(&tally);
                state.step = state.step.saturating_add(1);
                state.end(JobState::Done, String::new(), at);
            }
        }
        state
    }
}

impl Job {
    fn end(&mut self, state: JobState, reason: String, at: Timestamp) {
        self.state = Some(state);
        self.reason = reason;
        self.ended_at = Some(at);
    }
}

/// What a person wants: refused after the end.
fn personal(state: &Job, wish: &JobCommand) -> Result<Vec<JobEvent>, JobEnded> {
    if !state.is_on() {
        return Err(JobEnded);
    }
    let is_paused = state.state == Some(JobState::Paused);
    Ok(match wish.clone() {
        JobCommand::Pause { requested_by } if !is_paused => {
            vec![JobEvent::JobPaused { requested_by }]
        }
        JobCommand::Resume { requested_by } if is_paused => {
            vec![JobEvent::JobResumed { requested_by }]
        }
        JobCommand::Cancel { requested_by, at } => {
            vec![JobEvent::JobCancelled { requested_by, at }]
        }
        _ => Vec::new(),
    })
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
