//! Answers to orders.

use lockstep_contracts::backoffice::v1::{
    OrderAcceptance, OrderRejection, OrderRelease, OrderRequest, ReleaseOutcome,
};
use lockstep_contracts::convert::order::OrderRef;
use lockstep_contracts::convert::{Invalid, order as contract};

use super::{Content, Item, Named, Report, Scope, Subject, form, report};

impl Item for OrderAcceptance {
    const FIELD: &'static str = "acceptance";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.OrderAcceptance";
    const CALL: &'static str = "backoffice-gateway.accept_order";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::acceptance(&self)?;
        scope.knows_order(&checked.order)?;
        scope.knows_warehouses(checked.extent.warehouses())?;
        scope.believes("occurred_at", checked.occurred_at)?;
        if self.answers() == OrderRequest::Unspecified {
            self.set_answers(OrderRequest::Fulfil);
        }
        form::units(&mut self.lines);
        let (about, key) = of_order(&checked.order);
        let subject = Subject { about, key: &key };
        report(checked.event_id, subject, "order_acceptance", self, Content::Acceptance)
    }
}

impl Item for OrderRejection {
    const FIELD: &'static str = "rejection";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.OrderRejection";
    const CALL: &'static str = "backoffice-gateway.reject_order";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::rejection(&self)?;
        scope.knows_order(&checked.order)?;
        scope.knows_warehouses(checked.extent.warehouses())?;
        scope.believes("occurred_at", checked.occurred_at)?;
        if self.answers() == OrderRequest::Unspecified {
            self.set_answers(OrderRequest::Fulfil);
        }
        form::units(&mut self.lines);
        let (about, key) = of_order(&checked.order);
        let subject = Subject { about, key: &key };
        report(checked.event_id, subject, "order_rejection", self, Content::Rejection)
    }
}

impl Item for OrderRelease {
    const FIELD: &'static str = "release";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.OrderRelease";
    const CALL: &'static str = "backoffice-gateway.release_order";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::release(&self)?;
        scope.knows_order(&checked.order)?;
        scope.knows_warehouses(checked.extent.warehouses())?;
        scope.believes("occurred_at", checked.occurred_at)?;
        if self.outcome() == ReleaseOutcome::Unspecified {
            self.set_outcome(ReleaseOutcome::Fulfill);
        }
        form::units(&mut self.lines);
        let (about, key) = of_order(&checked.order);
        let subject = Subject { about, key: &key };
        report(checked.event_id, subject, "order_release", self, Content::Release)
    }
}

/// How events name an order, and its key: reports of one order share a partition.
pub fn of_order(order: &OrderRef) -> (String, String) {
    let key = order.to_string();
    (format!("order/{key}"), key)
}

macro_rules! named_by_order {
    ($($message:ty),*) => {$(
        impl Named for $message {
            const NAME: &'static str = "order_key";

            fn name(&mut self) -> &mut String {
                &mut self.order_key
            }
        }
    )*};
}

named_by_order!(OrderAcceptance, OrderRejection, OrderRelease);
