//! `orderCancel`: a job.

use super::{done, no};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::jobs::{self, Cancellation, Job};
use crate::mutate::Done;
use crate::mutate::payload::Payload;
use crate::orders::Refused;
use crate::orders::cancel::{Ask, possible};
use crate::resolve::{Front, Obj, id, text};
use serde_json::Value;
use std::time::Duration;

/// Letters of a staff note.
const LONGEST_NOTE: usize = 255;

/// Asks for a cancellation.
///
/// # Errors
/// For ids of another type, and for store credit.
pub(super) fn run(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let order = id(arguments, "orderId", "Order")?;
    let flag = |name: &str| arguments.get(name) == Some(&Value::Bool(true));
    let method = arguments.get("refundMethod").filter(|method| method.is_object());
    if method.is_some_and(|method| method.get("storeCreditRefund").is_some()) {
        return Err(GraphqlError::not_implemented("refundMethod.storeCreditRefund"));
    }
    let old = arguments.get("refund").is_some_and(Value::is_boolean);
    if old && method.is_some() {
        let message = "Only one of the arguments `refund` or `refund_method` is allowed.";
        return Ok(no(&Refused::new(message).code("INVALID"), &["refund"]));
    }
    let original = method.and_then(|method| method.get("originalPaymentMethodsRefund"));
    let note = text(arguments, "staffNote").map(str::to_owned);
    if note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
        let message = "Staff note is too long. Maximum length is 255 characters.";
        return Ok(no(&Refused::new(message).code("INVALID"), &["staffNote"]));
    }
    let ask = Ask {
        reason: text(arguments, "reason").unwrap_or("OTHER").to_lowercase(),
        restock: flag("restock"),
        refund: flag("refund") || original == Some(&Value::Bool(true)),
        notify: flag("notifyCustomer"),
        note,
    };
    let Some(known) = front.shop.orders.get(&order) else {
        let reason = Refused::missing("Order does not exist").code("NOT_FOUND");
        return Ok(no(&reason, &["orderId"]));
    };
    if let Err(reason) = possible(front.shop, known, &ask) {
        return Ok(no(&reason, &["orderId"]));
    }
    if front.shop.cancellations.values().any(|one| one.order == order && !one.done) {
        let message = "Cancellation is already in progress";
        return Ok(no(&Refused::new(message).code("INVALID").blameless(), &["orderId"]));
    }
    let job = front.shop.new_id();
    let asked = Cancellation { order, ask, done: false, failed: None };
    front.shop.cancellations.insert(job, asked);
    let wait = Duration::from_millis(front.shop.settings.job_delay_ms);
    jobs::plan(front.shop, front.now, wait, Job::Cancel { job });
    Ok(done(
        Payload::default()
            .with("job", Some(Obj::Job(job)))
            .with("jobResult", Some(Obj::Cancellation(job))),
    ))
}
