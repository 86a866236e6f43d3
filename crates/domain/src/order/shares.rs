//! The lines of an order as everybody else sees them: what was sold where, how much of it is
//! fulfilled, and what the back offices said of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::{AtLocation, LineNumbers, OrderFacts, Restock};
use super::fold::ByPlace;
use super::settings::{ServedLocation, StoreOrders};
use super::state::{Booking, Order};
use crate::ids::{
    BackOfficeId, InventoryItemId, LineItemId, LocationId, RefundId, VariantId, Warehouse,
};

/// All lines of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLines {
    /// Shopify's version of the order.
    pub as_of: Timestamp,
    /// True once each line that is shipped has a location.
    pub routed: bool,
    /// True when it was cancelled.
    pub cancelled: bool,
    /// Its lines, by id.
    pub lines: Vec<LineFacts>,
}

/// One line, in units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFacts {
    /// Shopify's id of the line.
    pub line: LineItemId,
    /// The variant; nothing for a custom line.
    pub variant: Option<VariantId>,
    /// Its inventory item; nothing while it is not known.
    pub item: Option<InventoryItemId>,
    /// Ordered.
    pub quantity: i64,
    /// Removed by edits and cancellation.
    pub removed: i64,
    /// Refunded.
    pub refunded: Vec<RefundedUnits>,
    /// Who serves how much of it.
    pub shares: Vec<Share>,
}

/// Refunded units of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundedUnits {
    /// The refund.
    pub refund: RefundId,
    /// Units.
    pub units: i64,
    /// How they come back.
    pub restock: Restock,
    /// Where; nothing when they do not.
    pub location: Option<LocationId>,
    /// True when they had been fulfilled.
    pub after_fulfillment: bool,
    /// When.
    pub at: Timestamp,
}

/// What one location, or nobody yet, has of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The location; nothing until the line is routed.
    pub location: Option<LocationId>,
    /// The warehouse; nothing while the location is not mapped.
    pub warehouse: Option<Warehouse>,
    /// The location whose warehouse that is, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_by: Option<LocationId>,
    /// Claimed at Shopify there; fulfilled units stay counted.
    pub sold: i64,
    /// Fulfilled.
    pub fulfilled: i64,
    /// Accepted, and neither rejected nor released since.
    pub accepted: i64,
    /// Released: owed no more.
    pub released: i64,
    /// When the two last changed; nothing when never.
    pub reported_at: Option<Timestamp>,
    /// How both came about, when in more than one step; the first share of a warehouse has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<AcceptedAt>,
}

/// How many units had been accepted or released in all, from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedAt {
    /// When.
    pub at: Timestamp,
    /// Units.
    pub units: i64,
}

impl OrderLines {
    /// Whether both tell the same of the lines, whatever version of the order they stand for.
    pub(super) fn tells_same(&self, other: &Self) -> bool {
        self.routed == other.routed
            && self.cancelled == other.cancelled
            && self.lines == other.lines
    }

    /// The back offices that are told of each variant's lines under the store's rules.
    #[must_use]
    pub fn takers(&self, rules: &StoreOrders) -> BTreeMap<VariantId, BTreeSet<BackOfficeId>> {
        let shares = self.lines.iter().flat_map(|line| &line.shares);
        let locations: BTreeSet<_> = shares.filter_map(|share| share.location).collect();
        let serving = Serving { rules, spans: locations.len() > 1 };
        let mut takers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for line in &self.lines {
            let Some(variant) = line.variant else { continue };
            let places = line.shares.iter().filter_map(|share| serving.of(share.location?));
            let backoffices = places.flat_map(|place| &place.warehouses).map(|w| &w.backoffice);
            let told = backoffices.filter(|backoffice| rules.takers.contains(*backoffice));
            takers.entry(variant).or_default().extend(told.cloned());
        }
        takers
    }

    /// A line.
    #[must_use]
    pub fn line(&self, id: LineItemId) -> Option<&LineFacts> {
        self.lines.iter().find(|line| line.line == id)
    }
}

impl Share {
    /// Sold and neither fulfilled nor released.
    #[must_use]
    pub fn open(&self) -> i64 {
        (self.sold - self.fulfilled - self.released).max(0)
    }
}

impl Order {
    /// The lines as others are to see them under the store's rules; nothing before the first news
    /// of the order.
    #[must_use]
    pub fn lines(&self, rules: &StoreOrders) -> Option<OrderLines> {
        let facts = self.numbers()?;
        let split: Vec<_> = facts.lines.iter().map(|line| self.split(&facts, line)).collect();
        let locations: BTreeSet<_> =
            split.iter().flatten().filter_map(|share| share.location).collect();
        let serving = Serving { rules, spans: locations.len() > 1 };
        let is_shipped = |line: LineItemId| {
            self.details.as_ref().and_then(|d| d.line(line)).is_none_or(|l| l.requires_shipping)
        };
        let is_routed = |(line, shares): (&LineNumbers, &Vec<Split>)| {
            !is_shipped(line.line) || shares.iter().all(|s| s.location.is_some() || s.open == 0)
        };
        let routed = self.details.is_some() && facts.lines.iter().zip(&split).all(is_routed);
        let mut lines: Vec<_> = facts
            .lines
            .iter()
            .zip(split)
            .map(|(line, splits)| {
                let shares = splits.iter().flat_map(|split| self.shares(&serving, line, split));
                self.line_facts(&facts, line, shares.collect())
            })
            .collect();
        let bookings = super::fold::bookings(self, &lines);
        for line in &mut lines {
            book(line, &bookings);
        }
        Some(OrderLines { as_of: facts.updated_at, routed, cancelled: self.is_cancelled(), lines })
    }

    /// The numbers, with the inventory items that reads told; none is open of an order that is
    /// gone.
    fn numbers(&self) -> Option<OrderFacts> {
        let mut facts = self.facts.clone()?;
        if self.is_gone() {
            for line in &mut facts.lines {
                line.open = 0;
                line.current = line.current.min(line.fulfilled_units());
            }
        }
        Some(facts)
    }

    /// Divides a line among locations: what each fulfilled, and of what is open what the newest
    /// routing gives it. The rest has no location yet.
    fn split(&self, facts: &OrderFacts, line: &LineNumbers) -> Vec<Split> {
        let mut by_location: BTreeMap<Option<LocationId>, Split> = BTreeMap::new();
        let mut at = |location, fulfilled, open| {
            let entry = by_location.entry(location).or_insert(Split { location, ..Split::EMPTY });
            entry.fulfilled += fulfilled;
            entry.open += open;
        };
        for sent in &line.fulfilled {
            at(sent.location, sent.units, 0);
        }
        let mut open = facts.open(line);
        for left in self.left(line) {
            let units = left.units.min(open);
            at(left.location, 0, units);
            open -= units;
        }
        if open > 0 {
            at(None, 0, open);
        }
        by_location.into_values().filter(|split| split.fulfilled + split.open > 0).collect()
    }

    /// What the newest routing leaves to be sent of a line, less what was sent since.
    fn left(&self, line: &LineNumbers) -> Vec<AtLocation> {
        let Some(routing) = &self.routing else { return Vec::new() };
        let of_line = routing.orders.iter().flat_map(|order| {
            let lines = order.lines.iter().filter(|l| l.line == line.line);
            lines.map(|l| AtLocation { location: order.location, units: l.remaining })
        });
        let mut left = super::facts::gathered(of_line.collect());
        let then = routing.fulfilled.get(&line.line).map(Vec::as_slice).unwrap_or_default();
        for at in &mut left {
            let sent = |list: &[AtLocation]| {
                list.iter().find(|s| s.location == at.location).map_or(0, |s| s.units)
            };
            at.units = (at.units - (sent(&line.fulfilled) - sent(then)).max(0)).max(0);
        }
        left
    }

    /// Who serves the units at a location: today's warehouse, except that what was told as
    /// fulfilled stays with the warehouse that sent it, however locations are mapped since.
    fn shares(&self, serving: &Serving<'_>, line: &LineNumbers, split: &Split) -> Vec<Share> {
        let served = split.location.and_then(|location| serving.of(location));
        let today = served.and_then(|s| serving.rules.warehouse_of(s)).cloned();
        let by = served.map(|s| s.location).filter(|by| Some(*by) != split.location);
        let mut by_server: BTreeMap<(Option<Warehouse>, Option<LocationId>), Split> =
            BTreeMap::new();
        let mut fulfilled = split.fulfilled;
        for sent in self.sent_from(line.line, split.location) {
            let units = sent.fulfilled.min(fulfilled);
            fulfilled -= units;
            if units > 0 {
                let server = (sent.warehouse.clone(), sent.served_by);
                by_server.entry(server).or_insert(split.empty()).fulfilled += units;
            }
        }
        if fulfilled + split.open > 0 {
            let entry = by_server.entry((today, by)).or_insert(split.empty());
            entry.fulfilled += fulfilled;
            entry.open += split.open;
        }
        let share = |((warehouse, served_by), split): ((_, _), Split)| Share {
            served_by,
            ..split.share(warehouse)
        };
        by_server.into_iter().map(share).collect()
    }

    /// The shares of a line that were told as fulfilled from a location.
    fn sent_from(
        &self,
        line: LineItemId,
        location: Option<LocationId>,
    ) -> impl Iterator<Item = &Share> {
        let told = self.told.as_ref().and_then(|told| told.lines.line(line));
        let shares = told.into_iter().flat_map(|line| &line.shares);
        shares.filter(move |share| {
            location.is_some() && share.location == location && share.warehouse.is_some()
        })
    }

    fn line_facts(&self, facts: &OrderFacts, line: &LineNumbers, shares: Vec<Share>) -> LineFacts {
        let refunded = facts.refunded(line.line);
        let removed = (line.quantity - line.current.max(0) - refunded).max(0);
        let sold: i64 = shares.iter().map(|share| share.sold).sum();
        let before = (line.quantity - removed - sold).clamp(0, refunded);
        LineFacts {
            line: line.line,
            variant: line.variant,
            item: line.item.or_else(|| self.items.get(&line.line).copied()),
            quantity: line.quantity,
            removed,
            refunded: refunds_of(facts, line.line, before),
            shares,
        }
    }
}

/// Lays what the back offices said over the shares of their warehouses.
fn book(line: &mut LineFacts, bookings: &ByPlace<(Booking, Vec<AcceptedAt>)>) {
    let id = line.line;
    let bookings = bookings.iter().filter(|((line, _), _)| *line == id);
    for ((_, warehouse), (booking, steps)) in bookings {
        let is_theirs = |share: &Share| share.warehouse.as_ref() == Some(warehouse);
        if !line.shares.iter().any(is_theirs) {
            // The units moved elsewhere; what was said of them still stands.
            let warehouse = Some(warehouse.clone());
            line.shares.push(Share { warehouse, ..Split::EMPTY.share(None) });
        }
        let (mut accepted, mut released) = (booking.accepted, booking.released);
        let mut theirs: Vec<&mut Share> =
            line.shares.iter_mut().filter(|share| is_theirs(share)).collect();
        for share in &mut theirs {
            share.accepted = accepted.min(share.sold);
            share.released = released.min(share.sold - share.accepted);
            share.reported_at = Some(booking.at);
            accepted -= share.accepted;
            released -= share.released;
        }
        if let Some(first) = theirs.first_mut() {
            first.accepted += accepted;
            first.released += released;
            // One step is what the share says anyhow.
            if steps.len() > 1 {
                first.steps.clone_from(steps);
            }
        }
    }
}

/// Refunded units of a line, of which `before` had not been fulfilled. Units that were put back
/// unsent are among those; of units that did not come back it is told by what is left of them.
fn refunds_of(facts: &OrderFacts, id: LineItemId, before: i64) -> Vec<RefundedUnits> {
    let of_line = || {
        let lines = facts.refunds.iter().flat_map(|r| r.lines.iter().map(move |line| (r, line)));
        lines.filter(|(_, line)| line.line == id)
    };
    let unsent = of_line().filter(|(_, line)| line.restock == Restock::Cancel);
    let mut before = (before - unsent.map(|(_, line)| line.units).sum::<i64>()).max(0);
    let mut units = Vec::new();
    for (refund, line) in of_line() {
        let one = |units: i64, after_fulfillment: bool| RefundedUnits {
            refund: refund.id,
            units,
            restock: line.restock,
            location: line.location,
            after_fulfillment,
            at: refund.at,
        };
        match line.restock {
            Restock::Cancel => units.push(one(line.units, false)),
            Restock::Return => units.push(one(line.units, true)),
            Restock::NoRestock => {
                let unsent = line.units.min(before);
                before -= unsent;
                units.extend((unsent > 0).then(|| one(unsent, false)));
                units.extend((line.units > unsent).then(|| one(line.units - unsent, true)));
            }
        }
    }
    units
}

/// A line's units at a location.
#[derive(Debug, Clone, Copy)]
struct Split {
    location: Option<LocationId>,
    fulfilled: i64,
    open: i64,
}

impl Split {
    const EMPTY: Self = Self { location: None, fulfilled: 0, open: 0 };

    /// Nothing, at the same location.
    fn empty(&self) -> Self {
        Self { location: self.location, ..Self::EMPTY }
    }

    fn share(self, warehouse: Option<Warehouse>) -> Share {
        Share {
            location: self.location,
            warehouse,
            served_by: None,
            sold: self.fulfilled + self.open,
            fulfilled: self.fulfilled,
            accepted: 0,
            released: 0,
            reported_at: None,
            steps: Vec::new(),
        }
    }
}

/// Which location serves what is routed to another.
pub(super) struct Serving<'r> {
    pub rules: &'r StoreOrders,
    /// The order is routed to more than one location.
    pub spans: bool,
}

impl<'r> Serving<'r> {
    /// The location that serves it, and with it the warehouse; nothing when none does.
    pub(super) fn of(&self, location: LocationId) -> Option<&'r ServedLocation> {
        if self.spans && self.rules.whole {
            return self.rules.default_location();
        }
        self.rules.serving(location)
    }
}
