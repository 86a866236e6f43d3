//! What back offices answer to orders, as the order decides it.

use lockstep_domain::order::report::{Extent, Report, ReportId, Says, Units};
use lockstep_domain::{BackOfficeId, LineItemId, OrderId, StoreId};

use super::order::{self, Answers, Outcome};
use super::{Invalid, id};
use crate::backoffice::v1 as proto;

/// A report with the order that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderReport {
    /// The store.
    pub store: StoreId,
    /// The order.
    pub order: OrderId,
    /// What is reported.
    pub report: Report,
}

/// An acceptance.
///
/// # Errors
/// The first field that is wrong.
pub fn accepted(event: &proto::OrderAcceptReported) -> Result<OrderReport, Invalid> {
    let acceptance = event.acceptance.as_ref().ok_or_else(|| missing("acceptance"))?;
    let checked = order::acceptance(acceptance).map_err(|e| e.at("acceptance"))?;
    let says = match checked.answers {
        Answers::Order => Says::Accept,
        Answers::Cancellation => Says::AgreeToCancel,
    };
    let id = ReportId { backoffice: backoffice(&event.backoffice)?, event_id: checked.event_id };
    let extent = extent(&checked.extent);
    let (occurred_at, revision) = (checked.occurred_at, checked.order_revision);
    let report = Report { id, says, extent, occurred_at, revision };
    Ok(named(checked.order, report))
}

/// A rejection.
///
/// # Errors
/// The first field that is wrong.
pub fn rejected(event: &proto::OrderRejectReported) -> Result<OrderReport, Invalid> {
    let rejection = event.rejection.as_ref().ok_or_else(|| missing("rejection"))?;
    let checked = order::rejection(rejection).map_err(|e| e.at("rejection"))?;
    let says = match checked.answers {
        Answers::Order => Says::Reject,
        Answers::Cancellation => Says::TooLate,
    };
    let id = ReportId { backoffice: backoffice(&event.backoffice)?, event_id: checked.event_id };
    let extent = extent(&checked.extent);
    let (occurred_at, revision) = (checked.occurred_at, checked.order_revision);
    let report = Report { id, says, extent, occurred_at, revision };
    Ok(named(checked.order, report))
}

/// A release.
///
/// # Errors
/// The first field that is wrong.
pub fn released(event: &proto::OrderReleaseReported) -> Result<OrderReport, Invalid> {
    let release = event.release.as_ref().ok_or_else(|| missing("release"))?;
    let checked = order::release(release).map_err(|e| e.at("release"))?;
    let says = match checked.outcome {
        Outcome::Fulfill => Says::Release,
        Outcome::Cancel => Says::ReleaseAndCancel,
    };
    let id = ReportId { backoffice: backoffice(&event.backoffice)?, event_id: checked.event_id };
    let extent = extent(&checked.extent);
    let report = Report { id, says, extent, occurred_at: checked.occurred_at, revision: 0 };
    Ok(named(checked.order, report))
}

fn named(order: order::OrderRef, report: Report) -> OrderReport {
    OrderReport { store: order.store, order: OrderId(order.order), report }
}

fn backoffice(text: &str) -> Result<BackOfficeId, Invalid> {
    id("backoffice", text)
}

fn missing(field: &str) -> Invalid {
    Invalid::validation(field, "it is missing", "send the report inside its event")
}

fn extent(extent: &order::Extent) -> Extent {
    match extent {
        order::Extent::Whole => Extent::Whole,
        order::Extent::Lines(lines) => {
            let units = |units: &order::Units| Units {
                line: LineItemId(units.line),
                units: units.quantity,
                warehouse: units.warehouse.clone(),
            };
            Extent::Lines(lines.iter().map(units).collect())
        }
    }
}
