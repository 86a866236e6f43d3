//! Makes the calls.

use std::time::Duration;

use lockstep_contracts::shopify::admin::decode_shipments_of_order;
use lockstep_domain::StoreId;
use lockstep_domain::shipment::{CallKind, ShownOrder};
use lockstep_ports::{AdminError, AdminErrorKind, AdminRequest, EffectRow, ShopifyAdmin, Urgency};
use lockstep_runtime::Sent;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::pusher::context::Does;

/// A store that does not let us in is asked again after this.
const ACCESS_WAIT: Duration = Duration::from_secs(60);
/// A call that certainly failed on its way is made again after this.
const TRANSIENT_WAIT: Duration = Duration::from_secs(2);
/// An order that changed while it was read is read again after this.
const CHANGED_WAIT: Duration = Duration::from_secs(1);
/// Pages of one order; the largest have a few.
const PAGES_MAX: usize = 100;

/// What a reading showed; nothing when the store shows no such order.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReadAnswer {
    /// The order.
    pub shown: Option<ShownOrder>,
}

/// Makes the call of an effect.
pub async fn send(shopify: &dyn ShopifyAdmin, effect: &EffectRow, does: Does) -> Sent {
    let Ok(store) = StoreId::try_new(effect.lane.as_str()) else {
        return Sent::Refused(format!("{} is not a store", effect.lane));
    };
    match does {
        Does::Read { .. } => match read(shopify, &store, effect).await {
            Ok(shown) => match serde_json::to_value(ReadAnswer { shown }) {
                Ok(value) => Sent::Answered(value),
                Err(e) => Sent::Refused(format!("an answer cannot be kept: {e}")),
            },
            Err(failed) => failed,
        },
        Does::Change { call, .. } => {
            let operation = match call.kind {
                CallKind::Create { .. } => "FulfillmentCreate",
                CallKind::Track { .. } => "FulfillmentTracking",
                CallKind::Cancel { .. } => "FulfillmentCancel",
            };
            let request = AdminRequest { mutation: true, ..request(operation, effect, 10) };
            match shopify.send(&store, &request).await {
                Ok(answer) => Sent::Answered(json!({ "data": answer.data })),
                Err(e) if e.kind == AdminErrorKind::UnknownOutcome => Sent::Unknown(e.to_string()),
                Err(e) => failed(&e),
            }
        }
    }
}

async fn read(
    shopify: &dyn ShopifyAdmin,
    store: &StoreId,
    effect: &EffectRow,
) -> Result<Option<ShownOrder>, Sent> {
    let data = ask(shopify, store, &request("ShipmentsOfOrder", effect, 174)).await?;
    let decoded = decode_shipments_of_order(&data).map_err(|e| Sent::Refused(e.to_string()))?;
    let Some(mut pages) = decoded else { return Ok(None) };
    for _ in 0..PAGES_MAX {
        let Some(call) = pages.next_call() else { return Ok(Some(pages.into_shown())) };
        let data = ask(shopify, store, &AdminRequest::new(&call, Urgency::Tracking)).await?;
        if !pages.add(&data).map_err(|e| Sent::Refused(e.to_string()))? {
            let reason = "the order changed while it was read".to_owned();
            return Err(Sent::NotApplied { wait: CHANGED_WAIT, reason });
        }
    }
    Err(Sent::Refused(format!("the order has more than {PAGES_MAX} pages")))
}

async fn ask(
    shopify: &dyn ShopifyAdmin,
    store: &StoreId,
    request: &AdminRequest,
) -> Result<Value, Sent> {
    match shopify.send(store, request).await {
        Ok(answer) => Ok(answer.data),
        Err(e) => Err(failed(&e)),
    }
}

fn request(operation: &str, effect: &EffectRow, cost: u32) -> AdminRequest {
    AdminRequest {
        operation: operation.to_owned(),
        body: effect.request.clone(),
        cost,
        urgency: Urgency::Tracking,
        idempotent: false,
        mutation: false,
    }
}

fn failed(error: &AdminError) -> Sent {
    let reason = error.to_string();
    match error.kind {
        AdminErrorKind::Throttled { wait } | AdminErrorKind::OutOfPoints { wait } => {
            Sent::NotApplied { wait, reason }
        }
        AdminErrorKind::Access => Sent::NotApplied { wait: ACCESS_WAIT, reason },
        AdminErrorKind::Permanent => Sent::Refused(reason),
        // Of a query: whether it was executed does not matter.
        AdminErrorKind::Transient | AdminErrorKind::UnknownOutcome => {
            Sent::NotApplied { wait: TRANSIENT_WAIT, reason }
        }
    }
}
