//! A variant and a SKU became one thing, or ceased to be.

use std::collections::BTreeSet;

use lockstep_contracts::catalog::v1::{VariantLinked, VariantUnlinked};
use lockstep_contracts::convert::link::{self as convert, LinkChange};
use lockstep_domain::Sku;
use lockstep_domain::stock::level::LevelCommand;
use lockstep_domain::stock::pool::PoolCommand;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{
    LevelKind, LinkSeenKind, PoolKind, See, StoreKind, level_id, link_seen_id, pool_id,
};
use crate::baseline::follow;
use crate::demand::Told;
use crate::translate::{invalid, poison};
use crate::windows::touch;

/// Binds the item to the SKU; another SKU of the same back office is let go.
pub fn linked(event: &VariantLinked, work: &mut Work<'_>) -> Result<(), Stop> {
    let link = convert::linked(event).map_err(invalid)?;
    if !is_news(&link, work)? {
        return Ok(());
    }
    unbind_others(work, &link)?;
    let level = level_id(&link.store, link.item);
    let LinkChange { variant, backoffice, sku, .. } = &link;
    let bind =
        LevelCommand::Link { variant: *variant, backoffice: backoffice.clone(), sku: sku.clone() };
    work.execute::<LevelKind>(&level, &bind)?.map_err(|e| poison("link", e))?;
    let bind = PoolCommand::Link { store: link.store.clone(), item: link.item };
    work.execute::<PoolKind>(&pool_id(backoffice, sku), &bind)?.map_err(|e| poison("link", e))?;
    // What was sold of it before is claimed before the baseline is taken.
    let mut told = Told::load(work, &link.store, &BTreeSet::from([link.item]))?;
    told.link(work, link.item, backoffice.clone(), sku.clone())?;
    told.book(work)?;
    settle(work, &link)
}

/// Lets the SKU go. What was sold of it is owed there all the same.
pub fn unlinked(event: &VariantUnlinked, work: &mut Work<'_>) -> Result<(), Stop> {
    let link = convert::unlinked(event).map_err(invalid)?;
    if !is_news(&link, work)? {
        return Ok(());
    }
    // The link itself, and one that an earlier word made, may be heard of later or never.
    unbind_others(work, &link)?;
    unbind(work, &link, link.sku.clone())?;
    let mut told = Told::load(work, &link.store, &BTreeSet::from([link.item]))?;
    told.link(work, link.item, link.backoffice.clone(), link.sku.clone())?;
    told.book(work)?;
    settle(work, &link)
}

fn unbind_others(work: &mut Work<'_>, link: &LinkChange) -> Result<(), Stop> {
    let links = &work.state::<LevelKind>(&level_id(&link.store, link.item))?.links;
    let others = links.iter().filter(|(b, sku)| *b == link.backoffice && *sku != link.sku);
    let others: Vec<_> = others.map(|(_, sku)| sku.clone()).collect();
    others.into_iter().try_for_each(|sku| unbind(work, link, sku))
}

/// Link events of one variant and back office may arrive in any order; the newest stands.
fn is_news(link: &LinkChange, work: &mut Work<'_>) -> Result<bool, Stop> {
    let id = link_seen_id(&link.store, link.variant, &link.backoffice);
    let seen = work.execute::<LinkSeenKind>(&id, &See { revision: link.revision })?;
    Ok(seen.is_ok_and(|events| !events.is_empty()))
}

fn unbind(work: &mut Work<'_>, link: &LinkChange, sku: Sku) -> Result<(), Stop> {
    let level = level_id(&link.store, link.item);
    let pool = pool_id(&link.backoffice, &sku);
    let cut = LevelCommand::Unlink { backoffice: link.backoffice.clone(), sku };
    work.execute::<LevelKind>(&level, &cut)?.map_err(|e| poison("link", e))?;
    let cut = PoolCommand::Unlink { store: link.store.clone(), item: link.item };
    work.execute::<PoolKind>(&pool, &cut)?.map_err(|e| poison("link", e))?;
    Ok(())
}

/// The store's rules are locked here, not peeked at: a level that is born while the store goes
/// live must get its baseline from one of the two transactions.
fn settle(work: &mut Work<'_>, link: &LinkChange) -> Result<(), Stop> {
    let rules = work.state::<StoreKind>(link.store.as_str())?.clone();
    if rules.settings.is_some() {
        follow(work, &link.store, link.item, &rules)?;
        touch(work, &link.store, link.item, false)?;
    }
    Ok(())
}
