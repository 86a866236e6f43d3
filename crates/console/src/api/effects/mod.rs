//! `/effects`: calls to Shopify whose outcome nobody knows. stock-sync owns writes of stock,
//! shipment-push calls that make fulfillments; what no read can tell waits there for a word of a
//! person.

pub mod list;
pub mod settle;

/// Who owns writes of stock.
pub const STOCK: &str = "stock-sync";
/// Who owns calls that make fulfillments.
pub const SHIPMENTS: &str = "shipment-push";
