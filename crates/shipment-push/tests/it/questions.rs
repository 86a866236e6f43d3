//! What the service answers when it is asked.

use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::{ShipmentStatus, VerdictOutcome};
use lockstep_contracts::operations::v1::Severity;
use lockstep_contracts::orders::v1::OrderLinesChanged;
use lockstep_contracts::shipments::v1::{
    CallSettledAs, FulfillmentSent, ListShipmentsRequest, ListShipmentsResponse,
    ListUnknownCallsRequest, SettleCallOutcome as Outcome, SettleCallRequest, ShipmentStanding,
    ShipmentView, UnknownCall,
};
use lockstep_ports::{Store as _, Timer};
use lockstep_runtime::Processor as _;
use lockstep_shipment_push::questions::list_shipments;
use lockstep_shipment_push::service::ShipmentProcessor;
use lockstep_shipment_push::unknown::{list_unknown_calls, settle_call};

use crate::shopify::{Fault, Sent};
use crate::world::{BEGIN, BERLIN, ORDER, World, again, order, shipped};

async fn asked(world: &World, request: ListShipmentsRequest) -> ListShipmentsResponse {
    list_shipments(&world.engine, &request).await.expect("an answer")
}

fn names(found: &ListShipmentsResponse) -> Vec<(&str, ShipmentStanding)> {
    found.shipments.iter().map(|one| (one.shipment.as_str(), one.standing())).collect()
}

#[tokio::test]
async fn shipments_are_listed_with_what_became_of_them() {
    let world = World::start().await;
    world.take(&OrderLinesChanged { order_id: ORDER + 1, ..order(1) }).await;
    world.take(&shipped(1, &[(1, 2)])).await;
    world.settle().await;
    world.take(&shipped(2, &[(1, 9)])).await;
    world.settle().await;
    let arrived = again(&shipped(3, &[]), 2, |shipment| {
        shipment.order_key = format!("north:{}", ORDER + 1);
        shipment.status = ShipmentStatus::Delivered.into();
    });
    world.take(&arrived).await;
    let all = asked(&world, ListShipmentsRequest { limit: 200, ..Default::default() }).await;
    let (done, refused) = (ShipmentStanding::Done, ShipmentStanding::Refused);
    let parked = ShipmentStanding::Parked;
    assert_eq!(names(&all), [("wms/S1", done), ("wms/S2", refused), ("wms/S3", parked)]);
    assert!(all.next.is_empty());
    let [first, second, third] = all.shipments.as_slice() else { panic!("{all:?}") };
    assert_eq!((first.quantity, first.order_key.as_str()), (2, "north:1001"));
    let sent = &first.fulfillments[0];
    assert_eq!((sent.fulfillment_id, sent.quantity), (9001, 2));
    assert_eq!((sent.company.as_str(), sent.numbers.as_slice()), ("DHL", &["N1".to_owned()][..]));
    assert!(second.message.contains("9 units") && !second.fix.is_empty());
    assert!(third.arrived && third.message.contains("nobody said that they left"));
}

#[tokio::test]
async fn a_list_goes_on_after_whole_orders_and_can_be_of_one_store_order_or_standing() {
    let world = World::start().await;
    for order_id in [ORDER, ORDER + 1, ORDER + 2] {
        for number in [1, 2] {
            let mut report = shipped(number, &[(1, 1)]);
            let shipment = report.shipment.as_mut().expect("a shipment");
            shipment.event_id = format!("{order_id}-{number}");
            shipment.order_key = format!("north:{order_id}");
            world.take(&report).await;
        }
    }
    let page = |after: String| ListShipmentsRequest { after, limit: 1, ..Default::default() };
    let first = asked(&world, page(String::new())).await;
    assert_eq!((first.shipments.len(), first.next.as_str()), (2, "north/1001"));
    let second = asked(&world, page(first.next)).await;
    assert!(second.shipments.iter().all(|one: &ShipmentView| one.order_key == "north:1002"));
    let standing = ShipmentStanding::Parked.into();
    let request = ListShipmentsRequest { standing, limit: 200, ..Default::default() };
    assert_eq!(asked(&world, request).await.shipments.len(), 4, "two orders are not known");
    let of = |store: &str, key: &str| ListShipmentsRequest {
        store: store.to_owned(),
        order_key: key.to_owned(),
        limit: 200,
        ..Default::default()
    };
    assert_eq!(asked(&world, of("north", "")).await.shipments.len(), 6);
    assert_eq!(asked(&world, of("nort", "")).await.shipments.len(), 0);
    assert_eq!(asked(&world, of("", "north:1003")).await.shipments.len(), 2);
    assert_eq!(asked(&world, of("south", "north:1003")).await.shipments.len(), 0);
    assert_eq!(asked(&world, of("", "nonsense")).await.shipments.len(), 0);
}

/// A call that may be there twice.
async fn doubled() -> World {
    let world = World::start().await;
    world.shopify.fault(Fault::LostAnswer);
    world.take(&shipped(1, &[(1, 2)])).await;
    world.settle().await;
    let twin = Sent { id: 9100, ..world.shopify.inside().sent[0].clone() };
    world.shopify.inside().sent.push(twin);
    world.pass(SignedDuration::from_mins(2)).await;
    world
}

async fn settle(world: &World, id: &str, said: CallSettledAs, fulfillment: i64) -> Outcome {
    let request = SettleCallRequest {
        id: id.to_owned(),
        settled_as: said.into(),
        fulfillment_id: fulfillment,
        by: "ana".to_owned(),
    };
    settle_call(&world.engine, &request).await.expect("an answer").outcome()
}

async fn calls(world: &World, store: &str) -> Vec<UnknownCall> {
    let request = ListUnknownCallsRequest { store: store.to_owned(), limit: 100 };
    list_unknown_calls(&world.engine, &request).await.expect("an answer").calls
}

#[tokio::test]
async fn a_call_that_may_be_there_twice_is_shown_and_settled_by_a_person() {
    let world = doubled().await;
    assert!(calls(&world, "south").await.is_empty());
    let [call] = calls(&world, "north").await.try_into().expect("one asks");
    assert_eq!((call.order_key.as_str(), call.shipment.as_str()), ("north:1001", "wms/S1"));
    assert_eq!((call.lines[0].line_id, call.lines[0].quantity), (1, 2));
    let may_be: Vec<_> = call.candidates.iter().map(|one| one.fulfillment_id).collect();
    assert_eq!(may_be, [9001, 9100]);
    let applied = CallSettledAs::Applied;
    assert_eq!(settle(&world, &call.id, applied, 0).await, Outcome::WhichOne);
    assert_eq!(settle(&world, "nonsense", applied, 9001).await, Outcome::Invalid);
    let other = "0199f0c1-7a52-7d10-8c3e-5b6a79e0d214";
    assert_eq!(settle(&world, other, applied, 9001).await, Outcome::NotFound);
    assert_eq!(settle(&world, &call.id, CallSettledAs::Unspecified, 0).await, Outcome::Invalid);
    assert_eq!(settle(&world, &call.id, applied, 9100).await, Outcome::Settled);
    assert_eq!(settle(&world, &call.id, applied, 9001).await, Outcome::NotFound);
    world.pass(SignedDuration::from_mins(20)).await;
    assert_eq!(world.asking().await, 0);
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes, [VerdictOutcome::Parked, VerdictOutcome::Done]);
    let told: Vec<FulfillmentSent> = world.said().await;
    assert_eq!((told.len(), told[0].fulfillment_id), (1, 9100));
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 1);
    assert!(world.differences().await.is_empty());
}

#[tokio::test]
async fn what_a_person_says_was_not_applied_is_sent_anew() {
    let world = doubled().await;
    let [call] = calls(&world, "").await.try_into().expect("one asks");
    assert_eq!(settle(&world, &call.id, CallSettledAs::NotApplied, 0).await, Outcome::Settled);
    world.shopify.inside().remaining.insert((BERLIN, 1), 3);
    world.settle().await;
    assert_eq!(world.shopify.calls("FulfillmentCreate"), 2);
    assert_eq!(world.outcomes().await.last(), Some(&VerdictOutcome::Done));
}

#[tokio::test]
async fn what_waits_for_what_never_comes_is_given_up_after_a_day() {
    let world = World::without_order().await;
    world.take(&shipped(1, &[(1, 2)])).await;
    let arrived = again(&shipped(3, &[]), 2, |shipment| {
        shipment.status = ShipmentStatus::Delivered.into();
    });
    world.take(&arrived).await;
    world.pass(SignedDuration::from_hours(23)).await;
    assert_eq!(world.outcomes().await, [VerdictOutcome::Parked, VerdictOutcome::Parked]);
    world.pass(SignedDuration::from_hours(2)).await;
    let codes = async || -> Vec<_> {
        let verdicts = world.verdicts().await;
        verdicts[2..].iter().map(|verdict| verdict.code.clone()).collect()
    };
    // Shopify has the order: its news are late, as when it let nobody in for a day.
    assert_eq!(codes().await, ["ERROR_CODE_VALIDATION"]);
    world.shopify.inside().absent = true;
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(codes().await, ["ERROR_CODE_VALIDATION", "ERROR_CODE_UNKNOWN_ORDER"]);
    let all = asked(&world, ListShipmentsRequest { limit: 200, ..Default::default() }).await;
    assert_eq!(names(&all), [("wms/S1", ShipmentStanding::Refused)]);
    assert!(all.shipments[0].message.contains("no") && !all.shipments[0].fix.is_empty());
    let alarm = world.store.timer("north", &format!("alarm.{ORDER}")).await.expect("timers");
    assert_eq!(alarm.and_then(|alarm| alarm.due_at), None, "nobody is told every hour");
    world.shopify.inside().absent = false;
    world.take(&order(1)).await;
    world.settle().await;
    assert_eq!(world.outcomes().await.last(), Some(&VerdictOutcome::Done), "it came after all");
    assert!(world.differences().await.is_empty());
}

#[tokio::test]
async fn the_doctor_names_shipments_that_wait_by_cause_with_what_to_do() {
    let world = World::without_order().await;
    let well = ShipmentProcessor.examine(&world.engine).await.expect("findings");
    assert_eq!((well.len(), well[0].severity()), (1, Severity::Ok));
    world.take(&shipped(1, &[(1, 2)])).await;
    world.pass(SignedDuration::from_mins(10)).await;
    world.take(&shipped(2, &[(1, 1)])).await;
    let early = ShipmentProcessor.examine(&world.engine).await.expect("findings");
    assert_eq!(early[0].severity(), Severity::Ok, "it has fifteen minutes");
    let begun = world.engine.now();
    world.pass(SignedDuration::from_mins(90)).await;
    let found = ShipmentProcessor.examine(&world.engine).await.expect("findings");
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.severity(), found.subject.as_str()), (Severity::Warning, "parked shipments"));
    let begins =
        format!("2 shipments wait for an order that nobody told of, the oldest since {BEGIN}");
    assert!(found.message.starts_with(&begins), "{found:?}");
    assert!(found.message.ends_with("wms/S1 of north:1001"), "{found:?}");
    assert!(found.fix.contains("order_key"), "{found:?}");
    // Much else is due before the alarm, and then very many alarms.
    for (prefix, told) in [("", "2 shipments wait"), ("alarm.", "more wait than were counted")] {
        let timer = |number: u64| Timer {
            lane: "north".to_owned(),
            key: format!("{prefix}{}", 9_000_000 + number),
            due_at: Some(begun),
            ..Timer::default()
        };
        let mut tx = world.store.begin().await.expect("a transaction");
        tx.save_timers(&(0..2_500).map(timer).collect::<Vec<_>>()).await.expect("timers");
        tx.commit().await.expect("a commit");
        let found = ShipmentProcessor.examine(&world.engine).await.expect("findings");
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(found.severity(), Severity::Warning);
        assert!(found.message.starts_with(told), "{found:?}");
    }
}
