//! What the demand for an item comes to in the pools of its SKUs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::command::TellLine;
use super::evolve::with_said;
use super::state::{AcceptedAt, Demand, Line, LineRef, LineSaid, Place, Step};
use crate::ids::{BackOfficeId, InvalidId, LocationId, Sku, StoreId, Warehouse};
use crate::quantity::Quantity;
use crate::stock::pool::{Claim, ClaimLine, Elsewhere, LineKey, PoolCommand, Restocked, Taking};
use crate::stock::report::ReportKind;

/// The source of what acceptance took; shipments are named by their ids, which hold a slash.
const ACCEPTANCE: &str = "acceptance";

/// Names a pool.
pub type PoolName = (BackOfficeId, Sku);

/// What a line comes to in the pools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    placed: BTreeMap<(Warehouse, Sku), Claimed>,
    held_back: BTreeMap<PoolName, i64>,
}

/// What a line claims at a warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Claimed {
    claim: Option<Claim>,
    taken: BTreeMap<String, Vec<Taking>>,
    restocked: Option<Restocked>,
    /// What it had claimed when it left.
    left: Option<Claim>,
}

impl Claimed {
    fn says_same(&self, other: &Self) -> bool {
        let says_same = match (&self.claim, &other.claim) {
            (Some(one), Some(other)) => one.says_same(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let restocked = |of: &Self| of.restocked.map_or(0, |restocked| restocked.units);
        says_same && self.taken == other.taken && restocked(self) == restocked(other)
    }

    /// Nothing of what was sold: what came back of a line that left opens nothing.
    fn says_nothing(&self) -> bool {
        self.claim.is_none() && self.taken.values().all(Vec::is_empty)
    }

    fn command(&self, line: &LineKey, warehouse: &Warehouse, opens: bool) -> PoolCommand {
        PoolCommand::ClaimLine(ClaimLine {
            warehouse: warehouse.code.clone(),
            line: line.clone(),
            claim: self.claim.clone(),
            taken: self.taken.clone(),
            restocked: self.restocked,
            opens,
            left: self.left.clone(),
        })
    }

    /// The claim of a line that went to another SKU: nothing.
    fn ended(&self) -> Self {
        let none = |claim: &Claim| Claim::of_nothing(claim.revision, claim.as_of);
        let taken = self.taken.keys().map(|source| (source.clone(), Vec::new())).collect();
        let restocked = self.restocked.map(|restocked| Restocked { units: 0, ..restocked });
        Self { claim: self.claim.as_ref().map(none), taken, restocked, left: None }
    }
}

/// How back offices name a line of an order.
fn line_key(store: &StoreId, line: LineRef) -> Result<LineKey, InvalidId> {
    let order = format!("{store}:{}", line.order).parse()?;
    Ok(LineKey { store: store.clone(), order, line: line.line.to_string().parse()? })
}

impl Claims {
    /// The commands that bring the pools from what a line came to before to this.
    ///
    /// # Errors
    /// The line has no name that a back office could use.
    pub fn since(
        &self,
        before: &Self,
        store: &StoreId,
        line: LineRef,
    ) -> Result<Vec<(PoolName, PoolCommand)>, InvalidId> {
        let key = line_key(store, line)?;
        let mut commands = Vec::new();
        // A pool to which the line moves never had it.
        let moves = !before.placed.values().all(Claimed::says_nothing);
        let name = |warehouse: &Warehouse, sku: &Sku| (warehouse.backoffice.clone(), sku.clone());
        for ((warehouse, sku), claimed) in &self.placed {
            let known = before.placed.get(&(warehouse.clone(), sku.clone()));
            if known.is_none_or(|known| !known.says_same(claimed)) {
                let opens = known.is_none_or(Claimed::says_nothing);
                let left = claimed.left.clone().filter(|_| !moves);
                let claimed = Claimed { left, ..claimed.clone() };
                let command = claimed.command(&key, warehouse, opens);
                commands.push((name(warehouse, sku), command));
            }
        }
        for (place, claimed) in &before.placed {
            let (warehouse, sku) = place;
            if !self.placed.contains_key(place) {
                let command = claimed.ended().command(&key, warehouse, false);
                commands.push((name(warehouse, sku), command));
            }
        }
        let pools: BTreeSet<&PoolName> =
            self.held_back.keys().chain(before.held_back.keys()).collect();
        for pool in pools {
            let units = |claims: &Self| claims.held_back.get(pool).copied().unwrap_or_default();
            if units(self) != units(before) {
                let command = PoolCommand::HoldBack { line: key.clone(), units: units(self) };
                commands.push((pool.clone(), command));
            }
        }
        Ok(commands)
    }
}

impl Demand {
    /// What a line comes to, at every warehouse that was named with it and whose back office has a
    /// SKU for the item. Units without a location are held back in every pool of the item.
    #[must_use]
    pub fn claims(&self, line: LineRef) -> Claims {
        let Some(known) = self.lines.get(&line) else { return Claims::default() };
        let placed = known.warehouses().into_iter().filter_map(|warehouse| {
            let sku = self.sku(&warehouse.backoffice)?.clone();
            Some(((warehouse.clone(), sku), known.claimed(warehouse)))
        });
        let unrouted = known.said.as_ref().map_or(0, LineSaid::unrouted);
        let pools = self.skus.iter().filter(|_| unrouted > 0);
        Claims {
            placed: placed.collect(),
            held_back: pools.map(|(b, sku)| ((b.clone(), sku.clone()), unrouted)).collect(),
        }
    }

    /// What an order says of a line that left, and of which nothing is open: acceptance or release
    /// came late. A pool that still keeps the line hears it; one that let it go hears nothing.
    ///
    /// # Errors
    /// The line has no name that a back office could use.
    pub fn told_late(
        &self,
        store: &StoreId,
        told: &TellLine,
    ) -> Result<Vec<(PoolName, PoolCommand)>, InvalidId> {
        let TellLine { line, said, lowered_by_accept, closed_by, .. } = told;
        let known = with_said(Line::default(), said, lowered_by_accept);
        // Where units were dropped is not known any more: their claim stays as it is.
        let is_news = *closed_by < Some(said.revision) && known.dropped_units(said) == 0;
        let key = line_key(store, *line)?;
        let warehouses = known.warehouses().into_iter().filter(|_| is_news && said.open() == 0);
        let command = |warehouse: &Warehouse| {
            let pool = (warehouse.backoffice.clone(), self.sku(&warehouse.backoffice)?.clone());
            let taken = BTreeMap::from([(ACCEPTANCE.to_owned(), known.accepted(warehouse))]);
            let claim = known.claim(warehouse);
            let claimed = Claimed { claim, taken, restocked: None, left: None };
            Some((pool, claimed.command(&key, warehouse, false)))
        };
        Ok(warehouses.filter_map(command).collect())
    }

    /// What a shipment says of a line that left. A pool that still owes units of it takes them;
    /// one that let it go, too, takes nothing.
    ///
    /// # Errors
    /// The line has no name that a back office could use.
    pub fn shipped_late(
        &self,
        store: &StoreId,
        line: LineRef,
        shipment: &str,
        steps: &[Step],
    ) -> Result<Vec<(PoolName, PoolCommand)>, InvalidId> {
        let key = line_key(store, line)?;
        let warehouses: BTreeSet<_> = steps.iter().map(|step| &step.warehouse).collect();
        let command = |warehouse: &Warehouse| {
            let pool = (warehouse.backoffice.clone(), self.sku(&warehouse.backoffice)?.clone());
            let takings = takings(steps, warehouse, ReportKind::Shipment);
            let taken = BTreeMap::from([(shipment.to_owned(), takings)]);
            let claimed = Claimed { claim: None, taken, restocked: None, left: None };
            Some((pool, claimed.command(&key, warehouse, false)))
        };
        Ok(warehouses.into_iter().filter_map(command).collect())
    }
}

impl Line {
    fn warehouses(&self) -> BTreeSet<&Warehouse> {
        let shares = self.said.iter().flat_map(|said| &said.shares);
        let steps = self.accepts.iter().chain(self.shipments.values().flatten());
        let of_shares = shares.filter_map(|share| share.warehouse.as_ref());
        let restocked = self.said.iter().flat_map(|said| &said.restocked);
        let named = steps.map(|step| &step.warehouse).chain(restocked.map(|r| &r.warehouse));
        let left = self.places.keys().map(|(warehouse, _)| warehouse);
        of_shares.chain(named).chain(left).collect()
    }

    fn claimed(&self, warehouse: &Warehouse) -> Claimed {
        let restocked = self.restocked(warehouse);
        if self.is_settled() {
            return Claimed { claim: None, taken: BTreeMap::new(), restocked, left: None };
        }
        let (claim, left) = (self.claim(warehouse), self.left(warehouse));
        Claimed { claim, taken: self.taken(warehouse), restocked, left }
    }

    /// What it had claimed when it left, all of it fulfilled.
    fn left(&self, warehouse: &Warehouse) -> Option<Claim> {
        let said = self.said.as_ref()?;
        let mut claim = Claim::of_nothing(said.revision, said.as_of);
        for share in self.left.iter().filter(|share| share.warehouse == *warehouse) {
            let sold = share.sold;
            claim.sold = claim.sold.saturating_add(sold);
            claim.fulfilled = claim.sold;
            claim.released = claim.released.saturating_add(share.released);
            let elsewhere = |location| Elsewhere { location, sold, fulfilled: sold, dropped: 0 };
            claim.elsewhere.extend(share.counted_at.map(elsewhere));
        }
        (claim.sold > 0).then_some(claim)
    }

    fn restocked(&self, warehouse: &Warehouse) -> Option<Restocked> {
        let LineSaid { revision, as_of, restocked, .. } = self.said.as_ref()?;
        let there = restocked.iter().filter(|restock| restock.warehouse == *warehouse);
        let units = there.fold(0_i64, |sum, restock| sum.saturating_add(restock.units.max(0)));
        Some(Restocked { units, revision: *revision, as_of: *as_of })
    }

    fn claim(&self, warehouse: &Warehouse) -> Option<Claim> {
        let said = self.said.as_ref()?;
        let mut claim = Claim::of_nothing(said.revision, said.as_of);
        let mut elsewhere: BTreeMap<LocationId, Elsewhere> = BTreeMap::new();
        let nothing = |location| Elsewhere { location, sold: 0, fulfilled: 0, dropped: 0 };
        for share in said.shares.iter().filter(|s| s.warehouse.as_ref() == Some(warehouse)) {
            let (sold, fulfilled) = (share.sold.max(0), share.fulfilled.max(0));
            claim.sold = claim.sold.saturating_add(sold);
            claim.fulfilled = claim.fulfilled.saturating_add(fulfilled);
            claim.released = claim.released.saturating_add(share.released.max(0));
            if let Some(location) = share.counted_at {
                let part = elsewhere.entry(location).or_insert(nothing(location));
                part.sold = part.sold.saturating_add(sold);
                part.fulfilled = part.fulfilled.saturating_add(fulfilled);
            }
        }
        for ((_, counted_at), units) in self.dropped(said).filter(|((w, _), _)| w == warehouse) {
            claim.dropped = claim.dropped.saturating_add(units);
            if let Some(location) = *counted_at {
                let part = elsewhere.entry(location).or_insert(nothing(location));
                part.dropped = part.dropped.saturating_add(units);
            }
        }
        let is_something = |part: &Elsewhere| part.sold != 0 || part.dropped != 0;
        claim.elsewhere = elsewhere.into_values().filter(is_something).collect();
        Some(claim)
    }

    /// Units that are sold no more and were not put back. Of what is gone from a cancelled order
    /// that is what was not gone by edits: Shopify does not say where those went.
    pub(super) fn dropped_units(&self, said: &LineSaid) -> i64 {
        let edited = self.edited.filter(|(revision, _)| *revision < said.revision);
        let edited = edited.map_or(0, |(_, removed)| removed);
        let cancelled = if said.cancelled { said.removed.saturating_sub(edited).max(0) } else { 0 };
        said.dropped.saturating_add(cancelled)
    }

    /// Where units were dropped: of the places that have fewer than they had, those that lost them
    /// last.
    pub(super) fn dropped(&self, said: &LineSaid) -> impl Iterator<Item = (&Place, i64)> {
        let sold_at = |place: &Place| sold_at(said, place);
        let mut places: Vec<_> = self.places.iter().collect();
        places
            .sort_by_key(|(place, placed)| std::cmp::Reverse(placed.had_more_than(sold_at(place))));
        let mut left = self.dropped_units(said);
        let mut dropped = Vec::new();
        for (place, placed) in places {
            let units = placed.most().saturating_sub(sold_at(place)).clamp(0, left.max(0));
            left = left.saturating_sub(units);
            dropped.push((place, units));
        }
        dropped.into_iter().filter(|(_, units)| *units > 0)
    }

    fn taken(&self, warehouse: &Warehouse) -> BTreeMap<String, Vec<Taking>> {
        let accepted = self.accepted(warehouse);
        let shipped = self.shipments.iter().map(|(shipment, steps)| {
            (shipment.clone(), takings(steps, warehouse, ReportKind::Shipment))
        });
        std::iter::once((ACCEPTANCE.to_owned(), accepted)).chain(shipped).collect()
    }
}

impl Line {
    /// By how much acceptance lowered the number. The newest word of the order tells all of its
    /// steps with their times, when there are several; whether they lower the number stays as it
    /// was when each of them was first heard.
    fn accepted(&self, warehouse: &Warehouse) -> Vec<Taking> {
        let shares = self.said.iter().flat_map(|said| &said.shares);
        let theirs = shares.filter(|share| share.warehouse.as_ref() == Some(warehouse));
        let told: Vec<AcceptedAt> = theirs.flat_map(|share| share.steps.iter().copied()).collect();
        if told.is_empty() {
            return takings(&self.accepts, warehouse, ReportKind::Accept);
        }
        let heard = || self.accepts.iter().filter(|step| step.warehouse == *warehouse);
        let lowers = |at: Timestamp| {
            let then = heard().find(|step| step.at >= at);
            then.or_else(|| heard().next_back()).is_some_and(|step| step.lowers)
        };
        let step = |told: AcceptedAt| Step {
            revision: 0,
            warehouse: warehouse.clone(),
            units: told.units,
            at: told.at,
            lowers: lowers(told.at),
        };
        let steps: Vec<Step> = told.into_iter().map(step).collect();
        takings(&steps, warehouse, ReportKind::Accept)
    }
}

/// Units that a place has of a line.
fn sold_at(said: &LineSaid, place: &Place) -> i64 {
    let there = said
        .shares
        .iter()
        .filter(|share| share.warehouse.as_ref() == Some(&place.0) && share.counted_at == place.1);
    there.fold(0_i64, |sum, share| sum.saturating_add(share.sold.max(0)))
}

/// By how much each step lowered the number, placed by its own time.
fn takings(steps: &[Step], warehouse: &Warehouse, kind: ReportKind) -> Vec<Taking> {
    let mut by_time: BTreeMap<Timestamp, i64> = BTreeMap::new();
    let mut before = 0;
    for step in steps.iter().filter(|step| step.warehouse == *warehouse) {
        let change = step.units.saturating_sub(before);
        before = step.units;
        if step.lowers {
            let at = by_time.entry(step.at).or_default();
            *at = at.saturating_add(change);
        }
    }
    let moved = by_time.into_iter().filter(|(_, units)| *units != 0);
    let taking =
        |(occurred_at, units)| Taking { kind, occurred_at, quantity: Quantity::from_units(units) };
    moved.map(taking).collect()
}
