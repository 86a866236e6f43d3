//! Orders as the feed told them, and what the warehouse did about them: pieces reserved, picked,
//! shipped and come back, per order line and warehouse.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::feed::{Item, Line, Part, Refund, Request, Verdict};
use super::report::{Answer, Happened, Kind, OrderLine, Report, Return, Shipment, Units};

/// A line of an order in one warehouse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    pub order_key: String,
    pub warehouse: String,
    pub line_id: String,
}

/// Pieces of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Work {
    pub accepted: i64,
    pub picked: i64,
    pub shipped: i64,
    pub returned: i64,
}

impl Work {
    /// Promised and still on the shelf.
    fn reserved(self) -> i64 {
        (self.accepted - self.picked).max(0)
    }

    /// Promised and not gone.
    fn outstanding(self) -> i64 {
        self.accepted - self.shipped
    }
}

/// Pieces of one thing that are promised and still on the shelf.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Reservation {
    pub warehouse: String,
    pub sku: String,
    pub quantity: i64,
}

/// A line with what was done about it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct LineView<'a> {
    #[serde(flatten)]
    line: &'a Line,
    #[serde(flatten)]
    work: Work,
}

/// An order's part, with what was done about it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct PartView<'a> {
    order_key: &'a str,
    warehouse: &'a str,
    revision: u32,
    store: &'a str,
    order_name: &'a str,
    request: Request,
    lines: Vec<LineView<'a>>,
}

/// All of it. In memory what the ledger's file says, always.
#[derive(Debug, Default)]
pub struct Orders {
    read: u64,
    /// Numbers of the feed that should have come and did not.
    missed: u64,
    parts: BTreeMap<(String, String), Part>,
    work: BTreeMap<LineKey, Work>,
    /// Parts whose cancellation was answered.
    cancelled: BTreeSet<(String, String)>,
    shipments: Vec<Shipment>,
    returns: Vec<Return>,
    refunds: Vec<Refund>,
    verdicts: Vec<Verdict>,
}

impl Orders {
    /// The last number of the feed that was read.
    pub fn read(&self) -> u64 {
        self.read
    }

    pub fn missed(&self) -> u64 {
        self.missed
    }

    pub fn shipments(&self) -> &[Shipment] {
        &self.shipments
    }

    pub fn returns(&self) -> &[Return] {
        &self.returns
    }

    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// The parts of one order, in the order of their warehouses.
    pub fn parts_of<'a>(&'a self, order_key: &'a str) -> impl Iterator<Item = &'a Part> {
        self.parts.values().filter(move |part| part.order_key == order_key)
    }

    /// One part.
    pub fn part(&self, order_key: &str, warehouse: &str) -> Option<&Part> {
        self.parts.get(&(order_key.to_owned(), warehouse.to_owned()))
    }

    /// What was done about a line.
    pub fn work(&self, key: &LineKey) -> Work {
        self.work.get(key).copied().unwrap_or_default()
    }

    /// Every part, with what was done about it.
    pub fn views(&self) -> Vec<PartView<'_>> {
        let views = self.parts.values().map(|part| PartView {
            order_key: &part.order_key,
            warehouse: &part.warehouse_code,
            revision: part.revision,
            store: &part.store,
            order_name: &part.order_name,
            request: part.request,
            lines: self.lines_of(part),
        });
        views.collect()
    }

    fn lines_of<'a>(&self, part: &'a Part) -> Vec<LineView<'a>> {
        let view = |line: &'a Line| LineView { line, work: self.work(&key(part, &line.line_id)) };
        part.lines.iter().map(view).collect()
    }

    /// What is promised and still on the shelves.
    pub fn reservations(&self) -> Vec<Reservation> {
        let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for part in self.parts.values() {
            for line in &part.lines {
                let reserved = self.work(&key(part, &line.line_id)).reserved();
                *sums.entry((&part.warehouse_code, &line.sku)).or_default() += reserved;
            }
        }
        let all = sums.into_iter().filter(|(_, quantity)| *quantity > 0);
        all.map(|((warehouse, sku), quantity)| Reservation {
            warehouse: warehouse.to_owned(),
            sku: sku.to_owned(),
            quantity,
        })
        .collect()
    }

    /// Pieces of a part that are wanted and not promised yet.
    pub fn acceptable(&self, part: &Part) -> Vec<Units> {
        let units = part.lines.iter().filter_map(|line| {
            let work = self.work(&key(part, &line.line_id));
            // What has left may still count as open in what we read last.
            let wanted = line.quantity_open - work.outstanding();
            let quantity = wanted.min(line.quantity - work.accepted);
            (quantity > 0).then(|| units(line, quantity))
        });
        units.collect()
    }

    /// What the warehouse answers by itself: a cancellation is agreed to while nothing has left,
    /// and what was picked goes back to its shelf.
    pub fn answers(&self, item: &Item) -> Vec<Happened> {
        let Some(part) = item.order.as_ref().filter(|part| self.is_news(part)) else {
            return Vec::new();
        };
        if part.request != Request::Cancel || self.cancelled.contains(&place(part)) {
            return Vec::new();
        }
        let answer = Answer {
            order_key: part.order_key.clone(),
            warehouse: part.warehouse_code.clone(),
            revision: part.revision,
            cancel: true,
            units: Vec::new(),
        };
        let done = || part.lines.iter().map(|line| (line, self.work(&key(part, &line.line_id))));
        if done().any(|(_, work)| work.shipped > 0) {
            return vec![Happened::Rejected(answer)];
        }
        let back = done().filter(|(_, work)| work.picked > 0).map(|(line, work)| Happened::Moved {
            sku: line.sku.clone(),
            kind: Kind::Return,
            warehouse: part.warehouse_code.clone(),
            quantity: work.picked,
            order: Some(OrderLine {
                order_key: part.order_key.clone(),
                line_id: line.line_id.clone(),
            }),
        });
        back.chain([Happened::Accepted(answer.clone())]).collect()
    }

    /// Takes an entry of the feed. One that was read before changes nothing.
    pub fn take(&mut self, item: Item) {
        if item.number <= self.read {
            return;
        }
        self.missed += item.number - self.read - 1;
        self.read = item.number;
        if let Some(part) = item.order.filter(|part| self.is_news(part)) {
            for line in &part.lines {
                let work = self.work.entry(key(&part, &line.line_id)).or_default();
                // Less is wanted than was promised: that much of it is promised no more.
                let surplus = work.outstanding() - line.quantity_open;
                work.accepted -= surplus.min(work.reserved()).max(0);
            }
            self.parts.insert(place(&part), part);
        }
        self.refunds.extend(item.refund);
        self.verdicts.extend(item.verdict);
    }

    /// Takes what the warehouse did.
    pub fn book(&mut self, report: &Report) {
        match &report.happened {
            Happened::Moved { kind: Kind::Picking, warehouse, quantity, order, .. } => {
                if let Some(OrderLine { order_key, line_id }) = order {
                    self.line(order_key, warehouse, line_id).picked -= quantity;
                }
            }
            Happened::Accepted(answer) if answer.cancel => {
                let part = |key: &LineKey| {
                    key.order_key == answer.order_key && key.warehouse == answer.warehouse
                };
                for (_, work) in self.work.iter_mut().filter(|(key, _)| part(key)) {
                    (work.accepted, work.picked) = (work.shipped, work.shipped);
                }
                self.cancelled.insert((answer.order_key.clone(), answer.warehouse.clone()));
            }
            Happened::Rejected(answer) if answer.cancel => {
                self.cancelled.insert((answer.order_key.clone(), answer.warehouse.clone()));
            }
            Happened::Accepted(answer) => {
                for units in &answer.units {
                    let line = self.line(&answer.order_key, &answer.warehouse, &units.line_id);
                    line.accepted += units.quantity;
                }
            }
            Happened::Shipped(shipment) => {
                for units in shipment.packages.iter().flat_map(|package| &package.units) {
                    let line = self.line(&shipment.order_key, &shipment.warehouse, &units.line_id);
                    line.shipped += units.quantity;
                }
                self.shipments.push(shipment.clone());
            }
            Happened::CameBack(back) => {
                for line in &back.lines {
                    let Units { line_id, quantity, .. } = &line.units;
                    self.line(&back.order_key, &back.warehouse, line_id).returned += quantity;
                }
                self.returns.push(back.clone());
            }
            Happened::Rejected(_)
            | Happened::Moved { .. }
            | Happened::Transferred { .. }
            | Happened::Counted { .. } => {}
        }
    }

    fn line(&mut self, order_key: &str, warehouse: &str, line_id: &str) -> &mut Work {
        let key = LineKey {
            order_key: order_key.to_owned(),
            warehouse: warehouse.to_owned(),
            line_id: line_id.to_owned(),
        };
        self.work.entry(key).or_default()
    }

    fn is_news(&self, part: &Part) -> bool {
        self.parts.get(&place(part)).is_none_or(|known| part.revision > known.revision)
    }
}

/// Pieces of a line.
pub fn units(line: &Line, quantity: i64) -> Units {
    Units { line_id: line.line_id.clone(), sku: line.sku.clone(), quantity }
}

/// A line of a part.
pub fn key(part: &Part, line_id: &str) -> LineKey {
    LineKey {
        order_key: part.order_key.clone(),
        warehouse: part.warehouse_code.clone(),
        line_id: line_id.to_owned(),
    }
}

fn place(part: &Part) -> (String, String) {
    (part.order_key.clone(), part.warehouse_code.clone())
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
