//! One sample of every stored event, and states that use every field.
//!
//! `covers!` matches without a wildcard: a new event does not compile before it has a name here,
//! and does not pass before it has a sample.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::catalog::ConflictKind;
use lockstep_domain::link::{LinkOrigin, SkuClaim, SkuClaimEvent, VariantLink, VariantLinkEvent};
use lockstep_domain::stock::level::{
    ActivationEnd, Base, Bound, Doubtful, Falls, Level, LevelEvent, LevelRead, ReadChange, Shown,
    Tried, Verdict, Watch, Write,
};
use lockstep_domain::stock::orders_read::{OrdersRead, OrdersReadEvent, Span, Sweep};
use lockstep_domain::stock::pool::{
    BookCount, BookMovement, CountIgnoredReason, Elsewhere, FactTaken, LineKey, MovementBooked,
    MovementEffect, Pool, PoolCommand, PoolEvent, PositionCounted,
};
use lockstep_domain::stock::report::{MovementKind, ReportKind, StockStatus};
use lockstep_domain::stock::rules::{BackOfficeRulesEvent, Ends, StoreRules, StoreRulesEvent};
use lockstep_domain::stock::settings::{
    BackOfficeStock, Enabled, LocationMapping, StockBasis, StockMode, StoreStock, WindowEdge,
};
use lockstep_domain::stock::window::Window;
use lockstep_domain::{
    Decider, InventoryItemId, LocationId, OrderId, Quantity, VariantId, WarehouseCode,
};

macro_rules! covers {
    ($events:expr; $($pattern:pat),+ $(,)?) => {{
        let events = $events;
        let mut seen = BTreeSet::new();
        for event in &events {
            match event {
                $($pattern => { seen.insert(stringify!($pattern)); })+
            }
        }
        let all = BTreeSet::from([$(stringify!($pattern)),+]);
        assert_eq!(seen, all, "every event has a sample");
        events
    }};
}

mod catalog;
mod demand;
mod feed;
mod order;
mod shipment;
pub use catalog::*;
pub use demand::*;
pub use feed::*;
pub use order::*;
pub use shipment::*;

fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T08:00:00Z".parse().expect("a moment");
    start.saturating_add(SignedDuration::from_secs(seconds)).expect("a span")
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("an id")
}

fn qty(text: &str) -> Quantity {
    id(text)
}

fn w1() -> WarehouseCode {
    id("W1")
}

fn line() -> LineKey {
    LineKey { store: id("berlin"), order: id("berlin-1001"), line: id("5001") }
}

fn movement(effect: MovementEffect, order: Option<LineKey>) -> PoolEvent {
    let kind = if order.is_some() { MovementKind::Picking } else { MovementKind::Receiving };
    PoolEvent::MovementBooked(MovementBooked {
        event_id: id("m-1"),
        warehouse: w1(),
        kind,
        quantity: qty("-2"),
        status: StockStatus::Good,
        order,
        occurred_at: at(60),
        effect,
        applied: qty("-2"),
        position_after: Some(qty("10.5")),
    })
}

fn taken() -> PoolEvent {
    PoolEvent::LineTaken {
        event_id: id("m-1"),
        warehouse: w1(),
        line: line(),
        report: ReportKind::Pick,
        quantity: qty("2"),
        occurred_at: at(60),
        taken: qty("2"),
    }
}

fn counted() -> PoolEvent {
    PoolEvent::PositionCounted(PositionCounted {
        event_id: id("c-1"),
        warehouse: w1(),
        quantity: qty("12.5"),
        counted_at: at(0),
        first: true,
        before: None,
        after: qty("12.5"),
        offset: 12,
    })
}

fn ignored(reason: CountIgnoredReason) -> PoolEvent {
    PoolEvent::CountIgnored {
        event_id: id("c-0"),
        warehouse: w1(),
        quantity: qty("3"),
        counted_at: at(-60),
        reason,
    }
}

fn fact(withdrawn: bool) -> FactTaken {
    FactTaken {
        source: "wms/s-1".to_owned(),
        warehouse: w1(),
        line: line(),
        report: ReportKind::Shipment,
        quantity: qty("1"),
        occurred_at: at(45),
        withdrawn,
        taken: qty("2"),
        applied: Quantity::ZERO,
        position_after: Some(qty("10.5")),
    }
}

pub fn pool_events() -> Vec<PoolEvent> {
    covers!(
        vec![
            PoolEvent::Linked { store: id("berlin"), item: InventoryItemId(7) },
            counted(),
            ignored(CountIgnoredReason::OlderThanLast { last: at(0) }),
            ignored(CountIgnoredReason::BeyondJournal { kept_after: at(0) }),
            PoolEvent::LineOpened { warehouse: w1(), line: line() },
            PoolEvent::LineReturned {
                warehouse: w1(),
                line: line(),
                counted: 2,
                taken: 1,
                elsewhere: Vec::new(),
            },
            PoolEvent::LineClaimed {
                warehouse: w1(),
                line: line(),
                sold: 2,
                fulfilled: 1,
                released: 0,
                dropped: 1,
                elsewhere: vec![Elsewhere {
                    location: LocationId(2),
                    sold: 1,
                    fulfilled: 0,
                    dropped: 1,
                }],
                revision: 4,
                as_of: at(30),
            },
            taken(),
            PoolEvent::FactTaken(fact(false)),
            PoolEvent::FactTaken(fact(true)),
            PoolEvent::LineHeldBack { line: line(), units: 1 },
            PoolEvent::LineRestocked {
                warehouse: w1(),
                line: line(),
                units: 1,
                revision: 5,
                as_of: at(70),
            },
            PoolEvent::LineBookedBack {
                event_id: id("m-2"),
                warehouse: w1(),
                line: line(),
                quantity: qty("1"),
                occurred_at: at(80),
            },
            movement(MovementEffect::Line, Some(line())),
            movement(MovementEffect::Moves, None),
            movement(MovementEffect::BeforeCount, None),
            movement(MovementEffect::Informs, None),
            PoolEvent::DriftReported {
                event_id: id("m-1"),
                warehouse: w1(),
                reported: qty("9"),
                expected: qty("10.5"),
            },
            PoolEvent::SoldSeen {
                warehouse: w1(),
                store: id("berlin"),
                location: Some(LocationId(1)),
                units: 3,
            },
            PoolEvent::Unlinked { store: id("berlin"), item: InventoryItemId(7) },
        ];
        PoolEvent::Linked { .. },
        PoolEvent::Unlinked { .. },
        PoolEvent::PositionCounted(_),
        PoolEvent::CountIgnored { .. },
        PoolEvent::LineOpened { .. },
        PoolEvent::LineReturned { .. },
        PoolEvent::LineClaimed { .. },
        PoolEvent::LineTaken { .. },
        PoolEvent::FactTaken(_),
        PoolEvent::LineHeldBack { .. },
        PoolEvent::LineRestocked { .. },
        PoolEvent::LineBookedBack { .. },
        PoolEvent::MovementBooked(_),
        PoolEvent::DriftReported { .. },
        PoolEvent::SoldSeen { .. },
    )
}

/// A link after the last of `pool_events`, which cuts the only one.
pub fn linked_last() -> PoolEvent {
    PoolEvent::Linked { store: id("paris"), item: InventoryItemId(8) }
}

/// The movement of `pool_events` as it was reported.
pub fn first_movement() -> PoolCommand {
    PoolCommand::BookMovement(BookMovement {
        event_id: id("m-1"),
        warehouse: w1(),
        kind: MovementKind::Receiving,
        quantity: qty("-2"),
        status: StockStatus::Good,
        order: None,
        lowers: true,
        occurred_at: at(60),
        on_hand_after: None,
    })
}

/// A count of the moment before it, which arrives behind it.
pub fn late_count() -> PoolCommand {
    PoolCommand::BookCount(BookCount {
        event_id: id("c-2"),
        warehouse: w1(),
        quantity: qty("100"),
        counted_at: at(59),
    })
}

pub fn pool_state() -> Pool {
    Pool::evolve_all(Pool::default(), pool_events().iter().chain([&linked_last()]))
}

fn l1() -> LocationId {
    LocationId(1)
}

fn shown() -> Shown {
    Shown {
        available: 10,
        on_hand: 21,
        committed: 5,
        reserved: 1,
        damaged: 2,
        safety_stock: 3,
        quality_control: 0,
        active: true,
        at: at(0),
    }
}

fn read() -> LevelEvent {
    LevelEvent::LevelRead(LevelRead {
        location: l1(),
        shown: Some(shown()),
        tracked: true,
        sold: Some(5),
        fallen: 1,
        changes: vec![
            ReadChange::Sold { units: 1 },
            ReadChange::Cancelled { units: 2 },
            ReadChange::Fulfilled { units: 3 },
            ReadChange::SetAside { units: 4 },
            ReadChange::Released { units: 5 },
            ReadChange::Lowered { units: 1 },
            ReadChange::Raised { units: 7 },
        ],
        verdict: None,
        watch: Some(Box::new(Watch {
            at: at(50),
            begun: at(49),
            bound: Some(Bound { at: at(40), units: 1 }),
            falls: Some(Falls {
                at: at(50),
                begun: at(49),
                seen: 6,
                units: 3,
                since: Some(at(45)),
                base: Some(Base { begun: at(44), seen: 3 }),
            }),
        })),
    })
}

pub fn orders_read_events() -> Vec<OrdersReadEvent> {
    let span = |since, until| Span { since, until: at(until) };
    let awaits = BTreeMap::from([(OrderId(6_120_000_000_001), 4)]);
    covers!(
        vec![
            OrdersReadEvent::SweepTold(Sweep { span: span(Some(at(10)), 20), awaits }),
            OrdersReadEvent::SpanRead(span(Some(at(30)), 40)),
            OrdersReadEvent::SpanRead(span(None, 5)),
        ];
        OrdersReadEvent::SweepTold(_),
        OrdersReadEvent::SpanRead(_),
    )
}

pub fn orders_read_state() -> OrdersRead {
    OrdersRead::evolve_all(OrdersRead::default(), &orders_read_events())
}

fn intended(effect: &str, write: Write) -> LevelEvent {
    LevelEvent::PushIntended { effect: id(effect), location: l1(), write }
}

const ADJUST: Write = Write::Adjust { delta: -3 };
const TRIED: Tried = Tried { available: Some(4), delta: -1 };
const SET_ON_HAND: Write = Write::SetOnHand { to: 20, from: 21 };
const SET_AVAILABLE: Write = Write::SetAvailable { to: -2, from: 10 };

fn pushes() -> Vec<LevelEvent> {
    let (effect, location) = (id("e-1"), l1());
    let refused = |verdict| LevelEvent::PushRefused {
        effect: id("e-4"),
        location: l1(),
        write: SET_ON_HAND,
        verdict,
    };
    let why = Verdict::Refused { code: "INVALID".to_owned(), message: "No.".to_owned() };
    vec![
        intended("e-1", ADJUST),
        LevelEvent::PushUnknown { effect: id("e-1"), location },
        LevelEvent::PushAsked { effect, location, shown: Some(shown()), at: at(80) },
        LevelEvent::EchoSeen { effect: id("e-1"), location, available: 7, updated_at: at(90) },
        LevelEvent::PushApplied { effect: id("e-1"), location, write: ADJUST },
        intended("e-2", SET_AVAILABLE),
        LevelEvent::PushDropped { effect: id("e-2"), location, write: SET_AVAILABLE },
        intended("e-3", SET_ON_HAND),
        LevelEvent::PushStale { effect: id("e-3"), location, write: SET_ON_HAND },
        intended("e-4", SET_ON_HAND),
        refused(why),
        refused(Verdict::BundleParent),
        refused(Verdict::Deleted),
        refused(Verdict::NotMapped),
        refused(Verdict::NotStocked),
    ]
}

fn activations() -> Vec<LevelEvent> {
    let location = l1();
    let intended = |effect| LevelEvent::ActivationIntended { effect: id(effect), location };
    let ended = |effect, end| LevelEvent::ActivationEnded { effect: id(effect), location, end };
    vec![
        intended("a-1"),
        ended("a-1", ActivationEnd::Applied),
        intended("a-2"),
        ended("a-2", ActivationEnd::Unclear),
        intended("a-3"),
        LevelEvent::ActivationDropped { effect: id("a-3"), location },
        intended("a-4"),
        LevelEvent::ActivationRefused {
            effect: id("a-4"),
            location,
            verdict: Verdict::Refused { code: String::new(), message: "No.".to_owned() },
        },
    ]
}

pub fn level_events() -> Vec<LevelEvent> {
    let (variant, location) = (VariantId(9), l1());
    let mut events = vec![
        LevelEvent::Linked { variant, backoffice: id("wms"), sku: id("A.1 👕") },
        read(),
        LevelEvent::BaselineTaken { location, delta_target: 12, at: at(1) },
    ];
    events.extend(pushes());
    events.extend(activations());
    events.extend([
        LevelEvent::RulesFollowed { revision: 4 },
        LevelEvent::ConflictHeard(Doubtful { kind: Some(ConflictKind::Changed), revision: 2 }),
        LevelEvent::ConflictHeard(Doubtful { kind: None, revision: 3 }),
        LevelEvent::AvailableMoved {
            location,
            from: 7,
            to: 6,
            updated_at: at(120),
            in_doubt: true,
        },
        LevelEvent::FallsSettled { location, edited: 1 },
        LevelEvent::Bounded { location, bound: Bound { at: at(51), units: 2 } },
        LevelEvent::VerdictGiven { location, verdict: Verdict::Untracked },
        LevelEvent::ReadNeeded { location },
        LevelEvent::TriedAgain { location, wanted: TRIED },
        LevelEvent::Doubted { location },
        LevelEvent::BaselineDropped { location },
        LevelEvent::Remapped { location },
        LevelEvent::Unlinked { backoffice: id("wms"), sku: id("A.1 👕") },
    ]);
    covers!(
        events;
        LevelEvent::Linked { .. },
        LevelEvent::Unlinked { .. },
        LevelEvent::BaselineTaken { .. },
        LevelEvent::BaselineDropped { .. },
        LevelEvent::LevelRead(_),
        LevelEvent::FallsSettled { .. },
        LevelEvent::Bounded { .. },
        LevelEvent::PushIntended { .. },
        LevelEvent::PushApplied { .. },
        LevelEvent::PushDropped { .. },
        LevelEvent::PushUnknown { .. },
        LevelEvent::PushStale { .. },
        LevelEvent::PushRefused { .. },
        LevelEvent::PushAsked { .. },
        LevelEvent::ActivationIntended { .. },
        LevelEvent::ActivationEnded { .. },
        LevelEvent::ActivationDropped { .. },
        LevelEvent::ActivationRefused { .. },
        LevelEvent::RulesFollowed { .. },
        LevelEvent::ConflictHeard(_),
        LevelEvent::EchoSeen { .. },
        LevelEvent::AvailableMoved { .. },
        LevelEvent::VerdictGiven { .. },
        LevelEvent::Remapped { .. },
        LevelEvent::ReadNeeded { .. },
        LevelEvent::TriedAgain { .. },
        LevelEvent::Doubted { .. },
    )
}

pub fn level_state() -> Level {
    let linked = level_events();
    let flying = [read(), intended("e-5", ADJUST), intended("e-6", ADJUST)];
    let state = Level::evolve_all(Level::default(), linked.iter().take(3).chain(&flying));
    let (location, shown) = (l1(), Some(shown()));
    let later = [
        LevelEvent::PushApplied { effect: id("e-5"), location, write: ADJUST },
        LevelEvent::PushUnknown { effect: id("e-6"), location },
        LevelEvent::PushAsked { effect: id("e-6"), location, shown, at: at(80) },
        LevelEvent::ActivationIntended { effect: id("a-5"), location: LocationId(2) },
        LevelEvent::RulesFollowed { revision: 4 },
        LevelEvent::ConflictHeard(Doubtful { kind: Some(ConflictKind::Twin), revision: 2 }),
        LevelEvent::TriedAgain { location: LocationId(2), wanted: TRIED },
    ];
    Level::evolve_all(state, &later)
}

pub fn store_rules_events() -> Vec<StoreRulesEvent> {
    let settings = StoreStock {
        enabled: Enabled::Live,
        mode: StockMode::Absolute,
        window_seconds: 45,
        window_edge: WindowEdge::Trailing,
        sold_out_fast_lane: false,
        sold_out_threshold: 1,
        buffer: 2,
        allow_negative: true,
        activate_at_location: false,
        locations: vec![LocationMapping {
            location: l1(),
            warehouses: vec![id("wms/W1")],
            buffer: Some(3),
        }],
        revision: 4,
    };
    let ends = Some(Ends { run: true, mappings: BTreeSet::from([l1()]) });
    covers!(
        vec![
            StoreRulesEvent::Adopted { settings: StoreStock::default(), ends: None },
            StoreRulesEvent::Adopted { settings, ends },
            StoreRulesEvent::TurnEnded { revision: 4 },
        ];
        StoreRulesEvent::Adopted { .. },
        StoreRulesEvent::TurnEnded { .. },
    )
}

pub fn store_rules_state() -> StoreRules {
    StoreRules::evolve_all(StoreRules::default(), store_rules_events().iter().take(2))
}

pub fn backoffice_rules_events() -> Vec<BackOfficeRulesEvent> {
    let settings = BackOfficeStock {
        basis: StockBasis::Physical,
        lowered_by: StockBasis::Physical.default_lowered_by(),
        excludes_damaged: false,
        warehouses: BTreeSet::from([w1()]),
        revision: 4,
    };
    let defaults = BackOfficeRulesEvent::Adopted { settings: BackOfficeStock::default() };
    vec![defaults, BackOfficeRulesEvent::Adopted { settings }]
}

pub fn variant_link_events() -> Vec<VariantLinkEvent> {
    let inventory_item = InventoryItemId(7);
    let linked = |backoffice: &str, origin| VariantLinkEvent::VariantLinked {
        inventory_item,
        backoffice: id(backoffice),
        sku: id("A1"),
        origin,
        at: at(0),
    };
    covers!(
        vec![
            linked("wms", LinkOrigin::Hand),
            linked("erp", LinkOrigin::Csv),
            linked("pos", LinkOrigin::SkuMatch),
            linked("b2b", LinkOrigin::BarcodeMatch),
            linked("old", LinkOrigin::NameMatch),
            VariantLinkEvent::VariantUnlinked {
                inventory_item,
                backoffice: id("old"),
                sku: id("A1"),
                origin: LinkOrigin::Hand,
                at: at(60),
            },
        ];
        VariantLinkEvent::VariantLinked { .. },
        VariantLinkEvent::VariantUnlinked { .. },
    )
}

pub fn variant_link_state() -> VariantLink {
    VariantLink::evolve_all(VariantLink::default(), &variant_link_events())
}

pub fn sku_claim_events() -> Vec<SkuClaimEvent> {
    let variant = VariantId(9);
    covers!(
        vec![SkuClaimEvent::SkuClaimed { variant }, SkuClaimEvent::SkuReleased { variant }];
        SkuClaimEvent::SkuClaimed { .. },
        SkuClaimEvent::SkuReleased { .. },
    )
}

pub fn sku_claim_state() -> SkuClaim {
    SkuClaim::evolve_all(SkuClaim::default(), sku_claim_events().iter().take(1))
}

pub fn window() -> Window {
    let length = SignedDuration::from_secs(30);
    let open = Window::default().pushed(at(0), length);
    open.change(at(5), WindowEdge::Leading, length, true)
}
