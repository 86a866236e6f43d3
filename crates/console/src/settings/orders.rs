//! `orders`, `shipments` and `returns` of a store: how a PATCH changes them, and how they are
//! shown.

use lockstep_contracts::convert::order_settings::{order_filter, rhythm};
use lockstep_contracts::settings::v1::{
    OrderFilter, OrderSettings, ReturnSettings, ShipmentSettings, StoreSettings,
};
use lockstep_domain::LocationId;
use lockstep_domain::sweep::Rhythm;
use serde::Serialize;
use serde_json::Value;

use crate::fields::{self, Fields, Given};
use crate::problem::{Code, Problem};

/// Entries of one filter.
const FILTER_MAX: usize = 250;
/// Characters of one entry: as many as a tag may have.
const WORD_CHARS_MAX: usize = 255;
/// `on` and `off`, the default first.
const ON_OFF: &[(&str, i32)] = &[("on", 1), ("off", 0)];

/// What a PATCH says about orders, shipments and returns.
#[derive(Clone)]
pub struct TradeChange {
    orders: Given<OrdersChange>,
    shipments: Given<ShipmentsChange>,
    returns: Given<ReturnsChange>,
}

#[derive(Clone)]
struct OrdersChange {
    enabled: Given<bool>,
    filter: Given<FilterChange>,
    split: Given<i32>,
    sweep_minutes: Given<u32>,
    sweep_days: Given<u32>,
}

#[derive(Clone)]
struct FilterChange {
    status: Given<Vec<String>>,
    financial: Given<Vec<String>>,
    fulfillment: Given<Vec<String>>,
    tags: Given<Vec<String>>,
    sources: Given<Vec<String>>,
    locations: Given<Vec<LocationId>>,
}

#[derive(Clone)]
struct ShipmentsChange {
    enabled: Given<bool>,
    notify_customer: Given<bool>,
}

#[derive(Clone)]
struct ReturnsChange {
    enabled: Given<bool>,
}

impl TradeChange {
    /// Reads the settings in a body.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            orders: fields.take("orders", orders)?,
            shipments: fields.take("shipments", shipments)?,
            returns: fields.take("returns", returns)?,
        })
    }

    /// Brings settings to what was said.
    ///
    /// # Errors
    /// Orders are switched on while no location takes what no other takes.
    pub fn apply(self, settings: &mut StoreSettings) -> Result<(), Problem> {
        let before = settings.orders.as_ref().is_some_and(|orders| orders.enabled);
        let orders = settings.orders.get_or_insert_default();
        match self.orders {
            Given::Absent => {}
            Given::Default => *orders = OrderSettings::default(),
            Given::Value(change) => change.apply(orders),
        }
        let is_switched_on = orders.enabled && !before;
        let shipments = settings.shipments.get_or_insert_default();
        match self.shipments {
            Given::Absent => {}
            Given::Default => *shipments = ShipmentSettings::default(),
            Given::Value(change) => {
                change.enabled.apply(&mut shipments.enabled, false);
                change.notify_customer.apply(&mut shipments.notify_customer, false);
            }
        }
        let returns = settings.returns.get_or_insert_default();
        match self.returns {
            Given::Absent => {}
            Given::Default => *returns = ReturnSettings::default(),
            Given::Value(change) => change.enabled.apply(&mut returns.enabled, false),
        }
        let has_default = settings.locations.iter().any(|mapping| mapping.default);
        if is_switched_on && !has_default {
            return Err(Problem::new(
                Code::NotMapped,
                "orders.enabled",
                "no location of the store takes the orders that no other takes",
                "map a location with default: true first",
            ));
        }
        Ok(())
    }
}

impl OrdersChange {
    fn apply(self, orders: &mut OrderSettings) {
        self.enabled.apply(&mut orders.enabled, false);
        match self.split {
            Given::Absent => {}
            Given::Default => orders.split = None,
            Given::Value(split) => orders.split = Some(split == 1),
        }
        set(self.sweep_minutes, &mut orders.sweep_minutes);
        set(self.sweep_days, &mut orders.sweep_days);
        match self.filter {
            Given::Absent => {}
            Given::Default => orders.filter = None,
            Given::Value(change) => change.apply(orders.filter.get_or_insert_default()),
        }
    }
}

/// Nothing is kept for the default, which may change.
fn set(given: Given<u32>, slot: &mut Option<u32>) {
    match given {
        Given::Absent => {}
        Given::Default => *slot = None,
        Given::Value(number) => *slot = Some(number),
    }
}

impl FilterChange {
    fn apply(self, filter: &mut OrderFilter) {
        self.status.apply(&mut filter.status, Vec::new());
        self.financial.apply(&mut filter.financial, Vec::new());
        self.fulfillment.apply(&mut filter.fulfillment, Vec::new());
        self.tags.apply(&mut filter.tags, Vec::new());
        self.sources.apply(&mut filter.sources, Vec::new());
        match self.locations {
            Given::Absent => {}
            Given::Default => filter.locations.clear(),
            Given::Value(ids) => filter.locations = ids.into_iter().map(|id| id.get()).collect(),
        }
    }
}

fn orders(path: &str, value: Value) -> Result<OrdersChange, Problem> {
    let mut fields = Fields::try_new(path, value)?;
    let change = OrdersChange {
        enabled: fields.take("enabled", fields::flag)?,
        filter: fields.take("filter", filter)?,
        split: fields.take("split", fields::one_of(ON_OFF))?,
        sweep_minutes: fields
            .take("sweep_minutes", number(Rhythm::MINUTES_MIN, Rhythm::MINUTES_MAX))?,
        sweep_days: fields.take("sweep_days", number(1, Rhythm::DAYS_MAX))?,
    };
    fields.finish()?;
    Ok(change)
}

fn number(min: u32, max: u32) -> impl FnOnce(&str, Value) -> Result<u32, Problem> {
    move |path, value| {
        let number = fields::integer(i64::from(min), i64::from(max))(path, value)?;
        Ok(u32::try_from(number).unwrap_or(max))
    }
}

fn filter(path: &str, value: Value) -> Result<FilterChange, Problem> {
    let mut fields = Fields::try_new(path, value)?;
    let words =
        || fields::list(FILTER_MAX, |path, value| fields::short_text(WORD_CHARS_MAX)(path, value));
    let change = FilterChange {
        status: fields.take("status", words())?,
        financial: fields.take("financial", words())?,
        fulfillment: fields.take("fulfillment", words())?,
        tags: fields.take("tags", words())?,
        sources: fields.take("sources", words())?,
        locations: fields
            .take("locations", fields::list(FILTER_MAX, fields::parsed::<LocationId>))?,
    };
    fields.finish()?;
    let mut tried = OrderFilter::default();
    change.clone().apply(&mut tried);
    // The rules of the entries are those of the service that will adopt them.
    order_filter(&tried).map_err(|invalid| {
        let invalid = invalid.at(path);
        Problem::validation(&invalid.field, &invalid.message, &invalid.fix)
    })?;
    Ok(change)
}

fn shipments(path: &str, value: Value) -> Result<ShipmentsChange, Problem> {
    let mut fields = Fields::try_new(path, value)?;
    let change = ShipmentsChange {
        enabled: fields.take("enabled", fields::flag)?,
        notify_customer: fields.take("notify_customer", fields::flag)?,
    };
    fields.finish()?;
    Ok(change)
}

fn returns(path: &str, value: Value) -> Result<ReturnsChange, Problem> {
    let mut fields = Fields::try_new(path, value)?;
    let change = ReturnsChange { enabled: fields.take("enabled", fields::flag)? };
    fields.finish()?;
    Ok(change)
}

/// `orders` as the API shows it.
#[derive(Serialize)]
pub struct OrdersView {
    enabled: bool,
    filter: FilterView,
    split: &'static str,
    sweep_minutes: u32,
    sweep_days: u32,
}

#[derive(Serialize)]
struct FilterView {
    status: Vec<String>,
    financial: Vec<String>,
    fulfillment: Vec<String>,
    tags: Vec<String>,
    sources: Vec<String>,
    locations: Vec<String>,
}

/// `shipments` as the API shows it.
#[derive(Serialize)]
pub struct ShipmentsView {
    enabled: bool,
    notify_customer: bool,
}

/// `returns` as the API shows it.
#[derive(Serialize)]
pub struct ReturnsView {
    enabled: bool,
}

impl OrdersView {
    /// Settings of before these existed say nothing: the defaults.
    pub fn new(orders: Option<OrderSettings>) -> Self {
        let orders = orders.unwrap_or_default();
        let sweep = rhythm(&orders);
        let OrderSettings { enabled, filter, split, .. } = orders;
        let filter = filter.unwrap_or_default();
        Self {
            enabled,
            filter: FilterView {
                status: filter.status,
                financial: filter.financial,
                fulfillment: filter.fulfillment,
                tags: filter.tags,
                sources: filter.sources,
                locations: filter.locations.iter().map(ToString::to_string).collect(),
            },
            split: if split.unwrap_or(true) { "on" } else { "off" },
            sweep_minutes: sweep.minutes(),
            sweep_days: sweep.days(),
        }
    }
}

impl ShipmentsView {
    /// As above.
    pub fn new(shipments: Option<ShipmentSettings>) -> Self {
        let ShipmentSettings { enabled, notify_customer } = shipments.unwrap_or_default();
        Self { enabled, notify_customer }
    }
}

impl ReturnsView {
    /// As above.
    pub fn new(returns: Option<ReturnSettings>) -> Self {
        let ReturnSettings { enabled } = returns.unwrap_or_default();
        Self { enabled }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_contracts::settings::v1::LocationMapping;
    use serde_json::json;

    use super::*;

    fn change(body: Value) -> Result<TradeChange, Problem> {
        let mut fields = Fields::try_new("", body)?;
        let change = TradeChange::read(&mut fields)?;
        fields.finish()?;
        Ok(change)
    }

    fn mapped() -> StoreSettings {
        let mapping = LocationMapping { location_id: 7, default: true, ..Default::default() };
        StoreSettings { locations: vec![mapping], ..StoreSettings::default() }
    }

    #[test]
    fn a_patch_merges_and_null_means_the_default() {
        let mut settings = mapped();
        let body = json!({"orders": {"enabled": true, "split": "off",
            "sweep_minutes": 30, "sweep_days": 14,
            "filter": {"status": ["open"], "tags": ["gift"], "locations": [7]}},
            "shipments": {"enabled": true, "notify_customer": true},
            "returns": {"enabled": true}});
        change(body).unwrap().apply(&mut settings).unwrap();
        let body = json!({"orders": {"filter": {"tags": null}, "sweep_days": null},
            "shipments": null});
        change(body).unwrap().apply(&mut settings).unwrap();
        let shown = serde_json::to_value(OrdersView::new(settings.orders)).unwrap();
        assert_eq!(
            shown,
            json!({"enabled": true, "split": "off", "sweep_minutes": 30, "sweep_days": 3,
            "filter": {
            "status": ["open"], "financial": [], "fulfillment": [], "tags": [], "sources": [],
            "locations": ["7"]}})
        );
        let shown = serde_json::to_value(ShipmentsView::new(settings.shipments)).unwrap();
        assert_eq!(shown, json!({"enabled": false, "notify_customer": false}));
        assert!(ReturnsView::new(settings.returns).enabled);
    }

    #[test]
    fn wrong_settings_are_refused_by_their_path() {
        let wrong = [
            (json!({"orders": {"enabled": "yes"}}), "orders.enabled"),
            (json!({"orders": {"split": "maybe"}}), "orders.split"),
            (json!({"orders": {"sweep_minutes": 14}}), "orders.sweep_minutes"),
            (json!({"orders": {"sweep_days": 61}}), "orders.sweep_days"),
            (json!({"orders": {"filter": {"status": ["late"]}}}), "orders.filter.status"),
            (json!({"orders": {"filter": {"tags": [" "]}}}), "orders.filter.tags[0]"),
            (json!({"orders": {"filter": {"locations": [0]}}}), "orders.filter.locations[0]"),
            (json!({"orders": {"filters": {}}}), "orders.filters"),
            (json!({"shipments": {"notify": true}}), "shipments.notify"),
        ];
        for (body, field) in wrong {
            let refused = change(body).err().map(|problem| problem.field);
            assert_eq!(refused.as_deref(), Some(field));
        }
    }

    #[test]
    fn orders_are_not_switched_on_without_a_default_location() {
        let mut settings = StoreSettings::default();
        let on = || change(json!({"orders": {"enabled": true}})).unwrap();
        assert!(on().apply(&mut settings).is_err());
        assert!(on().apply(&mut mapped()).is_ok());
    }
}
