//! What a feed holds: over a real broker and a real database.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_backoffice_gateway::evolvers;
use lockstep_backoffice_gateway::feed::aggregates::FeedKind;
use lockstep_contracts::Partition;
use lockstep_contracts::backoffice::v1::{Address, Contact, FeedOrder, FeedRefund};
use lockstep_contracts::orders::v1::{OrderAnnounced, OrderReportJudged};
use lockstep_domain::feed::{FeedEntry, FeedEvent};
use lockstep_ports::Store;
use lockstep_runtime::Aggregate;
use lockstep_runtime::rebuild::rebuild;
use lockstep_testkit::SequenceIds;
use prost::Message;

use crate::announce::{
    KEY, announce_order, announce_refund, announced, items, judge_order, judge_shipment, numbers,
    order, outgoing, said, sealed, send_as, verdict,
};
use crate::feed_world::FeedWorld;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_goes_on_at_the_cursor_after_a_restart_too() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    for number in 1..=3 {
        announce_order(&*world.bus, &announced("wms", order(number, 1, "MAIN"))).await;
    }
    let page = process.page(&token, 0, 3).await;
    assert_eq!(said(&page), ["north:1 MAIN r1", "north:2 MAIN r1", "north:3 MAIN r1"]);
    assert_eq!(
        numbers(&process.get(&token, "/v1/feed").await),
        [1, 2, 3],
        "nothing is acknowledged"
    );
    assert_eq!(process.acknowledge(&token, 2).await, "2");
    assert_eq!(process.acknowledge(&token, 1).await, "2", "the cursor never goes back");
    assert_eq!(numbers(&process.get(&token, "/v1/feed").await), [3]);
    assert_eq!(numbers(&process.get(&token, "/v1/feed?after=0&limit=1").await), [1]);
    let other = process.token("erp").await;
    assert_eq!(items(&process.get(&other, "/v1/feed?after=0").await).len(), 0);
    process.stop().await;

    assert_eq!(world.differences().await, Vec::<String>::new());
    let clock = (&world.clock as _, &SequenceIds::default() as _);
    let rebuilt = rebuild(&*world.store, &evolvers(), clock).await.expect("rebuilt");
    assert!(rebuilt.aggregates >= 6, "feed, cursor, three parts and tokens: {rebuilt:?}");
    let process = world.run();
    assert_eq!(numbers(&process.get(&token, "/v1/feed").await), [3]);
    announce_order(&*world.bus, &announced("wms", order(4, 1, "MAIN"))).await;
    process.page(&token, 3, 4).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubles_and_older_revisions_are_dropped() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let (bus, any) = (&*world.bus, Partition::of("any"));
    let refund = FeedRefund {
        order_key: "north:1".to_owned(),
        refund_id: "9".to_owned(),
        ..FeedRefund::default()
    };
    announce_order(bus, &announced("wms", order(1, 2, "MAIN"))).await;
    announce_order(bus, &announced("wms", order(1, 1, "MAIN"))).await;
    announce_order(bus, &announced("wms", order(1, 2, "MAIN"))).await;
    announce_order(bus, &announced("wms", order(1, 1, "SIDE"))).await;
    announce_order(bus, &announced("erp", order(1, 1, "MAIN"))).await;
    announce_order(bus, &announced("wms", order(1, 3, "MAIN"))).await;
    announce_refund(bus, "wms", refund).await;
    for _ in 0..3 {
        let event =
            OrderReportJudged { backoffice: "wms".to_owned(), verdict: Some(verdict("once")) };
        send_as(bus, "same", &event, OrderReportJudged::subject("wms", any)).await;
    }
    judge_order(bus, "wms", verdict("last")).await;
    let page = process.page(&token, 0, 6).await;
    let expected = [
        "north:1 MAIN r2",
        "north:1 SIDE r1",
        "north:1 MAIN r3",
        "refund 9",
        "verdict once",
        "verdict last",
    ];
    assert_eq!(said(&page), expected);
    judge_shipment(bus, "wms", verdict("parcel")).await;
    assert_eq!(said(&process.page(&token, 6, 7).await), ["verdict parcel"]);
    let other = process.token("erp").await;
    assert_eq!(said(&process.page(&other, 0, 1).await), ["north:1 MAIN r1"]);
    process.stop().await;
    assert_eq!(world.differences().await, Vec::<String>::new());
}

const EACH: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_a_number_before_the_ones_below_it() {
    let world = FeedWorld::start().await;
    let processes = [world.run(), world.run()];
    let token = processes[0].token("wms").await;
    let writing = async {
        for number in 1..=EACH as u64 {
            announce_order(&*world.bus, &announced("wms", order(number, 1, "MAIN"))).await;
            judge_shipment(&*world.bus, "wms", verdict(&format!("v{number}"))).await;
        }
    };
    let reading = async |process: &crate::feed_world::Process| {
        let (mut after, mut all) = (0, Vec::new());
        while all.len() < 2 * EACH {
            // Who waits on the clock looks again; a lost race is begun again, too.
            world.clock.advance(jiff::SignedDuration::from_millis(100));
            let page = process.get(&token, &format!("/v1/feed?after={after}&limit=7")).await;
            assert_eq!(page.status, 200, "{page:?}");
            let read = numbers(&page);
            let expected: Vec<u64> = (after + 1..=after + read.len() as u64).collect();
            assert_eq!(read, expected, "no number is missing, none comes early");
            after += read.len() as u64;
            all.extend(said(&page));
            tokio::task::yield_now().await;
        }
        all
    };
    let limit = std::time::Duration::from_secs(90);
    let all = tokio::time::timeout(limit, async {
        tokio::join!(writing, reading(&processes[0]), reading(&processes[1]))
    });
    let ((), mut first, second) = all.await.expect("every entry comes in time");
    assert_eq!(first, second, "all readers see one order");
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), 2 * EACH, "each announcement is there once");
    for process in processes {
        process.stop().await;
    }
    assert_eq!(world.differences().await, Vec::<String>::new());
}

const NAME: &str = "Jo Unmistakable";
const EMAIL: &str = "jo.unmistakable@customer.example";

/// The base64 of a text wherever it stands in something longer.
fn in_base64(text: &str) -> Vec<String> {
    let at = |offset: usize| {
        let padded = [vec![b'x'; offset], text.as_bytes().to_vec()].concat();
        let whole = STANDARD.encode(padded);
        // The first and the last characters depend on the neighbours.
        whole[4..whole.len() - 4].to_owned()
    };
    (0..3).map(at).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_data_is_sealed_at_rest_and_gone_once_it_is_redacted() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let address = Address { name: NAME.to_owned(), ..Address::default() };
    let contact = Contact {
        name: NAME.to_owned(),
        email: EMAIL.to_owned(),
        ship_to: Some(address),
        ..Contact::default()
    };
    let mut event = announced("wms", order(1, 1, "MAIN"));
    sealed(&world.keys, &contact, &mut event).await;
    announce_order(&*world.bus, &event).await;
    // What should never come in the open is not kept in the open.
    let open = FeedOrder { contact: Some(contact.clone()), ..order(2, 1, "MAIN") };
    announce_order(&*world.bus, &announced("wms", open)).await;
    let page = process.page(&token, 0, 2).await;
    assert_eq!(items(&page)[0]["order"]["contact"], serde_json::json!(contact));
    assert!(items(&page)[1]["order"].get("contact").is_none());

    let dump = world.database.dump().await;
    assert!(dump.contains("north:1"), "the entry was looked through");
    for text in [NAME, EMAIL] {
        assert!(!dump.contains(text), "{text} stands in the database");
        for coded in in_base64(text) {
            assert!(!dump.contains(&coded), "{text} stands in the database in base64");
        }
    }
    for stored in world.store.events_of(&FeedKind::key("wms"), 0, 10).await.expect("entries") {
        let event: FeedEvent = serde_json::from_str(stored.body.get()).expect("an event");
        let FeedEvent::EntryAppended { entry: FeedEntry::Order { content, .. }, .. } = event else {
            panic!("no order: {event:?}");
        };
        let kept = FeedOrder::decode(STANDARD.decode(content).expect("base64").as_slice());
        assert_eq!(kept.expect("an order").contact, None);
    }

    world.keys.destroy(KEY).await.expect("redacted");
    let page = process.get(&token, "/v1/feed?after=0").await;
    assert_eq!(said(&page), ["north:1 MAIN r1", "north:2 MAIN r1"]);
    assert!(items(&page)[0]["order"].get("contact").is_none());
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_announcement_becomes_a_dead_letter_and_holds_nobody_up() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let any = Partition::of("any");
    let empty = OrderAnnounced { backoffice: "wms".to_owned(), ..OrderAnnounced::default() };
    let mut bad = order(1, 1, "MAIN");
    bad.order_key = String::new();
    let subject = OrderAnnounced::subject("wms", any);
    let mut broken = outgoing("broken", &empty, subject);
    broken.body = vec![0xff; 9].into();
    lockstep_ports::Bus::publish(&*world.bus, vec![broken]).await.expect("published");
    announce_order(&*world.bus, &empty).await;
    announce_order(&*world.bus, &announced("wms", bad)).await;
    judge_order(&*world.bus, "wms", verdict("after")).await;
    assert_eq!(said(&process.page(&token, 0, 1).await), ["verdict after"]);
    let letters = world.store.dead_letters(false, None, 10).await.expect("letters");
    let reasons: Vec<&str> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    assert_eq!(letters.len(), 3, "{reasons:?}");
    process.stop().await;
}
