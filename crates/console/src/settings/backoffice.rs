//! Settings of a back office: new ones, and how a PATCH changes them.

use lockstep_contracts::convert::settings::back_office_defaults;
use lockstep_contracts::settings::v1::{BackOfficeSettings, StockBasis, WarehouseSettings};
use lockstep_domain::{BackOfficeId, WarehouseCode};
use serde_json::Value;

use super::names::{REPORT_KIND, STOCK_BASIS};
use crate::fields::{self, Fields, Given};
use crate::problem::Problem;

/// The one kind of connector so far: the vendor-neutral contract.
pub const KIND: &str = "contract";
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 100;
/// Warehouses of one back office.
const WAREHOUSES_MAX: usize = 1_000;

/// The settings of a new back office.
pub fn new(id: &BackOfficeId) -> BackOfficeSettings {
    BackOfficeSettings {
        id: id.to_string(),
        kind: KIND.to_owned(),
        name: id.to_string(),
        ..back_office_defaults()
    }
}

/// What a body says about a back office, checked as far as its own content goes.
#[derive(Clone)]
pub struct BackOfficeChange {
    name: Given<String>,
    stock: Given<StockChange>,
}

#[derive(Clone)]
struct StockChange {
    basis: Given<i32>,
    lowered_by: Given<Vec<i32>>,
    excludes_damaged: Given<bool>,
}

impl BackOfficeChange {
    /// Reads the settings in a body.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            name: fields.take("name", fields::short_text(NAME_CHARS_MAX))?,
            stock: fields.take("stock", stock)?,
        })
    }

    /// Brings settings to what was said.
    pub fn apply(self, settings: &mut BackOfficeSettings) {
        let default_name = settings.id.clone();
        self.name.apply(&mut settings.name, default_name);
        let change = match self.stock {
            Given::Absent => return,
            Given::Value(change) => change,
            Given::Default => StockChange {
                basis: Given::Default,
                lowered_by: Given::Default,
                excludes_damaged: Given::Default,
            },
        };
        let default = back_office_defaults();
        let before = settings.stock_basis;
        change.basis.apply(&mut settings.stock_basis, default.stock_basis);
        if settings.stock_basis != before {
            // Which reports lower a number belongs to what the number means.
            settings.stock_lowered_by = lowered_by(settings.stock_basis);
        }
        let usual = lowered_by(settings.stock_basis);
        change.lowered_by.apply(&mut settings.stock_lowered_by, usual);
        let excludes_damaged = default.stock_excludes_damaged;
        change.excludes_damaged.apply(&mut settings.stock_excludes_damaged, excludes_damaged);
    }
}

fn stock(path: &str, value: Value) -> Result<StockChange, Problem> {
    let mut fields = Fields::try_new(path, value)?;
    let change = StockChange {
        basis: fields.take("basis", fields::one_of(STOCK_BASIS))?,
        lowered_by: fields.take("lowered_by", report_kinds)?,
        excludes_damaged: fields.take("excludes_damaged", fields::flag)?,
    };
    fields.finish()?;
    Ok(change)
}

fn report_kinds(path: &str, value: Value) -> Result<Vec<i32>, Problem> {
    let one = fields::one_of(REPORT_KIND);
    let mut kinds = fields::list(REPORT_KIND.len(), one)(path, value)?;
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        let fix = "name at least one, or null for the usual ones of the basis";
        return Err(Problem::validation(path, "nothing would ever lower the number", fix));
    }
    Ok(kinds)
}

/// Which reports usually lower a number of this meaning.
fn lowered_by(basis: i32) -> Vec<i32> {
    use lockstep_contracts::settings::v1::ReportKind::{Accept, Invoice, Pick, Shipment};
    match StockBasis::try_from(basis) {
        Ok(StockBasis::Physical) => vec![Pick.into(), Shipment.into(), Invoice.into()],
        _ => vec![Accept.into()],
    }
}

/// Declares a warehouse, or gives a declared one another name.
///
/// # Errors
/// More warehouses than a back office can have.
pub fn declare(
    settings: &mut BackOfficeSettings,
    code: &WarehouseCode,
    name: Given<String>,
) -> Result<(), Problem> {
    let known = settings.warehouses.iter_mut().find(|one| one.code == code.as_str());
    if let Some(known) = known {
        name.apply(&mut known.name, code.to_string());
        return Ok(());
    }
    if settings.warehouses.len() >= WAREHOUSES_MAX {
        let detail = format!("{} has {WAREHOUSES_MAX} warehouses", settings.id);
        let fix = "add a second back office for the others";
        return Err(Problem::validation("code", detail, fix));
    }
    let name = name.value().unwrap_or_else(|| code.to_string());
    settings.warehouses.push(WarehouseSettings { code: code.to_string(), name });
    settings.warehouses.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(())
}
