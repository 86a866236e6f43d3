//! Invoices.

use lockstep_contracts::backoffice::v1::Invoice;
use lockstep_contracts::convert::{Invalid, invoice as contract};

use super::orders::of_order;
use super::{Content, Item, Report, Scope, Subject, form, report};

impl Item for Invoice {
    const FIELD: &'static str = "invoice";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.Invoice";
    const CALL: &'static str = "backoffice-gateway.report_invoice";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::invoice(&self)?;
        if let Some(order) = &checked.order {
            scope.knows_order(order)?;
        }
        scope.knows_warehouses(checked.warehouses())?;
        scope.believes("occurred_at", checked.occurred_at)?;
        form::revision(&mut self.revision);
        form::decimal(&mut self.exchange_rate);
        form::money(self.total.as_mut());
        form::money(self.paid.as_mut());
        for line in &mut self.lines {
            form::decimal(&mut line.quantity);
            form::decimal(&mut line.unit_price);
            form::decimal(&mut line.tax_percent);
            form::decimal(&mut line.discount);
        }
        let (about, key) = match &checked.order {
            Some(order) => of_order(order),
            None => {
                let id = checked.invoice_id;
                (format!("invoice/{}/{id}", scope.backoffice), id)
            }
        };
        let subject = Subject { about, key: &key };
        report(checked.event_id, subject, "invoice", self, Content::Invoice)
    }
}
