//! Pause, resume, cancel, waits, faults, and a process that dies.

use jiff::SignedDuration;
use lockstep_contracts::operations::v1::{JobAction, JobState, ListJobsRequest};
use lockstep_contracts::settings::v1::BackOfficeRole;
use lockstep_ports::AdminErrorKind;
use lockstep_product_sync::jobs::list_jobs;

use crate::world::{World, count};

async fn six() -> World {
    let world = World::start(2, &["A1", "A2", "A3", "A4", "A5", "A6"]).await;
    for id in 1..=6 {
        world.shopify.put(id, &format!("A{id}"), "");
    }
    world
}

#[tokio::test]
async fn a_paused_run_stops_and_goes_on_from_there() {
    let world = six().await;
    let id = world.begin().await;
    assert!(world.turn().await, "the count");
    assert!(world.turn().await, "the first page");
    assert_eq!(world.control(&id, JobAction::Pause).await.refusal, "");
    while world.turn().await {}
    let job = world.job(&id).await;
    assert_eq!((job.state(), job.done), (JobState::Paused, 2));
    let again = world.ask_for_sync("north").await;
    assert!(again.already_running && again.job.is_some_and(|job| job.id == id));
    world.control(&id, JobAction::Resume).await;
    while world.turn().await {}
    let job = world.job(&id).await;
    assert_eq!((job.state(), job.done), (JobState::Done, 6));
    assert_eq!(world.shopify.calls("VariantsPage"), 3, "no page is read twice");
    assert_eq!(count(&job, "linked_by_sku"), 6);
    assert!(job.ended_at.is_some());
}

#[tokio::test]
async fn a_cancelled_run_ends_and_another_may_begin() {
    let world = six().await;
    let id = world.begin().await;
    world.turn().await;
    world.turn().await;
    world.control(&id, JobAction::Cancel).await;
    while world.turn().await {}
    assert_eq!(world.job(&id).await.state(), JobState::Cancelled);
    assert!(world.links().await.is_empty());
    let late = world.control(&id, JobAction::Resume).await;
    assert!(!late.refusal.is_empty() && late.job.is_some());
    let job = world.sync().await;
    assert_eq!(count(&job, "linked_by_sku"), 6);
    let request = ListJobsRequest { store: "north".to_owned(), limit: 10 };
    let jobs = list_jobs(&world.engine, &request).await.expect("jobs").jobs;
    assert_eq!(jobs.iter().map(|job| &job.id).collect::<Vec<_>>(), [&job.id, &id]);
}

#[tokio::test]
async fn a_run_survives_a_process_that_dies_at_any_step() {
    let world = six().await;
    let id = world.begin().await;
    for step in 0..20 {
        world.die_before_the_call().await;
        assert!(!world.turn().await, "step {step}: its lease still holds");
        world.clock.advance(SignedDuration::from_secs(31));
        world.turn().await;
        if world.job(&id).await.state() == JobState::Done {
            break;
        }
        // What the turn went on with is concluded, too; so each round is a later step.
    }
    let job = world.job(&id).await;
    assert_eq!((job.state(), job.done), (JobState::Done, 6));
    assert_eq!(world.links().await.len(), 6);
    assert!(world.differences().await.is_empty());
}

#[tokio::test]
async fn a_run_waits_for_points_and_for_stock_sync() {
    let world = World::bare(2, &["A"]).await;
    world.adopt(1, &[("wms", BackOfficeRole::Stock)]).await;
    world.shopify.put(1, "A", "");
    let id = world.begin().await;
    world.shopify.throttle(7);
    while world.turn().await {}
    let job = world.job(&id).await;
    assert_eq!(job.state(), JobState::Running);
    assert!(job.message.contains("as the test wishes"), "{}", job.message);
    world.clock.advance(SignedDuration::from_secs(8));
    while world.turn().await {}
    let job = world.job(&id).await;
    assert!(job.message.contains("stock-sync is away"), "{}", job.message);
    assert_eq!((job.state(), job.done), (JobState::Running, 0));
    world.answer_stock().await;
    world.clock.advance(SignedDuration::from_secs(3));
    while world.turn().await {}
    assert_eq!(world.job(&id).await.state(), JobState::Done);
    assert_eq!(world.links().await.len(), 1);
}

#[tokio::test]
async fn who_hurries_a_run_does_not_shorten_the_wait_for_points() {
    let world = six().await;
    let id = world.begin().await;
    world.die_before_the_call().await;
    world.control(&id, JobAction::Pause).await;
    world.control(&id, JobAction::Resume).await;
    // The step is in the air.
    while world.turn().await {}
    assert_eq!(world.shopify.calls("VariantsCount"), 0);
    world.clock.advance(SignedDuration::from_secs(31));
    world.shopify.throttle(7);
    while world.turn().await {}
    assert_eq!(world.shopify.calls("VariantsCount"), 1, "the bucket is empty");
    world.clock.advance(SignedDuration::from_secs(8));
    while world.turn().await {}
    assert_eq!(world.job(&id).await.state(), JobState::Done);
}

#[tokio::test]
async fn what_no_repetition_cures_ends_the_run_and_changes_nothing() {
    let world = six().await;
    let id = world.begin().await;
    world.turn().await;
    world.shopify.fault(AdminErrorKind::Permanent);
    while world.turn().await {}
    let job = world.job(&id).await;
    assert_eq!(job.state(), JobState::Failed);
    assert!(job.message.contains("as the test wishes"), "{}", job.message);
    assert!(world.links().await.is_empty() && world.kinds().await.is_empty());
    assert_eq!(world.sync().await.done, 6, "another run may begin");
}

#[tokio::test]
async fn a_store_without_back_office_or_unknown_is_refused_in_words() {
    let world = World::bare(2, &[]).await;
    world.adopt(1, &[("wms", BackOfficeRole::Orders)]).await;
    let refused = world.ask_for_sync("north").await;
    assert_eq!((refused.code.as_str(), refused.job), ("NO_BACKOFFICE", None));
    let unknown = world.ask_for_sync("south").await;
    assert_eq!(unknown.code, "UNKNOWN_STORE");
    assert!(!unknown.message.is_empty() && !unknown.fix.is_empty());
}
