//! Links between variants and SKUs.
//!
//! [`variant`] holds the links of one variant, with their history. [`claim`] keeps a SKU from being
//! linked to two variants of one store; the caller decides both in one transaction.

pub mod claim;
pub mod variant;

pub use claim::{SkuClaim, SkuClaimCommand, SkuClaimEvent, SkuClaimRejection};
pub use variant::{
    LinkHistory, LinkOrigin, VariantLink, VariantLinkCommand, VariantLinkEvent,
    VariantLinkRejection,
};
