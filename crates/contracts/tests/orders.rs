//! Orders from settings and reports into the domain, and from the domain into messages.
#![expect(clippy::expect_used, reason = "helpers of tests")]

use lockstep_contracts::backoffice::v1::{
    OrderAcceptReported, OrderAcceptance, OrderRejectReported, OrderRejection, OrderRelease,
    OrderReleaseReported, OrderRequest, OrderUnits, ReleaseOutcome,
};
use lockstep_contracts::convert::order_lines::{Named, feed_order, lines_changed};
use lockstep_contracts::convert::order_report::{accepted, rejected, released};
use lockstep_contracts::convert::order_settings::store_orders;
use lockstep_contracts::settings::v1::{
    BackOfficeRole, LocationMapping, OrderFilter, OrderSettings, StoreBackOffice, StoreSettings,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::order::facts::{LineDetails, Money, MoneyPair, OrderDetails};
use lockstep_domain::order::report::{Extent, Says};
use lockstep_domain::order::{
    LineFacts, OrderHead, OrderLines, PartContent, PartLine, Request, Share,
};
use lockstep_domain::{LineItemId, LocationId, OrderId, StoreId, Warehouse};

fn settings() -> StoreSettings {
    StoreSettings {
        id: "north".to_owned(),
        enabled: true,
        backoffices: vec![
            StoreBackOffice {
                id: "wms".to_owned(),
                roles: vec![BackOfficeRole::Stock.into(), BackOfficeRole::Orders.into()],
            },
            StoreBackOffice { id: "erp".to_owned(), roles: vec![BackOfficeRole::Stock.into()] },
        ],
        locations: vec![LocationMapping {
            location_id: 7,
            warehouses: vec!["wms/MAIN".to_owned()],
            shipping_process: "parcel".to_owned(),
            default: true,
            ..LocationMapping::default()
        }],
        orders: Some(OrderSettings {
            enabled: true,
            filter: Some(OrderFilter {
                status: vec!["open".to_owned()],
                tags: vec![" gift ".to_owned()],
                locations: vec![7],
                ..OrderFilter::default()
            }),
            split: Some(false),
            sweep_minutes: Some(15),
            sweep_days: Some(7),
        }),
        ..StoreSettings::default()
    }
}

#[test]
fn every_order_setting_arrives() {
    let orders = store_orders(&settings(), 4).expect("orders");
    assert!(orders.enabled && orders.connected && orders.whole);
    assert_eq!(orders.takers.iter().map(|b| b.as_str()).collect::<Vec<_>>(), ["wms"]);
    assert_eq!((orders.locations.len(), orders.locations[0].default), (1, true));
    assert_eq!(orders.filter.tags.first().map(String::as_str), Some("gift"));
    assert_eq!(orders.revision, 4);
    assert_eq!((orders.sweep.minutes(), orders.sweep.days()), (15, 7));
}

#[test]
fn a_store_that_is_off_is_read_and_one_that_was_removed_is_not() {
    let off = store_orders(&StoreSettings { enabled: false, ..settings() }, 1).expect("orders");
    assert_eq!((off.enabled, off.connected), (false, true));
    let gone = store_orders(&StoreSettings { deleted: true, ..settings() }, 1).expect("orders");
    assert_eq!((gone.enabled, gone.connected), (false, false));
    let old = store_orders(&StoreSettings { orders: None, ..settings() }, 1).expect("orders");
    assert_eq!((old.enabled, old.whole), (false, false));
    assert_eq!((old.sweep.minutes(), old.sweep.days()), (60, 3));
}

#[test]
fn each_wrong_order_setting_is_refused_by_its_path() {
    type Change = fn(&mut OrderFilter);
    let wrong: [(Change, &str); 3] = [
        (|f| f.status = vec!["late".to_owned()], "orders.filter.status"),
        (|f| f.sources = vec![" ".to_owned()], "orders.filter.sources[0]"),
        (|f| f.locations = vec![7, -1], "orders.filter.locations[1]"),
    ];
    for (change, field) in wrong {
        let mut settings = settings();
        let orders = settings.orders.as_mut().expect("orders");
        change(orders.filter.as_mut().expect("a filter"));
        assert_eq!(store_orders(&settings, 1).expect_err("wrong").field, field);
    }
}

fn lines() -> Vec<OrderUnits> {
    vec![OrderUnits {
        line_id: "11".to_owned(),
        quantity: "2".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        ..OrderUnits::default()
    }]
}

fn now() -> Option<pbjson_types::Timestamp> {
    Some(to_proto("2026-11-24T10:00:00Z".parse().expect("a moment")))
}

fn acceptance(answers: OrderRequest) -> OrderAcceptReported {
    let acceptance = OrderAcceptance {
        event_id: "a1".to_owned(),
        order_key: "north:1001".to_owned(),
        answers: answers.into(),
        lines: lines(),
        occurred_at: now(),
        ..OrderAcceptance::default()
    };
    OrderAcceptReported {
        backoffice: "wms".to_owned(),
        acceptance: Some(acceptance),
        accepted_at: None,
    }
}

#[test]
fn reports_say_what_they_answer_and_name_their_order() {
    let report = accepted(&acceptance(OrderRequest::Fulfil)).expect("a report");
    assert_eq!((report.store.as_str(), report.order), ("north", OrderId(1001)));
    assert_eq!(report.report.says, Says::Accept);
    let Extent::Lines(units) = &report.report.extent else { panic!("lines") };
    assert_eq!((units[0].line, units[0].units), (LineItemId(11), 2));
    assert_eq!(units[0].warehouse.as_ref().map(|w| w.as_str()), Some("MAIN"));
    let cancel = accepted(&acceptance(OrderRequest::Cancel)).expect("a report");
    assert_eq!(cancel.report.says, Says::AgreeToCancel);
    let rejection = OrderRejection {
        event_id: "r1".to_owned(),
        order_key: "north:1001".to_owned(),
        answers: OrderRequest::Cancel.into(),
        whole_order: true,
        occurred_at: now(),
        ..OrderRejection::default()
    };
    let event = OrderRejectReported {
        backoffice: "wms".to_owned(),
        rejection: Some(rejection),
        accepted_at: None,
    };
    let report = rejected(&event).expect("a report").report;
    assert_eq!((report.says, report.extent), (Says::TooLate, Extent::Whole));
    for (outcome, says) in [
        (ReleaseOutcome::Unspecified, Says::Release),
        (ReleaseOutcome::Cancel, Says::ReleaseAndCancel),
    ] {
        let release = OrderRelease {
            event_id: "x1".to_owned(),
            order_key: "north:1001".to_owned(),
            outcome: outcome.into(),
            whole_order: true,
            occurred_at: now(),
            ..OrderRelease::default()
        };
        let (backoffice, release) = ("wms".to_owned(), Some(release));
        let event = OrderReleaseReported { backoffice, release, accepted_at: None };
        assert_eq!(released(&event).expect("a report").report.says, says);
    }
}

#[test]
fn wrong_reports_are_refused_by_path() {
    let empty = OrderAcceptReported { backoffice: "wms".to_owned(), ..Default::default() };
    assert_eq!(accepted(&empty).expect_err("wrong").field, "acceptance");
    let mut event = acceptance(OrderRequest::Fulfil);
    event.acceptance.as_mut().expect("one").lines[0].quantity = "1.5".to_owned();
    assert_eq!(accepted(&event).expect_err("wrong").field, "acceptance.lines[0].quantity");
    let mut event = acceptance(OrderRequest::Fulfil);
    event.backoffice = String::new();
    assert_eq!(accepted(&event).expect_err("wrong").field, "backoffice");
}

fn store() -> StoreId {
    "north".parse().expect("a store")
}

fn main_warehouse() -> Warehouse {
    "wms/MAIN".parse().expect("a warehouse")
}

fn money(amount: &str) -> MoneyPair {
    let one = Money { amount: amount.parse().expect("money"), currency: "EUR".to_owned() };
    MoneyPair { shop: one.clone(), presentment: one }
}

#[test]
fn lines_are_told_with_zeros_for_what_is_not_known() {
    let at = "2026-11-24T10:00:00Z".parse().expect("a moment");
    let share = |location, warehouse| Share {
        served_by: None,
        steps: Vec::new(),
        location,
        warehouse,
        sold: 2,
        fulfilled: 1,
        accepted: 1,
        released: 0,
        reported_at: Some(at),
    };
    let lines = OrderLines {
        as_of: at,
        routed: false,
        cancelled: true,
        lines: vec![LineFacts {
            line: LineItemId(11),
            variant: None,
            item: None,
            quantity: 4,
            removed: 0,
            refunded: Vec::new(),
            shares: vec![share(Some(LocationId(7)), Some(main_warehouse())), share(None, None)],
        }],
    };
    let told = lines_changed(&store(), OrderId(1001), 3, &lines);
    assert_eq!((told.revision, told.routed, told.cancelled), (3, false, true));
    let line = &told.lines[0];
    assert_eq!((line.variant_id, line.inventory_item_id, line.quantity), (0, 0, 4));
    assert_eq!((line.shares[0].location_id, line.shares[0].warehouse.as_str()), (7, "wms/MAIN"));
    assert_eq!((line.shares[1].location_id, line.shares[1].warehouse.as_str()), (0, ""));
}

#[test]
fn an_order_is_told_without_its_contact() {
    let at = "2026-11-24T10:00:00Z".parse().expect("a moment");
    let line = LineDetails {
        line: LineItemId(11),
        sku: "S1".to_owned(),
        title: "Lamp".to_owned(),
        requires_shipping: true,
        unit_price: money("10"),
        discount: money("0.5"),
        tax: money("1.52"),
    };
    let part = PartContent {
        request: Request::Hold,
        reason: "OTHER".to_owned(),
        shipping_process: "parcel".to_owned(),
        lines: vec![PartLine {
            line,
            fulfillment_order_line: None,
            sku: None,
            quantity: 3,
            open: 1,
        }],
        order: OrderHead {
            details: OrderDetails {
                name: "#1001".to_owned(),
                created_at: at,
                test: true,
                financial: "PAID".to_owned(),
                fulfillment: "UNFULFILLED".to_owned(),
                source: "web".to_owned(),
                tags: ["gift".to_owned()].into(),
                cancel_reason: String::new(),
                total: money("30"),
                shipping_lines: Vec::new(),
                lines: Vec::new(),
                refunds: Vec::new(),
            },
        },
        contact: None,
    };
    let store = store();
    let named = Named { store: &store, shop_domain: "north.myshopify.com", order: OrderId(1001) };
    let told = feed_order(named, (&main_warehouse(), 2), &part, at);
    assert_eq!((told.order_key.as_str(), told.revision, told.test), ("north:1001", 2, true));
    assert_eq!((told.request(), told.reason.as_str()), (OrderRequest::Hold, "OTHER"));
    let line = &told.lines[0];
    assert_eq!((line.sku.as_str(), line.fulfillment_order_line_id.as_str()), ("", ""));
    assert_eq!((line.quantity, line.quantity_open), (3, 1));
    let discount = line.discount.as_ref().and_then(|d| d.shop.as_ref()).expect("money");
    assert_eq!((discount.amount.as_str(), discount.currency.as_str()), ("0.5", "EUR"));
    assert_eq!(told.contact, None);
}
