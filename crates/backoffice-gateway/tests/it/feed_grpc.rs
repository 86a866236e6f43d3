//! The feed as a stream.

use jiff::SignedDuration;
use lockstep_backoffice_gateway::Listeners;
use lockstep_contracts::backoffice::v1::back_office_service_client::BackOfficeServiceClient;
use lockstep_contracts::backoffice::v1::{
    AckFeedRequest, ErrorCode, FeedRequest, FeedResponse, ListTokensRequest, RevokeTokenRequest,
};
use lockstep_testkit::nats::eventually;
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::announce::{announce_order, announced, order};
use crate::feed_world::{FeedWorld, Process};
use crate::grpc::{error_of, with_token};

type Client = BackOfficeServiceClient<Channel>;

async fn client(process: &Process) -> Client {
    let bind = || TcpListener::bind(("127.0.0.1", 0));
    let listeners =
        Listeners { rest: bind().await.expect("a port"), grpc: bind().await.expect("a port") };
    let address = listeners.grpc.local_addr().expect("an address");
    process.gateway.serve(listeners, &process.life);
    let client = BackOfficeServiceClient::connect(format!("http://{address}")).await;
    client.expect("the gateway answers")
}

async fn follow(
    client: &mut Client,
    token: &str,
    after: Option<u64>,
) -> Result<Streaming<FeedResponse>, Status> {
    Ok(client.feed(with_token(FeedRequest { after }, token)).await?.into_inner())
}

/// Numbers of the next entries of a stream, so many.
async fn take(stream: &mut Streaming<FeedResponse>, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let page = stream.message().await.expect("no refusal").expect("no end");
        assert!(!page.items.is_empty(), "a message has an entry");
        numbers.extend(page.items.iter().map(|item| item.number));
    }
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_where_it_is_told_and_ends_with_the_stop() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let mut client = client(&process).await;
    let mut all = follow(&mut client, &token, Some(0)).await.expect("a stream");
    for number in 1..=3 {
        announce_order(&*world.bus, &announced("wms", order(number, 1, "MAIN"))).await;
    }
    assert_eq!(take(&mut all, 3).await, [1, 2, 3]);
    let request = with_token(AckFeedRequest { number: Some(2) }, &token);
    let answer = client.ack_feed(request).await.expect("noted").into_inner();
    assert_eq!(answer.acknowledged, 2);
    let mut rest = follow(&mut client, &token, None).await.expect("a stream");
    assert_eq!(take(&mut rest, 1).await, [3]);
    announce_order(&*world.bus, &announced("wms", order(4, 1, "MAIN"))).await;
    assert_eq!(take(&mut all, 1).await, [4]);
    assert_eq!(take(&mut rest, 1).await, [4]);
    process.life.shutdown.cancel();
    for stream in [&mut all, &mut rest] {
        let end = stream.message().await.expect_err("the stream ends");
        assert_eq!(end.code(), Code::Unavailable);
        assert_eq!(error_of(&end).code(), ErrorCode::Unavailable);
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_ends_its_stream() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let mut client = client(&process).await;
    let mut stream = follow(&mut client, &token, None).await.expect("a stream");
    let listed = ListTokensRequest { backoffice: "wms".to_owned() };
    let tokens = process.gateway.tokens().list(listed).await.expect("tokens").tokens;
    let request =
        RevokeTokenRequest { backoffice: "wms".to_owned(), token_id: tokens[0].token_id.clone() };
    process.gateway.tokens().revoke(request).await.expect("revoked");
    let reading = process.life.tracker.spawn(async move { stream.message().await });
    eventually("the stream ends", async || {
        world.clock.advance(SignedDuration::from_secs(5));
        reading.is_finished()
    })
    .await;
    let end = reading.await.expect("no panic").expect_err("the stream ends");
    assert_eq!(end.code(), Code::Unauthenticated);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_named() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let mut client = client(&process).await;
    for after in [1, u64::MAX] {
        let refused = follow(&mut client, &token, Some(after)).await.expect_err("no such entry");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(error_of(&refused).field, "after");
    }
    for number in [None, Some(1), Some(u64::MAX)] {
        let request = with_token(AckFeedRequest { number }, &token);
        let refused = client.ack_feed(request).await.expect_err("no such entry");
        assert_eq!(
            (refused.code(), error_of(&refused).field),
            (Code::InvalidArgument, "number".to_owned())
        );
        assert_eq!(error_of(&refused).code(), ErrorCode::Validation);
    }
    let refused = follow(&mut client, "wrong", None).await.expect_err("a stranger");
    assert_eq!(refused.code(), Code::Unauthenticated);
    process.stop().await;
}
