//! What an effect of this service remembers beside its exact bytes.

use bytes::Bytes;
use lockstep_contracts::shopify::admin::{
    AdjustLine, Adjustment, Call, QuantityName, Reason, SetLine, Setting, activate,
    adjust_quantities, levels_of_items, set_quantities,
};
use lockstep_domain::stock::level::Write;
use lockstep_domain::{InventoryItemId, LocationId, StoreId};
use lockstep_ports::{EffectRow, ErrorKind, NewEffect, PortError, Urgency};
use lockstep_runtime::{EFFECT_LEASE, Stop, Work};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::windows::later;

/// One line of a packed write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The inventory item.
    pub item: InventoryItemId,
    /// The location.
    pub location: LocationId,
    /// What is written.
    pub write: Write,
}

/// What the call does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Does {
    /// Writes lines, all of one kind.
    Write {
        /// In the order of the call, since Shopify names a bad line by its index.
        lines: Vec<Line>,
    },
    /// Reads the levels of items at one location.
    Read {
        /// The location.
        location: LocationId,
        /// The items, in the order of the call.
        items: Vec<InventoryItemId>,
    },
    /// Stocks an item at a location.
    Activate {
        /// The item.
        item: InventoryItemId,
        /// The location.
        location: LocationId,
    },
}

/// The notes of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Name of the operation, for logs.
    pub operation: String,
    /// Requested cost, in points.
    pub cost: u32,
    /// True when it lowers what may be sold, or what lowers it waits for it: those calls go first.
    pub lowers: bool,
    /// The half of a refused call that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half: Option<String>,
    /// What it does.
    pub does: Does,
}

impl Context {
    /// The notes of a stored effect; the error is for the log.
    pub fn read(effect: &EffectRow) -> Result<Self, String> {
        serde_json::from_str(effect.context.get())
            .map_err(|e| format!("the notes of effect {} cannot be read: {e}", effect.id))
    }

    /// Whether the call changes something at Shopify.
    pub fn is_write(&self) -> bool {
        matches!(self.does, Does::Write { .. } | Does::Activate { .. })
    }

    /// Whether the same bytes may be sent again without knowing what became of the first.
    pub fn is_repeatable(&self) -> bool {
        match &self.does {
            Does::Write { lines } => lines.iter().all(|line| !line.write.is_set()),
            Does::Read { .. } | Does::Activate { .. } => true,
        }
    }

    /// The lines of an adjust: what a read may have to judge.
    pub fn adjusts(&self) -> Option<&[Line]> {
        match &self.does {
            Does::Write { lines } if self.is_repeatable() => Some(lines),
            _ => None,
        }
    }

    /// Levels that it wrote, by its answer: all or none.
    pub fn levels_written(&self, data: &Value) -> usize {
        let Does::Write { lines } = &self.does else { return 0 };
        let has_errors = |payload: &Value| {
            payload.get("userErrors").and_then(Value::as_array).is_none_or(|all| !all.is_empty())
        };
        let refused = data.as_object().is_none_or(|roots| roots.values().any(has_errors));
        if refused { 0 } else { lines.len() }
    }

    /// Its urgency.
    pub fn urgency(&self) -> Urgency {
        if self.lowers { Urgency::StockDown } else { Urgency::StockUp }
    }
}

/// A read of items at a location; `lowers` when falls wait for it.
pub fn read_effect(
    work: &Work<'_>,
    store: &StoreId,
    (location, items): (LocationId, Vec<InventoryItemId>),
    lowers: bool,
) -> Result<NewEffect, Stop> {
    let call = levels_of_items(&items, location);
    let context = stored(&notes(&call, lowers, Does::Read { location, items }))?;
    Ok(effect(work, store, (work.next_id(), "read"), (call.body, context)))
}

/// A write of lines of one kind, perhaps half of a refused call. `id` is the key at Shopify and the
/// mark in its history.
pub fn write_effect(
    work: &Work<'_>,
    store: &StoreId,
    id: Uuid,
    (lines, half): (Vec<Line>, Option<String>),
) -> Result<NewEffect, Stop> {
    let key = id.to_string();
    let reference = format!("gid://lockstep/Push/{id}");
    let call = call(&lines, &key, &reference);
    let lowers = lines.iter().all(|line| line.write.change() < 0);
    let kind = if lines.iter().any(|l| l.write.is_set()) { "set" } else { "adjust" };
    let context = Context { half, ..notes(&call, lowers, Does::Write { lines }) };
    Ok(effect(work, store, (id, kind), (call.body, stored(&context)?)))
}

/// A call that stocks an item at a location. `id` is the key at Shopify.
pub fn activate_effect(
    work: &Work<'_>,
    store: &StoreId,
    id: Uuid,
    (item, location): (InventoryItemId, LocationId),
) -> Result<NewEffect, Stop> {
    let call = activate(item, location, &id.to_string());
    let context = stored(&notes(&call, false, Does::Activate { item, location }))?;
    Ok(effect(work, store, (id, "activate"), (call.body, context)))
}

fn call(lines: &[Line], key: &str, reference: &str) -> Call {
    let (mut sets, mut adjusts, mut name) = (Vec::new(), Vec::new(), QuantityName::OnHand);
    for Line { item, location, write } in lines.iter().copied() {
        match write {
            Write::SetOnHand { to, from } => {
                sets.push(SetLine { item, location, quantity: to, change_from: Some(from) });
            }
            Write::SetAvailable { to, from } => {
                name = QuantityName::Available;
                sets.push(SetLine { item, location, quantity: to, change_from: Some(from) });
            }
            Write::Adjust { delta } => {
                adjusts.push(AdjustLine { item, location, delta, change_from: None });
            }
        }
    }
    let reason = Reason::Correction;
    if adjusts.is_empty() {
        set_quantities(&Setting { name, reason, reference, lines: &sets, key })
    } else {
        adjust_quantities(&Adjustment { reason, reference, lines: &adjusts, key })
    }
}

fn notes(call: &Call, lowers: bool, does: Does) -> Context {
    let (operation, cost) = (call.operation.to_owned(), call.cost);
    Context { operation, cost, lowers, half: None, does }
}

fn stored(context: &Context) -> Result<Box<RawValue>, Stop> {
    serde_json::value::to_raw_value(context).map_err(|e| {
        Stop::Fault(PortError::new(ErrorKind::Permanent, "encode the notes of an effect", e))
    })
}

fn effect(
    work: &Work<'_>,
    store: &StoreId,
    (id, kind): (Uuid, &str),
    (request, context): (Bytes, Box<RawValue>),
) -> NewEffect {
    let lease = jiff::SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default();
    NewEffect {
        id,
        lane: store.to_string(),
        kind: kind.to_owned(),
        request,
        context,
        lease_until: later(work.now(), lease),
        at: work.now(),
        trace: work.traceparent(),
    }
}
