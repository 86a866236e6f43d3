//! *Crowd*: everybody who shares one near form of a code, bounded: a store may have written `N/A`
//! on a hundred thousand variants.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decider::Decider;

/// This many are listed, those with the lowest keys; of the rest only the number is known.
pub const LISTED_MAX: usize = 100;

/// Who shares a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, bound(deserialize = "K: Ord + Deserialize<'de>, V: Deserialize<'de>"))]
pub struct Crowd<K: Ord, V> {
    /// Those who are listed.
    pub listed: BTreeMap<K, V>,
    /// How many more there are.
    pub unlisted: u64,
}

impl<K: Ord, V> Default for Crowd<K, V> {
    fn default() -> Self {
        Self { listed: BTreeMap::new(), unlisted: 0 }
    }
}

/// A request to a crowd. Whoever joins must not be in it with another value: it leaves first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrowdCommand<K, V> {
    /// Somebody carries the code.
    Join {
        /// Who.
        key: K,
        /// How.
        value: V,
    },
    /// Somebody carries it no more.
    Leave {
        /// Who.
        key: K,
    },
}

/// A fact of a crowd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CrowdEvent<K, V> {
    /// Somebody carries the code.
    Joined {
        /// Who.
        key: K,
        /// How.
        value: V,
    },
    /// Somebody carries it no more.
    Left {
        /// Who.
        key: K,
    },
}

impl<K: Ord + Clone, V: Clone + PartialEq> Decider for Crowd<K, V> {
    type State = Self;
    type Command = CrowdCommand<K, V>;
    type Event = CrowdEvent<K, V>;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &CrowdCommand<K, V>,
    ) -> Result<Vec<CrowdEvent<K, V>>, Self::Rejection> {
        Ok(match command {
            CrowdCommand::Join { key, value } if state.listed.get(key) != Some(value) => {
                vec![CrowdEvent::Joined { key: key.clone(), value: value.clone() }]
            }
            CrowdCommand::Leave { key } if state.unlisted > 0 || state.listed.contains_key(key) => {
                vec![CrowdEvent::Left { key: key.clone() }]
            }
            CrowdCommand::Join { .. } | CrowdCommand::Leave { .. } => Vec::new(),
        })
    }

    fn evolve(mut state: Self, event: &CrowdEvent<K, V>) -> Self {
        match event {
            CrowdEvent::Joined { key, value } => {
                state.listed.insert(key.clone(), value.clone());
                if state.listed.len() > LISTED_MAX {
                    state.listed.pop_last();
                    state.unlisted = state.unlisted.saturating_add(1);
                }
            }
            CrowdEvent::Left { key } => {
                if state.listed.remove(key).is_none() {
                    state.unlisted = state.unlisted.saturating_sub(1);
                }
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::apply;

    type Names = Crowd<u32, String>;

    fn join(key: u32) -> CrowdCommand<u32, String> {
        CrowdCommand::Join { key, value: "x".to_owned() }
    }

    #[test]
    fn a_crowd_is_bounded_and_counts_the_rest_in_any_order() {
        let up = (0..250).fold(Names::default(), |state, key| apply::<Names>(state, &join(key)));
        let down = (0..250).rev().fold(Names::default(), |s, key| apply::<Names>(s, &join(key)));
        assert_eq!(up, down);
        assert_eq!((up.listed.len(), up.unlisted), (LISTED_MAX, 150));
        assert_eq!(up.listed.keys().max(), Some(&99));
        let leave = |state, key| apply::<Names>(state, &CrowdCommand::Leave { key });
        let gone = (0..250).fold(up, leave);
        assert_eq!(gone, Names::default());
        assert_eq!(Names::decide(&gone, &CrowdCommand::Leave { key: 1 }), Ok(vec![]));
    }

    #[test]
    fn the_same_again_is_silent() {
        let state = apply::<Names>(Names::default(), &join(1));
        assert_eq!(Names::decide(&state, &join(1)), Ok(vec![]));
    }
}
