use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;

/// The paused time of the test's runtime.
struct Paused(Instant);

#[async_trait]
impl Clock for Paused {
    fn now(&self) -> Timestamp {
        add(Timestamp::UNIX_EPOCH, self.0.elapsed())
    }

    fn running(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wait = at.duration_since(self.now());
        tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
    }
}

fn clock() -> Arc<Paused> {
    Arc::new(Paused(Instant::now()))
}

fn same(clock: &Paused) -> Arc<dyn Clock> {
    Arc::new(Paused(clock.0))
}

fn status(available: f64) -> Bucket {
    Bucket { maximum: 2000.0, available, restore_rate: 100.0 }
}

/// An answer that showed this bucket, after a call that cost what it asked for.
fn spent(bucket: Bucket) -> Spent {
    Spent { bucket: Some(bucket), points: None, throttled: false }
}

fn own() -> Arc<Budget> {
    Arc::new(Budget::new(None))
}

async fn known(clock: &Paused, available: f64) -> Arc<Budget> {
    let budget = own();
    let permit = budget.acquire(clock, Urgency::Drift, 1).await.unwrap();
    permit.answered(spent(status(available)), &same(clock));
    budget
}

#[tokio::test(start_paused = true)]
async fn the_first_call_goes_alone_and_the_rest_follow_its_answer() {
    let clock = clock();
    let budget = own();
    let first = budget.acquire(&*clock, Urgency::Orders, 10).await.unwrap();
    assert_eq!(budget.left(clock.now()), None);
    let second = budget.acquire(&*clock, Urgency::StockDown, 10);
    tokio::pin!(second);
    assert!(tokio::time::timeout(Duration::from_millis(10), &mut second).await.is_err());
    first.answered(spent(status(1000.0)), &same(&clock));
    let second = second.await.unwrap();
    assert_eq!(budget.left(clock.now()), Some(990.0 / 2000.0));
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn a_first_call_without_answer_lets_the_next_one_learn() {
    let clock = clock();
    let budget = own();
    drop(budget.acquire(&*clock, Urgency::Orders, 10).await.unwrap());
    let next = budget.acquire(&*clock, Urgency::Orders, 10).await.unwrap();
    next.answered(Spent { bucket: None, points: None, throttled: false }, &same(&clock));
    assert_eq!(budget.left(clock.now()), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_exactly_until_its_points_are_there() {
    let clock = clock();
    let budget = known(&clock, 20.0).await;
    let begun = clock.now();
    let _permit = budget.acquire(&*clock, Urgency::StockDown, 170).await.unwrap();
    let waited = clock.now().duration_since(begun).as_millis();
    assert!((1500..1510).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn what_would_wait_too_long_is_given_back() {
    let clock = clock();
    let budget = known(&clock, -500.0).await;
    let begun = clock.now();
    let wait = budget.acquire(&*clock, Urgency::StockDown, 100).await.err().unwrap();
    assert_eq!(clock.now().duration_since(begun).as_secs(), 5);
    assert!(wait >= Duration::from_millis(900), "{wait:?}");
    assert!(budget.lock().is_idle(), "the place is given up");
}

#[tokio::test(start_paused = true)]
async fn a_rise_gives_its_place_back_soon() {
    let clock = clock();
    let budget = known(&clock, 0.0).await;
    let begun = clock.now();
    let wait = budget.acquire(&*clock, Urgency::StockUp, 10).await.err().unwrap();
    assert_eq!(clock.now().duration_since(begun).as_secs(), 1);
    assert!(wait >= Duration::from_secs(1), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn the_urgent_call_goes_first_whoever_came_first() {
    let clock = clock();
    let budget = own();
    let first = budget.acquire(&*clock, Urgency::Drift, 1).await.unwrap();
    let small = Bucket { maximum: 200.0, available: 0.0, restore_rate: 100.0 };
    first.answered(spent(small), &same(&clock));
    let order = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for urgency in [Urgency::StockUp, Urgency::Tracking, Urgency::StockDown] {
        let (budget, clock, order) = (budget.clone(), clock.clone(), order.clone());
        tasks.spawn(async move {
            let _permit = budget.acquire(&*clock, urgency, 10).await.unwrap();
            (order.fetch_add(1, Ordering::SeqCst), urgency)
        });
    }
    let mut went = tasks.join_all().await;
    went.sort_unstable();
    let order: Vec<_> = went.into_iter().map(|(_, urgency)| urgency).collect();
    assert_eq!(order, [Urgency::StockDown, Urgency::Tracking, Urgency::StockUp]);
}

#[tokio::test(start_paused = true)]
async fn calls_in_the_air_are_not_counted_as_free_points() {
    let clock = clock();
    let budget = known(&clock, 100.0).await;
    let one = budget.acquire(&*clock, Urgency::StockDown, 10).await.unwrap();
    let two = budget.acquire(&*clock, Urgency::StockDown, 60).await.unwrap();
    // Shopify answered the first before it saw the second.
    one.answered(spent(status(90.0)), &same(&clock));
    assert_eq!(budget.left(clock.now()), Some(30.0 / 2000.0));
    two.answered(spent(status(30.0)), &same(&clock));
    assert_eq!(budget.left(clock.now()), Some(30.0 / 2000.0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_rests_while_another_that_may_go_has_not_gone() {
    let clock = clock();
    let budget = known(&clock, 100.0).await;
    let permit = budget.acquire(&*clock, Urgency::StockDown, 100).await.unwrap();
    let next = budget.acquire(&*clock, Urgency::StockDown, 60);
    let last = budget.acquire(&*clock, Urgency::StockDown, 60);
    tokio::pin!(next, last);
    assert!(futures_util::poll!(&mut next).is_pending());
    assert!(futures_util::poll!(&mut last).is_pending());
    let unused = Spent { points: Some(0.0), ..spent(status(100.0)) };
    permit.answered(unused, &same(&clock));
    // Its points are reserved, and it does not come to run. Going round would never end here:
    // nothing limits how long this poll may take.
    let mut last = std::pin::pin!(tokio::task::coop::unconstrained(last));
    assert!(futures_util::poll!(&mut last).is_pending());
    assert!(next.now_or_never().unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_waiting_call_that_is_dropped_lets_the_next_one_go() {
    let clock = clock();
    let budget = known(&clock, 50.0).await;
    {
        let dear = budget.acquire(&*clock, Urgency::StockDown, 300);
        tokio::pin!(dear);
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut dear).await.is_err());
    }
    let begun = clock.now();
    let _cheap = budget.acquire(&*clock, Urgency::StockDown, 10).await.unwrap();
    assert_eq!(clock.now(), begun);
}

#[tokio::test(start_paused = true)]
async fn unusable_figures_change_nothing() {
    let clock = clock();
    let budget = known(&clock, 100.0).await;
    let permit = budget.acquire(&*clock, Urgency::StockDown, 10).await.unwrap();
    let broken = Bucket { maximum: 0.0, available: f64::NAN, restore_rate: -1.0 };
    permit.answered(spent(broken), &same(&clock));
    assert_eq!(budget.left(clock.now()), Some(90.0 / 2000.0));
}

#[test]
fn a_call_that_lands_while_a_report_is_written_again_stays_reserved_until_it_is_told() {
    let now = Timestamp::UNIX_EPOCH;
    let bucket = Bucket { maximum: 100.0, available: 100.0, restore_rate: 1.0 };
    let stored = |ledger, revision| StoredPoints { ledger: Some(ledger), revision };
    let write = |book: &mut Book| match book.next(now) {
        Step::Save(ledger, _) => ledger,
        Step::Load | Step::Done(_) => panic!("there is something to write"),
    };
    let mut book = Book::new("a", true);
    book.loaded(stored(Ledger::learnt(&bucket, now), 1), now);
    let keys = [1, 2].map(|_| book.wait(Urgency::StockDown, 10.0, now));
    let reserved = write(&mut book);
    book.saved(2, now);
    assert!(keys.iter().all(|key| book.claim(key).is_some()));
    book.landed(10.0, 10.0);
    assert_eq!(write(&mut book).free, 80.0);
    book.outdated();
    book.landed(10.0, 10.0);
    book.loaded(stored(reserved, 3), now);
    let told = write(&mut book);
    assert_eq!((told.free, told.reserved(), told.spent), (80.0, 10.0, 10.0));
    book.saved(4, now);
    let told = write(&mut book);
    assert_eq!((told.free, told.reserved(), told.spent), (80.0, 0.0, 20.0));
}
