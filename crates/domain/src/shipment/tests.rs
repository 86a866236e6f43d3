use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::settings::StoreShipments;
use super::*;
use crate::ids::{
    BackOfficeId, EffectId, EventId, FulfillmentId, FulfillmentOrderId, FulfillmentOrderLineId,
    LineItemId, LocationId, VariantId, Warehouse,
};
use crate::order::VariantCodes;
use crate::order::settings::{ServedLocation, StoreOrders};

pub(super) const BERLIN: LocationId = LocationId(71);
pub(super) const LYON: LocationId = LocationId(72);
pub(super) const A: LineItemId = LineItemId(1);
pub(super) const B: LineItemId = LineItemId(2);
pub(super) const KEY: &str = "wms/S1";

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

pub(super) fn effect(number: usize) -> EffectId {
    EffectId::try_new(format!("effect-{number}")).unwrap()
}

pub(super) fn main_warehouse() -> Warehouse {
    "wms/MAIN".parse().unwrap()
}

/// Berlin and Lyon are served by `wms/MAIN`, as far as they are named.
pub(super) fn rules(locations: &[LocationId]) -> StoreShipments {
    let wms = BackOfficeId::try_new("wms").unwrap();
    let served = |location: &LocationId| ServedLocation {
        location: *location,
        warehouses: vec![main_warehouse()],
        shipping_process: String::new(),
        default: false,
    };
    StoreShipments {
        enabled: true,
        notify_customer: true,
        reporters: [wms].into(),
        orders: StoreOrders {
            connected: true,
            locations: locations.iter().map(served).collect(),
            ..StoreOrders::default()
        },
        revision: 1,
    }
}

pub(super) fn wanted(line: LineItemId, units: i64) -> Wanted {
    Wanted { field: "lines[0]".to_owned(), of: LineOf::Line(line), units }
}

pub(super) fn parcel(name: &str, number: &str, lines: Vec<Wanted>) -> Parcel {
    let numbers = if number.is_empty() { Vec::new() } else { vec![number.to_owned()] };
    let tracking = Tracking { company: "DHL".to_owned(), numbers, urls: Vec::new() };
    Parcel { name: name.to_owned(), lines, tracking }
}

pub(super) fn statement(revision: u32, parcels: Vec<Parcel>) -> Statement {
    Statement {
        event_id: EventId::try_new(format!("e{revision}")).unwrap(),
        revision,
        says: Says::Left,
        origin: Origin::Report,
        warehouse: main_warehouse(),
        parcels,
        whole: false,
        notify: None,
        shipped_at: at(0),
    }
}

/// Three of A and two of B, open at `wms/MAIN`.
pub(super) fn order(revision: u64) -> KnownOrder {
    let line = |line: LineItemId, open| KnownLine {
        line,
        variant: Some(VariantId(line.get())),
        item: Some((line.get() + 100).into()),
        shares: vec![KnownShare { warehouse: Some(main_warehouse()), open }],
    };
    KnownOrder { revision, cancelled: false, routed: true, lines: vec![line(A, 3), line(B, 2)] }
}

pub(super) fn route(id: i64, location: LocationId, lines: &[(LineItemId, i64)]) -> ShownRoute {
    let line = |(line, remaining): &(LineItemId, i64)| ShownLine {
        id: FulfillmentOrderLineId(id * 10 + line.get()),
        line: *line,
        remaining: *remaining,
    };
    ShownRoute {
        id: FulfillmentOrderId(id),
        location: Some(location),
        readiness: Readiness::Ready,
        lines: lines.iter().map(line).collect(),
    }
}

pub(super) fn fulfillment(id: i64, number: &str, units: &[(LineItemId, i64)]) -> ShownFulfillment {
    ShownFulfillment {
        id: FulfillmentId(id),
        cancelled: false,
        units: units.iter().copied().collect(),
        numbers: if number.is_empty() { vec![] } else { vec![number.to_owned()] },
        urls: Vec::new(),
    }
}

/// One order's shipments, step by step.
pub(super) struct Scene {
    pub(super) state: Shipments,
    rules: StoreShipments,
    codes: Codes,
    effects: usize,
    pub(super) clock: i64,
}

impl Scene {
    fn new() -> Self {
        let (state, rules) = (Shipments::default(), rules(&[BERLIN]));
        Self { state, rules, codes: Codes::new(), effects: 0, clock: 0 }
    }

    pub(super) fn known() -> Self {
        let mut scene = Self::new();
        scene.see(order(1));
        scene
    }

    fn run(&mut self, command: &ShipmentCommand) -> Vec<ShipmentEvent> {
        let events = Shipments::decide(&self.state, command).unwrap();
        self.state = Shipments::evolve_all(self.state.clone(), &events);
        events
    }

    fn see(&mut self, order: KnownOrder) -> Vec<ShipmentEvent> {
        let codes = self.codes.clone();
        self.run(&ShipmentCommand::SeeOrder { order, codes })
    }

    pub(super) fn say(&mut self, statement: Statement) -> Vec<ShipmentEvent> {
        let (statement, codes) = (Box::new(statement), self.codes.clone());
        let (key, now) = (KEY.to_owned(), at(self.clock));
        self.run(&ShipmentCommand::Report { key, statement, enabled: true, codes, now })
    }

    pub(super) fn read(&mut self, shown: impl Into<Option<ShownOrder>>) -> Vec<ShipmentEvent> {
        self.effects += 1;
        let reading = Reading {
            effect: effect(self.effects),
            begun: at(self.clock),
            shown: shown.into(),
            rules: self.rules.clone(),
            codes: self.codes.clone(),
        };
        self.run(&ShipmentCommand::RecordRead(Box::new(reading)))
    }

    pub(super) fn intend(&mut self) -> Call {
        self.effects += 1;
        let call = self.state.stage.call().cloned().expect("a planned call");
        self.run(&ShipmentCommand::Intend { effect: effect(self.effects) });
        call
    }

    fn conclude(&mut self, outcome: CallOutcome) -> Vec<ShipmentEvent> {
        let effect = effect(self.effects);
        self.run(&ShipmentCommand::Conclude { effect, outcome })
    }

    pub(super) fn applied(&mut self, id: i64) -> Vec<ShipmentEvent> {
        self.conclude(CallOutcome::Applied { fulfillment: FulfillmentId(id) })
    }

    fn lost(&mut self) {
        self.conclude(CallOutcome::Unknown { readable_from: at(self.clock + 20) });
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.state.shipments[KEY].standing
    }
}

pub(super) fn shown(routes: Vec<ShownRoute>, fulfillments: Vec<ShownFulfillment>) -> ShownOrder {
    ShownOrder { routes, fulfillments }
}

pub(super) fn open() -> ShownOrder {
    shown(vec![route(7, BERLIN, &[(A, 3), (B, 2)])], Vec::new())
}

pub(super) fn created(call: &Call) -> (&[Taken], &Units) {
    match &call.kind {
        CallKind::Create { takes, units, .. } => (takes, units),
        other => panic!("{other:?} makes no fulfillment"),
    }
}

pub(super) fn refusal(standing: &Standing) -> &Refusal {
    match standing {
        Standing::Refused(refusal) => refusal,
        other => panic!("{other:?} is no refusal"),
    }
}

#[test]
fn a_shipment_becomes_one_fulfillment_and_everybody_is_told_its_lines() {
    let mut scene = Scene::known();
    let events = scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    let told = events.iter().find_map(|event| match event {
        ShipmentEvent::LinesTold { revision, lines, .. } => Some((*revision, lines[0].units)),
        _ => None,
    });
    assert_eq!(told, Some((1, 2)), "told before anything is sent");
    scene.read(open());
    let call = scene.intend();
    let taken = Taken { route: FulfillmentOrderId(7), line: FulfillmentOrderLineId(71), units: 2 };
    assert_eq!(created(&call).0, [taken]);
    assert_eq!(
        (call.notify, call.tracking.numbers.as_slice()),
        (true, ["N1".to_owned()].as_slice())
    );
    scene.applied(9);
    assert_eq!(*scene.standing(), Standing::Done);
    assert!(!scene.state.wants_read());
}

#[test]
fn parcels_and_locations_are_calls_of_their_own() {
    let mut scene = Scene::known();
    scene.rules = rules(&[BERLIN, LYON]);
    let parcels =
        vec![parcel("P1", "N1", vec![wanted(A, 3)]), parcel("P2", "N2", vec![wanted(B, 1)])];
    scene.say(statement(1, parcels));
    let mut routes = vec![route(7, BERLIN, &[(A, 2)]), route(8, LYON, &[(A, 1), (B, 2)])];
    let mut sent = Vec::new();
    for id in 1..=3 {
        scene.read(shown(routes.clone(), Vec::new()));
        let call = scene.intend();
        for taken in created(&call).0 {
            let route = routes.iter_mut().find(|route| route.id == taken.route).unwrap();
            let line = route.lines.iter_mut().find(|line| line.id == taken.line).unwrap();
            line.remaining -= taken.units;
        }
        routes.iter_mut().for_each(|route| route.lines.retain(|line| line.remaining > 0));
        sent.push((call.parcel.clone(), created(&call).1.values().sum::<i64>()));
        scene.applied(id);
    }
    let all = [("P1".to_owned(), 2), ("P1".to_owned(), 1), ("P2".to_owned(), 1)];
    assert_eq!(sent, all);
    assert_eq!(*scene.standing(), Standing::Done);
}

#[test]
fn a_shipment_before_its_order_waits() {
    let mut scene = Scene::new();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 1)])]));
    assert_eq!(*scene.standing(), Standing::Waits(WaitsFor::Order));
    assert!(!scene.state.wants_read());
    scene.see(order(1));
    assert_eq!(*scene.standing(), Standing::Due);
}

#[test]
fn more_than_is_open_is_refused_and_what_is_held_or_elsewhere_waits() {
    let report = || statement(1, vec![parcel("#0", "N1", vec![wanted(A, 3)])]);
    let mut scene = Scene::known();
    scene.say(report());
    scene.read(shown(vec![route(7, BERLIN, &[(A, 2)])], Vec::new()));
    let too_many = Refusal::TooMany { line: A, units: 3, open: 2 };
    assert_eq!(refusal(scene.standing()), &too_many);
    assert!(scene.state.lines_of(KEY).unwrap().is_empty(), "what is refused left nothing owed");

    let mut scene = Scene::known();
    scene.say(report());
    let mut held = route(7, BERLIN, &[(A, 3)]);
    held.readiness = Readiness::Held("OTHER".to_owned());
    scene.read(shown(vec![held], Vec::new()));
    assert_eq!(*scene.standing(), Standing::Waits(WaitsFor::Hold("OTHER".to_owned())));
    scene.read(open());
    assert!(scene.state.stage.call().is_some(), "the hold is over");

    let mut scene = Scene::known();
    scene.say(report());
    scene.read(shown(vec![route(7, LYON, &[(A, 3)])], Vec::new()));
    assert_eq!(*scene.standing(), Standing::Waits(WaitsFor::Elsewhere(A)));

    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(LineItemId(99), 1)])]));
    scene.read(open());
    let field = "lines[0].line_id".to_owned();
    let unknown = Refusal::UnknownLine { field, line: LineItemId(99) };
    assert_eq!(refusal(scene.standing()), &unknown);
}

#[test]
fn a_repeated_or_older_statement_sends_nothing() {
    let mut scene = Scene::known();
    let second = statement(2, vec![parcel("#0", "N1", vec![wanted(A, 2)])]);
    scene.say(second.clone());
    assert!(scene.say(second).is_empty());
    let first = statement(1, vec![parcel("#0", "N0", vec![wanted(A, 1)])]);
    let events = scene.say(first);
    assert!(matches!(events.as_slice(), [ShipmentEvent::ReportStale { known: 2, .. }]));
}

#[test]
fn a_later_number_is_told_and_other_lines_are_refused() {
    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "", vec![wanted(A, 2)])]));
    scene.read(open());
    scene.intend();
    scene.applied(9);
    scene.say(statement(2, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    let sent = fulfillment(9, "", &[(A, 2)]);
    scene.read(shown(vec![route(7, BERLIN, &[(A, 1), (B, 2)])], vec![sent.clone()]));
    let call = scene.intend();
    assert_eq!(call.kind, CallKind::Track { fulfillment: FulfillmentId(9) });
    scene.applied(9);
    assert_eq!(*scene.standing(), Standing::Done);
    scene.say(statement(3, vec![parcel("#0", "N1", vec![wanted(A, 1)])]));
    scene.read(shown(Vec::new(), vec![sent]));
    assert_eq!(refusal(scene.standing()), &Refusal::Changed);
    assert_eq!(scene.state.lines_of(KEY).unwrap()[0].units, 2, "Shopify has two of it");
}

#[test]
fn a_cancelled_shipment_takes_its_fulfillments_back() {
    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    scene.read(open());
    scene.intend();
    scene.applied(9);
    let cancel = Statement { says: Says::Cancelled, ..statement(2, Vec::new()) };
    scene.say(cancel);
    scene.read(shown(Vec::new(), vec![fulfillment(9, "N1", &[(A, 2)])]));
    assert_eq!(scene.intend().kind, CallKind::Cancel { fulfillment: FulfillmentId(9) });
    scene.applied(9);
    assert_eq!(*scene.standing(), Standing::Done);
    assert!(scene.state.lines_of(KEY).unwrap().is_empty());
}

#[test]
fn a_lost_answer_is_looked_for_and_never_sent_again() {
    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    scene.read(open());
    scene.intend();
    scene.lost();
    scene.clock = 25;
    let rest = vec![route(7, BERLIN, &[(A, 1), (B, 2)])];
    let events = scene.read(shown(rest, vec![fulfillment(9, "N1", &[(A, 2)])]));
    assert!(matches!(events[0], ShipmentEvent::Applied { fulfillment: FulfillmentId(9), .. }));
    assert_eq!(*scene.standing(), Standing::Done);
}

#[test]
fn absent_needs_two_readings_a_minute_apart_after_the_call_can_no_longer_arrive() {
    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    scene.read(open());
    scene.intend();
    scene.lost();
    for (clock, is_free) in [(10, false), (21, false), (60, false), (80, false), (81, true)] {
        scene.clock = clock;
        scene.read(open());
        let is_planned = matches!(scene.state.stage, Stage::Planned { .. });
        assert_eq!(is_planned, is_free, "after {clock} s");
    }
}

#[test]
fn what_fits_twice_or_in_part_asks_a_person_and_a_later_reading_may_tell() {
    let both = [fulfillment(8, "N1", &[(A, 2)]), fulfillment(9, "N1", &[(A, 2)])];
    let part = [fulfillment(8, "", &[(A, 1)])];
    for strange in [both.as_slice(), part.as_slice()] {
        let mut scene = Scene::known();
        scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
        scene.read(open());
        scene.intend();
        scene.lost();
        scene.clock = 30;
        let events = scene.read(shown(Vec::new(), strange.to_vec()));
        assert!(matches!(events[0], ShipmentEvent::Asked { .. }));
        assert_eq!(*scene.standing(), Standing::Waits(WaitsFor::Person));
        scene.clock = 700;
        scene.read(shown(Vec::new(), vec![fulfillment(9, "N1", &[(A, 2)])]));
        assert_eq!(*scene.standing(), Standing::Done);
    }
}

#[test]
fn what_nobody_tells_of_is_given_up_after_a_day_and_taken_up_when_it_comes() {
    let day = 24 * 3600;
    let mut scene = Scene::new();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    let arrived = Statement { says: Says::Arrived, ..statement(4, Vec::new()) };
    let report = ShipmentCommand::Report {
        key: "wms/S2".to_owned(),
        statement: Box::new(arrived),
        enabled: true,
        codes: Codes::new(),
        now: at(0),
    };
    scene.run(&report);
    assert!(scene.run(&ShipmentCommand::GiveUp { now: at(day - 1) }).is_empty());
    let events = scene.run(&ShipmentCommand::GiveUp { now: at(day) });
    assert_eq!(events.len(), 1, "{events:?}");
    // The store let nobody in, and its order waits to be told of.
    assert_eq!(*scene.standing(), Standing::Waits(WaitsFor::Order), "time alone refuses nothing");
    scene.clock = day;
    assert!(scene.read(ShownOrder::default()).is_empty(), "Shopify has the order");
    scene.clock = day - 1;
    assert!(scene.read(None).is_empty(), "it may be a new one that is not shown yet");
    scene.clock = day;
    assert_eq!(scene.read(None).len(), 1);
    assert_eq!(refusal(scene.standing()), &Refusal::UnknownOrder);
    assert!(scene.state.early.is_empty() && scene.state.waiting().next().is_none());
    assert!(scene.run(&ShipmentCommand::GiveUp { now: at(2 * day) }).is_empty());
    scene.see(order(1));
    assert_eq!(*scene.standing(), Standing::Due, "the order came after all");
    assert!(scene.run(&ShipmentCommand::GiveUp { now: at(3 * day) }).is_empty());
    scene.run(&report);
    assert_eq!(scene.state.early.len(), 1, "an arrival that was given up may be said again");
}

#[test]
fn a_fulfillment_that_was_taken_back_is_never_taken_for_ours() {
    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    scene.read(open());
    scene.intend();
    scene.lost();
    scene.clock = 30;
    let taken_back = ShownFulfillment { cancelled: true, ..fulfillment(8, "N1", &[(A, 2)]) };
    let events = scene.read(ShownOrder { fulfillments: vec![taken_back], ..open() });
    assert!(matches!(events[0], ShipmentEvent::Asked { .. }), "{events:?}");
    let other = ShownFulfillment { cancelled: true, ..fulfillment(8, "N7", &[(A, 1)]) };
    for clock in [100, 160] {
        scene.clock = clock;
        scene.read(ShownOrder { fulfillments: vec![other.clone()], ..open() });
    }
    assert!(matches!(scene.state.stage, Stage::Planned { .. }), "another's is no trace of ours");
}

#[test]
fn a_refusal_counts_after_a_second_look() {
    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    for round in 0..2 {
        scene.read(open());
        scene.intend();
        scene.conclude(CallOutcome::Refused { message: "Invalid quantity.".to_owned() });
        assert_eq!(*scene.standing() == Standing::Due, round == 0);
    }
    let words = Refusal::Shopify { message: "Invalid quantity.".to_owned() };
    assert_eq!(refusal(scene.standing()), &words);
}

#[test]
fn a_whole_order_is_all_that_remains_there() {
    let mut scene = Scene::known();
    let whole = Statement { whole: true, ..statement(1, vec![parcel("#0", "N1", Vec::new())]) };
    scene.say(whole.clone());
    assert_eq!(scene.state.lines_of(KEY).unwrap().len(), 2);
    scene.read(shown(vec![route(7, BERLIN, &[(A, 1)]), route(8, LYON, &[(B, 2)])], Vec::new()));
    let call = scene.intend();
    assert_eq!(created(&call).1, &Units::from([(A, 1)]));
    scene.applied(9);
    assert_eq!(*scene.standing(), Standing::Done);
    assert_eq!(scene.state.lines_of(KEY).unwrap()[0].units, 1, "what was really there");

    let mut scene = Scene::known();
    scene.say(whole);
    scene.read(shown(Vec::new(), Vec::new()));
    assert_eq!(refusal(scene.standing()), &Refusal::NothingOpen);
}

#[test]
fn codes_name_lines_through_links_and_fill_the_first_first() {
    let mut scene = Scene::known();
    let code = |sku: &str| LineOf::Sku(sku.parse().unwrap());
    let entry = Wanted { field: "lines[0]".to_owned(), of: code("TEA"), units: 4 };
    scene.say(statement(1, vec![parcel("#0", "N1", vec![entry])]));
    assert_eq!(*scene.standing(), Standing::Waits(WaitsFor::Link("TEA".to_owned())));
    let wms = BackOfficeId::try_new("wms").unwrap();
    let linked = VariantCodes {
        codes: BTreeMap::from([(wms, (1, Some("TEA".parse().unwrap())))]),
        ..VariantCodes::default()
    };
    scene.codes = Codes::from([(VariantId(1), linked.clone()), (VariantId(2), linked)]);
    scene.read(open());
    let call = scene.intend();
    assert_eq!(created(&call).1, &Units::from([(A, 3), (B, 1)]));
}

#[test]
fn what_was_released_is_sent_without_tracking_notice_or_lines() {
    let mut scene = Scene::known();
    let parcels = vec![Parcel {
        name: "#0".to_owned(),
        lines: vec![wanted(A, 3)],
        tracking: Tracking::default(),
    }];
    scene.say(Statement { origin: Origin::Release, ..statement(1, parcels) });
    assert_eq!(scene.state.lines_of(KEY), None);
    scene.read(open());
    let call = scene.intend();
    assert!(!call.notify && call.tracking.is_empty());
}

#[test]
fn a_correction_while_a_call_is_in_the_air_is_planned_after_it() {
    let mut scene = Scene::known();
    scene.say(statement(1, vec![parcel("#0", "N1", vec![wanted(A, 2)])]));
    scene.read(open());
    scene.intend();
    scene.say(statement(2, vec![parcel("#0", "N2", vec![wanted(A, 2)])]));
    scene.applied(9);
    assert_eq!(*scene.standing(), Standing::Due);
    let rest = vec![route(7, BERLIN, &[(A, 1), (B, 2)])];
    scene.read(shown(rest, vec![fulfillment(9, "N1", &[(A, 2)])]));
    assert_eq!(scene.intend().kind, CallKind::Track { fulfillment: FulfillmentId(9) });
}

#[test]
fn a_store_that_takes_no_shipments_still_tells_lines() {
    let mut scene = Scene::known();
    let parcels = vec![parcel("#0", "N1", vec![wanted(A, 2)])];
    let statement = Box::new(statement(1, parcels));
    let (key, codes, now) = (KEY.to_owned(), Codes::new(), at(0));
    scene.run(&ShipmentCommand::Report { key, statement, enabled: false, codes, now });
    assert_eq!(*scene.standing(), Standing::NotEnabled);
    assert_eq!(scene.state.lines_of(KEY).unwrap()[0].units, 2);
    assert!(!scene.state.wants_read());
}
