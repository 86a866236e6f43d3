//! What every broker behind the ports promises, checked on a real nats-server and on its
//! in-memory twin.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test")]

#[path = "../support/mod.rs"]
mod support;

mod buckets;
mod messages;
mod questions;

use async_trait::async_trait;
use lockstep_bus::NatsBus;
use lockstep_ports::{Ask, Bus, ErrorKind, Kv, ObjectStore, PortError};
use lockstep_testkit::bus::MemoryBus;
use support::nats;

/// A broker whose acknowledgement wait a test can let pass.
#[async_trait]
trait Broker: Bus + Ask + Kv + ObjectStore + Clone {
    fn let_ack_wait_pass(&self);
}

impl Broker for NatsBus {
    /// It passes by itself, soon.
    fn let_ack_wait_pass(&self) {}
}

impl Broker for MemoryBus {
    fn let_ack_wait_pass(&self) {
        self.redeliver();
    }
}

macro_rules! on_both {
    ($($area:ident::$case:ident),+ $(,)?) => {
        mod on_nats {
            $(#[tokio::test]
            async fn $case() {
                let (_server, bus) = super::nats().await;
                super::$area::$case(bus).await;
            })+
        }
        mod in_memory {
            $(#[tokio::test]
            async fn $case() {
                super::$area::$case(super::MemoryBus::new()).await;
            })+
        }
    };
}

on_both!(
    messages::a_batch_is_taken_whole_and_in_order,
    messages::a_batch_with_one_bad_message_leaves_nothing,
    messages::a_pull_takes_what_is_there_and_waits_only_for_the_first,
    messages::what_is_not_acknowledged_comes_again,
    messages::filters_choose_and_only_widen,
    messages::a_new_consumer_starts_after_the_place_given,
    messages::a_consumer_that_is_ahead_goes_back,
    messages::a_consumer_that_is_not_ahead_stays,
    messages::going_back_loses_nothing_that_waits,
    messages::a_consumer_shares_its_messages,
    questions::questions_are_answered,
    questions::a_silent_service_is_transient,
    buckets::a_value_is_written_only_over_the_expected_revision,
    buckets::a_deleted_key_can_be_made_again,
    buckets::keys_are_listed_by_prefix,
    buckets::history_tells_the_versions,
    buckets::a_watcher_sees_what_is_and_what_comes,
    buckets::bad_keys_and_missing_buckets_are_permanent,
    buckets::objects_are_kept_and_replaced,
);

fn kind<T: std::fmt::Debug>(result: Result<T, PortError>) -> ErrorKind {
    result.expect_err("it is refused").kind
}
