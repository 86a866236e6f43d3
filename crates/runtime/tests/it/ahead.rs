//! While a batch is decided the next one is pulled and the last one acknowledged; whatever fails or
//! stops meanwhile, nothing is lost and nothing counted twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use lockstep_contracts::Event;
use lockstep_contracts::backoffice::v1::MovementReported;
use lockstep_ports::{
    AggregateKey, Bus, Checkpoint, ConsumerSpec, Delivered, ErrorKind, Outgoing, PortError,
    PublishAck, Store, Tx,
};
use lockstep_runtime::consumer::Consumer;
use lockstep_runtime::{
    Aggregate, Directory, Evolver, Inbound, Lifecycle, Processor, SettingsChange, Stop, Work,
    scope_consumer,
};
use lockstep_testkit::MemoryStore;
use lockstep_testkit::bus::MemoryBus;
use tokio::sync::Semaphore;

use crate::counter::{CounterKind, Counting, World, consumer, engine, movement, until, world};

/// What a consumer asks for of which nothing is known, and what it asks for when more waits.
const FIRST: usize = 50;
const SHARE: usize = 500;

/// A broker that notes what is asked of it, and whose acknowledgements wait for the test.
struct Noting {
    memory: MemoryBus,
    /// How much each pull asked for.
    asked: Mutex<Vec<usize>>,
    /// Messages that pulls brought.
    pulled: AtomicUsize,
    /// Permits to acknowledge.
    gate: Semaphore,
    /// Acknowledgements that were begun, and those that are on their way.
    begun: AtomicUsize,
    on_their_way: AtomicUsize,
    most_at_once: AtomicUsize,
}

#[async_trait]
impl Bus for Noting {
    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<PublishAck>, PortError> {
        self.memory.publish(batch).await
    }

    async fn pull(
        &self,
        consumer: &ConsumerSpec,
        start_after: u64,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivered>, PortError> {
        self.asked.lock().unwrap().push(max);
        let delivered = self.memory.pull(consumer, start_after, max, wait).await?;
        self.pulled.fetch_add(delivered.len(), Ordering::SeqCst);
        Ok(delivered)
    }

    async fn ack(&self, messages: &[Delivered]) -> Result<(), PortError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let now = self.on_their_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        self.gate.acquire().await.expect("open").forget();
        self.on_their_way.fetch_sub(1, Ordering::SeqCst);
        self.memory.ack(messages).await
    }

    async fn rewind(
        &self,
        consumer: &ConsumerSpec,
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError> {
        self.memory.rewind(consumer, checkpoint).await
    }

    async fn lag(&self, consumer: &ConsumerSpec) -> Result<u64, PortError> {
        self.memory.lag(consumer).await
    }

    async fn is_ready(&self) -> bool {
        true
    }
}

/// A consumer over such a broker, with messages that wait.
struct Scene {
    world: World,
    bus: Arc<Noting>,
    life: Lifecycle,
    turns: Arc<Semaphore>,
    held: Arc<Semaphore>,
}

impl Scene {
    /// Nothing runs yet; so many acknowledgements may pass.
    async fn set(messages: usize, acknowledgements: usize) -> Self {
        let world = world();
        let bus = Arc::new(Noting {
            memory: world.bus.clone(),
            asked: Mutex::default(),
            pulled: AtomicUsize::default(),
            gate: Semaphore::new(acknowledgements),
            begun: AtomicUsize::default(),
            on_their_way: AtomicUsize::default(),
            most_at_once: AtomicUsize::default(),
        });
        let life = world.life();
        let (turns, held) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(2)));
        let scene = Self { world, bus, life, turns, held };
        scene.publish(0..messages).await;
        scene
    }

    async fn publish(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            let message = movement(&format!("m{number}"), "A", "1", "");
            self.world.bus.publish(vec![message]).await.unwrap();
        }
    }

    fn run(&self) {
        self.run_as(consumer(), Arc::new(Counting));
    }

    fn run_as(&self, spec: ConsumerSpec, processor: Arc<dyn Processor>) {
        let (store, clock) = (self.world.store.clone(), self.world.clock.clone());
        let consumer = Consumer {
            engine: engine(Arc::new(store), self.bus.clone(), Arc::new(clock), 3),
            pulse: self.life.pulse("consumer"),
            processor,
            spec,
            turns: self.turns.clone(),
            held: self.held.clone(),
            shutdown: self.life.shutdown.clone(),
        };
        self.life.tracker.spawn(consumer.run());
    }

    /// Keeps what is decided waiting for as long as this lives.
    async fn hold(&self) -> Box<dyn Tx> {
        let mut tx = self.world.store.begin().await.unwrap();
        tx.load(&[CounterKind::key("A")]).await.unwrap();
        tx
    }

    async fn has_pulled(&self, messages: usize) {
        until("it is pulled", || self.bus.pulled.load(Ordering::SeqCst) >= messages).await;
    }

    /// Waits until so many acknowledgements were begun.
    async fn acknowledges(&self, batches: usize) {
        let begun = || self.bus.begun.load(Ordering::SeqCst) >= batches;
        until("it is acknowledged", begun).await;
    }

    /// How far the database has come with a consumer.
    fn decided(&self, durable: &str) -> u64 {
        let checkpoint = futures_now(self.world.store.checkpoint(durable)).expect("in memory");
        checkpoint.unwrap().unwrap_or(0)
    }

    /// A pause of the consumer ends, and whatever comes next.
    async fn later(&self) {
        for _ in 0..10 {
            self.world.clock.advance(SignedDuration::from_secs(60));
            crate::counter::settle().await;
        }
    }

    /// Waits until nothing waits.
    async fn rests(&self) {
        let spec = consumer();
        let lag = || futures_now(self.world.bus.lag(&spec)).expect("in memory");
        until("all is acknowledged", || lag().is_ok_and(|lag| lag == 0)).await;
    }

    async fn has_ended_with(&self, sum: usize) {
        assert!(self.life.finish().await);
        let counted = self.world.counter("A").await;
        assert_eq!((counted.sum, counted.texts.len()), (i64::try_from(sum).unwrap(), sum));
        assert_eq!(self.world.bus.lag(&consumer()).await.unwrap(), 0, "all is acknowledged");
    }
}

#[tokio::test]
async fn the_next_batch_is_pulled_while_one_is_decided_and_finished_at_a_stop() {
    let scene = Scene::set(FIRST + 100, 100).await;
    let held = scene.hold().await;
    scene.run();
    scene.has_pulled(FIRST + 100).await;
    assert_eq!(scene.world.counter("A").await.sum, 0, "the first is not decided yet");
    scene.life.shutdown.cancel();
    drop(held);
    scene.has_ended_with(FIRST + 100).await;
}

#[tokio::test]
async fn no_more_than_one_batch_is_pulled_ahead() {
    let scene = Scene::set(4 * SHARE, 100).await;
    let held = scene.hold().await;
    scene.run();
    scene.has_pulled(FIRST + SHARE).await;
    crate::counter::settle().await;
    assert_eq!(scene.bus.pulled.load(Ordering::SeqCst), FIRST + SHARE);
    drop(held);
    scene.acknowledges(3).await;
    scene.life.shutdown.cancel();
    assert!(scene.life.finish().await);
}

#[tokio::test]
async fn the_next_batch_is_decided_while_one_is_acknowledged() {
    let scene = Scene::set(FIRST + 100, 0).await;
    scene.run();
    scene.acknowledges(1).await;
    let durable = consumer().durable;
    let decided = || scene.decided(&durable) == FIRST as u64 + 100;
    until("the second is decided", decided).await;
    assert_eq!(scene.bus.begun.load(Ordering::SeqCst), 1, "and waits for its own");
    scene.bus.gate.add_permits(2);
    scene.acknowledges(2).await;
    assert_eq!(scene.bus.most_at_once.load(Ordering::SeqCst), 1);
    scene.life.shutdown.cancel();
    scene.has_ended_with(FIRST + 100).await;
}

/// What a future gives that does not wait.
fn futures_now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn an_acknowledgement_that_fails_drops_nothing_that_was_pulled() {
    let scene = Scene::set(FIRST + 100, 100).await;
    let held = scene.hold().await;
    scene.run();
    scene.has_pulled(FIRST + 100).await;
    scene.world.bus.with_faults(|faults| faults.is_away = true);
    drop(held);
    let durable = consumer().durable;
    let decided = || scene.decided(&durable) == FIRST as u64 + 100;
    until("the second is decided though the broker is away", decided).await;
    crate::counter::settle().await;
    scene.world.bus.with_faults(|faults| faults.is_away = false);
    // What the broker does after a time.
    scene.world.bus.redeliver();
    scene.later().await;
    scene.rests().await;
    scene.life.shutdown.cancel();
    scene.has_ended_with(FIRST + 100).await;
}

/// A database that becomes an older copy between two batches, while no call of it fails: the first
/// is acknowledged and gone, and neither the second nor a third that is pulled may hide that.
#[tokio::test]
async fn a_database_that_silently_became_an_older_copy_gets_what_it_lost() {
    let all = FIRST + SHARE + 100;
    let scene = Scene::set(all, 100).await;
    let older = MemoryStore::default();
    let held = scene.hold().await;
    scene.run();
    scene.has_pulled(FIRST + SHARE).await;
    // The next turn is the test's, and the consumer waits for the one after.
    let next = scene.life.tracker.spawn(scene.turns.clone().acquire_owned());
    crate::counter::settle().await;
    drop(held);
    let turn = next.await.unwrap().unwrap();
    scene.acknowledges(1).await;
    crate::counter::settle().await;
    scene.world.store.fail_over_to(&older);
    drop(turn);
    crate::counter::settle().await;
    scene.later().await;
    scene.rests().await;
    scene.life.shutdown.cancel();
    scene.has_ended_with(all).await;
}

#[tokio::test]
async fn more_is_asked_for_while_much_waits() {
    let scene = Scene::set(12 * SHARE, 100).await;
    scene.run();
    scene.has_pulled(12 * SHARE).await;
    scene.rests().await;
    let asked = scene.bus.asked.lock().unwrap().clone();
    let grows = [FIRST, SHARE, SHARE, 2 * SHARE, 4 * SHARE, 4 * SHARE];
    assert_eq!(asked.get(..6), Some(&grows[..]), "{asked:?}");
    for number in 12 * SHARE..12 * SHARE + 2 {
        scene.publish(number..number + 1).await;
        scene.has_pulled(number + 1).await;
        scene.rests().await;
    }
    scene.life.shutdown.cancel();
    scene.has_ended_with(12 * SHARE + 2).await;
    let last = scene.bus.asked.lock().unwrap().last().copied();
    assert_eq!(last, Some(FIRST), "and less again when that is done");
}

#[tokio::test]
async fn less_is_asked_for_after_a_long_turn() {
    let scene = Scene::set(4 * SHARE, 100).await;
    let held = scene.hold().await;
    scene.run();
    scene.has_pulled(FIRST + SHARE).await;
    scene.world.clock.advance(SignedDuration::from_secs(2));
    drop(held);
    scene.rests().await;
    scene.life.shutdown.cancel();
    scene.has_ended_with(4 * SHARE).await;
    let asked = scene.bus.asked.lock().unwrap().clone();
    assert_eq!(asked.get(..3), Some(&[FIRST, SHARE, SHARE / 2][..]), "{asked:?}");
}

#[tokio::test]
async fn nothing_is_pulled_ahead_where_nothing_more_waits() {
    let scene = Scene::set(3, 100).await;
    let held = scene.hold().await;
    scene.run();
    scene.has_pulled(3).await;
    crate::counter::settle().await;
    assert_eq!(*scene.bus.asked.lock().unwrap(), [FIRST], "another replica may be idle");
    drop(held);
    scene.rests().await;
    scene.life.shutdown.cancel();
    scene.has_ended_with(3).await;
}

/// Each of many consumers of which much waits has decided a batch, and waits for its next turn.
#[tokio::test]
async fn a_service_holds_few_large_batches() {
    const CONSUMERS: usize = 20;
    let scene = Scene::set(4 * SHARE, 10_000).await;
    let specs: Vec<_> = (0..CONSUMERS)
        .map(|number| ConsumerSpec { durable: format!("counter-{number}"), ..consumer() })
        .collect();
    let first = scene.turns.clone().acquire_owned().await.unwrap();
    for spec in &specs {
        scene.run_as(spec.clone(), Arc::new(Counting));
    }
    scene.has_pulled(CONSUMERS * FIRST).await;
    crate::counter::settle().await;
    let next = scene.life.tracker.spawn(scene.turns.clone().acquire_owned());
    crate::counter::settle().await;
    drop(first);
    let turn = next.await.unwrap().unwrap();
    crate::counter::settle().await;
    let decided: u64 = specs.iter().map(|spec| scene.decided(&spec.durable)).sum();
    let holds = scene.bus.pulled.load(Ordering::SeqCst) - usize::try_from(decided).unwrap();
    assert_eq!(holds, 2 * SHARE, "as many batches as there are leaves");
    drop(turn);
    for spec in &specs {
        let lag = || futures_now(scene.world.bus.lag(spec)).expect("in memory");
        until("all is acknowledged", || lag().is_ok_and(|lag| lag == 0)).await;
    }
    scene.life.shutdown.cancel();
    assert!(scene.life.finish().await);
    assert_eq!(scene.world.counter("A").await.texts.len(), 4 * SHARE);
}

/// Counts, and fails whole batches of a back office whose reports nobody can decide together.
#[derive(Default)]
struct Troubled {
    failures: AtomicUsize,
    /// How many there were when the other back office had its turn.
    at_the_other: Mutex<Option<usize>>,
}

impl Processor for Troubled {
    fn consumers(&self, _: &Directory) -> Vec<ConsumerSpec> {
        Vec::new()
    }

    fn keys(&self, _: &Inbound) -> Vec<AggregateKey> {
        Vec::new()
    }

    fn behind(&self, messages: &[&Inbound], _: &mut Work<'_>) -> Result<Vec<AggregateKey>, Stop> {
        if messages.iter().any(|message| message.subject.contains(".erp.")) {
            self.failures.fetch_add(1, Ordering::SeqCst);
            return Err(Stop::Fault(PortError::plain(ErrorKind::Permanent, "too large")));
        }
        let mut at_the_other = self.at_the_other.lock().unwrap();
        at_the_other.get_or_insert(self.failures.load(Ordering::SeqCst));
        Ok(Vec::new())
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        Counting.apply(message, work)
    }

    fn adopt(&self, _: &SettingsChange, _: &mut Work<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        Vec::new()
    }
}

#[tokio::test]
async fn a_batch_that_fails_gives_its_turn_to_others() {
    let scene = Scene::set(3, 100).await;
    for number in 0..20 {
        let mut message = movement(&format!("erp{number}"), "B", "1", "");
        message.subject = message.subject.replace(".wms.", ".erp.");
        scene.world.bus.publish(vec![message]).await.unwrap();
    }
    let troubled = Arc::new(Troubled::default());
    let turn = scene.turns.clone().acquire_owned().await.unwrap();
    let erp = scope_consumer("counter", MovementReported::STREAM, "erp");
    scene.run_as(erp.clone(), troubled.clone());
    scene.has_pulled(20).await;
    scene.run_as(consumer(), troubled.clone());
    scene.has_pulled(23).await;
    crate::counter::settle().await;
    drop(turn);
    scene.rests().await;
    let lag = || futures_now(scene.world.bus.lag(&erp)).expect("in memory");
    until("each became a dead letter", || lag().is_ok_and(|lag| lag == 0)).await;
    assert_eq!(*troubled.at_the_other.lock().unwrap(), Some(1));
    assert_eq!(troubled.failures.load(Ordering::SeqCst), 39, "each half once");
    scene.life.shutdown.cancel();
    scene.has_ended_with(3).await;
}
