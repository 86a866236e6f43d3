//! Who may call.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::SignedDuration;
use lockstep_contracts::Stream;
use lockstep_contracts::backoffice::v1::{
    ListTokensRequest, RevokeTokenRequest, RevokeTokenResponse, TokenInfo,
};
use lockstep_contracts::settings::v1::BackOfficeSettings;
use lockstep_ports::Kv;
use lockstep_runtime::ask;
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::nats::eventually;
use lockstep_testkit::{MemoryStore, TestDatabase};

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

/// What is stored of a token opens nothing: every table of the database, every bucket and every
/// stream of the broker is looked through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_stored_nowhere() {
    let database = TestDatabase::create().await;
    let bus = MemoryBus::new();
    let store = Arc::new(database.store("backoffice_gateway").await);
    let world = World::over(bus.clone(), store).await;
    assert_eq!(status(&world, &world.token).await, StatusCode::ACCEPTED);
    let list = || async { list(&world).await.first().and_then(|token| token.last_used_at) };
    eventually("the use is noted", async || list().await.is_some()).await;

    let tables = database.dump().await;
    let (id, secret) = world.token.strip_prefix("lsk_").and_then(|t| t.rsplit_once('_')).unwrap();
    assert!(tables.contains(id), "the dump shows the token that is stored");
    assert!(tables.contains("same"), "and the report");
    let mut everything = tables;
    for bucket in bus.buckets() {
        for entry in bus.list(&bucket, "").await.expect("a bucket") {
            everything.push_str(&String::from_utf8_lossy(&entry.value));
        }
    }
    for stream in Stream::ALL {
        for message in bus.published(*stream) {
            everything.push_str(&format!("{:?}", message.headers));
            everything.push_str(&String::from_utf8_lossy(&message.body));
        }
    }
    let as_bytes: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let raw = [1_u8; 32].map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(secret, raw, "the bits of the first token, in hexadecimal");
    for secret in [secret, &as_bytes] {
        assert!(!everything.contains(secret), "the secret is stored");
    }
    world.stop().await;
}

/// Another replica believes what it read for at most five seconds.
#[tokio::test]
async fn a_revoked_token_stops_on_every_replica_within_five_seconds() {
    let (bus, store) = (MemoryBus::new(), Arc::new(MemoryStore::default()));
    let first = World::over(bus.clone(), store.clone()).await;
    let second = World::over(bus.clone(), store).await;
    let token = second.issue("both").await;
    for replica in [&first, &second] {
        assert_eq!(status(replica, &token.token).await, StatusCode::ACCEPTED);
    }
    assert!(revoke(&bus, "wms", &token.token_id).await);
    let statuses =
        || async { [status(&first, &token.token).await, status(&second, &token.token).await] };
    let after = statuses().await;
    let refused = after.iter().filter(|s| **s == StatusCode::UNAUTHORIZED).count();
    assert!(refused >= 1, "the replica that revoked it knows at once: {after:?}");
    for replica in [&first, &second] {
        replica.clock.advance(SignedDuration::from_secs(5));
    }
    assert_eq!(statuses().await, [StatusCode::UNAUTHORIZED; 2], "the other after five seconds");
    first.stop().await;
    second.stop().await;
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
