//! News in every order, doubled and late, with reads in between: one state, and after the last
//! read one set of facts.

use proptest::prelude::*;

use super::shop::{Shop, Step};
use super::{handle, served};
use crate::ids::{LineItemId, Warehouse};
use crate::order::cancel::{CancelOutcome, Stage};
use crate::order::facts::{OrderFacts, Restock};
use crate::order::report::{Extent, Report, ReportId, Says, Units};
use crate::order::settings::StoreOrders;
use crate::order::{Order, OrderCommand, OrderEvent, OrderLines, PartContent, Request};
use crate::testing::{at, id};

/// Berlin is served by one back office and Lyon by another.
fn rules() -> StoreOrders {
    let locations =
        vec![served(1, &["wms/MAIN"], "parcel", false), served(2, &["erp/SIDE"], "post", false)];
    StoreOrders { takers: [id("wms"), id("erp")].into(), locations, ..super::rules() }
}

/// The life of an order, with each restock type.
const LIFE: [Step; 13] = [
    Step::Route,
    Step::Edit,
    Step::Send,
    Step::Refund(2, Restock::NoRestock),
    Step::Move,
    Step::Refund(1, Restock::NoRestock),
    Step::Refund(2, Restock::Cancel),
    Step::Tag,
    Step::Send,
    Step::Refund(1, Restock::Return),
    Step::SendSecond,
    Step::Refund(3, Restock::NoRestock),
    Step::Cancel,
];

#[derive(Debug, Clone)]
enum News {
    /// A webhook of the whole order.
    Whole(OrderFacts),
    /// Any other topic.
    Doubt,
    /// A back office's answer.
    Report(Report),
}

/// What happens next in a world of one shop, deliveries and reads.
#[derive(Debug, Clone, Copy)]
enum Tick {
    /// The next step of the life, so many seconds after the last.
    Step(i64),
    /// One of the waiting messages arrives; it may come again.
    Deliver { which: prop::sample::Index, again: bool },
    /// A read is decided.
    BeginRead,
    /// It is answered, with what the shop shows then.
    EndRead,
}

fn ticks() -> impl Strategy<Value = Vec<Tick>> {
    let tick = prop_oneof![
        3 => (0..3_i64).prop_map(Tick::Step),
        6 => (any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(which, again)| Tick::Deliver { which, again }),
        1 => Just(Tick::BeginRead),
        1 => Just(Tick::EndRead),
    ];
    prop::collection::vec(tick, 0..80)
}

struct World {
    shop: Shop,
    life: std::vec::IntoIter<Step>,
    waiting: Vec<News>,
    order: Order,
    told: Vec<OrderEvent>,
    /// What the back offices answered, in the order in which they did.
    answered: Vec<Report>,
    read: Option<u64>,
    now: i64,
    /// One back office serves all: it releases the whole and wants it cancelled, instead of
    /// accepting.
    releases: bool,
    rules: StoreOrders,
}

impl World {
    fn new(life: Vec<Step>) -> Self {
        let shop = Shop::new();
        let waiting = vec![News::Whole(shop.facts()), News::Doubt];
        Self {
            shop,
            life: life.into_iter(),
            waiting,
            order: Order::default(),
            told: Vec::new(),
            answered: Vec::new(),
            read: None,
            now: 0,
            releases: false,
            rules: rules(),
        }
    }

    /// As [`World::new`], where the back office that serves all releases it.
    fn releasing(life: Vec<Step>) -> Self {
        Self { releases: true, rules: super::rules(), ..Self::new(life) }
    }

    fn handle(&mut self, command: &OrderCommand) {
        let order = std::mem::take(&mut self.order);
        let (order, events) = handle(order, command, &self.rules);
        self.order = order;
        for event in &events {
            match event {
                OrderEvent::PartTold { warehouse, content, .. } => self.answer(warehouse, content),
                OrderEvent::CancelAsked { .. } => self.cancel(),
                _ => {}
            }
        }
        self.told.extend(events);
    }

    /// Shopify takes the cancellation that a back office asked for, and carries it out.
    fn cancel(&mut self) {
        let effect = id(&format!("cancel-{}", self.told.len()));
        self.handle(&OrderCommand::IntendCancel { effect });
        let stage = self.order.cancel.as_ref().map(|cancel| cancel.stage.clone());
        let Some(Stage::InTheAir { effect }) = stage else { unreachable!("it was intended") };
        let outcome = CancelOutcome::Taken { at: at(self.now) };
        self.handle(&OrderCommand::ConcludeCancel { effect, outcome });
        self.happen(Step::Cancel, 1);
    }

    /// Each warehouse accepts what it is asked for first, then rejects a unit of every line, and
    /// agrees to a cancellation. The answers travel like everything else.
    fn answer(&mut self, warehouse: &Warehouse, content: &PartContent) {
        let is_first = self.answered.iter().all(|r| r.id.backoffice != warehouse.backoffice);
        let code = Some(warehouse.code.clone());
        let units = |of: fn(i64) -> i64| {
            let lines = content.lines.iter().filter(|line| line.quantity > 0);
            let one = |(line, units)| Units { line, units: of(units), warehouse: code.clone() };
            Extent::Lines(lines.map(|l| (l.line.line, l.quantity)).map(one).collect())
        };
        match content.request {
            Request::Fulfil if is_first && self.releases => {
                self.report(warehouse, Says::ReleaseAndCancel, Extent::Whole);
            }
            Request::Fulfil if is_first => {
                self.report(warehouse, Says::Accept, units(|units| units));
                self.report(warehouse, Says::Reject, units(|_| 1));
            }
            Request::Cancel if !is_first => {
                self.report(warehouse, Says::AgreeToCancel, Extent::Whole);
            }
            _ => {}
        }
    }

    fn report(&mut self, warehouse: &Warehouse, says: Says, extent: Extent) {
        let count = i64::try_from(self.answered.len()).expect("few");
        let id = ReportId {
            backoffice: warehouse.backoffice.clone(),
            event_id: id(&format!("r-{count}")),
        };
        let report = Report { id, says, extent, occurred_at: at(1_000 + count), revision: 0 };
        self.answered.push(report.clone());
        self.waiting.push(News::Report(report));
    }

    fn step(&mut self, seconds: i64) {
        if let Some(step) = self.life.next() {
            self.happen(step, seconds);
        }
    }

    fn happen(&mut self, step: Step, seconds: i64) {
        self.shop.step(step, seconds);
        // One act of a merchant makes several topics; some of them tell nothing but that.
        self.waiting.push(News::Whole(self.shop.facts()));
        self.waiting.push(News::Whole(self.shop.facts()));
        self.waiting.push(News::Doubt);
    }

    fn deliver(&mut self, index: usize, again: bool) {
        let news = match again {
            true => self.waiting[index].clone(),
            false => self.waiting.swap_remove(index),
        };
        match news {
            News::Whole(facts) => self.handle(&OrderCommand::Observe { facts: Box::new(facts) }),
            News::Doubt => self.handle(&OrderCommand::Doubt),
            News::Report(report) => {
                let lines = self.order.lines(&self.rules).map(Box::new);
                let report = Box::new(report);
                self.handle(&OrderCommand::Report { report, lines, now: at(self.now) });
            }
        }
    }

    fn end_read(&mut self) {
        let Some(news) = self.read.take() else { return };
        self.now += 1;
        let shown = Some(Box::new(self.shop.read()));
        self.handle(&OrderCommand::RecordRead { news, begun: at(self.now), shown });
    }

    fn tick(&mut self, tick: Tick) {
        match tick {
            Tick::Step(seconds) => self.step(seconds),
            Tick::Deliver { which, again } if !self.waiting.is_empty() => {
                self.deliver(which.index(self.waiting.len()), again);
            }
            Tick::Deliver { .. } => {}
            Tick::BeginRead => self.read = Some(self.order.news),
            Tick::EndRead => self.end_read(),
        }
    }

    /// Everything that is on its way arrives, then Shopify is asked until nothing is unread.
    fn finish(&mut self) {
        while self.life.len() > 0 {
            self.step(1);
        }
        loop {
            while !self.waiting.is_empty() {
                self.deliver(0, false);
            }
            self.read = Some(self.order.news);
            self.end_read();
            assert!(!self.order.needs_read(), "the last read settles everything");
            // What is answered to what it told may have an order cancelled.
            if self.waiting.is_empty() {
                break;
            }
        }
        assert_eq!(self.order.cancel, None, "what was asked for is done, or was refused");
    }
}

fn check_revisions(told: &[OrderEvent]) {
    let revisions = told.iter().filter_map(|event| match event {
        OrderEvent::LinesTold { revision, .. } => Some(*revision),
        _ => None,
    });
    let revisions: Vec<_> = revisions.collect();
    let count = u64::try_from(revisions.len()).expect("few");
    assert_eq!(revisions, (1..=count).collect::<Vec<_>>());
    let mut refunds: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            OrderEvent::RefundTold { told } => Some((told.refund, told.backoffice.clone())),
            _ => None,
        })
        .collect();
    let all = refunds.len();
    refunds.sort();
    refunds.dedup();
    assert_eq!(refunds.len(), all, "each refund is told once to a back office");
    let mut lines: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            OrderEvent::RefundTold { told } => Some(told),
            _ => None,
        })
        .flat_map(|told| told.lines.iter().map(|line| (told.refund, line.line)))
        .collect();
    let all = lines.len();
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), all, "each refunded line is told to one");
}

/// What somebody knows who first heard of the order when it was read last.
fn fresh(shop: &Shop, rules: &StoreOrders) -> Order {
    let shown = Some(Box::new(shop.read()));
    let read = OrderCommand::RecordRead { news: 0, begun: at(0), shown };
    handle(Order::default(), &read, rules).0
}

/// The lines as if no back office had said anything.
fn bare(mut lines: OrderLines) -> OrderLines {
    for line in &mut lines.lines {
        line.shares.retain(|share| share.sold > 0);
        for share in &mut line.shares {
            (share.accepted, share.released, share.reported_at) = (0, 0, None);
            share.steps.clear();
        }
    }
    lines
}

/// What the answers come to when each arrives at once.
fn check_answers(world: &World) {
    let lines = world.order.lines(&world.rules).expect("known");
    let sums = |line: LineItemId, warehouse: &Warehouse| {
        let shares = lines.lines.iter().filter(|l| l.line == line).flat_map(|l| &l.shares);
        shares
            .filter(|share| share.warehouse.as_ref() == Some(warehouse))
            .fold((0, 0), |sum, share| (sum.0 + share.accepted, sum.1 + share.fulfilled))
    };
    for accept in world.answered.iter().filter(|report| report.says == Says::Accept) {
        let Extent::Lines(units) = &accept.extent else { unreachable!("it names lines") };
        let backoffice = &accept.id.backoffice;
        let agreed = world
            .answered
            .iter()
            .any(|r| r.id.backoffice == *backoffice && r.says == Says::AgreeToCancel);
        for Units { line, units, warehouse } in units {
            let code = warehouse.clone().expect("named");
            let warehouse = Warehouse { backoffice: backoffice.clone(), code };
            let (accepted, fulfilled) = sums(*line, &warehouse);
            let stays = if agreed { 0 } else { units - 1 };
            let expected = stays.max(fulfilled).min(*units);
            assert_eq!(accepted, expected, "line {line} at {warehouse}");
        }
    }
}

fn check_one_state(world: &World) {
    let (order, rules) = (&world.order, &world.rules);
    let fresh = fresh(&world.shop, rules);
    assert_eq!(order.facts, fresh.facts);
    assert_eq!(order.details, fresh.details);
    assert_eq!(order.routing, fresh.routing);
    let lines = order.lines(rules).expect("known");
    assert_eq!(bare(lines.clone()), bare(fresh.lines(rules).expect("known")));
    let told = order.told.as_ref().expect("told");
    assert!(told.lines.tells_same(&lines));
    for (warehouse, part) in &fresh.parts {
        let known = &order.parts[warehouse].content;
        assert_eq!(known.request, part.content.request);
        let units = |lines: &[crate::order::PartLine]| {
            let some = lines.iter().filter(|l| l.quantity > 0);
            some.map(|l| (l.line.line, l.quantity, l.open, l.sku.clone())).collect::<Vec<_>>()
        };
        assert_eq!(units(&known.lines), units(&part.content.lines));
        assert_eq!(known.order, part.content.order);
    }
    for (warehouse, part) in &order.parts {
        if !fresh.parts.contains_key(warehouse) {
            let asked = part.content.request;
            assert!(matches!(asked, Request::Cancel | Request::Inform), "{warehouse}: {asked:?}");
        }
    }
}

fn check_sums(world: &World) {
    let lines = world.order.lines(&world.rules).expect("known");
    let sold = world.shop.sold();
    for line in &lines.lines {
        let shares: i64 = line.shares.iter().map(|share| share.sold).sum();
        assert_eq!(shares, sold[&line.line], "line {}", line.line);
        let before = line.refunded.iter().filter(|r| !r.after_fulfillment);
        let before: i64 = before.map(|r| r.units).sum();
        assert_eq!(line.quantity - line.removed - before, shares, "line {}", line.line);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_order_of_news_and_reads_gives_one_state(
        ticks in ticks(),
        life in Just(LIFE.to_vec()).prop_shuffle(),
        len in 0..=LIFE.len(),
        in_order in any::<bool>(),
        releases in any::<bool>(),
    ) {
        let life = if in_order { LIFE.to_vec() } else { life };
        let begin = if releases { World::releasing } else { World::new };
        let mut world = begin(life[..len].to_vec());
        for tick in ticks {
            world.tick(tick);
        }
        world.finish();
        check_one_state(&world);
        check_answers(&world);
        check_sums(&world);
        check_revisions(&world.told);
    }

    #[test]
    fn after_the_last_read_nothing_old_says_anything_more(ticks in ticks()) {
        let mut world = World::new(LIFE.to_vec());
        for tick in ticks {
            world.tick(tick);
        }
        world.finish();
        let old = World::new(LIFE.to_vec()).shop;
        let said = world.told.len();
        for _ in 0..2 {
            world.handle(&OrderCommand::Observe { facts: Box::new(old.facts()) });
            world.handle(&OrderCommand::Observe { facts: Box::new(world.shop.facts()) });
        }
        prop_assert_eq!(world.told.len(), said);
    }
}

/// What one back office says of lines 1 and 2, in the order in which it happened.
fn sayings() -> Vec<Report> {
    let line = |line, units| {
        let line = LineItemId(line);
        Extent::Lines(vec![Units { line, units, warehouse: None }])
    };
    let all = [
        (Says::Accept, line(1, 2)),
        (Says::Accept, Extent::Whole),
        (Says::Reject, line(1, 1)),
        (Says::Release, line(2, 1)),
        (Says::Reject, Extent::Whole),
        (Says::Accept, line(2, 2)),
        (Says::TooLate, Extent::Whole),
        (Says::Accept, line(1, 1)),
    ];
    let report = |(index, (says, extent)): (i64, (Says, Extent))| Report {
        id: ReportId { backoffice: id("wms"), event_id: id(&format!("s-{index}")) },
        says,
        extent,
        occurred_at: at(index),
        revision: 0,
    };
    (0..).zip(all).map(report).collect()
}

fn after(reports: &[Report], before_the_order: usize) -> Order {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    shop.step(Step::Send, 1);
    let mut order = Order::default();
    for (index, report) in reports.iter().enumerate() {
        if index == before_the_order {
            order = read(order, &shop);
        }
        let lines = order.lines(&super::rules()).map(Box::new);
        let report = Box::new(report.clone());
        let command = OrderCommand::Report { report, lines, now: at(1) };
        order = handle(order, &command, &super::rules()).0;
    }
    read(order, &shop)
}

fn read(order: Order, shop: &Shop) -> Order {
    let shown = Some(Box::new(shop.read()));
    let command = OrderCommand::RecordRead { news: order.news, begun: at(0), shown };
    handle(order, &command, &super::rules()).0
}

proptest! {
    #[test]
    fn reports_in_every_order_twice_or_before_the_order_come_to_one(
        mut reports in Just(sayings()).prop_shuffle(),
        again in Just(sayings()).prop_shuffle(),
        first in 0..10_usize,
    ) {
        reports.extend(again);
        let expected = after(&sayings(), 0);
        let order = after(&reports, first);
        prop_assert_eq!(&order.answers, &expected.answers);
        prop_assert!(order.waiting.is_empty());
        let lines = |order: &Order| order.lines(&super::rules()).expect("known").lines;
        prop_assert_eq!(lines(&order), lines(&expected));
    }
}

#[test]
fn a_release_that_cancels_is_carried_out_in_a_life() {
    let mut world = World::releasing(vec![Step::Route, Step::Tag]);
    world.step(1);
    world.read = Some(0);
    world.end_read();
    world.finish();
    let done = |event: &OrderEvent| matches!(event, OrderEvent::CancelDone { .. });
    assert_eq!(world.told.iter().filter(|event| done(event)).count(), 1);
    assert!(world.order.is_cancelled());
    check_one_state(&world);
}

#[test]
fn the_numbers_of_a_whole_life_come_by_webhooks_alone() {
    let mut world = World::new(LIFE.to_vec());
    world.deliver(0, false);
    assert_eq!(world.order.told.as_ref().map(|told| told.revision), Some(1));
    for _ in LIFE {
        world.step(1);
        world.waiting.retain(|news| matches!(news, News::Whole(_)));
        world.deliver(world.waiting.len() - 1, false);
        let lines = world.order.lines(&rules()).expect("known");
        let sold: Vec<i64> =
            lines.lines.iter().map(|l| l.shares.iter().map(|s| s.sold).sum()).collect();
        assert_eq!(sold, world.shop.sold().into_values().collect::<Vec<_>>());
        assert!(!lines.routed, "only a read tells the routing");
    }
}
