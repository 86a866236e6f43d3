//! Streams and consumers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lockstep_contracts::Stream;
use lockstep_ports::{Checkpoint, ConsumerSpec, Delivered, ErrorKind, PortError};

use super::{Broker, Disk, eventually, kind};
use crate::support::{PLENTY, bodies, consumer, message, messages};

const AT_ONCE: Duration = Duration::ZERO;

/// The server counts acknowledgements in its own time.
async fn lags(bus: &impl Broker, spec: &ConsumerSpec, count: u64) {
    eventually(&format!("{count} unacknowledged"), async || {
        bus.lag(spec).await.is_ok_and(|lag| lag == count)
    })
    .await;
}

pub async fn a_batch_is_taken_whole_and_in_order(bus: impl Broker) {
    assert!(bus.publish(Vec::new()).await.expect("nothing").is_empty());
    let one = bus.publish(vec![message("north", "0")]).await.expect("one");
    let many = bus.publish(messages("north", 1..1_000)).await.expect("many");
    assert_eq!(one.len() + many.len(), 1_000);
    let last = bus.publish(messages("north", 1_000..1_002)).await.expect("two");
    assert_eq!(last.iter().map(|ack| ack.sequence).collect::<Vec<_>>(), [1_001, 1_002]);

    let mut seen = Vec::new();
    while seen.len() < 1_002 {
        let delivered = bus.pull(&consumer("all", &[]), 0, 400, PLENTY).await.expect("pulled");
        assert!(!delivered.is_empty());
        for message in &delivered {
            let id = ("ce-id".to_owned(), String::from_utf8_lossy(&message.body).into_owned());
            assert!(message.headers.contains(&id), "headers travel: {:?}", message.headers);
            assert_eq!((message.attempt, message.stream), (1, Stream::Stock));
        }
        bus.ack(&delivered).await.expect("acknowledged");
        seen.extend(delivered);
    }
    assert_eq!(sequences(&seen), (1..=1_002).collect::<Vec<u64>>());
    let expected: Vec<String> = (0..1_002).map(|n| n.to_string()).collect();
    assert_eq!(bodies(&seen), expected);
}

pub async fn a_batch_with_one_bad_message_leaves_nothing(bus: impl Broker) {
    let mut two_streams = messages("north", 0..3);
    two_streams[1].stream = Stream::Catalog;
    let mut foreign = messages("north", 0..3);
    foreign[1].subject = "weather.v1.north".to_owned();
    let mut large = messages("north", 0..3);
    large[2].body = Bytes::from(vec![0; 1024 * 1024 + 1]);
    let mut strays = messages("north", 0..1);
    strays[0].subject = "catalog.v1.north.0.link_made".to_owned();
    let cases = [
        ("two streams", two_streams, ErrorKind::Permanent),
        ("too large", large, ErrorKind::Permanent),
        ("too many", messages("north", 0..1_001), ErrorKind::Permanent),
        // The message is sound and the set-up is not: it goes when a person has mended that.
        ("a subject of no stream", foreign, ErrorKind::Transient),
        ("a subject of another stream, alone", strays, ErrorKind::Transient),
    ];
    for (name, batch, expected) in cases {
        assert_eq!(kind(bus.publish(batch).await), expected, "{name}");
    }
    let next = bus.publish(vec![message("north", "good")]).await.expect("good");
    assert_eq!(next[0].sequence, 1, "nothing of the refused batches was taken");
}

pub async fn a_pull_takes_what_is_there_and_waits_only_for_the_first(bus: impl Broker) {
    let spec = consumer("waiting", &["north"]);
    assert!(bus.pull(&spec, 0, 10, AT_ONCE).await.expect("nothing").is_empty());
    bus.publish(messages("north", 0..3)).await.expect("published");
    let start = tokio::time::Instant::now();
    let there = bus.pull(&spec, 0, 100, PLENTY).await.expect("pulled");
    assert_eq!(bodies(&there), ["0", "1", "2"]);
    assert!(start.elapsed() < PLENTY, "it does not wait for a full batch");
    bus.ack(&there).await.expect("acknowledged");

    let (pulled, published) =
        tokio::join!(bus.pull(&spec, 0, 100, PLENTY), bus.publish(vec![message("north", "3")]));
    published.expect("published");
    assert_eq!(bodies(&pulled.expect("pulled")), ["3"]);
    assert!(start.elapsed() < PLENTY);
}

pub async fn what_is_not_acknowledged_comes_again(bus: impl Broker) {
    let spec = consumer("again", &["north"]);
    bus.publish(messages("north", 0..3)).await.expect("published");
    let first = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    bus.ack(&first[1..2]).await.expect("acknowledged");
    lags(&bus, &spec, 2).await;
    bus.let_ack_wait_pass();
    let mut again = Vec::new();
    while again.len() < 2 {
        again.extend(bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled"));
    }
    assert_eq!(bodies(&again), ["0", "2"]);
    assert!(again.iter().all(|message| message.attempt == 2));
    bus.ack(&again).await.expect("acknowledged");
    bus.publish(vec![message("north", "3")]).await.expect("published");
    assert_eq!(bodies(&bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled")), ["3"]);
    lags(&bus, &spec, 1).await;
}

pub async fn filters_choose_and_only_widen(bus: impl Broker) {
    for store in ["north", "south", "west"] {
        bus.publish(messages(store, 0..1)).await.expect("published");
    }
    let pull = async |stores: &[&str]| {
        let delivered = bus.pull(&consumer("some", stores), 0, 10, PLENTY).await.expect("pulled");
        bus.ack(&delivered).await.expect("acknowledged");
        delivered.into_iter().map(|message| message.subject).collect::<Vec<_>>()
    };
    assert_eq!(pull(&["north"]).await, ["stock.v1.north.0.pushed"]);
    for store in ["north", "south", "west"] {
        bus.publish(messages(store, 1..2)).await.expect("published");
    }
    let wider = pull(&["south"]).await;
    assert!(wider.contains(&"stock.v1.south.0.pushed".to_owned()), "{wider:?}");
    assert!(wider.contains(&"stock.v1.north.0.pushed".to_owned()), "not narrowed: {wider:?}");
    bus.publish(messages("west", 2..3)).await.expect("published");
    let all = pull(&[]).await;
    assert!(all.contains(&"stock.v1.west.0.pushed".to_owned()), "{all:?}");
}

pub async fn a_new_consumer_starts_around_the_place_given(bus: impl Broker) {
    bus.publish(messages("north", 0..3)).await.expect("published");
    bus.let_an_overlap_pass().await;
    bus.publish(messages("north", 3..5)).await.expect("published");
    let spec = consumer("late", &["north"]);
    // The others may have been open when it was lost.
    let delivered = bus.pull(&spec, 5, 10, PLENTY).await.expect("pulled");
    assert_eq!(bodies(&delivered), ["3", "4"]);
    bus.ack(&delivered).await.expect("acknowledged");
    // The place counts only when the consumer is made.
    assert!(bus.pull(&spec, 0, 10, AT_ONCE).await.expect("pulled").is_empty());
    for (place, expected) in [(3, 5), (2, 5), (0, 5), (4, 2)] {
        let spec = consumer(&format!("from{place}"), &["north"]);
        let delivered = bus.pull(&spec, place, 10, PLENTY).await.expect("pulled");
        assert_eq!(delivered.len(), expected, "{place}");
    }
}

pub async fn a_consumer_that_is_ahead_goes_back(bus: impl Broker) {
    bus.publish(messages("north", 0..2)).await.expect("published");
    bus.let_an_overlap_pass().await;
    bus.publish(messages("north", 2..5)).await.expect("published");
    let spec = consumer("restored", &["north"]);
    bus.rewind(&spec, &Committed::at(3)).await.expect("there is no consumer to go back");
    let delivered = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    assert_eq!(delivered.len(), 5);
    bus.ack(&delivered).await.expect("acknowledged");
    lags(&bus, &spec, 0).await;
    let restored = Committed::at(4);
    bus.rewind(&spec, &restored).await.expect("rewound");
    let again = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    assert_eq!(bodies(&again), ["2", "3", "4"]);
    bus.ack(&again).await.expect("acknowledged");
    lags(&bus, &spec, 0).await;
    bus.rewind(&spec, &Committed::at(0)).await.expect("rewound further");
    assert_eq!(bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled").len(), 5);
    assert_eq!(restored.place(), 4, "only a stream that is shorter sets a checkpoint down");
}

/// Another replica commits and acknowledges while this one looks: nothing is made again.
pub async fn a_checkpoint_that_moves_on_disturbs_nothing(bus: impl Broker) {
    bus.publish(messages("north", 0..5)).await.expect("published");
    let spec = consumer("busy", &["north"]);
    let delivered = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    bus.ack(&delivered).await.expect("acknowledged");
    lags(&bus, &spec, 0).await;
    let moving = Committed::moving(2, 5);
    bus.rewind(&spec, &moving).await.expect("looked");
    assert!(bus.pull(&spec, 0, 10, AT_ONCE).await.expect("pulled").is_empty());
}

/// The broker's disk is lost or an older copy: what comes now has sequences that were processed.
pub async fn what_comes_after_a_loss_is_delivered(bus: impl Broker, disk: impl Disk) {
    bus.publish(messages("north", 0..5)).await.expect("published");
    let (spec, late) = (consumer("lost", &["north"]), consumer("later", &["north"]));
    let delivered = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    bus.ack(&delivered).await.expect("acknowledged");
    let _disk = disk.lose().await;
    eventually("it can be published", async || {
        let log = bus.publish(vec![message("north", "new")]).await;
        log.is_ok_and(|acks| acks[0].sequence == 1)
    })
    .await;

    let committed = Committed::at(5);
    eventually("a pull tells that the stream is shorter", async || {
        let pulled = bus.pull(&spec, 5, 10, AT_ONCE).await;
        pulled.is_err_and(|error| error.what.contains("the stream ends at 1, before 5"))
    })
    .await;
    bus.rewind(&spec, &committed).await.expect("they agree again");
    assert_eq!(committed.place(), 0);
    let delivered = bus.pull(&spec, committed.place(), 10, PLENTY).await.expect("pulled");
    assert_eq!(bodies(&delivered), ["new"]);
    bus.ack(&delivered).await.expect("acknowledged");
    lags(&bus, &spec, 0).await;

    // A consumer that stands within the shorter stream goes on: its checkpoint comes down to it.
    let committed = Committed::at(5);
    bus.rewind(&spec, &committed).await.expect("they agree again");
    assert_eq!(committed.place(), 1);
    bus.publish(vec![message("north", "newer")]).await.expect("published");
    let delivered = bus.pull(&spec, committed.place(), 10, PLENTY).await.expect("pulled");
    assert_eq!(bodies(&delivered), ["newer"]);

    let committed = Committed::at(5);
    bus.rewind(&late, &committed).await.expect("they agree again");
    let delivered = bus.pull(&late, committed.place(), 10, PLENTY).await.expect("pulled");
    assert_eq!(bodies(&delivered), ["new", "newer"]);
}

pub async fn a_consumer_that_is_not_ahead_stays(bus: impl Broker) {
    bus.publish(messages("north", 0..5)).await.expect("published");
    let spec = consumer("crashed", &["north"]);
    let delivered = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    bus.ack(&delivered[..2]).await.expect("acknowledged");
    lags(&bus, &spec, 3).await;
    bus.rewind(&spec, &Committed::at(5)).await.expect("nothing to do");
    bus.rewind(&spec, &Committed::at(2)).await.expect("nothing to do");
    lags(&bus, &spec, 3).await;
    assert!(bus.pull(&spec, 0, 10, AT_ONCE).await.expect("pulled").is_empty());
}

pub async fn going_back_loses_nothing_that_waits(bus: impl Broker) {
    bus.publish(messages("north", 0..5)).await.expect("published");
    let spec = consumer("waits", &["north"]);
    let delivered = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    // The second waits for something; the others are done, beyond what the database holds.
    let done: Vec<_> = [0, 2, 3, 4].iter().map(|index| delivered[*index].clone()).collect();
    bus.ack(&done).await.expect("acknowledged");
    lags(&bus, &spec, 1).await;
    bus.rewind(&spec, &Committed::at(3)).await.expect("rewound");
    let again = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    assert_eq!(bodies(&again), ["1", "2", "3", "4"]);
}

pub async fn a_consumer_shares_its_messages(bus: impl Broker) {
    bus.publish(messages("north", 0..10)).await.expect("published");
    let spec = consumer("shared", &["north"]);
    let mut one = bus.pull(&spec, 0, 5, PLENTY).await.expect("pulled");
    let other = bus.pull(&spec, 0, 5, PLENTY).await.expect("pulled");
    one.extend(other);
    assert_eq!(sequences(&one), (1..=10).collect::<Vec<u64>>());
}

fn sequences(delivered: &[Delivered]) -> Vec<u64> {
    delivered.iter().map(|message| message.sequence).collect()
}

/// A checkpoint without a database.
struct Committed {
    place: AtomicU64,
    /// Added at each look, as if another replica went on.
    step: u64,
}

impl Committed {
    fn at(place: u64) -> Self {
        Self { place: AtomicU64::new(place), step: 0 }
    }

    /// Stands at `first` at the first look, and at `then` afterwards.
    fn moving(first: u64, then: u64) -> Self {
        Self { place: AtomicU64::new(first), step: then - first }
    }

    fn place(&self) -> u64 {
        self.place.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Checkpoint for Committed {
    async fn read(&self) -> Result<u64, PortError> {
        Ok(self.place.fetch_add(self.step, Ordering::SeqCst))
    }

    async fn lower(&self, sequence: u64) -> Result<(), PortError> {
        self.place.store(sequence, Ordering::SeqCst);
        Ok(())
    }
}
