//! Verdicts in the words of a person.

use lockstep_contracts::backoffice::v1::{ErrorCode, FeedVerdict, VerdictOutcome};
use lockstep_domain::EventId;
use lockstep_domain::shipment::{Refusal, Standing, WaitsFor};

/// Word for a report of a shipment.
pub const SHIPMENT: &str = "shipment";
/// Word for a release of what had been accepted.
pub const RELEASE: &str = "release";
/// Word for a report of a return.
pub const RETURN: &str = "return";

fn verdict(event_id: &EventId, order_key: &str, outcome: VerdictOutcome) -> FeedVerdict {
    FeedVerdict {
        event_id: event_id.to_string(),
        report: SHIPMENT.to_owned(),
        order_key: order_key.to_owned(),
        outcome: outcome.into(),
        ..FeedVerdict::default()
    }
}

/// The verdict that follows from where a shipment stands; none while it is only to be sent.
pub fn of(event_id: &EventId, order_key: &str, standing: &Standing) -> Option<FeedVerdict> {
    Some(match standing {
        Standing::Due => return None,
        Standing::Done => done(event_id, order_key),
        Standing::Waits(what) => parked(event_id, order_key, what),
        Standing::Refused(refusal) => refused(event_id, order_key, refusal),
        Standing::NotEnabled => FeedVerdict {
            message: "the store takes no shipments of this back office".to_owned(),
            fix: "set shipments.enabled, and give the back office the role shipments".to_owned(),
            ..verdict(event_id, order_key, VerdictOutcome::NotEnabled)
        },
    })
}

/// It was carried out.
pub fn done(event_id: &EventId, order_key: &str) -> FeedVerdict {
    verdict(event_id, order_key, VerdictOutcome::Done)
}

/// It waits for something.
pub fn parked(event_id: &EventId, order_key: &str, what: &WaitsFor) -> FeedVerdict {
    let (code, message, fix) = match what {
        WaitsFor::Order => (
            ErrorCode::UnknownOrder.as_str_name(),
            "the order is not known yet".to_owned(),
            "nothing; another verdict follows",
        ),
        WaitsFor::Shipment => (
            "",
            "the goods arrived, and nobody said that they left".to_owned(),
            "report the shipment; another verdict follows",
        ),
        WaitsFor::Routing => (
            "",
            "Shopify has not given all lines of the order a location".to_owned(),
            "nothing; another verdict follows",
        ),
        WaitsFor::Link(sku) => (
            ErrorCode::UnknownProduct.as_str_name(),
            format!("no line of the order is linked to {sku}"),
            "link it, or correct the shipment with line_id",
        ),
        WaitsFor::Hold(reason) => (
            "",
            format!("on hold in Shopify: {reason}"),
            "release the hold in Shopify; another verdict follows",
        ),
        WaitsFor::Elsewhere(line) => (
            "",
            format!("line {line} is to be sent from a location that the warehouse does not serve"),
            "move it in Shopify, or map the location; another verdict follows",
        ),
        WaitsFor::Person => (
            "",
            "nobody can tell which fulfillment in Shopify is this shipment".to_owned(),
            "cancel the fulfillment in Shopify that is too much; another verdict follows",
        ),
    };
    FeedVerdict {
        code: code.to_owned(),
        message,
        fix: fix.to_owned(),
        ..verdict(event_id, order_key, VerdictOutcome::Parked)
    }
}

/// It was refused.
pub fn refused(event_id: &EventId, order_key: &str, refusal: &Refusal) -> FeedVerdict {
    let (code, field, message, fix) = words(refusal);
    FeedVerdict {
        code: code.as_str_name().to_owned(),
        field,
        message,
        fix: fix.to_owned(),
        ..verdict(event_id, order_key, VerdictOutcome::Refused)
    }
}

/// There is a newer statement.
pub fn stale(event_id: &EventId, order_key: &str, known: u32) -> FeedVerdict {
    FeedVerdict {
        code: ErrorCode::Stale.as_str_name().to_owned(),
        field: "revision".to_owned(),
        message: format!("revision {known} of the shipment stands"),
        fix: "report a correction with a higher revision".to_owned(),
        ..verdict(event_id, order_key, VerdictOutcome::Refused)
    }
}

fn words(refusal: &Refusal) -> (ErrorCode, String, String, &'static str) {
    match refusal {
        Refusal::UnknownLine { field, line } => (
            ErrorCode::Validation,
            field.clone(),
            format!("the order has no line {line}"),
            "take the lines from the newest revision in your feed",
        ),
        Refusal::TooMany { line, units, open } => (
            ErrorCode::QuantityTooLarge,
            "lines".to_owned(),
            format!("{units} units of line {line} are meant, and {open} are open"),
            "report what left; units that are fulfilled already are not open",
        ),
        Refusal::NothingOpen => (
            ErrorCode::NotAllowedInMode,
            "whole_order".to_owned(),
            "nothing of the order is open for the warehouse".to_owned(),
            "look the order up in Shopify",
        ),
        Refusal::Changed => (
            ErrorCode::NotAllowedInMode,
            "lines".to_owned(),
            "what Shopify has of the shipment already is stated otherwise now".to_owned(),
            "cancel it and report another",
        ),
        Refusal::UnknownShipment => (
            ErrorCode::Validation,
            "shipment_id".to_owned(),
            "the goods arrived, and nobody said that they left".to_owned(),
            "report the shipment, then its arrival again",
        ),
        Refusal::UnknownOrder => (
            ErrorCode::UnknownOrder,
            "order_key".to_owned(),
            "nobody told of such an order for a day".to_owned(),
            "report the shipment with the order's key as your feed has it; if the order comes \
             after all, the shipment is sent and another verdict follows",
        ),
        Refusal::Shopify { message } => (
            ErrorCode::NotAllowedInMode,
            String::new(),
            format!("Shopify refuses: {message}"),
            "look the order up in Shopify",
        ),
    }
}

/// A return: it stays in the stream until the store takes returns.
pub fn return_not_enabled(event_id: &str, order_key: &str) -> FeedVerdict {
    FeedVerdict {
        event_id: event_id.to_owned(),
        report: RETURN.to_owned(),
        order_key: order_key.to_owned(),
        outcome: VerdictOutcome::NotEnabled.into(),
        message: "returns are not taken yet; the report is kept".to_owned(),
        fix: "nothing".to_owned(),
        ..FeedVerdict::default()
    }
}
