//! A rebuilt projection equals the live one.

use lockstep_ports::{SaveState, Store};
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::rebuild::{Rebuilt, differences, rebuild};
use lockstep_runtime::{Aggregate, Processor};

use crate::counter::{CounterKind, Counting, consumer, movement, world};

#[tokio::test]
async fn rebuilt_equals_live_and_a_difference_is_found() {
    let world = world();
    let messages = (0..20).map(|n| movement(&format!("{n}"), &format!("S{}", n % 3), "2", "t"));
    let batch = world.deliver(messages.collect()).await;
    process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    let live = world.counter("S0").await;
    let evolvers = Counting.evolvers();
    assert!(differences(&world.store, &evolvers).await.unwrap().is_empty());

    let state = serde_json::value::to_raw_value(&serde_json::json!({"sum": 1, "texts": []}));
    let key = CounterKind::key("S0");
    let mut tx = world.store.begin().await.unwrap();
    tx.save(&[SaveState { key, version: 7, state: state.unwrap() }]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(differences(&world.store, &evolvers).await.unwrap(), ["counter/S0"]);

    let done = rebuild(&world.store, &evolvers).await.unwrap();
    assert_eq!(done, Rebuilt { events: 20, aggregates: 3 });
    assert!(differences(&world.store, &evolvers).await.unwrap().is_empty());
    assert_eq!(world.counter("S0").await, live);
}
