//! `/backoffices/{id}/warehouses`.

pub mod declare;
