//! *StoreSync*: the runs of one store, one at a time. Keyed by store.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::JobId;

/// This many runs are listed.
const JOBS_MAX: usize = 100;

/// The runs of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreSync {
    /// Number of the newest run, from 1.
    pub run: u64,
    /// The run that goes on or is paused.
    pub running: Option<JobId>,
    /// Runs, newest first.
    pub jobs: VecDeque<JobId>,
}

/// A request to a store's runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSyncCommand {
    /// Begin a run. Silent while another is on.
    Begin {
        /// The new run.
        job: JobId,
    },
    /// A run has ended.
    End {
        /// The run.
        job: JobId,
    },
}

/// A fact of a store's runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StoreSyncEvent {
    /// A run began.
    SyncBegun {
        /// The run.
        job: JobId,
    },
    /// It ended.
    SyncEnded {
        /// The run.
        job: JobId,
    },
}

impl Decider for StoreSync {
    type State = Self;
    type Command = StoreSyncCommand;
    type Event = StoreSyncEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &StoreSyncCommand,
    ) -> Result<Vec<StoreSyncEvent>, Self::Rejection> {
        Ok(match command {
            StoreSyncCommand::Begin { job } if state.running.is_none() => {
                vec![StoreSyncEvent::SyncBegun { job: job.clone() }]
            }
            StoreSyncCommand::End { job } if state.running.as_ref() == Some(job) => {
                vec![StoreSyncEvent::SyncEnded { job: job.clone() }]
            }
            StoreSyncCommand::Begin { .. } | StoreSyncCommand::End { .. } => Vec::new(),
        })
    }

    fn evolve(mut state: Self, event: &StoreSyncEvent) -> Self {
        match event {
            StoreSyncEvent::SyncBegun { job } => {
                state.run = state.run.saturating_add(1);
                state.running = Some(job.clone());
                state.jobs.push_front(job.clone());
                state.jobs.truncate(JOBS_MAX);
            }
            StoreSyncEvent::SyncEnded { .. } => state.running = None,
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{apply, given, id};

    #[test]
    fn one_run_at_a_time_and_the_newest_first() {
        let begin = |job: &str| StoreSyncCommand::Begin { job: id(job) };
        let end = |job: &str| StoreSyncCommand::End { job: id(job) };
        given::<StoreSync>().after([begin("a")]).when(&begin("b")).then_silent();
        given::<StoreSync>().after([begin("a")]).when(&end("b")).then_silent();
        let state = apply::<StoreSync>(StoreSync::default(), &begin("a"));
        let state = apply::<StoreSync>(state, &end("a"));
        let state = apply::<StoreSync>(state, &begin("b"));
        assert_eq!(state.run, 2);
        assert_eq!(state.jobs, [id::<JobId>("b"), id("a")]);
        assert_eq!(state.running, Some(id("b")));
    }
}
