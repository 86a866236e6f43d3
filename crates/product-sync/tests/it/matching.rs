//! What a run links, and what it lists for a person.

use lockstep_contracts::catalog::v1::{ConflictKind, LinkOrigin, LinkOutcome};
use lockstep_contracts::settings::v1::BackOfficeRole;

use crate::world::{World, count};

/// Two per page, so that every pair of variants stands on two pages somewhere.
async fn shelf() -> World {
    let world = World::start(2, &["A", "B", "C", "TWIN", "GONE", "900"]).await;
    world.product("B", &["4006381333931"], 1).await;
    world.product("GONE", &[], 1).await;
    world.deletion("GONE", 2).await;
    for (id, sku, barcode) in [
        (1, "A", ""),
        (2, "DOUBLE", ""),
        (3, "", "4006381333931"),
        (4, "", ""),
        (5, "DOUBLE", ""),
        (6, "twin", ""),
        (7, "0900", ""),
        (8, "NOBODY", ""),
        (9, "C", ""),
        (10, "GONE", ""),
        (11, "X Y", ""),
        (12, "XY", ""),
    ] {
        world.shopify.put(id, sku, barcode);
    }
    world
}

#[tokio::test]
async fn a_run_links_by_sku_then_by_barcode_and_lists_the_rest() {
    let world = shelf().await;
    world.link(9, "900").await;
    let job = world.sync().await;
    let links = world.links().await;
    assert_eq!(links[&1], ("A".to_owned(), LinkOrigin::Sku));
    assert_eq!(links[&3], ("B".to_owned(), LinkOrigin::Barcode));
    assert_eq!(links[&9], ("900".to_owned(), LinkOrigin::Hand));
    assert_eq!(links.len(), 3);
    let kinds: Vec<_> = world.kinds().await.into_iter().collect();
    assert_eq!(
        kinds,
        [
            (2, ConflictKind::Duplicate),
            (4, ConflictKind::Blank),
            (5, ConflictKind::Duplicate),
            (6, ConflictKind::Twin),
            (7, ConflictKind::Twin),
            (8, ConflictKind::Unknown),
            (10, ConflictKind::Unknown),
            (11, ConflictKind::Twin),
            (12, ConflictKind::Twin),
        ]
    );
    let conflicts = world.conflicts().await;
    assert_eq!(conflicts[&2].other_variant_ids, [5]);
    assert_eq!(conflicts[&6].near, ["wms/TWIN"]);
    assert_eq!(conflicts[&7].near, ["wms/900"]);
    assert_eq!(conflicts[&2].title, "Thing 2");
    assert!(conflicts.values().all(|c| !c.message.is_empty() && !c.fix.is_empty()));
    let forecast = job.forecast.expect("a forecast");
    assert_eq!((forecast.items, forecast.calls, forecast.points), (12, 2, 45));
    assert_eq!(job.done, 12);
    assert_eq!(count(&job, "linked_by_sku"), 1);
    assert_eq!(count(&job, "linked_by_barcode"), 1);
    assert_eq!(count(&job, "linked_before"), 1);
    assert_eq!((count(&job, "conflicts"), count(&job, "conflicts_twin")), (9, 4));
    assert!(world.differences().await.is_empty());
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let world = shelf().await;
    world.sync().await;
    let (position, links, conflicts) =
        (world.position().await, world.links().await, world.conflicts().await);
    let job = world.sync().await;
    assert_eq!((world.links().await, world.conflicts().await), (links, conflicts));
    let kinds = world.kinds_after(position).await;
    let is_own = |kind: &String| {
        let kind = kind.as_str();
        kind.starts_with("job_") || kind.starts_with("sync_") || kind == "variant_seen_again"
    };
    assert!(kinds.iter().all(is_own), "{kinds:?}");
    assert_eq!((count(&job, "linked_before"), count(&job, "conflicts_closed")), (3, 0));
}

#[tokio::test]
async fn conflicts_close_when_they_no_longer_hold() {
    let world = shelf().await;
    world.sync().await;
    world.shopify.delete(5);
    world.shopify.put(2, "C", "");
    world.shopify.put(9, "", "");
    world.link(6, "TWIN").await;
    assert!(!world.kinds().await.contains_key(&6), "a person has decided");
    let job = world.sync().await;
    let kinds = world.kinds().await;
    assert!(!kinds.contains_key(&5) && !kinds.contains_key(&6));
    assert_eq!(kinds[&9], ConflictKind::Changed, "its link stays, and its code is another one");
    assert_eq!(world.links().await[&9].0, "C");
    assert_eq!(kinds[&2], ConflictKind::Taken);
    assert_eq!((count(&job, "gone"), count(&job, "conflicts_closed")), (1, 1));
    assert!(world.differences().await.is_empty());
}

#[tokio::test]
async fn codes_in_doubt_of_a_linked_variant_are_told_until_they_are_decided() {
    let world = World::start(250, &["A", "B", "C"]).await;
    for (id, sku) in [(1, "A"), (2, "B"), (3, "C"), (4, "NOBODY")] {
        world.shopify.put(id, sku, "");
    }
    world.sync().await;
    assert!(world.told().await.is_empty(), "nothing is linked to what is in conflict");
    world.shopify.put(1, "OTHER", "");
    world.shopify.put(2, "", "");
    world.shopify.put(5, "C", "");
    world.sync().await;
    let (changed, duplicate) = (ConflictKind::Changed, ConflictKind::Duplicate);
    assert_eq!(world.told().await, [(1, changed, 2), (2, changed, 2), (3, duplicate, 2)]);
    assert!(world.conflicts().await[&2].message.contains("no code any more"));
    let links = world.links().await;
    world.link(1, "A").await;
    world.link(3, "C").await;
    world.shopify.put(2, "B", "");
    world.sync().await;
    let none = ConflictKind::Unspecified;
    let told = world.told().await;
    assert_eq!(told[3..], [(1, none, 3), (3, none, 3), (2, none, 3)]);
    assert_eq!(world.links().await[&3], ("C".to_owned(), LinkOrigin::Hand), "a person decided");
    assert_eq!(world.links().await.len(), links.len(), "and no link was cut for it");
    world.sync().await;
    assert_eq!(world.told().await.len(), 6, "what was decided is not asked again");
    assert!(world.differences().await.is_empty());
}

#[tokio::test]
async fn a_file_that_repeats_a_link_decides_no_conflict() {
    let world = World::start(250, &["A"]).await;
    world.shopify.put(1, "A", "");
    world.sync().await;
    world.shopify.put(1, "OTHER", "");
    world.sync().await;
    assert_eq!(world.kinds().await[&1], ConflictKind::Changed);
    let repeated = world.wish(1, "A", LinkOrigin::Csv).await;
    assert_eq!(repeated, LinkOutcome::Unchanged);
    assert_eq!(world.kinds().await[&1], ConflictKind::Changed, "nobody has decided");
    world.link(1, "A").await;
    assert!(world.kinds().await.is_empty());
}

#[tokio::test]
async fn of_two_owners_of_stock_the_one_that_knows_the_code_is_linked() {
    let world = World::start(250, &["A"]).await;
    world.adopt(2, &[("wms", BackOfficeRole::Stock), ("erp", BackOfficeRole::Stock)]).await;
    world.shopify.put(1, "A", "");
    world.sync().await;
    assert!(world.kinds().await.is_empty(), "only one of them knows it");
    assert_eq!(world.links().await[&1].0, "A");
}
