//! What fell and no order explains is presumed sold until the store's orders were read.

use jiff::SignedDuration;
use lockstep_contracts::orders::v1::{LineShare, LinesTold, OrderLinesChanged, OrdersSwept};
use lockstep_contracts::settings::v1::{StockEnabled, StockMode, StockSettings};
use lockstep_contracts::time::to_proto;
use lockstep_domain::stock::pool::Pool;
use lockstep_ports::{EffectState, Store as _, Timer};
use lockstep_runtime::rebuild::differences;
use lockstep_runtime::{Origin, Processor as _};
use lockstep_stock_sync::aggregates::PoolKind;
use lockstep_stock_sync::service::StockProcessor;

use crate::bounds::{line, order};
use crate::world::{BEGIN, PLACE, World, disconnected, live, sku};

const ABSOLUTE: StockMode = StockMode::Absolute;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

async fn owed(world: &World) -> i64 {
    let pool = world.engine.read::<PoolKind>(&format!("wms/{}", sku(1))).await;
    let pool: Pool = pool.expect("a state").unwrap_or_default();
    pool.owed(&"MAIN".parse().expect("a code"))
}

/// Units leave the level at once, and a read shows it.
async fn fallen(units: i64) -> World {
    let world = World::live(StockMode::Absolute, &[1]).await;
    world.shopify.sell(1, PLACE, units, true);
    world.take(&disconnected(1)).await;
    world.settle().await;
    assert_eq!((owed(&world).await, shown(&world)), (units, Some(10 - units)), "presumed sold");
    world
}

fn shown(world: &World) -> Option<i64> {
    world.shopify.available(1, PLACE)
}

/// The store's orders were read up to now, and these changed.
fn swept(world: &World, orders: &[(i64, u64)]) -> OrdersSwept {
    let named = orders
        .iter()
        .map(|(order_id, revision)| LinesTold { order_id: *order_id, revision: *revision });
    OrdersSwept {
        store: "north".to_owned(),
        since: Some(to_proto(BEGIN - MINUTE)),
        until: Some(to_proto(world.engine.now())),
        orders: named.collect(),
    }
}

/// An order over the counter: fulfilled at once.
fn counter_sale(units: i64) -> OrderLinesChanged {
    let mut line = line(1, 1, units);
    let sold = LineShare { fulfilled: units, ..line.shares[0].clone() };
    line.shares = vec![sold];
    order(1, 1, vec![line])
}

async fn is_rebuilt(world: &World) {
    let found = differences(&world.store, &StockProcessor.evolvers()).await.expect("folded");
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn an_edit_ends_when_the_orders_were_read_and_none_explains_it() {
    let world = fallen(2).await;
    world.pass(MINUTE * 30).await;
    assert_eq!(owed(&world).await, 2, "nobody read the orders");
    let early = OrdersSwept { until: Some(to_proto(BEGIN)), ..swept(&world, &[]) };
    world.take(&early).await;
    world.pass(MINUTE * 30).await;
    assert_eq!(owed(&world).await, 2, "they were read up to before it");
    world.take(&swept(&world, &[])).await;
    world.pass(MINUTE * 6).await;
    assert_eq!((owed(&world).await, shown(&world)), (0, Some(10)), "Absolute overwrites an edit");
    is_rebuilt(&world).await;
}

/// An order that was read and of which this service has not heard yet is waited for.
#[tokio::test]
async fn a_sweep_waits_for_the_orders_that_it_names() {
    let world = fallen(2).await;
    world.take(&swept(&world, &[(1, 1)])).await;
    world.pass(MINUTE * 30).await;
    assert_eq!(owed(&world).await, 2, "its order may explain it");
    world.take(&counter_sale(2)).await;
    world.pass(MINUTE * 30).await;
    assert_eq!((owed(&world).await, shown(&world)), (2, Some(8)), "it was sold");
    assert_eq!(world.at_place(1).await.presumed(2), 0);
    is_rebuilt(&world).await;
}

/// Of three that fell one was sold: whatever is heard first, twice or late, two were edited.
#[tokio::test]
async fn any_order_of_the_words_ends_alike() {
    for words in [[0, 1], [1, 0]] {
        let world = fallen(3).await;
        let told = swept(&world, &[(1, 1)]);
        for word in words.into_iter().chain(words) {
            match word {
                0 => world.take(&told).await,
                _ => world.take(&counter_sale(1)).await,
            }
            world.pass(MINUTE * 7).await;
        }
        world.pass(MINUTE * 20).await;
        assert_eq!((owed(&world).await, shown(&world)), (1, Some(9)), "{words:?}");
        is_rebuilt(&world).await;
    }
}

/// What changed before anybody read the orders cannot be told from an edit.
#[tokio::test]
async fn a_fall_of_before_the_first_sweep_stays_presumed() {
    let world = fallen(2).await;
    let late = OrdersSwept { since: Some(to_proto(world.engine.now())), ..swept(&world, &[]) };
    world.pass(MINUTE).await;
    world.take(&OrdersSwept { until: Some(to_proto(world.engine.now())), ..late }).await;
    world.pass(MINUTE * 30).await;
    assert_eq!((owed(&world).await, shown(&world)), (2, Some(8)));
}

#[tokio::test]
async fn a_sweep_that_cannot_be_is_refused_with_the_field() {
    let world = World::live(StockMode::Absolute, &[1]).await;
    let sound = || swept(&world, &[(1, 1)]);
    for (event, field) in [
        (OrdersSwept { until: None, ..sound() }, "until"),
        (OrdersSwept { until: Some(to_proto(BEGIN - MINUTE * 2)), ..sound() }, "until"),
        (OrdersSwept { store: "?".to_owned(), ..sound() }, "store"),
        (swept(&world, &[(0, 1)]), "orders[0].order_id"),
    ] {
        let reason = world.refuse(&event).await;
        assert!(reason.contains(field), "{reason}");
    }
}

/// Timers of falls that are due by now.
async fn due(world: &World) -> Vec<Timer> {
    let due = world.store.due("north", world.engine.now(), 250).await.expect("timers");
    due.into_iter().filter(|timer| timer.key.starts_with("fall.")).collect()
}

/// A thousand falls that are looked at hold up no push.
#[tokio::test]
async fn falls_give_way_to_pushes_and_are_looked_at_a_few_at_a_time() {
    let items: Vec<i64> = (1..=40).collect();
    let world = World::live(StockMode::Absolute, &items).await;
    for item in &items {
        world.shopify.sell(*item, PLACE, 2, true);
        world.take(&disconnected(*item)).await;
    }
    world.settle().await;
    let mut waiting = Vec::new();
    for item in &items {
        let timer = world.store.timer("north", &format!("fall.{item}")).await.expect("timers");
        waiting.extend(timer.expect("it waits").due_at);
    }
    world.clock.set(waiting.into_iter().max().expect("some"));
    assert_eq!(due(&world).await.len(), 40);
    world.adjust(1, "-1").await;
    world.clock.advance(SignedDuration::from_secs(1));
    let all = world.store.due("north", world.engine.now(), 250).await.expect("timers");
    assert_eq!(all.len(), 41);
    world.plan(&all).await;
    assert_eq!(due(&world).await.len(), 40, "the push goes before");
    let effects = world.store.effects_of(&[EffectState::Intended], 100).await.expect("effects");
    assert_eq!(effects.len(), 1);
    world.plan(&due(&world).await).await;
    assert_eq!(due(&world).await.len(), 0, "the rest makes room");
    world.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(due(&world).await.len(), 15);
    // What gave way for long does so no more.
    world.adjust(2, "-1").await;
    world.clock.advance(MINUTE * 2);
    let all = world.store.due("north", world.engine.now(), 250).await.expect("timers");
    world.plan(&all).await;
    assert_eq!(due(&world).await.len(), 0);
}

/// Turns of six seconds each, of a page of what is due, until so many pushes are planned.
async fn turns_until(world: &World, pushes: usize) -> usize {
    for turns in 1..100 {
        let page = world.store.due("north", world.engine.now(), 250).await.expect("timers");
        world.plan(&page).await;
        let effects = world.store.effects_of(&[EffectState::Intended], 100).await.expect("effects");
        if effects.len() >= pushes {
            return turns;
        }
        world.clock.advance(SignedDuration::from_secs(6));
    }
    panic!("a push waits for ever")
}

/// Eight pages of falls were due before a push. What is made of them holds up no other one.
#[tokio::test]
async fn thousands_of_falls_that_are_due_together_hold_up_pushes_once() {
    let world = World::live(StockMode::Absolute, &[1, 2]).await;
    let due_at = Some(world.engine.now() - MINUTE * 5);
    let fall = |item: i64| {
        let (lane, key) = ("north".to_owned(), format!("fall.{item}"));
        Timer { lane, key, due_at, ..Timer::default() }
    };
    let set = world.engine.transact(Origin::new("falls", None), &[], |work| {
        let places = (3..2_003).map(|item| (fall(item).lane, fall(item).key));
        work.want_timers(places.collect())?;
        (3..2_003).for_each(|item| work.set_timer(fall(item)));
        Ok(())
    });
    set.await.expect("set");
    world.adjust(1, "-1").await;
    world.clock.advance(SignedDuration::from_secs(1));
    assert!(turns_until(&world, 1).await <= 9);
    world.clock.advance(SignedDuration::from_secs(6));
    world.adjust(2, "-1").await;
    world.clock.advance(SignedDuration::from_secs(1));
    let turns = turns_until(&world, 2).await;
    assert!(turns <= 3, "{turns}");
}

/// Nobody looks at falls of a store that is off, nor for ever at what cannot be told.
#[tokio::test]
async fn looks_end_where_nothing_can_come_of_them() {
    let timer = async |world: &World| {
        let timer = world.store.timer("north", "fall.1").await.expect("timers");
        timer.expect("a timer").due_at
    };
    let world = fallen(2).await;
    world.pass(MINUTE * 60 * 24 * 4).await;
    assert_eq!((owed(&world).await, timer(&world).await), (2, None), "nobody read orders");
    let world = fallen(2).await;
    world
        .adopt_store(2, StockSettings { enabled: StockEnabled::Off.into(), ..live(ABSOLUTE) })
        .await;
    world.pass(MINUTE * 60).await;
    assert_eq!(timer(&world).await, None);
}

/// What orders of before hold is known from a quiet hour on, so the first edit is told although
/// its level was not read for long.
#[tokio::test]
async fn a_level_is_bounded_once_though_nothing_falls() {
    let world = World::live(ABSOLUTE, &[1]).await;
    world.take(&swept(&world, &[])).await;
    assert_eq!(world.at_place(1).await.watch.expect("watched").bound, None);
    world.pass(MINUTE * 60 * 7).await;
    let bound = world.at_place(1).await.watch.expect("watched").bound.expect("bounded");
    assert_eq!(bound.units, 0);
    is_rebuilt(&world).await;
}
