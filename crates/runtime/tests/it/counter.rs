//! The smallest service: it counts reported movements per SKU, and pushes the sum.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_contracts::backoffice::v1::{MovementReported, StockMovement};
use lockstep_contracts::stock::v1::LevelPushed;
use lockstep_contracts::{Event, Metadata, Partition};
use lockstep_domain::decider::Decider;
use lockstep_ports::{
    AggregateKey, Bus, Clock, ConsumerSpec, Delivered, EffectRow, EffectState, NewEffect, Outgoing,
    PortError, Sealer, Store, Timer,
};
use lockstep_runtime::{
    Aggregate, Directory, Engine, EngineParts, Evolver, EvolverOf, Hosted, Inbound, LaneWorker,
    Lifecycle, Processor, Recovery, Sent, SettingsChange, Stop, Work, scope_consumer, start,
};
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::{ManualClock, MemoryStore, SequenceIds};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counter {
    pub sum: i64,
    pub texts: Vec<String>,
}

pub struct Add(pub i64, pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CounterEvent {
    Added { by: i64, text: String },
}

impl Decider for Counter {
    type State = Self;
    type Command = Add;
    type Event = CounterEvent;
    type Rejection = String;

    fn decide(_: &Self, command: &Add) -> Result<Vec<CounterEvent>, String> {
        if command.0 == 13 {
            return Err("13 is not counted".to_owned());
        }
        Ok(vec![CounterEvent::Added { by: command.0, text: command.1.clone() }])
    }

    fn evolve(mut state: Self, event: &CounterEvent) -> Self {
        let CounterEvent::Added { by, text } = event;
        state.sum += by;
        state.texts.push(text.clone());
        state
    }
}

pub struct CounterKind;

impl Aggregate for CounterKind {
    type Decider = Counter;
    const KIND: &'static str = "counter";
}

/// Counts; a movement of a SKU `push..` touches a timer, too.
pub struct Counting;

impl Processor for Counting {
    fn consumers(&self, _: &Directory) -> Vec<ConsumerSpec> {
        vec![consumer()]
    }

    fn keys(&self, _: &Inbound) -> Vec<AggregateKey> {
        Vec::new()
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        let event: MovementReported = message.decode()?;
        let movement = event.movement.unwrap_or_default();
        let by = movement.quantity.parse().map_err(|e| Stop::Poison(format!("quantity: {e}")))?;
        let add = Add(by, movement.reason_text);
        work.execute::<CounterKind>(&movement.sku, &add)?.map_err(Stop::Poison)?;
        let told = LevelPushed { store: movement.sku.clone(), ..LevelPushed::default() };
        let sequence = work.version::<CounterKind>(&movement.sku)?;
        let subject = LevelPushed::subject(&movement.sku, Partition::of("x"));
        work.publish(&told, subject, &movement.sku, sequence);
        if movement.sku.starts_with("push") {
            let mut timer = work.timer("lane", &movement.sku)?;
            timer.due_at = Some(work.now());
            work.set_timer(timer);
        }
        Ok(())
    }

    fn adopt(&self, _: &SettingsChange, _: &mut Work<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        vec![Box::new(EvolverOf::<CounterKind>::default())]
    }
}

/// Sends the sum of what is due; answers as the test says.
pub struct Sending {
    pub answers: Mutex<Vec<Sent>>,
    pub sent: Mutex<Vec<String>>,
    pub recovery: Recovery,
}

#[async_trait]
impl LaneWorker for Sending {
    fn keys(&self, _: &str, due: &[Timer]) -> Vec<AggregateKey> {
        due.iter().map(|t| CounterKind::key(t.key.as_str())).collect()
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        for timer in due {
            let sum = work.state::<CounterKind>(&timer.key)?.sum;
            let mut timer = work.timer(lane, &timer.key)?;
            timer.due_at = None;
            let id = work.next_id();
            work.open_effect(NewEffect {
                id,
                lane: lane.to_owned(),
                kind: "push".to_owned(),
                request: format!("{}={sum}", timer.key).into_bytes().into(),
                context: serde_json::value::to_raw_value(&timer.key).unwrap(),
                lease_until: work.now() + jiff::SignedDuration::from_secs(30),
                at: work.now(),
                trace: None,
            });
            work.set_timer(timer);
        }
        Ok(())
    }

    async fn send(&self, effect: &EffectRow) -> Sent {
        let text = String::from_utf8(effect.request.to_vec()).unwrap();
        self.sent.lock().unwrap().push(text);
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() { Sent::Answered(serde_json::Value::Null) } else { answers.remove(0) }
    }

    fn recover(&self, _: &EffectRow, _: Timestamp) -> Recovery {
        self.recovery
    }

    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop> {
        let key: String = serde_json::from_str(effect.context.get()).unwrap();
        let text = match sent {
            Sent::Answered(_) => "answered",
            Sent::NotApplied { .. } => "not applied",
            Sent::Refused(_) => "refused",
            Sent::Unknown(_) => "unknown",
        };
        let add = Add(1000, text.to_owned());
        work.execute::<CounterKind>(&key, &add)?.map_err(Stop::Poison)?;
        if matches!(sent, Sent::NotApplied { .. }) {
            let mut timer = work.timer(&effect.lane, &key)?;
            timer.due_at = Some(work.now());
            work.set_timer(timer);
        }
        Ok(EffectState::Closed)
    }
}

/// No secret: enough to see that what is kept can be opened again.
struct Plain;

impl Sealer for Plain {
    fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok([name.as_bytes(), b"|", plain].concat())
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(sealed.get(name.len() + 1..).unwrap_or_default().to_vec())
    }
}

#[derive(Clone)]
pub struct World {
    pub engine: Arc<Engine>,
    pub store: MemoryStore,
    pub bus: MemoryBus,
    pub clock: ManualClock,
}

pub fn world() -> World {
    let store = MemoryStore::default();
    let bus = MemoryBus::new();
    let clock = ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap());
    let (at, over) = (Arc::new(clock.clone()), Arc::new(bus.clone()));
    let engine = engine(Arc::new(store.clone()), over, at, 0);
    World { engine, store, bus, clock }
}

/// One process of the service; ids of two series never meet.
pub fn engine(
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    series: u64,
) -> Arc<Engine> {
    Engine::new(EngineParts {
        service: "counter",
        store,
        bus,
        clock,
        ids: Arc::new(SequenceIds::of_series(series)),
        sealer: Arc::new(Plain),
    })
}

/// Lets every task that can go on go on.
pub async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Waits until it is so, without any time passing.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never comes to this: {what}");
}

pub fn consumer() -> ConsumerSpec {
    scope_consumer("counter", MovementReported::STREAM, "wms")
}

pub fn movement(id: &str, sku: &str, quantity: &str, text: &str) -> Outgoing {
    let movement = StockMovement {
        event_id: id.to_owned(),
        sku: sku.to_owned(),
        quantity: quantity.to_owned(),
        reason_text: text.to_owned(),
        ..StockMovement::default()
    };
    let event = MovementReported {
        backoffice: "wms".to_owned(),
        movement: Some(movement),
        accepted_at: None,
    };
    let time = "2026-11-24T10:00:00Z".parse().unwrap();
    let metadata = Metadata::new(id, "backoffice-gateway", MovementReported::TYPE, time);
    let headers = metadata.to_headers().into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
    Outgoing {
        stream: MovementReported::STREAM,
        subject: MovementReported::subject("wms", Partition::of(sku)).into(),
        headers,
        body: prost::Message::encode_to_vec(&event).into(),
    }
}

impl World {
    /// Another process over the same database and broker.
    pub fn replica(&self, series: u64) -> Arc<Engine> {
        let (bus, clock) = (Arc::new(self.bus.clone()), Arc::new(self.clock.clone()));
        engine(Arc::new(self.store.clone()), bus, clock, series)
    }

    /// A process's lifecycle, by the time of the test.
    pub fn life(&self) -> Lifecycle {
        Lifecycle::by(Arc::new(self.clock.clone()), Arc::new(SequenceIds::of_series(77)))
    }

    /// Hosts the service as a process does.
    pub fn host(&self, worker: Option<Arc<dyn LaneWorker>>, life: &Lifecycle) {
        let processor = Arc::new(Counting);
        let hosted = Hosted { engine: self.engine.clone(), processor, worker, keep_inbox: false };
        start(hosted, Arc::new(self.bus.clone()), Arc::new(self.bus.clone()), life);
    }

    /// Publishes messages and pulls them back, as the consumer would see them.
    pub async fn deliver(&self, messages: Vec<Outgoing>) -> Vec<Delivered> {
        for message in messages {
            self.bus.publish(vec![message]).await.unwrap();
        }
        self.bus.pull(&consumer(), 0, 500, Duration::from_millis(1)).await.unwrap()
    }

    pub async fn counter(&self, sku: &str) -> Counter {
        self.engine.read::<CounterKind>(sku).await.unwrap().unwrap_or_default()
    }
}
