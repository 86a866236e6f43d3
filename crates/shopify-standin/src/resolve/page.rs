//! Connections: exact pages by cursor, whatever is added or deleted in between.

use super::record::{Obj, Record};
use super::{Front, text};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::journal::{Noted, ViolationKind};
use crate::search::{Search, Term};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Objects that Shopify lets a client reach in one connection.
const DEEPEST: usize = 25_000;

/// What a list is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Sort {
    /// Only by number.
    Id,
    /// By a moment.
    Time(Timestamp),
    /// By a text.
    Text(String),
}

/// An element of a connection.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its place in the order.
    pub sort: Sort,
    /// Its number.
    pub id: i64,
    /// The object.
    pub object: Obj,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    last_id: i64,
    last_value: Sort,
}

/// A page of the elements, as a record of type `{kind}Connection`.
///
/// # Errors
/// For a cursor that is none of ours.
pub fn connection(
    front: &Front<'_>,
    kind: &str,
    mut elements: Vec<Element>,
    arguments: &Arguments,
) -> Result<Out<Obj>, GraphqlError> {
    let by_place = |element: &Element| (element.sort.clone(), element.id);
    if elements.iter().any(|element| element.sort != Sort::Id) {
        elements.sort_by_cached_key(by_place);
    } else {
        elements.sort_by_key(|element| element.id);
    }
    let reverse = arguments.get("reverse").and_then(Value::as_bool) == Some(true);
    if reverse {
        elements.reverse();
    }
    let (mut from, mut to) = (0, elements.len());
    if let Some(cursor) = text(arguments, "after") {
        let place = decode(cursor)?;
        from = elements.partition_point(|one| before_or_at(&by_place(one), &place, reverse, true));
    }
    if let Some(cursor) = text(arguments, "before") {
        let place = decode(cursor)?;
        to = elements.partition_point(|one| before_or_at(&by_place(one), &place, reverse, false));
    }
    let all = elements.len();
    let number =
        |name: &str| -> Option<usize> { usize::try_from(arguments.get(name)?.as_i64()?).ok() };
    let from = from.min(to);
    let (start, end) = match (number("first"), number("last")) {
        _ if front.whole => (from, to),
        (Some(first), _) => (from, to.min(from + first)),
        (None, Some(last)) => (from.max(to.saturating_sub(last)), to),
        (None, None) => (from, to),
    };
    if end > DEEPEST && !front.whole {
        front.note(Noted::new(
            ViolationKind::PagingTooDeep,
            format!("{kind}: object {end} of a connection; Shopify ends at {DEEPEST}"),
        ));
    }
    let page = elements.get(start..end).unwrap_or_default();
    let cursor_of = |element: Option<&Element>| Out::leaf(element.map(encode));
    let info = Record::new("PageInfo")
        .with("hasNextPage", Out::leaf(end < all))
        .with("hasPreviousPage", Out::leaf(start > 0))
        .with("startCursor", cursor_of(page.first()))
        .with("endCursor", cursor_of(page.last()));
    let edges = page.iter().map(|element| {
        Record::new(&format!("{kind}Edge"))
            .with("cursor", Out::leaf(encode(element)))
            .with("node", Out::Object(element.object.clone()))
            .object()
    });
    let nodes = page.iter().map(|element| Out::Object(element.object.clone()));
    Ok(Record::new(&format!("{kind}Connection"))
        .with("nodes", Out::List(nodes.collect()))
        .with("edges", Out::List(edges.collect()))
        .with("pageInfo", info.object())
        .object())
}

fn before_or_at(one: &(Sort, i64), place: &(Sort, i64), reverse: bool, at: bool) -> bool {
    let before = if reverse { one > place } else { one < place };
    before || (at && one == place)
}

fn encode(element: &Element) -> String {
    let cursor = Cursor { last_id: element.id, last_value: element.sort.clone() };
    STANDARD.encode(serde_json::to_string(&cursor).unwrap_or_default())
}

fn decode(cursor: &str) -> Result<(Sort, i64), GraphqlError> {
    let invalid = || {
        GraphqlError::new(
            "BAD_REQUEST",
            format!("Invalid cursor for current pagination sort: {cursor}"),
        )
    };
    let bytes = STANDARD.decode(cursor).map_err(|_| invalid())?;
    let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
    Ok((cursor.last_value, cursor.last_id))
}

/// A `query:` argument, ready to be asked about objects.
#[derive(Debug)]
pub struct Query {
    search: Search,
    visible_until: Option<Timestamp>,
}

impl Query {
    /// Reads the argument. With an index lag, a search does not see what changed lately.
    ///
    /// # Errors
    /// When the search is malformed.
    pub fn read(front: &Front<'_>, arguments: &Arguments) -> Result<Self, GraphqlError> {
        let search = Search::parse(text(arguments, "query").unwrap_or_default())
            .map_err(|error| GraphqlError::new("BAD_REQUEST", error.to_string()))?;
        let lag = Duration::from_secs(front.shop.settings.index_lag_seconds);
        let visible_until = match &search {
            Search::All => None,
            _ if lag.is_zero() => None,
            _ => front.now.checked_sub(lag).ok(),
        };
        Ok(Self { search, visible_until })
    }

    /// True when an object that last changed at `updated_at` is found.
    ///
    /// # Errors
    /// When a verdict about a term fails.
    pub fn finds(
        &self,
        updated_at: Timestamp,
        mut term: impl FnMut(&Term) -> Result<bool, GraphqlError>,
    ) -> Result<bool, GraphqlError> {
        let visible = self.visible_until.is_none_or(|until| updated_at <= until);
        Ok(visible && self.search.holds(&mut term)?)
    }
}

/// A field that Shopify can search by and this stand-in cannot.
#[must_use]
pub fn unknown_field(kind: &str, field: &str) -> GraphqlError {
    GraphqlError::not_implemented(&format!("the search of {kind} by '{field}'"))
}

/// A sort key that this stand-in does not have.
#[must_use]
pub fn unknown_sort(kind: &str, key: &str) -> GraphqlError {
    GraphqlError::not_implemented(&format!("sorting {kind} by {key}"))
}
