//! The stream of a feed, and its cursor.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream;
use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1 as proto;
use lockstep_domain::ids::BackOfficeId;
use tonic::{Request, Response, Status};

use super::service::{Grpc, respond};
use super::status::status;
use crate::fault::CallFault;
use crate::feed::{LIMIT, Range, Seat};
use crate::report::Core;

/// Entries as they come.
pub type FeedStream = Pin<Box<dyn Stream<Item = Result<proto::FeedResponse, Status>> + Send>>;

/// A stream that has nothing to say looks after its token, and after the stop, this often.
const TURN: SignedDuration = SignedDuration::from_secs(5);
const STOPPING: CallFault = CallFault::Unavailable("the service is stopping");
const OTHERS: CallFault = CallFault::Unauthenticated("the token is of another back office now");

impl Grpc {
    /// Opens the stream.
    pub async fn follow_feed(
        &self,
        request: Request<proto::FeedRequest>,
    ) -> Result<Response<FeedStream>, Status> {
        let header = request.metadata().get("authorization").and_then(|v| v.to_str().ok());
        let authorization = header.map(str::to_owned);
        let core = self.core.clone();
        let follower = respond("Feed", request, |backoffice, request| async move {
            let seat = core.feeds.sit(&backoffice)?;
            let after = core.feeds.start(&backoffice, request.after).await?;
            Ok(Follower { core, seat, authorization, after })
        })
        .await?;
        // Pulled by the connection: one page is in memory, and the next is read when it is sent.
        let pages = stream::try_unfold(follower, |mut follower| async move {
            let items = follower.page().await.map_err(|fault| status(&fault))?;
            Ok(Some((proto::FeedResponse { items }, follower)))
        });
        Ok(Response::new(Box::pin(pages)))
    }

    /// Moves the cursor.
    pub async fn acknowledge_feed(
        &self,
        request: Request<proto::AckFeedRequest>,
    ) -> Result<Response<proto::AckFeedResponse>, Status> {
        let core = self.core.clone();
        let acknowledged =
            respond("AckFeed", request, |backoffice: BackOfficeId, request| async move {
                core.feeds.acknowledge(&backoffice, request.number).await
            })
            .await?;
        Ok(Response::new(proto::AckFeedResponse { acknowledged }))
    }
}

/// Who follows a feed, and how far it has come.
struct Follower {
    core: Arc<Core>,
    seat: Seat,
    /// A stream lives longer than a call: its token may be revoked meanwhile.
    authorization: Option<String>,
    after: u64,
}

impl Follower {
    /// The next page, however long that takes.
    async fn page(&mut self) -> Result<Vec<proto::FeedItem>, CallFault> {
        let feeds = &self.core.feeds;
        loop {
            let backoffice = self.core.tokens.verify(self.authorization.as_deref()).await?;
            if backoffice != self.seat.backoffice {
                return Err(OTHERS);
            }
            if feeds.is_stopping() {
                return Err(STOPPING);
            }
            let until = feeds.now().checked_add(TURN).unwrap_or(feeds.now());
            let limit = u32::try_from(LIMIT).unwrap_or(u32::MAX);
            let items = feeds.next(&self.seat, Range { after: self.after, limit }, until).await?;
            if let Some(last) = items.last() {
                self.after = last.number;
                return Ok(items);
            }
        }
    }
}
