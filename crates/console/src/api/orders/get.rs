//! `GET /orders/{key}`: an order with its lines, and what was shipped of it.

use axum::Json;
use axum::extract::State;
use futures_util::future::join;
use lockstep_contracts::orders::v1::GetOrderRequest;
use lockstep_contracts::shipments::v1::ListShipmentsRequest;
use serde::Serialize;

use super::OWNER;
use crate::api::shipments;
use crate::asking::{ask, hear};
use crate::extract::PathParts;
use crate::problem::{Code, Problem};
use crate::service::Shared;
use crate::view::order::Order;
use crate::view::shipment::Shipment;

#[derive(Serialize)]
pub struct OneOrder {
    order: Order,
    shipments: Vec<Shipment>,
    /// Services that were asked and did not answer: what they know is missing.
    silent: Vec<String>,
}

/// `{store}:{Shopify order id}`, as the feed tells it.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<OneOrder>, Problem> {
    let key = path.text("order");
    let order = GetOrderRequest { order_key: key.to_owned() };
    let shipped =
        ListShipmentsRequest { order_key: key.to_owned(), limit: 1, ..Default::default() };
    let port = &*console.parts.ask;
    let (found, heard) = join(
        ask(port, OWNER, GetOrderRequest::subject(), &order),
        hear(port, shipments::OWNER, ListShipmentsRequest::subject(), &shipped),
    )
    .await;
    let order = found?.order.ok_or_else(|| unknown(key))?;
    let (shipments, silent) = match heard.answer() {
        Some(answer) => (answer.shipments, Vec::new()),
        None => (Vec::new(), vec![shipments::OWNER.to_owned()]),
    };
    let shipments = shipments.into_iter().map(Shipment::new).collect();
    Ok(Json(OneOrder { order: Order::new(order), shipments, silent }))
}

fn unknown(key: &str) -> Problem {
    let shown: String = key.chars().take(80).collect();
    let fix = "GET /api/v1/stores/{id}/orders lists those of a store; a key is {store}:{order id}";
    Problem::new(Code::UnknownOrder, "", format!("there is no order {shown}"), fix)
}
