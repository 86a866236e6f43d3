//! Requests to the demand for an item.

use std::collections::BTreeSet;

use super::state::{LeftShare, LineRef, LineSaid, Step};
use crate::ids::{BackOfficeId, Sku};

/// A request to the demand for an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DemandCommand {
    /// A back office knows the item by this SKU. It stays so when the link is cut: goods that were
    /// sold are still owed there.
    Link {
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
    },
    /// An order says something of a line.
    TellLine(TellLine),
    /// A shipment says something of a line.
    TellShipment {
        /// The line.
        line: LineRef,
        /// `{backoffice}/{shipment id}`.
        shipment: String,
        /// Every revision of it that was heard, by revision.
        steps: Vec<Step>,
        /// Whether the line was told of before; then it left, if it is not here.
        was_told: bool,
    },
}

/// What an order says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TellLine {
    /// The line.
    pub line: LineRef,
    /// What is said.
    pub said: LineSaid,
    /// The back offices whose number acceptance lowers.
    pub lowered_by_accept: BTreeSet<BackOfficeId>,
    /// Whether the line was told of before; then it left, if it is not here.
    pub was_told: bool,
    /// The newest revision, if any, by which nothing of it was open.
    pub closed_by: Option<u64>,
    /// What that revision said of it.
    pub left: Vec<LeftShare>,
}
