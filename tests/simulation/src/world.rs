//! A history under way: who is there, what is on its way, what time it is.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::settings::v1::StockMode;
use lockstep_oracle::{Baseline, Fact, History};
use lockstep_ports::{Bus as _, Clock as _, Kv as _, Outgoing, Store as _};
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::steps::Steps;
use lockstep_testkit::{ManualClock, MemoryStore, SequenceIds};
use prost::Message as _;

use crate::Outcome;
use crate::life::{Bug, Life, Parts};
use crate::messages::{self, News};
use crate::orders::Order;
use crate::random::Random;
use crate::scenario::{BACKOFFICE, ITEMS, STORES, Scenario};
use crate::shopify::{LevelName, SimShopify, Trouble};

/// When every history begins.
pub const BEGIN: Timestamp = Timestamp::constant(1_795_514_400, 0);
const MOMENT: SignedDuration = SignedDuration::from_millis(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// A history that turns more often between two moments never comes to rest.
const TURNS_MAX: usize = 50_000;
/// Webhooks that are lost, in percent.
const WEBHOOKS_LOST: i64 = 10;
/// News that comes twice, in percent.
const TWICE: i64 = 20;

/// Everything of a history.
pub struct World {
    /// What outlives the service.
    pub parts: Parts,
    /// The service, as long as it lives.
    pub life: Option<Life>,
    /// What kind of a history it is.
    pub scenario: Scenario,
    /// Chance.
    pub random: Random,
    /// What is on its way, by its arrival.
    pub queue: BTreeMap<(Timestamp, u64), Outgoing>,
    /// What was sent off, to be sent again.
    pub sent: Vec<Outgoing>,
    /// Every fact.
    pub facts: History,
    /// Which messages tell a fact, where its id does not say it.
    pub told_by: BTreeMap<String, Vec<String>>,
    /// All orders.
    pub orders: Vec<Order>,
    /// What each back office number is, in ten-thousandths.
    pub book: BTreeMap<(&'static str, i64), i64>,
    /// From where Delta is counted.
    pub baselines: BTreeMap<LevelName, Baseline>,
    /// What did not hold.
    pub found: Vec<String>,
    /// What happened.
    pub told: Vec<String>,
    /// Given numbers.
    pub given: u64,
    /// Crashes to come.
    pub crashes: Vec<u64>,
}

impl World {
    /// Everything is counted, linked and live, and the service is at rest.
    #[must_use]
    pub fn begin(seed: u64, scenario: Scenario, bug: Option<Bug>) -> Self {
        let clock = ManualClock::at(BEGIN);
        let shopify = SimShopify::new(Arc::new(clock.clone()), Random::of(seed, 2));
        let parts = Parts {
            store: MemoryStore::default(),
            bus: MemoryBus::new(),
            clock,
            shopify: Arc::new(shopify),
            steps: Steps::of_seed(seed),
            ids: SequenceIds::default(),
            bug,
        };
        let life = Some(Life::start(&parts));
        let crashes = scenario.crashes.clone();
        let mut world = Self {
            parts,
            life,
            scenario,
            random: Random::of(seed, 3),
            queue: BTreeMap::new(),
            sent: Vec::new(),
            facts: History::default(),
            told_by: BTreeMap::new(),
            orders: Vec::new(),
            book: BTreeMap::new(),
            baselines: BTreeMap::new(),
            found: Vec::new(),
            told: vec![format!("seed {seed}")],
            given: 0,
            crashes,
        };
        world.told.push(format!("{:?}", world.scenario));
        world.set_up();
        world
    }

    fn set_up(&mut self) {
        for store in STORES {
            for (location, _) in self.scenario.locations(store) {
                for item in ITEMS {
                    let shown = self.scenario.begins_with + self.random.within(-3, 3);
                    self.parts.shopify.stock((store.to_owned(), item, location), shown);
                }
            }
        }
        let office = messages::back_office(&self.scenario).encode_to_vec();
        self.put(&format!("backoffice.{BACKOFFICE}"), office);
        for store in STORES {
            self.put(
                &format!("store.{store}"),
                messages::store(&self.scenario, store).encode_to_vec(),
            );
        }
        for item in ITEMS {
            for warehouse in self.scenario.warehouses() {
                self.book.insert((warehouse, item), self.scenario.begins_with * 10_000);
                self.count((warehouse, item));
            }
            for store in STORES {
                let at = self.now();
                self.send(messages::linked(store, item, at));
            }
        }
        self.settle();
        self.rebase();
    }

    fn put(&mut self, key: &str, value: Vec<u8>) {
        let bus = self.parts.bus.clone();
        self.block_on(async {
            let present = bus.get("settings", key).await.expect("the bucket answers");
            let revision = present.map_or(0, |entry| entry.revision);
            bus.put("settings", key, value.into(), revision).await.expect("it is written");
        });
    }

    /// The history of a seed: busy times and rests.
    pub fn play(&mut self) {
        if !self.found.is_empty() {
            return;
        }
        for phase in 0..self.scenario.phases {
            if phase > 0 && self.random.percent(30) {
                self.switch_mode();
            }
            self.trouble(true);
            self.next_crash();
            for _ in 0..self.scenario.happenings {
                self.happen();
                let wait = self.random.within(0, self.scenario.pace);
                self.pass(SignedDuration::from_millis(wait));
            }
            self.trouble(false);
            if phase == 0 && self.scenario.has_late_doubles {
                self.settle();
                self.told.push("a week passes, and old messages come again".to_owned());
                self.pass(SignedDuration::from_hours(8 * 24));
                self.receive_everywhere();
                self.hurry();
                self.pass(SignedDuration::from_mins(1));
                self.repeat_everything();
            }
            self.settle();
            self.check_at_rest();
            if !self.found.is_empty() {
                return;
            }
        }
    }

    fn switch_mode(&mut self) {
        self.scenario.mode = match self.scenario.mode {
            StockMode::Absolute => StockMode::Delta,
            _ => StockMode::Absolute,
        };
        self.told.push(format!("now {:?}", self.scenario.mode));
        for store in STORES {
            self.put(
                &format!("store.{store}"),
                messages::store(&self.scenario, store).encode_to_vec(),
            );
        }
        self.settle();
        self.rebase();
    }

    fn trouble(&mut self, is_on: bool) {
        let Scenario { faults, sales, .. } = self.scenario;
        let trouble = if is_on { Trouble { faults, sales } } else { Trouble::default() };
        self.parts.shopify.trouble(trouble);
    }

    fn next_crash(&mut self) {
        let taken = self.parts.steps.taken();
        let at = self.crashes.pop().map(|after| taken + after);
        self.parts.steps.crash_at(at);
    }

    fn repeat_everything(&mut self) {
        for message in self.sent.clone() {
            if self.random.percent(60) {
                self.enqueue(message, SignedDuration::ZERO);
            }
        }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Another moment than every one before: the present one of whoever acts.
    pub fn moment(&mut self) -> Timestamp {
        self.parts.clock.advance(MOMENT);
        self.now()
    }

    /// A number that was never given before.
    pub const fn number(&mut self) -> u64 {
        self.given += 1;
        self.given
    }

    /// Tells what happened, for people.
    pub fn note(&mut self, what: &str) {
        let at = self.now().duration_since(BEGIN).as_secs_f64();
        self.told.push(format!("{at:10.3} {what}"));
    }

    /// A message goes off, and arrives late, twice, or before others.
    pub fn send(&mut self, news: News) {
        self.sent.push(news.message.clone());
        let delay = self.delay();
        self.enqueue(news.message.clone(), delay);
        if self.random.percent(TWICE) {
            let delay = self.delay();
            self.enqueue(news.message, delay);
        }
    }

    fn delay(&mut self) -> SignedDuration {
        let longest = match self.random.within(1, 100) {
            1..=50 => 2_000,
            51..=85 => 60_000,
            _ => 900_000,
        };
        SignedDuration::from_millis(self.random.within(0, longest))
    }

    fn enqueue(&mut self, message: Outgoing, delay: SignedDuration) {
        let place = (self.now() + delay, self.number());
        self.queue.insert(place, message);
    }

    /// A message with the facts that it tells.
    pub fn tell(&mut self, news: News, facts: Vec<Fact>) {
        for (index, fact) in facts.into_iter().enumerate() {
            self.facts.tell(format!("{}#{index}", news.id), fact);
        }
        self.send(news);
    }

    fn block_on<T>(&self, task: impl Future<Output = T>) -> T {
        self.life.as_ref().expect("it lives").runtime.block_on(task)
    }

    /// Time passes, and the service does what is due.
    pub fn pass(&mut self, time: SignedDuration) {
        let until = self.now() + time;
        for _ in 0..TURNS_MAX {
            self.deliver();
            self.go_on();
            self.listen();
            let now = self.now();
            if self.queue.keys().next().is_some_and(|(at, _)| *at <= now) {
                continue;
            }
            if now >= until {
                return;
            }
            let next = self.next_moment(now).min(until).max(now + MOMENT);
            self.parts.clock.advance(next.duration_since(now));
        }
        self.found.push("it never comes to rest".to_owned());
    }

    /// When something is due next: news, or what the service waits for.
    fn next_moment(&self, now: Timestamp) -> Timestamp {
        let lanes = self.block_on(self.parts.store.lanes()).expect("the store answers");
        let due = lanes.into_iter().map(|(_, at)| at).min();
        // What is due and not done waits for something else, such as the lease of who died.
        let due = match due {
            Some(due) if due <= now => Some(now + SECOND),
            due => due,
        };
        let news = self.queue.keys().next().map(|(at, _)| *at);
        due.into_iter().chain(news).min().unwrap_or(Timestamp::MAX)
    }

    fn deliver(&mut self) {
        let now = self.now();
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= now) {
            let message = entry.remove();
            let bus = self.parts.bus.clone();
            bus.set_time(now);
            self.block_on(bus.publish(vec![message])).expect("the broker takes it");
        }
    }

    fn go_on(&mut self) {
        while self.life.as_ref().is_some_and(|life| life.goes_on(&self.parts.steps)) {
            self.note("the service dies and is started again");
            self.life = None;
            self.parts.bus.redeliver();
            self.parts.steps.revive();
            self.next_crash();
            self.life = Some(Life::start(&self.parts));
        }
    }

    /// What happened at Shopify meanwhile.
    fn listen(&mut self) {
        for applied in self.parts.shopify.take_applied() {
            self.note(&format!("  {:?}: {:?}", applied.level, applied.available));
            self.check_write(&applied);
        }
        for sold in self.parts.shopify.take_sold() {
            self.ordered_meanwhile(&sold);
        }
        for told in self.parts.shopify.take_told() {
            if self.random.percent(WEBHOOKS_LOST) {
                continue;
            }
            let number = self.number();
            self.send(messages::webhook(&told, number));
        }
    }

    /// News stops, everything is delivered and swept, and windows close.
    pub fn settle(&mut self) {
        self.finish();
        for _ in 0..3 {
            self.hurry();
            self.pass(SignedDuration::from_mins(2));
            self.parts.steps.crash_at(None);
            for store in STORES {
                self.go_on();
                let life = self.life.as_ref().expect("it lives");
                life.read_levels(&self.parts.bus, store);
            }
            self.pass(SignedDuration::from_mins(2));
            for store in STORES {
                let at = self.moment();
                let orders = self.orders.iter().filter(|order| order.store == store);
                let swept = messages::swept(store, orders, at);
                self.enqueue(swept.message, SignedDuration::ZERO);
            }
            self.hurry();
            self.pass(SignedDuration::from_mins(12));
        }
        self.hurry();
        self.pass(SignedDuration::from_mins(2));
    }

    /// What is on its way arrives now.
    fn hurry(&mut self) {
        let queue = std::mem::take(&mut self.queue);
        for ((at, number), message) in queue {
            self.queue.insert((at.min(self.now()), number), message);
        }
    }

    /// What became of it.
    #[must_use]
    pub fn outcome(mut self) -> Outcome {
        let mut hasher = DefaultHasher::new();
        self.parts.steps.look(|commits| {
            for commit in commits {
                for event in &commit.events {
                    (&event.key.id, event.version, &event.kind).hash(&mut hasher);
                    (event.body.get(), event.at, &event.cause).hash(&mut hasher);
                }
                commit.messages.hash(&mut hasher);
            }
        });
        let steps = self.parts.steps.taken();
        let (found, told) = (std::mem::take(&mut self.found), std::mem::take(&mut self.told));
        Outcome { found, digest: hasher.finish(), steps, told }
    }
}
