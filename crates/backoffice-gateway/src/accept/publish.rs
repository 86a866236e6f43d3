//! Reports as the events that the stream `BACKOFFICE` holds.

use lockstep_contracts::backoffice::v1 as proto;
use lockstep_contracts::time::to_proto;
use lockstep_domain::ids::BackOfficeId;
use lockstep_runtime::{About, Work};

use super::fates::message_id;
use crate::translate::{Content, Report};

/// Publishes `$event`, whose field `$field` carries the report. Each event is a type of its own.
macro_rules! publish_as {
    ($at:expr, $event:ident { $field:ident }, $content:expr) => {{
        let Place { work, id, backoffice, report } = $at;
        let event = proto::$event {
            backoffice: backoffice.as_str().to_owned(),
            $field: Some($content.clone()),
            accepted_at: Some(to_proto(work.now())),
        };
        let subject = proto::$event::subject(backoffice.as_str(), report.partition);
        work.publish_as(id, &event, subject, About { aggregate: &report.about, sequence: None });
    }};
}

struct Place<'p, 'w> {
    work: &'p mut Work<'w>,
    id: String,
    backoffice: &'p BackOfficeId,
    report: &'p Report,
}

/// Writes the event of a report into the outbox.
pub fn publish(work: &mut Work<'_>, backoffice: &BackOfficeId, report: &Report) {
    let id = message_id(backoffice.as_str(), report.event_id.as_str());
    let at = Place { work, id, backoffice, report };
    match &report.content {
        Content::Movement(c) => publish_as!(at, MovementReported { movement }, c),
        Content::Count(c) => publish_as!(at, CountReported { count }, c),
        Content::Product(c) => publish_as!(at, ProductReported { product }, c),
        Content::Deletion(c) => publish_as!(at, ProductDeletionReported { deletion }, c),
        Content::Acceptance(c) => publish_as!(at, OrderAcceptReported { acceptance }, c),
        Content::Rejection(c) => publish_as!(at, OrderRejectReported { rejection }, c),
        Content::Release(c) => publish_as!(at, OrderReleaseReported { release }, c),
        Content::Shipment(c) => publish_as!(at, ShipmentReported { shipment }, c),
        Content::Return(c) => publish_as!(at, ReturnReported { return_report }, c),
        Content::Invoice(c) => publish_as!(at, InvoiceReported { invoice }, c),
        Content::Sale(c) => publish_as!(at, SaleReported { sale }, c),
        Content::SaleRefund(c) => publish_as!(at, SaleRefundReported { refund }, c),
    }
}
