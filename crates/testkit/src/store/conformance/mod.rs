//! What every store promises, as tests that any store can run.
//!
//! `store_conformance!(open)` makes one test of each check; `open` is an async function that gives
//! a fresh store and whatever must live as long as it. A promise of the port that is not checked
//! here is not one that the in-memory store may be trusted to keep.

pub mod aggregates;
pub mod dead_letters;
pub mod effects;
pub mod events;
pub mod inbox;
pub mod leases;
pub mod outbox;
pub mod timers;
pub mod transactions;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Stream;
use lockstep_ports::{
    AggregateKey, ErrorKind, NewEvent, OutboxRow, Outgoing, PortError, SaveState, Snapshot,
};
use serde_json::Value;

use crate::json::{raw, value};

/// One test per promise of the port.
#[macro_export]
macro_rules! store_conformance {
    ($open:path) => {
        $crate::store_conformance! { $open =>
            transactions: nothing_remains_of_a_dropped_transaction,
            transactions: a_commit_shows_everything_at_once,
            transactions: a_failed_call_spoils_its_transaction,
            transactions: nothing_to_write_is_no_failure,
            transactions: a_thousand_of_each_fit_into_one_transaction,
            aggregates: loaded_states_come_in_the_order_asked,
            aggregates: a_transaction_sees_its_own_states,
            aggregates: no_update_is_lost,
            aggregates: one_aggregate_is_made_once,
            aggregates: locks_are_taken_in_order_whatever_the_order_asked,
            aggregates: those_who_wait_for_each_other_do_not_wait_for_ever,
            aggregates: a_peek_does_not_wait,
            aggregates: a_prefix_is_taken_literally,
            aggregates: a_scan_goes_on_after_the_last_id,
            aggregates: ids_contain_those_of_the_transaction,
            aggregates: dropped_states_are_replaced_in_one_step,
            aggregates: json_comes_back_as_it_was,
            aggregates: what_a_database_cannot_hold_is_permanent,
            events: a_version_that_exists_conflicts,
            events: the_later_of_two_writers_of_a_version_conflicts,
            events: events_keep_their_order,
            events: events_of_one_aggregate_are_read_above_a_version,
            events: a_late_commit_is_not_passed_by,
            inbox: a_double_shows_the_first_digest,
            inbox: doubles_in_one_call_are_seen,
            inbox: a_double_in_another_transaction_is_waited_for,
            inbox: pruning_forgets_what_is_older,
            inbox: a_checkpoint_never_goes_back,
            inbox: a_checkpoint_is_lowered_on_purpose_only,
            outbox: rows_wait_in_order_until_they_are_published,
            outbox: an_id_stands_once,
            outbox: only_published_rows_are_pruned,
            outbox: young_rows_are_left_alone,
            outbox: a_refused_row_blocks_nothing,
            outbox: refused_rows_wait_again,
            effects: an_effect_comes_back_as_it_was,
            effects: an_effect_is_free_when_its_lease_has_ended,
            effects: an_effect_is_held_at_the_attempt_that_was_seen,
            effects: an_outcome_belongs_to_its_attempt,
            effects: effects_are_taken_once_oldest_first,
            effects: an_effect_in_a_transaction_is_passed_over,
            effects: a_closed_effect_stays_closed,
            effects: effects_are_listed_by_state_oldest_first,
            effects: an_effect_that_asks_waits_for_a_person,
            effects: an_id_is_used_once,
            effects: only_closed_effects_are_pruned,
            timers: timers_come_back_as_they_were,
            timers: due_timers_come_longest_waiting_first,
            timers: a_loaded_timer_is_locked,
            timers: one_timer_is_made_once,
            timers: the_last_of_several_writes_stays,
            timers: lanes_tell_when_something_is_next,
            timers: timers_that_remember_nothing_are_pruned,
            timers: due_timers_are_found_by_how_their_key_begins,
            dead_letters: letters_come_newest_first,
            dead_letters: letters_are_read_in_pages,
            dead_letters: old_letters_are_pruned,
            dead_letters: a_letter_lives_until_it_is_closed,
            dead_letters: a_letter_is_closed_by_one_only,
            dead_letters: what_is_no_letter_is_refused,
            leases: a_lease_has_one_holder,
            leases: only_the_holder_gives_a_lease_back,
            leases: leases_are_found_by_the_beginning_of_their_names,
        }
    };
    ($open:path => $($module:ident: $check:ident,)+) => {
        $(
            #[tokio::test]
            async fn $check() -> Result<(), ::lockstep_ports::PortError> {
                let (store, _kept) = $open().await;
                $crate::store::conformance::$module::$check(&store).await
            }
        )+
    };
}

pub(crate) const NOW: Timestamp = Timestamp::constant(1_795_500_000, 123_456_000);

/// Ids that trip what takes them for a pattern, a quoted text or one byte per character.
pub(crate) const ODD_IDS: [&str; 8] =
    ["100%", "100_a", "100xa", "a\\b", "d'or \"x\"", "naïve/é", "snow ☃", "🧦/left"];

pub(crate) fn later(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

pub(crate) fn key(kind: &'static str, id: &str) -> AggregateKey {
    AggregateKey { kind, id: id.to_owned() }
}

/// A state as a test compares it: version and JSON.
pub(crate) fn seen(state: &Option<Snapshot>) -> Option<(u64, Value)> {
    state.as_ref().map(|state| (state.version, value(&state.state)))
}

pub(crate) fn event(key: &AggregateKey, version: u64, body: &Value) -> NewEvent {
    NewEvent {
        key: key.clone(),
        version,
        kind: "StockMoved".to_owned(),
        body: raw(body),
        at: NOW,
        cause: "wms:1".to_owned(),
    }
}

pub(crate) fn state(key: &AggregateKey, version: u64, state: &Value) -> SaveState {
    SaveState { key: key.clone(), version, state: raw(state) }
}

pub(crate) fn message(id: &str) -> OutboxRow {
    OutboxRow {
        message: Outgoing {
            stream: Stream::Stock,
            subject: format!("stock.v1.north.3.{id}"),
            headers: vec![
                ("ce-id".to_owned(), id.to_owned()),
                ("ce-subject".to_owned(), "pool/wms/🧦 \"1\"".to_owned()),
            ],
            body: Bytes::from_static(&[0, 255, 1]),
        },
        id: id.to_owned(),
    }
}

/// The kind of a failure; a success is none that a test expects.
pub(crate) fn kind<T>(answer: Result<T, PortError>) -> Option<ErrorKind> {
    answer.err().map(|error| error.kind)
}
