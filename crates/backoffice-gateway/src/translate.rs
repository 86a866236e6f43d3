//! What a back office says, checked and brought to one form. Pure.
//!
//! The checked form is a protobuf message again, since that is what is published: quantities
//! without needless zeros, the condition written out. Two reports with equal checked forms say
//! the same, whatever they looked like on the wire; their digest tells them apart.

mod checks;

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::backoffice::v1::{ItemError, MovementKind, StockCount, StockMovement};
use lockstep_contracts::convert::report::{REASON_CODE_MAX, REASON_TEXT_MAX};
use lockstep_domain::ids::{EventId, Sku};
use prost::Message;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use checks::{
    check_length, check_moment, check_order, check_sign, check_transfer, check_warehouse,
    must_be_empty, quantity_text,
};

/// Items in one call; the contract promises answers up to this number.
pub const ITEMS_MAX: usize = 1_000;
/// How far a reporter's clock may be ahead: a wrong time zone is forgiven, a wrong year is not.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);

/// What an item is checked against.
pub struct Scope<'a> {
    /// Codes of the warehouses that the back office declared.
    pub warehouses: HashSet<&'a str>,
    /// This moment.
    pub now: Timestamp,
}

/// A report that can be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The reporter's id of it.
    pub event_id: EventId,
    /// What it is about; decides the partition.
    pub sku: Sku,
    /// Its checked form.
    pub content: Content,
    /// SHA-256 of the checked form.
    pub digest: [u8; 32],
}

/// The two kinds of report.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A change of stock.
    Movement(StockMovement),
    /// A statement of stock.
    Count(StockCount),
}

/// Where an item stands in its call: gives the paths that answers name.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Field that holds the items.
    pub list: &'static str,
    /// Index of the item.
    pub index: usize,
}

impl Place {
    /// Path of a field of the item; of the item itself when `field` is empty.
    pub fn path(self, field: &str) -> String {
        let dot = if field.is_empty() { "" } else { "." };
        format!("{}[{}]{dot}{field}", self.list, self.index)
    }
}

/// A message of which a call carries a list.
pub trait Item: Message + Default + DeserializeOwned + Send + 'static {
    /// Field that holds the items.
    const LIST: &'static str;
    /// Full protobuf name of the message.
    const MESSAGE: &'static str;

    /// The id under which the reporter asks for it.
    fn event_id(&self) -> &str;

    /// Checks it and brings it to the one form.
    fn check(self, place: Place, scope: &Scope<'_>) -> Result<Report, ItemError>;
}

impl Item for StockMovement {
    const LIST: &'static str = "movements";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.StockMovement";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, place: Place, scope: &Scope<'_>) -> Result<Report, ItemError> {
        let event_id = checks::event_id(place, &self.event_id)?;
        let kind = checks::movement_kind(place, self.kind)?;
        let quantity = checks::quantity(place, "quantity", &self.quantity)?;
        check_sign(place, kind, quantity)?;
        let sku = checks::sku(place, &self.sku)?;
        if kind == MovementKind::Transfer {
            check_transfer(place, &self, scope)?;
        } else {
            check_warehouse(place, "warehouse_code", &self.warehouse_code, scope)?;
            for (field, value) in [
                ("from_warehouse_code", &self.from_warehouse_code),
                ("to_warehouse_code", &self.to_warehouse_code),
            ] {
                must_be_empty(place, field, value, "only a TRANSFER names it")?;
            }
        }
        self.stock_status = checks::stock_status(place, self.stock_status)?.into();
        if !self.on_hand_after.is_empty() {
            let after = quantity_text(place, "on_hand_after", &self.on_hand_after)?;
            self.on_hand_after = after.to_string();
        }
        check_length(place, "reason_code", &self.reason_code, REASON_CODE_MAX)?;
        check_length(place, "reason_text", &self.reason_text, REASON_TEXT_MAX)?;
        if let Some(order) = &self.order {
            check_order(place, order)?;
        }
        check_moment(place, "occurred_at", self.occurred_at.as_ref(), scope.now)?;
        self.quantity = quantity.to_string();
        let digest = digest("movement", &self);
        Ok(Report { event_id, sku, content: Content::Movement(self), digest })
    }
}

impl Item for StockCount {
    const LIST: &'static str = "counts";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.StockCount";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, place: Place, scope: &Scope<'_>) -> Result<Report, ItemError> {
        let event_id = checks::event_id(place, &self.event_id)?;
        let sku = checks::sku(place, &self.sku)?;
        check_warehouse(place, "warehouse_code", &self.warehouse_code, scope)?;
        self.quantity = quantity_text(place, "quantity", &self.quantity)?.to_string();
        check_moment(place, "counted_at", self.counted_at.as_ref(), scope.now)?;
        let digest = digest("count", &self);
        Ok(Report { event_id, sku, content: Content::Count(self), digest })
    }
}

/// The kind is part of the digest: a count under a movement's id is other content.
fn digest(kind: &str, message: &impl Message) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(kind.as_bytes());
    hasher.update([0]);
    hasher.update(message.encode_to_vec());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests;
