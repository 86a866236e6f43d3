//! A stop takes nothing new and finishes what it holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_ports::{
    Bus, Checkpoint, ConsumerSpec, Delivered, Outgoing, PortError, PublishAck, Store,
};
use lockstep_runtime::consumer::Consumer;
use lockstep_testkit::bus::MemoryBus;
use tokio::sync::Semaphore;

use crate::counter::{Counting, consumer, engine, movement, settle, until, world};

/// A broker of which a pull stands still with messages in hand until the test lets it go.
struct Slow {
    memory: MemoryBus,
    holds: AtomicBool,
    gate: Semaphore,
}

#[async_trait]
impl Bus for Slow {
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
        let delivered = self.memory.pull(consumer, start_after, max, wait).await?;
        self.holds.store(!delivered.is_empty(), Ordering::SeqCst);
        self.gate.acquire().await.expect("open").forget();
        Ok(delivered)
    }

    async fn ack(&self, messages: &[Delivered]) -> Result<(), PortError> {
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

#[tokio::test]
async fn what_a_pull_has_in_hand_is_finished() {
    let world = world();
    let (holds, gate) = (AtomicBool::new(false), Semaphore::new(0));
    let slow = Arc::new(Slow { memory: world.bus.clone(), holds, gate });
    let (life, store) = (world.life(), Arc::new(world.store.clone()));
    let consumer_of_it = Consumer {
        engine: engine(store, slow.clone(), Arc::new(world.clock.clone()), 3),
        processor: Arc::new(Counting),
        spec: consumer(),
        turns: Arc::new(Semaphore::new(1)),
        held: Arc::new(Semaphore::new(2)),
        shutdown: life.shutdown.clone(),
        pulse: life.pulse("consumer"),
    };
    for number in 0..5 {
        let message = movement(&format!("m{number}"), "A", "2", "");
        world.bus.publish(vec![message]).await.unwrap();
    }
    life.tracker.spawn(consumer_of_it.run());
    until("the pull has messages", || slow.holds.load(Ordering::SeqCst)).await;
    life.shutdown.cancel();
    settle().await;
    assert_eq!(life.tracker.len(), 1, "it does not drop what it holds");
    slow.gate.add_permits(1);
    assert!(life.finish().await);
    assert_eq!(world.counter("A").await.sum, 10);
    assert_eq!(world.store.checkpoint(&consumer().durable).await.unwrap(), Some(5));
    assert_eq!(world.bus.lag(&consumer()).await.unwrap(), 0, "and it is acknowledged");
}
