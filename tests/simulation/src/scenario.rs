//! What kind of a history a seed tells.

use lockstep_contracts::settings::v1::{StockBasis, StockMode};

use crate::random::Random;

/// The back office of every history.
pub const BACKOFFICE: &str = "wms";
/// The stores of every history.
pub const STORES: [&str; 2] = ["north", "south"];
/// Inventory items of each store; both stores know the same things by the same numbers.
pub const ITEMS: [i64; 2] = [1, 2];

/// How stores and warehouses stand to each other, and what happens to them.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What the back office's number is.
    pub basis: StockBasis,
    /// How levels are written.
    pub mode: StockMode,
    /// The first store serves a second location from a second warehouse.
    pub has_east: bool,
    /// Units kept back.
    pub buffer: i64,
    /// What the warehouses hold at first; where it is little, levels may fall below zero.
    pub begins_with: i64,
    /// Happenings between two rests.
    pub happenings: i64,
    /// Rests.
    pub phases: i64,
    /// Old messages come again when more than a week has passed.
    pub has_late_doubles: bool,
    /// Steps from one start to the next crash.
    pub crashes: Vec<u64>,
    /// Percent of Shopify's calls that go wrong.
    pub faults: i64,
    /// Percent of the writes that somebody buys before.
    pub sales: i64,
    /// Milliseconds from one happening to the next, at most.
    pub pace: i64,
    /// Percent of what happens that is an edit, a sale or a read of the orders.
    pub edits: i64,
}

impl Scenario {
    /// The one of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Random::of(seed, 1);
        let is_physical = random.percent(60);
        let is_delta = random.percent(50);
        let crashes = random.within(0, 2);
        Self {
            basis: if is_physical { StockBasis::Physical } else { StockBasis::Sellable },
            mode: if is_delta { StockMode::Delta } else { StockMode::Absolute },
            has_east: random.percent(40),
            buffer: if random.percent(60) { 0 } else { 2 },
            begins_with: if random.percent(30) { 10 } else { 500 },
            happenings: random.within(6, 20),
            phases: random.within(1, 2),
            has_late_doubles: random.percent(25),
            crashes: (0..crashes).map(|_| random.next() % 1_500).collect(),
            faults: if random.percent(70) { random.within(2, 25) } else { 0 },
            sales: if random.percent(50) { random.within(5, 30) } else { 0 },
            pace: [3_000, 15_000, 45_000, 45_000][usize::from(random.next().to_le_bytes()[0] % 4)],
            edits: if random.percent(30) { 50 } else { 0 },
        }
    }

    /// Locations of a store, each with the warehouse that serves it.
    #[must_use]
    pub fn locations(&self, store: &str) -> Vec<(i64, &'static str)> {
        match self.has_east && STORES.first() == Some(&store) {
            true => vec![(1, "MAIN"), (2, "EAST")],
            false => vec![(1, "MAIN")],
        }
    }

    /// Codes of the warehouses.
    #[must_use]
    pub const fn warehouses(&self) -> &'static [&'static str] {
        if self.has_east { &["MAIN", "EAST"] } else { &["MAIN"] }
    }
}
