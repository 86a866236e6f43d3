//! The order settings of a store, as the domain adopts them.

use std::collections::BTreeSet;

use lockstep_domain::LocationId;
use lockstep_domain::order::settings::{OrderFilter, ServedLocation, StoreOrders};
use lockstep_domain::sweep::Rhythm;

use super::{Invalid, id, shopify_id};
use crate::settings::v1 as proto;

/// Longest list of one filter.
const FILTER_MAX: usize = 250;
/// The statuses of an order.
const STATUSES: [&str; 3] = ["open", "closed", "cancelled"];

/// The order rules of a store. Of a store that is not enabled, back offices are told nothing; of
/// one that was deleted, nobody is.
///
/// # Errors
/// The first field that is wrong.
pub fn store_orders(
    settings: &proto::StoreSettings,
    revision: u64,
) -> Result<StoreOrders, Invalid> {
    let default = proto::OrderSettings::default();
    let orders = settings.orders.as_ref().unwrap_or(&default);
    let filter = match &orders.filter {
        Some(filter) => order_filter(filter).map_err(|invalid| invalid.at("orders.filter"))?,
        None => OrderFilter::default(),
    };
    let takes_orders = |one: &&proto::StoreBackOffice| {
        one.roles.iter().any(|role| *role == i32::from(proto::BackOfficeRole::Orders))
    };
    let takers = settings.backoffices.iter().filter(takes_orders);
    let locations = settings.locations.iter().enumerate();
    Ok(StoreOrders {
        connected: !settings.deleted,
        enabled: orders.enabled && settings.enabled && !settings.deleted,
        filter,
        whole: !orders.split.unwrap_or(true),
        takers: takers.map(|one| id("backoffices.id", &one.id)).collect::<Result<_, _>>()?,
        locations: locations
            .map(|(index, mapping)| {
                served(mapping).map_err(|invalid| invalid.at(&format!("locations[{index}]")))
            })
            .collect::<Result<_, _>>()?,
        shop_domain: settings.shop_domain.clone(),
        told_since: None,
        sweep: rhythm(orders),
        revision,
    })
}

/// How often, and how far back, a store's orders are swept.
#[must_use]
pub fn rhythm(orders: &proto::OrderSettings) -> Rhythm {
    let default = Rhythm::default();
    Rhythm::new(
        orders.sweep_minutes.unwrap_or(default.minutes()),
        orders.sweep_days.unwrap_or(default.days()),
    )
}

fn served(mapping: &proto::LocationMapping) -> Result<ServedLocation, Invalid> {
    let warehouses = mapping.warehouses.iter().enumerate();
    Ok(ServedLocation {
        location: shopify_id("location_id", mapping.location_id)?,
        warehouses: warehouses
            .map(|(index, text)| id(&format!("warehouses[{index}]"), text))
            .collect::<Result<_, _>>()?,
        shipping_process: mapping.shipping_process.clone(),
        default: mapping.default,
    })
}

/// The filter of a store's orders.
///
/// # Errors
/// The first field that is wrong.
pub fn order_filter(filter: &proto::OrderFilter) -> Result<OrderFilter, Invalid> {
    let status = words("status", &filter.status)?;
    if let Some(unknown) = status.iter().find(|word| !STATUSES.contains(&word.as_str())) {
        let message = format!("{unknown} is not a status of an order");
        return Err(Invalid::validation("status", message, "use open, closed or cancelled"));
    }
    let locations = filter.locations.iter().enumerate();
    Ok(OrderFilter {
        status,
        financial: words("financial", &filter.financial)?,
        fulfillment: words("fulfillment", &filter.fulfillment)?,
        tags: words("tags", &filter.tags)?,
        sources: words("sources", &filter.sources)?,
        locations: locations
            .map(|(index, number)| {
                shopify_id::<LocationId>(&format!("locations[{index}]"), *number)
            })
            .collect::<Result<_, _>>()?,
    })
}

fn words(field: &str, list: &[String]) -> Result<BTreeSet<String>, Invalid> {
    if list.len() > FILTER_MAX {
        let message = format!("it has {} entries", list.len());
        let fix = format!("name at most {FILTER_MAX}");
        return Err(Invalid::validation(field, message, fix));
    }
    if let Some(index) = list.iter().position(|word| word.trim().is_empty()) {
        let field = format!("{field}[{index}]");
        return Err(Invalid::validation(field, "it is empty", "leave it out"));
    }
    Ok(list.iter().map(|word| word.trim().to_owned()).collect())
}
