//! What is said of shipments, and the orders that they are of, as the domain decides them; and
//! what everybody is told of them.

use std::collections::BTreeSet;

use lockstep_domain::shipment::settings::StoreShipments;
use lockstep_domain::shipment::{
    KnownLine, KnownOrder, KnownShare, LineOf, Origin, Parcel, Says, Statement, ToldLine, Tracking,
    Wanted,
};
use lockstep_domain::{
    BackOfficeId, InventoryItemId, LineItemId, OrderId, StoreId, VariantId, Warehouse,
};

use super::order_settings::store_orders;
use super::shipment::{self, Package, Status};
use super::{Invalid, id, moment, shopify_id};
use crate::backoffice::v1 as backoffice;
use crate::orders::v1 as orders;
use crate::settings::v1 as settings;
use crate::shipments::v1 as proto;
use crate::time::to_proto;

/// A statement with the order and the shipment that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipmentSaid {
    /// The store.
    pub store: StoreId,
    /// The order.
    pub order: OrderId,
    /// `{backoffice}/{shipment}`.
    pub key: String,
    /// What is said.
    pub statement: Statement,
}

/// A report of a shipment.
///
/// # Errors
/// The first field that is wrong.
pub fn reported(event: &backoffice::ShipmentReported) -> Result<ShipmentSaid, Invalid> {
    let report = event.shipment.as_ref().ok_or_else(|| missing("shipment"))?;
    let checked = shipment::shipment(report).map_err(|e| e.at("shipment"))?;
    let backoffice: BackOfficeId = id("backoffice", &event.backoffice)?;
    let says = match checked.status {
        Status::Shipped | Status::Updated => Says::Left,
        Status::Delivered => Says::Arrived,
        Status::Cancelled => Says::Cancelled,
    };
    let key = format!("{backoffice}/{}", checked.shipment_id);
    let (store, order) = (checked.order.store.clone(), OrderId(checked.order.order));
    let statement = Statement {
        event_id: checked.event_id.clone(),
        revision: checked.revision,
        says,
        origin: Origin::Report,
        warehouse: Warehouse::new(backoffice, checked.warehouse.clone()),
        parcels: parcels(&checked),
        whole: checked.whole_order,
        notify: checked.notify_customer,
        shipped_at: checked.occurred_at,
    };
    Ok(ShipmentSaid { store, order, key, statement })
}

/// Parcels whose content is told become a fulfillment each; the others together one, of the lines
/// that stand beside them.
fn parcels(report: &shipment::Shipment) -> Vec<Parcel> {
    let (mut parcels, mut others) = (Vec::new(), Vec::new());
    for (index, package) in report.packages.iter().enumerate() {
        if package.lines.is_empty() {
            others.push(package);
            continue;
        }
        let path = format!("packages[{index}].lines");
        let lines = wanted(&path, &package.lines);
        parcels.push(Parcel { name: name(index, package), lines, tracking: tracking(&[package]) });
    }
    if report.whole_order || !report.lines.is_empty() {
        let lines = wanted("lines", &report.lines);
        parcels.push(Parcel { name: "*".to_owned(), lines, tracking: tracking(&others) });
    }
    let mut names = BTreeSet::new();
    if !parcels.iter().all(|parcel| names.insert(parcel.name.clone())) {
        // Names that are not unique tell nothing.
        for (index, parcel) in parcels.iter_mut().enumerate() {
            parcel.name = format!("#{index}");
        }
    }
    parcels
}

fn name(index: usize, package: &Package) -> String {
    match package.package_id.as_str() {
        "" => format!("#{index}"),
        own => own.to_owned(),
    }
}

fn wanted(path: &str, lines: &[shipment::Line]) -> Vec<Wanted> {
    let one = |(index, line): (usize, &shipment::Line)| Wanted {
        field: format!("{path}[{index}]"),
        of: match &line.of {
            shipment::LineOf::Id(line) => LineOf::Line(LineItemId(*line)),
            shipment::LineOf::Sku(sku) => LineOf::Sku(sku.clone()),
        },
        units: line.quantity,
    };
    lines.iter().enumerate().map(one).collect()
}

/// One fulfillment names one carrier, and pages only when each number has one.
fn tracking(packages: &[&Package]) -> Tracking {
    let numbered: Vec<_> = packages.iter().filter(|p| !p.tracking_number.is_empty()).collect();
    let carriers: BTreeSet<_> = numbered.iter().map(|package| carrier(package)).collect();
    let company = match carriers.first() {
        Some(one) if carriers.len() == 1 => (*one).to_owned(),
        _ => String::new(),
    };
    let has_pages = numbered.iter().all(|package| !package.tracking_url.is_empty());
    let pages = numbered.iter().filter(|_| has_pages);
    Tracking {
        company,
        numbers: numbered.iter().map(|package| package.tracking_number.clone()).collect(),
        urls: pages.map(|package| package.tracking_url.clone()).collect(),
    }
}

fn carrier(package: &Package) -> &str {
    match package.carrier_name.as_str() {
        "" => &package.carrier_code,
        name => name,
    }
}

/// A release that counts as fulfilled: a shipment without tracking.
///
/// # Errors
/// The first field that is wrong.
pub fn released(event: &orders::OrderReleased) -> Result<ShipmentSaid, Invalid> {
    let warehouse: Warehouse = id("warehouse", &event.warehouse)?;
    let lines = event.lines.iter().enumerate().map(|(index, line)| {
        let field = format!("lines[{index}]");
        let of = LineOf::Line(shopify_id(&format!("{field}.line_id"), line.line_id)?);
        Ok(Wanted { field, of, units: line.quantity })
    });
    let tracking = Tracking::default();
    let parcel =
        Parcel { name: "#0".to_owned(), lines: lines.collect::<Result<_, Invalid>>()?, tracking };
    Ok(ShipmentSaid {
        store: id("store", &event.store)?,
        order: shopify_id("order_id", event.order_id)?,
        // Two warehouses of one release share the event's id.
        key: format!("{}/release:{}:{}", warehouse.backoffice, event.event_id, warehouse.code),
        statement: Statement {
            event_id: id("event_id", &event.event_id)?,
            revision: 1,
            says: Says::Left,
            origin: Origin::Release,
            warehouse,
            parcels: vec![parcel],
            whole: false,
            notify: Some(false),
            shipped_at: moment("released_at", event.released_at.as_ref())?,
        },
    })
}

/// An order as everybody was told of it.
///
/// # Errors
/// The first field that is wrong.
pub fn known_order(
    event: &orders::OrderLinesChanged,
) -> Result<(StoreId, OrderId, KnownOrder), Invalid> {
    let lines = event.lines.iter().enumerate().map(|(index, line)| {
        known_line(line).map_err(|invalid| invalid.at(&format!("lines[{index}]")))
    });
    let known = KnownOrder {
        revision: event.revision,
        cancelled: event.cancelled,
        routed: event.routed,
        lines: lines.collect::<Result<_, _>>()?,
    };
    Ok((id("store", &event.store)?, shopify_id("order_id", event.order_id)?, known))
}

fn known_line(line: &orders::OrderLineFacts) -> Result<KnownLine, Invalid> {
    let share = |share: &orders::LineShare| -> Result<KnownShare, Invalid> {
        let warehouse = match share.warehouse.as_str() {
            "" => None,
            text => Some(id("shares.warehouse", text)?),
        };
        Ok(KnownShare { warehouse, open: share.sold.saturating_sub(share.fulfilled).max(0) })
    };
    Ok(KnownLine {
        line: shopify_id("line_id", line.line_id)?,
        variant: Some(line.variant_id).filter(|id| *id != 0).map(VariantId),
        item: Some(line.inventory_item_id).filter(|id| *id != 0).map(InventoryItemId),
        shares: line.shares.iter().map(share).collect::<Result<_, _>>()?,
    })
}

/// The shipment rules of a store.
///
/// # Errors
/// The first field that is wrong.
pub fn store_shipments(
    settings: &settings::StoreSettings,
    revision: u64,
) -> Result<StoreShipments, Invalid> {
    let shipments = settings.shipments.unwrap_or_default();
    let reports = |one: &&settings::StoreBackOffice| {
        one.roles.iter().any(|role| *role == i32::from(settings::BackOfficeRole::Shipments))
    };
    let reporters = settings.backoffices.iter().filter(reports);
    Ok(StoreShipments {
        enabled: shipments.enabled && settings.enabled && !settings.deleted,
        notify_customer: shipments.notify_customer,
        reporters: reporters.map(|one| id("backoffices.id", &one.id)).collect::<Result<_, _>>()?,
        orders: store_orders(settings, revision)?,
        revision,
    })
}

/// The lines of a shipment, for everybody.
#[must_use]
pub fn lines_changed(
    (store, order, shipment): (&StoreId, OrderId, &str),
    revision: u64,
    lines: &[ToldLine],
    statement: &Statement,
) -> proto::ShipmentLinesChanged {
    let line = |line: &ToldLine| proto::ShippedLine {
        line_id: line.line.get(),
        inventory_item_id: line.item.map_or(0, |item| item.get()),
        quantity: line.units,
    };
    proto::ShipmentLinesChanged {
        store: store.to_string(),
        order_id: order.get(),
        shipment: shipment.to_owned(),
        revision,
        warehouse: statement.warehouse.to_string(),
        lines: lines.iter().map(line).collect(),
        shipped_at: Some(to_proto(statement.shipped_at)),
    }
}

fn missing(field: &str) -> Invalid {
    Invalid::validation(field, "it is missing", "send the report inside its event")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(
        id: &str,
        number: &str,
        url: &str,
        line: Option<&str>,
    ) -> backoffice::ShippedPackage {
        backoffice::ShippedPackage {
            package_id: id.to_owned(),
            carrier_code: "dhl".to_owned(),
            tracking_number: number.to_owned(),
            tracking_url: url.to_owned(),
            lines: line.into_iter().map(|line| units(line, "2")).collect(),
            ..backoffice::ShippedPackage::default()
        }
    }

    fn units(line: &str, quantity: &str) -> backoffice::ShippedLine {
        backoffice::ShippedLine {
            line_id: line.to_owned(),
            quantity: quantity.to_owned(),
            ..backoffice::ShippedLine::default()
        }
    }

    fn report(
        packages: Vec<backoffice::ShippedPackage>,
        lines: Vec<backoffice::ShippedLine>,
    ) -> backoffice::ShipmentReported {
        backoffice::ShipmentReported {
            backoffice: "wms".to_owned(),
            shipment: Some(backoffice::Shipment {
                event_id: "e1".to_owned(),
                shipment_id: "S1".to_owned(),
                order_key: "north:1001".to_owned(),
                warehouse_code: "MAIN".to_owned(),
                status: backoffice::ShipmentStatus::Shipped.into(),
                packages,
                lines,
                occurred_at: Some(to_proto(jiff::Timestamp::UNIX_EPOCH)),
                ..backoffice::Shipment::default()
            }),
            accepted_at: None,
        }
    }

    #[test]
    fn parcels_with_lines_stand_alone_and_the_others_share_the_rest() {
        let page = "https://example.com/N1";
        let packages = vec![
            package("P1", "N1", page, Some("11")),
            package("P2", "N2", "", None),
            package("P3", "N3", page, None),
        ];
        let said = reported(&report(packages, vec![units("12", "3")])).unwrap();
        assert_eq!((said.store.as_str(), said.order.get()), ("north", 1001));
        assert_eq!(said.key, "wms/S1");
        let parcels = &said.statement.parcels;
        let names: Vec<_> = parcels.iter().map(|parcel| parcel.name.as_str()).collect();
        assert_eq!(names, ["P1", "*"]);
        assert_eq!(parcels[0].lines[0].field, "packages[0].lines[0]");
        assert_eq!(parcels[0].tracking.urls, [page]);
        assert_eq!(parcels[1].tracking.numbers, ["N2", "N3"]);
        assert!(parcels[1].tracking.urls.is_empty(), "a number without a page");
        assert_eq!(parcels[1].tracking.company, "dhl");
    }

    #[test]
    fn a_parcel_keeps_its_own_id_also_when_it_is_alone() {
        let name = |id: &str| {
            let said = reported(&report(vec![package(id, "", "", Some("11"))], vec![])).unwrap();
            said.statement.parcels[0].name.clone()
        };
        assert_eq!((name("").as_str(), name("P1").as_str()), ("#0", "P1"));
        let twice = vec![package("P", "", "", Some("11")), package("P", "", "", Some("12"))];
        let said = reported(&report(twice, vec![])).unwrap();
        let names: Vec<_> = said.statement.parcels.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["#0", "#1"]);
    }

    #[test]
    fn two_warehouses_of_one_release_are_two_shipments() {
        let release = |warehouse: &str| orders::OrderReleased {
            store: "north".to_owned(),
            order_id: 1001,
            backoffice: "wms".to_owned(),
            event_id: "r1".to_owned(),
            warehouse: warehouse.to_owned(),
            lines: vec![orders::ReleasedLine { line_id: 11, quantity: 2 }],
            released_at: Some(to_proto(jiff::Timestamp::UNIX_EPOCH)),
        };
        let (main, side) = (released(&release("wms/MAIN")), released(&release("wms/SIDE")));
        let (main, side) = (main.unwrap(), side.unwrap());
        assert_ne!(main.key, side.key);
        assert_eq!((main.statement.origin, main.statement.notify), (Origin::Release, Some(false)));
    }
}
