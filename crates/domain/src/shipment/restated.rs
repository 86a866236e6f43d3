//! Statements that come late, early, or call things otherwise.

use std::collections::BTreeMap;

use super::tests::{
    A, B, BERLIN, KEY, Scene, created, fulfillment, open, parcel, refusal, route, shown, statement,
    wanted,
};
use super::*;
use crate::ids::{EventId, FulfillmentId};

/// What was sent first, and what is stated then; gives what follows.
fn stated_anew(first: Vec<Parcel>, then: Vec<Parcel>) -> (Scene, Vec<ShownFulfillment>) {
    let mut scene = Scene::known();
    let count = i64::try_from(first.len()).unwrap();
    scene.say(statement(1, first));
    let (mut left, mut sent) = (BTreeMap::from([(A, 3), (B, 2)]), Vec::new());
    let routes = |left: &Units| {
        let lines: Vec<_> = left.iter().map(|(line, units)| (*line, *units)).collect();
        vec![route(7, BERLIN, &lines)]
    };
    for id in 1..=count {
        scene.read(shown(routes(&left), sent.clone()));
        let call = scene.intend();
        let units: Vec<_> = created(&call).1.iter().map(|(line, units)| (*line, *units)).collect();
        units.iter().for_each(|(line, units)| *left.get_mut(line).unwrap() -= units);
        let number = call.tracking.numbers.first().cloned().unwrap_or_default();
        sent.push(fulfillment(id, &number, &units));
        scene.applied(id);
    }
    assert_eq!(*scene.standing(), Standing::Done);
    scene.say(statement(2, then));
    scene.read(shown(routes(&left), sent.clone()));
    (scene, sent)
}

#[test]
fn a_shipment_that_grows_by_a_parcel_sends_the_new_one_alone() {
    let lamps = |name: &str| parcel(name, "N1", vec![wanted(A, 2)]);
    let shades = |name: &str| parcel(name, "N2", vec![wanted(B, 1)]);
    for (before, first, second) in [("P1", "P1", "P2"), ("#0", "P1", "P2"), ("#0", "#1", "#0")] {
        let (mut scene, _) = stated_anew(vec![lamps(before)], vec![shades(second), lamps(first)]);
        let call = scene.intend();
        assert_eq!((call.parcel.as_str(), created(&call).1), (second, &Units::from([(B, 1)])));
        scene.applied(9);
        assert_eq!(*scene.standing(), Standing::Done, "{before} was called {first}");
    }
}

#[test]
fn parcels_that_are_called_otherwise_are_the_same_by_number_and_by_units() {
    let parcels = |names: [&str; 2], numbers: [&str; 2]| {
        let one = parcel(names[0], numbers[0], vec![wanted(A, 1)]);
        vec![one, parcel(names[1], numbers[1], vec![wanted(A, 2)])]
    };
    let first = || parcels(["#0", "#1"], ["N1", "N2"]);
    for then in [parcels(["P1", "P2"], ["N1", "N2"]), parcels(["#1", "#0"], ["N1", "N2"])] {
        let (scene, _) = stated_anew(first(), then);
        assert_eq!(*scene.standing(), Standing::Done);
    }
    // Without numbers, and one of them is new.
    let bare = || parcels(["#0", "#1"], ["", ""]);
    let (mut scene, _) = stated_anew(bare(), parcels(["P2", "P1"], ["N1", "N2"]));
    let call = scene.intend();
    assert_eq!(call.kind, CallKind::Track { fulfillment: FulfillmentId(1) });
    assert_eq!(call.tracking.numbers, ["N1"]);
    // Less than was sent is in no parcel.
    let (scene, _) = stated_anew(bare(), vec![parcel("P1", "N1", vec![wanted(A, 2)])]);
    assert_eq!(refusal(scene.standing()), &Refusal::Changed);
}

#[test]
fn an_arrival_makes_no_correction_old_and_may_come_before_its_shipment() {
    let arrived = |revision| Statement {
        event_id: EventId::try_new(format!("a{revision}")).unwrap(),
        says: Says::Arrived,
        ..statement(revision, Vec::new())
    };
    let left =
        |revision, number| statement(revision, vec![parcel("#0", number, vec![wanted(A, 2)])]);
    let mut all = Vec::new();
    for order in [[1, 3, 2], [3, 1, 2], [2, 3, 1], [3, 2, 1]] {
        let mut scene = Scene::known();
        for revision in order {
            let said = match revision {
                1 => left(1, "N1"),
                2 => left(2, "N2"),
                other => arrived(other),
            };
            scene.say(said);
            if revision == 3 && scene.state.shipments.is_empty() {
                let waits: Vec<_> =
                    scene.state.waiting().map(|(_, what, _)| what.clone()).collect();
                assert_eq!(waits, [WaitsFor::Shipment]);
            }
        }
        assert!(scene.state.early.is_empty());
        let shipment = scene.state.shipments[KEY].clone();
        assert_eq!(shipment.said.parcels[0].tracking.numbers, ["N2"], "{order:?}");
        all.push((shipment.standing, shipment.heard, shipment.arrived));
    }
    assert!(all.windows(2).all(|two| two[0] == two[1]), "{all:?}");
    let mut scene = Scene::known();
    assert!(matches!(scene.say(arrived(3)).as_slice(), [ShipmentEvent::ArrivedEarly { .. }]));
    assert!(scene.say(arrived(3)).is_empty(), "the same again");
    assert!(matches!(scene.say(arrived(2)).as_slice(), [ShipmentEvent::ReportStale { .. }]));
}

#[test]
fn a_reading_that_began_before_a_report_does_not_judge_it() {
    let mut scene = Scene::known();
    scene.clock = 10;
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 3)])]));
    scene.clock = 9;
    let events = scene.read(shown(vec![route(7, BERLIN, &[(A, 2)])], Vec::new()));
    assert!(events.is_empty(), "{events:?}");
    assert_eq!(*scene.standing(), Standing::Due);
    scene.clock = 11;
    scene.read(open());
    assert!(matches!(scene.state.stage, Stage::Planned { .. }));
}
