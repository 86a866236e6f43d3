//! What orders and shipments say of items becomes claims in the pools of their SKUs.
//!
//! Everything that one message says is gathered first, since the pools that it needs are locked
//! together, and before anything that stands behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use lockstep_domain::stock::demand::{Claims, DemandCommand, DemandRejection, LineRef, PoolName};
use lockstep_domain::stock::pool::{Pool, PoolCommand, PoolEvent};
use lockstep_domain::stock::report::ReportKind;
use lockstep_domain::{BackOfficeId, InventoryItemId, Quantity, Sku, StoreId, WarehouseCode};
use lockstep_ports::AggregateKey;
use lockstep_runtime::{Aggregate as _, Stop, Work};

use crate::aggregates::{
    BackOfficeKind, DemandKind, LevelKind, PoolKind, demand_id, level_id, pool_id,
};
use crate::baseline::catch_up;
use crate::handlers::movement_reported::{free, is_sold_out};
use crate::translate::poison;
use crate::windows::touch_linked;

/// What is told to pools.
pub struct Told<'s> {
    store: &'s StoreId,
    commands: BTreeMap<PoolName, Vec<PoolCommand>>,
}

/// Whether a report lowers the number of a back office.
pub fn lowers(
    work: &mut Work<'_>,
    backoffice: &BackOfficeId,
    report: ReportKind,
) -> Result<bool, Stop> {
    let rules = &work.peek::<BackOfficeKind>(backoffice.as_str())?.settings;
    Ok(rules.clone().unwrap_or_default().lowered_by.contains(&report))
}

/// Commands of some aggregates cannot be refused.
pub fn never<T>(decided: Result<T, Infallible>) -> T {
    match decided {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// The pools that facts of some items may reach: of the SKUs that the demand for them knows, and
/// of links that it does not know yet. Items are named as demand and levels are, which is alike.
pub fn pools_behind(
    work: &mut Work<'_>,
    items: &BTreeSet<String>,
) -> Result<Vec<AggregateKey>, Stop> {
    work.load_all::<DemandKind>(&items.iter().cloned().collect::<Vec<_>>())?;
    work.want_peeks::<LevelKind>(items.iter().map(String::as_str))?;
    let mut pools = BTreeSet::new();
    for item in items {
        let demand = work.state::<DemandKind>(item)?;
        pools.extend(demand.skus().map(|(backoffice, sku)| pool_id(backoffice, sku)));
        let links = &work.peek::<LevelKind>(item)?.links;
        pools.extend(links.iter().map(|(backoffice, sku)| pool_id(backoffice, sku)));
    }
    Ok(pools.into_iter().map(PoolKind::key).collect())
}

impl<'s> Told<'s> {
    /// Locks the demand for some items, and lets it know the SKUs of links that are older than it.
    pub fn load(
        work: &mut Work<'_>,
        store: &'s StoreId,
        items: &BTreeSet<InventoryItemId>,
    ) -> Result<Self, Stop> {
        let ids: Vec<_> = items.iter().map(|item| demand_id(store, *item)).collect();
        work.load_all::<DemandKind>(&ids)?;
        let levels: Vec<_> = items.iter().map(|item| level_id(store, *item)).collect();
        work.want_peeks::<LevelKind>(levels.iter().map(String::as_str))?;
        let mut told = Self { store, commands: BTreeMap::new() };
        for (item, level) in items.iter().zip(&levels) {
            for (backoffice, sku) in work.peek::<LevelKind>(level)?.links.clone() {
                let demand = work.get::<DemandKind>(&demand_id(store, *item))?;
                if demand.sku(&backoffice).is_none() {
                    told.link(work, *item, backoffice, sku)?;
                }
            }
        }
        Ok(told)
    }

    /// Lets the demand for an item know a SKU: lines that waited for it are claimed, and those of
    /// another SKU of the back office go with it.
    pub fn link(
        &mut self,
        work: &mut Work<'_>,
        item: InventoryItemId,
        backoffice: BackOfficeId,
        sku: Sku,
    ) -> Result<(), Stop> {
        let id = demand_id(self.store, item);
        let demand = work.state::<DemandKind>(&id)?;
        let before: Vec<_> = demand.lines().map(|line| (line, demand.claims(line))).collect();
        let link = DemandCommand::Link { backoffice, sku };
        work.execute::<DemandKind>(&id, &link)?.map_err(|e| poison("link", e))?;
        for (line, before) in before {
            self.gather(work, (item, line), &before)?;
        }
        Ok(())
    }

    /// Tells the demand for an item something of a line. Gives why the line is refused, if it is.
    pub fn tell(
        &mut self,
        work: &mut Work<'_>,
        (item, line): (InventoryItemId, LineRef),
        command: &DemandCommand,
    ) -> Result<Option<DemandRejection>, Stop> {
        let id = demand_id(self.store, item);
        let demand = work.state::<DemandKind>(&id)?;
        if let DemandCommand::TellShipment { shipment, steps, was_told, .. } = command
            && demand.has_left(line, *was_told)
        {
            let late = demand.shipped_late(self.store, line, shipment, steps);
            self.add(late.map_err(|e| poison("line_id", e))?);
            return Ok(None);
        }
        let late = match command {
            DemandCommand::TellLine(told) if demand.has_left(line, told.was_told) => {
                demand.told_late(self.store, told).map_err(|e| poison("line_id", e))?
            }
            _ => Vec::new(),
        };
        let before = demand.claims(line);
        if let Err(refused) = work.execute::<DemandKind>(&id, command)? {
            return Ok(Some(refused));
        }
        self.add(late);
        self.gather(work, (item, line), &before)?;
        Ok(None)
    }

    fn gather(
        &mut self,
        work: &mut Work<'_>,
        (item, line): (InventoryItemId, LineRef),
        before: &Claims,
    ) -> Result<(), Stop> {
        let after = work.state::<DemandKind>(&demand_id(self.store, item))?.claims(line);
        let commands = after.since(before, self.store, line).map_err(|e| poison("line_id", e))?;
        self.add(commands);
        Ok(())
    }

    fn add(&mut self, commands: Vec<(PoolName, PoolCommand)>) {
        for (pool, command) in commands {
            self.commands.entry(pool).or_default().push(command);
        }
    }

    /// Books everything in the pools. What holds back more triggers nothing; what holds back less,
    /// ends or claims makes every level of the pool due.
    pub fn book(self, work: &mut Work<'_>) -> Result<(), Stop> {
        let ids: Vec<_> = self.commands.keys().map(|(b, sku)| pool_id(b, sku)).collect();
        work.load_all::<PoolKind>(&ids)?;
        for (pool, commands) in ids.iter().zip(self.commands.values()) {
            book(work, pool, commands)?;
        }
        Ok(())
    }
}

fn book(work: &mut Work<'_>, pool: &str, commands: &[PoolCommand]) -> Result<(), Stop> {
    catch_up(work, pool)?;
    let warehouses: BTreeSet<WarehouseCode> = commands.iter().filter_map(warehouse).collect();
    let free_at = |work: &mut Work<'_>| {
        let pool = work.state::<PoolKind>(pool)?;
        Ok(warehouses.iter().map(|warehouse| free(pool, warehouse)).collect::<Vec<_>>())
    };
    let before = free_at(work)?;
    let mut moves = false;
    for command in commands {
        let state = work.state::<PoolKind>(pool)?;
        let (own_before, held_before) = (own(state, command), state.held_back());
        let events = work.execute::<PoolKind>(pool, command)?.map_err(|e| poison("line", e))?;
        // What Shopify put back and nobody booked yet triggers nothing.
        let says_more = events.iter().any(|event| !is_restock(event));
        let state = work.state::<PoolKind>(pool)?;
        let own_moved = own(state, command) != own_before;
        moves |= match command {
            PoolCommand::HoldBack { .. } => state.held_back() < held_before,
            _ => says_more || own_moved,
        };
    }
    if !moves {
        return Ok(());
    }
    let falls: Vec<_> = before.into_iter().zip(free_at(work)?).collect();
    touch_linked(work, pool, |store| is_sold_out(store, &falls))
}

fn is_restock(event: &PoolEvent) -> bool {
    matches!(event, PoolEvent::LineOpened { .. } | PoolEvent::LineRestocked { .. })
}

/// What the number of the command's warehouse lacks because of the store's own sales.
fn own(pool: &Pool, command: &PoolCommand) -> Option<Quantity> {
    match command {
        PoolCommand::ClaimLine(claim) => Some(pool.own(&claim.warehouse, &claim.line.store)),
        _ => None,
    }
}

fn warehouse(command: &PoolCommand) -> Option<WarehouseCode> {
    match command {
        PoolCommand::ClaimLine(claim) => Some(claim.warehouse.clone()),
        _ => None,
    }
}
