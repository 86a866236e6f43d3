//! Movements and counts.

use lockstep_contracts::backoffice::v1::{StockCount, StockMovement, StockStatus};
use lockstep_contracts::convert::{Invalid, report as contract};

use super::{Content, Item, Report, Scope, Subject, form, report};

impl Item for StockMovement {
    const FIELD: &'static str = "movements";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.StockMovement";
    const CALL: &'static str = "backoffice-gateway.report_movements";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::movement(&self)?;
        let named = checked.warehouses();
        scope.knows_warehouses(named.into_iter().map(|(field, code)| (field.to_owned(), code)))?;
        scope.believes("occurred_at", checked.occurred_at)?;
        if self.stock_status() == StockStatus::Unspecified {
            self.set_stock_status(StockStatus::Good);
        }
        form::decimal(&mut self.quantity);
        form::decimal(&mut self.on_hand_after);
        let about = format!("sku/{}/{}", scope.backoffice, checked.sku);
        let subject = Subject { about, key: checked.sku.as_str() };
        report(checked.event_id, subject, "movement", self, Content::Movement)
    }
}

impl Item for StockCount {
    const FIELD: &'static str = "counts";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.StockCount";
    const CALL: &'static str = "backoffice-gateway.report_counts";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let contract::Count { sku, booking } = contract::count(&self)?;
        scope.knows_warehouses([("warehouse_code".to_owned(), &booking.warehouse)])?;
        scope.believes("counted_at", booking.counted_at)?;
        form::decimal(&mut self.quantity);
        let about = format!("sku/{}/{sku}", scope.backoffice);
        let subject = Subject { about, key: sku.as_str() };
        report(booking.event_id, subject, "count", self, Content::Count)
    }
}
