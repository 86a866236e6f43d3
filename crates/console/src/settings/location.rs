//! The mapping of one location to the warehouses that serve it.

use std::collections::BTreeSet;

use lockstep_contracts::settings::v1::{BackOfficeSettings, LocationMapping, StoreSettings};
use lockstep_domain::{LocationId, Warehouse};

use super::store::UNITS_MAX;
use crate::fields::{self, Fields, Given};
use crate::problem::{Code, Problem};

/// Warehouses that serve one location.
const WAREHOUSES_MAX: usize = 50;
/// Characters of a shipping process.
const PROCESS_CHARS_MAX: usize = 100;

/// What a PUT says about a location, checked as far as its own content goes.
pub struct MappingChange {
    warehouses: Vec<Warehouse>,
    shipping_process: String,
    default: Option<bool>,
    buffer: Option<i64>,
}

impl MappingChange {
    /// Reads the body of a PUT.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read(mut fields: Fields) -> Result<Self, Problem> {
        let fix = "name the warehouses, each {backoffice}/{code}; [] unmaps the location";
        let list = fields::list(WAREHOUSES_MAX, fields::parsed::<Warehouse>);
        let change = Self {
            warehouses: fields.need("warehouses", fix, list)?,
            shipping_process: given_text(
                fields.take("shipping_process", fields::short_text(PROCESS_CHARS_MAX))?,
            ),
            default: fields.take("default", fields::flag)?.value(),
            buffer: fields.take("buffer", fields::integer(0, UNITS_MAX))?.value(),
        };
        fields.finish()?;
        let mut seen = BTreeSet::new();
        for (index, warehouse) in change.warehouses.iter().enumerate() {
            if !seen.insert(warehouse) {
                let field = format!("warehouses[{index}]");
                let detail = format!("{warehouse} is named twice");
                return Err(Problem::validation(field, detail, "name it once"));
            }
        }
        Ok(change)
    }

    /// Back offices that must be looked up.
    pub fn backoffices(&self) -> BTreeSet<&str> {
        self.warehouses.iter().map(|warehouse| warehouse.backoffice.as_str()).collect()
    }

    /// Brings the store's mapping to what was said. `backoffices` holds those that are named, as
    /// far as they exist.
    ///
    /// # Errors
    /// What does not fit the store, the back offices or the other locations.
    pub fn apply(
        &self,
        settings: &mut StoreSettings,
        location: LocationId,
        backoffices: &[BackOfficeSettings],
    ) -> Result<(), Problem> {
        for (index, warehouse) in self.warehouses.iter().enumerate() {
            let field = format!("warehouses[{index}]");
            check_declared(&field, warehouse, settings, backoffices)?;
            check_free(&field, warehouse, settings, location)?;
        }
        let was_default =
            settings.locations.iter().any(|one| one.location_id == location.get() && one.default);
        settings.locations.retain(|one| one.location_id != location.get());
        let other_default = settings.locations.iter().any(|one| one.default);
        // Unless something else is said, a default stays one and the first location becomes one.
        let default = self.default.unwrap_or(was_default || !other_default);
        if !self.warehouses.is_empty() {
            if default {
                settings.locations.iter_mut().for_each(|one| one.default = false);
            }
            settings.locations.push(LocationMapping {
                location_id: location.get(),
                warehouses: self.warehouses.iter().map(ToString::to_string).collect(),
                shipping_process: self.shipping_process.clone(),
                default,
                buffer: self.buffer,
            });
            settings.locations.sort_by_key(|one| one.location_id);
        }
        check_default(settings)
    }
}

/// Mapped locations need one default among them, and an enabled store needs one at all.
fn check_default(settings: &StoreSettings) -> Result<(), Problem> {
    let is_needed = settings.enabled || !settings.locations.is_empty();
    if !is_needed || settings.locations.iter().any(|one| one.default) {
        return Ok(());
    }
    let (detail, fix) = match settings.locations.is_empty() {
        true => (
            "the store is enabled and this is its only mapped location",
            "set enabled to false first, or map another location",
        ),
        false => (
            "no location would be the default one",
            "set default to true on another location; it is taken from this one",
        ),
    };
    Err(Problem::new(Code::DefaultNeeded, "default", detail, fix))
}

fn given_text(given: Given<String>) -> String {
    given.value().unwrap_or_default()
}

fn check_declared(
    field: &str,
    warehouse: &Warehouse,
    settings: &StoreSettings,
    backoffices: &[BackOfficeSettings],
) -> Result<(), Problem> {
    let id = warehouse.backoffice.as_str();
    if !settings.backoffices.iter().any(|one| one.id == id) {
        let detail = format!("the store does not use a back office {id}");
        let fix = format!("add it: PATCH /api/v1/stores/{} with backoffices", settings.id);
        return Err(Problem::new(Code::UnknownBackOffice, field, detail, fix));
    }
    let declared = backoffices
        .iter()
        .filter(|one| one.id == id)
        .any(|one| one.warehouses.iter().any(|known| known.code == warehouse.code.as_str()));
    if declared {
        return Ok(());
    }
    let code = &warehouse.code;
    let detail = format!("{id} has declared no warehouse {code}");
    let fix = format!("declare it: PUT /api/v1/backoffices/{id}/warehouses/{code}");
    Err(Problem::new(Code::UnknownWarehouse, field, detail, fix))
}

fn check_free(
    field: &str,
    warehouse: &Warehouse,
    settings: &StoreSettings,
    location: LocationId,
) -> Result<(), Problem> {
    let text = warehouse.to_string();
    let others = settings.locations.iter().filter(|one| one.location_id != location.get());
    let Some(other) = others.into_iter().find(|one| one.warehouses.contains(&text)) else {
        return Ok(());
    };
    let other = other.location_id;
    let detail = format!("{text} serves location {other} of this store");
    let fix = format!("take it away from location {other} first, or name another warehouse");
    Err(Problem::new(Code::WarehouseTaken, field, detail, fix))
}
