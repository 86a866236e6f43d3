//! Sales of the back office itself.

use lockstep_contracts::backoffice::v1::{ErrorCode, ReturnDisposition, Sale, SaleRefund};
use lockstep_contracts::convert::{Invalid, sale as contract};

use super::{Content, Item, Named, Report, Scope, Subject, form, report};

impl Item for Sale {
    const FIELD: &'static str = "sale";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.Sale";
    const CALL: &'static str = "backoffice-gateway.record_sale";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::sale(&self)?;
        if let Some(store) = checked.store.as_ref().filter(|s| !scope.stores.contains(s.as_str())) {
            return Err(Invalid {
                code: ErrorCode::Validation,
                field: "store".to_owned(),
                message: format!("this back office serves no store `{store}`"),
                fix: "name a store that uses this back office, or leave it out".to_owned(),
            });
        }
        scope.knows_warehouses(checked.warehouses())?;
        scope.believes("sold_at", checked.sold_at)?;
        for amount in [&mut self.shipping, &mut self.total, &mut self.paid] {
            form::decimal(amount);
        }
        for line in &mut self.lines {
            form::decimal(&mut line.quantity);
            form::decimal(&mut line.unit_price);
            form::decimal(&mut line.discount);
            form::decimal(&mut line.tax);
        }
        let id = checked.sale_id;
        let subject = Subject { about: format!("sale/{}/{id}", scope.backoffice), key: &id };
        report(checked.event_id, subject, "sale", self, Content::Sale)
    }
}

impl Item for SaleRefund {
    const FIELD: &'static str = "refund";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.SaleRefund";
    const CALL: &'static str = "backoffice-gateway.record_sale_refund";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::refund(&self)?;
        scope.knows_warehouses(checked.warehouses())?;
        scope.believes("refunded_at", checked.refunded_at)?;
        form::money(self.amount.as_mut());
        for line in &mut self.lines {
            form::decimal(&mut line.quantity);
            form::decimal(&mut line.amount);
            if line.disposition() == ReturnDisposition::Unspecified {
                line.set_disposition(ReturnDisposition::NoRestock);
            }
        }
        let id = checked.sale_id;
        let subject = Subject { about: format!("sale/{}/{id}", scope.backoffice), key: &id };
        report(checked.event_id, subject, "sale_refund", self, Content::SaleRefund)
    }
}

impl Named for SaleRefund {
    const NAME: &'static str = "sale_id";

    fn name(&mut self) -> &mut String {
        &mut self.sale_id
    }
}
