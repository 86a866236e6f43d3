//! Reports become fulfillments, each once.

use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::{Return, ReturnReported, ShipmentStatus, VerdictOutcome};
use lockstep_contracts::catalog::v1::{LinkOrigin, VariantLinked};
use lockstep_contracts::orders::v1::{OrderReleased, ReleasedLine};
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_contracts::shipments::v1::FulfillmentSent;
use lockstep_contracts::time::to_proto;
use lockstep_ports::Store;

use crate::shopify::{Fault, Sent};
use crate::world::{BEGIN, BERLIN, LYON, ORDER, World, again, order, settings, shipped};

const DONE: VerdictOutcome = VerdictOutcome::Done;
const PARKED: VerdictOutcome = VerdictOutcome::Parked;
const REFUSED: VerdictOutcome = VerdictOutcome::Refused;

#[tokio::test]
async fn two_partial_shipments_become_two_fulfillments_with_tracking() {
    let world = World::start().await;
    world.take(&shipped(1, &[(1, 2)])).await;
    world.settle().await;
    world.take(&shipped(2, &[(1, 1), (2, 2)])).await;
    world.settle().await;
    let sent = [(9001, "N1".to_owned(), 2), (9002, "N2".to_owned(), 3)];
    assert_eq!(world.shopify.sent(), sent);
    assert_eq!(world.outcomes().await, [DONE, DONE]);
    assert!(world.shopify.inside().sent[0].notified, "as the store's setting says");
    let told: Vec<FulfillmentSent> = world.said().await;
    let told: Vec<_> = told.iter().map(|one| (one.shipment.as_str(), one.fulfillment_id)).collect();
    assert_eq!(told, [("wms/S1", 9001), ("wms/S2", 9002)]);
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 2);
}

#[tokio::test]
async fn a_repeated_report_is_sent_once_and_an_older_one_is_stale() {
    let world = World::start().await;
    let first = shipped(1, &[(1, 2)]);
    for _ in 0..3 {
        world.take(&first).await;
        world.settle().await;
    }
    let stale = again(&first, 1, |_| {});
    world.take(&stale).await;
    world.settle().await;
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 1);
    let verdicts = world.verdicts().await;
    assert_eq!(verdicts.len(), 2);
    assert_eq!(verdicts[1].code, "ERROR_CODE_STALE");
}

#[tokio::test]
async fn a_lost_answer_is_found_in_the_order_and_nothing_is_sent_again() {
    let world = World::start().await;
    world.shopify.fault(Fault::LostAnswer);
    world.take(&shipped(1, &[(1, 2)])).await;
    world.pass(SignedDuration::from_mins(5)).await;
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 1);
    assert_eq!(world.outcomes().await, [DONE]);
    let told: Vec<FulfillmentSent> = world.said().await;
    assert_eq!((told.len(), told[0].fulfillment_id), (1, 9001));
}

#[tokio::test]
async fn a_lost_call_is_sent_again_only_after_two_readings_a_minute_apart() {
    let world = World::start().await;
    world.shopify.fault(Fault::LostCall);
    world.take(&shipped(1, &[(1, 2)])).await;
    world.pass(SignedDuration::from_secs(70)).await;
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 1);
    world.pass(SignedDuration::from_secs(40)).await;
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 2);
    assert_eq!(world.shopify.sent(), [(9001, "N1".to_owned(), 2)]);
    assert_eq!(world.outcomes().await, [DONE]);
}

#[tokio::test]
async fn what_may_be_there_twice_asks_a_person_until_shopify_tells() {
    let world = World::start().await;
    world.shopify.fault(Fault::LostAnswer);
    world.take(&shipped(1, &[(1, 2)])).await;
    world.settle().await;
    let twin = Sent { id: 9100, ..world.shopify.inside().sent[0].clone() };
    world.shopify.inside().sent.push(twin);
    world.pass(SignedDuration::from_mins(30)).await;
    assert_eq!(world.asking().await, 1);
    assert_eq!(world.outcomes().await, [PARKED]);
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 1);
    world.shopify.inside().sent.pop();
    world.pass(SignedDuration::from_mins(11)).await;
    assert_eq!((world.asking().await, world.outcomes().await), (0, vec![PARKED, DONE]));
}

#[tokio::test]
async fn more_than_is_open_is_refused_with_words_and_nothing_is_sent() {
    let world = World::start().await;
    world.take(&shipped(1, &[(1, 4)])).await;
    world.settle().await;
    let verdicts = world.verdicts().await;
    assert_eq!(verdicts[0].outcome(), REFUSED);
    assert_eq!(verdicts[0].code, "ERROR_CODE_QUANTITY_TOO_LARGE");
    assert!(verdicts[0].message.contains("4 units") && !verdicts[0].fix.is_empty());
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 0);
    assert!(world.lines().await.is_empty());
}

#[tokio::test]
async fn a_shipment_before_its_order_is_parked_and_sent_when_the_order_comes() {
    let world = World::without_order().await;
    world.take(&shipped(1, &[(1, 2)])).await;
    world.pass(SignedDuration::from_hours(1)).await;
    assert_eq!(world.outcomes().await, [PARKED]);
    assert_eq!(world.shopify.calls("ShipmentsOfOrder"), 0);
    world.take(&order(1)).await;
    assert_eq!(world.lines().await, [(1, 2)], "told before it is sent");
    world.settle().await;
    assert_eq!(world.outcomes().await, [PARKED, DONE]);
    let timer = world.store.timer("north", &format!("alarm.{ORDER}")).await.expect("a database");
    world.pass(SignedDuration::from_hours(2)).await;
    assert!(timer.is_some_and(|timer| timer.due_at.is_some()));
    let timer = world.store.timer("north", &format!("alarm.{ORDER}")).await.expect("a database");
    assert!(timer.is_some_and(|timer| timer.due_at.is_none()), "nothing waits any more");
}

#[tokio::test]
async fn a_hold_parks_and_its_release_sends() {
    let world = World::start().await;
    world.shopify.inside().held = true;
    world.take(&shipped(1, &[(1, 2)])).await;
    world.pass(SignedDuration::from_mins(1)).await;
    let verdicts = world.verdicts().await;
    assert_eq!((verdicts.len(), verdicts[0].outcome()), (1, PARKED));
    assert!(verdicts[0].message.contains("on hold"));
    world.shopify.inside().held = false;
    world.pass(SignedDuration::from_mins(10)).await;
    assert_eq!(world.outcomes().await, [PARKED, DONE]);
}

#[tokio::test]
async fn units_that_are_routed_elsewhere_wait() {
    let world = World::start().await;
    world.shopify.inside().remaining = [((LYON, 1), 3)].into();
    world.take(&shipped(1, &[(1, 2)])).await;
    world.settle().await;
    assert_eq!(world.outcomes().await, [PARKED]);
    world.shopify.inside().remaining = [((BERLIN, 1), 3)].into();
    world.pass(SignedDuration::from_mins(1)).await;
    assert_eq!(world.outcomes().await, [PARKED, DONE]);
}

#[tokio::test]
async fn a_later_number_is_told_and_a_cancelled_shipment_is_taken_back() {
    let world = World::start().await;
    let first = shipped(1, &[(1, 2)]);
    world.take(&first).await;
    world.settle().await;
    let corrected = |shipment: &mut lockstep_contracts::backoffice::v1::Shipment| {
        shipment.packages[0].tracking_number = "N7".to_owned();
    };
    world.take(&again(&first, 2, corrected)).await;
    world.settle().await;
    assert_eq!(world.shopify.sent(), [(9001, "N7".to_owned(), 2)]);
    let fewer = |shipment: &mut lockstep_contracts::backoffice::v1::Shipment| {
        shipment.packages[0].lines[0].quantity = "1".to_owned();
    };
    world.take(&again(&first, 3, fewer)).await;
    world.settle().await;
    let cancelled = |shipment: &mut lockstep_contracts::backoffice::v1::Shipment| {
        shipment.status = ShipmentStatus::Cancelled.into();
    };
    world.take(&again(&first, 4, cancelled)).await;
    world.settle().await;
    assert!(world.shopify.sent().is_empty() && world.lines().await.is_empty());
    assert_eq!(world.outcomes().await, [DONE, DONE, REFUSED, DONE]);
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 1);
}

#[tokio::test]
async fn a_refusal_of_shopify_is_told_in_its_words_after_a_second_look() {
    let world = World::start().await;
    world.shopify.fault(Fault::Refused);
    world.shopify.fault(Fault::Refused);
    world.take(&shipped(1, &[(1, 2)])).await;
    world.settle().await;
    assert_eq!(world.shopify.calls("ShipmentsOfOrder"), 2);
    let verdicts = world.verdicts().await;
    assert_eq!((verdicts.len(), verdicts[0].outcome()), (1, REFUSED));
    assert!(verdicts[0].message.contains("Invalid quantity requested."));
}

#[tokio::test]
async fn a_missing_scope_is_tried_again_and_loses_nothing() {
    let world = World::start().await;
    world.shopify.fault(Fault::Forbidden);
    world.take(&shipped(1, &[(1, 2)])).await;
    world.pass(SignedDuration::from_mins(5)).await;
    assert!(world.outcomes().await.is_empty());
    world.pass(SignedDuration::from_mins(6)).await;
    assert_eq!(world.outcomes().await, [DONE]);
}

#[tokio::test]
async fn a_code_waits_for_its_link() {
    let world = World::start().await;
    let mut report = shipped(1, &[(1, 2)]);
    let shipment = report.shipment.as_mut().expect("a shipment");
    let line = &mut shipment.packages[0].lines[0];
    (line.line_id, line.sku) = (String::new(), "TEA".to_owned());
    world.take(&report).await;
    world.settle().await;
    assert_eq!(world.outcomes().await, [PARKED]);
    let linked = VariantLinked {
        store: "north".to_owned(),
        variant_id: 1,
        inventory_item_id: 101,
        backoffice: "wms".to_owned(),
        sku: "TEA".to_owned(),
        revision: 1,
        origin: LinkOrigin::Hand.into(),
        linked_at: Some(to_proto(BEGIN)),
    };
    world.take(&linked).await;
    world.pass(SignedDuration::from_mins(3)).await;
    assert_eq!(world.outcomes().await, [PARKED, DONE]);
}

#[tokio::test]
async fn what_was_released_is_fulfilled_without_tracking_notice_or_verdict() {
    let world = World::start().await;
    let released = OrderReleased {
        store: "north".to_owned(),
        order_id: ORDER,
        backoffice: "wms".to_owned(),
        event_id: "r1".to_owned(),
        warehouse: "wms/MAIN".to_owned(),
        lines: vec![ReleasedLine { line_id: 1, quantity: 3 }],
        released_at: Some(to_proto(BEGIN)),
    };
    for _ in 0..2 {
        world.take(&released).await;
        world.settle().await;
    }
    assert_eq!(world.shopify.sent(), [(9001, String::new(), 3)]);
    assert!(!world.shopify.inside().sent[0].notified);
    assert!(world.verdicts().await.is_empty() && world.lines().await.is_empty());
}

#[tokio::test]
async fn a_release_needs_no_setting_and_never_ends_in_silence() {
    let released = |event_id: &str, quantity| OrderReleased {
        store: "north".to_owned(),
        order_id: ORDER,
        backoffice: "wms".to_owned(),
        event_id: event_id.to_owned(),
        warehouse: "wms/MAIN".to_owned(),
        lines: vec![ReleasedLine { line_id: 1, quantity }],
        released_at: Some(to_proto(BEGIN)),
    };
    let world = World::bare().await;
    world.adopt(StoreSettings { backoffices: Vec::new(), ..settings(false) }).await;
    world.take(&order(1)).await;
    world.take(&released("r1", 2)).await;
    world.settle().await;
    assert_eq!(world.shopify.sent(), [(9001, String::new(), 2)]);
    assert!(world.verdicts().await.is_empty(), "it was answered when it was released");
    world.take(&released("r2", 2)).await;
    world.settle().await;
    let verdicts = world.verdicts().await;
    let [refused] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    assert_eq!((refused.event_id.as_str(), refused.report.as_str()), ("r2", "release"));
    let code = (refused.outcome(), refused.code.as_str());
    assert_eq!(code, (REFUSED, "ERROR_CODE_QUANTITY_TOO_LARGE"));
}

#[tokio::test]
async fn a_store_that_takes_no_shipments_says_so_and_tells_the_lines() {
    let world = World::bare().await;
    world.adopt(settings(false)).await;
    world.take(&order(1)).await;
    world.take(&shipped(1, &[(1, 2)])).await;
    world.settle().await;
    assert_eq!(world.outcomes().await, [VerdictOutcome::NotEnabled]);
    assert_eq!(world.lines().await, [(1, 2)]);
    assert!(world.shopify.sent().is_empty());
}

#[tokio::test]
async fn what_is_due_in_a_store_that_was_away_is_sent_when_it_is_back() {
    let world = World::start().await;
    world.take(&shipped(1, &[(1, 2)])).await;
    world.adopt_as(2, StoreSettings { deleted: true, ..settings(true) }).await;
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(world.shopify.calls("ShipmentsOfOrder"), 0, "a store that is away is not asked");
    world.adopt_as(3, settings(true)).await;
    world.pass(SignedDuration::from_mins(6)).await;
    assert_eq!(world.outcomes().await, [DONE]);
    assert_eq!(world.shopify.sent(), [(9001, "N1".to_owned(), 2)]);
}

#[tokio::test]
async fn a_return_is_kept_and_judged_not_enabled() {
    let world = World::start().await;
    let report = ReturnReported {
        backoffice: "wms".to_owned(),
        return_report: Some(Return {
            event_id: "back1".to_owned(),
            return_id: "R1".to_owned(),
            order_key: format!("north:{ORDER}"),
            ..Return::default()
        }),
        accepted_at: None,
    };
    assert_eq!(world.take(&report).await, 0);
    let verdicts = world.verdicts().await;
    assert_eq!((verdicts[0].report.as_str(), verdicts[0].event_id.as_str()), ("return", "back1"));
    assert_eq!(verdicts[0].outcome(), VerdictOutcome::NotEnabled);
}

#[tokio::test]
async fn a_report_that_cannot_be_read_is_a_dead_letter() {
    let world = World::start().await;
    assert_eq!(world.take(&shipped(1, &[(0, 2)])).await, 1);
    let letters = world.store.dead_letters(false, None, 10).await.expect("letters");
    assert!(letters[0].reason.starts_with("shipment.packages[0].lines[0].line_id"), "{letters:?}");
}
