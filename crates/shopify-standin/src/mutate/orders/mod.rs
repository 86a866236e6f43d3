//! Mutations of orders: their input is read here, their rules stand in `crate::orders`.

mod cancel;
mod create;
mod editing;
mod fulfillment;
mod goods;
mod input;
mod refund;
mod returns;
mod update;

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::idempotency::Outcome;
use crate::orders::Refused;
use crate::resolve::Front;

/// Runs a mutation of orders; `None` when it is none.
///
/// # Errors
/// For ids of another type, and for what this stand-in does not have.
pub fn run(
    front: &mut Front<'_>,
    name: &str,
    arguments: &Arguments,
) -> Option<Result<Done, GraphqlError>> {
    Some(match name {
        "fulfillmentCreate" => fulfillment::create(front, arguments),
        "fulfillmentTrackingInfoUpdate" => fulfillment::update_tracking(front, arguments),
        "fulfillmentCancel" => fulfillment::cancel(front, arguments),
        "fulfillmentOrderMove" => goods::relocate(front, arguments),
        "fulfillmentOrderSplit" => goods::split(front, arguments),
        "fulfillmentOrderMerge" => goods::merge(front, arguments),
        "fulfillmentOrderHold" => goods::hold(front, arguments),
        "fulfillmentOrderReleaseHold" => goods::release(front, arguments),
        "fulfillmentOrderOpen" => goods::open(front, arguments),
        "fulfillmentOrderCancel" => goods::cancel(front, arguments),
        "fulfillmentOrderReschedule" => goods::reschedule(front, arguments),
        "fulfillmentOrderReportProgress" => goods::report_progress(front, arguments),
        "orderCancel" => cancel::run(front, arguments),
        "orderCreate" => create::run(front, arguments),
        "refundCreate" => refund::run(front, arguments),
        "returnCreate" => returns::begin(front, arguments, false),
        "returnRequest" => returns::begin(front, arguments, true),
        "returnApproveRequest" => returns::approve(front, arguments),
        "returnDeclineRequest" => returns::decline(front, arguments),
        "returnClose" => returns::end(front, arguments, "CLOSED"),
        "returnReopen" => returns::end(front, arguments, "OPEN"),
        "returnCancel" => returns::end(front, arguments, "CANCELED"),
        "returnProcess" => returns::process(front, arguments),
        "removeFromReturn" => returns::remove(front, arguments),
        "reverseDeliveryCreateWithShipping" => returns::deliver(front, arguments),
        "reverseDeliveryShippingUpdate" => returns::deliver_otherwise(front, arguments),
        "reverseFulfillmentOrderDispose" => returns::dispose(front, arguments),
        "orderEditBegin" => editing::begin(front, arguments),
        "orderEditAddVariant" => editing::add_variant(front, arguments),
        "orderEditAddCustomItem" => editing::add_custom(front, arguments),
        "orderEditSetQuantity" => editing::set_quantity(front, arguments),
        "orderEditCommit" => editing::commit(front, arguments),
        "orderUpdate" => update::update(front, arguments),
        "orderClose" => update::close(front, arguments, true),
        "orderOpen" => update::close(front, arguments, false),
        "orderMarkAsPaid" => update::mark_as_paid(front, arguments),
        "orderDelete" => update::delete(front, arguments),
        "tagsAdd" => update::tags(front, arguments, true),
        "tagsRemove" => update::tags(front, arguments, false),
        _ => return None,
    })
}

/// A payload that was made.
fn done(payload: Payload) -> Done {
    Done { payload, outcome: Outcome::Group(None) }
}

/// A refusal at the argument that it blames, or at `field`.
fn refusal(refused: &Refused, field: &[&str]) -> Refusal {
    let own: Vec<&str> = refused.field.iter().map(String::as_str).collect();
    let refusal = match (own.as_slice(), field) {
        ([], []) => Refusal::whole(refused.code, refused.message.as_str()),
        ([], field) => Refusal::at(refused.code, field, refused.message.as_str()),
        (own, _) => Refusal::at(refused.code, own, refused.message.as_str()),
    };
    if refused.blameless { refusal.blameless() } else { refusal }
}

/// A call that was refused for one reason.
fn no(reason: &Refused, field: &[&str]) -> Done {
    refused(vec![refusal(reason, field)])
}
