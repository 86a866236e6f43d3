//! What a back office reports about goods that leave.

use jiff::Timestamp;
use lockstep_domain::{EventId, Sku, WarehouseCode};

use super::fields::{
    LOTS_MAX, NAME_MAX, OWN_ID_MAX, SERIALS_MAX, count, each, missing, needed_word, optional_sku,
    revision, units, url, word, words,
};
use super::order::{LINES_MAX, OrderRef, extent_is_clear, line_number, order_ref};
use super::{Invalid, id, moment, unknown_value};
use crate::backoffice::v1 as proto;

/// Most parcels of one shipment.
pub const PACKAGES_MAX: usize = 100;

/// What a report says of a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The goods left.
    Shipped,
    /// A correction.
    Updated,
    /// The goods arrived.
    Delivered,
    /// It did not leave after all.
    Cancelled,
}

/// A checked shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// The reporter's id of the report.
    pub event_id: EventId,
    /// The reporter's id of the shipment.
    pub shipment_id: String,
    /// Number of this statement; at least 1, the highest stands.
    pub revision: u32,
    /// The order.
    pub order: OrderRef,
    /// Where the goods left.
    pub warehouse: WarehouseCode,
    /// What is said.
    pub status: Status,
    /// Parcels.
    pub packages: Vec<Package>,
    /// Units whose parcel is not told.
    pub lines: Vec<Line>,
    /// True when everything that is open for the warehouse left.
    pub whole_order: bool,
    /// True when what remains open will not be shipped.
    pub is_final: bool,
    /// Whether the customer is told, when it is said.
    pub notify_customer: Option<bool>,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
}

/// One parcel. Texts may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The reporter's id of the parcel.
    pub package_id: String,
    /// The reporter's code of the carrier.
    pub carrier_code: String,
    /// The carrier's name.
    pub carrier_name: String,
    /// Number by which it is followed.
    pub tracking_number: String,
    /// Page where it is followed.
    pub tracking_url: String,
    /// What is inside, when it is known per parcel.
    pub lines: Vec<Line>,
}

/// Units that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which line of the order.
    pub of: LineOf,
    /// How many; above zero.
    pub quantity: i64,
}

/// How a report names a line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineOf {
    /// By Shopify's id of the line.
    Id(i64),
    /// By the back office's code: any line of the order that is linked to it.
    Sku(Sku),
}

/// Checks a shipment. Whether its warehouse is declared, whether its store is known and its moment
/// believable, is the caller's to say.
///
/// # Errors
/// The first field that is wrong.
pub fn shipment(report: &proto::Shipment) -> Result<Shipment, Invalid> {
    needed_word("shipment_id", &report.shipment_id, OWN_ID_MAX)?;
    let status = status(report.status)?;
    count("packages", report.packages.len(), PACKAGES_MAX)?;
    let shipment = Shipment {
        event_id: id("event_id", &report.event_id)?,
        shipment_id: report.shipment_id.clone(),
        revision: revision(report.revision),
        order: order_ref("order_key", &report.order_key)?,
        warehouse: id("warehouse_code", &report.warehouse_code)?,
        status,
        packages: each("packages", &report.packages, package)?,
        lines: each("lines", &report.lines, line)?,
        whole_order: report.whole_order,
        is_final: report.is_final,
        notify_customer: report.notify_customer,
        occurred_at: moment("occurred_at", report.occurred_at.as_ref())?,
    };
    let in_packages: usize = shipment.packages.iter().map(|package| package.lines.len()).sum();
    let named = in_packages + shipment.lines.len();
    count("lines", named, LINES_MAX)?;
    if matches!(status, Status::Shipped | Status::Updated) {
        if shipment.packages.is_empty() {
            return Err(missing("packages", "send at least one parcel; its number may come later"));
        }
        extent_is_clear("lines", shipment.whole_order, named)?;
    }
    Ok(shipment)
}

fn status(value: i32) -> Result<Status, Invalid> {
    const FIELD: &str = "status";
    match proto::ShipmentStatus::try_from(value).map_err(|_| unknown_value(FIELD))? {
        proto::ShipmentStatus::Unspecified => {
            Err(missing(FIELD, "say what happened, such as SHIPMENT_STATUS_SHIPPED"))
        }
        proto::ShipmentStatus::Shipped => Ok(Status::Shipped),
        proto::ShipmentStatus::Updated => Ok(Status::Updated),
        proto::ShipmentStatus::Delivered => Ok(Status::Delivered),
        proto::ShipmentStatus::Cancelled => Ok(Status::Cancelled),
    }
}

fn package(given: &proto::ShippedPackage) -> Result<Package, Invalid> {
    word("package_id", &given.package_id, OWN_ID_MAX)?;
    word("carrier_code", &given.carrier_code, OWN_ID_MAX)?;
    word("carrier_name", &given.carrier_name, NAME_MAX)?;
    word("service", &given.service, NAME_MAX)?;
    word("tracking_number", &given.tracking_number, NAME_MAX)?;
    url("tracking_url", &given.tracking_url)?;
    Ok(Package {
        package_id: given.package_id.clone(),
        carrier_code: given.carrier_code.clone(),
        carrier_name: given.carrier_name.clone(),
        tracking_number: given.tracking_number.clone(),
        tracking_url: given.tracking_url.clone(),
        lines: each("lines", &given.lines, line)?,
    })
}

fn line(given: &proto::ShippedLine) -> Result<Line, Invalid> {
    words("lots", &given.lots, LOTS_MAX, OWN_ID_MAX)?;
    words("serials", &given.serials, SERIALS_MAX, OWN_ID_MAX)?;
    Ok(Line {
        of: line_of(&given.line_id, &given.sku)?,
        quantity: units("quantity", &given.quantity)?,
    })
}

/// The id of the line names it; the code only where there is no id.
pub(super) fn line_of(line_id: &str, sku: &str) -> Result<LineOf, Invalid> {
    let sku = optional_sku("sku", sku)?;
    match (line_id, sku) {
        ("", Some(sku)) => Ok(LineOf::Sku(sku)),
        (line_id, _) => line_number("line_id", line_id).map(LineOf::Id),
    }
}
