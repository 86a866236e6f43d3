//! Links and what became of wishes to link.

use lockstep_contracts::catalog::v1::{Link, LinkAnswer, LinkOrigin, LinkOutcome};
use serde::Serialize;

use super::moment;
use crate::guard::masked;

/// Columns of a CSV file, in the order of a row.
pub const COLUMNS: [&str; 6] =
    ["variant_id", "backoffice", "sku", "inventory_item_id", "origin", "linked_at"];

/// One link.
#[derive(Serialize)]
pub struct LinkView {
    variant_id: String,
    backoffice: String,
    sku: String,
    inventory_item_id: String,
    origin: &'static str,
    linked_at: Option<String>,
}

impl LinkView {
    /// A link as product-sync tells it.
    pub fn new(link: Link) -> Self {
        Self {
            variant_id: link.variant_id.to_string(),
            origin: origin(link.origin),
            backoffice: link.backoffice,
            sku: link.sku,
            inventory_item_id: link.inventory_item_id.to_string(),
            linked_at: moment(link.linked_at.as_ref()),
        }
    }

    /// A row of a CSV file.
    pub fn row(self) -> [String; 6] {
        [
            self.variant_id,
            self.backoffice,
            self.sku,
            self.inventory_item_id,
            self.origin.to_owned(),
            self.linked_at.unwrap_or_default(),
        ]
    }
}

fn origin(number: i32) -> &'static str {
    match LinkOrigin::try_from(number) {
        Ok(LinkOrigin::Hand) => "hand",
        Ok(LinkOrigin::Csv) => "csv",
        Ok(LinkOrigin::Sku) => "sku",
        Ok(LinkOrigin::Barcode) => "barcode",
        Ok(LinkOrigin::Name) => "name",
        Ok(LinkOrigin::Unspecified) | Err(_) => "",
    }
}

/// What became of one row of a file or list.
#[derive(Serialize)]
pub struct RowView {
    row: usize,
    variant_id: String,
    backoffice: String,
    sku: String,
    outcome: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalView>,
}

#[derive(Serialize)]
struct RefusalView {
    code: String,
    field: String,
    detail: String,
    fix: String,
}

impl RowView {
    /// An answer of product-sync, for the row that it belongs to.
    pub fn new(row: usize, answer: LinkAnswer) -> Self {
        let outcome = outcome(answer.outcome);
        let wish = answer.wish.unwrap_or_default();
        let refusal = (outcome == "refused").then_some(RefusalView {
            code: answer.code,
            field: answer.field,
            detail: answer.message,
            fix: answer.fix,
        });
        Self {
            row,
            variant_id: wish.variant_id.to_string(),
            backoffice: wish.backoffice,
            sku: wish.sku,
            outcome,
            refusal,
        }
    }

    /// A row that was refused before it was sent.
    pub fn refused(row: usize, field: &str, detail: String, fix: &str) -> Self {
        let refusal = RefusalView {
            code: "VALIDATION".to_owned(),
            field: field.to_owned(),
            detail: masked(&detail),
            fix: fix.to_owned(),
        };
        Self {
            row,
            variant_id: String::new(),
            backoffice: String::new(),
            sku: String::new(),
            outcome: "refused",
            refusal: Some(refusal),
        }
    }

    /// Row of the file, or place in the list.
    pub const fn row(&self) -> usize {
        self.row
    }

    /// `linked`, `unchanged`, `cut` or `refused`.
    pub const fn outcome(&self) -> &'static str {
        self.outcome
    }
}

/// Name of an outcome. One that this version does not know counts as refused.
pub fn outcome(number: i32) -> &'static str {
    match LinkOutcome::try_from(number) {
        Ok(LinkOutcome::Linked) => "linked",
        Ok(LinkOutcome::Unchanged) => "unchanged",
        Ok(LinkOutcome::Cut) => "cut",
        Ok(LinkOutcome::Refused | LinkOutcome::Unspecified) | Err(_) => "refused",
    }
}
