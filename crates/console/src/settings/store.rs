//! Settings of a store: new ones, and how a PATCH changes them.

use std::collections::BTreeSet;

use lockstep_contracts::convert::settings::stock_defaults;
use lockstep_contracts::settings::v1::{StockSettings, StoreBackOffice, StoreSettings};
use lockstep_domain::stock::settings::WINDOW_SECONDS_MIN;
use lockstep_domain::{BackOfficeId, ShopDomain, StoreId, Warehouse};
use serde_json::Value;

use super::names::{ROLE, STOCK_ENABLED, STOCK_MODE, WINDOW_EDGE};
use super::orders::TradeChange;
use crate::fields::{self, Fields, Given};
use crate::problem::{Code, Problem};

/// Back offices behind one store.
const BACKOFFICES_MAX: usize = 50;
/// Longest window: a day.
const WINDOW_SECONDS_MAX: i64 = 86_400;
/// Units in a setting; Shopify's own limit of a quantity.
pub const UNITS_MAX: i64 = 1_000_000_000;

/// The settings of a new store.
pub fn new(id: &StoreId, domain: &ShopDomain, backoffices: Vec<StoreBackOffice>) -> StoreSettings {
    StoreSettings {
        id: id.to_string(),
        shop_domain: domain.to_string(),
        backoffices,
        stock: Some(stock_defaults()),
        ..StoreSettings::default()
    }
}

/// What a PATCH says about settings, checked as far as its own content goes.
#[derive(Clone)]
pub struct StoreChange {
    enabled: Given<bool>,
    backoffices: Given<Vec<StoreBackOffice>>,
    stock: Given<StockChange>,
    trade: TradeChange,
}

#[derive(Clone)]
struct StockChange {
    enabled: Given<i32>,
    mode: Given<i32>,
    window_seconds: Given<i64>,
    window_edge: Given<i32>,
    sold_out_fast_lane: Given<bool>,
    sold_out_threshold: Given<i64>,
    buffer: Given<i64>,
    allow_negative: Given<bool>,
    activate_at_location: Given<bool>,
}

impl StoreChange {
    /// Reads the settings in a body.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            enabled: fields.take("enabled", fields::flag)?,
            backoffices: fields.take("backoffices", backoffices)?,
            stock: fields.take("stock", stock)?,
            trade: TradeChange::read(fields)?,
        })
    }

    /// Back offices that are named, to be looked up.
    pub fn named_backoffices(&self) -> &[StoreBackOffice] {
        match &self.backoffices {
            Given::Value(named) => named,
            Given::Absent | Given::Default => &[],
        }
    }

    /// Brings settings to what was said.
    ///
    /// # Errors
    /// What does not fit the settings as they are.
    pub fn apply(self, settings: &mut StoreSettings) -> Result<(), Problem> {
        self.backoffices.apply(&mut settings.backoffices, Vec::new());
        self.enabled.apply(&mut settings.enabled, false);
        let stock = settings.stock.get_or_insert_with(stock_defaults);
        match self.stock {
            Given::Absent => {}
            Given::Default => *stock = stock_defaults(),
            Given::Value(change) => change.apply(stock),
        }
        self.trade.apply(settings)?;
        check_warehouses(settings)?;
        check_mapped(settings)
    }
}

impl StockChange {
    fn apply(self, stock: &mut StockSettings) {
        let default = stock_defaults();
        self.enabled.apply(&mut stock.enabled, default.enabled);
        self.mode.apply(&mut stock.mode, default.mode);
        self.window_edge.apply(&mut stock.window_edge, default.window_edge);
        self.sold_out_fast_lane.apply(&mut stock.sold_out_fast_lane, default.sold_out_fast_lane);
        self.sold_out_threshold.apply(&mut stock.sold_out_threshold, default.sold_out_threshold);
        self.buffer.apply(&mut stock.buffer, default.buffer);
        self.allow_negative.apply(&mut stock.allow_negative, default.allow_negative);
        match self.activate_at_location {
            Given::Absent => {}
            Given::Default => stock.activate_at_location = default.activate_at_location,
            Given::Value(flag) => stock.activate_at_location = Some(flag),
        }
        let mut seconds = i64::from(stock.window_seconds);
        self.window_seconds.apply(&mut seconds, i64::from(default.window_seconds));
        stock.window_seconds = u32::try_from(seconds).unwrap_or(WINDOW_SECONDS_MIN);
    }
}

fn stock(path: &str, value: Value) -> Result<StockChange, Problem> {
    let mut fields = Fields::try_new(path, value)?;
    let window = fields::integer(i64::from(WINDOW_SECONDS_MIN), WINDOW_SECONDS_MAX);
    let change = StockChange {
        enabled: fields.take("enabled", fields::one_of(STOCK_ENABLED))?,
        mode: fields.take("mode", fields::one_of(STOCK_MODE))?,
        window_seconds: fields.take("window_seconds", window)?,
        window_edge: fields.take("window_edge", fields::one_of(WINDOW_EDGE))?,
        sold_out_fast_lane: fields.take("sold_out_fast_lane", fields::flag)?,
        sold_out_threshold: fields
            .take("sold_out_threshold", fields::integer(-UNITS_MAX, UNITS_MAX))?,
        buffer: fields.take("buffer", fields::integer(0, UNITS_MAX))?,
        allow_negative: fields.take("allow_negative", fields::flag)?,
        activate_at_location: fields.take("activate_at_location", fields::flag)?,
    };
    fields.finish()?;
    Ok(change)
}

/// Reads `backoffices`: `[{"id": "wms", "roles": ["stock"]}]`.
///
/// # Errors
/// The first field that is wrong, or a back office that is named twice.
pub fn backoffices(path: &str, value: Value) -> Result<Vec<StoreBackOffice>, Problem> {
    let named = fields::list(BACKOFFICES_MAX, backoffice)(path, value)?;
    let mut seen = BTreeSet::new();
    for (index, one) in named.iter().enumerate() {
        if !seen.insert(&one.id) {
            let field = format!("{path}[{index}].id");
            let detail = format!("{} is named twice", one.id);
            return Err(Problem::validation(field, detail, "name it once, with all its roles"));
        }
    }
    Ok(named)
}

fn backoffice(path: &str, value: Value) -> Result<StoreBackOffice, Problem> {
    let mut fields = Fields::try_new(path, value)?;
    let id: BackOfficeId = fields.need("id", "name a back office", fields::parsed)?;
    let roles = fields::list(ROLE.len(), fields::one_of(ROLE));
    let mut roles = fields.need("roles", "name its roles, e.g. [\"stock\"]", roles)?;
    fields.finish()?;
    roles.sort_unstable();
    roles.dedup();
    Ok(StoreBackOffice { id: id.to_string(), roles })
}

/// A back office whose warehouses serve a location must stay.
fn check_warehouses(settings: &StoreSettings) -> Result<(), Problem> {
    let known: BTreeSet<&str> = settings.backoffices.iter().map(|one| one.id.as_str()).collect();
    for mapping in &settings.locations {
        for text in &mapping.warehouses {
            let warehouse: Result<Warehouse, _> = text.parse();
            let is_known = warehouse.is_ok_and(|one| known.contains(one.backoffice.as_str()));
            if !is_known {
                let location = mapping.location_id;
                return Err(Problem::new(
                    Code::WarehouseInUse,
                    "backoffices",
                    format!("warehouse {text} serves location {location}"),
                    "keep its back office, or map the location to another warehouse first",
                ));
            }
        }
    }
    Ok(())
}

/// A store that works needs a default location.
fn check_mapped(settings: &StoreSettings) -> Result<(), Problem> {
    if settings.enabled && !settings.locations.iter().any(|mapping| mapping.default) {
        return Err(Problem::new(
            Code::NotMapped,
            "enabled",
            "no location of the store is mapped to a warehouse",
            format!("map one: PUT /api/v1/stores/{}/locations/{{location_id}}", settings.id),
        ));
    }
    Ok(())
}
