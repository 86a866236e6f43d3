//! `GET /dead-letters`: what could not be processed, over all services.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use axum::Json;
use axum::extract::State;
use futures_util::future::join_all;
use lockstep_contracts::operations::v1::{DeadLetter, ListDeadLettersRequest};
use serde::Serialize;

use super::shown::Letter;
use crate::asking::hear;
use crate::extract::{QueryParts, bad};
use crate::problem::Problem;
use crate::service::{Console, Shared};

/// Letters of a page, and the most that a service gives at once.
const LETTERS_MAX: usize = 200;

#[derive(Serialize)]
pub struct Letters {
    dead_letters: Vec<Letter>,
    next: Option<String>,
    silent: Vec<String>,
}

/// Newest first; a service that is silent, or that cannot be understood, is named.
pub async fn handler(
    State(console): Shared,
    mut query: QueryParts,
) -> Result<Json<Letters>, Problem> {
    let include_closed = match query.text("state").as_deref() {
        None | Some("open") => false,
        Some("all") => true,
        Some(other) => return Err(bad("state", other, "open or all")),
    };
    let after = match query.text("after") {
        None => Cursor::default(),
        Some(text) => Cursor::read(&console, &text)
            .ok_or_else(|| bad("after", &text, "what `next` of the page before says"))?,
    };
    let limit = query.limit(LETTERS_MAX, LETTERS_MAX)?;
    query.finish()?;
    let asked = console.services.iter().map(|service| {
        let request = ListDeadLettersRequest {
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            include_closed,
            after: after.of(service),
        };
        let console = &console;
        async move {
            let subject = ListDeadLettersRequest::subject(service);
            hear(&*console.parts.ask, service, subject, &request).await
        }
    });
    let (mut lists, mut silent) = (Vec::new(), Vec::new());
    for (heard, service) in join_all(asked).await.into_iter().zip(&console.services) {
        match heard.answer() {
            Some(answer) => lists.push(List::new(service, answer.letters, limit)),
            None => silent.push(service.clone()),
        }
    }
    let (dead_letters, next) = page(lists, after, limit);
    Ok(Json(Letters { dead_letters, next, silent }))
}

/// Letters of one service, newest first.
struct List {
    service: String,
    letters: VecDeque<DeadLetter>,
    /// Whether the service may have more of them.
    goes_on: bool,
}

impl List {
    fn new(service: &str, letters: Vec<DeadLetter>, limit: usize) -> Self {
        let goes_on = letters.len() >= limit;
        Self { service: service.to_owned(), letters: letters.into(), goes_on }
    }

    fn newest(&self) -> Option<(i64, i32)> {
        let opened_at = self.letters.front()?.opened_at.as_ref();
        Some(opened_at.map_or((0, 0), |at| (at.seconds, at.nanos)))
    }
}

/// The newest letters of all lists. Each list stays in its own order, so that the cursor of its
/// service neither leaves one out nor shows one twice.
fn page(mut lists: Vec<List>, mut cursor: Cursor, limit: usize) -> (Vec<Letter>, Option<String>) {
    let mut shown = Vec::new();
    while shown.len() < limit {
        let with_letters = lists.iter_mut().filter(|list| !list.letters.is_empty());
        let Some(list) = with_letters.min_by_key(|list| Reverse(list.newest())) else { break };
        let Some(letter) = list.letters.pop_front() else { break };
        cursor.0.insert(list.service.clone(), letter.id.clone());
        shown.push(Letter::from(letter));
    }
    let goes_on = lists.iter().any(|list| list.goes_on || !list.letters.is_empty());
    (shown, goes_on.then(|| cursor.text()))
}

/// The last letter that was shown of each service.
#[derive(Default)]
struct Cursor(BTreeMap<String, String>);

impl Cursor {
    fn read(console: &Console, text: &str) -> Option<Self> {
        let mut cursor = Self::default();
        for part in text.split(',') {
            let (service, id) = part.split_once(':')?;
            let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !console.services.iter().any(|known| known == service) || !is_plain {
                return None;
            }
            cursor.0.insert(service.to_owned(), id.to_owned());
        }
        Some(cursor)
    }

    fn of(&self, service: &str) -> String {
        self.0.get(service).cloned().unwrap_or_default()
    }

    fn text(&self) -> String {
        let parts: Vec<_> = self.0.iter().map(|(service, id)| format!("{service}:{id}")).collect();
        parts.join(",")
    }
}
