//! Repeats within a group, across groups, and against what was taken before.

use std::collections::HashMap;

use lockstep_contracts::Partition;
use lockstep_contracts::backoffice::v1::StockCount;
use lockstep_domain::ids::EventId;
use proptest::prelude::*;

use super::*;
use crate::translate::Content;

fn report(id: &str, content: u8) -> Report {
    Report {
        event_id: EventId::try_new(id).expect("an id"),
        about: "sku/wms/A".to_owned(),
        partition: Partition::of("A"),
        content: Content::Count(StockCount::default()),
        digest: [content; 32],
    }
}

fn fates(reports: &[(&str, u8)], known: &[(&str, u8)]) -> Vec<Fate> {
    let reports: Vec<Report> = reports.iter().map(|(id, c)| report(id, *c)).collect();
    let group = Group::of("wms", reports.iter());
    let seen: Vec<Option<Vec<u8>>> = group
        .inbox_ids()
        .iter()
        .map(|(id, _)| {
            let found = known.iter().find(|(known, _)| message_id("wms", known) == *id);
            found.map(|(_, content)| vec![*content; 32])
        })
        .collect();
    group.fates(&seen).map(|judged| judged.fate).collect()
}

#[test]
fn each_id_is_new_once() {
    use Fate::{Accepted, Conflict, Duplicate};
    let arrived = [("b", 1), ("a", 1), ("b", 1), ("b", 2), ("a", 1)];
    assert_eq!(fates(&arrived, &[]), [Accepted, Accepted, Duplicate, Conflict, Duplicate]);
}

#[test]
fn a_known_id_is_judged_by_what_was_taken_before() {
    use Fate::{Conflict, Duplicate};
    // The first of the group contradicts what is known; the second repeats it.
    assert_eq!(fates(&[("a", 2), ("a", 1)], &[("a", 1)]), [Conflict, Duplicate]);
}

#[test]
fn ids_are_locked_in_one_order() {
    let reports = [report("c", 1), report("a", 1), report("b", 1), report("a", 1)];
    let ids: Vec<String> =
        Group::of("wms", reports.iter()).inbox_ids().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["wms:a", "wms:b", "wms:c"]);
}

/// The rule without groups: the first content of an id is what counts.
fn one_by_one(reports: &[(u8, u8)]) -> Vec<Fate> {
    let mut known: HashMap<u8, u8> = HashMap::new();
    let judge = |(id, content): &(u8, u8)| match known.get(id) {
        None => {
            known.insert(*id, *content);
            Fate::Accepted
        }
        Some(first) if first == content => Fate::Duplicate,
        Some(_) => Fate::Conflict,
    };
    reports.iter().map(judge).collect()
}

/// The same through groups of the given size, with an inbox between them.
fn in_groups(reports: &[(u8, u8)], size: usize) -> Vec<Fate> {
    let mut inbox: HashMap<String, Vec<u8>> = HashMap::new();
    let mut all = Vec::new();
    for chunk in reports.chunks(size) {
        let chunk: Vec<Report> =
            chunk.iter().map(|(id, content)| report(&id.to_string(), *content)).collect();
        let group = Group::of("wms", chunk.iter());
        let mut seen = Vec::new();
        for (id, digest) in group.inbox_ids() {
            seen.push(inbox.get(&id).cloned());
            inbox.entry(id).or_insert(digest);
        }
        all.extend(group.fates(&seen).map(|judged| judged.fate));
    }
    all
}

proptest! {
    #[test]
    fn grouping_changes_no_fate(
        reports in prop::collection::vec((0_u8..6, 0_u8..3), 0..60),
        size in 1_usize..20,
    ) {
        prop_assert_eq!(in_groups(&reports, size), one_by_one(&reports));
    }
}
