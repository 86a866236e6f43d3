//! Who may call.

use std::time::Duration;

use axum::http::StatusCode;
use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::{
    ListTokensRequest, RevokeTokenRequest, RevokeTokenResponse, TokenInfo,
};
use lockstep_contracts::settings::v1::BackOfficeSettings;
use lockstep_runtime::ask;
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::nats::eventually;

use crate::world::{MOVEMENTS, World, movement, movements, put_settings};

const WAIT: Duration = Duration::from_secs(5);

async fn revoke(bus: &MemoryBus, backoffice: &str, token_id: &str) -> bool {
    let request =
        RevokeTokenRequest { backoffice: backoffice.to_owned(), token_id: token_id.to_owned() };
    let answer = ask(bus, RevokeTokenRequest::subject(), &request, WAIT).await;
    answer.expect("an answer") == RevokeTokenResponse { revoked: true }
}

async fn list(world: &World) -> Vec<TokenInfo> {
    let request = ListTokensRequest { backoffice: "wms".to_owned() };
    ask(&world.bus, ListTokensRequest::subject(), &request, WAIT).await.expect("a list").tokens
}

async fn status(world: &World, token: &str) -> StatusCode {
    let batch = movements(&[movement("same", "1")]).to_string();
    world.post_as(Some(token), MOVEMENTS, batch).await.status
}

#[tokio::test]
async fn whoever_has_no_good_token_is_refused() {
    let world = World::start().await;
    let mut wrong = world.token.clone();
    wrong.replace_range(wrong.len() - 2.., "00");
    let stranger = format!("lsk_wms.00000000000000000000000000000000_{}", "0".repeat(64));
    for token in ["", "letmein", &wrong, &stranger, &"x".repeat(10_000)] {
        let answer = world.post_as(Some(token), MOVEMENTS, "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
        assert_eq!(answer.body["code"], "ERROR_CODE_UNAUTHENTICATED");
        assert_eq!(answer.body["field"], "authorization");
    }
    let large = world.post_as(None, MOVEMENTS, vec![b' '; 50 * 1024 * 1024]).await;
    assert_eq!(large.status, StatusCode::UNAUTHORIZED);
    world.stop().await;
}

#[tokio::test]
async fn a_revoked_token_stops_at_once() {
    let world = World::start().await;
    assert_eq!(status(&world, &world.token).await, StatusCode::ACCEPTED);
    assert!(!revoke(&world.bus, "erp", &world.token_id).await, "another's token is not there");
    assert!(!revoke(&world.bus, "wms", "wms.unknown").await);
    assert_eq!(status(&world, &world.token).await, StatusCode::ACCEPTED);
    assert!(revoke(&world.bus, "wms", &world.token_id).await);
    assert_eq!(status(&world, &world.token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(list(&world).await, []);
    world.stop().await;
}

#[tokio::test]
async fn the_same_request_makes_one_token() {
    let world = World::start().await;
    let again = world.issue("first").await;
    assert_eq!(again.token_id, world.token_id);
    assert_eq!(list(&world).await.len(), 1);
    assert_eq!(status(&world, &again.token).await, StatusCode::ACCEPTED);
    assert_eq!(status(&world, &world.token).await, StatusCode::UNAUTHORIZED);
    let other = world.issue("").await;
    let another = world.issue("").await;
    assert_ne!(other.token_id, another.token_id);
    assert_eq!(list(&world).await.len(), 3);
    world.stop().await;
}

#[tokio::test]
async fn a_use_is_noted_once_an_hour() {
    let world = World::start().await;
    let last_used = || async {
        let tokens = list(&world).await;
        tokens.first().and_then(|token| token.last_used_at).map(|at| at.seconds)
    };
    assert_eq!(last_used().await, None);
    status(&world, &world.token).await;
    eventually("the use is noted", async || last_used().await.is_some()).await;
    let first = last_used().await;
    world.clock.advance(SignedDuration::from_mins(59));
    status(&world, &world.token).await;
    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(last_used().await, first);
    status(&world, &world.token).await;
    eventually("the later use is noted", async || last_used().await > first).await;
    world.stop().await;
}

#[tokio::test]
async fn a_token_opens_for_its_own_back_office() {
    let world = World::start().await;
    let erp = BackOfficeSettings { id: "erp".to_owned(), ..BackOfficeSettings::default() };
    put_settings(&world.bus, &erp).await;
    world.until_adopted("backoffice.erp").await;
    let request = lockstep_contracts::backoffice::v1::IssueTokenRequest {
        backoffice: "erp".to_owned(),
        ..Default::default()
    };
    let subject = lockstep_contracts::backoffice::v1::IssueTokenRequest::subject();
    let issued = ask(&world.bus, subject, &request, WAIT).await.expect("a token");
    let batch = movements(&[movement("e-1", "1")]).to_string();
    let answer = world.post_as(Some(&issued.token), MOVEMENTS, batch.clone()).await;
    assert_eq!(answer.fates(), ["ERROR_CODE_UNKNOWN_WAREHOUSE"], "MAIN is declared for wms only");
    assert_eq!(world.post(MOVEMENTS, batch).await.fates(), ["ITEM_STATUS_ACCEPTED"]);
    world.stop().await;
}

#[tokio::test]
async fn secrets_are_stored_nowhere() {
    use lockstep_ports::Store;
    let store = std::sync::Arc::new(lockstep_testkit::MemoryStore::default());
    let world = World::over(MemoryBus::new(), store.clone()).await;
    let secret = world.token.rsplit('_').next().expect("a secret");
    let events = store.events(0, 100).await.expect("events");
    assert!(!events.is_empty());
    assert!(events.iter().all(|event| !event.body.get().contains(secret)));
    world.stop().await;
}

#[tokio::test]
async fn a_back_office_without_settings_is_asked_to_wait() {
    let world = World::start().await;
    let request = lockstep_contracts::backoffice::v1::IssueTokenRequest {
        backoffice: "later".to_owned(),
        ..Default::default()
    };
    let subject = lockstep_contracts::backoffice::v1::IssueTokenRequest::subject();
    let issued = ask(&world.bus, subject, &request, WAIT).await.expect("a token");
    assert_eq!(status(&world, &issued.token).await, StatusCode::SERVICE_UNAVAILABLE);
    world.stop().await;
}
