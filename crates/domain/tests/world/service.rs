//! The service: news becomes decisions, levels are read, planned and written.

use lockstep_domain::stock::level::{
    KnownSold, Level, LevelCommand, LevelLocation, Outcome, Shown, Write,
};
use lockstep_domain::stock::orders_read::Span;
use lockstep_domain::stock::plan::{Decision, Targets, plan};
use lockstep_domain::stock::pool::{Pool, PoolCommand};
use lockstep_domain::stock::target::{available_target, delta_target, known_open, known_sold};
use lockstep_domain::{Decider, EffectId};

use super::{L1, News, Orders, Shop, World, mapped, sources, store, w1};

impl World {
    pub(super) fn deliver(&mut self, news: &News) {
        match news {
            News::Pool(command) => self.book(command),
            News::Webhook { shop, command } => self.tell(*shop, command),
        }
    }

    pub(super) fn book(&mut self, command: &PoolCommand) {
        let events = Pool::decide(&self.pool, command).expect("a sound report");
        self.pool = Pool::evolve_all(self.pool.clone(), &events);
    }

    pub(super) fn tell(&mut self, shop: usize, command: &LevelCommand) {
        let level = &mut self.shops[shop].level;
        let events = Level::decide(level, command).expect("an allowed command");
        *level = Level::evolve_all(level.clone(), &events);
    }

    pub(super) fn read(&mut self, shop: usize) {
        let Shop { available, committed, on_hand, .. } = self.shops[shop];
        let shown = Shown {
            available,
            on_hand,
            committed,
            reserved: 0,
            damaged: 0,
            safety_stock: 0,
            quality_control: 0,
            active: true,
            at: self.now(),
        };
        let (store, warehouse) = (store(shop), w1());
        let mapping = mapped(&self.pool, &warehouse);
        let known_sold = known_sold(&sources(&store, &mapping));
        let known_open = known_open(&sources(&store, &mapping));
        let shown = Some(shown);
        self.tell(
            shop,
            &LevelCommand::RecordRead {
                location: L1,
                found: true,
                shown,
                tracked: true,
                known_sold,
                known_open,
                begun: self.now(),
                at: self.now(),
            },
        );
        self.see(shop);
    }

    fn see(&mut self, shop: usize) {
        let units = self.known(shop).seen_sold();
        let (warehouse, store) = (w1(), store(shop));
        self.book(&PoolCommand::SeeSold { warehouse, store, location: L1, units });
    }

    fn known(&self, shop: usize) -> LevelLocation {
        self.shops[shop].level.location(L1).cloned().unwrap_or_default()
    }

    fn plan(&self, shop: usize) -> Decision {
        let (store, warehouse, known) = (store(shop), w1(), self.known(shop));
        let mapping = mapped(&self.pool, &warehouse);
        let sources = sources(&store, &mapping);
        let targets = Targets {
            available: available_target(&sources, &known, 0),
            delta: delta_target(&sources, 0),
            held_back: 0,
        };
        plan(&self.rules, &known, &targets)
    }

    /// Plans and does what the plan says; answers whether something was done.
    pub(super) fn push(&mut self, shop: usize, luck: u8) -> bool {
        // An adjust without an answer is repeated by its key until it has one.
        if let Some(flight) = self.known(shop).in_flight.first()
            && !flight.write.is_set()
        {
            let effect = flight.effect.clone();
            let outcome = Outcome::Applied;
            self.tell(shop, &LevelCommand::RecordAnswer { effect, location: L1, outcome });
        }
        match self.plan(shop) {
            Decision::Nothing(_) | Decision::Wait | Decision::Activate => false,
            Decision::Read => {
                self.read(shop);
                true
            }
            Decision::Push(write) => {
                self.send(shop, write, luck);
                true
            }
        }
    }

    fn send(&mut self, shop: usize, write: Write, luck: u8) {
        self.number += 1;
        let effect: EffectId = format!("e{}", self.number).parse().expect("an effect id");
        self.tell(shop, &LevelCommand::IntendPush { effect: effect.clone(), location: L1, write });
        // Without its orders, the sales of a shop can bring a level back to the value of the guard
        // and hide that a set had applied.
        let luck = if self.orders == Orders::Unheard && write.is_set() { luck % 2 } else { luck };
        // Of an adjust the key makes sure that it applies in the end; a set may be lost.
        let lost = luck == 2 && write.is_set();
        let outcome = if luck == 1 {
            Outcome::NotApplied
        } else if lost {
            Outcome::Unknown
        } else if !self.apply(shop, write) {
            Outcome::Stale
        } else if luck == 3 {
            Outcome::Unknown
        } else {
            Outcome::Applied
        };
        self.tell(shop, &LevelCommand::RecordAnswer { effect, location: L1, outcome });
    }

    pub(super) fn deliver_all(&mut self) {
        while let Some(news) = self.news.pop() {
            self.deliver(&news);
        }
    }

    /// News stops, everything is delivered, levels and orders are read, pushes run dry.
    pub fn settle(&mut self) {
        for round in 0..20 {
            self.clock += 1;
            self.deliver_all();
            let mut wrote = false;
            for shop in 0..2 {
                wrote |= self.push(shop, 0);
                self.read(shop);
                self.settle_falls(shop);
            }
            for shop in 0..2 {
                wrote |= self.push(shop, 0);
            }
            if !wrote && self.news.is_empty() {
                break;
            }
            assert!(round < 19, "the service never comes to rest");
        }
        self.writes_at_rest = (0..2).map(|shop| u32::from(self.push(shop, 0))).sum();
    }

    /// The store's orders are read: what was seen beyond them was edited.
    fn settle_falls(&mut self, shop: usize) {
        let read = vec![Span { since: None, until: self.now() }];
        let (known, now) =
            (KnownSold { units: self.sold(shop), ..KnownSold::default() }, self.now());
        self.tell(shop, &LevelCommand::SettleFalls { location: L1, read, known, now });
        self.see(shop);
    }
}
