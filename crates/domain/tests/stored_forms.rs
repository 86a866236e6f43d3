//! Every stored event and state as JSON, compared with the files in `tests/golden/`.
//!
//! A service keeps events for good, so a changed form must be seen in review and the old one must
//! stay readable. After a wanted change: `cargo test -p lockstep-domain --test stored_forms --
//! --ignored renew`.
#![expect(clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod samples;

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use lockstep_domain::order::{Order, OrderEvent};
use lockstep_domain::stock::demand::{
    Demand, DemandCommand, DemandEvent, HeardOrder, HeardOrderEvent,
};
use lockstep_domain::stock::level::{Level, LevelEvent};
use lockstep_domain::stock::pool::{Pool, PoolCommand, PoolEvent};
use lockstep_domain::stock::rules::{BackOfficeRulesEvent, StoreRules, StoreRulesEvent};
use lockstep_domain::{Decider as _, LocationId};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", &format!("{name}.json")].iter().collect()
}

fn written<T: Serialize>(samples: &T) -> String {
    let json = serde_json::to_string_pretty(samples).expect("a stored form");
    format!("{json}\n")
}

/// What was stored equals what is stored today, in both directions.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, samples: &T) {
    let golden = fs::read_to_string(file(name)).expect("the golden file");
    assert_eq!(written(samples), golden, "the stored form of {name} changed");
    let read: T = serde_json::from_str(&golden).expect("the stored form can be read");
    assert_eq!(read, *samples);
}

/// One test per kind of stored value, and one that renews all files.
macro_rules! stored_forms {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name), &samples::$name());
            }
        )+

        #[test]
        #[ignore = "writes the golden files"]
        fn renew() {
            $(
                let name = stringify!($name);
                fs::write(file(name), written(&samples::$name())).expect("written");
            )+
        }
    };
}

stored_forms!(
    pool_events,
    pool_state,
    demand_events,
    demand_state,
    heard_order_events,
    heard_order_state,
    heard_shipment_events,
    heard_shipment_state,
    level_events,
    level_state,
    orders_read_events,
    orders_read_state,
    store_rules_events,
    store_rules_state,
    backoffice_rules_events,
    variant_link_events,
    variant_link_state,
    sku_claim_events,
    sku_claim_state,
    order_events,
    order_state,
    order_rules_events,
    variant_codes_events,
    variant_codes_state,
    redaction_events,
    redaction_state,
    shipment_events,
    shipment_state,
    shipment_rules_events,
    shipment_rules_state,
    feed_events,
    feed_state,
    feed_cursor_events,
    feed_cursor_state,
    feed_part_events,
    feed_part_state,
    window,
    job_events,
    job_state,
    store_sync_events,
    store_sync_state,
    catalog_rules_events,
    listing_events,
    listing_state,
    carriers_events,
    carriers_state,
    offers_events,
    offers_state,
    conflict_events,
    conflict_state,
    product_events,
    product_state,
);

fn earlier<T: DeserializeOwned>(name: &str) -> T {
    let text = fs::read_to_string(file(&format!("earlier/{name}"))).expect("the file");
    serde_json::from_str(&text).expect("an earlier form is read")
}

/// An order that an earlier version told, before it noted where units were, is cancelled: what was
/// not put back is known where it was sold, and a rebuild comes to the same.
#[test]
fn a_demand_of_an_earlier_version_goes_on() {
    let command = samples::cancelled();
    let DemandCommand::TellLine(told) = &command else { unreachable!() };
    let go_on = |demand: Demand| {
        let before = demand.claims(told.line);
        let events = Demand::decide(&demand, &command).expect("told");
        let demand = Demand::evolve_all(demand, &events);
        let berlin = "berlin".parse().expect("a store");
        let commands = demand.claims(told.line).since(&before, &berlin, told.line);
        (demand, commands.expect("a line"))
    };
    let events: Vec<DemandEvent> = earlier("demand_events_before_places");
    let (live, told) = go_on(earlier("demand_state_before_places"));
    let (rebuilt, told_again) = go_on(Demand::evolve_all(Demand::default(), &events));
    assert_eq!((&live, &told), (&rebuilt, &told_again));
    let claims: Vec<_> = told
        .iter()
        .filter_map(|(_, command)| match command {
            PoolCommand::ClaimLine(claim) => claim.claim.as_ref(),
            _ => None,
        })
        .map(|claim| (claim.sold, claim.fulfilled, claim.dropped))
        .collect();
    assert_eq!(claims, [(1, 1, 2)]);
}

/// What earlier versions stored, in `tests/golden/earlier/`, is read as it was meant.
#[test]
fn forms_of_earlier_versions_are_read() {
    let events: Vec<PoolEvent> = earlier("pool_events");
    let last = samples::linked_last();
    let pool = Pool::evolve_all(Pool::default(), events.iter().chain([&last]));
    let read = earlier::<Pool>("pool_state");
    let (w1, berlin) = ("W1".parse().expect("a code"), "berlin".parse().expect("a store"));
    assert_eq!(read.position(&w1), pool.position(&w1));
    assert_eq!(read.delta_units(&w1, &berlin), pool.delta_units(&w1, &berlin));
    assert_eq!((read.owed(&w1), read.own(&w1, &berlin)), (pool.owed(&w1), pool.own(&w1, &berlin)));
    // The movement that the earlier form lists is known, and a late count still adds it.
    let again = samples::first_movement();
    assert_eq!(Pool::decide(&read, &again), Ok(vec![]));
    assert_eq!(
        Pool::decide(&read, &samples::late_count()),
        Pool::decide(&pool, &samples::late_count())
    );
    // A claim that was stored before it told what is fulfilled and released.
    let before = earlier::<Pool>("pool_state_before_facts");
    assert_eq!((before.known_sold(&w1, &berlin), before.known_open(&w1, &berlin)), (2, 2));
    assert_eq!((before.owed(&w1), before.own(&w1, &berlin).floor_units()), (1, 2));
    // A ledger and a demand that were stored before they told what came back.
    let before = earlier::<Pool>("pool_state_before_returns");
    assert_eq!(before.position(&w1).expect("counted"), "4.5".parse().expect("a quantity"));
    assert_eq!(before.own(&w1, &berlin).floor_units(), 2);
    assert_eq!(earlier::<Demand>("demand_state_before_returns").lines().count(), 1);
    // What was stored before it told where Shopify counts units.
    let before = earlier::<Pool>("pool_state_before_places");
    let events: Vec<PoolEvent> = earlier("pool_events_before_places");
    let folded = Pool::evolve_all(Pool::default(), &events);
    assert_eq!(before.known_sold(&w1, &berlin), folded.known_sold(&w1, &berlin));
    assert_eq!((before.owed(&w1), before.owed_elsewhere(&w1, &berlin)), (folded.owed(&w1), 0));
    let events: Vec<DemandEvent> = earlier("demand_events_before_places");
    assert_eq!(Demand::evolve_all(Demand::default(), &events).lines().count(), 2);
    assert_eq!(earlier::<Demand>("demand_state_before_places").lines().count(), 2);
    let events: Vec<HeardOrderEvent> = earlier("heard_order_events_before_places");
    let heard = HeardOrder::evolve_all(HeardOrder::default(), &events);
    assert_eq!(heard, earlier("heard_order_state_before_places"));
    let events: Vec<LevelEvent> = earlier("level_events");
    assert!(!Level::evolve_all(Level::default(), &events).locations.is_empty());
    let level: Level = earlier("level_state");
    let location = level.locations.values().next().expect("a location");
    assert_eq!((level.followed, location.in_flight[0].asked), (0, None));
    // What was watched before it was known which words a read was older than.
    let events: Vec<LevelEvent> = earlier("level_events_before_bounds");
    let folded = Level::evolve_all(Level::default(), &events);
    let stored: Level = earlier("level_state_before_bounds");
    for level in [&folded, &stored] {
        let mut watched = level.locations.values().filter_map(|known| known.watch);
        assert!(watched.all(|watch| watch.bound.is_none()), "none that can be relied on");
    }
    let watch = stored.location(LocationId(1)).and_then(|known| known.watch).expect("watched");
    let falls = watch.falls.expect("some wait");
    assert_eq!((falls.units, falls.base, falls.since()), (3, None, falls.at));
    let rules: Vec<StoreRulesEvent> = earlier("store_rules_events");
    let rules = StoreRules::evolve_all(StoreRules::default(), &rules);
    assert!(!rules.is_turning(), "levels followed such settings at once");
    assert_eq!(earlier::<Vec<BackOfficeRulesEvent>>("backoffice_rules_events").len(), 2);
}

/// Reports that an earlier version added up are still counted.
#[test]
fn orders_of_earlier_versions_are_read() {
    let read = |name: &str| fs::read_to_string(file(&format!("earlier/{name}"))).expect("a file");
    let events: Vec<OrderEvent> =
        serde_json::from_str(&read("order_events")).expect("earlier events are read");
    let state: Order = serde_json::from_str(&read("order_state")).expect("an earlier state");
    let order = Order::evolve_all(Order::default(), &events);
    assert!(!order.bookings.is_empty() && order.said.is_empty());
    assert!(order.told.as_ref().is_none_or(|told| !told.noted), "nobody noted the revision");
    assert_eq!(order.bookings, state.bookings);
    assert_eq!(order.answers, state.answers);
}

#[test]
fn unknown_fields_of_a_newer_version_are_ignored() {
    let stored = r#"{"type":"linked","store":"a","item":7,"since":"tomorrow"}"#;
    let event: PoolEvent = serde_json::from_str(stored).expect("readable");
    let again = serde_json::to_string(&event).expect("stored");
    assert_eq!(again, r#"{"type":"linked","store":"a","item":7}"#);
}

#[test]
fn states_of_an_older_version_lack_fields_and_stay_readable() {
    let pool: Pool = serde_json::from_str(r#"{"warehouses":{"W1":{}}}"#).expect("readable");
    assert_eq!(pool.positions().count(), 1);
    let level: Level = serde_json::from_str(r#"{"locations":{"1":{}}}"#).expect("readable");
    assert_eq!(level.locations.len(), 1);
}
