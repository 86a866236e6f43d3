//! What a shop is made of. Plain data and arithmetic; nothing here knows GraphQL or HTTP.

pub mod access;
pub mod catalog;
pub mod change;
pub mod order;
pub mod quantities;
pub mod settings;
pub mod shop;
pub mod subscription;
pub mod table;

pub use access::{Access, Bearer, TokenKind};
pub use catalog::{Item, Level, LevelKey, Location, MetafieldDefinition, Product, Variant};
pub use order::{Fulfillment, FulfillmentOrder, Order, OrderLine};
pub use quantities::{QuantityName, Step};
pub use settings::{Plan, Settings, Unconnected, Unfulfilled};
pub use shop::{AdjustmentGroup, GroupChange, Shop};
pub use subscription::Subscription;
pub use table::{Changes, Table};
