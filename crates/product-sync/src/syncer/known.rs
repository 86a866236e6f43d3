//! What the rules of matching look up, from aggregates that the transaction has loaded.

use lockstep_domain::catalog::{Candidate, Carriers, Facts, Near, Offers};
use lockstep_domain::{BackOfficeId, StoreId, VariantId};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{
    CarriersKind, OffersKind, ProductKind, SkuClaimKind, carriers_id, offers_id, product_id,
    sku_claim_id,
};

/// The facts of one store.
pub struct Known<'k, 'w> {
    /// The transaction.
    pub work: &'k mut Work<'w>,
    /// The store.
    pub store: &'k StoreId,
}

impl Facts for Known<'_, '_> {
    type Error = Stop;

    fn carriers(&mut self, near: &Near) -> Result<Carriers, Stop> {
        Ok(self.work.peek::<CarriersKind>(&carriers_id(self.store, near))?.clone())
    }

    fn offers(&mut self, backoffice: &BackOfficeId, near: &Near) -> Result<Offers, Stop> {
        Ok(self.work.peek::<OffersKind>(&offers_id(backoffice, near))?.clone())
    }

    fn barcodes(&mut self, of: &Candidate) -> Result<Vec<String>, Stop> {
        Ok(self.work.peek::<ProductKind>(&product_id(of))?.barcodes().to_vec())
    }

    fn holder(&mut self, of: &Candidate) -> Result<Option<VariantId>, Stop> {
        let id = sku_claim_id(self.store, &of.backoffice, &of.sku);
        Ok(self.work.state::<SkuClaimKind>(&id)?.variant)
    }
}
