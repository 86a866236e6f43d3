//! A shop with one order, by Shopify's arithmetic: what its webhooks and reads would show.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ids::{
    CustomerId, FulfillmentOrderId, FulfillmentOrderLineId, InventoryItemId, LineItemId,
    LocationId, RefundId, VariantId,
};
use crate::order::facts::{
    AtLocation, FulfillmentOrder, FulfillmentOrderLine, LineDetails, LineNumbers, Money, MoneyPair,
    OrderDetails, OrderFacts, OrderRead, Refund, RefundDetails, RefundLine, Restock, SealedContact,
};
use crate::testing::{at, id};

/// What happens to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Routing is done: line 1 to Berlin, the others to Lyon.
    Route,
    /// A unit of line 1 is removed, and line 4 is added at Berlin.
    Edit,
    /// All of line 2 moves to Berlin.
    Move,
    /// A unit of line 1 is sent.
    Send,
    /// A unit of line 2 is sent.
    SendSecond,
    /// A unit is refunded.
    Refund(i64, Restock),
    /// What is not sent is cancelled.
    Cancel,
    /// A tag is set: nothing about units.
    Tag,
}

#[derive(Debug, Clone, Default)]
struct Line {
    quantity: i64,
    /// Units that are gone without having been sent.
    dropped: i64,
    removed: i64,
    open: BTreeMap<Option<i64>, i64>,
    sent: BTreeMap<i64, i64>,
}

/// A shop with one order.
#[derive(Debug, Clone)]
pub struct Shop {
    second: i64,
    lines: BTreeMap<i64, Line>,
    refunds: Vec<Refund>,
    cancelled_at: Option<Timestamp>,
    tagged: bool,
    routed: bool,
}

impl Shop {
    /// Line 1 of three units, lines 2 and 3 of two each.
    pub fn new() -> Self {
        let mut lines = BTreeMap::new();
        for (number, quantity) in [(1, 3), (2, 2), (3, 2)] {
            let open = BTreeMap::from([(None, quantity)]);
            lines.insert(number, Line { quantity, open, ..Line::default() });
        }
        Self {
            second: 0,
            lines,
            refunds: Vec::new(),
            cancelled_at: None,
            tagged: false,
            routed: false,
        }
    }

    /// Takes a step; some steps fall into one second.
    pub fn step(&mut self, step: Step, seconds: i64) {
        self.second += seconds;
        match step {
            Step::Route => self.route(),
            Step::Edit => self.edit(),
            Step::Move => {
                let line = self.line(2);
                if let Some(units) = line.open.remove(&Some(2)) {
                    *line.open.entry(Some(1)).or_default() += units;
                }
            }
            Step::Send => self.send(1, 1),
            Step::SendSecond => self.send(2, 2),
            Step::Refund(line, restock) => self.refund(line, restock),
            Step::Cancel => self.cancel(),
            Step::Tag => self.tagged = true,
        }
    }

    fn line(&mut self, number: i64) -> &mut Line {
        self.lines.entry(number).or_default()
    }

    fn route(&mut self) {
        self.routed = true;
        for (number, line) in &mut self.lines {
            let location = if *number == 1 { 1 } else { 2 };
            if let Some(units) = line.open.remove(&None) {
                *line.open.entry(Some(location)).or_default() += units;
            }
        }
    }

    fn edit(&mut self) {
        if self.cancelled_at.is_some() {
            return;
        }
        let line = self.line(1);
        if take(&mut line.open) {
            line.removed += 1;
        }
        let location = self.routed.then_some(1);
        let open = BTreeMap::from([(location, 1)]);
        self.lines.insert(4, Line { quantity: 1, open, ..Line::default() });
    }

    fn send(&mut self, number: i64, location: i64) {
        let line = self.line(number);
        if let Some(units) = line.open.get_mut(&Some(location)).filter(|units| **units > 0) {
            *units -= 1;
            *line.sent.entry(location).or_default() += 1;
        }
    }

    fn refund(&mut self, number: i64, restock: Restock) {
        let refunded: i64 = self.refunded(number);
        let line = self.line(number);
        let sent: i64 = line.sent.values().sum();
        let returned = refunded - line.dropped;
        let is_sent = sent > returned && restock != Restock::Cancel;
        if !is_sent {
            if restock == Restock::Return || !take(&mut line.open) {
                return;
            }
            line.dropped += 1;
        }
        let comes_back = restock != Restock::NoRestock;
        let line = RefundLine {
            line: LineItemId(number),
            units: 1,
            restock,
            location: comes_back.then_some(LocationId(1)),
        };
        let id = RefundId(900 + i64::try_from(self.refunds.len()).expect("few"));
        self.refunds.push(Refund { id, at: at(self.second), lines: vec![line] });
    }

    fn refunded(&self, number: i64) -> i64 {
        let lines = self.refunds.iter().flat_map(|r| &r.lines);
        lines.filter(|l| l.line == LineItemId(number)).map(|l| l.units).sum()
    }

    fn cancel(&mut self) {
        self.cancelled_at = Some(at(self.second));
        for line in self.lines.values_mut() {
            line.removed += line.open.values().sum::<i64>();
            line.open.clear();
        }
    }

    /// What a webhook of the whole order shows.
    pub fn facts(&self) -> OrderFacts {
        let lines = self.lines.iter().map(|(number, line)| LineNumbers {
            line: LineItemId(*number),
            variant: Some(VariantId(*number)),
            item: None,
            quantity: line.quantity,
            current: line.quantity - line.removed - self.refunded(*number),
            open: line.open.values().sum(),
            fulfilled: sent(line),
        });
        OrderFacts {
            updated_at: at(self.second),
            cancelled_at: self.cancelled_at,
            closed_at: None,
            lines: lines.collect(),
            refunds: self.refunds.clone(),
        }
    }

    /// What a read shows.
    pub fn read(&self) -> OrderRead {
        let mut facts = self.facts();
        for line in &mut facts.lines {
            line.item = Some(InventoryItemId(line.line.get() + 100));
        }
        let open = |location: i64| {
            let lines = self.lines.iter().filter_map(|(number, line)| {
                let remaining = *line.open.get(&Some(location))?;
                Some(FulfillmentOrderLine {
                    id: FulfillmentOrderLineId(number * 10 + location),
                    line: LineItemId(*number),
                    remaining,
                })
            });
            let lines: Vec<_> = lines.filter(|line| line.remaining > 0).collect();
            let (id, location) = (FulfillmentOrderId(location), Some(LocationId(location)));
            (!lines.is_empty()).then_some(FulfillmentOrder { id, location, hold: None, lines })
        };
        OrderRead {
            facts,
            details: self.details(),
            routing: [open(1), open(2)].into_iter().flatten().collect(),
            customer: Some(CustomerId(5)),
            contact_read: true,
            contact: Some(SealedContact {
                key: "north.5".to_owned(),
                // Sealing gives other bytes each time.
                sealed: format!("sealed at {}", self.second),
                mark: "mark".to_owned(),
            }),
        }
    }

    fn details(&self) -> OrderDetails {
        let lines = self.lines.keys().map(|number| LineDetails {
            line: LineItemId(*number),
            sku: format!("S{number}"),
            title: format!("Thing {number}"),
            requires_shipping: true,
            unit_price: eur("10"),
            discount: eur("0"),
            tax: eur("1.6"),
        });
        let money =
            |refund: &Refund| RefundDetails { id: refund.id, amount: eur("10"), lines: Vec::new() };
        OrderDetails {
            name: "#1001".to_owned(),
            created_at: at(0),
            test: false,
            financial: "PAID".to_owned(),
            fulfillment: "UNFULFILLED".to_owned(),
            source: "web".to_owned(),
            tags: self.tagged.then(|| "gift".to_owned()).into_iter().collect(),
            cancel_reason: self.cancelled_at.map(|_| "CUSTOMER".to_owned()).unwrap_or_default(),
            total: eur("70"),
            shipping_lines: Vec::new(),
            lines: lines.collect(),
            refunds: self.refunds.iter().map(money).collect(),
        }
    }

    /// Units sold per line: sent, or still to be sent.
    pub fn sold(&self) -> BTreeMap<LineItemId, i64> {
        let sold = |line: &Line| line.open.values().sum::<i64>() + line.sent.values().sum::<i64>();
        self.lines.iter().map(|(number, line)| (LineItemId(*number), sold(line))).collect()
    }
}

fn take(open: &mut BTreeMap<Option<i64>, i64>) -> bool {
    match open.values_mut().find(|units| **units > 0) {
        Some(units) => {
            *units -= 1;
            true
        }
        None => false,
    }
}

fn sent(line: &Line) -> Vec<AtLocation> {
    let at = |(location, units): (&i64, &i64)| AtLocation {
        location: Some(LocationId(*location)),
        units: *units,
    };
    line.sent.iter().map(at).collect()
}

/// The same amount for merchant and customer.
pub fn eur(amount: &str) -> MoneyPair {
    let money = Money { amount: id(amount), currency: "EUR".to_owned() };
    MoneyPair { shop: money.clone(), presentment: money }
}
