//! One file per kind of incoming message.

pub mod count_reported;
pub mod inventory_level;
pub mod movement_reported;
pub mod order_lines;
pub mod orders_swept;
pub mod settings;
pub mod shipment_lines;
pub mod variant_conflict;
pub mod variant_linked;
