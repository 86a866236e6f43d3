//! One file per kind of incoming message.

pub mod count_reported;
pub mod inventory_level;
pub mod movement_reported;
pub mod settings;
pub mod variant_linked;
