//! Products.

use lockstep_contracts::backoffice::v1::{Product, ProductDeletion, ProductStatus};
use lockstep_contracts::convert::{Invalid, product as contract};

use super::{Content, Item, Report, Scope, Subject, form, report};

impl Item for Product {
    const FIELD: &'static str = "products";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.Product";
    const CALL: &'static str = "backoffice-gateway.upsert_products";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(mut self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::product(&self)?;
        scope.believes("updated_at", checked.updated_at)?;
        if self.status() == ProductStatus::Unspecified {
            self.set_status(ProductStatus::Active);
        }
        form::money(self.cost.as_mut());
        form::money(self.price.as_mut());
        self.components.iter_mut().for_each(|part| form::decimal(&mut part.quantity));
        let about = format!("sku/{}/{}", scope.backoffice, checked.sku);
        let subject = Subject { about, key: checked.sku.as_str() };
        report(checked.event_id, subject, "product", self, Content::Product)
    }
}

impl Item for ProductDeletion {
    const FIELD: &'static str = "deletions";
    const MESSAGE: &'static str = "lockstep.backoffice.v1.ProductDeletion";
    const CALL: &'static str = "backoffice-gateway.delete_products";

    fn event_id(&self) -> &str {
        &self.event_id
    }

    fn check(self, scope: &Scope<'_>) -> Result<Report, Invalid> {
        let checked = contract::deletion(&self)?;
        scope.believes("deleted_at", checked.deleted_at)?;
        let about = format!("sku/{}/{}", scope.backoffice, checked.sku);
        let subject = Subject { about, key: checked.sku.as_str() };
        report(checked.event_id, subject, "product_deletion", self, Content::Deletion)
    }
}
