//! The aggregates of product-sync and how they are named in its store.

use lockstep_domain::link::{SkuClaim, VariantLink};
use lockstep_domain::{BackOfficeId, Sku, StoreId, VariantId};
use lockstep_runtime::Aggregate;

/// The links of a variant; id `{store}/{variant}`, the number padded so that ids sort by it.
pub struct VariantLinkKind;

impl Aggregate for VariantLinkKind {
    type Decider = VariantLink;
    const KIND: &'static str = "variant_link";
}

/// Which variant of a store holds a SKU; id `{store}/{backoffice}/{sku}`.
pub struct SkuClaimKind;

impl Aggregate for SkuClaimKind {
    type Decider = SkuClaim;
    const KIND: &'static str = "sku_claim";
}

/// Id of a variant's links.
pub fn variant_link_id(store: &StoreId, variant: VariantId) -> String {
    format!("{store}/{:020}", variant.get())
}

/// The variant in such an id.
pub fn variant_of(id: &str) -> Option<VariantId> {
    let number: i64 = id.split_once('/')?.1.parse().ok()?;
    Some(VariantId::from(number))
}

/// Id of a claim.
pub fn sku_claim_id(store: &StoreId, backoffice: &BackOfficeId, sku: &Sku) -> String {
    format!("{store}/{backoffice}/{sku}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_number_and_read_back() -> Result<(), Box<dyn std::error::Error>> {
        let store = StoreId::try_new("north")?;
        let (small, large) = (VariantId::from(9), VariantId::from(i64::MAX));
        assert!(variant_link_id(&store, small) < variant_link_id(&store, large));
        assert_eq!(variant_of(&variant_link_id(&store, large)), Some(large));
        assert_eq!(variant_of("north/x"), None);
        Ok(())
    }
}
