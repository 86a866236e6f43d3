//! Settings from the bucket, as the domain adopts them.

use std::collections::BTreeSet;

use lockstep_contracts::convert::settings::{
    back_office_defaults, back_office_stock, stock_defaults, store_stock,
};
use lockstep_contracts::settings::v1::{
    BackOfficeSettings, LocationMapping, ReportKind, StockBasis, StockEnabled, StockMode,
    StockSettings, StoreSettings, WarehouseSettings, WindowEdge,
};
use lockstep_domain::stock::report::ReportKind as DomainReport;
use lockstep_domain::stock::settings::{
    BackOfficeStock, Enabled, StockMode as DomainMode, StoreStock, WindowEdge as DomainEdge,
};

fn live() -> StoreSettings {
    StoreSettings {
        id: "north".to_owned(),
        enabled: true,
        stock: Some(StockSettings {
            enabled: StockEnabled::Live.into(),
            mode: StockMode::Absolute.into(),
            window_seconds: 45,
            window_edge: WindowEdge::Trailing.into(),
            sold_out_threshold: 2,
            buffer: 1,
            ..stock_defaults()
        }),
        locations: vec![LocationMapping {
            location_id: 9,
            warehouses: vec!["wms/MAIN".to_owned(), "erp/a/b".to_owned()],
            buffer: Some(0),
            ..LocationMapping::default()
        }],
        ..StoreSettings::default()
    }
}

#[test]
fn every_setting_of_a_store_arrives() {
    let stock = store_stock(&live(), 7).unwrap();
    assert_eq!((stock.enabled, stock.mode), (Enabled::Live, DomainMode::Absolute));
    assert_eq!((stock.window_seconds, stock.window_edge), (45, DomainEdge::Trailing));
    assert_eq!((stock.sold_out_fast_lane, stock.sold_out_threshold), (true, 2));
    assert_eq!((stock.buffer, stock.allow_negative, stock.revision), (1, false, 7));
    let warehouses: Vec<_> =
        stock.locations[0].warehouses.iter().map(ToString::to_string).collect();
    assert_eq!(warehouses, ["wms/MAIN", "erp/a/b"]);
    assert_eq!(stock.locations[0].buffer, Some(0));
    assert_eq!(stock.validate(), Ok(()));
}

#[test]
fn a_store_that_is_not_enabled_or_was_deleted_is_off() {
    let settings = StoreSettings { enabled: false, ..live() };
    assert_eq!(store_stock(&settings, 1).unwrap().enabled, Enabled::Off);
    let settings = StoreSettings { deleted: true, ..live() };
    assert_eq!(store_stock(&settings, 1).unwrap().enabled, Enabled::Off);
}

#[test]
fn defaults_are_those_of_the_domain() {
    let settings =
        StoreSettings { enabled: true, stock: Some(stock_defaults()), ..StoreSettings::default() };
    assert_eq!(store_stock(&settings, 0), Ok(StoreStock::default()));
    let nothing = StoreSettings { enabled: true, ..StoreSettings::default() };
    assert_eq!(store_stock(&nothing, 0), Ok(StoreStock::default()));
    assert_eq!(back_office_stock(&back_office_defaults(), 0), Ok(BackOfficeStock::default()));
}

#[test]
fn a_window_of_zero_is_the_default_and_a_short_one_is_the_domains_to_refuse() {
    let mut settings = live();
    settings.stock = Some(StockSettings { window_seconds: 0, ..stock_defaults() });
    assert_eq!(store_stock(&settings, 1).unwrap().window_seconds, 30);
    settings.stock = Some(StockSettings { window_seconds: 29, ..stock_defaults() });
    assert!(store_stock(&settings, 1).unwrap().validate().is_err());
}

#[test]
fn each_wrong_setting_is_refused_by_its_path() {
    type Change = fn(&mut StoreSettings);
    let wrong: [(Change, &str); 6] = [
        (|s| s.stock = Some(StockSettings { enabled: 9, ..stock_defaults() }), "stock.enabled"),
        (|s| s.stock = Some(StockSettings { mode: 9, ..stock_defaults() }), "stock.mode"),
        (
            |s| s.stock = Some(StockSettings { window_edge: 9, ..stock_defaults() }),
            "stock.window_edge",
        ),
        (|s| s.locations[0].location_id = 0, "locations[0].location_id"),
        (|s| s.locations[0].warehouses[1] = "erp".to_owned(), "locations[0].warehouses[1]"),
        (|s| s.locations[0].warehouses[0] = "Wms/A".to_owned(), "locations[0].warehouses[0]"),
    ];
    for (change, field) in wrong {
        let mut settings = live();
        change(&mut settings);
        assert_eq!(store_stock(&settings, 1).unwrap_err().field, field);
    }
}

#[test]
fn every_setting_of_a_back_office_arrives() {
    let settings = BackOfficeSettings {
        stock_basis: StockBasis::Physical.into(),
        stock_lowered_by: vec![ReportKind::Pick.into(), ReportKind::Allocation.into()],
        warehouses: vec![WarehouseSettings { code: "MAIN".to_owned(), name: String::new() }],
        ..BackOfficeSettings::default()
    };
    let stock = back_office_stock(&settings, 4).unwrap();
    let lowered = BTreeSet::from([DomainReport::Pick, DomainReport::Allocation]);
    assert_eq!((stock.lowered_by, stock.excludes_damaged, stock.revision), (lowered, false, 4));
    assert_eq!(stock.warehouses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["MAIN"]);
    let physical = BackOfficeSettings { stock_lowered_by: Vec::new(), ..settings };
    assert!(back_office_stock(&physical, 4).unwrap().lowered_by.contains(&DomainReport::Invoice));
}

#[test]
fn each_wrong_setting_of_a_back_office_is_refused_by_its_path() {
    type Change = fn(&mut BackOfficeSettings);
    let wrong: [(Change, &str); 4] = [
        (|s| s.stock_basis = 9, "stock_basis"),
        (|s| s.stock_lowered_by = vec![1, 9], "stock_lowered_by[1]"),
        (|s| s.stock_lowered_by = vec![0], "stock_lowered_by[0]"),
        (|s| s.warehouses.push(WarehouseSettings::default()), "warehouses[0].code"),
    ];
    for (change, field) in wrong {
        let mut settings = back_office_defaults();
        change(&mut settings);
        assert_eq!(back_office_stock(&settings, 1).unwrap_err().field, field);
    }
}
