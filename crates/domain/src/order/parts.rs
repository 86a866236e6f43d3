//! What a back office is told of an order: the part of it that one of its warehouses serves.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::facts::{FulfillmentOrder, LineDetails, OrderDetails, SealedContact};
use super::settings::{OrderFilter, ServedLocation, StoreOrders};
use super::shares::{LineFacts, OrderLines, Serving, Share};
use super::state::Order;
use crate::ids::{
    BackOfficeId, FulfillmentOrderLineId, LineItemId, LocationId, Sku, VariantId, Warehouse,
};

/// What a warehouse was last told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Raised by one with each word to the back office about the order.
    pub revision: u32,
    /// What it was told.
    pub content: PartContent,
    /// Units that it was told before and now, one entry per change of them.
    #[serde(default)]
    pub told: Vec<ToldUnits>,
}

/// Units that a warehouse was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldUnits {
    /// The revision that first told them.
    pub revision: u32,
    /// Whether the back office was asked to send them, now or after a hold.
    pub asked: bool,
    /// Units that it served, by line.
    pub lines: BTreeMap<LineItemId, i64>,
}

impl ToldUnits {
    fn of(revision: u32, content: &PartContent) -> Self {
        let asked = matches!(content.request, Request::Fulfil | Request::Hold);
        let lines = content.lines.iter().map(|line| (line.line.line, line.quantity)).collect();
        Self { revision, asked, lines }
    }
}

impl Part {
    /// What it is after a further word.
    pub(super) fn after(before: Option<Self>, revision: u32, content: &PartContent) -> Self {
        let mut told = before.map(|part| part.history()).unwrap_or_default();
        let now = ToldUnits::of(revision, content);
        if told.last().is_none_or(|last| (last.asked, &last.lines) != (now.asked, &now.lines)) {
            told.push(now);
        }
        Self { revision, content: content.clone(), told }
    }

    /// What it was told; an earlier version kept only the last.
    fn history(&self) -> Vec<ToldUnits> {
        match self.told.as_slice() {
            [] => vec![ToldUnits::of(self.revision, &self.content)],
            told => told.to_vec(),
        }
    }

    /// The most units of a line that the back office was ever asked to send from there.
    pub(super) fn most(&self, line: LineItemId) -> i64 {
        let asked = self.history().into_iter().filter(|told| told.asked);
        asked.filter_map(|told| told.lines.get(&line).copied()).max().unwrap_or(0)
    }

    /// What it was told at a revision; nothing before the first, or when that is not said.
    pub(super) fn at(&self, revision: u32) -> Option<ToldUnits> {
        self.history().into_iter().rev().find(|told| told.revision <= revision)
    }
}

/// What a warehouse is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartContent {
    /// What is asked.
    pub request: Request,
    /// Why it is on hold or was cancelled, Shopify's word; empty otherwise.
    pub reason: String,
    /// How the goods are sent.
    pub shipping_process: String,
    /// The lines that it serves, by id.
    pub lines: Vec<PartLine>,
    /// The order itself.
    pub order: OrderHead,
    /// Who ordered, sealed.
    pub contact: Option<SealedContact>,
}

/// What is asked of a back office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Accept or reject it.
    Fulfil,
    /// Wait: it is on hold in Shopify.
    Hold,
    /// Send nothing more: it was cancelled in Shopify.
    Cancel,
    /// Nothing.
    Inform,
}

/// A line as far as a warehouse serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartLine {
    /// The line, with its title and prices.
    pub line: LineDetails,
    /// Its line in the fulfillment order; nothing when nothing is left to be sent.
    pub fulfillment_order_line: Option<FulfillmentOrderLineId>,
    /// The back office's code; nothing without a link.
    pub sku: Option<Sku>,
    /// Units that the warehouse serves.
    pub quantity: i64,
    /// Units of them still to be sent.
    pub open: i64,
}

/// An order beside its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderHead {
    /// Its details; the lines stand in the part.
    pub details: OrderDetails,
}

/// Why a back office is told nothing, of an order or of some of its units.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parked {
    /// It has not been read yet.
    Unread,
    /// `orders.enabled` is off.
    Off,
    /// A filter of the store holds it back; it is told of when it passes.
    Filtered(Filter),
    /// Shopify has not routed it yet.
    Unrouted,
    /// A location is not mapped, and no location is the default.
    Unmapped(LocationId),
    /// The back office of the warehouse does not take orders of this store.
    NoTaker(Warehouse),
    /// Nothing in it is shipped.
    NothingToShip,
    /// It was cancelled before any back office was told of it.
    CancelledBefore,
    /// It was done with before back offices were told of orders.
    Past,
    /// It spans locations, is not to be split, and no location is the default.
    NoDefault,
}

/// The filter that holds an order back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// `orders.filter.status`.
    Status,
    /// `orders.filter.financial`.
    Financial,
    /// `orders.filter.fulfillment`.
    Fulfillment,
    /// `orders.filter.tags`.
    Tags,
    /// `orders.filter.sources`.
    Sources,
    /// `orders.filter.locations`.
    Locations,
}

impl Filter {
    /// Its name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "orders.filter.status",
            Self::Financial => "orders.filter.financial",
            Self::Fulfillment => "orders.filter.fulfillment",
            Self::Tags => "orders.filter.tags",
            Self::Sources => "orders.filter.sources",
            Self::Locations => "orders.filter.locations",
        }
    }
}

/// What the back offices are to be told of an order now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announcement {
    /// Per warehouse.
    pub parts: BTreeMap<Warehouse, PartContent>,
    /// Why not more.
    pub parked: BTreeSet<Parked>,
}

impl Announcement {
    fn parked(why: Parked) -> Self {
        Self { parked: BTreeSet::from([why]), ..Self::default() }
    }
}

/// Codes of a back office for variants.
pub trait Codes {
    /// The code of a variant; nothing without a link.
    fn sku(&self, variant: VariantId, backoffice: &BackOfficeId) -> Option<Sku>;
}

impl<F: Fn(VariantId, &BackOfficeId) -> Option<Sku>> Codes for F {
    fn sku(&self, variant: VariantId, backoffice: &BackOfficeId) -> Option<Sku> {
        self(variant, backoffice)
    }
}

impl Order {
    /// What the back offices are to be told under the store's rules, with `lines` as
    /// [`Order::lines`] gave them.
    #[must_use]
    pub fn announcement(
        &self,
        rules: &StoreOrders,
        lines: &OrderLines,
        codes: &dyn Codes,
    ) -> Announcement {
        let Some(details) = &self.details else { return Announcement::parked(Parked::Unread) };
        let is_told = !self.parts.is_empty();
        if !rules.enabled {
            return Announcement::parked(Parked::Off);
        }
        if !is_told {
            if lines.cancelled {
                return Announcement::parked(Parked::CancelledBefore);
            }
            if !lines.lines.iter().any(|l| is_shipped(details, l.line)) {
                return Announcement::parked(Parked::NothingToShip);
            }
            if !lines.routed {
                return Announcement::parked(Parked::Unrouted);
            }
            if self.is_past(rules, details, lines) {
                return Announcement::parked(Parked::Past);
            }
            if let Some(filter) = self.held_back(&rules.filter, details, lines) {
                return Announcement::parked(Parked::Filtered(filter));
            }
            if self.lacks_contact() {
                return Announcement::parked(Parked::Unread);
            }
        }
        let view = View { order: self, rules, details, lines, codes };
        view.announcement()
    }

    /// Whether it was placed before back offices were told of orders, and is closed or has nothing
    /// left to be sent.
    fn is_past(&self, rules: &StoreOrders, details: &OrderDetails, lines: &OrderLines) -> bool {
        let closed = self.facts.as_ref().is_some_and(|facts| facts.closed_at.is_some());
        let mut shares = lines.lines.iter().flat_map(|line| &line.shares);
        let is_done = closed || shares.all(|share| share.open() == 0);
        // Shopify dates to the second: what was placed in the same one may have come after.
        let placed = details.created_at.as_second();
        is_done && rules.told_since.is_some_and(|since| placed < since.as_second())
    }

    /// Whether it was read, and not who ordered.
    fn lacks_contact(&self) -> bool {
        self.details.is_some() && !self.contact_read && !self.redacted
    }

    /// Whether nothing but who ordered is missing before a back office can be told.
    #[must_use]
    pub fn awaits_contact(&self, announcement: &Announcement) -> bool {
        self.lacks_contact() && announcement.parked.contains(&Parked::Unread)
    }

    /// The filter that holds it back, when one does.
    fn held_back(
        &self,
        filter: &OrderFilter,
        details: &OrderDetails,
        lines: &OrderLines,
    ) -> Option<Filter> {
        let passes = |list: &BTreeSet<String>, value: &str| {
            list.is_empty() || list.iter().any(|one| one.eq_ignore_ascii_case(value))
        };
        let closed = self.facts.as_ref().is_some_and(|facts| facts.closed_at.is_some());
        let status = match (lines.cancelled, closed) {
            (true, _) => "cancelled",
            (_, true) => "closed",
            _ => "open",
        };
        let tagged = || details.tags.iter().any(|tag| passes(&filter.tags, tag));
        let mut locations = lines.lines.iter().flat_map(|l| &l.shares).filter_map(|s| s.location);
        if !passes(&filter.status, status) {
            Some(Filter::Status)
        } else if !passes(&filter.financial, &details.financial) {
            Some(Filter::Financial)
        } else if !passes(&filter.fulfillment, &details.fulfillment) {
            Some(Filter::Fulfillment)
        } else if !filter.tags.is_empty() && !tagged() {
            Some(Filter::Tags)
        } else if !passes(&filter.sources, &details.source) {
            Some(Filter::Sources)
        } else if !filter.locations.is_empty() && !locations.any(|l| filter.locations.contains(&l))
        {
            Some(Filter::Locations)
        } else {
            None
        }
    }
}

fn is_shipped(details: &OrderDetails, line: LineItemId) -> bool {
    details.line(line).is_none_or(|l| l.requires_shipping)
}

/// Everything that an announcement is made of.
struct View<'v> {
    order: &'v Order,
    rules: &'v StoreOrders,
    details: &'v OrderDetails,
    lines: &'v OrderLines,
    codes: &'v dyn Codes,
}

/// The units of lines that one warehouse serves.
#[derive(Default)]
struct Served<'v> {
    lines: BTreeMap<LineItemId, (i64, i64)>,
    location: Option<&'v ServedLocation>,
    /// The locations that the units are routed to.
    routed_to: BTreeSet<LocationId>,
    /// Some of the units that are open are asked of its back office; of others it is informed.
    asked: bool,
}

impl<'v> View<'v> {
    fn announcement(&self) -> Announcement {
        let mut parked = BTreeSet::new();
        let mut served: BTreeMap<Warehouse, Served<'v>> = BTreeMap::new();
        for line in &self.lines.lines {
            for share in line.shares.iter().filter(|share| share.sold > 0) {
                self.serve(line, share, &mut served, &mut parked);
            }
        }
        // Whoever was told of units keeps hearing of them, also that none are left.
        for (warehouse, part) in &self.order.parts {
            let known = served.entry(warehouse.clone()).or_default();
            for line in &part.content.lines {
                known.lines.entry(line.line.line).or_default();
            }
        }
        // An order that was told already opens no new part for units that have left.
        let is_told = !self.order.parts.is_empty();
        let has_open = |served: &Served<'_>| served.lines.values().any(|(_, open)| *open > 0);
        served.retain(|warehouse, served| {
            !is_told || has_open(served) || self.order.parts.contains_key(warehouse)
        });
        let parts = served.into_iter().map(|(warehouse, served)| {
            let content = self.content(&warehouse, &served);
            (warehouse, content)
        });
        Announcement { parts: parts.collect(), parked }
    }

    fn serve(
        &self,
        line: &LineFacts,
        share: &Share,
        served: &mut BTreeMap<Warehouse, Served<'v>>,
        parked: &mut BTreeSet<Parked>,
    ) {
        let Some(location) = share.location else {
            if is_shipped(self.details, line.line) {
                parked.insert(Parked::Unrouted);
            }
            return;
        };
        let place = self.serving().of(location);
        if let Some(sent_from) = &share.warehouse
            && place.and_then(|place| self.rules.warehouse_of(place)) != Some(sent_from)
        {
            // It left before the location was mapped to another: only who was told of it hears.
            if self.order.parts.contains_key(sent_from) {
                let entry = served.entry(sent_from.clone()).or_default();
                let (quantity, open) = entry.lines.entry(line.line).or_default();
                *quantity += share.sold;
                *open += share.open();
            }
            return;
        }
        let Some(place) = place else {
            let spans = self.rules.whole && self.spans();
            parked.insert(if spans { Parked::NoDefault } else { Parked::Unmapped(location) });
            return;
        };
        let takes = |w: &&Warehouse| self.rules.takers.contains(&w.backoffice);
        let mut takers = place.warehouses.iter().filter(takes).peekable();
        if takers.peek().is_none() {
            let first = place.warehouses.first().cloned();
            parked.extend(first.map(Parked::NoTaker));
        }
        for (index, warehouse) in takers.enumerate() {
            let entry = served.entry(warehouse.clone()).or_default();
            let (quantity, open) = entry.lines.entry(line.line).or_default();
            *quantity += share.sold;
            *open += share.open();
            entry.location = Some(place);
            entry.routed_to.insert(location);
            entry.asked |= index == 0 && share.open() > 0;
        }
    }

    fn spans(&self) -> bool {
        let shares = self.lines.lines.iter().flat_map(|line| &line.shares);
        shares.filter_map(|share| share.location).collect::<BTreeSet<_>>().len() > 1
    }

    fn serving(&self) -> Serving<'v> {
        Serving { rules: self.rules, spans: self.spans() }
    }

    fn content(&self, warehouse: &Warehouse, served: &Served<'_>) -> PartContent {
        let before = self.order.parts.get(warehouse).map(|part| &part.content);
        let line = |(id, (quantity, open)): (&LineItemId, &(i64, i64))| {
            let known = before.and_then(|b| b.lines.iter().find(|l| l.line.line == *id));
            let details = self.details.line(*id).or(known.map(|k| &k.line))?;
            let variant = self.lines.line(*id).and_then(|facts| facts.variant);
            let sku = variant.and_then(|v| self.codes.sku(v, &warehouse.backoffice));
            Some(PartLine {
                line: details.clone(),
                fulfillment_order_line: self.fulfillment_order_line(*id, served),
                sku,
                quantity: *quantity,
                open: *open,
            })
        };
        let lines: Vec<_> = served.lines.iter().filter_map(line).collect();
        let (request, reason) = self.request(served);
        let shipping_process = match served.location {
            Some(location) => location.shipping_process.clone(),
            None => before.map(|b| b.shipping_process.clone()).unwrap_or_default(),
        };
        let order = OrderHead {
            details: OrderDetails {
                lines: Vec::new(),
                refunds: Vec::new(),
                ..self.details.clone()
            },
        };
        let contact = self.contact(before);
        PartContent { request, reason, shipping_process, lines, order, contact }
    }

    /// The contact as it was sealed first, while it says the same.
    fn contact(&self, before: Option<&PartContent>) -> Option<SealedContact> {
        let now = self.order.contact.as_ref();
        let told = before.and_then(|b| b.contact.as_ref());
        let stays = SealedContact::same_data(now, told);
        if stays { told.cloned() } else { now.cloned() }
    }

    fn request(&self, served: &Served<'_>) -> (Request, String) {
        if self.lines.cancelled {
            return (Request::Cancel, self.details.cancel_reason.clone());
        }
        if !served.asked {
            return (Request::Inform, String::new());
        }
        let held = self.fulfillment_orders(served).filter_map(|order| order.hold.clone()).next();
        match held {
            Some(reason) => (Request::Hold, reason),
            None => (Request::Fulfil, String::new()),
        }
    }

    fn fulfillment_orders(&self, served: &Served<'_>) -> impl Iterator<Item = &FulfillmentOrder> {
        let orders = self.order.routing.iter().flat_map(|routing| &routing.orders);
        orders.filter(|order| order.location.is_some_and(|l| served.routed_to.contains(&l)))
    }

    fn fulfillment_order_line(
        &self,
        line: LineItemId,
        served: &Served<'_>,
    ) -> Option<FulfillmentOrderLineId> {
        let mut lines = self.fulfillment_orders(served).flat_map(|order| &order.lines);
        lines.find(|l| l.line == line && l.remaining > 0).map(|l| l.id)
    }
}
