//! Names of values in the API beside the numbers that stand for them in stored settings. The
//! default stands first in each table.

use lockstep_contracts::settings::v1::{
    BackOfficeRole, ReportKind, StockBasis, StockEnabled, StockMode, WindowEdge,
};

/// Names and numbers of one setting.
pub type Names = &'static [(&'static str, i32)];

/// `stock.enabled`.
pub const STOCK_ENABLED: Names = &[
    ("off", StockEnabled::Off as i32),
    ("shadow", StockEnabled::Shadow as i32),
    ("live", StockEnabled::Live as i32),
];

/// `stock.mode`.
pub const STOCK_MODE: Names =
    &[("delta", StockMode::Delta as i32), ("absolute", StockMode::Absolute as i32)];

/// `stock.window_edge`.
pub const WINDOW_EDGE: Names =
    &[("leading", WindowEdge::Leading as i32), ("trailing", WindowEdge::Trailing as i32)];

/// `stock.basis` of a back office.
pub const STOCK_BASIS: Names =
    &[("sellable", StockBasis::Sellable as i32), ("physical", StockBasis::Physical as i32)];

/// `stock.lowered_by` of a back office.
pub const REPORT_KIND: Names = &[
    ("accept", ReportKind::Accept as i32),
    ("allocation", ReportKind::Allocation as i32),
    ("pick", ReportKind::Pick as i32),
    ("shipment", ReportKind::Shipment as i32),
    ("invoice", ReportKind::Invoice as i32),
];

/// Roles of a back office for a store.
pub const ROLE: Names = &[
    ("stock", BackOfficeRole::Stock as i32),
    ("orders", BackOfficeRole::Orders as i32),
    ("shipments", BackOfficeRole::Shipments as i32),
    ("catalog", BackOfficeRole::Catalog as i32),
    ("sales", BackOfficeRole::Sales as i32),
    ("invoices", BackOfficeRole::Invoices as i32),
];

/// The name of a number; an unset or unknown one reads as the default, as services treat it.
pub fn name(names: Names, number: i32) -> &'static str {
    let found = names.iter().find(|(_, known)| *known == number).or(names.first());
    found.map_or("", |(name, _)| name)
}
