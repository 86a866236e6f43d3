//! Shipments.

use lockstep_contracts::backoffice::v1::Shipment;
use lockstep_contracts::convert::{Invalid, shipment as contract};

use super::orders::of_order;
use super::{Content, Item, Report, Scope, Subject, form, report};

impl Item for Shipment {
    const FIELD: &'static str = "shipment";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.Shipment";
    const CALL: &'static str = "backoffice-gateway.report_shipment";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::shipment(&self)?;
        scope.knows_order(&checked.order)?;
        scope.knows_warehouses([("warehouse_code".to_owned(), &checked.warehouse)])?;
        scope.believes("occurred_at", checked.occurred_at)?;
        form::revision(&mut self.revision);
        form::shipped(&mut self.lines);
        self.packages.iter_mut().for_each(|package| form::shipped(&mut package.lines));
        let (about, key) = of_order(&checked.order);
        let subject = Subject { about, key: &key };
        report(checked.event_id, subject, "shipment", self, Content::Shipment)
    }
}
