//! Stores, locations and back offices as the API shows them.

use lockstep_contracts::convert::settings::stock_defaults;
use lockstep_contracts::settings::v1::{
    BackOfficeSettings, LocationMapping, StoreBackOffice, StoreSettings,
};
use lockstep_contracts::shopify::admin::WhoAmI;
use serde::Serialize;

use super::moment;
use super::points::PointsView;
use crate::access::view::AccessView;
use crate::registry::Stored;
use crate::settings::names::{
    REPORT_KIND, ROLE, STOCK_BASIS, STOCK_ENABLED, STOCK_MODE, WINDOW_EDGE, name,
};
use crate::settings::orders::{OrdersView, ReturnsView, ShipmentsView};
use crate::webhooks::Repaired;

/// A store.
#[derive(Serialize)]
pub struct StoreView {
    id: String,
    shop_domain: String,
    enabled: bool,
    backoffices: Vec<StoreBackOfficeView>,
    stock: StoreStockView,
    orders: OrdersView,
    shipments: ShipmentsView,
    returns: ReturnsView,
    locations: Vec<MappingView>,
    revision: u64,
    updated_at: Option<String>,
    updated_by: String,
    pending: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shop: Option<ShopView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhooks: Option<Repaired>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<AccessView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorize_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<PointsView>,
}

#[derive(Serialize)]
struct StoreBackOfficeView {
    id: String,
    roles: Vec<&'static str>,
}

#[derive(Serialize)]
struct StoreStockView {
    enabled: &'static str,
    mode: &'static str,
    window_seconds: u32,
    window_edge: &'static str,
    sold_out_fast_lane: bool,
    sold_out_threshold: i64,
    buffer: i64,
    allow_negative: bool,
    activate_at_location: bool,
}

/// How a location is mapped.
#[derive(Serialize)]
pub struct MappingView {
    location_id: String,
    warehouses: Vec<String>,
    shipping_process: String,
    default: bool,
    buffer: Option<i64>,
}

/// What Shopify says about the shop.
#[derive(Serialize)]
pub struct ShopView {
    name: Option<String>,
    currency: Option<String>,
    plan: Option<String>,
    missing_scopes: Vec<&'static str>,
}

impl ShopView {
    /// The shop, and the scopes that its token lacks.
    pub fn new(shop: WhoAmI, missing_scopes: Vec<&'static str>) -> Self {
        Self { name: shop.name, currency: shop.currency, plan: shop.plan, missing_scopes }
    }
}

impl StoreView {
    /// A store whose settings every service has adopted.
    pub fn new(stored: Stored<StoreSettings>) -> Self {
        let Stored { value, revision } = stored;
        let stock = value.stock.unwrap_or_else(stock_defaults);
        Self {
            id: value.id,
            shop_domain: value.shop_domain,
            enabled: value.enabled,
            backoffices: value.backoffices.iter().map(store_backoffice).collect(),
            stock: StoreStockView {
                enabled: name(STOCK_ENABLED, stock.enabled),
                mode: name(STOCK_MODE, stock.mode),
                window_seconds: stock.window_seconds,
                window_edge: name(WINDOW_EDGE, stock.window_edge),
                sold_out_fast_lane: stock.sold_out_fast_lane,
                sold_out_threshold: stock.sold_out_threshold,
                buffer: stock.buffer,
                allow_negative: stock.allow_negative,
                // Settings of before this one existed say nothing.
                activate_at_location: stock.activate_at_location.unwrap_or(true),
            },
            orders: OrdersView::new(value.orders),
            shipments: ShipmentsView::new(value.shipments),
            returns: ReturnsView::new(value.returns),
            locations: value.locations.into_iter().map(MappingView::new).collect(),
            revision,
            updated_at: moment(value.updated_at.as_ref()),
            updated_by: value.updated_by,
            pending: Vec::new(),
            shop: None,
            webhooks: None,
            access: None,
            authorize_url: None,
            points: None,
        }
    }

    /// Its revision.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Shopify's name of its shop.
    pub fn shop_domain(&self) -> &str {
        &self.shop_domain
    }

    /// With how it is let in; what a person is to open stands beside, too.
    pub fn access(mut self, access: AccessView) -> Self {
        self.authorize_url = access.authorize_url().map(str::to_owned);
        self.access = Some(access);
        self
    }

    /// With its points; nothing before the first call.
    pub fn points(mut self, points: Option<PointsView>) -> Self {
        self.points = points;
        self
    }

    /// With the services that have not adopted the change yet.
    pub fn pending(mut self, pending: Vec<String>) -> Self {
        self.pending = pending;
        self
    }

    /// With what Shopify says about the shop.
    pub fn shop(mut self, shop: Option<ShopView>) -> Self {
        self.shop = shop;
        self
    }

    /// With the webhooks that were subscribed.
    pub fn webhooks(mut self, webhooks: Repaired) -> Self {
        self.webhooks = Some(webhooks);
        self
    }
}

impl MappingView {
    /// A mapping as it is stored.
    pub fn new(mapping: LocationMapping) -> Self {
        Self {
            location_id: mapping.location_id.to_string(),
            warehouses: mapping.warehouses,
            shipping_process: mapping.shipping_process,
            default: mapping.default,
            buffer: mapping.buffer,
        }
    }
}

fn store_backoffice(one: &StoreBackOffice) -> StoreBackOfficeView {
    let roles = one.roles.iter().map(|role| name(ROLE, *role)).collect();
    StoreBackOfficeView { id: one.id.clone(), roles }
}

/// A back office.
#[derive(Serialize)]
pub struct BackOfficeView {
    id: String,
    kind: String,
    name: String,
    stock: BackOfficeStockView,
    warehouses: Vec<WarehouseView>,
    revision: u64,
    updated_at: Option<String>,
    updated_by: String,
    pending: Vec<String>,
}

#[derive(Serialize)]
struct BackOfficeStockView {
    basis: &'static str,
    lowered_by: Vec<&'static str>,
    excludes_damaged: bool,
}

#[derive(Serialize)]
struct WarehouseView {
    code: String,
    name: String,
}

impl BackOfficeView {
    /// A back office, with the services that have not adopted the change yet.
    pub fn new(stored: Stored<BackOfficeSettings>, pending: Vec<String>) -> Self {
        let Stored { value, revision } = stored;
        let warehouses = value.warehouses.into_iter();
        Self {
            id: value.id,
            kind: value.kind,
            name: value.name,
            stock: BackOfficeStockView {
                basis: name(STOCK_BASIS, value.stock_basis),
                lowered_by: value.stock_lowered_by.iter().map(|k| name(REPORT_KIND, *k)).collect(),
                excludes_damaged: value.stock_excludes_damaged,
            },
            warehouses: warehouses
                .map(|one| WarehouseView { code: one.code, name: one.name })
                .collect(),
            revision,
            updated_at: moment(value.updated_at.as_ref()),
            updated_by: value.updated_by,
            pending,
        }
    }
}
