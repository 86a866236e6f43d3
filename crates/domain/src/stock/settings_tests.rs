//! What settings must be, and what they mean.

use super::{BackOfficeStock, InvalidSetting, LocationMapping, StockBasis, StoreStock};
use crate::ids::{LocationId, Warehouse};
use crate::stock::report::{MovementKind, ReportKind};
use crate::testing::id;

fn mapping(location: i64, warehouses: &[&str], buffer: Option<i64>) -> LocationMapping {
    let warehouses = warehouses.iter().map(|warehouse| id(warehouse)).collect();
    LocationMapping { location: LocationId(location), warehouses, buffer }
}

#[test]
fn wrong_settings_are_refused_with_field_and_fix() {
    let with = |locations| StoreStock { locations, ..StoreStock::default() };
    let warehouse: Warehouse = id("wms/W1");
    let cases = [
        (
            StoreStock { window_seconds: 29, ..StoreStock::default() },
            InvalidSetting::WindowTooShort,
            "stock.window_seconds",
        ),
        (
            StoreStock { buffer: -1, ..StoreStock::default() },
            InvalidSetting::BufferNegative,
            "stock.buffer",
        ),
        (
            with(vec![mapping(1, &["wms/W1"], Some(-1))]),
            InvalidSetting::BufferNegative,
            "stock.buffer",
        ),
        (
            with(vec![mapping(1, &[], None), mapping(1, &[], None)]),
            InvalidSetting::LocationTwice { location: LocationId(1) },
            "location_id",
        ),
        (
            with(vec![mapping(1, &["wms/W1"], None), mapping(2, &["erp/W1", "wms/W1"], None)]),
            InvalidSetting::WarehouseTwice { warehouse, location: LocationId(1) },
            "warehouses",
        ),
    ];
    for (settings, why, field) in cases {
        assert_eq!(why.field(), field);
        assert_eq!(settings.validate(), Err(why));
    }
}

#[test]
fn a_mapping_is_found_from_both_sides() {
    let locations = vec![mapping(1, &["wms/W1", "wms/W2"], Some(4)), mapping(2, &[], None)];
    let settings = StoreStock { buffer: 1, locations, ..StoreStock::default() };
    assert_eq!(settings.validate(), Ok(()));
    assert_eq!(settings.location_of(&id("wms/W2")), Some(LocationId(1)));
    assert_eq!(settings.location_of(&id("wms/W3")), None);
    let buffers = [1, 2, 3].map(|location| settings.buffer_at(LocationId(location)));
    assert_eq!(buffers, [4, 1, 1]);
}

#[test]
fn the_basis_decides_what_lowers_the_number() {
    let sellable = BackOfficeStock::default();
    assert!(sellable.lowers(MovementKind::Accept));
    assert!(!sellable.lowers(MovementKind::Picking));
    let lowered_by = StockBasis::Physical.default_lowered_by();
    let physical = BackOfficeStock { lowered_by, ..BackOfficeStock::default() };
    assert!(physical.lowers(MovementKind::Picking));
    assert!(!physical.lowers(MovementKind::Allocation));
    for always in [MovementKind::Receiving, MovementKind::Scrap, MovementKind::Transfer] {
        assert!(sellable.lowers(always) && physical.lowers(always));
    }
    assert!(!physical.lowered_by.contains(&ReportKind::Accept));
}
