//! Samples of shipments.

use std::collections::BTreeSet;

use lockstep_domain::order::settings::{ServedLocation, StoreOrders};
use lockstep_domain::shipment::settings::StoreShipments;
use lockstep_domain::shipment::settings::{AdoptShipments, ShipmentRules, ShipmentRulesEvent};
use lockstep_domain::shipment::{
    Arrival, Call, CallKind, EarlyArrival, KnownLine, KnownOrder, KnownShare, LineOf, Origin,
    Parcel, Refusal, RenamedParcel, Resolved, Says, SentParcel, Shipment, ShipmentEvent, Shipments,
    ShownFulfillment, Stage, Standing, Statement, Taken, ToldLine, ToldLines, Tracking, Units,
    WaitsFor, Wanted,
};
use lockstep_domain::{
    Decider, FulfillmentId, FulfillmentOrderId, FulfillmentOrderLineId, InventoryItemId,
    LineItemId, LocationId, VariantId, Warehouse,
};

use super::{at, id};

const LINE: LineItemId = LineItemId(5001);
const FULFILLMENT: FulfillmentId = FulfillmentId(9001);
const KEY: &str = "wms/S1";

fn main() -> Warehouse {
    id("wms/MAIN")
}

fn tracking() -> Tracking {
    Tracking {
        company: "DHL".to_owned(),
        numbers: vec!["N1".to_owned()],
        urls: vec!["https://example.com/N1".to_owned()],
    }
}

fn statement(says: Says, origin: Origin) -> Statement {
    let wanted = |of| Wanted { field: "packages[0].lines[0]".to_owned(), of, units: 2 };
    let lines = vec![wanted(LineOf::Line(LINE)), wanted(LineOf::Sku(id("LAMP")))];
    Statement {
        event_id: id("e-1"),
        revision: 2,
        says,
        origin,
        warehouse: main(),
        parcels: vec![Parcel { name: "P1".to_owned(), lines, tracking: tracking() }],
        whole: false,
        notify: Some(true),
        shipped_at: at(10),
    }
}

fn order() -> KnownOrder {
    KnownOrder {
        revision: 3,
        cancelled: false,
        routed: true,
        lines: vec![KnownLine {
            line: LINE,
            variant: Some(VariantId(61)),
            item: Some(InventoryItemId(62)),
            shares: vec![
                KnownShare { warehouse: Some(main()), open: 2 },
                KnownShare { warehouse: None, open: 1 },
            ],
        }],
    }
}

fn units() -> Units {
    Units::from([(LINE, 2)])
}

fn call(kind: CallKind) -> Call {
    Call {
        shipment: KEY.to_owned(),
        parcel: "P1".to_owned(),
        notify: true,
        tracking: tracking(),
        kind,
    }
}

fn create() -> Call {
    call(CallKind::Create {
        takes: vec![Taken {
            route: FulfillmentOrderId(7),
            line: FulfillmentOrderLineId(71),
            units: 2,
        }],
        units: units(),
        known: BTreeSet::from([FulfillmentId(8999)]),
        completes: false,
    })
}

fn standings() -> Vec<Standing> {
    vec![
        Standing::Due,
        Standing::Waits(WaitsFor::Order),
        Standing::Waits(WaitsFor::Shipment),
        Standing::Waits(WaitsFor::Routing),
        Standing::Waits(WaitsFor::Link("LAMP".to_owned())),
        Standing::Waits(WaitsFor::Hold("AWAITING_PAYMENT".to_owned())),
        Standing::Waits(WaitsFor::Elsewhere(LINE)),
        Standing::Waits(WaitsFor::Person),
        Standing::Done,
        Standing::Refused(Refusal::UnknownLine { field: "lines[0]".to_owned(), line: LINE }),
        Standing::Refused(Refusal::TooMany { line: LINE, units: 3, open: 2 }),
        Standing::Refused(Refusal::UnknownOrder),
        Standing::Refused(Refusal::NothingOpen),
        Standing::Refused(Refusal::Changed),
        Standing::Refused(Refusal::Shopify { message: "no".to_owned() }),
        Standing::NotEnabled,
    ]
}

pub fn shipment_events() -> Vec<ShipmentEvent> {
    let key = || KEY.to_owned();
    let adopted = |says, origin, standing| {
        let statement = Box::new(statement(says, origin));
        ShipmentEvent::Adopted { key: key(), statement, standing, at: at(20) }
    };
    let planned = |kind| ShipmentEvent::Planned { call: call(kind), read_at: at(30) };
    let mut events = vec![
        ShipmentEvent::OrderSeen { order: order() },
        adopted(Says::Left, Origin::Report, Standing::Due),
        adopted(Says::Cancelled, Origin::Release, Standing::NotEnabled),
        adopted(Says::Arrived, Origin::Report, Standing::Done),
    ];
    let stood = |standing| ShipmentEvent::Stood { key: key(), standing };
    events.extend(standings().into_iter().map(stood));
    events.extend([
        ShipmentEvent::Superseded { key: key(), event_id: id("e-1"), by: 2 },
        ShipmentEvent::ReportStale { key: key(), event_id: id("e-0"), known: 2 },
        ShipmentEvent::ReportRefused {
            key: key(),
            event_id: id("e-2"),
            refusal: Refusal::UnknownShipment,
        },
        ShipmentEvent::Arrived { key: key(), event_id: id("e-3"), revision: 3 },
        ShipmentEvent::ArrivedEarly { key: key(), event_id: id("e-3"), revision: 3, at: at(20) },
        ShipmentEvent::Resolved {
            key: key(),
            parcels: vec![Resolved { parcel: "P1".to_owned(), units: units() }],
        },
        ShipmentEvent::Renamed {
            key: key(),
            parcels: vec![RenamedParcel { fulfillment: FULFILLMENT, parcel: "P2".to_owned() }],
        },
        ShipmentEvent::Planned { call: create(), read_at: at(30) },
        planned(CallKind::Track { fulfillment: FULFILLMENT }),
        planned(CallKind::Cancel { fulfillment: FULFILLMENT }),
        ShipmentEvent::PlanDropped,
        ShipmentEvent::Intended { effect: id("effect-1") },
        ShipmentEvent::NotApplied,
        ShipmentEvent::Doubted { message: "no".to_owned() },
        ShipmentEvent::Applied { fulfillment: FULFILLMENT, effect: id("effect-1") },
        ShipmentEvent::BecameUnclear { readable_from: at(50) },
        ShipmentEvent::SeenAbsent { at: at(60) },
        ShipmentEvent::Asked { effect: id("effect-2"), candidates: Vec::new() },
        ShipmentEvent::Asked { effect: id("effect-2"), candidates: vec![candidate()] },
        ShipmentEvent::MayBe { candidates: vec![candidate()] },
        ShipmentEvent::LinesTold { key: key(), revision: 1, lines: vec![told()] },
    ]);
    covers!(events;
        ShipmentEvent::OrderSeen { .. },
        ShipmentEvent::Adopted { .. },
        ShipmentEvent::Superseded { .. },
        ShipmentEvent::ReportStale { .. },
        ShipmentEvent::ReportRefused { .. },
        ShipmentEvent::Arrived { .. },
        ShipmentEvent::ArrivedEarly { .. },
        ShipmentEvent::Resolved { .. },
        ShipmentEvent::Renamed { .. },
        ShipmentEvent::Stood { .. },
        ShipmentEvent::Planned { .. },
        ShipmentEvent::PlanDropped,
        ShipmentEvent::Intended { .. },
        ShipmentEvent::NotApplied,
        ShipmentEvent::Doubted { .. },
        ShipmentEvent::Applied { .. },
        ShipmentEvent::BecameUnclear { .. },
        ShipmentEvent::SeenAbsent { .. },
        ShipmentEvent::Asked { .. },
        ShipmentEvent::MayBe { .. },
        ShipmentEvent::LinesTold { .. },
    )
}

fn candidate() -> ShownFulfillment {
    ShownFulfillment {
        id: FULFILLMENT,
        cancelled: false,
        units: units(),
        numbers: vec!["N1".to_owned()],
        urls: Vec::new(),
    }
}

fn told() -> ToldLine {
    ToldLine { line: LINE, item: Some(InventoryItemId(62)), units: 2 }
}

fn arrival() -> Arrival {
    Arrival { event_id: id("e-3"), revision: 3 }
}

/// One state per stage, each with every field of a shipment.
pub fn shipment_state() -> Vec<Shipments> {
    let sent = SentParcel {
        parcel: "P1".to_owned(),
        fulfillment: FULFILLMENT,
        units: units(),
        tracking: tracking(),
        cancelled: true,
    };
    let shipment = Shipment {
        said: statement(Says::Left, Origin::Report),
        heard: 3,
        arrived: Some(arrival()),
        since: at(20),
        standing: Standing::Due,
        resolved: Some(vec![Resolved { parcel: "P1".to_owned(), units: units() }]),
        sent: vec![sent],
        told: Some(ToldLines { revision: 1, lines: vec![told()] }),
        doubted: Some("no".to_owned()),
    };
    let effect = || id("effect-1");
    let stages = [
        Stage::Idle,
        Stage::Planned { call: create(), read_at: at(30) },
        Stage::InTheAir { effect: effect(), call: create() },
        Stage::Unclear {
            effect: effect(),
            call: create(),
            readable_from: at(50),
            absent_at: Some(at(60)),
            asks: Some(id("effect-2")),
            candidates: vec![candidate()],
        },
    ];
    let state = |stage| Shipments {
        order: Some(order()),
        shipments: [(KEY.to_owned(), shipment.clone())].into(),
        early: [("wms/S2".to_owned(), EarlyArrival { arrival: arrival(), since: at(20) })].into(),
        stage,
    };
    stages.into_iter().map(state).collect()
}

pub fn shipment_rules_events() -> Vec<ShipmentRulesEvent> {
    let orders = StoreOrders {
        connected: true,
        locations: vec![ServedLocation {
            location: LocationId(71),
            warehouses: vec![main()],
            shipping_process: "standard".to_owned(),
            default: true,
        }],
        ..StoreOrders::default()
    };
    let settings = StoreShipments {
        enabled: true,
        notify_customer: true,
        reporters: BTreeSet::from([id("wms")]),
        orders,
        revision: 4,
    };
    let adopt = AdoptShipments { settings };
    let decided = ShipmentRules::decide(&ShipmentRules::default(), &adopt);
    covers!(decided.expect("adopted"); ShipmentRulesEvent::Adopted { .. })
}

pub fn shipment_rules_state() -> ShipmentRules {
    ShipmentRules::evolve_all(ShipmentRules::default(), &shipment_rules_events())
}
