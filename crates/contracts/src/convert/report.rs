//! What a back office reports about stock.

use jiff::Timestamp;
use lockstep_domain::stock::pool::{BookCount, BookMovement, LineKey};
use lockstep_domain::stock::report::{MovementKind, StockStatus};
use lockstep_domain::stock::settings::BackOfficeStock;
use lockstep_domain::{EventId, Quantity, Sku, WarehouseCode};

use super::fields::reason;
use super::{Invalid, id, moment, order, quantity, unknown_value};
use crate::backoffice::v1::{self as proto, ErrorCode};

pub use super::fields::{
    LOTS_MAX, NAME_MAX, OWN_ID_MAX, REASON_CODE_MAX, REASON_TEXT_MAX, SERIALS_MAX, URL_MAX,
};

/// A checked movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The reporter's id.
    pub event_id: EventId,
    /// What moved.
    pub sku: Sku,
    /// Where.
    pub place: Place,
    /// Why.
    pub kind: MovementKind,
    /// The change, not zero; for a transfer what travels, above zero.
    pub quantity: Quantity,
    /// Condition of the goods.
    pub status: StockStatus,
    /// The order line that it belongs to.
    pub order: Option<LineKey>,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
    /// What the warehouse says it holds afterwards; never for a transfer.
    pub on_hand_after: Option<Quantity>,
}

/// Where goods moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In one warehouse.
    In(WarehouseCode),
    /// From one warehouse to another.
    Between {
        /// Where they leave.
        from: WarehouseCode,
        /// Where they arrive.
        to: WarehouseCode,
    },
}

impl Movement {
    /// The warehouses that it names, each with its field.
    #[must_use]
    pub fn warehouses(&self) -> Vec<(&'static str, &WarehouseCode)> {
        match &self.place {
            Place::In(warehouse) => vec![("warehouse_code", warehouse)],
            Place::Between { from, to } => {
                vec![("from_warehouse_code", from), ("to_warehouse_code", to)]
            }
        }
    }

    /// What is booked: one booking, or two for a transfer.
    #[must_use]
    pub fn bookings(&self, rules: &BackOfficeStock) -> Vec<BookMovement> {
        let booking = |warehouse: &WarehouseCode, quantity| BookMovement {
            event_id: self.event_id.clone(),
            warehouse: warehouse.clone(),
            kind: self.kind,
            quantity,
            status: self.status,
            order: self.order.clone(),
            lowers: rules.lowers(self.kind),
            occurred_at: self.occurred_at,
            on_hand_after: self.on_hand_after,
        };
        match &self.place {
            Place::In(warehouse) => vec![booking(warehouse, self.quantity)],
            Place::Between { from, to } => {
                vec![booking(from, self.quantity.negated()), booking(to, self.quantity)]
            }
        }
    }
}

/// Checks a movement. Whether its warehouses are declared, and whether its moment is believable,
/// is the caller's to say.
///
/// # Errors
/// The first field that is wrong.
pub fn movement(report: &proto::StockMovement) -> Result<Movement, Invalid> {
    let kind = kind(report.kind)?;
    let movement = Movement {
        event_id: id("event_id", &report.event_id)?,
        quantity: signed(kind, &report.quantity)?,
        sku: id("sku", &report.sku)?,
        place: place(kind, report)?,
        kind,
        status: status(report.stock_status)?,
        order: line_key(report.order.as_ref())?,
        occurred_at: moment("occurred_at", report.occurred_at.as_ref())?,
        on_hand_after: on_hand_after(kind, &report.on_hand_after)?,
    };
    reason(&report.reason_code, &report.reason_text)?;
    Ok(movement)
}

/// A checked count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What was counted.
    pub sku: Sku,
    /// What is booked.
    pub booking: BookCount,
}

/// Checks a count. As with [`movement`], the caller knows declared warehouses and the time.
///
/// # Errors
/// The first field that is wrong.
pub fn count(report: &proto::StockCount) -> Result<Count, Invalid> {
    let booking = BookCount {
        event_id: id("event_id", &report.event_id)?,
        warehouse: id("warehouse_code", &report.warehouse_code)?,
        quantity: quantity("quantity", &report.quantity)?,
        counted_at: moment("counted_at", report.counted_at.as_ref())?,
    };
    Ok(Count { sku: id("sku", &report.sku)?, booking })
}

fn kind(value: i32) -> Result<MovementKind, Invalid> {
    let known = proto::MovementKind::try_from(value).map_err(|_| unknown_value("kind"))?;
    Ok(match known {
        proto::MovementKind::Unspecified => {
            return Err(Invalid::validation(
                "kind",
                "it is missing",
                "say why the stock changed; MOVEMENT_KIND_OTHER if no other kind fits",
            ));
        }
        proto::MovementKind::Receiving => MovementKind::Receiving,
        proto::MovementKind::Picking => MovementKind::Picking,
        proto::MovementKind::Adjustment => MovementKind::Adjustment,
        proto::MovementKind::Transfer => MovementKind::Transfer,
        proto::MovementKind::Return => MovementKind::Return,
        proto::MovementKind::Allocation => MovementKind::Allocation,
        proto::MovementKind::Deallocation => MovementKind::Deallocation,
        proto::MovementKind::Scrap => MovementKind::Scrap,
        proto::MovementKind::Other => MovementKind::Other,
    })
}

fn status(value: i32) -> Result<StockStatus, Invalid> {
    let known = proto::StockStatus::try_from(value).map_err(|_| unknown_value("stock_status"))?;
    Ok(match known {
        proto::StockStatus::Unspecified | proto::StockStatus::Good => StockStatus::Good,
        proto::StockStatus::Damaged => StockStatus::Damaged,
        proto::StockStatus::Quarantine => StockStatus::Quarantine,
        proto::StockStatus::Reserved => StockStatus::Reserved,
    })
}

/// The kind decides the sign, so that a mistaken one is refused instead of booked twice over.
fn signed(kind: MovementKind, text: &str) -> Result<Quantity, Invalid> {
    const FIELD: &str = "quantity";
    let quantity = quantity(FIELD, text)?;
    if quantity.is_zero() {
        return Err(Invalid {
            code: ErrorCode::QuantityZero,
            field: FIELD.to_owned(),
            message: "it is zero".to_owned(),
            fix: "report only what changed; use a count to state what a warehouse holds".to_owned(),
        });
    }
    let wanted = match kind {
        MovementKind::Receiving
        | MovementKind::Return
        | MovementKind::Deallocation
        | MovementKind::Transfer => Some(false),
        MovementKind::Picking | MovementKind::Scrap | MovementKind::Allocation => Some(true),
        MovementKind::Adjustment
        | MovementKind::Other
        | MovementKind::Accept
        | MovementKind::Shipment
        | MovementKind::Invoice => None,
    };
    match wanted {
        Some(true) if !quantity.is_negative() => Err(Invalid::validation(
            FIELD,
            "a movement of this kind lowers the stock and its quantity is positive",
            "send a negative quantity, or MOVEMENT_KIND_ADJUSTMENT for a correction upwards",
        )),
        Some(false) if quantity.is_negative() => Err(Invalid::validation(
            FIELD,
            "a movement of this kind has a positive quantity",
            "send a positive quantity, or MOVEMENT_KIND_ADJUSTMENT for a correction downwards",
        )),
        _ => Ok(quantity),
    }
}

fn place(kind: MovementKind, report: &proto::StockMovement) -> Result<Place, Invalid> {
    if kind == MovementKind::Transfer {
        absent(
            "warehouse_code",
            &report.warehouse_code,
            "name the warehouses of a transfer in from_warehouse_code and to_warehouse_code",
        )?;
        let from = id("from_warehouse_code", &report.from_warehouse_code)?;
        let to = id("to_warehouse_code", &report.to_warehouse_code)?;
        if from == to {
            return Err(Invalid::validation(
                "to_warehouse_code",
                "a transfer ends in the warehouse where it began",
                "name two different warehouses",
            ));
        }
        return Ok(Place::Between { from, to });
    }
    const FIX: &str = "leave it out, or use MOVEMENT_KIND_TRANSFER";
    absent("from_warehouse_code", &report.from_warehouse_code, FIX)?;
    absent("to_warehouse_code", &report.to_warehouse_code, FIX)?;
    Ok(Place::In(id("warehouse_code", &report.warehouse_code)?))
}

fn absent(field: &str, text: &str, fix: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Ok(());
    }
    Err(Invalid::validation(field, "it has no meaning for a movement of this kind", fix))
}

fn on_hand_after(kind: MovementKind, text: &str) -> Result<Option<Quantity>, Invalid> {
    const FIELD: &str = "on_hand_after";
    if text.is_empty() {
        return Ok(None);
    }
    if kind == MovementKind::Transfer {
        absent(FIELD, text, "leave it out: a transfer changes two warehouses")?;
    }
    quantity(FIELD, text).map(Some)
}

fn line_key(reference: Option<&proto::OrderReference>) -> Result<Option<LineKey>, Invalid> {
    reference.map(order::line_key).transpose().map_err(|e| e.at("order"))
}
