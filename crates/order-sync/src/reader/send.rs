//! Makes the calls. What comes back is read here, and who ordered is sealed here, so that nothing
//! unsealed is ever kept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lockstep_contracts::shopify::admin::{
    Call, ORDERS_UPDATED_COST, OrderContact, decode_order_contact, decode_order_numbers,
    order_contact,
};
use lockstep_domain::order::facts::{OrderRead, SealedContact};
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::{
    AdminError, AdminErrorKind, AdminRequest, EffectRow, ErrorKind, ObjectStore, PortError,
    ShopifyAdmin, Store, Urgency,
};
use lockstep_runtime::personal::{PersonalKeys, customer_key, order_key};
use lockstep_runtime::{Aggregate, Sent};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::warn;

use crate::aggregates::OrderKind;
use crate::handlers::redaction::ALL_KEYS;
use crate::handlers::webhook::{Kept, open};
use crate::reader::context::Does;

/// A store that does not let us in is asked again after this.
const ACCESS_WAIT: Duration = Duration::from_secs(60);
/// A call that certainly failed on its way is made again after this.
const TRANSIENT_WAIT: Duration = Duration::from_secs(2);
/// An order that changed while it was read is read again after this.
const CHANGED_WAIT: Duration = Duration::from_secs(1);
/// Pages of one order; the largest have a few.
const PAGES_MAX: usize = 100;
/// Orders that are told of again in one transaction.
pub const RECHECK_MAX: u32 = 50;
/// Bucket of webhook bodies, as webhook-ingest names it.
const BODIES: &str = "shopify-bodies";

/// What the calls are made with.
pub struct Sender {
    /// Shopify.
    pub shopify: Arc<dyn ShopifyAdmin>,
    /// Bodies too large for a message.
    pub objects: Arc<dyn ObjectStore>,
    /// The service's own database, to list orders.
    pub store: Arc<dyn Store>,
    /// Keys of customers.
    pub keys: Arc<PersonalKeys>,
}

/// What a read of an order showed; nothing when the store shows no such order.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReadAnswer {
    /// The order.
    pub shown: Option<OrderRead>,
}

/// Orders to be told of again.
#[derive(Debug, Serialize, Deserialize)]
pub struct RecheckAnswer {
    /// Their ids.
    pub ids: Vec<String>,
    /// There may be more.
    pub more: bool,
}

impl Sender {
    /// Makes the call of an effect.
    pub async fn send(&self, effect: &EffectRow, does: &Does) -> Sent {
        let Ok(store) = StoreId::try_new(effect.lane.as_str()) else {
            return Sent::Refused(format!("{} is not a store", effect.lane));
        };
        match does {
            Does::Read { order, contact, .. } => {
                let read = self.read(&store, *order, (&effect.request, *contact)).await;
                read.map_or_else(|failed| failed, |shown| answered(&ReadAnswer { shown }))
            }
            Does::Route { .. } => self.query("OrdersOfFulfillmentOrders", &store, effect, 2).await,
            Does::Cancel { .. } => self.cancel(&store, effect).await,
            Does::Fetch { object, kept } => self.fetch(object, kept).await,
            Does::Sweep { .. } => {
                self.query("OrdersUpdated", &store, effect, ORDERS_UPDATED_COST).await
            }
            Does::Recheck { pass } => self.list(&store, &pass.after).await,
            Does::Destroy { keys, .. } => self.destroy(&store, keys).await,
        }
    }

    async fn query(&self, name: &str, store: &StoreId, effect: &EffectRow, cost: u32) -> Sent {
        let request = request(name, &effect.request, cost);
        match self.shopify.send(store, &request).await {
            Ok(answer) => Sent::Answered(json!({ "data": answer.data })),
            Err(e) => failed(&e),
        }
    }

    async fn cancel(&self, store: &StoreId, effect: &EffectRow) -> Sent {
        let mut request = request("OrderCancel", &effect.request, 10);
        request.mutation = true;
        match self.shopify.send(store, &request).await {
            Ok(answer) => Sent::Answered(json!({ "data": answer.data })),
            Err(e) if e.kind == AdminErrorKind::UnknownOutcome => Sent::Unknown(e.to_string()),
            Err(e) => failed(&e),
        }
    }

    async fn read(
        &self,
        store: &StoreId,
        order: OrderId,
        (body, contact): (&Bytes, bool),
    ) -> Result<Option<OrderRead>, Sent> {
        let first = request("OrderNumbers", body, 269);
        let data = self.ask(store, &first).await?;
        let decoded = decode_order_numbers(&data).map_err(|e| Sent::Refused(e.to_string()))?;
        let Some(mut pages) = decoded else { return Ok(None) };
        for _ in 0..PAGES_MAX {
            let Some(call) = pages.next_call() else { break };
            let data = self.call(store, &call).await?;
            if !pages.add(&data).map_err(|e| Sent::Refused(e.to_string()))? {
                let reason = "the order changed while it was read".to_owned();
                return Err(Sent::NotApplied { wait: CHANGED_WAIT, reason });
            }
        }
        if pages.next().is_some() {
            return Err(Sent::Refused(format!("the order has more than {PAGES_MAX} pages")));
        }
        let mut read = pages.into_read();
        if contact {
            self.add_contact(store, order, &mut read).await?;
        }
        Ok(Some(read))
    }

    /// A store whose app may not see customers is served without them.
    async fn add_contact(
        &self,
        store: &StoreId,
        order: OrderId,
        read: &mut OrderRead,
    ) -> Result<(), Sent> {
        read.contact_read = true;
        let request = AdminRequest::new(&order_contact(order), Urgency::Orders);
        let data = match self.shopify.send(store, &request).await {
            Ok(answer) => answer.data,
            Err(e) if e.kind == AdminErrorKind::Permanent => {
                warn!(%store, %order, error = %e, "who ordered is not shown to this app");
                return Ok(());
            }
            Err(e) => return Err(failed(&e)),
        };
        let decoded = decode_order_contact(&data).map_err(|e| Sent::Refused(e.to_string()))?;
        let Some(OrderContact { customer, contact }) = decoded else { return Ok(()) };
        read.customer = customer;
        let Some(contact) = contact else { return Ok(()) };
        let key = match customer {
            Some(customer) => customer_key(store, customer.get()),
            None => order_key(store, order.get()),
        };
        let sealed = self.keys.seal(&key, &contact.encode_to_vec()).await.map_err(|e| away(&e))?;
        let (sealed, mark) = (STANDARD.encode(sealed.bytes), sealed.mark);
        read.contact = Some(SealedContact { key, sealed, mark });
        Ok(())
    }

    async fn call(&self, store: &StoreId, call: &Call) -> Result<Value, Sent> {
        self.ask(store, &AdminRequest::new(call, Urgency::Orders)).await
    }

    async fn ask(&self, store: &StoreId, request: &AdminRequest) -> Result<Value, Sent> {
        match self.shopify.send(store, request).await {
            Ok(answer) => Ok(answer.data),
            Err(e) => Err(failed(&e)),
        }
    }

    async fn fetch(&self, object: &str, kept: &Kept) -> Sent {
        match self.objects.get(BODIES, object).await {
            Ok(Some(body)) => match open(&body, kept) {
                Ok(news) => answered(&news),
                Err(reason) => Sent::Refused(reason),
            },
            Ok(None) => Sent::Refused("the body is no longer kept".to_owned()),
            Err(e) => away(&e),
        }
    }

    async fn list(&self, store: &StoreId, after: &str) -> Sent {
        let (kind, prefix) = (OrderKind::KIND, format!("{store}/"));
        match self.store.scan(kind, &prefix, after, RECHECK_MAX).await {
            Ok(found) => {
                let more = found.len() == usize::try_from(RECHECK_MAX).unwrap_or(usize::MAX);
                let ids = found.into_iter().map(|(id, _)| id).collect();
                answered(&RecheckAnswer { ids, more })
            }
            Err(e) => away(&e),
        }
    }

    async fn destroy(&self, store: &StoreId, keys: &BTreeSet<String>) -> Sent {
        for key in keys {
            let destroyed = match key.as_str() {
                ALL_KEYS => self.keys.destroy_of(store).await,
                key => self.keys.destroy(key).await,
            };
            if let Err(e) = destroyed {
                return away(&e);
            }
        }
        Sent::Answered(Value::Null)
    }
}

fn request(operation: &str, body: &Bytes, cost: u32) -> AdminRequest {
    AdminRequest {
        operation: operation.to_owned(),
        body: body.clone(),
        cost,
        urgency: Urgency::Orders,
        idempotent: false,
        mutation: false,
    }
}

fn answered(value: &impl Serialize) -> Sent {
    match serde_json::to_value(value) {
        Ok(value) => Sent::Answered(value),
        Err(e) => Sent::Refused(format!("an answer cannot be kept: {e}")),
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

fn away(error: &PortError) -> Sent {
    let reason = error.chain();
    match error.kind {
        ErrorKind::Permanent => Sent::Refused(reason),
        ErrorKind::Transient | ErrorKind::Conflict => {
            Sent::NotApplied { wait: TRANSIENT_WAIT, reason }
        }
    }
}
