//! Links between variants and SKUs.

use jiff::Timestamp;
use lockstep_domain::link::LinkOrigin;
use lockstep_domain::{BackOfficeId, InventoryItemId, Sku, StoreId, VariantId};

use super::{Invalid, id, moment, shopify_id, unknown_value};
use crate::catalog::v1 as proto;

/// A link that was made or cut, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// The store.
    pub store: StoreId,
    /// The variant.
    pub variant: VariantId,
    /// Its inventory item.
    pub item: InventoryItemId,
    /// The back office.
    pub backoffice: BackOfficeId,
    /// Its SKU.
    pub sku: Sku,
    /// Version of the variant's links that the change made.
    pub revision: u64,
    /// What made the change.
    pub origin: LinkOrigin,
    /// When.
    pub at: Timestamp,
}

/// A link that was made.
///
/// # Errors
/// The first field that is wrong.
pub fn linked(event: &proto::VariantLinked) -> Result<LinkChange, Invalid> {
    Ok(LinkChange {
        store: id("store", &event.store)?,
        variant: shopify_id("variant_id", event.variant_id)?,
        item: shopify_id("inventory_item_id", event.inventory_item_id)?,
        backoffice: id("backoffice", &event.backoffice)?,
        sku: id("sku", &event.sku)?,
        revision: event.revision,
        origin: origin("origin", event.origin)?,
        at: moment("linked_at", event.linked_at.as_ref())?,
    })
}

/// A link that was cut.
///
/// # Errors
/// The first field that is wrong.
pub fn unlinked(event: &proto::VariantUnlinked) -> Result<LinkChange, Invalid> {
    Ok(LinkChange {
        store: id("store", &event.store)?,
        variant: shopify_id("variant_id", event.variant_id)?,
        item: shopify_id("inventory_item_id", event.inventory_item_id)?,
        backoffice: id("backoffice", &event.backoffice)?,
        sku: id("sku", &event.sku)?,
        revision: event.revision,
        origin: origin("origin", event.origin)?,
        at: moment("unlinked_at", event.unlinked_at.as_ref())?,
    })
}

/// What made a change, from its message.
///
/// # Errors
/// When it is missing or not known.
pub fn origin(field: &str, value: i32) -> Result<LinkOrigin, Invalid> {
    let known = proto::LinkOrigin::try_from(value).map_err(|_| unknown_value(field))?;
    Ok(match known {
        proto::LinkOrigin::Unspecified => {
            return Err(Invalid::validation(
                field,
                "it is missing",
                "say what makes the change, for instance LINK_ORIGIN_HAND",
            ));
        }
        proto::LinkOrigin::Hand => LinkOrigin::Hand,
        proto::LinkOrigin::Csv => LinkOrigin::Csv,
        proto::LinkOrigin::Sku => LinkOrigin::SkuMatch,
        proto::LinkOrigin::Barcode => LinkOrigin::BarcodeMatch,
        proto::LinkOrigin::Name => LinkOrigin::NameMatch,
    })
}

/// What made a change, for its message.
#[must_use]
pub const fn origin_to_proto(origin: LinkOrigin) -> proto::LinkOrigin {
    match origin {
        LinkOrigin::Hand => proto::LinkOrigin::Hand,
        LinkOrigin::Csv => proto::LinkOrigin::Csv,
        LinkOrigin::SkuMatch => proto::LinkOrigin::Sku,
        LinkOrigin::BarcodeMatch => proto::LinkOrigin::Barcode,
        LinkOrigin::NameMatch => proto::LinkOrigin::Name,
    }
}
