//! Whatever happens at a shop, and in whatever order it is heard: only edits end.

use proptest::prelude::*;

use super::tests::{at_l1, fold};
use super::watch_tests::{read, settle};
use super::{KnownLine, KnownSold, Level};
use crate::ids::OrderId;
use crate::stock::orders_read::{OrdersRead, Span, Sweep, TellSweep};
use crate::sweep::{LAG, Window};
use crate::testing::{apply, at};

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Sold at a counter: an order that is fulfilled at once.
    Counter(i64),
    /// Sold in the shop.
    Checkout(i64),
    /// One of the orders is cancelled and put back, its word comes later.
    Cancel(usize),
    /// One of the orders is sent.
    Fulfil(usize),
    Edit(i64),
    Read,
    /// The orders are looked through: a sweep is on its way.
    Sweep,
    /// One of the sweeps that are on their way arrives, and all that it names.
    Arrive(usize),
    /// What changed since the last sweep is looked through by none.
    Hole,
    /// From here on lists show what changed so much later.
    Index(i64),
    /// Of one of the orders the news arrives by itself.
    Word(usize),
    /// Of the one that changed last.
    LateWord,
    /// An order is told of that did not change.
    Again(usize),
    /// Time passes.
    Rest(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (1_i64..4).prop_map(Act::Counter),
        2 => (1_i64..4).prop_map(Act::Checkout),
        2 => (0_usize..9).prop_map(Act::Cancel),
        1 => (0_usize..9).prop_map(Act::Fulfil),
        2 => (1_i64..4).prop_map(Act::Edit),
        5 => Just(Act::Read),
        3 => Just(Act::Sweep),
        3 => (0_usize..3).prop_map(Act::Arrive),
        1 => Just(Act::Hole),
        1 => (0_i64..300).prop_map(Act::Index),
        2 => (0_usize..9).prop_map(Act::Word),
        1 => Just(Act::LateWord),
        1 => (0_usize..9).prop_map(Act::Again),
        2 => (0_i64..4_000).prop_map(Act::Rest),
    ]
}

/// When the first orders changed.
const LONG_AGO: i64 = -100_000;

/// What an order has of the item.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    ordered: i64,
    sold: i64,
    open: i64,
    changed: i64,
}

/// A shop's level and its orders, by their definition, and what is known of them.
struct Shop {
    second: i64,
    /// Whether the first orders stay as they are.
    first_rest: bool,
    /// Shopify's clock less ours.
    apart: i64,
    available: i64,
    lines: Vec<Line>,
    /// What was heard of each.
    heard: Vec<Option<Line>>,
    /// How late lists show what changed ..
    index_late: i64,
    /// .. and of each order: when it changed, and when lists show that.
    index: Vec<Vec<(i64, i64)>>,
    swept_until: i64,
    /// Sweeps on their way: the span and the orders that changed in it.
    sweeps: Vec<(Span, Vec<usize>)>,
    spans: OrdersRead,
    level: Level,
    /// Units sold when the level was read last.
    seen: i64,
}

impl Shop {
    /// Some orders are older than all that is known.
    fn with_orders(before: &[i64], apart: i64) -> Self {
        let line =
            |units: &i64| Line { ordered: *units, sold: *units, open: *units, changed: LONG_AGO };
        let lines: Vec<_> = before.iter().map(line).collect();
        let committed = before.iter().sum();
        Self {
            second: 0,
            first_rest: false,
            apart,
            available: 1_000,
            heard: vec![None; lines.len()],
            index_late: 0,
            index: vec![vec![(LONG_AGO, LONG_AGO)]; lines.len()],
            lines,
            swept_until: -1,
            sweeps: Vec::new(),
            spans: OrdersRead::default(),
            level: fold([read(1_000, committed, 0)]),
            seen: committed,
        }
    }

    fn sold(&self) -> i64 {
        self.lines.iter().map(|line| line.sold).sum()
    }

    fn known(&self) -> KnownSold {
        let heard = self.heard.iter().flatten();
        let line = |line: &Line| KnownLine {
            as_of: at(line.changed + self.apart),
            here: line.sold,
            open: line.open,
            most: line.ordered,
            unrouted: 0,
        };
        KnownSold {
            units: heard.clone().map(|line| line.sold).sum(),
            lines: heard.map(line).collect(),
            ..KnownSold::default()
        }
    }

    fn order(&mut self, units: i64, open: i64) {
        self.available -= units;
        self.lines.push(Line { ordered: units, sold: units, open, changed: self.second });
        self.heard.push(None);
        self.index.push(Vec::new());
        self.indexed(self.lines.len() - 1);
    }

    /// An order changed: lists show it, some of them later.
    fn indexed(&mut self, order: usize) {
        self.index[order].push((self.second, self.second + self.index_late));
    }

    /// A list of what changed, by Shopify's clock, as it is shown by now.
    fn sweep(&mut self) {
        let Some(window) = Window::after(at(self.swept_until), at(self.second)) else { return };
        self.swept_until = self.second - LAG.as_secs();
        let is_listed = |n: &usize| {
            let shown = self.index[*n].iter().filter(|(_, from)| *from <= self.second);
            let last = shown.map(|(changed, _)| at(changed + self.apart)).max();
            last.is_some_and(|last| window.from <= last)
        };
        let listed = (0..self.lines.len()).filter(is_listed).collect();
        if let Some(sure) = window.sure() {
            let span = Span { since: Some(sure.from), until: sure.until };
            self.sweeps.push((span, listed));
        }
    }

    /// One of the open orders.
    fn open(&self, choice: usize) -> Option<usize> {
        let rests = |line: &Line| self.first_rest && line.changed == LONG_AGO;
        let is_open = |n: &usize| self.lines[*n].open > 0 && !rests(&self.lines[*n]);
        let open: Vec<_> = (0..self.lines.len()).filter(is_open).collect();
        (!open.is_empty()).then(|| open[choice % open.len()])
    }

    fn hear(&mut self, order: usize) {
        self.heard[order] = Some(self.lines[order]);
    }

    fn arrive(&mut self, choice: usize) {
        if self.sweeps.is_empty() {
            return;
        }
        let (span, orders) = self.sweeps.remove(choice % self.sweeps.len());
        let awaits = orders.iter().map(|n| (OrderId(i64::try_from(*n).expect("few")), 1));
        let waits = TellSweep(Sweep { span, awaits: awaits.collect() });
        let spans = std::mem::take(&mut self.spans);
        self.spans = apply::<OrdersRead>(spans, &waits);
        for order in orders {
            self.hear(order);
        }
        let spans = std::mem::take(&mut self.spans);
        let told = TellSweep(Sweep { span, awaits: [].into() });
        self.spans = apply::<OrdersRead>(spans, &told);
    }

    fn play(&mut self, act: Act) {
        self.second += 30;
        match act {
            Act::Counter(units) => self.order(units, 0),
            Act::Checkout(units) => self.order(units, units),
            Act::Cancel(choice) => {
                if let Some(order) = self.open(choice) {
                    self.available += self.lines[order].open;
                    let second = self.second;
                    let line = &mut self.lines[order];
                    (line.sold, line.open, line.changed) = (line.sold - line.open, 0, second);
                    self.indexed(order);
                }
            }
            Act::Fulfil(choice) => {
                if let Some(order) = self.open(choice) {
                    let second = self.second;
                    let line = &mut self.lines[order];
                    (line.open, line.changed) = (0, second);
                    self.indexed(order);
                }
            }
            Act::Edit(units) => self.available -= units,
            Act::Read => {
                let committed = self.lines.iter().map(|line| line.open).sum();
                self.seen = self.sold();
                let command = read(self.available, committed, self.second);
                self.level = apply::<Level>(self.level.clone(), &command);
            }
            Act::Sweep => self.sweep(),
            Act::Index(late) => self.index_late = late,
            Act::Arrive(choice) => self.arrive(choice),
            Act::Hole => self.swept_until = self.second,
            Act::Word(choice) => {
                let changed = |n: &usize| self.lines[*n].changed > LONG_AGO;
                let changed: Vec<_> = (0..self.lines.len()).filter(changed).collect();
                if !changed.is_empty() {
                    self.hear(changed[choice % changed.len()]);
                }
            }
            Act::LateWord => {
                let last = (0..self.lines.len()).max_by_key(|n| self.lines[*n].changed);
                last.into_iter().for_each(|order| self.hear(order));
            }
            Act::Again(choice) if !self.lines.is_empty() => self.hear(choice % self.lines.len()),
            Act::Again(_) => {}
            Act::Rest(seconds) => self.second += seconds,
        }
        // Looked at all the time: whatever can be told too early is.
        let command = settle(self.spans.spans(), &self.known(), self.second);
        self.level = apply::<Level>(self.level.clone(), &command);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Never is less taken for sold than was sold when the level was read.
    #[test]
    fn only_edits_end(
        acts in prop::collection::vec(act(), 0..60),
        before in prop::collection::vec(1_i64..3, 0..3),
        apart in -290_i64..290,
    ) {
        let mut shop = Shop::with_orders(&before, apart);
        for act in acts {
            shop.play(act);
            let seen = at_l1(&shop.level).seen_sold();
            prop_assert!(seen >= shop.seen, "{act:?}: what was sold was taken for an edit");
        }
    }

    /// Where no time is left out, each edit ends, in whatever order the sweeps arrive. What orders
    /// of before hold is bounded by what they held once: that they hold less hides edits.
    #[test]
    fn all_edits_end(
        acts in prop::collection::vec(act(), 0..20),
        before in prop::collection::vec(1_i64..3, 0..3),
        choices in prop::collection::vec(0_usize..3, 30),
    ) {
        let mut shop = Shop { first_rest: true, ..Shop::with_orders(&before, 0) };
        for act in [Act::Rest(400), Act::Sweep, Act::Arrive(0)] {
            shop.play(act);
        }
        let is_kept = |act: &Act| {
            !matches!(act, Act::Hole | Act::Again(_) | Act::LateWord | Act::Rest(_))
        };
        for act in acts.into_iter().filter(is_kept) {
            shop.play(act);
            shop.play(Act::Read);
        }
        for act in [Act::Rest(400), Act::Read, Act::Rest(400), Act::Sweep] {
            shop.play(act);
        }
        for choice in choices {
            shop.play(Act::Arrive(choice));
        }
        shop.play(Act::Sweep);
        shop.play(Act::Arrive(0));
        let known = shop.known().units;
        prop_assert_eq!(at_l1(&shop.level).presumed(known), shop.sold() - known);
    }
}
