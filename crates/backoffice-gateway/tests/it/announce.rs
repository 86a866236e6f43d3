//! What the other services announce, on a broker of any kind.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use lockstep_contracts::backoffice::v1::feed_item::Item;
use lockstep_contracts::backoffice::v1::{
    Contact, FeedItem, FeedOrder, FeedRefund, FeedVerdict, OrderRequest, VerdictOutcome,
};
use lockstep_contracts::orders::v1::{OrderAnnounced, OrderReportJudged, RefundAnnounced};
use lockstep_contracts::shipments::v1::ShipmentReportJudged;
use lockstep_contracts::{Event, Metadata, Partition, Subject, TraceContext};
use lockstep_ports::{Bus, Outgoing};
use lockstep_runtime::PersonalKeys;
use lockstep_testkit::nats::eventually;
use prost::Message;
use serde_json::Value;

use crate::world::{Answer, NOW, World};

/// The key of whoever ordered.
pub const KEY: &str = "north.77";
/// The trace of every announcement: that of the document's examples.
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

static SENT: AtomicU64 = AtomicU64::new(0);

fn partition() -> Partition {
    Partition::of("any")
}

/// A message under an id of its own.
pub async fn send<E: Event>(bus: &dyn Bus, event: &E, subject: Subject) {
    let id = format!("announcement-{}", SENT.fetch_add(1, Ordering::Relaxed));
    send_as(bus, &id, event, subject).await;
}

pub async fn send_as<E: Event>(bus: &dyn Bus, id: &str, event: &E, subject: Subject) {
    let message = outgoing(id, event, subject);
    bus.publish(vec![message]).await.expect("published");
}

pub fn outgoing<E: Event>(id: &str, event: &E, subject: Subject) -> Outgoing {
    let now: Timestamp = NOW.parse().expect("a moment");
    let mut metadata = Metadata::new(id, "test", E::TYPE, now);
    metadata.trace = TraceContext::try_new(TRACE, None);
    Outgoing {
        stream: E::STREAM,
        subject: subject.as_str().to_owned(),
        headers: metadata.to_headers().into_iter().map(|(n, v)| (n.to_owned(), v)).collect(),
        body: event.encode_to_vec().into(),
    }
}

pub fn order(number: u64, revision: u32, warehouse: &str) -> FeedOrder {
    FeedOrder {
        order_key: format!("north:{number}"),
        revision,
        store: "north".to_owned(),
        order_name: format!("#{number}"),
        request: OrderRequest::Fulfil.into(),
        warehouse_code: warehouse.to_owned(),
        ..FeedOrder::default()
    }
}

pub fn announced(backoffice: &str, order: FeedOrder) -> OrderAnnounced {
    OrderAnnounced {
        backoffice: backoffice.to_owned(),
        store: "north".to_owned(),
        order: Some(order),
        ..OrderAnnounced::default()
    }
}

/// With who ordered, sealed as order-sync seals it.
pub async fn sealed(keys: &PersonalKeys, contact: &Contact, event: &mut OrderAnnounced) {
    let sealed = keys.seal(KEY, &contact.encode_to_vec()).await.expect("sealed");
    event.sealed_contact = sealed.bytes.into();
    event.contact_key = KEY.to_owned();
}

pub async fn announce_order(bus: &dyn Bus, event: &OrderAnnounced) {
    let subject = OrderAnnounced::subject(&event.backoffice, partition());
    send(bus, event, subject).await;
}

pub async fn announce_refund(bus: &dyn Bus, backoffice: &str, refund: FeedRefund) {
    let event = RefundAnnounced { backoffice: backoffice.to_owned(), refund: Some(refund) };
    send(bus, &event, RefundAnnounced::subject(backoffice, partition())).await;
}

pub fn verdict(event_id: &str) -> FeedVerdict {
    FeedVerdict {
        event_id: event_id.to_owned(),
        report: "accept".to_owned(),
        outcome: VerdictOutcome::Done.into(),
        ..FeedVerdict::default()
    }
}

/// A verdict of order-sync.
pub async fn judge_order(bus: &dyn Bus, backoffice: &str, verdict: FeedVerdict) {
    let event = OrderReportJudged { backoffice: backoffice.to_owned(), verdict: Some(verdict) };
    send(bus, &event, OrderReportJudged::subject(backoffice, partition())).await;
}

/// A verdict of shipment-push.
pub async fn judge_shipment(bus: &dyn Bus, backoffice: &str, verdict: FeedVerdict) {
    let event = ShipmentReportJudged { backoffice: backoffice.to_owned(), verdict: Some(verdict) };
    send(bus, &event, ShipmentReportJudged::subject(backoffice, partition())).await;
}

/// Has the entry appended for `wms`, and waits until it is read.
pub async fn announce_item(world: &World, item: FeedItem) {
    match item.item.expect("an entry says something") {
        Item::Order(mut order) => {
            let contact = order.contact.take();
            let mut event = announced("wms", order);
            if let Some(contact) = contact {
                sealed(&world.keys, &contact, &mut event).await;
            }
            announce_order(&world.bus, &event).await;
        }
        Item::Refund(refund) => announce_refund(&world.bus, "wms", refund).await,
        Item::Verdict(verdict) => judge_order(&world.bus, "wms", verdict).await,
    }
    let path = format!("/v1/feed?after={}", item.number - 1);
    eventually("the entry is in the feed", async || {
        let page = world.get(&path).await;
        page.status == 200 && numbers(&page) == [item.number]
    })
    .await;
}

pub fn items(page: &Answer) -> &Vec<Value> {
    let Some(items) = page.body["items"].as_array() else { panic!("no page: {page:?}") };
    items
}

pub fn numbers(page: &Answer) -> Vec<u64> {
    let number = |item: &Value| item["number"].as_str().and_then(|n| n.parse().ok());
    items(page).iter().map(|item| number(item).expect("a number in text")).collect()
}

/// What the entries of a page say, in short.
pub fn said(page: &Answer) -> Vec<String> {
    let short = |item: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(order) = item.get("order") {
            let (key, code) = (text(&order["order_key"]), text(&order["warehouse_code"]));
            format!("{key} {code} r{}", order["revision"])
        } else if let Some(refund) = item.get("refund") {
            format!("refund {}", text(&refund["refund_id"]))
        } else {
            format!("verdict {}", text(&item["verdict"]["event_id"]))
        }
    };
    items(page).iter().map(short).collect()
}
