//! Orders and shipments of both sides beside each other: what the stores' Admin API shows, and
//! what stands in the warehouse's ledger.

use std::collections::{BTreeMap, BTreeSet};

use crate::tell::Teller;

/// A line of an order: the order's key, as `north:1001`, and the line's id.
pub type LineId = (String, String);

/// A line of an order, as one side sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pub sku: String,
    /// Pieces that left.
    pub shipped: i64,
    /// Pieces that are still to leave.
    pub open: i64,
}

/// A parcel: an order's key, its number, and the pieces in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parcel {
    pub order_key: String,
    pub tracking_number: String,
    /// Pieces per line.
    pub units: BTreeMap<String, i64>,
}

/// Refunded pieces: order, refund, line, how many, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refunded {
    pub order_key: String,
    pub refund_id: String,
    pub line_id: String,
    pub quantity: i64,
    /// As Shopify says it: `NO_RESTOCK`, `CANCEL`, `RETURN`.
    pub restock: String,
}

/// Everything that one side knows of orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trade {
    pub lines: BTreeMap<LineId, Line>,
    /// Not a set: a parcel that is there twice must be seen twice.
    pub parcels: Vec<Parcel>,
    pub refunded: Vec<Refunded>,
}

impl Trade {
    /// Takes what another store, or warehouse, knows beside it.
    pub fn extend(&mut self, other: Self) {
        self.lines.extend(other.lines);
        self.parcels.extend(other.parcels);
        self.refunded.extend(other.refunded);
    }

    /// Pieces of an order that have left.
    #[must_use]
    pub fn shipped(&self, order_key: &str) -> i64 {
        let lines = self.lines.iter().filter(|((key, _), _)| key == order_key);
        lines.map(|(_, line)| line.shipped).sum()
    }
}

/// A line of a table: what it is about, and what each side says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    about: String,
    warehouse: String,
    shopify: String,
}

impl Row {
    fn is_equal(&self) -> bool {
        self.warehouse == self.shopify
    }
}

/// True when of every line of an order both sides say that as much has left and is open.
#[must_use]
pub fn has_equal_lines(warehouse: &Trade, shopify: &Trade) -> bool {
    orders(warehouse, shopify).iter().all(Row::is_equal)
}

/// Shows both sides of orders, parcels and refunds; true when all are equal.
pub fn show(tell: &Teller, warehouse: &Trade, shopify: &Trade) -> bool {
    let tables = [
        ("order lines", "order, line", orders as fn(&Trade, &Trade) -> Vec<Row>),
        ("parcels", "order, parcel", parcels),
        ("refunded lines", "order, refund, line", refunds),
    ];
    let mut good = true;
    for (noun, about, rows) in tables {
        let rows = rows(warehouse, shopify);
        tell.line("");
        let line = |cells: [&str; 4]| {
            let [about, warehouse, shopify, verdict] = cells;
            format!("  {about:<40}{warehouse:>22}{shopify:>22}  {verdict}")
        };
        tell.line(line([about, "warehouse says", "Shopify shows", ""]).trim_end());
        tell.line(format!("  {}", "-".repeat(93)));
        for row in &rows {
            let verdict = if row.is_equal() { "equal" } else { "DIFFERENT" };
            tell.line(line([&row.about, &row.warehouse, &row.shopify, verdict]));
        }
        let equal = rows.iter().filter(|row| row.is_equal()).count();
        let all_equal = equal == rows.len() && !rows.is_empty();
        tell.line("");
        tell.verdict(all_equal, &format!("{equal} of {} {noun} equal", rows.len()));
        good &= all_equal;
    }
    good
}

/// What one side says when it knows nothing of it.
const NOTHING: &str = "-";

fn orders(warehouse: &Trade, shopify: &Trade) -> Vec<Row> {
    let ids: BTreeSet<&LineId> = warehouse.lines.keys().chain(shopify.lines.keys()).collect();
    let says = |side: &Trade, id: &LineId| {
        let line = side.lines.get(id);
        line.map_or(NOTHING.to_owned(), |line| format!("{} left, {} open", line.shipped, line.open))
    };
    let rows = ids.into_iter().map(|id| {
        let known = shopify.lines.get(id).or_else(|| warehouse.lines.get(id));
        let sku = known.map_or("", |line| line.sku.as_str());
        Row {
            about: format!("{} {sku}", id.0),
            warehouse: says(warehouse, id),
            shopify: says(shopify, id),
        }
    });
    rows.collect()
}

fn parcels(warehouse: &Trade, shopify: &Trade) -> Vec<Row> {
    let all: BTreeSet<&Parcel> = warehouse.parcels.iter().chain(&shopify.parcels).collect();
    let says = |side: &Trade, parcel: &Parcel| {
        let pieces: i64 = parcel.units.values().sum();
        times(side.parcels.iter().filter(|one| *one == parcel).count(), pieces)
    };
    let rows = all.into_iter().map(|parcel| Row {
        about: format!("{} {}", parcel.order_key, parcel.tracking_number),
        warehouse: says(warehouse, parcel),
        shopify: says(shopify, parcel),
    });
    rows.collect()
}

fn refunds(warehouse: &Trade, shopify: &Trade) -> Vec<Row> {
    let all: BTreeSet<&Refunded> = warehouse.refunded.iter().chain(&shopify.refunded).collect();
    let says = |side: &Trade, refunded: &Refunded| {
        times(side.refunded.iter().filter(|one| *one == refunded).count(), refunded.quantity)
    };
    let rows = all.into_iter().map(|refunded| Row {
        about: format!("{} {}", refunded.order_key, refunded.restock),
        warehouse: says(warehouse, refunded),
        shopify: says(shopify, refunded),
    });
    rows.collect()
}

/// So many pieces, so often.
fn times(count: usize, pieces: i64) -> String {
    match count {
        0 => NOTHING.to_owned(),
        1 => format!("{pieces} pieces"),
        _ => format!("{pieces} pieces, {count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(number: &str) -> Parcel {
        let units = BTreeMap::from([("7".to_owned(), 2)]);
        Parcel { order_key: "north:1".to_owned(), tracking_number: number.to_owned(), units }
    }

    fn trade() -> Trade {
        let line = Line { sku: "MUG-1".to_owned(), shipped: 2, open: 1 };
        let refunded = Refunded {
            order_key: "north:1".to_owned(),
            refund_id: "9".to_owned(),
            line_id: "7".to_owned(),
            quantity: 1,
            restock: "RETURN".to_owned(),
        };
        Trade {
            lines: BTreeMap::from([(("north:1".to_owned(), "7".to_owned()), line)]),
            parcels: vec![parcel("A-1")],
            refunded: vec![refunded],
        }
    }

    fn differs(change: impl Fn(&mut Trade)) {
        let mut other = trade();
        change(&mut other);
        let tell = Teller::start();
        assert!(!show(&tell, &trade(), &other) && !show(&tell, &other, &trade()));
    }

    #[test]
    fn each_order_parcel_and_refund_must_be_there_once_on_both_sides() {
        let tell = Teller::start();
        assert!(has_equal_lines(&trade(), &trade()) && show(&tell, &trade(), &trade()));
        differs(|other| other.parcels.push(parcel("A-1")));
        differs(|other| other.parcels.push(parcel("A-2")));
        differs(|other| other.parcels.clear());
        differs(|other| other.lines.clear());
        differs(|other| other.lines.values_mut().for_each(|line| line.open = 0));
        differs(|other| other.refunded.clear());
        differs(|other| "CANCEL".clone_into(&mut other.refunded[0].restock));
        assert!(
            !show(&tell, &Trade::default(), &Trade::default()),
            "nothing compared proves nothing"
        );
    }
}
