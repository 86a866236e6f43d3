//! What people in the warehouse may do. Every command has lines and is booked whole or not at
//! all; with a `request_id`, repeating it books nothing again.

use jiff::Timestamp;
use serde::Deserialize;

use super::journal::Burst;
use super::ledger::{Fault, Ledger};
use super::orders::key;
use super::report::{Happened, Kind, OrderLine, Report};

/// Most lines of one command.
const LINES_MAX: usize = 500;
/// Most movements of one burst.
const MOVEMENTS_MAX: u32 = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command<L> {
    #[serde(default)]
    pub request_id: Option<String>,
    pub lines: Vec<L>,
}

/// `POST /receive` and `POST /adjust`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveLine {
    pub sku: String,
    pub warehouse: String,
    pub quantity: i64,
}

/// `POST /transfer`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferLine {
    pub sku: String,
    pub from: String,
    pub to: String,
    pub quantity: i64,
}

/// `POST /pick`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PickLine {
    pub sku: String,
    pub warehouse: String,
    pub quantity: i64,
    #[serde(default)]
    pub order: Option<OrderLine>,
}

/// `POST /count`: without a quantity the shelf is found as the ledger says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountLine {
    pub sku: String,
    pub warehouse: String,
    #[serde(default)]
    pub quantity: Option<i64>,
}

/// `POST /burst`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurstCommand {
    pub request_id: String,
    pub skus: Vec<String>,
    pub warehouse: String,
    pub movements: u32,
    pub over_ms: u64,
}

/// A line of any command.
pub trait Line {
    fn happened(self, ledger: &Ledger) -> Result<Happened, Fault>;
}

/// What a warehouse does with a quantity decides its sign.
pub struct Receive(pub MoveLine);
pub struct Adjust(pub MoveLine);

impl Line for Receive {
    fn happened(self, _: &Ledger) -> Result<Happened, Fault> {
        let MoveLine { sku, warehouse, quantity } = self.0;
        let quantity = positive(quantity)?;
        Ok(Happened::Moved { sku, kind: Kind::Receiving, warehouse, quantity, order: None })
    }
}

impl Line for Adjust {
    fn happened(self, _: &Ledger) -> Result<Happened, Fault> {
        let MoveLine { sku, warehouse, quantity } = self.0;
        if quantity == 0 {
            return Err(Fault::Command("an adjustment by 0 is none".to_owned()));
        }
        Ok(Happened::Moved { sku, kind: Kind::Adjustment, warehouse, quantity, order: None })
    }
}

impl Line for TransferLine {
    fn happened(self, _: &Ledger) -> Result<Happened, Fault> {
        let Self { sku, from, to, quantity } = self;
        if from == to {
            return Err(Fault::Command(format!("a transfer from {from} to {to} moves nothing")));
        }
        Ok(Happened::Transferred { sku, from, to, quantity: positive(quantity)? })
    }
}

impl Line for PickLine {
    fn happened(self, ledger: &Ledger) -> Result<Happened, Fault> {
        let Self { sku, warehouse, quantity, order } = self;
        if let Some(order) = &order {
            promised(ledger, order, &warehouse, quantity)?;
        }
        let quantity = -positive(quantity)?;
        Ok(Happened::Moved { sku, kind: Kind::Picking, warehouse, quantity, order })
    }
}

impl Line for CountLine {
    fn happened(self, ledger: &Ledger) -> Result<Happened, Fault> {
        let Self { sku, warehouse, quantity } = self;
        let quantity = quantity.unwrap_or_else(|| ledger.held(&warehouse, &sku));
        if quantity < 0 {
            return Err(Fault::Command("a shelf cannot hold less than 0".to_owned()));
        }
        Ok(Happened::Counted { sku, warehouse, quantity })
    }
}

/// Carries out a command.
pub fn carry_out<L: Line>(
    ledger: &mut Ledger,
    now: Timestamp,
    request_id: Option<String>,
    lines: Vec<L>,
) -> Result<Vec<Report>, Fault> {
    if lines.is_empty() || lines.len() > LINES_MAX {
        return Err(Fault::Command(format!("lines must be 1 to {LINES_MAX}")));
    }
    let happened: Vec<_> =
        lines.into_iter().map(|line| line.happened(ledger)).collect::<Result<_, _>>()?;
    ledger.book(now, request_id, None, happened)
}

/// Checks and begins a burst.
pub fn begin_burst(
    ledger: &mut Ledger,
    now: Timestamp,
    command: BurstCommand,
) -> Result<(), Fault> {
    let BurstCommand { request_id, skus, warehouse, movements, over_ms } = command;
    if skus.is_empty() || movements == 0 || movements > MOVEMENTS_MAX {
        let message = format!("a burst needs skus, and movements of 1 to {MOVEMENTS_MAX}");
        return Err(Fault::Command(message));
    }
    ledger.start_burst(Burst {
        id: request_id,
        skus,
        warehouse,
        movements,
        over_ms,
        started_at: now,
    })
}

pub(super) fn positive(quantity: i64) -> Result<i64, Fault> {
    match quantity {
        1.. => Ok(quantity),
        _ => Err(Fault::Command(format!("quantity must be above 0, not {quantity}"))),
    }
}

/// For an order that the feed told, only what was accepted is picked.
fn promised(
    ledger: &Ledger,
    order: &OrderLine,
    warehouse: &str,
    quantity: i64,
) -> Result<(), Fault> {
    let Some(part) = ledger.orders().part(&order.order_key, warehouse) else { return Ok(()) };
    let work = ledger.orders().work(&key(part, &order.line_id));
    let left = work.accepted - work.picked;
    if quantity > left {
        let line = &order.line_id;
        return Err(Fault::Command(format!("of line {line} {left} are promised, not {quantity}")));
    }
    Ok(())
}
