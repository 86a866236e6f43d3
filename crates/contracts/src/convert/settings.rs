//! Settings as the console keeps them, and as the domain adopts them.

use std::collections::BTreeSet;

use lockstep_domain::stock::report::ReportKind;
use lockstep_domain::stock::settings::{
    BackOfficeStock, Enabled, LocationMapping, StockBasis, StockMode, StoreStock, WindowEdge,
};

use super::{Invalid, id, shopify_id, unknown_value};
use crate::settings::v1 as proto;

/// The stock rules of a store. A store that is not enabled, or was deleted, is off whatever
/// `stock.enabled` says.
///
/// # Errors
/// The first field that is wrong.
pub fn store_stock(settings: &proto::StoreSettings, revision: u64) -> Result<StoreStock, Invalid> {
    let mut stock = match &settings.stock {
        Some(stock) => rules(stock).map_err(|invalid| invalid.at("stock"))?,
        None => StoreStock::default(),
    };
    if !settings.enabled || settings.deleted {
        stock.enabled = Enabled::Off;
    }
    for (index, mapping) in settings.locations.iter().enumerate() {
        let parent = format!("locations[{index}]");
        stock.locations.push(location(mapping).map_err(|invalid| invalid.at(&parent))?);
    }
    Ok(StoreStock { revision, ..stock })
}

fn rules(stock: &proto::StockSettings) -> Result<StoreStock, Invalid> {
    let default = StoreStock::default();
    Ok(StoreStock {
        enabled: enabled(stock.enabled)?,
        mode: mode(stock.mode)?,
        // Proto3 cannot tell 0 from absent, and 0 is no window that anyone may set.
        window_seconds: match stock.window_seconds {
            0 => default.window_seconds,
            seconds => seconds,
        },
        window_edge: window_edge(stock.window_edge)?,
        sold_out_fast_lane: stock.sold_out_fast_lane,
        sold_out_threshold: stock.sold_out_threshold,
        buffer: stock.buffer,
        allow_negative: stock.allow_negative,
        activate_at_location: stock.activate_at_location.unwrap_or(default.activate_at_location),
        ..default
    })
}

fn location(mapping: &proto::LocationMapping) -> Result<LocationMapping, Invalid> {
    let warehouses = mapping.warehouses.iter().enumerate();
    Ok(LocationMapping {
        location: shopify_id("location_id", mapping.location_id)?,
        warehouses: warehouses
            .map(|(index, text)| id(&format!("warehouses[{index}]"), text))
            .collect::<Result<_, _>>()?,
        buffer: mapping.buffer,
    })
}

/// The stock rules of a back office. Without `stock_lowered_by` those of the basis.
///
/// # Errors
/// The first field that is wrong.
pub fn back_office_stock(
    settings: &proto::BackOfficeSettings,
    revision: u64,
) -> Result<BackOfficeStock, Invalid> {
    let basis = basis(settings.stock_basis)?;
    let lowered_by = settings
        .stock_lowered_by
        .iter()
        .enumerate()
        .map(|(index, value)| report_kind(&format!("stock_lowered_by[{index}]"), *value))
        .collect::<Result<BTreeSet<_>, _>>()?;
    let warehouses = settings.warehouses.iter().enumerate();
    Ok(BackOfficeStock {
        basis,
        lowered_by: if lowered_by.is_empty() { basis.default_lowered_by() } else { lowered_by },
        excludes_damaged: settings.stock_excludes_damaged,
        warehouses: warehouses
            .map(|(index, warehouse)| id(&format!("warehouses[{index}].code"), &warehouse.code))
            .collect::<Result<_, _>>()?,
        revision,
    })
}

/// `stock.*` of a new store: the domain's defaults, every field set.
#[must_use]
pub fn stock_defaults() -> proto::StockSettings {
    let default = StoreStock::default();
    proto::StockSettings {
        enabled: match default.enabled {
            Enabled::Off => proto::StockEnabled::Off,
            Enabled::Shadow => proto::StockEnabled::Shadow,
            Enabled::Live => proto::StockEnabled::Live,
        }
        .into(),
        mode: match default.mode {
            StockMode::Delta => proto::StockMode::Delta,
            StockMode::Absolute => proto::StockMode::Absolute,
        }
        .into(),
        window_seconds: default.window_seconds,
        window_edge: match default.window_edge {
            WindowEdge::Leading => proto::WindowEdge::Leading,
            WindowEdge::Trailing => proto::WindowEdge::Trailing,
        }
        .into(),
        sold_out_fast_lane: default.sold_out_fast_lane,
        sold_out_threshold: default.sold_out_threshold,
        buffer: default.buffer,
        allow_negative: default.allow_negative,
        activate_at_location: Some(default.activate_at_location),
    }
}

/// The settings of a new back office with nothing but the domain's defaults.
#[must_use]
pub fn back_office_defaults() -> proto::BackOfficeSettings {
    let default = BackOfficeStock::default();
    proto::BackOfficeSettings {
        stock_basis: match default.basis {
            StockBasis::Sellable => proto::StockBasis::Sellable,
            StockBasis::Physical => proto::StockBasis::Physical,
        }
        .into(),
        stock_lowered_by: default.lowered_by.into_iter().map(report_kind_to_proto).collect(),
        stock_excludes_damaged: default.excludes_damaged,
        ..proto::BackOfficeSettings::default()
    }
}

fn enabled(value: i32) -> Result<Enabled, Invalid> {
    let known = proto::StockEnabled::try_from(value).map_err(|_| unknown_value("enabled"))?;
    Ok(match known {
        proto::StockEnabled::Unspecified | proto::StockEnabled::Off => Enabled::Off,
        proto::StockEnabled::Shadow => Enabled::Shadow,
        proto::StockEnabled::Live => Enabled::Live,
    })
}

fn mode(value: i32) -> Result<StockMode, Invalid> {
    let known = proto::StockMode::try_from(value).map_err(|_| unknown_value("mode"))?;
    Ok(match known {
        proto::StockMode::Unspecified | proto::StockMode::Delta => StockMode::Delta,
        proto::StockMode::Absolute => StockMode::Absolute,
    })
}

fn window_edge(value: i32) -> Result<WindowEdge, Invalid> {
    let known = proto::WindowEdge::try_from(value).map_err(|_| unknown_value("window_edge"))?;
    Ok(match known {
        proto::WindowEdge::Unspecified | proto::WindowEdge::Leading => WindowEdge::Leading,
        proto::WindowEdge::Trailing => WindowEdge::Trailing,
    })
}

fn basis(value: i32) -> Result<StockBasis, Invalid> {
    let known = proto::StockBasis::try_from(value).map_err(|_| unknown_value("stock_basis"))?;
    Ok(match known {
        proto::StockBasis::Unspecified | proto::StockBasis::Sellable => StockBasis::Sellable,
        proto::StockBasis::Physical => StockBasis::Physical,
    })
}

fn report_kind(field: &str, value: i32) -> Result<ReportKind, Invalid> {
    let known = proto::ReportKind::try_from(value).map_err(|_| unknown_value(field))?;
    Ok(match known {
        proto::ReportKind::Unspecified => return Err(unknown_value(field)),
        proto::ReportKind::Accept => ReportKind::Accept,
        proto::ReportKind::Allocation => ReportKind::Allocation,
        proto::ReportKind::Pick => ReportKind::Pick,
        proto::ReportKind::Shipment => ReportKind::Shipment,
        proto::ReportKind::Invoice => ReportKind::Invoice,
    })
}

fn report_kind_to_proto(kind: ReportKind) -> i32 {
    match kind {
        ReportKind::Accept => proto::ReportKind::Accept,
        ReportKind::Allocation => proto::ReportKind::Allocation,
        ReportKind::Pick => proto::ReportKind::Pick,
        ReportKind::Shipment => proto::ReportKind::Shipment,
        ReportKind::Invoice => proto::ReportKind::Invoice,
    }
    .into()
}
