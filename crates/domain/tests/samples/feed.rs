//! Samples of feeds.

use lockstep_domain::Decider;
use lockstep_domain::feed::{
    CursorEvent, Feed, FeedCursor, FeedEntry, FeedEvent, FeedPart, PartEvent, SealedContact,
};

use super::{at, id};

pub fn feed_events() -> Vec<FeedEvent> {
    let order = |contact| FeedEntry::Order {
        order: id("north:6120000000001"),
        warehouse: id("MAIN"),
        revision: 2,
        content: "ChNub3J0aDo2MTIwMDAwMDAwMDAxEAI=".to_owned(),
        contact,
    };
    let contact = SealedContact { key: "north.77".to_owned(), sealed: "c2VhbGVk".to_owned() };
    let refund = FeedEntry::Refund { order: id("north:6120000000001"), content: "CgE=".to_owned() };
    let verdict = FeedEntry::Verdict { event_id: "accept-17".to_owned(), content: String::new() };
    let entries = [order(Some(contact)), order(None), refund, verdict];
    let traced = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned();
    let traces = [None, None, None, Some(traced)];
    entries
        .into_iter()
        .zip(traces)
        .map(|(entry, trace)| FeedEvent::EntryAppended { entry, trace })
        .collect()
}

pub fn feed_state() -> Feed {
    Feed::evolve_all(Feed::default(), &feed_events())
}

pub fn feed_cursor_events() -> Vec<CursorEvent> {
    vec![CursorEvent::FeedAcknowledged { number: 3, at: at(5) }]
}

pub fn feed_cursor_state() -> FeedCursor {
    FeedCursor::evolve_all(FeedCursor::default(), &feed_cursor_events())
}

pub fn feed_part_events() -> Vec<PartEvent> {
    vec![PartEvent::PartNoted { revision: 2 }]
}

pub fn feed_part_state() -> FeedPart {
    FeedPart::evolve_all(FeedPart::default(), &feed_part_events())
}
