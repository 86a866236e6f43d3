//! A page of variants becomes listings and their index; what no page showed is forgotten.

use std::collections::BTreeSet;

use lockstep_domain::catalog::{
    ConflictCommand, CrowdCommand, ListingCommand, Seen, Stage, Tally, carried_by,
};
use lockstep_domain::{StoreId, VariantId};
use lockstep_runtime::{Stop, Work};

use super::never;
use super::reading::{PageRead, VariantRead};
use crate::aggregates::{
    CarriersKind, ConflictKind, ListingKind, carriers_id, variant_link_id, variant_of,
};
use crate::doubts::{self, Tell};

/// Pages of one list; Shopify pages through 25,000 variants of one and no further.
const PAGES_MAX: u32 = 90;

/// The step behind a page.
pub fn next(above: Option<VariantId>, pages: u32, page: &PageRead) -> Stage {
    let pages = pages.saturating_add(1);
    let last = page.variants.iter().map(|variant| variant.id).max();
    match (&page.next, last) {
        (None, _) => Stage::Sweep { after: String::new() },
        (Some(_), Some(last)) if pages >= PAGES_MAX => {
            Stage::Read { above: Some(last), after: None, pages: 0 }
        }
        (Some(after), _) => Stage::Read { above, after: Some(after.clone()), pages },
    }
}

/// Keeps what a page or a piece of a file shows. What the run has seen before counts once.
pub fn see(
    work: &mut Work<'_>,
    store: &StoreId,
    run: u64,
    variants: Vec<VariantRead>,
) -> Result<Tally, Stop> {
    let ids: Vec<_> = variants.iter().map(|v| variant_link_id(store, v.id)).collect();
    work.load_all::<ListingKind>(&ids)?;
    let (mut touched, mut fresh) = (BTreeSet::new(), BTreeSet::new());
    for (VariantRead { seen, .. }, id) in variants.iter().zip(&ids) {
        let listing = work.get::<ListingKind>(id)?;
        if listing.run < run {
            fresh.insert(id);
        }
        touched.extend(carriers(store, listing.seen.as_ref()));
        touched.extend(carriers(store, Some(seen)));
    }
    let read = fresh.len() as u64;
    work.load_all::<CarriersKind>(&touched.into_iter().collect::<Vec<_>>())?;
    for (VariantRead { id: variant, seen }, id) in variants.into_iter().zip(&ids) {
        let see = ListingCommand::See { run, seen };
        list(work, store, (variant, id), &see)?;
    }
    Ok(Tally { read, ..Tally::default() })
}

/// Forgets those of a page of listings that the run did not see, with their conflicts. Their links
/// stay: a run changes none.
pub fn sweep(
    work: &mut Work<'_>,
    store: &StoreId,
    run: u64,
    ids: &[String],
) -> Result<Tally, Stop> {
    work.load_all::<ListingKind>(ids)?;
    let (mut gone, mut touched) = (Vec::new(), BTreeSet::new());
    for id in ids {
        let listing = work.get::<ListingKind>(id)?;
        if let (Some(seen), true) = (&listing.seen, listing.run < run) {
            touched.extend(carriers(store, Some(seen)));
            gone.push(id.clone());
        }
    }
    work.load_all::<ConflictKind>(&gone)?;
    work.load_all::<CarriersKind>(&touched.into_iter().collect::<Vec<_>>())?;
    let mut tally = Tally::default();
    for id in gone {
        let Some(variant) = variant_of(&id) else { continue };
        list(work, store, (variant, &id), &ListingCommand::Miss { run })?;
        let of = (store, variant);
        let closed = doubts::decide(work, of, &ConflictCommand::Close, Tell::Others)?;
        tally.closed += u64::from(closed);
        tally.gone += 1;
    }
    Ok(tally)
}

/// A listing moves on, and the index with it.
fn list(
    work: &mut Work<'_>,
    store: &StoreId,
    (variant, id): (VariantId, &str),
    command: &ListingCommand,
) -> Result<(), Stop> {
    let before = carried_by(work.state::<ListingKind>(id)?.seen.as_ref());
    work.execute::<ListingKind>(id, command)?.map_err(never)?;
    let after = carried_by(work.state::<ListingKind>(id)?.seen.as_ref());
    let nears: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for near in nears.into_iter().filter(|near| before.get(*near) != after.get(*near)) {
        let crowd = carriers_id(store, near);
        if before.contains_key(near) {
            let leave = CrowdCommand::Leave { key: variant };
            work.execute::<CarriersKind>(&crowd, &leave)?.map_err(never)?;
        }
        if let Some(value) = after.get(near).cloned() {
            let join = CrowdCommand::Join { key: variant, value };
            work.execute::<CarriersKind>(&crowd, &join)?.map_err(never)?;
        }
    }
    Ok(())
}

fn carriers(store: &StoreId, seen: Option<&Seen>) -> Vec<String> {
    carried_by(seen).keys().map(|near| carriers_id(store, near)).collect()
}

#[cfg(test)]
mod tests {
    use lockstep_domain::InventoryItemId;

    use super::*;

    fn page(last: i64, next: Option<&str>) -> PageRead {
        let seen = Seen {
            item: InventoryItemId(1),
            title: String::new(),
            sku: String::new(),
            barcode: String::new(),
            by_sku: Vec::new(),
            by_barcode: Vec::new(),
        };
        let variants = vec![VariantRead { id: VariantId(last), seen }];
        PageRead { variants, next: next.map(str::to_owned) }
    }

    #[test]
    fn a_long_list_is_read_in_several() {
        let read = |above, after: Option<&str>, pages| {
            let after = after.map(str::to_owned);
            Stage::Read { above, after, pages }
        };
        assert_eq!(next(None, 0, &page(9, Some("c"))), read(None, Some("c"), 1));
        let above = Some(VariantId(9));
        assert_eq!(next(None, PAGES_MAX - 1, &page(9, Some("c"))), read(above, None, 0));
        assert_eq!(next(above, 0, &page(12, Some("d"))), read(above, Some("d"), 1));
        let sweep = Stage::Sweep { after: String::new() };
        assert_eq!(next(above, 3, &page(12, None)), sweep);
    }
}
