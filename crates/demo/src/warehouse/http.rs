//! The warehouse's own API, with which people (and the story) work.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Office;
use super::book::{
    Adjust, BurstCommand, Command, CountLine, Line, MoveLine, PickLine, Receive, TransferLine,
    begin_burst, carry_out,
};
use super::desk::{self, Accept, OrderCommand, OrderWork, Reject, ReturnCommand, ShipCommand};
use super::ledger::Fault;
use super::report::Report;

type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;
type Body<T> = Result<Json<T>, JsonRejection>;
type Door = State<Arc<Office>>;

pub fn router(office: Arc<Office>) -> Router {
    Router::new()
        .route("/receive", post(receive))
        .route("/adjust", post(adjust))
        .route("/transfer", post(transfer))
        .route("/pick", post(pick))
        .route("/count", post(count))
        .route("/accept", post(accept))
        .route("/reject", post(reject))
        .route("/ship", post(ship))
        .route("/return", post(give_back))
        .route("/burst", post(burst))
        .route("/ledger", get(ledger))
        .route("/health", get(health))
        .with_state(office)
}

async fn receive(State(office): Door, body: Body<Command<MoveLine>>) -> Answer {
    booked(&office, body, Receive)
}

async fn adjust(State(office): Door, body: Body<Command<MoveLine>>) -> Answer {
    booked(&office, body, Adjust)
}

async fn transfer(State(office): Door, body: Body<Command<TransferLine>>) -> Answer {
    booked(&office, body, |line| line)
}

async fn pick(State(office): Door, body: Body<Command<PickLine>>) -> Answer {
    booked(&office, body, |line| line)
}

async fn count(State(office): Door, body: Body<Command<CountLine>>) -> Answer {
    booked(&office, body, |line| line)
}

async fn accept(State(office): Door, body: Body<OrderCommand>) -> Answer {
    worked(&office, body, Accept)
}

async fn reject(State(office): Door, body: Body<OrderCommand>) -> Answer {
    worked(&office, body, Reject)
}

async fn ship(State(office): Door, body: Body<ShipCommand>) -> Answer {
    worked(&office, body, |command| command)
}

async fn give_back(State(office): Door, body: Body<ReturnCommand>) -> Answer {
    worked(&office, body, |command| command)
}

async fn burst(State(office): Door, body: Body<BurstCommand>) -> Answer {
    let Json(command) = body.map_err(malformed)?;
    begin_burst(&mut office.ledger(), Timestamp::now(), command).map_err(refused)?;
    office.bursts.notify_one();
    Ok(Json(json!({})))
}

async fn ledger(State(office): Door) -> Json<Value> {
    let ledger = office.ledger();
    Json(json!({
        "levels": ledger.levels(),
        "waiting": ledger.waiting(),
        "refused": ledger.refused(),
        "bursts": ledger.bursts(),
        "feed": { "read": ledger.orders().read(), "missed": ledger.orders().missed() },
        "orders": ledger.orders().views(),
        "reservations": ledger.orders().reservations(),
        "shipments": ledger.orders().shipments(),
        "returns": ledger.orders().returns(),
        "refunds": ledger.orders().refunds(),
        "verdicts": ledger.orders().verdicts(),
    }))
}

async fn health(State(office): Door) -> Json<Value> {
    Json(json!({ "status": "ok", "waiting": office.ledger().waiting() }))
}

fn booked<T, L: Line>(office: &Office, body: Body<Command<T>>, line: fn(T) -> L) -> Answer {
    let Json(command) = body.map_err(malformed)?;
    let lines = command.lines.into_iter().map(line).collect();
    let mut ledger = office.ledger();
    let reports = carry_out(&mut ledger, Timestamp::now(), command.request_id, lines);
    told(office, reports)
}

fn worked<T, W: OrderWork>(office: &Office, body: Body<T>, work: fn(T) -> W) -> Answer {
    let Json(command) = body.map_err(malformed)?;
    told(office, desk::carry_out(&mut office.ledger(), Timestamp::now(), work(command)))
}

fn told(office: &Office, reports: Result<Vec<Report>, Fault>) -> Answer {
    let reports = reports.map_err(refused)?;
    office.reports.notify_one();
    let ids: Vec<&str> = reports.iter().map(|report| report.event_id.as_str()).collect();
    Ok(Json(json!({ "event_ids": ids })))
}

fn malformed(rejection: JsonRejection) -> (StatusCode, Json<Value>) {
    (rejection.status(), Json(json!({ "error": rejection.body_text() })))
}

fn refused(fault: Fault) -> (StatusCode, Json<Value>) {
    let status = match fault {
        Fault::Command(_) => StatusCode::BAD_REQUEST,
        Fault::Unknown(_) => StatusCode::NOT_FOUND,
        Fault::NotEnough { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::Disk(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(json!({ "error": fault.to_string() })))
}
