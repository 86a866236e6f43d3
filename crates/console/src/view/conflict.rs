//! Conflicts as the API shows them.

use lockstep_contracts::catalog::v1::{Conflict, ConflictKind};
use serde::Serialize;

use super::moment;

/// A variant that a person must decide about.
#[derive(Serialize)]
pub struct ConflictView {
    variant_id: String,
    inventory_item_id: String,
    title: String,
    sku: String,
    barcode: String,
    kind: &'static str,
    message: String,
    fix: String,
    other_variant_ids: Vec<String>,
    near: Vec<String>,
    since: Option<String>,
}

/// Of a CSV file, in the order of a row. The file is no list of links: whoever decides one adds the
/// columns `backoffice` and `sku` of what it is to be.
pub const COLUMNS: [&str; 11] = [
    "variant_id",
    "kind",
    "title",
    "shopify_sku",
    "shopify_barcode",
    "message",
    "fix",
    "near",
    "other_variant_ids",
    "inventory_item_id",
    "since",
];

impl ConflictView {
    /// A conflict as product-sync tells it.
    pub fn new(conflict: Conflict) -> Self {
        Self {
            kind: kind(conflict.kind()),
            since: moment(conflict.since.as_ref()),
            variant_id: conflict.variant_id.to_string(),
            inventory_item_id: conflict.inventory_item_id.to_string(),
            title: conflict.title,
            sku: conflict.sku,
            barcode: conflict.barcode,
            message: conflict.message,
            fix: conflict.fix,
            other_variant_ids: conflict.other_variant_ids.iter().map(i64::to_string).collect(),
            near: conflict.near,
        }
    }

    /// A row of a CSV file.
    pub fn row(self) -> [String; 11] {
        [
            self.variant_id,
            self.kind.to_owned(),
            self.title,
            self.sku,
            self.barcode,
            self.message,
            self.fix,
            self.near.join(" "),
            self.other_variant_ids.join(" "),
            self.inventory_item_id,
            self.since.unwrap_or_default(),
        ]
    }
}

const fn kind(kind: ConflictKind) -> &'static str {
    match kind {
        ConflictKind::Duplicate => "duplicate",
        ConflictKind::Blank => "blank",
        ConflictKind::Changed => "changed",
        ConflictKind::Twin => "twin",
        ConflictKind::Unknown => "unknown",
        ConflictKind::Taken => "taken",
        ConflictKind::Ambiguous => "ambiguous",
        ConflictKind::Unspecified => "",
    }
}
