//! `GET /v1/feed` and `POST /v1/feed/ack`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode, header};
use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::{AckFeedResponse, FeedItem};
use serde::Serialize;

use super::{Rest, decode, respond};
use crate::fault::{CallFault, Invalid};
use crate::feed::{LIMIT, LIMIT_MAX, Range, WAIT_MAX};

/// Path of the feed.
pub const FEED_PATH: &str = "/v1/feed";
/// Path of its cursor.
pub const ACK_PATH: &str = "/v1/feed/ack";

const NAMES: &str = "`after`, `limit` and `wait`";

/// One page.
#[derive(Serialize)]
struct Page {
    items: Vec<FeedItem>,
}

pub async fn page(State(rest): State<Arc<Rest>>, request: Request<Body>) -> Response<Body> {
    respond(("Feed", StatusCode::OK), request, |request| async move {
        let headers = request.headers();
        let authorization = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let backoffice = rest.core.tokens.verify(authorization).await?;
        let query = Query::parse(request.uri().query().unwrap_or_default())?;
        let feeds = &rest.core.feeds;
        let seat = feeds.sit(&backoffice)?;
        // The wait is over so long after the call came, however long finding its begin takes.
        let until = feeds.now().checked_add(query.wait).unwrap_or(feeds.now());
        let after = feeds.start(&backoffice, query.after).await?;
        let range = Range { after, limit: query.limit };
        Ok(Page { items: feeds.next(&seat, range, until).await? })
    })
    .await
}

pub async fn acknowledge(State(rest): State<Arc<Rest>>, request: Request<Body>) -> Response<Body> {
    respond(("AckFeed", StatusCode::OK), request, |request| async move {
        let (backoffice, held) = rest.admit(request).await?;
        let number = decode::number("number", &held.bytes)?;
        let acknowledged = rest.core.feeds.acknowledge(&backoffice, number).await?;
        Ok(AckFeedResponse { acknowledged })
    })
    .await
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Query {
    after: Option<u64>,
    limit: u32,
    wait: SignedDuration,
}

impl Query {
    fn parse(text: &str) -> Result<Self, CallFault> {
        let (mut after, mut limit, mut wait) = (None, None, None);
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (slot, least, most) = match name {
                "after" => (&mut after, 0, u64::MAX),
                "limit" => (&mut limit, 1, LIMIT_MAX),
                "wait" => (&mut wait, 0, WAIT_MAX),
                _ => {
                    let fix = format!("remove it, or correct its name; there are {NAMES}");
                    return Err(invalid(name, "there is no such parameter", fix));
                }
            };
            if slot.replace(number(name, value, (least, most))?).is_some() {
                let fix = "write each parameter once".to_owned();
                return Err(invalid(name, "the parameter is there twice", fix));
            }
        }
        let wait = i64::try_from(wait.unwrap_or(0)).unwrap_or(0);
        Ok(Self {
            after,
            limit: u32::try_from(limit.unwrap_or(LIMIT)).unwrap_or(u32::MAX),
            wait: SignedDuration::from_secs(wait),
        })
    }
}

fn number(name: &str, value: &str, (least, most): (u64, u64)) -> Result<u64, CallFault> {
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|number| is_plain && (least..=most).contains(number));
    number.ok_or_else(|| {
        let fix = match name {
            "after" => "write the number of an entry, or leave it out to go on after the one that \
                was acknowledged last"
                .to_owned(),
            "limit" => format!("write {least} to {most}; left out it is {LIMIT}"),
            _ => format!("write {least} to {most} seconds; left out it is 0"),
        };
        invalid(name, "it is not a whole number of the range", fix)
    })
}

fn invalid(name: &str, message: &str, fix: String) -> CallFault {
    let field = name.chars().take(NAME_SHOWN_MAX).collect();
    CallFault::Invalid(Invalid { field, message: message.to_owned(), fix })
}

/// Characters of a wrong name that are told back.
const NAME_SHOWN_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        let defaults = Query { after: None, limit: 100, wait: SignedDuration::from_secs(0) };
        for text in ["", "&", "wait=0", "limit=100"] {
            assert_eq!(Query::parse(text), Ok(defaults), "{text}");
        }
        let all = Query { after: Some(41), limit: 500, wait: SignedDuration::from_secs(30) };
        assert_eq!(Query::parse("wait=30&after=41&limit=500"), Ok(all));
    }
}
