//! Samples of the demand for an item.

use std::collections::BTreeSet;

use lockstep_domain::stock::demand::{
    AcceptedAt, Demand, DemandCommand, DemandEvent, HeardOrder, HeardOrderEvent, HeardShipment,
    HeardShipmentEvent, LeftShare, LineLeft, LineRef, LineSaid, RestockSaid, ShareSaid,
    ShipmentSaid, ShippedLine, Step, TellLine,
};
use lockstep_domain::{Decider, InventoryItemId, LineItemId, LocationId, OrderId, RefundId};

use super::{at, id};

const LINE: LineRef = LineRef { order: OrderId(6_120_000_000_001), line: LineItemId(77) };

fn told() -> DemandEvent {
    let served = ShareSaid {
        warehouse: Some(id("wms/W1")),
        routed: true,
        counted_at: Some(LocationId(2)),
        sold: 3,
        fulfilled: 1,
        accepted: 2,
        released: 1,
        reported_at: Some(at(20)),
        steps: vec![AcceptedAt { at: at(15), units: 1 }, AcceptedAt { at: at(20), units: 3 }],
    };
    let nowhere = ShareSaid {
        warehouse: None,
        routed: false,
        counted_at: None,
        sold: 1,
        fulfilled: 0,
        accepted: 0,
        released: 0,
        reported_at: None,
        steps: Vec::new(),
    };
    let restock = RestockSaid {
        refund: RefundId(9),
        location: LocationId(1),
        warehouse: id("wms/W1"),
        units: 1,
    };
    let said = LineSaid {
        revision: 4,
        as_of: at(30),
        shares: vec![served, nowhere],
        dropped: 1,
        removed: 1,
        ordered: 5,
        cancelled: false,
        restocked: vec![restock],
        settled: false,
    };
    DemandEvent::LineTold {
        line: LINE,
        said,
        lowered_by_accept: BTreeSet::from([id("wms")]),
        left: vec![left()],
    }
}

/// What it had left with before it was opened again.
fn left() -> LeftShare {
    LeftShare { warehouse: id("wms/W1"), counted_at: Some(LocationId(2)), sold: 3, released: 1 }
}

/// A line that left, of which one unit came back since.
fn settled() -> DemandEvent {
    let restock = RestockSaid {
        refund: RefundId(8),
        location: LocationId(1),
        warehouse: id("wms/W1"),
        units: 1,
    };
    let (shares, restocked) = (Vec::new(), vec![restock]);
    DemandEvent::LineTold {
        line: LineRef { order: OrderId(6_120_000_000_000), line: LineItemId(70) },
        said: LineSaid {
            revision: 9,
            as_of: at(31),
            shares,
            dropped: 0,
            removed: 2,
            ordered: 6,
            cancelled: true,
            restocked,
            settled: true,
        },
        lowered_by_accept: BTreeSet::new(),
        left: Vec::new(),
    }
}

/// The order is cancelled but for the unit that was sent, and nothing is put back.
pub fn cancelled() -> DemandCommand {
    let DemandEvent::LineTold { line, said, lowered_by_accept, .. } = told() else {
        unreachable!()
    };
    let sent =
        ShareSaid { counted_at: None, sold: 1, ..said.shares.first().expect("a share").clone() };
    DemandCommand::TellLine(TellLine {
        line,
        said: LineSaid {
            revision: 5,
            as_of: at(60),
            shares: vec![ShareSaid { steps: Vec::new(), ..sent }],
            dropped: 0,
            removed: 3,
            cancelled: true,
            ..said
        },
        lowered_by_accept,
        was_told: true,
        closed_by: None,
        left: Vec::new(),
    })
}

pub fn demand_events() -> Vec<DemandEvent> {
    let step = |revision, units| Step {
        revision,
        warehouse: id("wms/W1"),
        units,
        at: at(40),
        lowers: true,
    };
    covers!(
        vec![
            DemandEvent::Linked { backoffice: id("wms"), sku: id("LAMP") },
            told(),
            settled(),
            DemandEvent::ShipmentTold {
                line: LINE,
                shipment: "wms/s-1".to_owned(),
                steps: vec![step(1, 2), step(2, 1)],
            },
        ];
        DemandEvent::Linked { .. },
        DemandEvent::LineTold { .. },
        DemandEvent::ShipmentTold { .. },
    )
}

pub fn demand_state() -> Demand {
    Demand::evolve_all(Demand::default(), &demand_events())
}

pub fn heard_order_events() -> Vec<HeardOrderEvent> {
    covers!(
        vec![
            HeardOrderEvent::LinesHeard { lines: BTreeSet::from([LINE.line, LineItemId(78)]) },
            HeardOrderEvent::LinesClosed {
                lines: BTreeSet::from([LINE.line]),
                revision: 4,
                left: vec![LineLeft { line: LINE.line, share: left() }],
            },
            HeardOrderEvent::RevisionHeard { revision: 4 },
        ];
        HeardOrderEvent::LinesHeard { .. },
        HeardOrderEvent::LinesClosed { .. },
        HeardOrderEvent::RevisionHeard { .. },
    )
}

pub fn heard_order_state() -> HeardOrder {
    HeardOrder::evolve_all(HeardOrder::default(), &heard_order_events())
}

pub fn heard_shipment_events() -> Vec<HeardShipmentEvent> {
    let line = ShippedLine { line: LINE.line, item: InventoryItemId(7), units: 2 };
    let said = ShipmentSaid {
        order: LINE.order,
        warehouse: id("wms/W1"),
        at: at(40),
        lowers: true,
        lines: vec![line],
    };
    vec![HeardShipmentEvent::RevisionHeard { revision: 1, said }]
}

pub fn heard_shipment_state() -> HeardShipment {
    HeardShipment::evolve_all(HeardShipment::default(), &heard_shipment_events())
}
