//! A warehouse, two shops and the service between them, without any input or output.

mod service;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::stock::level::{Level, LevelCommand, Write};
use lockstep_domain::stock::pool::{
    BookCount, BookMovement, Claim, ClaimLine, LineKey, Pool, PoolCommand,
};
use lockstep_domain::stock::report::{MovementKind, StockStatus};
use lockstep_domain::stock::settings::{Enabled, StockMode, StoreStock};
use lockstep_domain::stock::target::{MappedWarehouse, Sources, delta_target};
use lockstep_domain::{LocationId, Quantity, StoreId, WarehouseCode};
use proptest::sample::Index;

/// Enough that no play comes near zero: stopping at zero has its own tests.
const START: i64 = 10_000;
const L1: LocationId = LocationId(1);

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Goods come or go at the warehouse.
    Move(i64),
    /// A shop sells.
    Sell { shop: usize, units: i64 },
    /// The warehouse picks a shop's oldest open order.
    Pick { shop: usize },
    /// A shop fulfils one picked order.
    Fulfil { shop: usize },
    /// Somebody lowers a shop's number by hand.
    EditDown { shop: usize, units: i64 },
    /// Shopify says, without a version, that a level is gone; it is not, or not any more.
    Disconnect { shop: usize },
    /// The warehouse counts.
    Count,
    /// Some news arrives.
    Deliver(Index),
    /// Some old news arrives again.
    DeliverAgain(Index),
    /// The service looks at a level; `luck` says what becomes of the write.
    Push { shop: usize, luck: u8 },
}

#[derive(Debug, Clone)]
enum News {
    Pool(PoolCommand),
    Webhook { shop: usize, command: LevelCommand },
}

#[derive(Debug, Default)]
struct Shop {
    available: i64,
    committed: i64,
    on_hand: i64,
    at_baseline: i64,
    /// Orders by number: units, and whether they were picked and fulfilled.
    orders: Vec<(i64, bool, bool)>,
    edited: i64,
    level: Level,
}

/// Whether the service hears of orders, or has only the levels to tell from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orders {
    Heard,
    Unheard,
}

pub struct World {
    rules: StoreStock,
    orders: Orders,
    on_shelf: i64,
    shops: [Shop; 2],
    pool: Pool,
    news: Vec<News>,
    old_news: Vec<News>,
    clock: i64,
    number: u32,
    writes_at_rest: u32,
}

fn store(shop: usize) -> StoreId {
    StoreId::try_new(if shop == 0 { "a" } else { "b" }).expect("a store id")
}

fn w1() -> WarehouseCode {
    WarehouseCode::try_new("W1").expect("a warehouse code")
}

fn line(shop: usize, order: usize) -> LineKey {
    LineKey {
        store: store(shop),
        order: format!("{order}").parse().expect("an order key"),
        line: "1".parse().expect("a line id"),
    }
}

fn sources<'a>(store: &'a StoreId, mapping: &'a [MappedWarehouse<'a>]) -> Sources<'a> {
    Sources { store, location: L1, mapping, pools: &[] }
}

fn mapped<'a>(pool: &'a Pool, warehouse: &'a WarehouseCode) -> [MappedWarehouse<'a>; 1] {
    [MappedWarehouse { pool, warehouse, excludes_damaged: true }]
}

impl World {
    /// Both shops show what the warehouse holds, and the service knows it.
    pub fn start(mode: StockMode, orders: Orders) -> Self {
        let shop =
            || Shop { available: START, on_hand: START, at_baseline: START, ..Shop::default() };
        let mut world = Self {
            rules: StoreStock { enabled: Enabled::Live, mode, ..StoreStock::default() },
            orders,
            on_shelf: START,
            shops: [shop(), shop()],
            pool: Pool::default(),
            news: Vec::new(),
            old_news: Vec::new(),
            clock: 0,
            number: 0,
            writes_at_rest: 0,
        };
        world.play(Happening::Count);
        world.deliver_all();
        for shop in 0..2 {
            world.read(shop);
            let (store, warehouse) = (store(shop), w1());
            let mapping = mapped(&world.pool, &warehouse);
            let delta_target = delta_target(&sources(&store, &mapping), 0);
            let at = world.now();
            world.tell(shop, &LevelCommand::TakeBaseline { location: L1, delta_target, at });
        }
        world
    }

    pub fn play(&mut self, happening: Happening) {
        self.clock += 1;
        match happening {
            Happening::Move(0) => {}
            Happening::Move(units) => {
                self.on_shelf += units;
                self.report(MovementKind::Adjustment, units, None);
            }
            Happening::Sell { shop, units } => {
                let sells = &mut self.shops[shop];
                sells.available -= units;
                sells.committed += units;
                sells.orders.push((units, false, false));
                self.webhook(shop);
                self.claim(shop, units);
            }
            Happening::Pick { shop } => self.pick(shop),
            Happening::Fulfil { shop } => {
                let fulfils = &mut self.shops[shop];
                let open = fulfils.orders.iter_mut().find(|order| order.1 && !order.2);
                if let Some((units, _, fulfilled)) = open {
                    *fulfilled = true;
                    fulfils.committed -= *units;
                    fulfils.on_hand -= *units;
                }
            }
            Happening::EditDown { shop, units } => {
                let edits = &mut self.shops[shop];
                edits.available -= units;
                edits.on_hand -= units;
                edits.edited += units;
                self.webhook(shop);
            }
            Happening::Disconnect { shop } => {
                let command = LevelCommand::Doubt { location: L1 };
                self.news.push(News::Webhook { shop, command });
            }
            Happening::Count => self.count(),
            Happening::Deliver(index) => {
                if !self.news.is_empty() {
                    let news = self.news.remove(index.index(self.news.len()));
                    self.deliver(&news);
                    self.old_news.push(news);
                }
            }
            Happening::DeliverAgain(index) => {
                if !self.old_news.is_empty() {
                    let news = index.get(&self.old_news).clone();
                    self.deliver(&news);
                }
            }
            Happening::Push { shop, luck } => {
                self.push(shop, luck);
            }
        }
    }

    fn pick(&mut self, shop: usize) {
        let orders = &mut self.shops[shop].orders;
        let Some(order) = orders.iter().position(|order| !order.1) else { return };
        orders[order].1 = true;
        let units = orders[order].0;
        self.on_shelf -= units;
        self.report(MovementKind::Picking, -units, Some(line(shop, order)));
    }

    fn claim(&mut self, shop: usize, sold: i64) {
        let line = line(shop, self.shops[shop].orders.len() - 1);
        let as_of = self.now();
        let claim = Claim { sold, ..Claim::of_nothing(1, as_of) };
        let claim = ClaimLine {
            warehouse: w1(),
            line,
            claim: Some(claim),
            taken: BTreeMap::new(),
            restocked: None,
            opens: true,
            left: None,
        };
        if self.orders == Orders::Heard {
            self.news.push(News::Pool(PoolCommand::ClaimLine(claim)));
        }
    }

    fn report(&mut self, kind: MovementKind, units: i64, order: Option<LineKey>) {
        self.number += 1;
        let news = News::Pool(PoolCommand::BookMovement(BookMovement {
            event_id: format!("m{}", self.number).parse().expect("an event id"),
            warehouse: w1(),
            kind,
            quantity: Quantity::from_units(units),
            status: StockStatus::Good,
            order,
            lowers: true,
            occurred_at: self.now(),
            on_hand_after: None,
        }));
        self.news.push(news);
    }

    fn count(&mut self) {
        self.number += 1;
        let news = News::Pool(PoolCommand::BookCount(BookCount {
            event_id: format!("c{}", self.number).parse().expect("an event id"),
            warehouse: w1(),
            quantity: Quantity::from_units(self.on_shelf),
            counted_at: self.now(),
        }));
        self.news.push(news);
    }

    fn webhook(&mut self, shop: usize) {
        let command = LevelCommand::Observe {
            location: L1,
            available: Some(self.shops[shop].available),
            updated_at: self.now(),
        };
        self.news.push(News::Webhook { shop, command });
    }

    pub(super) fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-21T08:00:00Z".parse().expect("a moment");
        start.saturating_add(SignedDuration::from_secs(self.clock)).expect("a span")
    }

    /// What Shopify does; answers whether the guard held.
    pub(super) fn apply(&mut self, shop: usize, write: Write) -> bool {
        let truth = &mut self.shops[shop];
        let change = match write {
            Write::SetOnHand { to, from } if from == truth.on_hand => to - from,
            Write::SetAvailable { to, from } if from == truth.available => to - from,
            Write::Adjust { delta } => delta,
            Write::SetOnHand { .. } | Write::SetAvailable { .. } => return false,
        };
        truth.available += change;
        truth.on_hand += change;
        self.clock += 1;
        self.webhook(shop);
        true
    }

    pub fn on_shelf(&self) -> i64 {
        self.on_shelf
    }

    pub fn shelf_at_baseline(&self) -> i64 {
        START
    }

    pub fn at_baseline(&self, shop: usize) -> i64 {
        self.shops[shop].at_baseline
    }

    pub fn available(&self, shop: usize) -> i64 {
        self.shops[shop].available
    }

    pub fn sold(&self, shop: usize) -> i64 {
        self.shops[shop].orders.iter().map(|order| order.0).sum()
    }

    pub fn picked(&self, shop: usize) -> i64 {
        self.shops[shop].orders.iter().filter(|order| order.1).map(|order| order.0).sum()
    }

    pub fn unpicked(&self, shop: usize) -> i64 {
        self.sold(shop) - self.picked(shop)
    }

    pub fn edited(&self, shop: usize) -> i64 {
        self.shops[shop].edited
    }

    pub fn writes_at_rest(&self) -> u32 {
        self.writes_at_rest
    }
}
