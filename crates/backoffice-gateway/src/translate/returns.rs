//! Returns.

use lockstep_contracts::backoffice::v1::Return;
use lockstep_contracts::convert::{Invalid, returned as contract};

use super::orders::of_order;
use super::{Content, Item, Report, Scope, Subject, form, report};

impl Item for Return {
    const FIELD: &'static str = "return_report";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.Return";
    const CALL: &'static str = "backoffice-gateway.report_return";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::returned(&self)?;
        if let Some(order) = &checked.order {
            scope.knows_order(order)?;
        }
        scope.knows_warehouses(checked.warehouses())?;
        scope.believes("occurred_at", checked.occurred_at)?;
        form::revision(&mut self.revision);
        for line in &mut self.lines {
            form::decimal(&mut line.quantity_expected);
            form::decimal(&mut line.quantity_received);
        }
        form::money(self.refund.as_mut().and_then(|refund| refund.amount.as_mut()));
        let (about, key) = match &checked.order {
            Some(order) => of_order(order),
            None => {
                let id = checked.return_id;
                (format!("return/{}/{id}", scope.backoffice), id)
            }
        };
        let subject = Subject { about, key: &key };
        report(checked.event_id, subject, "return", self, Content::Return)
    }
}
