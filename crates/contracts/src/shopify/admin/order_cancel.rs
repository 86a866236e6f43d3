//! Cancels an order. It has no key: whether it happened is told by the order.

use lockstep_domain::OrderId;
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;

pub(super) const DOCUMENT: Document = Document {
    operation: "OrderCancel",
    text: include_str!("operations/order_cancel.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// Shopify takes at most so many characters of a note.
const NOTE_CHARS_MAX: usize = 255;

/// Asks that an order be cancelled: what is not sent goes back into stock, no money moves, and
/// the customer is not told. The note is for the merchant.
#[must_use]
pub fn order_cancel(order: OrderId, note: &str) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        order: String,
        reason: &'a str,
        restock: bool,
        note: String,
    }
    let note = note.chars().take(NOTE_CHARS_MAX).collect();
    DOCUMENT.call(&Variables { order: order.gid(), reason: "OTHER", restock: true, note })
}

/// Reads the answer to [`order_cancel`]: Shopify's words where it refuses; `None` when it took it
/// and will carry it out.
///
/// # Errors
/// No payload, or one with neither a job nor a refusal.
pub fn decode_order_cancel(data: &Value) -> Result<Option<String>, DecodeError> {
    let payload = read::root(data, &DOCUMENT, "orderCancel")?;
    let errors = read::list(payload, "orderCancelUserErrors");
    let words: Vec<_> = errors.iter().filter_map(|error| read::filled(error, "message")).collect();
    if !errors.is_empty() {
        return Ok(Some(words.join(" ")));
    }
    let job = read::object(payload, "job").ok_or_else(|| DOCUMENT.missing("orderCancel.job"))?;
    read::filled(job, "id").ok_or_else(|| DOCUMENT.missing("orderCancel.job.id"))?;
    Ok(None)
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
