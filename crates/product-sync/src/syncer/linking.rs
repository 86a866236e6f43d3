//! A page of listings is judged: links are made, and what a person must decide is listed.

use std::collections::BTreeSet;

use lockstep_domain::catalog::matching::{Verdict, candidates, judge};
use lockstep_domain::catalog::{
    Bound, Candidate, ConflictCommand, Facts, Listing, ListingCommand, Look, Near, Office, Pass,
    Seen, Standing, Tally,
};
use lockstep_domain::link::{LinkOrigin, VariantLink};
use lockstep_domain::{StoreId, VariantId};
use lockstep_runtime::{Aggregate, Stop, Work};

use super::known::Known;
use super::never;
use crate::aggregates::{
    CarriersKind, ConflictKind, ListingKind, OffersKind, ProductKind, RulesKind, SkuClaimKind,
    VariantLinkKind, carriers_id, offers_id, product_id, sku_claim_id, variant_of,
};
use crate::doubts::{self, Tell};
use crate::links::link_found;

/// Links by SKU.
pub fn by_sku(
    work: &mut Work<'_>,
    store: &StoreId,
    run: u64,
    ids: &[String],
) -> Result<Tally, Stop> {
    Judging::load(work, store, run, ids)?.judge_all(work, Pass::Sku)
}

/// Links the others by barcode, and lists conflicts.
pub fn by_barcode(
    work: &mut Work<'_>,
    store: &StoreId,
    run: u64,
    ids: &[String],
) -> Result<Tally, Stop> {
    Judging::load(work, store, run, ids)?.judge_all(work, Pass::Barcode)
}

/// A variant that the run has seen.
struct One {
    id: String,
    variant: VariantId,
    seen: Seen,
    bound: Option<Bound>,
    link: VariantLink,
    revision: u64,
}

impl One {
    fn look<'a>(&'a self, offices: &'a [Office]) -> Look<'a> {
        let Self { variant, seen, link, .. } = self;
        let bound = self.bound.as_ref().filter(|bound| bound.revision == self.revision);
        Look { variant: *variant, seen, link, bound, offices }
    }
}

struct Judging<'s> {
    store: &'s StoreId,
    offices: Vec<Office>,
    ones: Vec<One>,
}

impl<'s> Judging<'s> {
    /// Loads whole pages at once, each kind in one go: first what is locked, then what is read.
    fn load(
        work: &mut Work<'_>,
        store: &'s StoreId,
        run: u64,
        ids: &[String],
    ) -> Result<Self, Stop> {
        let of_each = |id: &String| {
            let id = id.as_str();
            [ConflictKind::key(id), ListingKind::key(id), VariantLinkKind::key(id)]
        };
        work.want(&ids.iter().flat_map(of_each).collect::<Vec<_>>())?;
        let mut ones = Vec::new();
        for id in ids {
            let Some(variant) = variant_of(id) else { continue };
            let listing = work.state::<ListingKind>(id)?.clone();
            let Listing { seen: Some(seen), bound, run: last } = listing else { continue };
            if last != run {
                continue;
            }
            let link = work.state::<VariantLinkKind>(id)?.clone();
            let revision = work.version::<VariantLinkKind>(id)?;
            ones.push(One { id: id.clone(), variant, seen, bound, link, revision });
        }
        let offices = work.peek::<RulesKind>(store.as_str())?.offices.clone();
        let judging = Self { store, offices, ones };
        judging.load_facts(work)?;
        Ok(judging)
    }

    fn load_facts(&self, work: &mut Work<'_>) -> Result<(), Stop> {
        let codes = |one: &One| [one.seen.sku.clone(), one.seen.barcode.clone()];
        let nears: BTreeSet<_> =
            self.ones.iter().flat_map(codes).filter_map(|code| Near::of(&code)).collect();
        self.want_carriers(work, &nears)?;
        let offers: Vec<_> = self
            .offices
            .iter()
            .flat_map(|office| nears.iter().map(|near| offers_id(&office.id, near)))
            .collect();
        work.want_peeks::<OffersKind>(offers.iter().map(String::as_str))?;
        let mut found = BTreeSet::new();
        for one in &self.ones {
            let mut known = Known { work, store: self.store };
            found.extend(candidates(&one.look(&self.offices), &mut known)?);
        }
        let claims = found.iter().map(|Candidate { backoffice, sku }| {
            SkuClaimKind::key(sku_claim_id(self.store, backoffice, sku))
        });
        work.want(&claims.collect::<Vec<_>>())?;
        let products: Vec<_> = found.iter().map(product_id).collect();
        work.want_peeks::<ProductKind>(products.iter().map(String::as_str))?;
        let mut nears = BTreeSet::new();
        for candidate in &found {
            let barcodes = Known { work, store: self.store }.barcodes(candidate)?;
            nears.extend(barcodes.iter().filter_map(|code| Near::of(code)));
            nears.extend(Near::of(candidate.sku.as_str()));
        }
        self.want_carriers(work, &nears)
    }

    fn want_carriers(&self, work: &Work<'_>, nears: &BTreeSet<Near>) -> Result<(), Stop> {
        let ids: Vec<_> = nears.iter().map(|near| carriers_id(self.store, near)).collect();
        work.want_peeks::<CarriersKind>(ids.iter().map(String::as_str))
    }

    fn judge_all(&self, work: &mut Work<'_>, pass: Pass) -> Result<Tally, Stop> {
        let mut tally = Tally::default();
        for one in &self.ones {
            let look = one.look(&self.offices);
            let mut known = Known { work, store: self.store };
            let verdict = judge(&look, pass, &mut known)?;
            let stood = work.state::<ConflictKind>(&one.id)?.standing.is_some();
            for found in &verdict.links {
                let thing = (one.variant, one.seen.item);
                if link_found(work, self.store, thing, &found.candidate, found.origin)? {
                    match found.origin {
                        LinkOrigin::BarcodeMatch => tally.linked_by_barcode += 1,
                        _ => tally.linked_by_sku += 1,
                    }
                }
            }
            if pass == Pass::Sku {
                tally.linked_before += u64::from(!one.link.links.is_empty());
            } else {
                conclude(work, (self.store, one), verdict, &mut tally)?;
            }
            let stands = work.state::<ConflictKind>(&one.id)?.standing.is_some();
            tally.closed += u64::from(stood && !stands);
        }
        Ok(tally)
    }
}

/// The last word on a variant: its conflict, and the codes under which its links were seen.
fn conclude(
    work: &mut Work<'_>,
    (store, one): (&StoreId, &One),
    verdict: Verdict,
    tally: &mut Tally,
) -> Result<(), Stop> {
    let is_linked = !work.state::<VariantLinkKind>(&one.id)?.links.is_empty();
    let command = match verdict.finding {
        None => ConflictCommand::Close,
        Some(finding) => {
            *tally.conflicts.entry(finding.kind).or_default() += 1;
            let Seen { item, title, sku, barcode, .. } = one.seen.clone();
            let standing = Standing { item, title, sku, barcode, finding };
            let parked = is_linked.then_some(verdict.doubts_stock);
            ConflictCommand::Open { standing, at: work.now(), parked }
        }
    };
    let tell = if is_linked { Tell::Others } else { Tell::Nobody };
    doubts::decide(work, (store, one.variant), &command, tell)?;
    let revision = work.version::<VariantLinkKind>(&one.id)?;
    let link = work.state::<VariantLinkKind>(&one.id)?;
    let is_seen = one.bound.as_ref().is_some_and(|bound| bound.revision == revision);
    if link.links.is_empty() || is_seen {
        return Ok(());
    }
    let mut origins = link.links.keys().map(|backoffice| link.origin(backoffice));
    let by_barcode = origins.any(|origin| origin == Some(LinkOrigin::BarcodeMatch));
    let Seen { sku, barcode, .. } = one.seen.clone();
    let bound = Bound { revision, sku, barcode: by_barcode.then_some(barcode) };
    work.execute::<ListingKind>(&one.id, &ListingCommand::Bind { bound })?.map_err(never)?;
    Ok(())
}
