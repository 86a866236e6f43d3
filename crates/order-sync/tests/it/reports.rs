//! What back offices answer.

use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::{ReleaseOutcome, VerdictOutcome};
use lockstep_contracts::operations::v1::Severity;
use lockstep_contracts::orders::v1::OrderReleased;
use lockstep_order_sync::service::OrderProcessor;
use lockstep_runtime::Processor as _;

use crate::shop::{ORDER, Shop};
use crate::world::{BEGIN, World, accepted, rejected, released};

async fn told() -> World {
    let world = World::start().await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    world
}

/// (accepted, released) over all shares, as everybody was last told.
async fn booked(world: &World) -> (i64, i64) {
    let lines = world.lines().await;
    let last = lines.last().expect("told");
    let shares = || last.lines.iter().flat_map(|line| &line.shares);
    (shares().map(|s| s.accepted).sum(), shares().map(|s| s.released).sum())
}

#[tokio::test]
async fn an_acceptance_is_booked_told_and_judged_once() {
    let world = told().await;
    let report = accepted("a1", &[(1, 2)]);
    world.take(&report).await;
    assert_eq!(booked(&world).await, (2, 0));
    let verdicts = world.verdicts().await;
    assert_eq!((verdicts.len(), verdicts[0].outcome()), (1, VerdictOutcome::Done));
    assert_eq!((verdicts[0].event_id.as_str(), verdicts[0].report.as_str()), ("a1", "accept"));
    world.take(&report).await;
    assert_eq!((world.verdicts().await.len(), booked(&world).await), (1, (2, 0)));
    world.accept("a2", &[(1, 4)]).await;
    let verdicts = world.verdicts().await;
    assert_eq!(verdicts[1].outcome(), VerdictOutcome::Refused);
    assert_eq!(verdicts[1].code, "ERROR_CODE_QUANTITY_TOO_LARGE");
    assert_eq!(verdicts[1].field, "lines[0].quantity");
    assert!(!verdicts[1].fix.is_empty());
}

#[tokio::test]
async fn a_report_before_its_order_waits_and_shopify_is_asked() {
    let world = World::start().await;
    world.accept("a1", &[]).await;
    let verdicts = world.verdicts().await;
    assert_eq!(verdicts[0].outcome(), VerdictOutcome::Parked);
    assert_eq!(verdicts[0].code, "ERROR_CODE_UNKNOWN_ORDER");
    assert_eq!(world.view(ORDER).await.waiting.len(), 1);
    // No webhook ever comes: the order is found all the same.
    world.pass(SignedDuration::from_mins(1)).await;
    world.shopify.show(&Shop::routed());
    world.pass(SignedDuration::from_mins(3)).await;
    let verdicts = world.verdicts().await;
    assert_eq!(verdicts.last().expect("a verdict").outcome(), VerdictOutcome::Done);
    assert_eq!(booked(&world).await, (5, 0));
    assert!(world.view(ORDER).await.waiting.is_empty());
}

#[tokio::test]
async fn a_report_that_waits_for_long_is_told_to_a_person_and_still_kept() {
    let world = World::start().await;
    world.accept("a1", &[]).await;
    world.pass(SignedDuration::from_hours(3)).await;
    assert_eq!(world.order(ORDER).await.waiting.len(), 1);
    world.happens(&Shop::routed()).await;
    world.settle().await;
    assert_eq!(booked(&world).await, (5, 0));
}

#[tokio::test]
async fn a_rejection_gives_back_and_a_release_asks_for_fulfillment() {
    let world = told().await;
    world.accept("a1", &[]).await;
    world.take(&rejected("r1")).await;
    assert_eq!(booked(&world).await, (0, 0));
    assert_eq!(world.view(ORDER).await.answers[0].answer, "rejected");
    world.accept("a2", &[]).await;
    world.take(&released("x1", ReleaseOutcome::Fulfill)).await;
    assert_eq!(booked(&world).await, (0, 5));
    let mut told: Vec<OrderReleased> = world.said().await;
    told.sort_by(|a, b| a.warehouse.cmp(&b.warehouse));
    let units: Vec<_> = told
        .iter()
        .map(|r| (r.warehouse.as_str(), r.lines[0].line_id, r.lines[0].quantity))
        .collect();
    assert_eq!(units, [("wms/MAIN", 1, 3), ("wms/SIDE", 2, 2)]);
}

#[tokio::test]
async fn a_report_that_cannot_be_read_is_a_dead_letter() {
    let world = told().await;
    let mut report = accepted("a1", &[(1, 2)]);
    report.acceptance.as_mut().expect("an acceptance").lines[0].quantity = "2.5".to_owned();
    assert_eq!(world.take(&report).await, 1);
    assert_eq!(booked(&world).await, (0, 0));
}

#[tokio::test]
async fn the_doctor_names_reports_that_wait_by_cause_with_what_to_do() {
    let world = World::start().await;
    world.accept("a1", &[]).await;
    let well = OrderProcessor.examine(&world.engine).await.expect("findings");
    assert_eq!((well.len(), well[0].severity()), (1, Severity::Ok), "it has fifteen minutes");
    world.pass(SignedDuration::from_mins(20)).await;
    let found = OrderProcessor.examine(&world.engine).await.expect("findings");
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.severity(), found.subject.as_str()), (Severity::Warning, "parked reports"));
    let begins = format!(
        "1 report waits for an order that the store does not show, the oldest since {BEGIN}"
    );
    assert!(found.message.starts_with(&begins), "{found:?}");
    assert!(found.message.ends_with("accept a1 of wms about north:1001"), "{found:?}");
    assert!(found.fix.contains("order_key"), "{found:?}");
}

#[tokio::test]
async fn an_order_that_is_shown_names_its_lines() {
    let world = told().await;
    let view = world.view(ORDER).await;
    let names: Vec<_> = view.names.iter().map(|name| (name.line_id, name.sku.as_str())).collect();
    assert_eq!(names[0], (1, "S1"));
    assert!(view.names.iter().all(|name| !name.title.is_empty()));
}
