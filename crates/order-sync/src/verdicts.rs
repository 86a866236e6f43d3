//! Verdicts and reasons in the words of a person.

use lockstep_contracts::backoffice::v1::{ErrorCode, FeedVerdict, VerdictOutcome};
use lockstep_contracts::orders::v1::{Parked as ParkedView, ParkedReason};
use lockstep_domain::order::Parked;
use lockstep_domain::order::report::{Refusal, ReportId, Says, WaitsFor};

/// The verdict on a report, without its outcome.
fn verdict(id: &ReportId, says: Says, order_key: &str) -> FeedVerdict {
    FeedVerdict {
        event_id: id.event_id.to_string(),
        report: says.call().to_owned(),
        order_key: order_key.to_owned(),
        ..FeedVerdict::default()
    }
}

/// It was carried out.
pub fn done(id: &ReportId, says: Says, order_key: &str) -> FeedVerdict {
    FeedVerdict { outcome: VerdictOutcome::Done.into(), ..verdict(id, says, order_key) }
}

/// It waits.
pub fn parked(id: &ReportId, says: Says, order_key: &str, waits_for: WaitsFor) -> FeedVerdict {
    let (code, message) = match waits_for {
        WaitsFor::Order => {
            (ErrorCode::UnknownOrder.as_str_name(), "the order is not known yet; Shopify is asked")
        }
        WaitsFor::Announcement => {
            ("", "the order is being read or routed; it is decided after that")
        }
    };
    FeedVerdict {
        outcome: VerdictOutcome::Parked.into(),
        code: code.to_owned(),
        message: message.to_owned(),
        fix: "nothing; another verdict follows".to_owned(),
        ..verdict(id, says, order_key)
    }
}

/// Shopify is asked to cancel the order.
pub fn cancelling(id: &ReportId, order_key: &str) -> FeedVerdict {
    FeedVerdict {
        outcome: VerdictOutcome::Parked.into(),
        message: "Shopify is asked to cancel the order".to_owned(),
        fix: "nothing; another verdict follows".to_owned(),
        ..verdict(id, Says::ReleaseAndCancel, order_key)
    }
}

/// It was refused.
pub fn refused(id: &ReportId, says: Says, order_key: &str, refusal: &Refusal) -> FeedVerdict {
    let (code, field, message, fix) = words(refusal);
    FeedVerdict {
        outcome: VerdictOutcome::Refused.into(),
        code: code.as_str_name().to_owned(),
        field,
        message,
        fix: fix.to_owned(),
        ..verdict(id, says, order_key)
    }
}

fn words(refusal: &Refusal) -> (ErrorCode, String, String, &'static str) {
    let mode = ErrorCode::NotAllowedInMode;
    match refusal {
        Refusal::NotYours => (
            ErrorCode::UnknownOrder,
            "order_key".to_owned(),
            "no part of the order is this back office's, or it is held back from it".to_owned(),
            "report only orders of your feed; once it stands there, report under another event_id",
        ),
        Refusal::UnknownLine { index, line } => (
            ErrorCode::Validation,
            format!("lines[{index}].line_id"),
            format!("line {line} of the order is not this back office's"),
            "take the lines and warehouses from the newest revision in your feed",
        ),
        Refusal::TooMany { index, units, open } => (
            ErrorCode::QuantityTooLarge,
            format!("lines[{index}].quantity"),
            format!("{units} units are meant, and {open} are left"),
            "take the quantities from the newest revision in your feed",
        ),
        Refusal::Cancelled => (
            mode,
            String::new(),
            "the order was cancelled in Shopify".to_owned(),
            "answer the cancellation instead",
        ),
        Refusal::NotCancelled => (
            mode,
            "answers".to_owned(),
            "nobody asked to cancel the order".to_owned(),
            "answer ORDER_REQUEST_FULFIL, or release the order",
        ),
        Refusal::NotWhole { open } => (
            mode,
            "lines".to_owned(),
            format!("{open} more units are open, and Shopify cancels an order as a whole"),
            "release all that is open with outcome CANCEL, or these units with outcome FULFILL",
        ),
        Refusal::Fulfilled { units } => (
            mode,
            "outcome".to_owned(),
            format!("{units} units are fulfilled already"),
            "release with outcome FULFILL, and refund in Shopify",
        ),
        Refusal::UnknownOrder => (
            ErrorCode::UnknownOrder,
            "order_key".to_owned(),
            "the store shows no such order, and has not for a day".to_owned(),
            "copy the key from your feed; if the order comes, report under another event_id",
        ),
        Refusal::TooManyWaiting { most } => (
            mode,
            "order_key".to_owned(),
            format!("{most} reports wait for the order already"),
            "wait for their verdicts, then report under another event_id",
        ),
        Refusal::AlreadyCancelling => (
            mode,
            "outcome".to_owned(),
            "the order is being cancelled already".to_owned(),
            "wait for the verdict on the first release",
        ),
        Refusal::Shopify { message } => (
            mode,
            "outcome".to_owned(),
            format!("Shopify refuses to cancel: {message}"),
            "cancel the order in Shopify, or accept it again",
        ),
    }
}

/// Why an order, or units of it, are kept from the back offices.
pub fn parked_view(parked: &Parked) -> ParkedView {
    let (reason, subject, message, fix) = match parked {
        Parked::Unread => (
            ParkedReason::Unread,
            String::new(),
            "Shopify has not been asked for it yet",
            "wait; if it stays, look at the store's access",
        ),
        Parked::Off => (
            ParkedReason::Off,
            "orders.enabled".to_owned(),
            "the store's orders are not told to back offices",
            "set orders.enabled to true",
        ),
        Parked::Filtered(filter) => (
            ParkedReason::Filtered,
            filter.name().to_owned(),
            "a filter of the store holds it back; it is told of when it passes",
            "change the filter, or wait",
        ),
        Parked::Unrouted => (
            ParkedReason::Unrouted,
            String::new(),
            "Shopify has not routed all of it to a location",
            "wait; if it stays, assign a location in Shopify",
        ),
        Parked::Unmapped(location) => (
            ParkedReason::Unmapped,
            location.to_string(),
            "the location has no warehouse, and no location is the default",
            "map the location, or mark one as the default",
        ),
        Parked::NoTaker(warehouse) => (
            ParkedReason::NoTaker,
            warehouse.to_string(),
            "the back office of the warehouse does not take orders of this store",
            "give it the role orders",
        ),
        Parked::NothingToShip => {
            (ParkedReason::NothingToShip, String::new(), "nothing in it is shipped", "nothing")
        }
        Parked::CancelledBefore => (
            ParkedReason::CancelledBefore,
            String::new(),
            "it was cancelled before a back office was told of it",
            "nothing",
        ),
        Parked::Past => (
            ParkedReason::NothingToShip,
            "orders.enabled".to_owned(),
            "it was closed or sent in full before back offices were told of orders",
            "nothing",
        ),
        Parked::NoDefault => (
            ParkedReason::NoDefault,
            "orders.split".to_owned(),
            "it spans locations, is not to be split, and no location is the default",
            "mark a location as the default, or set orders.split to on",
        ),
    };
    ParkedView { reason: reason.into(), subject, message: message.to_owned(), fix: fix.to_owned() }
}
