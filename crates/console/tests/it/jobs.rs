//! Long work: started, shown, steered; and the conflicts that it leaves to a person.

use lockstep_contracts::catalog::v1::{
    Conflict, ConflictKind, ListConflictsRequest, ListConflictsResponse, StartProductSyncRequest,
    StartProductSyncResponse,
};
use lockstep_contracts::operations::v1::{
    ControlJobRequest, ControlJobResponse, GetJobRequest, GetJobResponse, Job, JobAction, JobCount,
    JobForecast, JobState, ListJobsRequest, ListJobsResponse,
};
use lockstep_contracts::time::to_proto;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::{NOON, World};

const OWNER: &str = "product-sync";

fn job(state: JobState) -> Job {
    Job {
        id: "j1".to_owned(),
        service: OWNER.to_owned(),
        kind: "products_sync".to_owned(),
        store: "north".to_owned(),
        state: state.into(),
        forecast: Some(JobForecast { items: 500, calls: 3, points: 30, seconds: 2 }),
        done: 250,
        result: vec![JobCount { name: "linked".to_owned(), value: 240 }],
        requested_by: "admin".to_owned(),
        started_at: Some(to_proto(NOON)),
        ..Job::default()
    }
}

async fn with_job(state: JobState) -> World {
    let mut world = World::furnished().await;
    let start = move |request: StartProductSyncRequest| {
        assert_eq!((request.store.as_str(), request.requested_by.as_str()), ("north", "admin"));
        let already_running = state == JobState::Running;
        StartProductSyncResponse {
            job: Some(job(JobState::Running)),
            already_running,
            ..Default::default()
        }
    };
    world.answers(StartProductSyncRequest::subject(), start).await;
    let get = move |request: GetJobRequest| GetJobResponse {
        job: (request.id == "j1").then(|| job(state)),
    };
    world.answers(GetJobRequest::subject(OWNER), get).await;
    let list = move |request: ListJobsRequest| {
        assert_eq!((request.store.as_str(), request.limit), ("north", 20));
        let older = Job { id: "j0".to_owned(), started_at: None, ..job(JobState::Done) };
        ListJobsResponse { jobs: vec![older, job(state)] }
    };
    world.answers(ListJobsRequest::subject(OWNER), list).await;
    let control = move |request: ControlJobRequest| {
        assert_eq!(request.requested_by, "admin");
        let after = match (state, request.action()) {
            (JobState::Done, _) => {
                let refusal = "the job has ended".to_owned();
                return ControlJobResponse { job: Some(job(state)), refusal };
            }
            (_, JobAction::Pause) => JobState::Paused,
            (_, JobAction::Cancel) => JobState::Cancelled,
            (_, JobAction::Resume | JobAction::Unspecified) => JobState::Running,
        };
        ControlJobResponse { job: Some(job(after)), refusal: String::new() }
    };
    world.answers(ControlJobRequest::subject(OWNER), control).await;
    world
}

#[tokio::test]
async fn a_sync_starts_once_and_the_running_one_is_the_answer() {
    let path = "/stores/north/products/sync";
    for (state, status) in [(JobState::Done, 202), (JobState::Running, 200)] {
        let world = with_job(state).await;
        let started = world.call("POST", path, Value::Null).await;
        assert_eq!(started.status, status);
        assert_eq!(started.ok()["job"]["id"], "j1");
        let none = world.call("POST", "/stores/none/products/sync", Value::Null).await;
        assert_eq!(none.problem().1, "UNKNOWN_STORE");
        let body = world.call("POST", path, json!({"force": true})).await;
        assert_eq!(body.problem(), (422, "UNKNOWN_FIELD".into(), "force".into()));
    }
}

#[tokio::test]
async fn a_refused_start_has_the_code_of_its_service() {
    let mut world = World::furnished().await;
    let start = |_: StartProductSyncRequest| StartProductSyncResponse {
        code: "NO_CATALOGUE".to_owned(),
        message: "no back office of the store has the role stock".to_owned(),
        fix: "give one the role".to_owned(),
        ..Default::default()
    };
    world.answers(StartProductSyncRequest::subject(), start).await;
    let refused = world.call("POST", "/stores/north/products/sync", json!({})).await;
    assert_eq!(refused.problem(), (422, "NO_CATALOGUE".into(), String::new()));
}

#[tokio::test]
async fn a_job_shows_forecast_progress_and_result() {
    let world = with_job(JobState::Running).await;
    let expected = json!({"id": "j1", "service": "product-sync", "kind": "products_sync",
        "store": "north", "state": "running", "done": 250, "result": {"linked": 240},
        "forecast": {"items": 500, "calls": 3, "points": 30, "seconds": 2}, "message": "",
        "requested_by": "admin", "started_at": NOON.to_string(), "ended_at": null});
    assert_eq!(world.get("/jobs/j1").await.ok(), json!({"job": expected}));
    let listed = world.get("/stores/north/jobs").await.ok();
    let ids: Vec<_> = listed["jobs"].as_array().unwrap().iter().map(|job| &job["id"]).collect();
    assert_eq!(ids, ["j1", "j0"], "newest first");
    assert_eq!(listed["silent"], json!([]));
    let unknown = world.get("/jobs/j2").await;
    assert_eq!(unknown.problem(), (404, "UNKNOWN_JOB".into(), String::new()));
}

#[rstest]
#[case("pause", "paused")]
#[case("resume", "running")]
#[case("cancel", "cancelled")]
#[tokio::test]
async fn a_job_is_steered_by_its_service(#[case] action: &str, #[case] state: &str) {
    let world = with_job(JobState::Running).await;
    let steered = world.call("POST", &format!("/jobs/j1/{action}"), Value::Null).await.ok();
    assert_eq!(steered["job"]["state"], state);
    let unknown = world.call("POST", &format!("/jobs/j2/{action}"), Value::Null).await;
    assert_eq!(unknown.problem().1, "UNKNOWN_JOB");
    let world = with_job(JobState::Done).await;
    let ended = world.call("POST", &format!("/jobs/j1/{action}"), Value::Null).await;
    assert_eq!(ended.problem(), (409, "JOB_ENDED".into(), String::new()));
}

#[tokio::test]
async fn a_silent_service_is_named() {
    let world = World::furnished().await;
    let silent = (503, "SERVICE_SILENT".into(), String::new());
    assert_eq!(world.get("/jobs/j1").await.problem(), silent);
    let listed = world.get("/stores/north/jobs").await.ok();
    assert_eq!(listed, json!({"jobs": [], "silent": ["product-sync"]}));
}

async fn with_conflicts() -> World {
    let mut world = World::furnished().await;
    let list = |request: ListConflictsRequest| {
        let conflict = |variant_id: i64| {
            let mut conflict = Conflict {
                variant_id,
                inventory_item_id: variant_id + 1,
                title: "=cmd|' /C calc'!A0".to_owned(),
                sku: "LAMP".to_owned(),
                message: "2 variants carry LAMP".to_owned(),
                fix: "give each its own code".to_owned(),
                other_variant_ids: vec![9, 10],
                near: vec!["wms/LAMP-1".to_owned(), "wms/lamp".to_owned()],
                since: Some(to_proto(NOON)),
                ..Conflict::default()
            };
            conflict.set_kind(ConflictKind::Duplicate);
            conflict
        };
        let all = (1..=3).map(conflict).filter(|one| one.variant_id > request.after_variant_id);
        let mut conflicts: Vec<_> = all.collect();
        let more = conflicts.len() > request.limit as usize;
        conflicts.truncate(request.limit as usize);
        ListConflictsResponse { conflicts, more }
    };
    world.answers(ListConflictsRequest::subject(), list).await;
    world
}

#[tokio::test]
async fn conflicts_are_listed_page_by_page() {
    let world = with_conflicts().await;
    let first = world.get("/stores/north/conflicts?limit=2").await.ok();
    assert_eq!((first["conflicts"].as_array().unwrap().len(), &first["next"]), (2, &json!("2")));
    let one = &first["conflicts"][0];
    assert_eq!((&one["variant_id"], &one["kind"]), (&json!("1"), &json!("duplicate")));
    assert_eq!(one["other_variant_ids"], json!(["9", "10"]));
    assert_eq!(one["since"], NOON.to_string());
    let rest = world.get("/stores/north/conflicts?limit=2&after=2").await.ok();
    assert_eq!((&rest["conflicts"][0]["variant_id"], &rest["next"]), (&json!("3"), &Value::Null));
    let wrong = world.get("/stores/north/conflicts?after=x").await;
    assert_eq!(wrong.problem(), (400, "BAD_QUERY".into(), "after".into()));
}

#[tokio::test]
async fn conflicts_as_a_file_run_nothing_in_a_spreadsheet() {
    let world = with_conflicts().await;
    let accept = [("accept", "text/csv")];
    let path = "/stores/north/conflicts";
    let file = world.call_with("GET", path, Value::Null, &accept).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let mut rows = csv::Reader::from_reader(file.text.as_bytes());
    assert_eq!(rows.headers().unwrap().get(1), Some("kind"));
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0].get(2), Some("'=cmd|' /C calc'!A0"));
    assert_eq!(rows[0].get(7), Some("wms/LAMP-1 wms/lamp"));
}
