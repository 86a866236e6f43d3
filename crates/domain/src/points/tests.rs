use proptest::prelude::*;

use super::*;

const NOON: Timestamp = Timestamp::constant(1_795_000_000, 0);

fn at(millis: i64) -> Timestamp {
    NOON + SignedDuration::from_millis(millis)
}

fn standard(available: f64) -> Bucket {
    Bucket { maximum: 2000.0, available, restore_rate: 100.0 }
}

fn wish(urgency: Urgency, points: f64, since: Timestamp) -> Wish {
    let until = since + SignedDuration::from_secs(5);
    Wish { urgency, since, points, until }
}

fn report(number: u64, spent: f64) -> Report {
    Report { number, spent, meter: Meter::default() }
}

#[test]
fn points_are_reserved_before_and_given_back_after() {
    let mut ledger = Ledger::learnt(&standard(600.0), NOON);
    ledger.take("a", &wish(Urgency::Orders, 145.0, NOON), NOON).unwrap();
    assert_eq!((ledger.free, ledger.reserved()), (455.0, 145.0));
    ledger.tell("a", &report(1, 20.0), 0.0, NOON);
    assert_eq!((ledger.free, ledger.reserved(), ledger.spent), (580.0, 0.0, 20.0));
}

#[test]
fn a_report_that_arrives_twice_counts_once() {
    let mut ledger = Ledger::learnt(&standard(500.0), NOON);
    ledger.take("a", &wish(Urgency::StockUp, 10.0, NOON), NOON).unwrap();
    for _ in 0..2 {
        let mut meter = Meter { calls: 1, levels: 250, ..Meter::default() };
        meter.points.insert(Urgency::StockDown, 10.0);
        ledger.tell("a", &Report { number: 1, spent: 10.0, meter }, 0.0, NOON);
        assert_eq!((ledger.free, ledger.spent), (490.0, 10.0));
    }
    assert_eq!(ledger.meter.points_per_level(), Some(0.04));
    assert_eq!(ledger.meter.calls, 1);
}

#[test]
fn an_import_leaves_more_than_half_of_the_bucket_to_decreases() {
    let mut ledger = Ledger::learnt(&standard(2000.0), NOON);
    let mut imported = 0.0;
    while ledger.take("import", &wish(Urgency::Catalogue, 40.0, NOON), NOON).is_ok() {
        imported += 40.0;
    }
    assert_eq!(imported, 920.0);
    // What flows in is the import's, while nobody more urgent asks.
    let wait = ledger.take("import", &wish(Urgency::Catalogue, 40.0, NOON), NOON).unwrap_err();
    assert!(wait <= Duration::from_millis(400), "{wait:?}");
    for _ in 0..108 {
        ledger.take("push", &wish(Urgency::StockDown, 10.0, NOON), NOON).unwrap();
    }
    ledger.take("push", &wish(Urgency::StockDown, 10.0, NOON), NOON).unwrap_err();
}

#[test]
fn a_call_as_dear_as_the_bucket_is_still_made() {
    for points in [1000.0, 2000.0, 5000.0] {
        let mut ledger = Ledger::learnt(&standard(2000.0), NOON);
        ledger.take("a", &wish(Urgency::Drift, points, NOON), NOON).unwrap();
    }
}

#[test]
fn cheap_calls_of_others_do_not_overtake_a_dear_one_for_ever() {
    let mut ledger = Ledger::learnt(&standard(500.0), NOON);
    let dear = wish(Urgency::Orders, 145.0, NOON);
    ledger.take("a", &dear, NOON).unwrap_err();
    ledger.wish("a", Some(dear), NOON);
    ledger.take("b", &wish(Urgency::Orders, 10.0, at(1)), at(1)).unwrap_err();
    ledger.take("b", &wish(Urgency::StockDown, 10.0, at(1)), at(1)).unwrap();
    // It gave up: its wish ends by itself.
    ledger.take("b", &wish(Urgency::Orders, 10.0, at(6000)), at(6000)).unwrap();
}

#[test]
fn a_reservation_of_a_dead_process_ends_and_its_points_flow_in_again() {
    let mut ledger = Ledger::learnt(&standard(2000.0), NOON);
    ledger.take("dead", &wish(Urgency::StockDown, 1900.0, NOON), NOON).unwrap();
    let end = NOON + RESERVED_MAX;
    ledger.pass(end);
    assert_eq!((ledger.free, ledger.reserved()), (100.0, 0.0));
    ledger.pass(end + SignedDuration::from_secs(19));
    assert_eq!(ledger.free, 2000.0);
    assert_eq!(ledger.members(), 1);
    ledger.pass(NOON + MEMBER_KEEP);
    assert!(ledger.holders.is_empty());
}

#[test]
fn alone_a_process_counts_on_its_share() {
    let mut ledger = Ledger::learnt(&standard(1000.0), NOON);
    for id in ["a", "b", "c", "d"] {
        ledger.tell(id, &report(0, 0.0), 0.0, NOON);
    }
    let alone = ledger.alone(at(2000));
    assert_eq!((alone.maximum, alone.restore_rate, alone.free), (500.0, 25.0, 300.0));
}

#[test]
fn a_clock_that_is_a_little_behind_takes_nothing_away() {
    let mut ledger = Ledger::learnt(&standard(100.0), at(5000));
    ledger.pass(at(3000));
    assert_eq!((ledger.free, ledger.at), (100.0, at(5000)));
    ledger.pass(at(6000));
    assert_eq!(ledger.free, 200.0);
}

#[test]
fn a_clock_that_is_far_ahead_stops_nothing_for_the_others() {
    let mut ledger = Ledger::learnt(&standard(2000.0), NOON);
    let ahead = NOON + SignedDuration::from_hours(1);
    let waits = wish(Urgency::StockDown, 500.0, ahead);
    ledger.take("ahead", &wish(Urgency::StockUp, 100.0, ahead), ahead).unwrap();
    ledger.wish("ahead", Some(waits), ahead);
    ledger.tell("b", &report(1, 1800.0), 0.0, NOON);
    assert_eq!((ledger.free, ledger.at), (100.0, NOON));
    ledger.pass(at(1000));
    assert_eq!(ledger.free, 200.0, "the bucket refills");
    ledger.pass(NOON + RESERVED_MAX);
    assert_eq!(ledger.reserved(), 0.0, "what it reserved ends as everybody's does");
    assert_eq!(ledger.holders["ahead"].wish, None, "and so does what it waited for");
    ledger.pass(NOON + RESERVED_MAX + MEMBER_KEEP);
    assert!(ledger.holders.is_empty());
}

#[test]
fn a_clock_that_is_behind_counts_no_time_again_for_the_others() {
    for behind in [3, 9, 11, 90, 500] {
        let mut ledger = Ledger::learnt(&standard(0.0), NOON);
        for id in ["right", "behind"] {
            ledger.tell(id, &report(0, 0.0), 0.0, NOON);
        }
        ledger.take("right", &wish(Urgency::StockDown, 0.0, NOON), NOON).unwrap();
        let free = ledger.free;
        for tenth in 1..=50 {
            let now = at(tenth * 100);
            ledger.tell("right", &report(0, 0.0), 7.0, now);
            let slow = now - SignedDuration::from_secs(behind);
            ledger.tell("behind", &report(0, 0.0), 0.0, slow);
        }
        // Five seconds at a hundred points, less the seven that are reserved.
        assert!(ledger.free <= free + 493.1, "{} behind {behind} s", ledger.free);
        assert!(ledger.free >= free + 480.0, "{} behind {behind} s", ledger.free);
        assert_eq!(ledger.reserved(), 7.0, "behind {behind} s");
    }
}

#[test]
fn a_clock_that_is_set_back_stops_no_inflow_of_its_own() {
    let mut ledger = Ledger::learnt(&standard(0.0), NOON);
    ledger.tell("a", &report(0, 0.0), 0.0, at(300_000));
    ledger.free = 0.0;
    ledger.tell("a", &report(0, 0.0), 0.0, NOON);
    ledger.tell("a", &report(0, 0.0), 0.0, at(1000));
    assert_eq!(ledger.free, 100.0);
}

#[test]
fn the_members_have_a_limit() {
    let mut ledger = Ledger::learnt(&standard(100.0), NOON);
    ledger.take("busy", &wish(Urgency::StockDown, 1.0, NOON), NOON).unwrap();
    for number in 0..200 {
        ledger.tell(&format!("p{number}"), &report(0, 0.0), 0.0, at(number));
    }
    assert_eq!(ledger.holders.len(), HOLDERS_MAX);
    assert!(ledger.holders.contains_key("busy"));
    assert!(ledger.holders.contains_key("p199"));
}

#[test]
fn another_plan_is_learnt_from_the_next_answer() {
    let mut ledger = Ledger::learnt(&standard(2000.0), NOON);
    let bucket = Bucket { maximum: 20_000.0, available: 19_990.0, restore_rate: 1000.0 };
    let seen = Observed { bucket, received: NOON, spent_before: 0.0, own: 0.0 };
    ledger.observe(&seen, NOON);
    assert_eq!((ledger.maximum, ledger.free), (20_000.0, 19_990.0));
}

#[test]
fn the_stored_form_is_read_again_and_unknown_fields_are_passed_over() {
    let mut ledger = Ledger::learnt(&standard(300.0), NOON);
    ledger.take("a", &wish(Urgency::Tracking, 11.0, NOON), NOON).unwrap();
    ledger.wish("a", Some(wish(Urgency::Drift, 3.0, NOON)), NOON);
    ledger.meter.points.insert(Urgency::StockDown, 10.0);
    let text = serde_json::to_string(&ledger).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    let old = r#"{"maximum":2000.0,"restore_rate":100.0,"free":1.5,"spent":0.0,
                  "at":"2026-11-24T10:00:00Z","later":{"a":1}}"#;
    assert_eq!(serde_json::from_str::<Ledger>(old).unwrap().free, 1.5);
}

/// Shopify's side of a call.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Reserved,
    Arrived,
    Answered { bucket: Bucket, received: Timestamp },
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    holder: usize,
    cost: f64,
    actual: f64,
    spent_before: f64,
    stage: Stage,
}

/// Four processes, one ledger, and the bucket as Shopify counts it.
struct World {
    now: Timestamp,
    truth: Bucket,
    ledger: Ledger,
    flights: Vec<Flight>,
    told: [u64; 4],
    ids: [u32; 4],
}

impl World {
    fn begin(available: f64) -> Self {
        let truth = standard(available);
        let ledger = Ledger::learnt(&truth, NOON);
        Self { now: NOON, truth, ledger, flights: Vec::new(), told: [0; 4], ids: [0; 4] }
    }

    fn pass(&mut self, millis: i64) {
        self.now += SignedDuration::from_millis(millis);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
        let refill = self.truth.restore_rate * millis as f64 / 1000.0;
        self.truth.available = (self.truth.available + refill).min(self.truth.maximum);
    }

    fn id(&self, holder: usize) -> String {
        format!("{holder}.{}", self.ids[holder])
    }

    fn outstanding(&self, holder: usize) -> f64 {
        self.flights.iter().filter(|f| f.holder == holder).map(|f| f.cost).sum()
    }

    fn start(&mut self, holder: usize, urgency: Urgency, cost: f64, part: f64) {
        let (id, now) = (self.id(holder), self.now);
        if self.ledger.take(&id, &wish(urgency, cost, now), now).is_ok() {
            let floor = urgency.leaves() * (self.ledger.maximum - cost);
            assert!(self.ledger.free >= floor - 1e-3, "{} under {floor}", self.ledger.free);
            let (actual, spent_before) = ((cost * part).floor(), self.ledger.spent);
            let stage = Stage::Reserved;
            self.flights.push(Flight { holder, cost, actual, spent_before, stage });
        }
    }

    /// The next thing happens to a call: it arrives, it is answered, its answer is told.
    fn step(&mut self, which: usize) {
        let Some(index) = which.checked_rem(self.flights.len()) else { return };
        let mut flight = self.flights[index];
        match flight.stage {
            Stage::Reserved => {
                let left = self.truth.available;
                assert!(left >= flight.cost - 1e-3, "throttled: {} of {left}", flight.cost);
                self.truth.available -= flight.cost;
                self.flights[index].stage = Stage::Arrived;
            }
            Stage::Arrived => {
                let back = self.truth.available + flight.cost - flight.actual;
                self.truth.available = back.min(self.truth.maximum);
                let bucket = Bucket { available: self.truth.available.floor(), ..self.truth };
                flight.stage = Stage::Answered { bucket, received: self.now };
                self.flights[index] = flight;
            }
            Stage::Answered { bucket, received } => {
                self.flights.swap_remove(index);
                let id = self.id(flight.holder);
                self.told[flight.holder] += 1;
                let report = report(self.told[flight.holder], flight.actual);
                self.ledger.tell(&id, &report, self.outstanding(flight.holder), self.now);
                let (spent_before, own) = (flight.spent_before, flight.actual);
                let seen = Observed { bucket, received, spent_before, own };
                self.ledger.observe(&seen, self.now);
            }
        }
    }

    /// Its process dies; what it had sent arrives or not.
    fn crash(&mut self, holder: usize) {
        for flight in self.flights.extract_if(.., |f| f.holder == holder) {
            if matches!(flight.stage, Stage::Arrived) {
                let back = self.truth.available + flight.cost - flight.actual;
                self.truth.available = back.min(self.truth.maximum);
            }
        }
        self.ids[holder] += 1;
        self.told[holder] = 0;
    }
}

#[derive(Clone, Debug)]
enum Act {
    Pass(i64),
    Start(usize, Urgency, u32, f64),
    Step(usize),
    Crash(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let urgency = prop_oneof![
        Just(Urgency::StockDown),
        Just(Urgency::Tracking),
        Just(Urgency::StockUp),
        Just(Urgency::Orders),
        Just(Urgency::Catalogue),
        Just(Urgency::Drift),
    ];
    let cost = prop_oneof![Just(10_u32), Just(36), Just(145), 1_u32..1000];
    let act = prop_oneof![
        3 => (0_i64..400).prop_map(Act::Pass),
        6 => (0_usize..4, urgency, cost, 0.0..1.0_f64)
            .prop_map(|(holder, urgency, cost, part)| Act::Start(holder, urgency, cost, part)),
        12 => (0_usize..64).prop_map(Act::Step),
        1 => (0_usize..4).prop_map(Act::Crash),
    ];
    proptest::collection::vec(act, 1..300)
}

proptest! {
    /// Whatever four processes do and in whatever order it arrives: no call meets an empty bucket,
    /// no lane goes below what it must leave, and when all is quiet everything is there again.
    #[test]
    fn no_call_is_ever_throttled_and_nothing_leaks(
        available in 0.0..2000.0_f64,
        acts in acts(),
    ) {
        let mut world = World::begin(available);
        for act in acts {
            match act {
                Act::Pass(millis) => world.pass(millis),
                Act::Start(holder, urgency, cost, part) => {
                    world.start(holder, urgency, f64::from(cost), part);
                }
                Act::Step(which) => world.step(which),
                Act::Crash(holder) => world.crash(holder),
            }
        }
        while !world.flights.is_empty() {
            world.step(0);
        }
        let quiet = RESERVED_MAX + SignedDuration::from_secs(30);
        world.ledger.pass(world.now + quiet);
        prop_assert_eq!(world.ledger.free, 2000.0);
        prop_assert_eq!(world.ledger.reserved(), 0.0);
    }
}
