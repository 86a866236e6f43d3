//! The stock rules of a store and of a back office, as adopted from their settings.
//!
//! A service adopts settings as events of its own log: see [`rules`](super::rules).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::report::{MovementKind, ReportKind};
use crate::ids::{LocationId, Warehouse, WarehouseCode};

/// The shortest window, in seconds.
pub const WINDOW_SECONDS_MIN: u32 = 30;

/// `stock.enabled`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enabled {
    /// Nothing is written.
    #[default]
    Off,
    /// Everything runs, with a recorder in the place of the writer.
    Shadow,
    /// Levels are written.
    Live,
}

/// `stock.mode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockMode {
    /// Changes are sent as adjusts.
    #[default]
    Delta,
    /// Levels are set to their targets.
    Absolute,
}

/// `stock.window_edge`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowEdge {
    /// The first change leaves at once.
    #[default]
    Leading,
    /// Changes leave at the end of the window only.
    Trailing,
}

/// `stock.basis`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockBasis {
    /// The back office counts what may still be promised.
    #[default]
    Sellable,
    /// The back office counts what lies on the shelf.
    Physical,
}

impl StockBasis {
    /// The reports that lower the number where `stock.lowered_by` is not set.
    #[must_use]
    pub fn default_lowered_by(self) -> BTreeSet<ReportKind> {
        match self {
            Self::Sellable => BTreeSet::from([ReportKind::Accept]),
            Self::Physical => {
                BTreeSet::from([ReportKind::Pick, ReportKind::Shipment, ReportKind::Invoice])
            }
        }
    }
}

/// The warehouses that serve a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationMapping {
    /// Shopify's location.
    pub location: LocationId,
    /// Where its stock lies.
    pub warehouses: Vec<Warehouse>,
    /// Units kept back here; without it the store's `buffer`.
    pub buffer: Option<i64>,
}

/// A store's stock settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreStock {
    /// Whether levels are written.
    pub enabled: Enabled,
    /// How.
    pub mode: StockMode,
    /// The window per inventory item, in seconds.
    pub window_seconds: u32,
    /// When changes leave.
    pub window_edge: WindowEdge,
    /// Whether falling to the threshold skips the window once.
    pub sold_out_fast_lane: bool,
    /// The available at which an item counts as sold out, in units.
    pub sold_out_threshold: i64,
    /// Units kept back at each location.
    pub buffer: i64,
    /// Whether pushes may go below zero.
    pub allow_negative: bool,
    /// Whether an item that a mapped location does not stock is stocked there.
    pub activate_at_location: bool,
    /// The mapped locations.
    pub locations: Vec<LocationMapping>,
    /// The revision of the settings.
    pub revision: u64,
}

impl Default for StoreStock {
    fn default() -> Self {
        Self {
            enabled: Enabled::default(),
            mode: StockMode::default(),
            window_seconds: WINDOW_SECONDS_MIN,
            window_edge: WindowEdge::default(),
            sold_out_fast_lane: true,
            sold_out_threshold: 0,
            buffer: 0,
            allow_negative: false,
            activate_at_location: true,
            locations: Vec::new(),
            revision: 0,
        }
    }
}

impl StoreStock {
    /// Checks what one field or several together must be.
    ///
    /// # Errors
    /// The first broken rule, naming its field and the fix.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        if self.window_seconds < WINDOW_SECONDS_MIN {
            return Err(InvalidSetting::WindowTooShort);
        }
        if self.buffer < 0 {
            return Err(InvalidSetting::BufferNegative);
        }
        let mut locations = BTreeSet::new();
        let mut serves: BTreeMap<&Warehouse, LocationId> = BTreeMap::new();
        for mapping in &self.locations {
            if !locations.insert(mapping.location) {
                return Err(InvalidSetting::LocationTwice { location: mapping.location });
            }
            if mapping.buffer.is_some_and(|buffer| buffer < 0) {
                return Err(InvalidSetting::BufferNegative);
            }
            for warehouse in &mapping.warehouses {
                if let Some(location) = serves.insert(warehouse, mapping.location) {
                    let warehouse = warehouse.clone();
                    return Err(InvalidSetting::WarehouseTwice { warehouse, location });
                }
            }
        }
        Ok(())
    }

    /// The mapping of a location.
    #[must_use]
    pub fn mapping(&self, location: LocationId) -> Option<&LocationMapping> {
        self.locations.iter().find(|mapping| mapping.location == location)
    }

    /// The one location that a warehouse serves.
    #[must_use]
    pub fn location_of(&self, warehouse: &Warehouse) -> Option<LocationId> {
        let serves = |mapping: &&LocationMapping| mapping.warehouses.contains(warehouse);
        self.locations.iter().find(serves).map(|mapping| mapping.location)
    }

    /// Units kept back at a location.
    #[must_use]
    pub fn buffer_at(&self, location: LocationId) -> i64 {
        self.mapping(location).and_then(|mapping| mapping.buffer).unwrap_or(self.buffer)
    }
}

/// A back office's stock settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackOfficeStock {
    /// What its number counts.
    pub basis: StockBasis,
    /// Which reports lower its number; the others inform.
    pub lowered_by: BTreeSet<ReportKind>,
    /// Whether its number leaves damaged goods out.
    pub excludes_damaged: bool,
    /// Its declared warehouses.
    pub warehouses: BTreeSet<WarehouseCode>,
    /// The revision of the settings.
    pub revision: u64,
}

impl Default for BackOfficeStock {
    fn default() -> Self {
        Self {
            basis: StockBasis::default(),
            lowered_by: StockBasis::default().default_lowered_by(),
            excludes_damaged: true,
            warehouses: BTreeSet::new(),
            revision: 0,
        }
    }
}

impl BackOfficeStock {
    /// Whether a movement of this kind changes the number: always, unless it is a stage of an
    /// order that is not among `lowered_by`.
    #[must_use]
    pub fn lowers(&self, kind: MovementKind) -> bool {
        kind.report().is_none_or(|report| self.lowered_by.contains(&report))
    }
}

/// Why settings were refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidSetting {
    /// The window is below the minimum.
    #[error("the window is at least {WINDOW_SECONDS_MIN} seconds")]
    WindowTooShort,
    /// A buffer below zero would promise what does not exist.
    #[error("a buffer is zero or more units")]
    BufferNegative,
    /// A location is mapped twice.
    #[error("location {location} is mapped twice; name all of its warehouses in one mapping")]
    LocationTwice {
        /// The location.
        location: LocationId,
    },
    /// A warehouse serves two locations of one store.
    #[error(
        "warehouse {warehouse} already serves location {location}; \
         a warehouse serves at most one location of a store"
    )]
    WarehouseTwice {
        /// The warehouse.
        warehouse: Warehouse,
        /// The location that it already serves.
        location: LocationId,
    },
}

impl InvalidSetting {
    /// The setting that is wrong, by the name it has in the API.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::WindowTooShort => "stock.window_seconds",
            Self::BufferNegative => "stock.buffer",
            Self::LocationTwice { .. } => "location_id",
            Self::WarehouseTwice { .. } => "warehouses",
        }
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
