//! What every broker behind the ports promises, checked on a real nats-server and on its
//! in-memory twin.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test")]

#[path = "../support/mod.rs"]
mod support;

mod buckets;
mod messages;
mod questions;

use jiff::{SignedDuration, Timestamp};
use lockstep_bus::{NatsBus, Topology};
use lockstep_ports::{Ask, Bus, ErrorKind, Kv, ObjectStore, PortError};
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::nats::{TestNats, eventually};
use support::{OVERLAP, connect, nats};
use tokio::time::Instant;

/// A broker whose times a test can let pass.
trait Broker: Bus + Ask + Kv + ObjectStore + Clone {
    fn let_ack_wait_pass(&self);
    /// A consumer that is made again begins behind what was published before.
    async fn let_an_overlap_pass(&self);
}

impl Broker for NatsBus {
    /// It passes by itself, soon.
    fn let_ack_wait_pass(&self) {}

    async fn let_an_overlap_pass(&self) {
        let start = Instant::now();
        eventually("an overlap has passed", async || start.elapsed() > 2 * OVERLAP).await;
    }
}

impl Broker for MemoryBus {
    fn let_ack_wait_pass(&self) {
        self.redeliver();
    }

    async fn let_an_overlap_pass(&self) {
        self.set_time(Timestamp::UNIX_EPOCH + SignedDuration::from_mins(61));
    }
}

/// What a broker stands on, for a test to lose; what it gives must live on.
trait Disk: Send + Sized {
    /// Empties it: the broker stands there as on its first day.
    async fn lose(self) -> Self;
}

impl Disk for TestNats {
    async fn lose(self) -> Self {
        let stopped = self.kill().await.expect("killed");
        stopped.lose_data().expect("its data is gone");
        let server = stopped.restart().await.expect("restarted");
        let bus = connect(&server).await;
        bus.apply(&Topology::new(1)).await.expect("the topology is applied");
        server
    }
}

impl Disk for MemoryBus {
    async fn lose(self) -> Self {
        self.lose_everything();
        self
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

/// As `on_both`, for cases that lose what the broker stands on.
macro_rules! on_both_disks {
    ($($area:ident::$case:ident),+ $(,)?) => {
        mod with_a_server {
            $(#[tokio::test]
            async fn $case() {
                let (server, bus) = super::nats().await;
                super::$area::$case(bus, server).await;
            })+
        }
        mod without_a_server {
            $(#[tokio::test]
            async fn $case() {
                let bus = super::MemoryBus::new();
                super::$area::$case(bus.clone(), bus).await;
            })+
        }
    };
}

on_both_disks!(
    messages::what_comes_after_a_loss_is_delivered,
    buckets::a_watcher_sees_what_comes_after_a_loss,
);

on_both!(
    messages::a_batch_is_taken_whole_and_in_order,
    messages::a_batch_with_one_bad_message_leaves_nothing,
    messages::a_pull_takes_what_is_there_and_waits_only_for_the_first,
    messages::what_is_not_acknowledged_comes_again,
    messages::filters_choose_and_only_widen,
    messages::a_new_consumer_starts_around_the_place_given,
    messages::a_consumer_that_is_ahead_goes_back,
    messages::a_checkpoint_that_moves_on_disturbs_nothing,
    messages::a_consumer_that_is_not_ahead_stays,
    messages::going_back_loses_nothing_that_waits,
    messages::a_consumer_shares_its_messages,
    questions::questions_are_answered,
    questions::a_silent_service_is_transient,
    buckets::a_value_is_written_only_over_the_expected_revision,
    buckets::a_deleted_key_can_be_made_again,
    buckets::a_key_is_removed_only_at_the_expected_revision,
    buckets::keys_are_listed_by_prefix,
    buckets::history_tells_the_versions,
    buckets::the_newest_versions_of_many_keys_are_read,
    buckets::a_watcher_sees_what_is_and_what_comes,
    buckets::bad_keys_and_missing_buckets_are_permanent,
    buckets::objects_are_kept_and_replaced,
);

fn kind<T: std::fmt::Debug>(result: Result<T, PortError>) -> ErrorKind {
    result.expect_err("it is refused").kind
}
