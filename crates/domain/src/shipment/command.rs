//! Requests to an order's shipments.

use jiff::Timestamp;

use super::report::Statement;
use super::resolve::Codes;
use super::settings::StoreShipments;
use super::settle::Settled;
use super::shown::ShownOrder;
use super::state::KnownOrder;
use crate::ids::{EffectId, FulfillmentId};

/// A request to an order's shipments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShipmentCommand {
    /// Something is said of a shipment.
    Report {
        /// The shipment, `{backoffice}/{shipment}`.
        key: String,
        /// What is said.
        statement: Box<Statement>,
        /// Whether the store takes shipments of this back office.
        enabled: bool,
        /// Codes of the order's variants.
        codes: Codes,
        /// Now.
        now: Timestamp,
    },
    /// The order was told of.
    SeeOrder {
        /// As it is now.
        order: KnownOrder,
        /// Codes of its variants.
        codes: Codes,
    },
    /// A read was answered.
    RecordRead(Box<Reading>),
    /// The planned call is about to be sent.
    Intend {
        /// The effect.
        effect: EffectId,
    },
    /// What was planned is too old.
    DropPlan,
    /// The call was sent.
    Conclude {
        /// The effect.
        effect: EffectId,
        /// What became of it.
        outcome: CallOutcome,
    },
    /// A person says what became of a call that readings cannot tell of.
    Settle {
        /// The effect that asks.
        asks: EffectId,
        /// What is said.
        said: Settled,
    },
    /// An arrival that waits for a shipment that never came is given up.
    GiveUp {
        /// Now.
        now: Timestamp,
    },
}

/// A reading of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The effect that read.
    pub effect: EffectId,
    /// When it was decided.
    pub begun: Timestamp,
    /// What it showed; nothing when Shopify shows no such order.
    pub shown: Option<ShownOrder>,
    /// The store's rules.
    pub rules: StoreShipments,
    /// Codes of the order's variants.
    pub codes: Codes,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// Shopify executed it.
    Applied {
        /// The fulfillment.
        fulfillment: FulfillmentId,
    },
    /// It was certainly not executed, and may be planned anew.
    NotApplied,
    /// Shopify refuses it.
    Refused {
        /// Its words.
        message: String,
    },
    /// Nobody knows; readings tell from this moment on.
    Unknown {
        /// When the call can no longer arrive.
        readable_from: Timestamp,
    },
}
