//! One sample of every stored event of the catalogue, and states that use every field.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::catalog::{
    Bound, Bulk, Candidate, Carried, Carriers, CatalogRulesEvent, Coded, Conflict, ConflictEvent,
    ConflictKind, CrowdEvent, Finding, Forecast, Job, JobEvent, Listing, ListingEvent, Offers,
    Office, Product, ProductEvent, Progress, Seen, Stage, Stamp, Standing, StoreSync,
    StoreSyncEvent, Tally,
};
use lockstep_domain::{BulkOperationId, Decider, InventoryItemId, Sku, VariantId};

use super::{at, id};

pub fn job_events() -> Vec<JobEvent> {
    let by = || "ana".to_owned();
    let conflicts = BTreeMap::from([(ConflictKind::Twin, 2)]);
    let tally = || Tally { read: 250, gone: 1, conflicts: conflicts.clone(), ..Tally::default() };
    let forecast = Some(Forecast { items: 600, calls: 4, points: 115, seconds: 4 });
    let above = Some(VariantId(9));
    let next = Stage::Read { above, after: Some("cursor".to_owned()), pages: 1 };
    let reason = || "no points".to_owned();
    let after = || "north/00000000000000000009".to_owned();
    let operation = BulkOperationId(77);
    let progress = Progress {
        at: 4_096,
        size: Some(9_000),
        lines: 250,
        objects: Some(600),
        last: above,
        part: true,
        stuck: 1,
        since: None,
    };
    let since = Some(at(1));
    let waits = |refused| {
        let (attempt, looks, objects) = (2, 3, 9);
        Bulk::Wait { attempt, operation, since: at(1), looks, objects, refused }.stage()
    };
    let dated = Progress { since, ..progress.clone() };
    let step = |next| JobEvent::JobAdvanced { forecast: None, next, tally: Tally::default() };
    covers!(
        vec![
            JobEvent::JobStarted { store: id("north"), run: 3, requested_by: by(), at: at(0) },
            JobEvent::JobAdvanced { forecast, next, tally: tally() },
            step(Stage::Sweep { after: after() }),
            step(Stage::BySku { after: after() }),
            step(Stage::ByBarcode { after: after() }),
            step(Bulk::Ask { attempt: 1, busy: 2 }.stage()),
            step(Bulk::Find { attempt: 1, absent: 1, since: None }.stage()),
            step(waits(0)),
            step(Bulk::Read { attempt: 2, operation, progress }.stage()),
            step(Bulk::Prove { lines: 250, last: VariantId(9), since: None }.stage()),
            JobEvent::JobWaits { reason: reason() },
            JobEvent::JobPaused { requested_by: by() },
            JobEvent::JobResumed { requested_by: by() },
            JobEvent::JobCancelled { requested_by: by(), at: at(1) },
            JobEvent::JobFailed { reason: reason(), at: at(1) },
            JobEvent::JobDone { tally: tally(), at: at(1) },
            step(Bulk::Find { attempt: 1, absent: 1, since }.stage()),
            step(waits(1)),
            step(Bulk::Read { attempt: 2, operation, progress: dated }.stage()),
            step(Bulk::Prove { lines: 250, last: VariantId(9), since }.stage()),
        ];
        JobEvent::JobStarted { .. },
        JobEvent::JobAdvanced { .. },
        JobEvent::JobWaits { .. },
        JobEvent::JobPaused { .. },
        JobEvent::JobResumed { .. },
        JobEvent::JobCancelled { .. },
        JobEvent::JobFailed { .. },
        JobEvent::JobDone { .. },
    )
}

pub fn job_state() -> Job {
    Job::evolve_all(Job::default(), job_events().iter().take(16))
}

pub fn store_sync_events() -> Vec<StoreSyncEvent> {
    covers!(
        vec![
            StoreSyncEvent::SyncBegun { job: id("j1") },
            StoreSyncEvent::SyncEnded { job: id("j1") },
        ];
        StoreSyncEvent::SyncBegun { .. },
        StoreSyncEvent::SyncEnded { .. },
    )
}

pub fn store_sync_state() -> StoreSync {
    StoreSync::evolve_all(StoreSync::default(), store_sync_events().iter().take(1))
}

pub fn catalog_rules_events() -> Vec<CatalogRulesEvent> {
    let offices = vec![Office { id: id("wms"), owns_stock: true }];
    covers!(
        vec![CatalogRulesEvent::RulesAdopted { revision: 4, offices }];
        CatalogRulesEvent::RulesAdopted { .. },
    )
}

pub fn listing_events() -> Vec<ListingEvent> {
    let seen = Seen {
        item: InventoryItemId(7),
        title: "Lamp / Red".to_owned(),
        sku: "A1".to_owned(),
        barcode: "0400".to_owned(),
        by_sku: vec![Candidate { backoffice: id("wms"), sku: id("A1") }],
        by_barcode: Vec::new(),
    };
    let barcode = Some("0400".to_owned());
    let bound = Bound { revision: 1, sku: "A1".to_owned(), barcode };
    covers!(
        vec![
            ListingEvent::VariantSeen { run: 3, seen },
            ListingEvent::VariantBound { bound },
            ListingEvent::VariantSeenAgain { run: 4 },
            ListingEvent::VariantMissed { run: 5 },
        ];
        ListingEvent::VariantSeen { .. },
        ListingEvent::VariantBound { .. },
        ListingEvent::VariantSeenAgain { .. },
        ListingEvent::VariantMissed { .. },
    )
}

pub fn listing_state() -> Listing {
    Listing::evolve_all(Listing::default(), listing_events().iter().take(3))
}

pub fn carriers_events() -> Vec<CrowdEvent<VariantId, Carried>> {
    let value = Carried { sku: Some("A1".to_owned()), barcode: None };
    covers!(
        vec![
            CrowdEvent::Joined { key: VariantId(9), value },
            CrowdEvent::Left { key: VariantId(9) },
        ];
        CrowdEvent::Joined { .. },
        CrowdEvent::Left { .. },
    )
}

pub fn carriers_state() -> Carriers {
    Carriers::evolve_all(Carriers::default(), carriers_events().iter().take(1))
}

pub fn offers_events() -> Vec<CrowdEvent<Sku, Coded>> {
    let barcodes = BTreeSet::from(["0400".to_owned()]);
    let value = Coded { is_sku: true, is_deleted: false, barcodes };
    vec![CrowdEvent::Joined { key: id("A1"), value }, CrowdEvent::Left { key: id("A1") }]
}

pub fn offers_state() -> Offers {
    Offers::evolve_all(Offers::default(), offers_events().iter().take(1))
}

pub fn conflict_events() -> Vec<ConflictEvent> {
    let near = ["wms/A1".to_owned()];
    let standing = Standing {
        item: InventoryItemId(7),
        title: "Lamp".to_owned(),
        sku: "a1".to_owned(),
        barcode: String::new(),
        finding: Finding::new(ConflictKind::Twin, [VariantId(9)], near),
    };
    covers!(
        vec![
            ConflictEvent::ConflictOpened { standing, at: at(2) },
            ConflictEvent::ConflictClosed,
            ConflictEvent::ConflictTold { parked: true },
        ];
        ConflictEvent::ConflictOpened { .. },
        ConflictEvent::ConflictClosed,
        ConflictEvent::ConflictTold { .. },
    )
}

pub fn conflict_state() -> Conflict {
    Conflict::evolve_all(Conflict::default(), conflict_events().iter().take(1))
}

pub fn product_events() -> Vec<ProductEvent> {
    let by = |seconds, event| Stamp { at: at(seconds), event: id(event) };
    let (barcodes, title) = (Some(vec!["0400".to_owned()]), Some("Lamp".to_owned()));
    covers!(
        vec![
            ProductEvent::ProductStated { by: by(1, "e1"), barcodes, title },
            ProductEvent::ProductDeleted { by: by(2, "e2") },
        ];
        ProductEvent::ProductStated { .. },
        ProductEvent::ProductDeleted { .. },
    )
}

pub fn product_state() -> Product {
    Product::evolve_all(Product::default(), product_events().iter())
}
