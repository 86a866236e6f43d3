//! Whole runs over a small store, as the service makes them, and what they must never do.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::catalog::product::{Coded, Product, ProductCommand, Stamp};
use crate::catalog::{CrowdCommand, Listing, ListingCommand, carried_by};
use crate::decider::Decider;
use crate::ids::{InventoryItemId, Sku};
use crate::link::{VariantLink, VariantLinkCommand};
use crate::testing::{apply, at, id};

type Links = BTreeMap<i64, BTreeMap<String, String>>;

/// A store `north` with back offices, and everything that a run keeps.
#[derive(Default)]
struct World {
    run: u64,
    offices: Vec<Office>,
    stocked: Vec<Candidate>,
    products: BTreeMap<Candidate, Product>,
    offers: BTreeMap<(BackOfficeId, Near), Offers>,
    listings: BTreeMap<VariantId, Listing>,
    carriers: BTreeMap<Near, Carriers>,
    links: BTreeMap<VariantId, VariantLink>,
    changes: BTreeMap<VariantId, u64>,
    findings: BTreeMap<VariantId, Finding>,
    parked: BTreeSet<VariantId>,
}

impl Facts for World {
    type Error = Infallible;

    fn carriers(&mut self, near: &Near) -> Result<Carriers, Infallible> {
        Ok(self.carriers.get(near).cloned().unwrap_or_default())
    }

    fn offers(&mut self, backoffice: &BackOfficeId, near: &Near) -> Result<Offers, Infallible> {
        Ok(self.offers.get(&(backoffice.clone(), near.clone())).cloned().unwrap_or_default())
    }

    fn barcodes(&mut self, of: &Candidate) -> Result<Vec<String>, Infallible> {
        Ok(self.products.get(of).map(|p| p.barcodes().to_vec()).unwrap_or_default())
    }

    fn holder(&mut self, of: &Candidate) -> Result<Option<VariantId>, Infallible> {
        let holds = |link: &VariantLink| link.links.get(&of.backoffice) == Some(&of.sku);
        Ok(self.links.iter().find(|(_, link)| holds(link)).map(|(variant, _)| *variant))
    }
}

fn candidate(backoffice: &str, sku: &str) -> Candidate {
    Candidate { backoffice: id(backoffice), sku: id(sku) }
}

impl World {
    /// One back office `wms` with stock of these SKUs.
    fn with(skus: &[&str]) -> Self {
        let mut world = Self::default();
        world.office("wms", true);
        world.stocked = skus.iter().map(|sku| candidate("wms", sku)).collect();
        world
    }

    fn office(&mut self, name: &str, owns_stock: bool) {
        self.offices.push(Office { id: id(name), owns_stock });
    }

    fn report(&mut self, of: &Candidate, command: &ProductCommand) {
        let before = self.products.get(of).cloned().unwrap_or_default();
        let after = apply::<Product>(before.clone(), command);
        let (old, new) = (before.coded(&of.sku), after.coded(&of.sku));
        self.products.insert(of.clone(), after);
        for (near, coded) in diff(&old, &new) {
            let place = (of.backoffice.clone(), near);
            let crowd = self.offers.remove(&place).unwrap_or_default();
            self.offers.insert(place, moved(crowd, &of.sku, coded));
        }
    }

    fn product(&mut self, backoffice: &str, sku: &str, barcodes: &[&str]) {
        let barcodes = Some(barcodes.iter().map(|b| (*b).to_owned()).collect());
        let by = Stamp { at: at(1), event: id("e") };
        let command = ProductCommand::State { by, barcodes, title: None };
        self.report(&candidate(backoffice, sku), &command);
    }

    fn delete(&mut self, sku: &str) {
        let by = Stamp { at: at(2), event: id("d") };
        self.report(&candidate("wms", sku), &ProductCommand::Delete { by });
    }

    fn see(&mut self, variant: VariantId, sku: &str, barcode: &str) {
        let near_to = |code: &str| {
            let near = Near::of(code);
            let all =
                self.stocked.iter().filter(|c| near.is_some() && Near::of(c.sku.as_str()) == near);
            all.cloned().collect::<Vec<_>>()
        };
        let seen = Seen {
            item: InventoryItemId(variant.get()),
            title: String::new(),
            sku: sku.to_owned(),
            barcode: barcode.to_owned(),
            by_sku: near_to(sku),
            by_barcode: near_to(barcode),
        };
        self.list(variant, &ListingCommand::See { run: self.run, seen });
    }

    fn list(&mut self, variant: VariantId, command: &ListingCommand) {
        let before = self.listings.get(&variant).cloned().unwrap_or_default();
        let after = apply::<Listing>(before.clone(), command);
        for (near, carried) in
            diff(&carried_by(before.seen.as_ref()), &carried_by(after.seen.as_ref()))
        {
            let crowd = self.carriers.remove(&near).unwrap_or_default();
            self.carriers.insert(near, moved(crowd, &variant, carried));
        }
        self.listings.insert(variant, after);
    }

    fn link(&mut self, variant: VariantId, found: &Candidate, origin: LinkOrigin) {
        let before = self.links.remove(&variant).unwrap_or_default();
        let command = VariantLinkCommand::LinkVariant {
            inventory_item: InventoryItemId(variant.get()),
            backoffice: found.backoffice.clone(),
            sku: found.sku.clone(),
            origin,
            at: at(9),
        };
        let events = VariantLink::decide(&before, &command).expect("a link is never replaced");
        *self.changes.entry(variant).or_default() += events.len() as u64;
        self.links.insert(variant, VariantLink::evolve_all(before, &events));
    }

    fn confirm(&mut self, variant: VariantId, backoffice: &str) {
        let (backoffice, origin) = (id(backoffice), LinkOrigin::Hand);
        let confirm = VariantLinkCommand::ConfirmLink { backoffice, origin, at: at(9) };
        let before = self.links.remove(&variant).unwrap_or_default();
        *self.changes.entry(variant).or_default() += 1;
        self.links.insert(variant, apply::<VariantLink>(before, &confirm));
    }

    /// A run that reads these variants in this order.
    fn sync(&mut self, read: &[(i64, &str, &str)]) {
        self.run += 1;
        for (variant, sku, barcode) in read {
            self.see(VariantId(*variant), sku, barcode);
        }
        let all: Vec<_> = self.listings.keys().copied().collect();
        for variant in &all {
            self.list(*variant, &ListingCommand::Miss { run: self.run });
            if self.listings[variant].seen.is_none() {
                self.findings.remove(variant);
            }
        }
        for pass in [Pass::Sku, Pass::Barcode] {
            for variant in &all {
                self.judge(*variant, pass);
            }
        }
    }

    fn judge(&mut self, variant: VariantId, pass: Pass) {
        let listing = self.listings[&variant].clone();
        let Some(seen) = &listing.seen else { return };
        let revision = self.changes.get(&variant).copied().unwrap_or_default();
        let link = self.links.get(&variant).cloned().unwrap_or_default();
        let bound = listing.bound.as_ref().filter(|bound| bound.revision == revision);
        let offices = self.offices.clone();
        let look = Look { variant, seen, link: &link, bound, offices: &offices };
        let verdict = judge(&look, pass, self).expect("known");
        for found in &verdict.links {
            assert!(self.holder(&found.candidate).expect("known").is_none(), "a SKU taken twice");
            self.link(variant, &found.candidate, found.origin);
        }
        if pass == Pass::Sku {
            return;
        }
        match verdict.doubts_stock {
            true => self.parked.insert(variant),
            false => self.parked.remove(&variant),
        };
        match verdict.finding {
            Some(finding) => self.findings.insert(variant, finding),
            None => self.findings.remove(&variant),
        };
        let revision = self.changes.get(&variant).copied().unwrap_or_default();
        if revision > 0 && bound.is_none_or(|bound| bound.revision != revision) {
            let (sku, barcode) = (seen.sku.clone(), None);
            let bound = Bound { revision, sku, barcode };
            self.list(variant, &ListingCommand::Bind { bound });
        }
    }

    fn kind(&self, variant: i64) -> Option<ConflictKind> {
        self.findings.get(&VariantId(variant)).map(|finding| finding.kind)
    }

    fn sku_of(&self, variant: i64) -> Option<String> {
        let link = self.links.get(&VariantId(variant))?;
        link.links.values().next().map(ToString::to_string)
    }

    fn all_links(&self) -> Links {
        let one = |link: &VariantLink| {
            link.links.iter().map(|(b, s)| (b.to_string(), s.to_string())).collect()
        };
        self.links.iter().map(|(variant, link)| (variant.get(), one(link))).collect()
    }
}

fn diff<V: Clone + PartialEq>(
    old: &BTreeMap<Near, V>,
    new: &BTreeMap<Near, V>,
) -> Vec<(Near, Option<V>)> {
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let changed = keys.into_iter().filter(|near| old.get(near) != new.get(near));
    changed.map(|near| (near.clone(), new.get(near).cloned())).collect()
}

fn moved<K: Ord + Clone, V: Clone + PartialEq>(
    crowd: crate::catalog::Crowd<K, V>,
    key: &K,
    value: Option<V>,
) -> crate::catalog::Crowd<K, V> {
    type Of<K, V> = crate::catalog::Crowd<K, V>;
    let mut crowd = crowd;
    if crowd.listed.contains_key(key) {
        crowd = apply::<Of<K, V>>(crowd, &CrowdCommand::Leave { key: key.clone() });
    }
    match value {
        Some(value) => apply::<Of<K, V>>(crowd, &CrowdCommand::Join { key: key.clone(), value }),
        None => crowd,
    }
}

#[test]
fn an_equal_sku_that_nobody_else_carries_links() {
    let mut world = World::with(&["A", "B"]);
    world.sync(&[(1, "A", ""), (2, "B", ""), (3, "C", "")]);
    assert_eq!((world.sku_of(1), world.sku_of(2)), (Some("A".to_owned()), Some("B".to_owned())));
    assert_eq!((world.kind(1), world.kind(3)), (None, Some(ConflictKind::Unknown)));
    let (links, findings) = (world.all_links(), world.findings.clone());
    world.sync(&[(3, "C", ""), (1, "A", ""), (2, "B", "")]);
    assert_eq!((world.all_links(), world.findings.clone()), (links, findings));
}

#[test]
fn one_sku_on_two_variants_links_neither_and_closes_when_one_goes() {
    let mut world = World::with(&["A"]);
    world.sync(&[(1, "A", ""), (2, "A", "")]);
    assert!(world.all_links().is_empty());
    assert_eq!(world.kind(1), Some(ConflictKind::Duplicate));
    assert_eq!(world.findings[&VariantId(2)].others, [VariantId(1)]);
    world.sync(&[(1, "A", "")]);
    assert_eq!((world.sku_of(1), world.kind(1)), (Some("A".to_owned()), None));
    assert_eq!(world.kind(2), None, "a variant that is gone is no conflict");
}

#[test]
fn twins_by_case_space_and_zero_are_for_a_person() {
    for twin in ["a-1", " A-1", "A -1", "0A-1"] {
        let mut world = World::with(&["A-1"]);
        world.sync(&[(1, "A-1", ""), (2, twin, "")]);
        assert_eq!(world.kind(1), Some(ConflictKind::Twin), "{twin}");
        assert_eq!(world.kind(2), Some(ConflictKind::Twin), "{twin}");
        let mut alone = World::with(&["A-1"]);
        alone.sync(&[(2, twin, "")]);
        assert_eq!(alone.findings[&VariantId(2)].near, ["wms/A-1"], "{twin}");
        assert!(world.all_links().is_empty() && alone.all_links().is_empty());
    }
    let mut world = World::with(&["A-1", "a-1"]);
    world.sync(&[(1, "A-1", "")]);
    assert_eq!(world.kind(1), Some(ConflictKind::Twin), "the back office has the twins");
}

#[test]
fn a_barcode_links_what_no_sku_did() {
    let mut world = World::with(&["A", "B", "400"]);
    world.product("wms", "A", &["111", "112"]);
    world.product("wms", "B", &["222"]);
    world.sync(&[(1, "", "111"), (2, "X", "222"), (3, "", "400"), (4, "", ""), (5, "", "0222")]);
    assert_eq!(world.sku_of(1), Some("A".to_owned()));
    assert_eq!(world.sku_of(3), Some("400".to_owned()));
    assert_eq!(world.kind(4), Some(ConflictKind::Blank));
    assert_eq!(
        (world.kind(2), world.kind(5)),
        (Some(ConflictKind::Twin), Some(ConflictKind::Twin))
    );
    let history = &world.links[&VariantId(1)].history;
    assert_eq!(history.back().map(|h| h.origin), Some(LinkOrigin::BarcodeMatch));
}

#[test]
fn a_barcode_links_nothing_while_another_carrier_may_hide_in_the_crowd() {
    let mut world = World::with(&["A"]);
    world.product("wms", "A", &["111", "112"]);
    let mut read = vec![(300, "", "111")];
    read.extend((1..=100).map(|variant| (variant, "", "0112")));
    // The hundred before it are listed, and this one is not.
    read.push((200, "", "112"));
    world.sync(&read);
    assert_eq!(world.sku_of(300), None);
    assert_eq!(world.kind(300), Some(ConflictKind::Duplicate));
}

#[test]
fn a_sku_goes_before_a_barcode_whoever_is_read_first() {
    let mut world = World::with(&["A"]);
    world.product("wms", "A", &["111", "112"]);
    world.sync(&[(1, "", "111"), (2, "A", "")]);
    assert_eq!(world.sku_of(2), Some("A".to_owned()));
    assert_eq!(world.kind(1), Some(ConflictKind::Taken));
    let mut two = World::with(&["A"]);
    two.product("wms", "A", &["111", "112"]);
    two.sync(&[(1, "", "111"), (2, "", "112")]);
    assert!(two.all_links().is_empty(), "both could be it");
    assert_eq!(
        (two.kind(1), two.kind(2)),
        (Some(ConflictKind::Duplicate), Some(ConflictKind::Duplicate))
    );
}

#[test]
fn a_link_by_hand_stays_and_its_sku_is_taken() {
    let mut world = World::with(&["A", "B"]);
    world.link(VariantId(1), &candidate("wms", "B"), LinkOrigin::Hand);
    world.sync(&[(1, "A", ""), (2, "B", "")]);
    assert_eq!((world.sku_of(1), world.kind(1)), (Some("B".to_owned()), None));
    assert_eq!(world.kind(2), Some(ConflictKind::Taken));
    world.sync(&[(1, "A9", ""), (2, "B", "")]);
    assert_eq!(world.kind(1), Some(ConflictKind::Changed));
    assert_eq!(world.sku_of(1), Some("B".to_owned()));
    world.sync(&[(1, "A", ""), (2, "B", "")]);
    assert_eq!(world.kind(1), None, "the code is the former one again");
}

#[test]
fn a_linked_variant_whose_code_others_carry_by_now_is_for_a_person() {
    let mut world = World::with(&["A", "B", "C"]);
    world.product("wms", "C", &["4006381333931"]);
    world.link(VariantId(3), &candidate("wms", "B"), LinkOrigin::Hand);
    let shelf = [(1, "A", ""), (2, "", "4006381333931"), (3, "B", "")];
    world.sync(&shelf);
    assert_eq!([1, 2, 3].map(|v| world.kind(v)), [None, None, None]);
    let links = world.all_links();
    let newcomers = [(4, "A", ""), (5, "", "4006381333931"), (6, "b", "")];
    world.sync(&[&shelf[..], &newcomers[..]].concat());
    let doubled = Some(ConflictKind::Duplicate);
    assert_eq!([1, 2].map(|v| world.kind(v)), [doubled, doubled]);
    assert_eq!(world.findings[&VariantId(1)].others, [VariantId(4)]);
    assert_eq!(world.kind(3), None, "whoever linked it by hand knew what it is");
    world.sync(&[&shelf[..], &[(4, "a", "")]].concat());
    assert_eq!(world.kind(1), Some(ConflictKind::Twin));
    world.sync(&shelf);
    assert_eq!([1, 2, 3].map(|v| world.kind(v)), [None, None, None]);
    assert_eq!(world.all_links(), links, "a run changes no link");
}

#[test]
fn what_owners_of_products_make_of_a_code_stops_no_stock() {
    // Both variants carry SKU A on purpose; a person linked each to a SKU of its own.
    let mut world = World::with(&["A1", "A2"]);
    world.office("pim", false);
    world.product("pim", "a", &[]);
    world.link(VariantId(1), &candidate("wms", "A1"), LinkOrigin::Hand);
    world.link(VariantId(2), &candidate("wms", "A2"), LinkOrigin::Hand);
    for _ in 0..2 {
        world.sync(&[(1, "A", ""), (2, "A", "")]);
        assert_eq!(world.kind(1), Some(ConflictKind::Duplicate), "it is listed all the same");
        assert!(world.parked.is_empty());
    }
    world.sync(&[(1, "A9", ""), (2, "A", "")]);
    assert_eq!(world.parked, [VariantId(1)].into(), "its own code is another one");
}

#[test]
fn a_link_of_stock_by_hand_settles_what_owners_of_products_doubt() {
    let mut world = World::with(&["A"]);
    world.office("pim", false);
    world.product("pim", "A", &[]);
    world.sync(&[(1, "A", "")]);
    assert_eq!(world.links[&VariantId(1)].links.len(), 2);
    world.sync(&[(1, "A", ""), (2, "A", "")]);
    assert!(world.parked.contains(&VariantId(1)), "the code that made the link is doubled");
    world.confirm(VariantId(1), "wms");
    world.sync(&[(1, "A", ""), (2, "A", "")]);
    assert_eq!((world.kind(1), world.parked.len()), (None, 0));
}

#[test]
fn a_deleted_product_is_nobodys_candidate_though_it_had_stock() {
    let mut world = World::with(&["A"]);
    world.product("wms", "A", &["111"]);
    world.delete("A");
    world.sync(&[(1, "A", ""), (2, "", "111")]);
    assert_eq!(
        (world.kind(1), world.kind(2)),
        (Some(ConflictKind::Unknown), Some(ConflictKind::Unknown))
    );
}

#[test]
fn two_owners_of_stock_are_ambiguous_and_an_owner_of_products_is_linked_beside() {
    let mut world = World::with(&["A"]);
    world.office("second", true);
    world.stocked.push(candidate("second", "A"));
    world.sync(&[(1, "A", "")]);
    assert_eq!(world.findings[&VariantId(1)].near, ["second/A", "wms/A"]);
    assert_eq!(world.kind(1), Some(ConflictKind::Ambiguous));
    let mut beside = World::with(&["A"]);
    beside.office("erp", false);
    beside.product("erp", "A", &[]);
    beside.sync(&[(1, "A", "")]);
    assert_eq!(beside.links[&VariantId(1)].links.len(), 2);
    assert_eq!(beside.kind(1), None);
}

#[test]
fn a_code_on_very_many_variants_stays_a_duplicate() {
    let mut world = World::with(&["N/A"]);
    let all: Vec<_> = (1..=250).map(|id| (id, "N/A", "")).collect();
    world.sync(&all);
    assert!((1..=250).all(|id| world.kind(id) == Some(ConflictKind::Duplicate)));
    assert!(world.findings[&VariantId(250)].others.len() <= 20);
}

const CODES: [&str; 9] = ["", "A", "a", "0A", "A ", "B", "b ", "7", "007"];

type Variants = Vec<(i64, &'static str, &'static str)>;
type Reports = Vec<(usize, Option<usize>, u8)>;

fn variants() -> impl Strategy<Value = Variants> {
    let one = (0..CODES.len(), 0..CODES.len());
    proptest::collection::vec(one, 1..12).prop_map(|all| {
        let ids = 1_i64..;
        ids.zip(all).map(|(id, (sku, barcode))| (id, CODES[sku], CODES[barcode])).collect()
    })
}

/// SKU, barcode, moment; a report without barcode is a deletion.
fn reports() -> impl Strategy<Value = Reports> {
    let one = (0..3_usize, proptest::option::of(1..CODES.len()), 0..4_u8);
    proptest::collection::vec(one, 0..6)
}

fn tell(world: &mut World, reports: &Reports) {
    for (sku, barcode, moment) in reports {
        let event = format!("e{sku}{barcode:?}{moment}");
        let event: String = event.chars().filter(char::is_ascii_alphanumeric).collect();
        let by = Stamp { at: at(i64::from(*moment)), event: id(&event) };
        let command = match barcode {
            Some(barcode) => {
                let barcodes = Some(vec![CODES[*barcode].to_owned()]);
                ProductCommand::State { by, barcodes, title: None }
            }
            None => ProductCommand::Delete { by },
        };
        world.report(&candidate("wms", ["A", "B", "7"][*sku]), &command);
    }
}

proptest! {
    #[test]
    fn pages_and_reports_in_any_order_give_one_result(
        (pages, other_pages) in variants()
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        (told, other_told) in reports()
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        by_hand in proptest::option::of((1..12_i64, 0..3_usize)),
        again in variants(),
    ) {
        let run = |pages: &Variants, told: &Reports| {
            let mut world = World::with(&["A", "B"]);
            if let Some((variant, sku)) = by_hand {
                let found = candidate("wms", ["A", "B", "7"][sku]);
                world.link(VariantId(variant), &found, LinkOrigin::Hand);
            }
            tell(&mut world, told);
            world.sync(pages);
            world
        };
        let (mut one, other) = (run(&pages, &told), run(&other_pages, &other_told));
        prop_assert_eq!(one.all_links(), other.all_links());
        prop_assert_eq!(&one.findings, &other.findings);

        let mut skus: Vec<_> = one.all_links().into_values().flatten().collect();
        let count = skus.len();
        skus.sort();
        skus.dedup();
        prop_assert_eq!(skus.len(), count, "no SKU is linked twice");

        let before = one.all_links();
        one.sync(&pages);
        prop_assert_eq!(one.all_links(), before.clone(), "a second run changes no link");
        prop_assert_eq!(&one.findings, &other.findings, "and no conflict");

        // Whatever the store becomes, no link that stands is replaced or cut.
        one.sync(&again);
        let after = one.all_links();
        for (variant, links) in &before {
            for (backoffice, sku) in links {
                prop_assert_eq!(after[variant].get(backoffice), Some(sku));
            }
        }
    }
}

#[test]
fn what_hides_behind_an_overfull_index_is_no_match() {
    let mut world = World::with(&["z"]);
    let near = Near::of("z").expect("a near form");
    let mut crowd = Offers::default();
    for n in 0..=crate::catalog::crowd::LISTED_MAX {
        let key: Sku = id(&format!("{}Z", "0".repeat(n + 1)));
        crowd = moved(crowd, &key, Some(Coded { is_sku: true, ..Coded::default() }));
    }
    world.offers.insert((id("wms"), near), crowd);
    world.sync(&[(1, "z", "")]);
    assert_eq!(world.kind(1), Some(ConflictKind::Twin));
}
