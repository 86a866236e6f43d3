//! The orders of a store were looked through and read, as order-sync says.

use std::collections::BTreeMap;

use lockstep_contracts::orders::v1::OrdersSwept;
use lockstep_domain::OrderId;
use lockstep_domain::stock::orders_read::{Span, Sweep};
use lockstep_runtime::{Stop, Work};

use crate::facts::positive;
use crate::falls;
use crate::translate::{moment, poison, store};

/// Orders that one sweep names, at most.
const ORDERS_MAX: usize = 2_000;

/// Notes which of its orders are still to be heard.
pub fn apply(event: &OrdersSwept, work: &mut Work<'_>) -> Result<(), Stop> {
    let store = store(&event.store)?;
    if event.orders.len() > ORDERS_MAX {
        return Err(poison("orders", format!("are {ORDERS_MAX} at most")));
    }
    let since = event.since.as_ref().map(|at| moment("since", Some(at))).transpose()?;
    let until = moment("until", event.until.as_ref())?;
    if since.is_some_and(|since| since > until) {
        return Err(poison("until", "is before since"));
    }
    let mut awaits = BTreeMap::new();
    for (index, told) in event.orders.iter().enumerate() {
        let order = OrderId(positive(&format!("orders[{index}].order_id"), told.order_id)?);
        awaits.insert(order, told.revision);
    }
    falls::hear(work, &store, Sweep { span: Span { since, until }, awaits })
}
