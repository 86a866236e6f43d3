//! The rules in force: settings as a service adopted them.
//!
//! A service adopts settings as events of its own log, with their revision, so that decisions and
//! rebuilds read only those. An older revision is ignored.
//!
//! What a change ends at levels (a baseline, a mapping) is not done to all of them at once, since a
//! store may have a hundred thousand: the rules keep since which revision each thing holds, and a
//! level that follows an older one catches up before anything else happens to it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::settings::{BackOfficeStock, InvalidSetting, StoreStock};
use crate::decider::Decider;
use crate::ids::LocationId;

/// The stock rules of a store, keyed by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreRules {
    /// The settings in force; nothing before the first adoption.
    pub settings: Option<StoreStock>,
    /// The revision with which the present run began: `enabled` and `mode` are the same since.
    run_since: u64,
    /// The revisions with which locations got their present warehouses.
    mapped_since: BTreeMap<LocationId, u64>,
    /// Whether there may be levels that do not follow the rules yet.
    turning: bool,
}

impl StoreRules {
    /// Whether there may be levels that do not follow the rules yet.
    #[must_use]
    pub const fn is_turning(&self) -> bool {
        self.turning
    }

    /// What a level must follow.
    #[must_use]
    pub fn turn(&self) -> Turn {
        Turn {
            revision: self.settings.as_ref().map_or(0, |settings| settings.revision),
            run_since: self.run_since,
            mapped_since: self.mapped_since.clone(),
        }
    }
}

/// Since when the rules of a store are as they are, by the revision of its settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turn {
    /// The revision in force.
    pub revision: u64,
    /// The revision with which the present run began.
    pub run_since: u64,
    /// The revisions with which locations got their present warehouses.
    pub mapped_since: BTreeMap<LocationId, u64>,
}

impl Turn {
    /// The newest revision that ended something.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.mapped_since.values().copied().fold(self.run_since, u64::max)
    }

    /// Whether a location got its warehouses after a revision.
    #[must_use]
    pub fn remapped_after(&self, location: LocationId, revision: u64) -> bool {
        self.mapped_since.get(&location).is_some_and(|since| *since > revision)
    }
}

/// A request to the rules of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreRulesCommand {
    /// Adopt settings, unless an equal or newer revision is in force.
    Adopt {
        /// The settings.
        settings: StoreStock,
    },
    /// Every level follows a revision. Silent when a newer one is in force.
    EndTurn {
        /// The revision.
        revision: u64,
    },
}

/// A fact of the rules of a store, stored for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StoreRulesEvent {
    /// Settings are in force from here on.
    Adopted {
        /// The settings.
        settings: StoreStock,
        /// What they end at levels. Not in older histories, whose levels followed at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ends: Option<Ends>,
    },
    /// Every level follows.
    TurnEnded {
        /// The revision.
        revision: u64,
    },
}

/// What a change of the rules ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ends {
    /// The run: `enabled` or `mode` is another.
    pub run: bool,
    /// Locations with other warehouses than before, or none.
    pub mappings: BTreeSet<LocationId>,
}

impl Ends {
    fn between(before: &StoreStock, after: &StoreStock) -> Option<Self> {
        let locations = before.locations.iter().chain(&after.locations).map(|m| m.location);
        let warehouses =
            |rules: &StoreStock, at| rules.mapping(at).map(|mapping| mapping.warehouses.clone());
        let mappings = locations.filter(|at| warehouses(before, *at) != warehouses(after, *at));
        let ends = Self {
            run: (before.enabled, before.mode) != (after.enabled, after.mode),
            mappings: mappings.collect(),
        };
        (ends != Self::default()).then_some(ends)
    }
}

impl Decider for StoreRules {
    type State = Self;
    type Command = StoreRulesCommand;
    type Event = StoreRulesEvent;
    type Rejection = InvalidSetting;

    fn decide(
        state: &Self,
        command: &StoreRulesCommand,
    ) -> Result<Vec<StoreRulesEvent>, InvalidSetting> {
        let in_force = state.settings.as_ref().map(|known| known.revision);
        match command {
            StoreRulesCommand::Adopt { settings } => {
                if in_force.is_some_and(|revision| revision >= settings.revision) {
                    return Ok(Vec::new());
                }
                settings.validate()?;
                let nothing = StoreStock::default();
                let ends = Ends::between(state.settings.as_ref().unwrap_or(&nothing), settings);
                Ok(vec![StoreRulesEvent::Adopted { settings: settings.clone(), ends }])
            }
            StoreRulesCommand::EndTurn { revision } => {
                let ends = state.turning && in_force == Some(*revision);
                let ended = StoreRulesEvent::TurnEnded { revision: *revision };
                Ok(if ends { vec![ended] } else { Vec::new() })
            }
        }
    }

    fn evolve(mut state: Self, event: &StoreRulesEvent) -> Self {
        match event {
            StoreRulesEvent::Adopted { settings, ends } => {
                if let Some(Ends { run, mappings }) = ends {
                    let revision = settings.revision;
                    if *run {
                        state.run_since = revision;
                    }
                    state.mapped_since.extend(mappings.iter().map(|at| (*at, revision)));
                    state.turning = true;
                }
                state.settings = Some(settings.clone());
            }
            StoreRulesEvent::TurnEnded { .. } => state.turning = false,
        }
        state
    }
}

/// The stock rules of a back office, keyed by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackOfficeRules {
    /// The settings in force; nothing before the first adoption.
    pub settings: Option<BackOfficeStock>,
}

/// A request to adopt settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackOfficeRulesCommand {
    /// Adopt them, unless an equal or newer revision is in force.
    Adopt {
        /// The settings.
        settings: BackOfficeStock,
    },
}

/// Settings were adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BackOfficeRulesEvent {
    /// They are in force from here on.
    Adopted {
        /// The settings.
        settings: BackOfficeStock,
    },
}

impl Decider for BackOfficeRules {
    type State = Self;
    type Command = BackOfficeRulesCommand;
    type Event = BackOfficeRulesEvent;
    type Rejection = InvalidSetting;

    fn decide(
        state: &Self,
        command: &BackOfficeRulesCommand,
    ) -> Result<Vec<BackOfficeRulesEvent>, InvalidSetting> {
        let BackOfficeRulesCommand::Adopt { settings } = command;
        let in_force = state.settings.as_ref().map(|known| known.revision);
        if in_force.is_some_and(|revision| revision >= settings.revision) {
            return Ok(Vec::new());
        }
        Ok(vec![BackOfficeRulesEvent::Adopted { settings: settings.clone() }])
    }

    fn evolve(_: Self, event: &BackOfficeRulesEvent) -> Self {
        let BackOfficeRulesEvent::Adopted { settings } = event;
        Self { settings: Some(settings.clone()) }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
