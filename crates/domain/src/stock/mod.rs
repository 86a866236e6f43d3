//! Stock: what warehouses hold, what levels show, and the writes between them.

pub mod demand;
pub mod level;
pub mod orders_read;
pub mod plan;
pub mod pool;
pub mod report;
pub mod rules;
pub mod settings;
pub mod target;
pub mod window;
