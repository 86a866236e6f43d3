//! Verdicts in the words of an operator.

use lockstep_domain::catalog::ConflictKind;
use lockstep_domain::stock::level::Verdict;

/// The closed code of a verdict, and what it means and asks for.
pub fn words(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Untracked => (
            "UNTRACKED",
            "Shopify keeps no quantity of this item; switch on \"Track quantity\" there".to_owned(),
        ),
        Verdict::NotStocked => (
            "NOT_STOCKED",
            "the item is not stocked at this location; stock it there in Shopify, or let Lockstep \
             do it with stock.activate_at_location"
                .to_owned(),
        ),
        Verdict::BundleParent => (
            "BUNDLE_PARENT",
            "a bundle has no stock of its own; link its components instead".to_owned(),
        ),
        Verdict::Deleted => (
            "DELETED",
            "the item or the location is gone at Shopify; cut the link or the mapping".to_owned(),
        ),
        Verdict::NotMapped => {
            ("NOT_MAPPED", "the location has no warehouse; map it first".to_owned())
        }
        Verdict::Refused { code, message } => {
            ("REFUSED", format!("Shopify refuses it ({code}): {message}"))
        }
    }
}

/// The same for an item whose codes are in doubt.
pub fn in_conflict(kind: ConflictKind) -> (&'static str, String) {
    let kind = kind.as_str();
    let message = format!(
        "a person must decide what the item is, since its code is in conflict ({kind}); nothing is \
         pushed until then: see the store's conflicts"
    );
    ("CONFLICT", message)
}
