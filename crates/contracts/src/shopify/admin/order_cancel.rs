//! Cancels an order. It has no key: whether it happened is told by the order.

use lockstep_domain::OrderId;
use serde_json::Value;

pub(super) use super::answers::order_cancel::DOCUMENT;
use super::answers::order_cancel::{Variables, answer, call};
use super::answers::words::OrderCancelReason;
use super::document::{Call, DecodeError};
use super::view::Given;

/// Shopify takes at most so many characters of a note.
const NOTE_CHARS_MAX: usize = 255;

/// Asks that an order be cancelled: what is not sent goes back into stock, no money moves, and
/// the customer is not told. The note is for the merchant.
#[must_use]
pub fn order_cancel(order: OrderId, note: &str) -> Call {
    let note = note.chars().take(NOTE_CHARS_MAX).collect();
    call(&Variables {
        order: order.gid(),
        reason: OrderCancelReason::Other,
        restock: true,
        note: Given::Value(note),
    })
}

/// Reads the answer to [`order_cancel`]: Shopify's words where it refuses; `None` when it took it
/// and will carry it out.
///
/// # Errors
/// No payload, or one with neither a job nor a refusal.
pub fn decode_order_cancel(data: &Value) -> Result<Option<String>, DecodeError> {
    let answer = answer(data);
    let payload = answer.order_cancel()?.ok_or_else(|| answer.wrong("orderCancel"))?;
    let errors = payload.order_cancel_user_errors()?;
    if errors.is_empty() {
        let job = payload.job()?.ok_or_else(|| payload.wrong("job"))?;
        job.id()?;
        return Ok(None);
    }
    let words = errors.iter().map(|error| error.message()).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(words.join(" ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_taken_or_refused_with_words() {
        let taken = json!({"orderCancel": {"job": {"id": "gid://shopify/Job/1"},
            "orderCancelUserErrors": []}});
        assert_eq!(decode_order_cancel(&taken), Ok(None));
        let message = "Cannot cancel an order that has already been canceled";
        let refused = json!({"orderCancel": {"job": null,
            "orderCancelUserErrors": [{"code": "INVALID", "message": message}]}});
        assert_eq!(decode_order_cancel(&refused), Ok(Some(message.to_owned())));
        assert!(decode_order_cancel(&json!({"orderCancel": {"job": null}})).is_err());
    }

    #[test]
    fn the_note_is_cut_to_what_shopify_takes() {
        let call = order_cancel(OrderId(5), &"é".repeat(300));
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(body["variables"]["note"].as_str().unwrap().chars().count(), 255);
        assert!(call.mutation && !call.idempotent);
    }
}
