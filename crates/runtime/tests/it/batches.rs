//! A batch becomes one transaction; doubles are removed, poison leaves, the rest goes on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lockstep_contracts::Stream;
use lockstep_contracts::backoffice::v1::{CountReported, MovementReported};
use lockstep_contracts::operations::v1::{
    CloseDeadLetterRequest, CloseOutcome, ListDeadLettersRequest,
};
use lockstep_ports::{AggregateKey, ConsumerSpec, ErrorKind, SaveState, Store};
use lockstep_runtime::processor::{BatchOutcome, process_batch};
use lockstep_runtime::{
    Aggregate, Directory, Evolver, Inbound, Origin, Processor, Published, SettingsChange, Stop,
    Work, dead_letters,
};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::counter::{CounterKind, Counting, World, consumer, movement, world};

#[tokio::test]
async fn a_batch_is_decided_published_and_remembered() {
    let world = world();
    let batch =
        world.deliver(vec![movement("1", "A", "5", ""), movement("2", "A", "-2", "")]).await;
    let outcome =
        process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    assert_eq!(outcome, BatchOutcome { decided: 2, doubles: 0, dead: 0 });
    assert_eq!(world.counter("A").await.sum, 3);
    assert_eq!(world.bus.published(Stream::Stock).len(), 2);
    assert_eq!(world.store.checkpoint(&consumer().durable).await.unwrap(), Some(2));
    assert_eq!(world.store.events(0, 10).await.unwrap().len(), 2);
    assert!(world.store.unpublished(jiff::Timestamp::MAX, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_second_delivery_changes_nothing() {
    let world = world();
    let batch = world.deliver(vec![movement("1", "A", "5", "")]).await;
    let name = consumer().durable;
    process_batch(&world.engine, &Counting, &name, &batch).await.unwrap();
    let again = process_batch(&world.engine, &Counting, &name, &batch).await.unwrap();
    assert_eq!(again, BatchOutcome { decided: 0, doubles: 1, dead: 0 });
    let twice_in_one: Vec<_> = batch.iter().chain(&batch).cloned().collect();
    let again = process_batch(&world.engine, &Counting, &name, &twice_in_one).await.unwrap();
    assert_eq!(again, BatchOutcome { decided: 0, doubles: 2, dead: 0 });
    assert_eq!(world.counter("A").await.sum, 5);
    assert_eq!(world.bus.published(Stream::Stock).len(), 1);
}

#[tokio::test]
async fn poison_becomes_a_dead_letter_and_its_neighbours_go_on() {
    let world = world();
    let messages = vec![
        movement("1", "A", "5", ""),
        movement("2", "A", "many", ""),
        movement("3", "A", "13", ""),
        movement("4", "A", "1", ""),
    ];
    let batch = world.deliver(messages).await;
    let outcome =
        process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    assert_eq!(outcome, BatchOutcome { decided: 2, doubles: 0, dead: 2 });
    assert_eq!(world.counter("A").await.sum, 6);
    let letters = world.store.dead_letters(false, None, 10).await.unwrap();
    let mut reasons: Vec<_> = letters.iter().map(|l| l.reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["13 is not counted", "quantity: invalid digit found in string"]);
    assert_eq!(world.bus.published(Stream::Dead).len(), 2);
    let request = ListDeadLettersRequest { limit: 10, ..Default::default() };
    assert_eq!(dead_letters::list(&world.engine, &request).await.unwrap().letters.len(), 2);
}

#[tokio::test]
async fn content_that_the_store_refuses_is_found_by_halving() {
    let world = world();
    let mut messages: Vec<_> =
        (0..9).map(|n| movement(&format!("m{n}"), "A", "1", "fine")).collect();
    messages.insert(5, movement("bad", "A", "1", "a NUL \0 in the text"));
    let batch = world.deliver(messages).await;
    let outcome =
        process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    assert_eq!(outcome, BatchOutcome { decided: 9, doubles: 0, dead: 1 });
    assert_eq!(world.counter("A").await.sum, 9);
    let letters = world.store.dead_letters(false, None, 10).await.unwrap();
    assert_eq!(letters[0].message_id, "bad");
    assert_eq!(world.store.checkpoint(&consumer().durable).await.unwrap(), Some(10));
}

#[tokio::test]
async fn a_letter_that_fails_again_stays_open_and_a_dismissed_one_closes() {
    let world = world();
    let batch = world.deliver(vec![movement("1", "A", "many", "")]).await;
    process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    let id = world.store.dead_letters(false, None, 1).await.unwrap()[0].id.to_string();
    let retry = CloseDeadLetterRequest { id: id.clone(), retry: true };
    let answer = dead_letters::close(&world.engine, Some(&Counting), &retry).await.unwrap();
    assert_eq!(answer.outcome(), CloseOutcome::FailedAgain);
    assert!(answer.reason.contains("quantity"));
    assert_eq!(world.store.dead_letters(false, None, 1).await.unwrap()[0].attempts, 2);
    let dismiss = CloseDeadLetterRequest { id: id.clone(), retry: false };
    let answer = dead_letters::close(&world.engine, Some(&Counting), &dismiss).await.unwrap();
    assert_eq!(answer.outcome(), CloseOutcome::Closed);
    let answer = dead_letters::close(&world.engine, Some(&Counting), &dismiss).await.unwrap();
    assert_eq!(answer.outcome(), CloseOutcome::NotFound);
    let stranger = CloseDeadLetterRequest { id: "nonsense".to_owned(), retry: true };
    let answer = dead_letters::close(&world.engine, Some(&Counting), &stranger).await.unwrap();
    assert_eq!(answer.outcome(), CloseOutcome::NotFound);
}

#[tokio::test]
async fn what_the_broker_did_not_take_is_published_by_the_sweep() {
    let world = world();
    let batch = world.deliver(vec![movement("1", "A", "5", "")]).await;
    world.bus.with_faults(|faults| faults.is_away = true);
    process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    assert_eq!(world.counter("A").await.sum, 5);
    assert!(!world.engine.publish_leftovers().await.unwrap());
    world.bus.with_faults(|faults| faults.is_away = false);
    assert!(world.engine.publish_leftovers().await.unwrap());
    assert_eq!(world.bus.published(Stream::Stock).len(), 1);
    assert!(world.store.unpublished(jiff::Timestamp::MAX, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_inbox_tells_new_from_known_and_by_which_content() {
    let world = world();
    let ids = |digest: &[u8]| vec![("wms:1".to_owned(), digest.to_vec())];
    let run = |ids: Vec<(String, Vec<u8>)>| {
        let engine = world.engine.clone();
        async move {
            let decide =
                |_: &mut lockstep_runtime::Work<'_>, seen: &[Option<Vec<u8>>]| Ok(seen.to_vec());
            engine.transact_inbox(ids, Origin::new("test", None), &[], decide).await.unwrap()
        }
    };
    assert_eq!(run(ids(b"a")).await, (vec![None], Published::All));
    assert_eq!(run(ids(b"a")).await.0, vec![Some(b"a".to_vec())]);
    assert_eq!(run(ids(b"b")).await.0, vec![Some(b"a".to_vec())]);
}

/// Writes the state of `A` as it stands in the database, whoever can read it.
async fn store_state(world: &World, state: serde_json::Value) {
    let state = serde_json::value::to_raw_value(&state).unwrap();
    let mut tx = world.store.begin().await.unwrap();
    tx.save(&[SaveState { key: CounterKind::key("A"), version: 0, state }]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_state_of_a_later_version_stops_the_work_and_buries_nothing() {
    let world = world();
    store_state(&world, serde_json::json!({"sum": "five", "texts": []})).await;
    let batch = world.deliver(vec![movement("1", "A", "5", ""), movement("2", "B", "7", "")]).await;
    let name = consumer().durable;
    let stopped = process_batch(&world.engine, &Counting, &name, &batch).await.unwrap_err();
    assert_eq!(stopped.kind, ErrorKind::Transient);
    assert!(stopped.chain().contains("later version"), "{}", stopped.chain());
    assert!(world.store.dead_letters(true, None, 10).await.unwrap().is_empty());
    assert_eq!(world.store.checkpoint(&name).await.unwrap(), None, "it comes again");

    store_state(&world, serde_json::json!({"sum": 0, "texts": []})).await;
    let outcome = process_batch(&world.engine, &Counting, &name, &batch).await.unwrap();
    assert_eq!(outcome, BatchOutcome { decided: 2, doubles: 0, dead: 0 });
    assert_eq!(world.counter("A").await.sum, 5);
}

/// Counts, and says that `B` stands behind every message.
struct WithBehind;

impl Processor for WithBehind {
    fn consumers(&self, directory: &Directory) -> Vec<ConsumerSpec> {
        Counting.consumers(directory)
    }

    fn keys(&self, message: &Inbound) -> Vec<AggregateKey> {
        Counting.keys(message)
    }

    fn behind(
        &self,
        messages: &[&Inbound],
        work: &mut Work<'_>,
    ) -> Result<Vec<AggregateKey>, Stop> {
        work.state::<CounterKind>("A")?;
        Ok(messages.iter().map(|_| CounterKind::key("B")).collect())
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        if work.want(&[CounterKind::key("B")]).is_err() {
            return Err(Stop::Poison("B is not loaded".to_owned()));
        }
        Counting.apply(message, work)
    }

    fn adopt(&self, change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
        Counting.adopt(change, work)
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        Counting.evolvers()
    }
}

#[tokio::test]
async fn what_stands_behind_a_batch_is_loaded_before_its_first_message() {
    let world = world();
    let batch = world.deliver(vec![movement("1", "A", "5", ""), movement("2", "A", "7", "")]).await;
    let name = consumer().durable;
    let outcome = process_batch(&world.engine, &WithBehind, &name, &batch).await.unwrap();
    assert_eq!(outcome, BatchOutcome { decided: 2, doubles: 0, dead: 0 });
}

/// Counts, and remembers which decoded messages it was shown for their keys and to decide.
#[derive(Default)]
struct Remembering {
    shown: Mutex<Vec<Arc<MovementReported>>>,
}

impl Processor for Remembering {
    fn consumers(&self, directory: &Directory) -> Vec<ConsumerSpec> {
        Counting.consumers(directory)
    }

    fn keys(&self, message: &Inbound) -> Vec<AggregateKey> {
        self.shown.lock().unwrap().push(message.read().unwrap());
        Vec::new()
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        self.shown.lock().unwrap().push(message.read()?);
        Counting.apply(message, work)
    }

    fn adopt(&self, change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
        Counting.adopt(change, work)
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        Counting.evolvers()
    }
}

#[tokio::test]
async fn a_message_is_decoded_once() {
    let world = world();
    let batch = world.deliver(vec![movement("1", "A", "5", "")]).await;
    let (name, processor) = (consumer().durable, Remembering::default());
    process_batch(&world.engine, &processor, &name, &batch).await.unwrap();
    let shown = processor.shown.lock().unwrap();
    // The decision ran again, since what it needed was not loaded.
    assert!(shown.len() > 2, "{shown:?}");
    assert!(shown.iter().all(|event| Arc::ptr_eq(event, &shown[0])));
    let message = Inbound::try_new(&batch[0]).unwrap();
    assert!(message.read::<CountReported>().is_err(), "it is of another type");
    assert!(message.read::<MovementReported>().is_ok());
    assert!(message.read::<CountReported>().is_err());
}

/// Counts the spans of messages.
struct Spans(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Spans {
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        if attributes.metadata().name() == "consume" {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn where_no_trace_is_exported_a_message_has_no_span() {
    let spans = Arc::new(AtomicUsize::new(0));
    let told = tracing_subscriber::registry()
        .with(tracing_subscriber::filter::LevelFilter::INFO)
        .with(Spans(spans.clone()));
    let _told = tracing::subscriber::set_default(told);
    let world = world();
    let batch = world.deliver(vec![movement("1", "A", "5", ""), movement("2", "A", "7", "")]).await;
    process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    assert_eq!(world.counter("A").await.sum, 12);
    assert_eq!(spans.load(Ordering::SeqCst), 0);
}
