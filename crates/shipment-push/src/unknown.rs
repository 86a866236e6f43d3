//! Calls of which readings cannot tell whether Shopify executed them: what they are, and a person's
//! word about them.

use lockstep_contracts::convert::order_lines::order_key;
use lockstep_contracts::shipments::v1::{
    CallSettledAs, CandidateView, ListUnknownCallsRequest, ListUnknownCallsResponse,
    SettleCallOutcome, SettleCallRequest, SettleCallResponse, ShippedLine, UnknownCall,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::shipment::{
    Call, CallKind, Settled, ShipmentCommand, Shipments, ShownFulfillment, Unsettled,
};
use lockstep_domain::{EffectId, FulfillmentId, OrderId, StoreId};
use lockstep_ports::{EffectRow, EffectState, ErrorKind, PortError};
use lockstep_runtime::{Aggregate, Engine, EngineError, Origin, Stop};
use uuid::Uuid;

use crate::aggregates::{ShipmentsKind, shipments_id};
use crate::announce::decide;
use crate::pusher::Does;
use crate::schedule::{self, Due};

/// Calls in one answer.
const LISTED_MAX: u32 = 100;
/// Effects that are looked through for those of one store.
const LOOKED_THROUGH: u32 = 2_000;

/// Calls that ask a person, oldest first.
pub async fn list_unknown_calls(
    engine: &Engine,
    request: &ListUnknownCallsRequest,
) -> Result<ListUnknownCallsResponse, PortError> {
    let limit = request.limit.clamp(1, LISTED_MAX) as usize;
    let mut answer = ListUnknownCallsResponse::default();
    for row in engine.store().effects_of(&[EffectState::Asks], LOOKED_THROUGH).await? {
        if !request.store.is_empty() && request.store != row.lane {
            continue;
        }
        let Some(asking) = Asking::read(&row) else { continue };
        let state = engine.read::<ShipmentsKind>(&asking.id()).await?.unwrap_or_default();
        let Some(call) = asking.view(&row, &state) else { continue };
        if answer.calls.len() == limit {
            answer.has_more = true;
            break;
        }
        answer.calls.push(call);
    }
    Ok(answer)
}

/// A person says what became of a call: recorded, and its order goes on.
pub async fn settle_call(
    engine: &Engine,
    request: &SettleCallRequest,
) -> Result<SettleCallResponse, PortError> {
    let said = match (request.settled_as(), request.fulfillment_id) {
        (CallSettledAs::Applied, 0) => Settled::Applied(None),
        (CallSettledAs::Applied, id) if id > 0 => Settled::Applied(Some(FulfillmentId(id))),
        (CallSettledAs::NotApplied, 0) => Settled::NotApplied,
        _ => return Ok(answer(SettleCallOutcome::Invalid)),
    };
    let Ok(id) = Uuid::parse_str(&request.id) else {
        return Ok(answer(SettleCallOutcome::Invalid));
    };
    let asks = engine.store().effect(id).await?.filter(|row| row.state == EffectState::Asks);
    let Some(asking) = asks.as_ref().and_then(Asking::read) else {
        return Ok(answer(SettleCallOutcome::NotFound));
    };
    let by = &request.by;
    let note = format!("{by} says: {}", request.settled_as().as_str_name());
    let keys = [ShipmentsKind::key(asking.id())];
    let settled = engine
        .transact(Origin::new(format!("settle:{by}"), None), &keys, |work| {
            let Asking { store, order, effect } = &asking;
            let checked = work.state::<ShipmentsKind>(&asking.id())?.settled(effect, said);
            if checked.is_ok() {
                let command = ShipmentCommand::Settle { asks: effect.clone(), said };
                decide(work, store, *order, &command)?;
                work.move_effect(id, EffectState::Closed, &note);
                schedule::news(work, store, Due::Order(*order))?;
            }
            Ok::<_, Stop>(checked)
        })
        .await;
    match settled {
        Ok(checked) => Ok(checked.map_or_else(refused, |_| answer(SettleCallOutcome::Settled))),
        // Another word, or a reading, came first.
        Err(EngineError::AlreadyConcluded) => Ok(answer(SettleCallOutcome::NotFound)),
        Err(EngineError::Poison(reason)) => Err(PortError::plain(ErrorKind::Permanent, reason)),
        Err(EngineError::Port(e)) => Err(e),
    }
}

fn refused(why: Unsettled) -> SettleCallResponse {
    let not_it =
        |message: String| SettleCallResponse { message, ..answer(SettleCallOutcome::NotIt) };
    match why {
        Unsettled::NotAsked => answer(SettleCallOutcome::NotFound),
        Unsettled::WhichOne => answer(SettleCallOutcome::WhichOne),
        Unsettled::Older(id) => not_it(format!("fulfillment {id} was there before the call")),
        Unsettled::AnotherParcel(id) => not_it(format!("fulfillment {id} is another parcel's")),
        Unsettled::NotAmong(id) => {
            not_it(format!("fulfillment {id} is none of those that may be the call"))
        }
        Unsettled::TakenBack(id) => {
            not_it(format!("fulfillment {id} was taken back: nothing of the call is left"))
        }
    }
}

fn answer(outcome: SettleCallOutcome) -> SettleCallResponse {
    SettleCallResponse { outcome: outcome.into(), message: String::new() }
}

/// The reading that could not tell.
struct Asking {
    store: StoreId,
    order: OrderId,
    effect: EffectId,
}

impl Asking {
    /// Nothing for what cannot be understood.
    fn read(row: &EffectRow) -> Option<Self> {
        let store = StoreId::try_new(row.lane.as_str()).ok()?;
        let effect = EffectId::try_new(row.id.to_string()).ok()?;
        let (Does::Read { order } | Does::Change { order, .. }) = Does::read(row).ok()?;
        Some(Self { store, order, effect })
    }

    fn id(&self) -> String {
        shipments_id(&self.store, self.order)
    }

    fn view(&self, row: &EffectRow, state: &Shipments) -> Option<UnknownCall> {
        let (call, candidates) = state.asked(&self.effect)?;
        let item = |line| {
            let lines = state.order.iter().flat_map(|order| &order.lines);
            lines.into_iter().find(|known| known.line == line).and_then(|known| known.item)
        };
        let units = match &call.kind {
            CallKind::Create { units, .. } => units.iter().collect(),
            CallKind::Track { .. } | CallKind::Cancel { .. } => Vec::new(),
        };
        let line = |(line, units): (&_, &i64)| ShippedLine {
            line_id: lockstep_domain::LineItemId::get(*line),
            inventory_item_id: item(*line).map_or(0, lockstep_domain::InventoryItemId::get),
            quantity: *units,
        };
        let Call { shipment, parcel, tracking, .. } = call.clone();
        Some(UnknownCall {
            id: row.id.to_string(),
            store: self.store.to_string(),
            order_key: order_key(&self.store, self.order),
            shipment,
            parcel,
            since: Some(to_proto(row.created_at)),
            lines: units.into_iter().map(line).collect(),
            company: tracking.company,
            numbers: tracking.numbers,
            candidates: candidates.iter().map(candidate).collect(),
        })
    }
}

fn candidate(shown: &ShownFulfillment) -> CandidateView {
    CandidateView {
        fulfillment_id: shown.id.get(),
        quantity: shown.units.values().sum(),
        numbers: shown.numbers.clone(),
        cancelled: shown.cancelled,
    }
}
