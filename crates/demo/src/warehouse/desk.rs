//! What people in the warehouse may do about orders: accept, reject, ship, take back. Picking is
//! among the movements of `book.rs`.

use jiff::Timestamp;
use serde::Deserialize;

use super::book::positive;
use super::feed::{Part, Request};
use super::ledger::{Fault, Ledger};
use super::orders::{self, key};
use super::report::{
    Answer, Happened, Kind, OrderLine, Package, Report, Return, ReturnedUnits, Shipment, Units,
};

/// `POST /accept` and `POST /reject`: all that is wanted of an order and not promised yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderCommand {
    #[serde(default)]
    pub request_id: Option<String>,
    pub order_key: String,
}

/// `POST /ship`: what was picked leaves, in parcels.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShipCommand {
    #[serde(default)]
    pub request_id: Option<String>,
    pub order_key: String,
    pub warehouse: String,
    pub packages: Vec<PackageCommand>,
}

/// One parcel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageCommand {
    pub tracking_number: String,
    pub carrier: String,
    pub lines: Vec<LineCommand>,
}

/// Pieces of a line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineCommand {
    pub line_id: String,
    pub quantity: i64,
}

/// `POST /return`: what was shipped came back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnCommand {
    #[serde(default)]
    pub request_id: Option<String>,
    pub order_key: String,
    pub warehouse: String,
    pub lines: Vec<ReturnLineCommand>,
}

/// Pieces of a line, and whether they go on the shelf again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnLineCommand {
    pub line_id: String,
    pub quantity: i64,
    pub restock: bool,
}

/// A command about orders.
pub trait OrderWork {
    fn request_id(&self) -> Option<String>;
    fn happened(self, ledger: &Ledger) -> Result<Vec<Happened>, Fault>;
}

/// Carries out a command.
pub fn carry_out(
    ledger: &mut Ledger,
    now: Timestamp,
    command: impl OrderWork,
) -> Result<Vec<Report>, Fault> {
    let request_id = command.request_id();
    if ledger.knows(request_id.as_deref()) {
        return Ok(Vec::new());
    }
    let happened = command.happened(ledger)?;
    ledger.book(now, request_id, None, happened)
}

/// What is done with an order decides what is said.
pub struct Accept(pub OrderCommand);
pub struct Reject(pub OrderCommand);

impl OrderWork for Accept {
    fn request_id(&self) -> Option<String> {
        self.0.request_id.clone()
    }

    fn happened(self, ledger: &Ledger) -> Result<Vec<Happened>, Fault> {
        let answers = wanted(ledger, &self.0.order_key)?;
        for (part, units) in &answers {
            for one in units {
                let held = ledger.held(&part.warehouse_code, &one.sku);
                let reserved = ledger.reserved(&part.warehouse_code, &one.sku);
                if held - reserved < one.quantity {
                    return Err(Fault::NotEnough {
                        warehouse: part.warehouse_code.clone(),
                        sku: one.sku.clone(),
                        held: held - reserved,
                        asked: one.quantity,
                    });
                }
            }
        }
        Ok(answers
            .into_iter()
            .map(|(part, units)| Happened::Accepted(answer(part, units)))
            .collect())
    }
}

impl OrderWork for Reject {
    fn request_id(&self) -> Option<String> {
        self.0.request_id.clone()
    }

    fn happened(self, ledger: &Ledger) -> Result<Vec<Happened>, Fault> {
        let answers = wanted(ledger, &self.0.order_key)?;
        Ok(answers
            .into_iter()
            .map(|(part, units)| Happened::Rejected(answer(part, units)))
            .collect())
    }
}

impl OrderWork for ShipCommand {
    fn request_id(&self) -> Option<String> {
        self.request_id.clone()
    }

    fn happened(self, ledger: &Ledger) -> Result<Vec<Happened>, Fault> {
        let part = part(ledger, &self.order_key, &self.warehouse)?;
        let mut packages = Vec::new();
        for package in self.packages {
            let lines = package.lines.iter().map(|one| units(part, &one.line_id, one.quantity));
            packages.push(Package {
                tracking_number: package.tracking_number,
                carrier: package.carrier,
                units: lines.collect::<Result<_, _>>()?,
            });
        }
        let leaving: Vec<&Units> = packages.iter().flat_map(|package| &package.units).collect();
        let here = |line_id: &str| {
            let work = ledger.orders().work(&key(part, line_id));
            work.picked - work.shipped
        };
        enough(&leaving, "picked and here", here)?;
        let shipment_id = format!("SHIP-{:04}", ledger.orders().shipments().len() + 1);
        let (order_key, warehouse) = (self.order_key, self.warehouse);
        Ok(vec![Happened::Shipped(Shipment { shipment_id, order_key, warehouse, packages })])
    }
}

impl OrderWork for ReturnCommand {
    fn request_id(&self) -> Option<String> {
        self.request_id.clone()
    }

    fn happened(self, ledger: &Ledger) -> Result<Vec<Happened>, Fault> {
        let part = part(ledger, &self.order_key, &self.warehouse)?;
        let lines = self.lines.iter().map(|line| {
            let units = units(part, &line.line_id, line.quantity)?;
            Ok(ReturnedUnits { units, restock: line.restock })
        });
        let lines: Vec<ReturnedUnits> = lines.collect::<Result<_, Fault>>()?;
        let coming: Vec<&Units> = lines.iter().map(|line| &line.units).collect();
        let away = |line_id: &str| {
            let work = ledger.orders().work(&key(part, line_id));
            work.shipped - work.returned
        };
        enough(&coming, "shipped and away", away)?;
        // What is on the shelf again is a movement, too.
        let restocked = lines.iter().filter(|line| line.restock).map(|line| Happened::Moved {
            sku: line.units.sku.clone(),
            kind: Kind::Return,
            warehouse: self.warehouse.clone(),
            quantity: line.units.quantity,
            order: Some(OrderLine {
                order_key: self.order_key.clone(),
                line_id: line.units.line_id.clone(),
            }),
        });
        let mut happened: Vec<Happened> = restocked.collect();
        happened.push(Happened::CameBack(Return {
            return_id: format!("RMA-{:04}", ledger.orders().returns().len() + 1),
            order_key: self.order_key,
            warehouse: self.warehouse,
            lines,
        }));
        Ok(happened)
    }
}

/// What each warehouse could still promise of an order.
fn wanted<'a>(
    ledger: &'a Ledger,
    order_key: &'a str,
) -> Result<Vec<(&'a Part, Vec<Units>)>, Fault> {
    let orders = ledger.orders();
    let mut parts = orders.parts_of(order_key).peekable();
    if parts.peek().is_none() {
        return Err(Fault::Unknown(format!("no order {order_key} was told")));
    }
    let asked = parts.filter(|part| part.request == Request::Fulfil);
    let wanted = asked.map(|part| (part, orders.acceptable(part)));
    let wanted: Vec<_> = wanted.filter(|(_, units)| !units.is_empty()).collect();
    if wanted.is_empty() {
        return Err(Fault::Command(format!("nothing of {order_key} is asked for")));
    }
    Ok(wanted)
}

fn answer(part: &Part, units: Vec<Units>) -> Answer {
    Answer {
        order_key: part.order_key.clone(),
        warehouse: part.warehouse_code.clone(),
        revision: part.revision,
        cancel: false,
        units,
    }
}

fn part<'a>(ledger: &'a Ledger, order_key: &str, warehouse: &str) -> Result<&'a Part, Fault> {
    let part = ledger.orders().part(order_key, warehouse);
    part.ok_or_else(|| Fault::Unknown(format!("no order {order_key} was told for {warehouse}")))
}

fn units(part: &Part, line_id: &str, quantity: i64) -> Result<Units, Fault> {
    let quantity = positive(quantity)?;
    let line = part.lines.iter().find(|line| line.line_id == line_id);
    let unknown = || Fault::Unknown(format!("{} has no line {line_id}", part.order_key));
    Ok(orders::units(line.ok_or_else(unknown)?, quantity))
}

/// Whether of no line more is named than there is.
fn enough(named: &[&Units], what: &str, there: impl Fn(&str) -> i64) -> Result<(), Fault> {
    if named.is_empty() {
        return Err(Fault::Command("no line is named".to_owned()));
    }
    for units in named {
        let same = named.iter().filter(|other| other.line_id == units.line_id);
        let asked: i64 = same.map(|other| other.quantity).sum();
        let there = there(&units.line_id);
        if asked > there {
            let line = &units.line_id;
            return Err(Fault::Command(format!("of line {line} {there} are {what}, not {asked}")));
        }
    }
    Ok(())
}
