//! The public facts of orders and shipments, checked.

use lockstep_contracts::backoffice::v1::RestockType;
use lockstep_contracts::orders::v1::{LineShare, OrderLineFacts, OrderLinesChanged, RefundedUnits};
use lockstep_contracts::shipments::v1::ShipmentLinesChanged;
use lockstep_domain::stock::demand::{AcceptedAt, LineSaid, ShareSaid, ShipmentSaid, ShippedLine};
use lockstep_domain::{
    InventoryItemId, LineItemId, LocationId, OrderId, RefundId, StoreId, Warehouse,
};
use lockstep_runtime::Stop;

use crate::translate::{moment, poison, store};

/// More units than this of a line are no order: sums stay far from the ends of a number.
const UNITS_MAX: i64 = 1_000_000_000;
/// The name of a shipment is a back office, a slash and its own name of it.
const SHIPMENT_MAX: usize = 300;

/// What is told of an order.
pub struct OrderFacts {
    /// The store.
    pub store: StoreId,
    /// The order.
    pub order: OrderId,
    /// The revision of its lines.
    pub revision: u64,
    /// Its lines whose item is known; the others hold nothing that is stocked, or are told again.
    pub lines: Vec<LineTold>,
}

/// What is told of a line.
pub struct LineTold {
    /// The line.
    pub line: LineItemId,
    /// Its inventory item.
    pub item: InventoryItemId,
    /// What its order says, but for what came back.
    pub said: LineSaid,
    /// The warehouses of its shares.
    pub served: Vec<(LocationId, Warehouse)>,
    /// What came back and was put back by Shopify.
    pub restocks: Vec<RestockTold>,
}

/// Units that a refund put back at a location.
pub struct RestockTold {
    /// The refund.
    pub refund: RefundId,
    /// The location.
    pub location: LocationId,
    /// Units.
    pub units: i64,
}

/// What is told of a shipment.
pub struct ShipmentFacts {
    /// The store.
    pub store: StoreId,
    /// `{backoffice}/{shipment id}`.
    pub shipment: String,
    /// The revision.
    pub revision: u64,
    /// What it says. Whether it lowers the number is not for the message to say.
    pub said: ShipmentSaid,
}

/// Reads what is told of an order.
pub fn order_lines(event: &OrderLinesChanged) -> Result<OrderFacts, Stop> {
    let as_of = moment("as_of", event.as_of.as_ref())?;
    let line = |(index, line): (usize, &OrderLineFacts)| {
        let field = |name: &str| format!("lines[{index}].{name}");
        let shares: Result<Vec<_>, Stop> = line.shares.iter().map(|s| share(s, &field)).collect();
        let (shares, restocked) = (shares?, Vec::new());
        let locations = line.shares.iter().map(|share| LocationId(share.location_id));
        let served = locations.zip(&shares).filter_map(|(l, s)| Some((l, s.warehouse.clone()?)));
        let restocks: Result<_, Stop> =
            line.refunded.iter().filter(|r| came_back(r)).map(|r| restock(r, &field)).collect();
        Ok(LineTold {
            line: LineItemId(positive(&field("line_id"), line.line_id)?),
            item: InventoryItemId(line.inventory_item_id),
            served: served.collect(),
            restocks: restocks?,
            said: LineSaid {
                revision: event.revision,
                as_of,
                shares,
                dropped: dropped(line, &field)?,
                removed: units(&field("removed"), line.removed)?,
                ordered: units(&field("quantity"), line.quantity)?,
                cancelled: event.cancelled,
                restocked,
                settled: false,
            },
        })
    };
    let known = event.lines.iter().enumerate().filter(|(_, line)| line.inventory_item_id > 0);
    Ok(OrderFacts {
        store: store(&event.store)?,
        order: OrderId(positive("order_id", event.order_id)?),
        revision: event.revision,
        lines: known.map(line).collect::<Result<_, Stop>>()?,
    })
}

fn share(share: &LineShare, field: &impl Fn(&str) -> String) -> Result<ShareSaid, Stop> {
    let of = |name: &str, value: i64| units(&field(&format!("shares.{name}")), value);
    let reported = share.reported_at.as_ref();
    Ok(ShareSaid {
        warehouse: match share.warehouse.as_str() {
            "" => None,
            text => Some(warehouse(&field("shares.warehouse"), text)?),
        },
        routed: share.location_id != 0,
        counted_at: match share.served_by_location_id {
            0 => None,
            by if by == share.location_id => None,
            _ => Some(LocationId(positive(&field("shares.location_id"), share.location_id)?)),
        },
        sold: of("sold", share.sold)?,
        fulfilled: of("fulfilled", share.fulfilled)?,
        accepted: of("accepted", share.accepted)?,
        released: of("released", share.released)?,
        reported_at: reported
            .map(|at| moment(&field("shares.reported_at"), Some(at)))
            .transpose()?,
        steps: steps(share, field)?,
    })
}

fn steps(share: &LineShare, field: &impl Fn(&str) -> String) -> Result<Vec<AcceptedAt>, Stop> {
    let mut steps: Vec<AcceptedAt> = Vec::with_capacity(share.steps.len());
    for step in &share.steps {
        let at = moment(&field("shares.steps.at"), step.at.as_ref())?;
        if steps.last().is_some_and(|last| last.at >= at) {
            return Err(poison(&field("shares.steps"), "are in order of time"));
        }
        let units = units(&field("shares.steps.quantity"), step.quantity)?;
        steps.push(AcceptedAt { at, units });
    }
    Ok(steps)
}

/// Units that were never sent and were refunded without being put back for sale.
fn dropped(line: &OrderLineFacts, field: &impl Fn(&str) -> String) -> Result<i64, Stop> {
    let unsent = line.refunded.iter().filter(|refunded| {
        refunded.restock_type() == RestockType::NoRestock && !refunded.after_fulfillment
    });
    let mut sum = 0_i64;
    for refunded in unsent {
        sum = sum.saturating_add(units(&field("refunded.quantity"), refunded.quantity)?);
    }
    Ok(sum)
}

/// Whether units had been sent, came back and can be sold again. Those that were never sent are
/// sold no more.
fn came_back(refunded: &RefundedUnits) -> bool {
    refunded.restock_type() == RestockType::Return
        && refunded.after_fulfillment
        && refunded.location_id != 0
}

fn restock(refunded: &RefundedUnits, field: &impl Fn(&str) -> String) -> Result<RestockTold, Stop> {
    let id = |name: &str, value| positive(&field(&format!("refunded.{name}")), value);
    Ok(RestockTold {
        refund: RefundId(id("refund_id", refunded.refund_id)?),
        location: LocationId(id("location_id", refunded.location_id)?),
        units: units(&field("refunded.quantity"), refunded.quantity)?,
    })
}

/// Reads what is told of a shipment.
pub fn shipment_lines(event: &ShipmentLinesChanged) -> Result<ShipmentFacts, Stop> {
    if event.shipment.is_empty() || event.shipment.len() > SHIPMENT_MAX {
        return Err(poison("shipment", format!("has 1 to {SHIPMENT_MAX} bytes")));
    }
    let mut lines = Vec::new();
    for (index, line) in event.lines.iter().enumerate() {
        // What is not stocked has no item.
        if line.inventory_item_id > 0 {
            lines.push(ShippedLine {
                line: LineItemId(positive(&format!("lines[{index}].line_id"), line.line_id)?),
                item: InventoryItemId(line.inventory_item_id),
                units: units(&format!("lines[{index}].quantity"), line.quantity)?,
            });
        }
    }
    let said = ShipmentSaid {
        order: OrderId(positive("order_id", event.order_id)?),
        warehouse: warehouse("warehouse", &event.warehouse)?,
        at: moment("shipped_at", event.shipped_at.as_ref())?,
        lowers: false,
        lines,
    };
    let (store, shipment) = (store(&event.store)?, event.shipment.clone());
    Ok(ShipmentFacts { store, shipment, revision: event.revision, said })
}

fn warehouse(field: &str, text: &str) -> Result<Warehouse, Stop> {
    text.parse().map_err(|e| poison(field, e))
}

fn units(field: &str, value: i64) -> Result<i64, Stop> {
    let is_sound = (0..=UNITS_MAX).contains(&value);
    if is_sound {
        Ok(value)
    } else {
        Err(poison(field, format!("{value} units are none of a line")))
    }
}

/// An id of Shopify.
pub fn positive(field: &str, value: i64) -> Result<i64, Stop> {
    if value > 0 { Ok(value) } else { Err(poison(field, "is no id of Shopify")) }
}
