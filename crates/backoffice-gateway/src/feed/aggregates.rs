//! How the aggregates of the feed are stored.

use lockstep_domain::feed::{Feed, FeedCursor, FeedPart};
use lockstep_domain::ids::{BackOfficeId, OrderKey, WarehouseCode};
use lockstep_runtime::Aggregate;

/// A feed, by its back office. Sorts before the others, so that it is locked first.
pub struct FeedKind;

impl Aggregate for FeedKind {
    type Decider = Feed;
    const KIND: &'static str = "feed";
}

/// How far it was read, by its back office.
pub struct CursorKind;

impl Aggregate for CursorKind {
    type Decider = FeedCursor;
    const KIND: &'static str = "feed_cursor";
}

/// The newest revision in a feed of an order's part, by [`part_id`].
pub struct PartKind;

impl Aggregate for PartKind {
    type Decider = FeedPart;
    const KIND: &'static str = "feed_part";
}

/// `{backoffice}/{order key}/{warehouse code}`.
pub fn part_id(backoffice: &BackOfficeId, order: &OrderKey, warehouse: &WarehouseCode) -> String {
    format!("{backoffice}/{order}/{warehouse}")
}
