//! Which lines of the order a report means.

use std::collections::BTreeMap;

use super::report::{LineOf, Statement};
use super::shown::{add, sum};
use super::state::{KnownLine, KnownOrder, Resolved, Shipments, Standing, Units, WaitsFor};
use crate::ids::{BackOfficeId, LineItemId, Sku, VariantId, Warehouse};
use crate::order::VariantCodes;

/// The back offices' codes of the variants of an order.
pub type Codes = BTreeMap<VariantId, VariantCodes>;

/// The lines of a statement; where it stands when they cannot be told yet. Of a whole order they
/// are what is known to be open, until a reading says it better.
pub(super) fn resolve(
    state: &Shipments,
    (key, statement): (&str, &Statement),
    codes: &Codes,
) -> Result<Vec<Resolved>, Standing> {
    let Some(order) = &state.order else { return Err(Standing::Waits(WaitsFor::Order)) };
    if statement.whole {
        let first = statement.parcels.first();
        let parcel = first.map(|parcel| parcel.name.clone()).unwrap_or_default();
        return Ok(vec![Resolved { parcel, units: open_at(order, &statement.warehouse) }]);
    }
    let mut room = Room::of(state, key, order);
    let mut resolved = Vec::new();
    for parcel in &statement.parcels {
        let mut units = Units::new();
        for wanted in &parcel.lines {
            match &wanted.of {
                LineOf::Line(line) => {
                    room.take(*line, wanted.units);
                    add(&mut units, *line, wanted.units);
                }
                LineOf::Sku(sku) => {
                    let lines = linked(order, (&statement.warehouse.backoffice, sku), codes);
                    let Some(last) = lines.last() else {
                        return Err(Standing::Waits(WaitsFor::Link(sku.to_string())));
                    };
                    room.spread(&lines, last, wanted.units, &mut units);
                }
            }
        }
        resolved.push(Resolved { parcel: parcel.name.clone(), units });
    }
    Ok(resolved)
}

fn open_at(order: &KnownOrder, warehouse: &Warehouse) -> Units {
    let mut units = Units::new();
    for line in &order.lines {
        let here = line.shares.iter().filter(|share| share.warehouse.as_ref() == Some(warehouse));
        let open = here.map(|share| share.open).fold(0, i64::saturating_add);
        if open > 0 {
            add(&mut units, line.line, open);
        }
    }
    units
}

/// The lines of an order that are linked to a code, by id.
fn linked(
    order: &KnownOrder,
    (backoffice, sku): (&BackOfficeId, &Sku),
    codes: &Codes,
) -> Vec<LineItemId> {
    let is_linked = |line: &&KnownLine| {
        let codes = line.variant.and_then(|variant| codes.get(&variant));
        codes.and_then(|codes| codes.sku(backoffice)) == Some(sku)
    };
    let mut lines: Vec<_> = order.lines.iter().filter(is_linked).map(|line| line.line).collect();
    lines.sort_unstable();
    lines
}

/// Units of each line that no other shipment has.
struct Room(Units);

impl Room {
    fn of(state: &Shipments, key: &str, order: &KnownOrder) -> Self {
        let mut room = Units::new();
        for line in &order.lines {
            let open = line.shares.iter().map(|share| share.open).fold(0, i64::saturating_add);
            add(&mut room, line.line, open);
        }
        if let Some(own) = state.shipments.get(key) {
            room = sum([&room, &own.sent_units()]);
        }
        let mut room = Self(room);
        let others = state.shipments.iter().filter(|(other, _)| *other != key);
        for (_, other) in others.filter(|(_, other)| other.wants_read()) {
            for (line, units) in other.needs().into_iter().flat_map(|(_, units)| units) {
                room.take(line, units);
            }
        }
        room
    }

    fn take(&mut self, line: LineItemId, units: i64) {
        let left = self.0.entry(line).or_default();
        *left = left.saturating_sub(units);
    }

    /// Spreads units over lines of one thing, the first first; what is too much is the last's.
    fn spread(&mut self, lines: &[LineItemId], last: &LineItemId, units: i64, to: &mut Units) {
        let mut rest = units;
        for line in lines {
            let taken = self.0.get(line).copied().unwrap_or(0).clamp(0, rest);
            if taken > 0 {
                self.take(*line, taken);
                add(to, *line, taken);
                rest -= taken;
            }
        }
        if rest > 0 {
            self.take(*last, rest);
            add(to, *last, rest);
        }
    }
}
