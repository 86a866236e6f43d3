//! Conflicts of linked variants.

use lockstep_domain::catalog::ConflictKind as Kind;
use lockstep_domain::{InventoryItemId, StoreId, VariantId};

use super::{Invalid, id, shopify_id, unknown_value};
use crate::catalog::v1 as proto;

/// What must be decided about a linked variant, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictChange {
    /// The store.
    pub store: StoreId,
    /// The variant.
    pub variant: VariantId,
    /// Its inventory item.
    pub item: InventoryItemId,
    /// What must be decided; nothing when there is nothing any more.
    pub kind: Option<Kind>,
    /// Of two the higher one holds.
    pub revision: u64,
}

/// What must be decided about a linked variant.
///
/// # Errors
/// The first field that is wrong.
pub fn conflict_changed(event: &proto::VariantConflictChanged) -> Result<ConflictChange, Invalid> {
    Ok(ConflictChange {
        store: id("store", &event.store)?,
        variant: shopify_id("variant_id", event.variant_id)?,
        item: shopify_id("inventory_item_id", event.inventory_item_id)?,
        kind: kind("kind", event.kind)?,
        revision: event.revision,
    })
}

fn kind(field: &str, value: i32) -> Result<Option<Kind>, Invalid> {
    let known = proto::ConflictKind::try_from(value).map_err(|_| unknown_value(field))?;
    Ok(Some(match known {
        proto::ConflictKind::Unspecified => return Ok(None),
        proto::ConflictKind::Duplicate => Kind::Duplicate,
        proto::ConflictKind::Blank => Kind::Blank,
        proto::ConflictKind::Changed => Kind::Changed,
        proto::ConflictKind::Twin => Kind::Twin,
        proto::ConflictKind::Unknown => Kind::Unknown,
        proto::ConflictKind::Taken => Kind::Taken,
        proto::ConflictKind::Ambiguous => Kind::Ambiguous,
    }))
}

/// What must be decided, for its message.
#[must_use]
pub const fn conflict_kind_to_proto(kind: Kind) -> proto::ConflictKind {
    match kind {
        Kind::Duplicate => proto::ConflictKind::Duplicate,
        Kind::Blank => proto::ConflictKind::Blank,
        Kind::Changed => proto::ConflictKind::Changed,
        Kind::Twin => proto::ConflictKind::Twin,
        Kind::Unknown => proto::ConflictKind::Unknown,
        Kind::Taken => proto::ConflictKind::Taken,
        Kind::Ambiguous => proto::ConflictKind::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back() {
        for value in 1..=7 {
            let read = kind("kind", value).expect("known").expect("a kind");
            assert_eq!(i32::from(conflict_kind_to_proto(read)), value);
        }
        assert_eq!(kind("kind", 0), Ok(None));
        assert!(kind("kind", 8).is_err());
    }
}
