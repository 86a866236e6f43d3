//! What is to be done for a shipment, by what the order shows.

use std::collections::BTreeSet;

use super::command::Reading;
use super::report::{Origin, Says, Tracking};
use super::settings::StoreShipments;
use super::shown::{Readiness, ShownOrder, ShownRoute, add, less, sum};
use super::state::{
    Call, CallKind, Refusal, Shipment, Shipments, Standing, Taken, Units, WaitsFor,
};
use crate::ids::{FulfillmentId, LineItemId, LocationId};

/// What follows for a shipment.
pub(super) enum Next {
    /// A call is to be made.
    Call(Call),
    /// Nothing is to be done now.
    Stand(Standing),
}

/// What follows for a shipment whose lines are known.
pub(super) fn next(state: &Shipments, key: &str, reading: &Reading) -> Option<Next> {
    let shipment = state.shipments.get(key)?;
    let nothing = ShownOrder::default();
    let shown = reading.shown.as_ref().unwrap_or(&nothing);
    let plan = Plan { state, key, shipment, shown, rules: &reading.rules };
    Some(plan.next())
}

struct Plan<'p> {
    state: &'p Shipments,
    key: &'p str,
    shipment: &'p Shipment,
    shown: &'p ShownOrder,
    rules: &'p StoreShipments,
}

impl Plan<'_> {
    fn next(&self) -> Next {
        if self.shipment.said.says == Says::Cancelled {
            return match self.shipment.live().next() {
                Some(sent) => {
                    let kind = CallKind::Cancel { fulfillment: sent.fulfillment };
                    self.call(&sent.parcel, &sent.tracking, kind)
                }
                None => Next::Stand(Standing::Done),
            };
        }
        if self.is_changed() {
            return refused(Refusal::Changed);
        }
        if let Some((sent, tracking)) = self.shipment.outdated() {
            let kind = CallKind::Track { fulfillment: sent.fulfillment };
            return self.call(&sent.parcel, tracking, kind);
        }
        if self.shipment.said.whole { self.whole() } else { self.named() }
    }

    /// What Shopify has of it is no longer part of it.
    fn is_changed(&self) -> bool {
        let resolved = self.shipment.resolved.as_deref().unwrap_or_default();
        self.shipment.live().any(|sent| {
            if self.shipment.said.whole {
                return !self.shipment.said.parcels.iter().any(|p| p.name == sent.parcel);
            }
            let stated = resolved.iter().find(|resolved| resolved.parcel == sent.parcel);
            let sent_units = self.shipment.sent_of(&sent.parcel);
            stated.is_none_or(|stated| !less(&sent_units, &stated.units).is_empty())
        })
    }

    /// Everything that is open for the warehouse.
    fn whole(&self) -> Next {
        let supply = self.supply();
        let first = self.shipment.said.parcels.first();
        let (Some(parcel), false) = (first, supply.open.is_empty()) else {
            return Next::Stand(self.nothing_open(&supply));
        };
        self.create(&parcel.name, &supply.open, supply.held.is_empty())
    }

    fn nothing_open(&self, supply: &Supply) -> Standing {
        let waits = if !supply.held.is_empty() {
            WaitsFor::Hold(supply.reason.clone())
        } else if self.shipment.live().next().is_some() {
            return Standing::Done;
        } else if let Some(line) = supply.elsewhere.keys().next() {
            WaitsFor::Elsewhere(*line)
        } else if self.is_unrouted() {
            WaitsFor::Routing
        } else {
            return Standing::Refused(self.shopifys_word().unwrap_or(Refusal::NothingOpen));
        };
        Standing::Waits(waits)
    }

    /// Shopify refused a call before, and now there is no room for it: its words say more.
    fn shopifys_word(&self) -> Option<Refusal> {
        self.shipment.doubted.clone().map(|message| Refusal::Shopify { message })
    }

    fn is_unrouted(&self) -> bool {
        self.state.order.as_ref().is_some_and(|order| !order.routed && !order.cancelled)
    }

    /// The lines that are named.
    fn named(&self) -> Next {
        let needs = self.shipment.needs();
        let Some((parcel, need)) = needs.first() else { return Next::Stand(Standing::Done) };
        let supply = self.supply();
        for (line, units) in sum(needs.iter().map(|(_, units)| units)) {
            if let Some(standing) = self.lacks(&supply, line, units) {
                return Next::Stand(standing);
            }
        }
        self.create(parcel, need, false)
    }

    /// Where it stands when a line has not as many units as are meant.
    fn lacks(&self, supply: &Supply, line: LineItemId, units: i64) -> Option<Standing> {
        let of = |from: &Units| from.get(&line).copied().unwrap_or(0);
        let (open, held, elsewhere) = (of(&supply.open), of(&supply.held), of(&supply.elsewhere));
        if units <= open {
            return None;
        }
        if units <= open.saturating_add(held) {
            return Some(Standing::Waits(WaitsFor::Hold(supply.reason.clone())));
        }
        if units <= open.saturating_add(held).saturating_add(elsewhere) {
            return Some(Standing::Waits(WaitsFor::Elsewhere(line)));
        }
        if self.is_unrouted() {
            return Some(Standing::Waits(WaitsFor::Routing));
        }
        let known = self.state.order.iter().flat_map(|order| &order.lines);
        let is_known = known.into_iter().any(|known| known.line == line) || open + held > 0;
        let refusal = if is_known {
            Refusal::TooMany { line, units, open: open.saturating_add(held) }
        } else {
            Refusal::UnknownLine { field: self.field_of(line), line }
        };
        Some(Standing::Refused(refusal))
    }

    fn field_of(&self, line: LineItemId) -> String {
        let entries = self.shipment.said.parcels.iter().flat_map(|parcel| &parcel.lines);
        let named = super::report::LineOf::Line(line);
        let entry = entries.into_iter().find(|entry| entry.of == named);
        entry.map(|entry| format!("{}.line_id", entry.field)).unwrap_or_default()
    }

    fn supply(&self) -> Supply {
        let mut supply = Supply::default();
        for route in &self.shown.routes {
            let is_served = route.location.is_some_and(|at| self.serves(at));
            for shown in &route.lines {
                let to = match &route.readiness {
                    _ if !is_served => &mut supply.elsewhere,
                    Readiness::Ready => &mut supply.open,
                    Readiness::Held(reason) => {
                        supply.reason.clone_from(reason);
                        &mut supply.held
                    }
                };
                add(to, shown.line, shown.remaining);
            }
        }
        supply
    }

    fn serves(&self, location: LocationId) -> bool {
        self.rules.serves(&self.shipment.said.warehouse, location)
    }

    /// A fulfillment of as much as one location has: one call takes from one location only.
    fn create(&self, parcel: &str, need: &Units, is_all: bool) -> Next {
        let mut routes: Vec<_> = self.shown.routes.iter().filter(|r| self.is_ready(r)).collect();
        routes.sort_by_key(|route| route.id);
        let has_needed =
            |route: &&&ShownRoute| route.lines.iter().any(|l| need.contains_key(&l.line));
        let location = routes.iter().find(has_needed).and_then(|route| route.location);
        let (mut takes, mut units) = (Vec::new(), Units::new());
        for route in routes.into_iter().filter(|route| route.location == location) {
            for shown in &route.lines {
                let rest = less(need, &units).get(&shown.line).copied().unwrap_or(0);
                let taken = rest.min(shown.remaining);
                if taken > 0 {
                    takes.push(Taken { route: route.id, line: shown.id, units: taken });
                    add(&mut units, shown.line, taken);
                }
            }
        }
        let completes = is_all && units == *need;
        let known: BTreeSet<FulfillmentId> = self.shown.fulfillments.iter().map(|f| f.id).collect();
        let stated = self.shipment.said.parcels.iter().find(|stated| stated.name == parcel);
        let tracking = stated.map(|stated| stated.tracking.clone()).unwrap_or_default();
        self.call(parcel, &tracking, CallKind::Create { takes, units, known, completes })
    }

    fn is_ready(&self, route: &ShownRoute) -> bool {
        let is_served = route.location.is_some_and(|at| self.serves(at));
        is_served && route.readiness == Readiness::Ready
    }

    fn call(&self, parcel: &str, tracking: &Tracking, kind: CallKind) -> Next {
        let said = &self.shipment.said;
        let notify = said.notify.unwrap_or(self.rules.notify_customer);
        Next::Call(Call {
            shipment: self.key.to_owned(),
            parcel: parcel.to_owned(),
            notify: notify && said.origin == Origin::Report,
            tracking: tracking.clone(),
            kind,
        })
    }
}

fn refused(refusal: Refusal) -> Next {
    Next::Stand(Standing::Refused(refusal))
}

/// Units that are left to be sent.
#[derive(Default)]
struct Supply {
    open: Units,
    held: Units,
    elsewhere: Units,
    reason: String,
}
