//! The catalogue by a file that Shopify writes: the same as by pages, whatever breaks.

use lockstep_contracts::operations::v1::{JobAction, JobState};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_testkit::Logs;
use serde_json::json;

use crate::real::{Real, VARIANTS};
use crate::world::count;

fn finished(id: &str) -> WebhookReceived {
    let body = json!({"admin_graphql_api_id": id, "type": "query", "status": "completed"});
    WebhookReceived {
        store: "north".to_owned(),
        topic: "bulk_operations/finish".to_owned(),
        body: body.to_string().into_bytes().into(),
        ..WebhookReceived::default()
    }
}

/// A file is being read, and a piece of it was.
async fn half_read(real: &Real) -> String {
    let id = real.world.begin().await;
    real.until(&id, "(250 lines)").await;
    id
}

#[tokio::test]
async fn both_ways_give_the_same_links_and_conflicts() {
    let (pages, files) = (Real::start(u64::MAX).await, Real::files().await);
    let (mut jobs, mut seen) = (Vec::new(), Vec::new());
    for real in [&pages, &files] {
        let id = real.world.begin().await;
        jobs.push(real.finish(&id).await);
        seen.push((real.world.links().await, real.world.kinds().await));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(jobs[0].result, jobs[1].result);
    assert_eq!((jobs[0].done, jobs[1].done), (VARIANTS as u64, VARIANTS as u64));
    assert!(count(&jobs[1], "linked_by_sku") > 500, "{:?}", jobs[1].result);
    assert_eq!(count(&jobs[1], "linked_by_barcode"), 1);
    assert!(seen[1].0.keys().all(|id| *id > 9_007_199_254_740_992));
    let points = |n: usize| jobs[n].forecast.as_ref().expect("a forecast").points;
    assert!(points(1) < points(0), "{} {}", points(1), points(0));
    assert_eq!((pages.asked("productVariants"), files.asked("productVariants")), (3, 0));
    assert_eq!(files.operations().await.len(), 1);
    assert_eq!(files.fetched(), 3);
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_found_again_and_not_doubled() {
    let real = Real::files().await;
    let id = real.world.begin().await;
    real.until(&id, "asking Shopify").await;
    real.world.die_after_the_call().await;
    real.pass(31);
    real.world.turn().await;
    assert!(real.world.job(&id).await.message.contains("looking whether"));
    real.finish(&id).await;
    assert_eq!(real.operations().await.len(), 1);
}

#[tokio::test]
async fn a_request_that_never_arrived_is_sent_again_after_two_looks() {
    let real = Real::files().await;
    let id = real.world.begin().await;
    real.until(&id, "asking Shopify").await;
    real.shop
        .fault(json!({"fault": "api_reset_before", "root": "bulkOperationRunQuery"}))
        .expect("a fault");
    let job = real.finish(&id).await;
    assert_eq!((job.done, real.operations().await.len()), (VARIANTS as u64, 1));
    assert_eq!(real.asked("bulkOperations") - 1, 2, "one more was the test's own");
}

#[tokio::test]
async fn a_file_whose_address_is_null_is_asked_for_anew() {
    let real = Real::files().await;
    let id = real.world.begin().await;
    real.until(&id, "waiting for").await;
    real.pass(60);
    real.shop.fault(json!({"fault": "api_nulls", "root": "bulkOperation"})).expect("a fault");
    let job = real.finish(&id).await;
    assert_eq!((job.done, real.asked("productVariants")), (VARIANTS as u64, 0));
    assert_eq!(real.operations().await.len(), 2);
}

#[tokio::test]
async fn a_process_that_dies_in_the_middle_of_the_file_goes_on_at_the_piece() {
    let real = Real::files().await;
    let id = half_read(&real).await;
    real.world.die_after_the_call().await;
    real.pass(31);
    let job = real.finish(&id).await;
    assert_eq!((job.done, real.operations().await.len()), (VARIANTS as u64, 1));
    assert_eq!(real.fetched(), 4, "the piece in the air came twice, and no other one");
}

#[tokio::test]
async fn a_file_that_expires_while_it_is_read_is_asked_for_anew() {
    let real = Real::files().await;
    let id = half_read(&real).await;
    real.shop.act("expire_bulk_files", json!({})).expect("expired");
    let job = real.finish(&id).await;
    assert_eq!(job.done, VARIANTS as u64, "what was read twice counts once");
    let states: Vec<_> = real.operations().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["EXPIRED", "COMPLETED"]);
}

#[tokio::test]
async fn half_a_line_a_reset_and_a_refusal_cost_time_and_no_variant() {
    for fault in ["bulk_file_cut", "bulk_file_reset", "bulk_file_500"] {
        let real = Real::files().await;
        let id = real.world.begin().await;
        real.shop.fault(json!({"fault": fault, "count": 2})).expect("a fault");
        let job = real.finish(&id).await;
        assert_eq!((job.done, count(&job, "gone")), (VARIANTS as u64, 0), "{fault}");
        assert_eq!(real.operations().await.len(), 1, "{fault}");
        assert_eq!(real.asked("productVariants"), 0, "{fault}");
    }
}

#[tokio::test]
async fn a_part_is_used_and_the_rest_comes_by_pages() {
    let real = Real::files().await;
    real.shop.fault(json!({"fault": "bulk_fails"})).expect("a fault");
    let id = real.world.begin().await;
    let job = real.finish(&id).await;
    assert_eq!(job.done, VARIANTS as u64);
    assert_eq!(real.asked("productVariants"), 2, "half of the variants, by pages of 250");
    assert_eq!(real.asked("productVariantsCount"), 2, "the part is proven whole by its number");
    assert_eq!(real.operations().await.len(), 1);
}

#[tokio::test]
async fn what_is_never_written_is_stopped_and_read_by_pages() {
    let real = Real::files().await;
    real.shop.fault(json!({"fault": "bulk_hangs"})).expect("a fault");
    let id = real.world.begin().await;
    real.until(&id, "waiting for").await;
    real.pass(6 * 3600);
    let job = real.finish(&id).await;
    assert_eq!(job.done, VARIANTS as u64);
    assert_eq!(real.asked("productVariants"), 3);
    assert_eq!(real.operations().await[0].1, "CANCELED");
}

#[tokio::test]
async fn while_shopify_writes_other_files_the_run_waits() {
    let real = Real::files().await;
    let other = "mutation($q:String!){bulkOperationRunQuery(query:$q){bulkOperation{id} \
                 userErrors{message}}}";
    for _ in 0..5 {
        let query = json!({"q": "{products{edges{node{id}}}}"});
        let answer = real.shop.graphql(other, query).await.expect("an answer");
        assert_eq!(answer["status"], 200, "{answer}");
    }
    let id = real.world.begin().await;
    real.until(&id, "while Shopify writes other files").await;
    let job = real.finish(&id).await;
    assert_eq!(job.done, VARIANTS as u64);
    assert_eq!((real.operations().await.len(), real.asked("productVariants")), (6, 0));
}

#[tokio::test]
async fn the_word_that_it_is_written_hurries_and_nothing_hangs_on_it() {
    let real = Real::files().await;
    let id = real.world.begin().await;
    real.until(&id, "waiting for").await;
    real.turns().await;
    let operation = real.operations().await[0].0.clone();
    let looks = real.asked("bulkOperation");
    let strange = "gid://shopify/BulkOperation/1";
    assert_eq!(real.world.take(&finished(strange)).await, 0);
    real.turns().await;
    assert_eq!(real.asked("bulkOperation"), looks, "another file is none of its business");
    // It is told before it is: the looks go on.
    assert_eq!(real.world.take(&finished(&operation)).await, 0);
    real.turns().await;
    assert_eq!(real.asked("bulkOperation"), looks + 1);
    let broken = WebhookReceived { body: "{}".into(), ..finished(strange) };
    assert_eq!(real.world.take(&broken).await, 1, "what cannot be read becomes a letter");
    assert_eq!(real.finish(&id).await.done, VARIANTS as u64);
    assert_eq!(real.world.take(&finished(&operation)).await, 0, "it may come late");
    real.turns().await;
}

#[tokio::test]
async fn a_run_that_is_cancelled_stops_shopify_too_and_a_paused_one_goes_on() {
    let real = Real::files().await;
    let id = real.world.begin().await;
    real.until(&id, "waiting for").await;
    real.world.control(&id, JobAction::Pause).await;
    real.pass(300);
    real.turns().await;
    assert_eq!(real.world.job(&id).await.state(), JobState::Paused);
    real.world.control(&id, JobAction::Resume).await;
    real.finish(&id).await;
    let second = real.world.begin().await;
    real.until(&second, "waiting for").await;
    real.world.control(&second, JobAction::Cancel).await;
    real.turns().await;
    let states: Vec<_> = real.operations().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["COMPLETED", "CANCELED"]);
    assert_eq!(real.world.job(&second).await.state(), JobState::Cancelled);
}

#[tokio::test]
async fn a_file_of_before_a_long_pause_is_asked_for_anew() {
    let real = Real::files().await;
    let id = half_read(&real).await;
    real.world.control(&id, JobAction::Pause).await;
    real.pass(3 * 86_400);
    real.world.control(&id, JobAction::Resume).await;
    let job = real.finish(&id).await;
    assert_eq!((job.done, real.operations().await.len()), (VARIANTS as u64, 2));
    assert_eq!((real.fetched(), real.asked("productVariants")), (5, 0), "one piece was too old");
}

#[tokio::test]
async fn a_look_that_shopify_refuses_once_costs_time_and_no_file() {
    for at in ["waiting for", "(250 lines)"] {
        let real = Real::files().await;
        let id = real.world.begin().await;
        real.until(&id, at).await;
        let refused = json!({"fault": "api_unknown_code", "root": "bulkOperation"});
        real.shop.fault(refused).expect("a fault");
        // Whoever asks for the address has broken off before.
        real.shop.fault(json!({"fault": "bulk_file_reset"})).expect("a fault");
        let job = real.finish(&id).await;
        assert_eq!((job.done, real.operations().await.len()), (VARIANTS as u64, 1), "{at}");
        assert_eq!(real.asked("productVariants"), 0, "{at}");
    }
}

#[tokio::test]
async fn who_presses_resume_while_a_step_is_in_the_air_does_not_double_it() {
    let real = Real::files().await;
    let id = real.world.begin().await;
    real.until(&id, "asking Shopify").await;
    real.world.die_after_the_call().await;
    real.world.control(&id, JobAction::Resume).await;
    real.turns().await;
    real.finish(&id).await;
    assert_eq!(real.operations().await.len(), 1);
}

#[tokio::test]
async fn who_pauses_and_resumes_while_a_request_is_in_the_air_does_not_double_it() {
    let real = Real::files().await;
    let id = real.world.begin().await;
    real.until(&id, "asking Shopify").await;
    real.world.die_after_the_call().await;
    real.world.control(&id, JobAction::Pause).await;
    real.world.control(&id, JobAction::Resume).await;
    real.turns().await;
    real.pass(31);
    real.turns().await;
    assert!(real.world.job(&id).await.message.contains("looking whether"));
    assert_eq!(real.asked("bulkOperations"), 0, "it may still be on its way");
    assert_eq!(real.finish(&id).await.done, VARIANTS as u64);
    assert_eq!(real.operations().await.len(), 1);
}

#[tokio::test]
async fn a_request_that_is_found_after_its_run_was_cancelled_is_stopped() {
    let real = Real::files().await;
    real.shop.fault(json!({"fault": "bulk_hangs"})).expect("a fault");
    let id = real.world.begin().await;
    real.until(&id, "asking Shopify").await;
    real.world.die_after_the_call().await;
    real.pass(31);
    real.turns().await;
    assert!(real.world.job(&id).await.message.contains("looking whether"));
    real.world.die_before_the_call().await;
    real.world.control(&id, JobAction::Cancel).await;
    real.pass(31);
    real.turns().await;
    assert_eq!(real.operations().await[0].1, "CANCELED");
}

#[tokio::test]
async fn the_word_that_it_is_written_is_heard_while_a_look_is_in_the_air() {
    for is_planned in [false, true] {
        let real = Real::files().await;
        real.shop.fault(json!({"fault": "bulk_hangs"})).expect("a fault");
        let id = real.world.begin().await;
        real.until(&id, "waiting for").await;
        real.turns().await;
        let operation = real.operations().await[0].0.clone();
        real.world.die_before_the_call().await;
        assert_eq!(real.world.take(&finished(&operation)).await, 0);
        if is_planned {
            real.turns().await;
        }
        let looks = real.asked("bulkOperation");
        real.pass(31);
        real.turns().await;
        assert_eq!(real.asked("bulkOperation") - looks, 2, "what was in the air, and another");
    }
}

#[tokio::test]
async fn files_that_are_stopped_leave_one_timer_and_a_stop_that_is_lost_is_sent_again() {
    let real = Real::files().await;
    real.shop.fault(json!({"fault": "bulk_hangs", "count": 3})).expect("a fault");
    let lost = json!({"fault": "api_reset_before", "root": "bulkOperationCancel"});
    real.shop.fault(lost).expect("a fault");
    for _ in 0..3 {
        let id = real.world.begin().await;
        real.until(&id, "waiting for").await;
        real.world.control(&id, JobAction::Cancel).await;
        real.turns().await;
    }
    real.pass(3);
    real.turns().await;
    let states = real.operations().await.into_iter().map(|(_, state)| state);
    assert_eq!(states.collect::<Vec<_>>(), ["CANCELED"; 3]);
    let kept = real.world.dump().await;
    assert_eq!(kept.matches("products_file_stop").count(), 1, "{kept}");
}

#[tokio::test]
async fn no_address_of_a_file_stands_in_what_is_kept_or_logged() {
    let (logs, _guard) = Logs::capture();
    let real = Real::files().await;
    let id = real.world.begin().await;
    real.until(&id, "waiting for").await;
    for fault in ["bulk_file_reset", "bulk_file_500"] {
        real.shop.fault(json!({"fault": fault})).expect("a fault");
    }
    real.until(&id, "(250 lines)").await;
    let query = "{bulkOperations(first:1){nodes{url}}}";
    let answer = real.shop.graphql(query, json!({})).await.expect("an answer").to_string();
    assert!(answer.contains("sig="), "by this an address is known: {answer}");
    real.shop.act("expire_bulk_files", json!({})).expect("expired");
    real.finish(&id).await;
    // Effects, timers, events and states; bytes are hexadecimal.
    let kept = real.world.dump().await.to_lowercase();
    assert!(kept.contains(&hexadecimal("bulkOperationRunQuery")), "requests are looked through");
    assert!(kept.contains("products_sync"), "timers are looked through");
    let logged = logs.text();
    assert!(logged.contains("a step through a file"), "{logged}");
    assert!(!kept.contains(&hexadecimal("sig=")));
    for text in [kept, logged] {
        assert!(!text.contains("sig="), "{text}");
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
