//! What orders and shipments make of a pool, played like the service does it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AcceptedAt, Demand, DemandCommand, Hear, HearShipment, HeardOrder, HeardShipment, LineRef,
    LineSaid, RestockSaid, ShareSaid, ShipmentSaid, ShippedLine, TellLine,
};
use crate::decider::Decider as _;
use crate::ids::{
    InventoryItemId, LineItemId, LocationId, OrderId, RefundId, StoreId, Warehouse, WarehouseCode,
};
use crate::quantity::Quantity;
use crate::stock::pool::{BookCount, BookMovement, LineKey, Pool, PoolCommand};
use crate::stock::report::{MovementKind, ReportKind, StockStatus};
use crate::testing::{apply, at, id};

pub(super) const LINE: LineRef = LineRef { order: OrderId(1001), line: LineItemId(77) };
const ITEM: InventoryItemId = InventoryItemId(7);

pub(super) fn warehouse(code: &str) -> Warehouse {
    id(&format!("wms/{code}"))
}

pub(super) fn code(code: &str) -> WarehouseCode {
    id(code)
}

fn line_key() -> LineKey {
    LineKey { store: id("a"), order: id("a:1001"), line: id("77") }
}

/// Units of a share at a warehouse.
pub(super) fn share(warehouse_code: &str, sold: i64) -> ShareSaid {
    ShareSaid {
        warehouse: (!warehouse_code.is_empty()).then(|| warehouse(warehouse_code)),
        routed: !warehouse_code.is_empty(),
        counted_at: None,
        sold,
        fulfilled: 0,
        accepted: 0,
        released: 0,
        reported_at: None,
        steps: Vec::new(),
    }
}

pub(super) fn accepted(share: ShareSaid, accepted: i64, seconds: i64) -> ShareSaid {
    ShareSaid { accepted, reported_at: Some(at(seconds)), ..share }
}

/// Accepted in steps: units in all, from a moment on.
pub(super) fn in_steps(share: ShareSaid, steps: &[(i64, i64)]) -> ShareSaid {
    let (at_last, units) = *steps.last().expect("a step");
    let steps = steps.iter().map(|(seconds, units)| AcceptedAt { at: at(*seconds), units: *units });
    ShareSaid { steps: steps.collect(), ..accepted(share, units, at_last) }
}

#[expect(clippy::large_enum_variant, reason = "a handful per test")]
#[derive(Debug, Clone)]
pub(super) enum Fact {
    Order {
        revision: u64,
        shares: Vec<ShareSaid>,
        dropped: i64,
        restocked: Vec<RestockSaid>,
    },
    /// Units that are gone from the line, and whether by a cancellation.
    Removed {
        revision: u64,
        shares: Vec<ShareSaid>,
        removed: i64,
        cancelled: bool,
    },
    Shipment {
        name: String,
        revision: u64,
        warehouse: String,
        units: i64,
        at: i64,
    },
    Pool(PoolCommand),
}

pub(super) fn order(revision: u64, shares: impl Into<Vec<ShareSaid>>) -> Fact {
    refunded(revision, shares, [])
}

/// As [`order`], of which units were dropped.
pub(super) fn dropped(revision: u64, shares: impl Into<Vec<ShareSaid>>, units: i64) -> Fact {
    Fact::Order { revision, shares: shares.into(), dropped: units, restocked: Vec::new() }
}

/// A share that Shopify counts at another location than the warehouse serves.
pub(super) fn counted_at(share: ShareSaid, location: LocationId) -> ShareSaid {
    ShareSaid { counted_at: Some(location), ..share }
}

/// Units of the line that a refund put back at W1.
pub(super) fn restock(refund: i64, units: i64) -> RestockSaid {
    let (refund, location) = (RefundId(refund), LocationId(1));
    RestockSaid { refund, location, warehouse: warehouse("W1"), units }
}

pub(super) fn refunded(
    revision: u64,
    shares: impl Into<Vec<ShareSaid>>,
    restocked: impl Into<Vec<RestockSaid>>,
) -> Fact {
    Fact::Order { revision, shares: shares.into(), dropped: 0, restocked: restocked.into() }
}

pub(super) fn back(event: &str, units: i64, seconds: i64) -> Fact {
    moved(event, MovementKind::Return, units, seconds, Some(line_key()))
}

/// Goods of the line come back to a warehouse.
pub(super) fn back_at(warehouse: &str, event: &str, units: i64, seconds: i64) -> Fact {
    let Fact::Pool(PoolCommand::BookMovement(movement)) = back(event, units, seconds) else {
        unreachable!()
    };
    Fact::Pool(PoolCommand::BookMovement(BookMovement { warehouse: code(warehouse), ..movement }))
}

pub(super) fn shipment(name: &str, revision: u64, units: i64, seconds: i64) -> Fact {
    shipment_from("W1", name, revision, units, seconds)
}

pub(super) fn shipment_from(
    warehouse: &str,
    name: &str,
    revision: u64,
    units: i64,
    seconds: i64,
) -> Fact {
    let (name, warehouse) = (format!("wms/{name}"), warehouse.to_owned());
    Fact::Shipment { name, revision, warehouse, units, at: seconds }
}

pub(super) fn count(event: &str, units: i64, seconds: i64) -> Fact {
    count_at("W1", event, units, seconds)
}

pub(super) fn count_at(warehouse: &str, event: &str, units: i64, seconds: i64) -> Fact {
    Fact::Pool(PoolCommand::BookCount(BookCount {
        event_id: id(event),
        warehouse: code(warehouse),
        quantity: Quantity::from_units(units),
        counted_at: at(seconds),
    }))
}

pub(super) fn pick(event: &str, units: i64, seconds: i64) -> Fact {
    moved(event, MovementKind::Picking, -units, seconds, Some(line_key()))
}

/// A pick of one unit for an order of the store that is not known.
pub(super) fn of_other_order(warehouse: &str, n: i64) -> Fact {
    let order = Some(LineKey { store: id("a"), order: id(&format!("a:{n}")), line: id("1") });
    let pick = moved(&format!("o{n}"), MovementKind::Picking, -1, 100 + n, order);
    let Fact::Pool(PoolCommand::BookMovement(movement)) = pick else { unreachable!() };
    Fact::Pool(PoolCommand::BookMovement(BookMovement { warehouse: code(warehouse), ..movement }))
}

pub(super) fn moved(
    event: &str,
    kind: MovementKind,
    units: i64,
    seconds: i64,
    order: Option<LineKey>,
) -> Fact {
    Fact::Pool(PoolCommand::BookMovement(BookMovement {
        event_id: id(event),
        warehouse: code("W1"),
        kind,
        quantity: Quantity::from_units(units),
        status: StockStatus::Good,
        order,
        lowers: true,
        occurred_at: at(seconds),
        on_hand_after: None,
    }))
}

/// Store `a` sells an item that `wms` knows as one SKU.
#[derive(Debug, Clone)]
pub(super) struct Bench {
    pub demand: Demand,
    pub pools: BTreeMap<String, Pool>,
    heard: HeardOrder,
    shipments: BTreeMap<String, HeardShipment>,
    lowered_by: BTreeSet<ReportKind>,
}

impl Bench {
    pub(super) fn new(lowered_by: &[ReportKind]) -> Self {
        Self {
            demand: Demand::default(),
            pools: BTreeMap::new(),
            heard: HeardOrder::default(),
            shipments: BTreeMap::new(),
            lowered_by: lowered_by.iter().copied().collect(),
        }
    }

    pub(super) fn linked(lowered_by: &[ReportKind]) -> Self {
        let mut bench = Self::new(lowered_by);
        bench.link("SKU");
        bench
    }

    pub(super) fn pool(&self) -> Pool {
        self.pools.get("SKU").cloned().unwrap_or_default()
    }

    pub(super) fn link(&mut self, sku: &str) {
        self.tell(&DemandCommand::Link { backoffice: id("wms"), sku: id(sku) });
    }

    fn tell(&mut self, command: &DemandCommand) {
        let lines: BTreeSet<_> = match command {
            DemandCommand::Link { .. } => self.demand.lines().collect(),
            DemandCommand::TellLine(TellLine { line, .. })
            | DemandCommand::TellShipment { line, .. } => BTreeSet::from([*line]),
        };
        let before: Vec<_> = lines.iter().map(|line| self.demand.claims(*line)).collect();
        self.demand = apply::<Demand>(self.demand.clone(), command);
        for (line, before) in lines.into_iter().zip(before) {
            let after = self.demand.claims(line);
            let told = after.since(&before, &id("a"), line).expect("a line");
            for ((_, sku), command) in told {
                self.at(sku.as_str(), &command);
            }
        }
    }

    fn at(&mut self, sku: &str, command: &PoolCommand) {
        let pool = self.pools.entry(sku.to_owned()).or_default();
        let events = Pool::decide(pool, command).expect("accepted");
        *pool = Pool::evolve_all(std::mem::take(pool), &events);
    }

    pub(super) fn take(&mut self, fact: &Fact) {
        match fact.clone() {
            Fact::Order { revision, shares, dropped, restocked } => {
                let (as_of, settled) = (at(i64::try_from(revision).expect("small")), false);
                let (removed, cancelled) = (0, false);
                self.order(LineSaid {
                    revision,
                    as_of,
                    shares,
                    dropped,
                    removed,
                    ordered: 0,
                    cancelled,
                    restocked,
                    settled,
                });
            }
            Fact::Removed { revision, shares, removed, cancelled } => {
                let (as_of, settled) = (at(i64::try_from(revision).expect("small")), false);
                let (dropped, restocked) = (0, Vec::new());
                self.order(LineSaid {
                    revision,
                    as_of,
                    shares,
                    dropped,
                    removed,
                    ordered: 0,
                    cancelled,
                    restocked,
                    settled,
                });
            }
            Fact::Shipment { name, revision, warehouse, units, at: seconds } => {
                let line = ShippedLine { line: LINE.line, item: ITEM, units };
                let said = ShipmentSaid {
                    order: LINE.order,
                    warehouse: self::warehouse(&warehouse),
                    at: at(seconds),
                    lowers: self.lowered_by.contains(&ReportKind::Shipment),
                    lines: if units == 0 { Vec::new() } else { vec![line] },
                };
                let heard = self.shipments.remove(&name).unwrap_or_default();
                let heard = apply::<HeardShipment>(heard, &HearShipment { revision, said });
                for ((_, line), steps) in heard.steps() {
                    let (shipment, was_told) = (name.clone(), self.hear(None));
                    if self.demand.has_left(line, was_told) {
                        let late = self.demand.shipped_late(&id("a"), line, &shipment, &steps);
                        for ((_, sku), command) in late.expect("a line") {
                            self.at(sku.as_str(), &command);
                        }
                        continue;
                    }
                    self.tell(&DemandCommand::TellShipment { line, shipment, steps, was_told });
                }
                self.shipments.insert(name, heard);
            }
            Fact::Pool(command) => self.at("SKU", &command),
        }
    }

    pub(super) fn order(&mut self, said: LineSaid) {
        let lowers = self.lowered_by.contains(&ReportKind::Accept);
        let (closed_by, left) = (self.heard.closed_by(LINE.line), self.heard.left_with(LINE.line));
        let was_told = self.hear((said.open() == 0).then_some(&said));
        let lowered_by_accept = lowers.then(|| id("wms")).into_iter().collect();
        let tell = TellLine { line: LINE, said, lowered_by_accept, was_told, closed_by, left };
        if self.demand.has_left(LINE, was_told) {
            let late = self.demand.told_late(&id("a"), &tell).expect("a line");
            for ((_, sku), command) in late {
                self.at(sku.as_str(), &command);
            }
        }
        self.tell(&DemandCommand::TellLine(tell));
    }

    fn hear(&mut self, closed: Option<&LineSaid>) -> bool {
        let before = self.heard.knows(LINE.line);
        let lines = BTreeSet::from([LINE.line]);
        let revision = closed.map_or(0, |said| said.revision);
        let leaves = |said: &LineSaid| {
            let has_left = self.demand.has_left(LINE, before);
            if has_left { self.heard.left_with(LINE.line) } else { said.leaves() }
        };
        let closed = closed.map(|said| (LINE.line, leaves(said))).into_iter().collect();
        let hear = Hear { lines, closed, revision, whole: false };
        self.heard = apply::<HeardOrder>(self.heard.clone(), &hear);
        before
    }

    /// More lines at W1 than a pool keeps.
    pub(super) fn let_pool_go(&mut self) {
        (0..2_100).for_each(|n| self.take(&of_other_order("W1", n)));
    }

    pub(super) fn play(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        facts.into_iter().for_each(|fact| self.take(&fact));
        self
    }

    /// Position, owed, and what other stores and its own see in Delta, at W1.
    fn numbers(&self) -> (Option<i64>, i64, i64, i64) {
        let (pool, w1) = (self.pool(), code("W1"));
        let (a, b): (StoreId, StoreId) = (id("a"), id("b"));
        let others = pool.delta_units(&w1, &b) - pool.owed_by_others(&w1, &b);
        let own = pool.delta_units(&w1, &a) - pool.owed_by_others(&w1, &a);
        (pool.position(&w1).map(Quantity::floor_units), pool.owed(&w1), others, own)
    }
}

pub(super) const ACCEPT: &[ReportKind] = &[ReportKind::Accept];
pub(super) const PHYSICAL: &[ReportKind] =
    &[ReportKind::Pick, ReportKind::Shipment, ReportKind::Invoice];

#[test]
fn where_accept_lowers_the_number_position_and_owed_fall_together() {
    let sold = Bench::linked(ACCEPT).play([count("c", 10, 0), order(1, [share("W1", 3)])]);
    assert_eq!(sold.numbers(), (Some(10), 3, -3, 0));
    let taken = sold.clone().play([order(2, [accepted(share("W1", 3), 3, 5)])]);
    assert_eq!(taken.numbers(), (Some(7), 0, -3, 0), "no store is sent anything");
    // It is refused after all; the units are owed until Shopify shows the order cancelled.
    let refused = taken.clone().play([order(3, [accepted(share("W1", 3), 0, 6)])]);
    assert_eq!(refused.numbers(), (Some(10), 3, -3, 0));
    let cancelled = refused.play([order(4, [accepted(share("W1", 0), 0, 6)])]);
    assert_eq!(cancelled.numbers(), (Some(10), 0, 0, 0));
}

#[test]
fn what_is_cancelled_at_shopify_and_still_accepted_stays_taken() {
    let bench = Bench::linked(ACCEPT).play([
        count("c", 10, 0),
        order(1, [accepted(share("W1", 3), 3, 5)]),
        order(2, [accepted(share("W1", 0), 3, 5)]),
    ]);
    // Shopify put three back by itself; the back office has not.
    assert_eq!(bench.numbers(), (Some(7), 0, -3, -3));
}

#[test]
fn where_picks_lower_the_number_acceptance_moves_nothing() {
    let accepted = Bench::linked(PHYSICAL)
        .play([count("c", 10, 0), order(1, [accepted(share("W1", 3), 3, 5)])]);
    assert_eq!(accepted.numbers(), (Some(10), 3, -3, 0));
    let picked = accepted.play([pick("p", 2, 6)]);
    assert_eq!(picked.numbers(), (Some(8), 1, -3, 0));
    // The shipment is a second word about the picked goods, and the first about one unit more.
    let shipped = picked.play([shipment("s", 1, 3, 7)]);
    assert_eq!(shipped.numbers(), (Some(7), 0, -3, 0));
}

#[test]
fn a_release_ends_what_is_owed() {
    let released = |bench: Bench| {
        let share = accepted(share("W1", 3), 0, 6);
        bench.play([order(2, [ShareSaid { released: 3, ..share }])])
    };
    let before = [count("c", 10, 0), order(1, [accepted(share("W1", 3), 3, 5)])];
    let sellable = released(Bench::linked(ACCEPT).play(before.clone()));
    assert_eq!(sellable.numbers(), (Some(7), 0, -3, 0), "the goods are gone");
    let physical = released(Bench::linked(PHYSICAL).play(before));
    assert_eq!(physical.numbers(), (Some(10), 0, 0, 0), "and here its number never knew them");
}

#[test]
fn a_report_up_to_the_count_moves_taken_alone() {
    let bench =
        Bench::linked(ACCEPT).play([count("c", 10, 9), order(1, [accepted(share("W1", 3), 3, 9)])]);
    assert_eq!(bench.numbers().0, Some(10));
    assert_eq!(bench.numbers().1, 0);
    assert_eq!(bench.pool().own(&code("W1"), &id("a")), Quantity::from_units(3));
}

/// Who serves the location by then does not matter: the refund keeps the warehouse that it had.
#[test]
fn what_shopify_put_back_stays_at_its_warehouse() {
    let shares = || [ShareSaid { fulfilled: 3, ..share("W1", 3) }];
    let there = RestockSaid { warehouse: warehouse("W2"), ..restock(1, 1) };
    let bench = Bench::linked(PHYSICAL).play([
        count("c", 10, 0),
        shipment("s", 1, 3, 5),
        refunded(1, shares(), [restock(1, 1)]),
        back("r", 1, 6),
        refunded(2, shares(), [there, restock(2, 1)]),
    ]);
    assert_eq!(bench.numbers(), (Some(8), 0, -2, 0));
    assert_eq!(bench.pool().own(&code("W2"), &id("a")), Quantity::ZERO);
    // The item is known by another SKU now: what came back goes with it.
    let mut bench = bench;
    bench.link("OTHER");
    assert_eq!(bench.pools["OTHER"].own(&code("W1"), &id("a")), Quantity::from_units(3));
}

#[test]
fn a_shipment_that_is_corrected_or_cancelled_gives_back() {
    let bench = Bench::linked(PHYSICAL).play([
        count("c", 10, 0),
        order(1, [share("W1", 3)]),
        shipment("s", 1, 3, 5),
        shipment("s", 2, 2, 5),
    ]);
    assert_eq!(bench.numbers(), (Some(8), 1, -3, 0));
    let cancelled = bench.play([shipment("s", 3, 0, 5)]);
    assert_eq!(cancelled.numbers(), (Some(10), 3, -3, 0));
}

#[test]
fn a_line_without_location_is_owed_nowhere_and_holds_back() {
    let bench = Bench::linked(PHYSICAL).play([count("c", 10, 0), order(1, [share("", 3)])]);
    assert_eq!(bench.numbers(), (Some(10), 0, 0, 0));
    assert_eq!(bench.pool().held_back(), 3);
    let routed = bench.play([order(2, [share("W1", 3)])]);
    assert_eq!(routed.numbers(), (Some(10), 3, -3, 0));
    assert_eq!(routed.pool().held_back(), 0);
}

#[test]
fn units_that_move_to_another_warehouse_are_owed_there() {
    let bench = Bench::linked(PHYSICAL)
        .play([order(1, [share("W1", 3)]), order(2, [share("W1", 1), share("W2", 2)])]);
    let pool = bench.pool();
    assert_eq!((pool.owed(&code("W1")), pool.owed(&code("W2"))), (1, 2));
}

#[test]
fn a_line_waits_for_its_link_and_goes_with_it() {
    let mut bench =
        Bench::new(ACCEPT).play([count("c", 10, 0), order(1, [accepted(share("W1", 3), 2, 5)])]);
    assert_eq!(bench.numbers(), (Some(10), 0, 0, 0));
    bench.link("SKU");
    assert_eq!(bench.numbers(), (Some(8), 1, -3, 0));
    bench.link("OTHER");
    assert_eq!(bench.numbers(), (Some(10), 0, 0, 0));
    assert_eq!(bench.pools["OTHER"].owed(&code("W1")), 1);
    bench.link("SKU");
    assert_eq!(bench.numbers(), (Some(8), 1, -3, 0));
}

/// Lines of other orders that closed later: more than are kept.
pub(super) fn close_others(bench: &mut Bench) {
    for n in 0..=200_i64 {
        let line = LineRef { order: OrderId(2_000 + n), line: LineItemId(n) };
        let said = LineSaid {
            revision: 1,
            as_of: at(100 + n),
            shares: Vec::new(),
            dropped: 0,
            removed: 0,
            ordered: 0,
            cancelled: false,
            restocked: Vec::new(),
            settled: false,
        };
        bench.tell(&DemandCommand::TellLine(TellLine {
            line,
            said,
            lowered_by_accept: BTreeSet::new(),
            was_told: false,
            closed_by: None,
            left: Vec::new(),
        }));
    }
}

#[test]
fn a_line_that_closes_late_gives_nothing_back() {
    let accepted = || accepted(share("W1", 3), 3, 2);
    let fulfilled = || order(2, [ShareSaid { fulfilled: 3, ..accepted() }]);
    let in_time = Bench::linked(ACCEPT).play([count("c", 10, 1), order(1, [accepted()])]);
    assert_eq!((in_time.numbers().0, in_time.numbers().1), (Some(7), 0));
    let mut late = in_time.clone();
    close_others(&mut late);
    let late = late.play([fulfilled()]);
    assert_eq!(late.numbers(), in_time.numbers(), "what was accepted has left");
    assert_eq!(late.pool(), in_time.play([fulfilled()]).pool());

    // One that was never heard of before is owed until the back office names it, at any age.
    let mut unknown = Bench::linked(ACCEPT).play([count("c", 10, 1)]);
    close_others(&mut unknown);
    let closed = order(1, [ShareSaid { fulfilled: 3, ..share("W1", 3) }]);
    let numbers = unknown.play([closed]).numbers();
    assert_eq!((numbers.0, numbers.1), (Some(10), 3));
}

#[test]
fn a_line_that_left_is_not_opened_again_by_a_late_word() {
    let mut bench = Bench::linked(PHYSICAL);
    let fulfilled = |revision, units| {
        let share = ShareSaid { fulfilled: units, ..share("W1", units) };
        order(revision, [share])
    };
    bench.take(&fulfilled(1, 3));
    bench.take(&shipment("s", 1, 3, 5));
    close_others(&mut bench);
    assert!(!bench.demand.has(LINE));
    let came_back = bench.clone();
    let before = (bench.demand.clone(), bench.pool());
    let late = bench.play([fulfilled(2, 3), shipment("t", 1, 0, 6)]);
    assert_eq!((late.demand.clone(), late.pool()), before);
    // Units that are open again are news.
    let open = late.play([order(3, [ShareSaid { fulfilled: 2, ..share("W1", 3) }])]);
    assert!(open.demand.has(LINE));
    assert_eq!(open.numbers().1, 0, "the shipment still holds them");
    // So is what came back, and it is all that is told of the line from then on.
    let before = came_back.numbers();
    let shares = || [ShareSaid { fulfilled: 3, ..share("W1", 3) }];
    let late = came_back.play([
        refunded(2, shares(), [restock(1, 1)]),
        refunded(4, shares(), [restock(1, 1), restock(2, 1)]),
        refunded(3, shares(), [restock(1, 1)]),
    ]);
    assert_eq!(late.numbers(), before);
    assert_eq!(late.pool().own(&code("W1"), &id("a")), Quantity::from_units(3));
    let booked = late.play([back("r1", 1, 9), back("r2", 1, 9), back("r3", 1, 9)]);
    assert_eq!(booked.pool().own(&code("W1"), &id("a")), Quantity::from_units(1));
}
