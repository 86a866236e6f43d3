//! Orders of the stores become facts that everybody is told, and orders that back offices are told
//! and answer.
#![expect(clippy::indexing_slicing, reason = "a test ends at its first surprise")]

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use jiff::SignedDuration;
use lockstep_bus::{NatsBus, NatsOptions};
use lockstep_contracts::backoffice::v1::{FeedOrder, OrderRequest, VerdictOutcome};
use lockstep_contracts::orders::v1::{
    GetOrderRequest, OrderAnnounced, OrderLinesChanged, OrderReportJudged, OrderView, ParkedReason,
};
use lockstep_contracts::{Event, Stream};
use lockstep_ports::{Bus, ConsumerSpec, Delivered, Kv};
use lockstep_tests::trade::Trade;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::sync::Mutex;

/// Whoever ordered. Nothing of it may be anywhere in the clear.
const SECRETS: [&str; 5] =
    ["Annabella", "Exempelström", "annabella@example.com", "Ringstrasse 77", "+493012345678"];

/// Berlin is served by `wms/MAIN`, Lyon by `wms/SIDE`; orders are told.
struct Orders {
    trade: Trade,
    bus: NatsBus,
    /// What the streams held so far.
    seen: Mutex<BTreeMap<Stream, Vec<Delivered>>>,
}

impl Deref for Orders {
    type Target = Trade;

    fn deref(&self) -> &Trade {
        &self.trade
    }
}

impl Orders {
    async fn start(mapped: &[&str]) -> Self {
        let trade = Trade::start(&["stock", "orders"], mapped).await;
        let url = trade.world.args.nats_url.clone().expect("a broker");
        let bus = NatsBus::connect(&url, NatsOptions::default()).await.expect("a broker");
        Self { trade, bus, seen: Mutex::default() }
    }

    async fn told() -> Self {
        let orders = Self::start(&["Berlin", "Lyon"]).await;
        orders.patch(json!({"orders": {"enabled": true}})).await;
        orders
    }

    /// Two lamps from Berlin and a shade from Lyon; gives the order's id.
    fn checkout(&self) -> i64 {
        self.trade.checkout(purchase())
    }

    async fn stream(&self, stream: Stream) -> Vec<Delivered> {
        let spec = ConsumerSpec {
            stream,
            durable: "reader-of-a-test".to_owned(),
            filters: vec![stream.filter_all().into()],
        };
        let mut seen = self.seen.lock().await;
        loop {
            let wait = Duration::from_millis(20);
            let news = self.bus.pull(&spec, 0, 500, wait).await.expect("messages");
            if news.is_empty() {
                return seen.get(&stream).cloned().unwrap_or_default();
            }
            self.bus.ack(&news).await.expect("acknowledged");
            seen.entry(stream).or_default().extend(news);
        }
    }

    async fn said<E: Event + Default>(&self) -> Vec<E> {
        let messages = self.stream(E::STREAM).await;
        let of_type = messages.into_iter().filter(|m| {
            m.headers.iter().any(|(name, value)| name == "ce-type" && value == E::TYPE)
        });
        of_type.map(|message| E::decode(message.body).expect("a message")).collect()
    }

    /// The newest word about an order's lines.
    async fn lines(&self, order: i64) -> Option<OrderLinesChanged> {
        let told: Vec<OrderLinesChanged> = self.said().await;
        told.into_iter().filter(|one| one.order_id == order).max_by_key(|one| one.revision)
    }

    /// The newest word per warehouse about an order.
    async fn announced(&self, order: i64) -> Vec<FeedOrder> {
        let told: Vec<OrderAnnounced> = self.said().await;
        let mut newest: Vec<FeedOrder> = Vec::new();
        for one in told.into_iter().filter(|one| one.order_id == order) {
            let one = one.order.expect("an order");
            newest.retain(|known| {
                known.warehouse_code != one.warehouse_code || known.revision > one.revision
            });
            newest.push(one);
        }
        newest.sort_by(|a, b| a.warehouse_code.cmp(&b.warehouse_code));
        newest
    }

    async fn view(&self, order: i64) -> OrderView {
        let request = GetOrderRequest { order_key: format!("north:{order}") };
        let wait = Duration::from_secs(5);
        let asked =
            lockstep_runtime::ask(&self.bus, GetOrderRequest::subject(), &request, wait).await;
        asked.expect("an answer").order.unwrap_or_default()
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) -> SignedDuration {
        self.world.until(what, is_so).await
    }

    async fn until_told(&self, order: i64, parts: usize) -> SignedDuration {
        self.until("the back office is told", async || self.announced(order).await.len() == parts)
            .await
    }

    async fn answer(&self, order: i64, call: &str, field: &str, body: Value) -> Value {
        let path = format!("/v1/orders/north:{order}/{call}");
        let mut body = json!({field: body});
        body[field]["occurred_at"] = json!("2026-11-24T10:00:30Z");
        self.wms.post(&path, &body).await.ok()
    }

    async fn verdict(
        &self,
        event_id: &str,
    ) -> Option<lockstep_contracts::backoffice::v1::FeedVerdict> {
        let judged: Vec<OrderReportJudged> = self.said().await;
        let mut verdicts = judged.into_iter().filter_map(|one| one.verdict);
        verdicts.rfind(|verdict| verdict.event_id == event_id)
    }

    async fn until_verdict(&self, event_id: &str, outcome: VerdictOutcome) {
        self.until("the report is judged", async || {
            self.verdict(event_id).await.is_some_and(|verdict| verdict.outcome() == outcome)
        })
        .await;
    }
}

fn purchase() -> Value {
    json!({
        "lines": [{"sku": "LAMP", "quantity": 2, "location": "Berlin"},
            {"sku": "SHADE", "quantity": 1, "location": "Lyon"}],
        "customer": {"first_name": SECRETS[0], "last_name": SECRETS[1], "email": SECRETS[2],
            "phone": SECRETS[4]},
        "shipping_address": {"first_name": SECRETS[0], "last_name": SECRETS[1],
            "address1": SECRETS[3], "city": "Berlin", "zip": "10115", "country_code": "DE",
            "phone": SECRETS[4]},
    })
}

/// (location named, warehouse, sold, fulfilled) of every share.
fn shares(lines: &OrderLinesChanged) -> Vec<(bool, String, i64, i64)> {
    let all = lines.lines.iter().flat_map(|line| &line.shares);
    let mut shares: Vec<_> =
        all.map(|s| (s.location_id != 0, s.warehouse.clone(), s.sold, s.fulfilled)).collect();
    shares.sort();
    shares
}

fn share(warehouse: &str, sold: i64, fulfilled: i64) -> (bool, String, i64, i64) {
    (true, warehouse.to_owned(), sold, fulfilled)
}

#[tokio::test]
async fn an_order_is_told_to_its_warehouses_within_ten_seconds() {
    let orders = Orders::told().await;
    let order = orders.checkout();
    let took = orders.until_told(order, 2).await;
    assert!(took <= SignedDuration::from_secs(10), "{took}");
    let parts = orders.announced(order).await;
    let main = &parts[0];
    assert_eq!(main.order_key, format!("north:{order}"));
    assert_eq!((main.warehouse_code.as_str(), main.request()), ("MAIN", OrderRequest::Fulfil));
    assert_eq!(main.lines.len(), 1);
    let line = &main.lines[0];
    assert_eq!((line.sku.as_str(), line.quantity, line.quantity_open), ("LAMP", 2, 2));
    assert_eq!(main.shop_domain, orders.shop.domain);
    assert_eq!(parts[1].lines[0].sku, "SHADE");
    let lines = orders.lines(order).await.expect("told");
    assert!(lines.routed);
    assert_eq!(shares(&lines), [share("wms/MAIN", 2, 0), share("wms/SIDE", 1, 0)]);
    orders.world.ends_well().await;
}

#[tokio::test]
async fn the_life_of_an_order_arrives_step_by_step() {
    let orders = Orders::told().await;
    let order = orders.checkout();
    orders.until_told(order, 2).await;
    let lamp = |quantity: i64| json!([{"sku": "LAMP", "quantity": quantity}]);
    orders.act("fulfill", json!({"order": order, "lines": lamp(1)}));
    orders
        .until("one lamp is fulfilled", async || {
            let lines = orders.lines(order).await.expect("told");
            shares(&lines) == [share("wms/MAIN", 2, 1), share("wms/SIDE", 1, 0)]
        })
        .await;
    let back = json!([{"sku": "LAMP", "quantity": 1, "restock_type": "return",
        "location": "Berlin"}]);
    orders.act("refund", json!({"order": order, "lines": back}));
    let unsent = json!([{"sku": "SHADE", "quantity": 1, "restock_type": "cancel",
        "location": "Lyon"}]);
    orders.act("refund", json!({"order": order, "lines": unsent}));
    orders
        .until("both refunds are told", async || {
            let lines = orders.lines(order).await.expect("told");
            let refunded: Vec<_> = lines
                .lines
                .iter()
                .flat_map(|line| &line.refunded)
                .map(|r| (r.restock_type().as_str_name(), r.after_fulfillment))
                .collect();
            refunded.contains(&("RESTOCK_TYPE_RETURN", true))
                && refunded.contains(&("RESTOCK_TYPE_CANCEL", false))
                && shares(&lines) == [share("wms/MAIN", 2, 1)]
        })
        .await;
    orders.act("cancel", json!({"order": order, "restock": true}));
    orders
        .until("the cancellation is told", async || {
            let parts = orders.announced(order).await;
            parts.iter().all(|part| part.request() == OrderRequest::Cancel)
        })
        .await;
    let lines = orders.lines(order).await.expect("told");
    assert!(lines.cancelled);
    assert_eq!(shares(&lines), [share("wms/MAIN", 1, 1)]);
    orders.world.ends_well().await;
}

/// What everybody knows in the end, whatever befell the webhooks.
async fn after(faults: &[Value]) -> Vec<(bool, String, i64, i64)> {
    let orders = Orders::told().await;
    for fault in faults {
        orders.fault(fault.clone());
    }
    let order = orders.checkout();
    orders.world.advance(SignedDuration::from_secs(2));
    orders.act("route", json!({"order": order}));
    orders.act("fulfill", json!({"order": order, "lines": [{"sku": "LAMP", "quantity": 1}]}));
    let edit = json!({"order": order, "set": [{"sku": "SHADE", "quantity": 0}],
        "add": [{"sku": "SHADE", "quantity": 3, "location": "Lyon"}]});
    orders.act("edit", edit);
    let refund = json!([{"sku": "LAMP", "quantity": 1, "restock_type": "cancel",
        "location": "Berlin"}]);
    orders.act("refund", json!({"order": order, "lines": refund}));
    let expected = [share("wms/MAIN", 1, 1), share("wms/SIDE", 3, 0)];
    orders
        .until("every fact is known", async || {
            orders.lines(order).await.is_some_and(|lines| shares(&lines) == expected)
        })
        .await;
    // What is still on its way changes nothing.
    for _ in 0..12 {
        orders.world.advance(SignedDuration::from_secs(5));
        tokio::task::yield_now().await;
    }
    orders.world.ends_well().await;
    shares(&orders.lines(order).await.expect("told"))
}

#[tokio::test]
async fn webhooks_twice_and_in_reverse_order_give_the_same_facts() {
    let plain = after(&[]).await;
    let twice = json!({"fault": "webhook_duplicate", "count": 30});
    let reverse = json!({"fault": "webhook_shuffle", "count": 6});
    assert_eq!(after(&[twice, reverse]).await, plain);
}

#[tokio::test]
async fn a_lost_creation_and_a_late_refund_give_the_same_facts() {
    let plain = after(&[]).await;
    let lost = json!({"fault": "webhook_lose", "topic": "orders/create"});
    let late = json!({"fault": "webhook_delay", "topic": "refunds/create", "seconds": 40});
    let also = json!({"fault": "webhook_delay", "topic": "orders/updated", "seconds": 20,
        "count": 5});
    assert_eq!(after(&[lost, late, also]).await, plain);
}

#[tokio::test]
async fn an_acceptance_is_booked_and_judged_and_too_many_are_refused() {
    let orders = Orders::told().await;
    let order = orders.checkout();
    orders.until_told(order, 2).await;
    let part = orders.announced(order).await[0].clone();
    let line_id = part.lines[0].line_id.clone();
    let lines = |quantity: &str| json!([{"line_id": line_id, "quantity": quantity}]);
    let body = json!({"event_id": "a1", "order_revision": part.revision, "lines": lines("2")});
    let answer = orders.answer(order, "accept", "acceptance", body.clone()).await;
    assert_eq!(answer["item"]["status"], "ITEM_STATUS_ACCEPTED", "{answer:#}");
    let answer = orders.answer(order, "accept", "acceptance", body).await;
    assert_eq!(answer["item"]["status"], "ITEM_STATUS_DUPLICATE", "{answer:#}");
    orders.until_verdict("a1", VerdictOutcome::Done).await;
    let told = orders.lines(order).await.expect("told");
    let accepted: i64 = told.lines.iter().flat_map(|l| &l.shares).map(|s| s.accepted).sum();
    assert_eq!(accepted, 2);
    let body = json!({"event_id": "a2", "lines": lines("3")});
    orders.answer(order, "accept", "acceptance", body).await;
    orders.until_verdict("a2", VerdictOutcome::Refused).await;
    let refused = orders.verdict("a2").await.expect("a verdict");
    assert_eq!(refused.code, "ERROR_CODE_QUANTITY_TOO_LARGE");
    let body = json!({"event_id": "r1", "whole_order": true, "reason_code": "DAMAGED"});
    orders.answer(order, "reject", "rejection", body).await;
    orders.until_verdict("r1", VerdictOutcome::Done).await;
    let told = orders.lines(order).await.expect("told");
    let accepted: i64 = told.lines.iter().flat_map(|l| &l.shares).map(|s| s.accepted).sum();
    assert_eq!(accepted, 0);
    orders.world.ends_well().await;
}

#[tokio::test]
async fn a_release_that_cancels_cancels_the_order_at_shopify() {
    let orders = Orders::told().await;
    let order = orders.checkout();
    orders.until_told(order, 2).await;
    let body = json!({"event_id": "x1", "outcome": "RELEASE_OUTCOME_CANCEL", "whole_order": true});
    orders.answer(order, "release", "release", body).await;
    orders.until_verdict("x1", VerdictOutcome::Done).await;
    assert!(orders.lines(order).await.expect("told").cancelled);
    assert_eq!(orders.world.calls(&orders.shop, "OrderCancel").len(), 1);
    orders.world.ends_well().await;
}

#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_is_not_sent_twice() {
    let orders = Orders::told().await;
    let order = orders.checkout();
    orders.until_told(order, 2).await;
    orders.fault(json!({"fault": "api_502_after", "root": "orderCancel"}));
    let body = json!({"event_id": "x1", "outcome": "RELEASE_OUTCOME_CANCEL", "whole_order": true});
    orders.answer(order, "release", "release", body).await;
    orders.until_verdict("x1", VerdictOutcome::Done).await;
    assert_eq!(orders.world.calls(&orders.shop, "OrderCancel").len(), 1);
    orders.world.ends_well().await;
}

#[tokio::test]
async fn the_default_location_takes_what_no_other_takes_until_it_is_mapped() {
    let orders = Orders::start(&["Berlin"]).await;
    orders.patch(json!({"orders": {"enabled": true}})).await;
    let order = orders.checkout();
    orders.until_told(order, 1).await;
    let parts = orders.announced(order).await;
    assert_eq!(parts[0].lines.len(), 2, "the default location catches the rest");
    orders.world.map(&orders.shop, "Lyon", &["wms/SIDE"]).await;
    orders.until_told(order, 2).await;
    let parts = orders.announced(order).await;
    let lamp_only = parts[0].lines.iter().filter(|line| line.quantity > 0).count();
    assert_eq!((lamp_only, parts[1].lines[0].sku.as_str()), (1, "SHADE"));
    orders.world.ends_well().await;
}

#[tokio::test]
async fn an_order_is_told_when_it_is_paid() {
    let orders = Orders::start(&["Berlin", "Lyon"]).await;
    let mut unpaid = purchase();
    unpaid["financial_status"] = json!("pending");
    let order = orders.act("checkout", unpaid)["order_id"].as_i64().expect("an id");
    orders
        .until("the order is read", async || {
            orders.view(order).await.parked.first().is_some_and(|p| p.reason() == ParkedReason::Off)
        })
        .await;
    assert!(orders.announced(order).await.is_empty(), "nothing is told while orders are off");
    let filter = json!({"financial": ["PAID"]});
    orders.patch(json!({"orders": {"enabled": true, "filter": filter}})).await;
    orders
        .until("the filter holds it back", async || {
            let view = orders.view(order).await;
            view.parked.first().is_some_and(|p| p.subject == "orders.filter.financial")
        })
        .await;
    orders.act("pay", json!({"order": order}));
    orders.until_told(order, 2).await;
    assert_eq!(orders.announced(order).await[0].financial_status, "PAID");
    orders.world.ends_well().await;
}

#[tokio::test]
async fn a_stop_in_the_middle_loses_nothing_and_says_nothing_twice() {
    let mut orders = Orders::told().await;
    let order = orders.checkout();
    orders.until("the order is heard of", async || orders.lines(order).await.is_some()).await;
    orders.trade.world.restart().await;
    orders.until_told(order, 2).await;
    let told: Vec<OrderAnnounced> = orders.said().await;
    let mut seen: Vec<_> = told
        .iter()
        .filter_map(|one| one.order.as_ref())
        .map(|one| (one.warehouse_code.clone(), one.revision))
        .collect();
    seen.sort();
    let all = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), all, "a revision is told once");
    orders.world.ends_well().await;
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Every row of every table, bytes as hexadecimal digits.
async fn database(url: &str) -> String {
    let mut connection = PgConnection::connect(url).await.expect("the database");
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select table_schema::text, table_name::text from information_schema.tables \
         where table_type = 'BASE TABLE' \
         and table_schema not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut connection)
    .await
    .expect("tables");
    assert!(tables.iter().any(|(schema, _)| schema == "order_sync"), "{tables:?}");
    let mut all = String::new();
    for (schema, table) in tables {
        let rows = format!("select coalesce(string_agg(t::text, ' '), '') from {schema}.{table} t");
        let rows: String =
            sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&mut connection).await.expect("rows");
        all.push_str(&rows);
    }
    all
}

#[tokio::test]
async fn personal_data_is_nowhere_in_the_clear() {
    let orders = Orders::told().await;
    let order = orders.checkout();
    orders.until_told(order, 2).await;
    let body = json!({"event_id": "a1", "whole_order": true});
    orders.answer(order, "accept", "acceptance", body).await;
    orders.until_verdict("a1", VerdictOutcome::Done).await;
    orders.act("fulfill", json!({"order": order}));
    orders
        .until("it is fulfilled", async || {
            let parts = orders.announced(order).await;
            parts.iter().all(|part| part.request() == OrderRequest::Inform)
        })
        .await;
    let url = orders.world.args.database_url.clone().expect("a database");
    let rows = database(&url).await;
    assert!(rows.contains("LAMP"), "the dump holds what it should");
    for secret in SECRETS {
        assert!(!rows.contains(secret), "{secret} stands in the database");
        assert!(!rows.contains(&hex(secret)), "{secret} stands in the database as bytes");
    }
    for stream in Stream::ALL.iter().filter(|stream| **stream != Stream::Shopify) {
        for message in orders.stream(*stream).await {
            let whole = format!("{:?} {}", message.headers, String::from_utf8_lossy(&message.body));
            for secret in SECRETS {
                assert!(
                    !whole.contains(secret),
                    "{secret} stands in {stream}: {}",
                    message.subject
                );
            }
        }
    }
    for bucket in ["settings", "shopify", "keys"] {
        for entry in orders.bus.list(bucket, "").await.expect("a bucket") {
            let value = String::from_utf8_lossy(&entry.value).into_owned();
            for secret in SECRETS {
                assert!(!value.contains(secret), "{secret} stands in {bucket}/{}", entry.key);
            }
        }
    }
    let webhooks = orders.stream(Stream::Shopify).await;
    let kept = webhooks.iter().any(|m| String::from_utf8_lossy(&m.body).contains(SECRETS[0]));
    assert!(kept, "SHOPIFY keeps what came, verbatim");
    orders.world.ends_well().await;
}
