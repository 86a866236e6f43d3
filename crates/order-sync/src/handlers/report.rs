//! A back office answers to an order.

use lockstep_contracts::backoffice::v1::{
    OrderAcceptReported, OrderRejectReported, OrderReleaseReported,
};
use lockstep_contracts::convert::order_report::{OrderReport, accepted, rejected, released};
use lockstep_domain::order::OrderCommand;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{OrderKind, order_id};
use crate::schedule::{self, ALARM, Due};
use crate::settle::{decide, rules, tell_lines};
use crate::translate::invalid;

/// It accepts.
pub fn accept(event: &OrderAcceptReported, work: &mut Work<'_>) -> Result<(), Stop> {
    apply(accepted(event).map_err(invalid)?, work)
}

/// It rejects.
pub fn reject(event: &OrderRejectReported, work: &mut Work<'_>) -> Result<(), Stop> {
    apply(rejected(event).map_err(invalid)?, work)
}

/// It releases.
pub fn release(event: &OrderReleaseReported, work: &mut Work<'_>) -> Result<(), Stop> {
    apply(released(event).map_err(invalid)?, work)
}

fn apply(report: OrderReport, work: &mut Work<'_>) -> Result<(), Stop> {
    let OrderReport { store, order, report } = report;
    let id = order_id(&store, order);
    let state = work.state::<OrderKind>(&id)?.clone();
    // The order is locked by now: rules that change meanwhile find it and go through it again.
    let lines = state.lines(&rules(work, &store)?).map(Box::new);
    let command = OrderCommand::Report { report: Box::new(report), lines, now: work.now() };
    decide(work, &store, order, &command)?;
    tell_lines(work, &store, order)?;
    let state = work.state::<OrderKind>(&id)?;
    let (waits, cancels) = (!state.waiting.is_empty(), state.cancel.is_some());
    if waits || cancels {
        schedule::news(work, &store, order)?;
    }
    if waits {
        schedule::soon(work, &store, &Due::Alarm(order), ALARM)?;
    }
    Ok(())
}
