//! The aggregates of product-sync and how they are named in its store.

use lockstep_domain::catalog::{
    Candidate, Carriers, CatalogRules, Conflict, Job, Listing, Near, Offers, Product, StoreSync,
};
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

/// A run of "sync products"; id `{job}`.
pub struct JobKind;

impl Aggregate for JobKind {
    type Decider = Job;
    const KIND: &'static str = "job";
}

/// The runs of a store; id `{store}`.
pub struct StoreSyncKind;

impl Aggregate for StoreSyncKind {
    type Decider = StoreSync;
    const KIND: &'static str = "store_sync";
}

/// What the settings of a store say of its catalogue; id `{store}`.
pub struct RulesKind;

impl Aggregate for RulesKind {
    type Decider = CatalogRules;
    const KIND: &'static str = "rules";
}

/// A variant as the last run saw it; id as of its links.
pub struct ListingKind;

impl Aggregate for ListingKind {
    type Decider = Listing;
    const KIND: &'static str = "listing";
}

/// Variants of a store that carry codes of one near form; id `{store}/{near form}`.
pub struct CarriersKind;

impl Aggregate for CarriersKind {
    type Decider = Carriers;
    const KIND: &'static str = "carriers";
}

/// What a person must decide about a variant; id as of its links.
pub struct ConflictKind;

impl Aggregate for ConflictKind {
    type Decider = Conflict;
    const KIND: &'static str = "conflict";
}

/// What a back office says of a SKU; id `{backoffice}/{sku}`.
pub struct ProductKind;

impl Aggregate for ProductKind {
    type Decider = Product;
    const KIND: &'static str = "product";
}

/// SKUs of a back office that its reports know by codes of one near form; id
/// `{backoffice}/{near form}`.
pub struct OffersKind;

impl Aggregate for OffersKind {
    type Decider = Offers;
    const KIND: &'static str = "offers";
}

/// Id of the carriers of a near form.
pub fn carriers_id(store: &StoreId, near: &Near) -> String {
    format!("{store}/{near}")
}

/// Id of a product.
pub fn product_id(of: &Candidate) -> String {
    format!("{}/{}", of.backoffice, of.sku)
}

/// Id of the offers of a near form.
pub fn offers_id(backoffice: &BackOfficeId, near: &Near) -> String {
    format!("{backoffice}/{near}")
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
