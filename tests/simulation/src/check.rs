//! What is held against the oracle, and when.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use lockstep_contracts::settings::v1::{StockBasis, StockMode};
use lockstep_oracle::{self as oracle, Baseline, Basis, Level, Place, Seen};
use lockstep_ports::{EffectState, NewEvent, Store as _};
use lockstep_runtime::Processor as _;
use lockstep_runtime::rebuild::differences;
use lockstep_stock_sync::service::StockProcessor;

use crate::messages::sku;
use crate::scenario::{BACKOFFICE, ITEMS, STORES};
use crate::shopify::{Applied, LevelName};
use crate::world::World;

/// A thing in a warehouse, as the oracle names it.
#[must_use]
pub fn place(warehouse: &str, item: i64) -> Place {
    Place { warehouse: format!("{BACKOFFICE}/{warehouse}"), sku: sku(item) }
}

impl World {
    /// Every level, with what the oracle knows it by.
    fn levels(&self) -> Vec<(LevelName, Level)> {
        let mut levels = Vec::new();
        for store in STORES {
            for (location, warehouse) in self.scenario.locations(store) {
                for item in ITEMS {
                    let places = vec![place(warehouse, item)];
                    let buffer = self.scenario.buffer;
                    let level = Level { store: store.to_owned(), places, buffer };
                    levels.push(((store.to_owned(), item, location), level));
                }
            }
        }
        levels
    }

    fn seen(&self, name: &LevelName) -> Seen {
        let shelf = self.parts.shopify.shelf(name);
        shelf.map_or_else(Seen::default, |shelf| Seen {
            available: shelf.available,
            committed: shelf.committed,
        })
    }

    /// Delta is counted from here.
    pub fn rebase(&mut self) {
        self.parts.shopify.count_anew();
        self.baselines.clear();
        for (name, level) in self.levels() {
            let (available, target) = (self.seen(&name).available, self.facts.delta_target(&level));
            let baseline = Baseline { available, target: target.unwrap_or(0), by_others: 0 };
            self.baselines.insert(name, baseline);
        }
    }

    /// At rest everything is as it must be, stays so, and nothing is left open.
    pub fn check_at_rest(&mut self) {
        self.check_levels();
        self.check_balance();
        self.check_leftovers();
        let written = self.parts.shopify.mutations();
        for store in STORES {
            let life = self.life.as_ref().expect("it lives");
            life.read_levels(&self.parts.bus, store);
        }
        self.pass(SignedDuration::from_mins(30));
        let more = self.parts.shopify.mutations() - written;
        if more > 0 {
            self.found.push(format!("{more} more writes at rest"));
        }
        self.check_levels();
    }

    fn check_levels(&mut self) {
        for (name, level) in self.levels() {
            let (words, seen) = (format!("{name:?}"), self.seen(&name));
            let baseline = self.baselines.get(&name).copied().unwrap_or_default();
            let by_others = self.parts.shopify.shelf(&name).map_or(0, |shelf| shelf.by_others);
            let found = match self.scenario.mode {
                StockMode::Absolute => oracle::absolute(&self.facts, &words, &level, seen),
                _ => {
                    let baseline = Baseline { by_others, ..baseline };
                    oracle::delta(&self.facts, &words, &level, baseline, seen)
                }
            };
            self.found.extend(found.map(|found| found.to_string()));
        }
    }

    /// What a warehouse holds is what its stores show.
    fn check_balance(&mut self) {
        if self.scenario.mode != StockMode::Absolute || self.scenario.buffer != 0 {
            return;
        }
        let basis = match self.scenario.basis {
            StockBasis::Physical => Basis::Physical,
            _ => Basis::Sellable,
        };
        for warehouse in self.scenario.warehouses() {
            for item in ITEMS {
                let place = place(warehouse, item);
                let levels = self.levels().into_iter();
                let behind = levels.filter(|(_, level)| level.places.contains(&place));
                let seen: Vec<_> = behind.map(|(name, _)| self.seen(&name)).collect();
                let found = oracle::at_rest(&self.facts, basis, &place, &seen);
                self.found.extend(found.map(|found| found.to_string()));
            }
        }
    }

    /// No effect is open, no letter is dead, and what was rebuilt equals what lives.
    fn check_leftovers(&mut self) {
        let store = self.parts.store.clone();
        let states = [EffectState::Intended, EffectState::Unknown];
        let mut found = Vec::new();
        let life = self.life.as_ref().expect("it lives");
        life.runtime.block_on(async {
            let open = store.effects_of(&states, 100).await.expect("the store answers");
            found.extend(open.iter().map(|effect| format!("{} is open", effect.kind)));
            let letters = store.dead_letters(false, None, 100).await.expect("the store answers");
            found.extend(letters.iter().map(|letter| format!("dead: {}", letter.reason)));
            let differ = differences(&store, &StockProcessor.evolvers()).await;
            let differ = differ.expect("the log is folded");
            found.extend(differ.iter().map(|id| format!("rebuilt is not live: {id}")));
        });
        self.found.append(&mut found);
    }

    /// A write of Absolute raises a level no further than the facts allow that were known when it
    /// was decided.
    pub fn check_write(&mut self, applied: &Applied) {
        if self.scenario.mode != StockMode::Absolute || applied.available.1 <= applied.available.0 {
            return;
        }
        let name = &applied.level;
        let Some((_, level)) = self.levels().into_iter().find(|(other, _)| other == name) else {
            return;
        };
        let known = self.known_at(&applied.effect);
        let known = self.facts.known(|fact| self.is_told(fact, &known));
        let Some(most) = known.available_target(&level) else { return };
        let found = oracle::rise(&format!("{name:?}"), applied.available, most);
        self.found.extend(found.map(|found| found.to_string()));
    }

    /// Messages that were committed before or with the intent of an effect.
    fn known_at(&self, effect: &str) -> BTreeSet<String> {
        self.parts.steps.look(|commits| {
            let intends = |event: &NewEvent| {
                event.kind == "push_intended" && event.body.get().contains(effect)
            };
            let intent = commits.iter().position(|commit| commit.events.iter().any(intends));
            let until = intent.map_or(commits.len(), |intent| intent + 1);
            commits.iter().take(until).flat_map(|commit| commit.messages.iter().cloned()).collect()
        })
    }

    /// Whether one of the messages tells a fact.
    fn is_told(&self, fact: &str, messages: &BTreeSet<String>) -> bool {
        let by = fact.split('#').next().unwrap_or_default();
        let tells = |message: &String| messages.contains(message);
        messages.contains(by) || self.told_by.get(fact).is_some_and(|by| by.iter().any(tells))
    }
}
