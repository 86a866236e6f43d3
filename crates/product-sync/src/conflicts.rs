//! Conflicts of a store, page by page, in words.

use lockstep_contracts::catalog::v1 as proto;
use lockstep_contracts::catalog::v1::{ListConflictsRequest, ListConflictsResponse};
use lockstep_contracts::convert::conflict::conflict_kind_to_proto;
use lockstep_contracts::time::to_proto;
use lockstep_domain::catalog::{Conflict, ConflictKind as Kind, Finding, Standing};
use lockstep_domain::{StoreId, VariantId};
use lockstep_ports::PortError;
use lockstep_runtime::Engine;

use crate::aggregates::{ConflictKind, variant_link_id, variant_of};

/// Conflicts on one page.
const PAGE_MAX: u32 = 500;

/// Conflicts in order of variant. `more` is true when a further page may follow.
pub async fn list_conflicts(
    engine: &Engine,
    request: &ListConflictsRequest,
) -> Result<ListConflictsResponse, PortError> {
    let Ok(store) = StoreId::try_new(request.store.as_str()) else {
        return Ok(ListConflictsResponse::default());
    };
    let limit = request.limit.clamp(1, PAGE_MAX);
    let mut after = match request.after_variant_id {
        id if id > 0 => variant_link_id(&store, VariantId::from(id)),
        _ => String::new(),
    };
    let prefix = format!("{store}/");
    // Conflicts that closed stay in the store; a page of them alone is passed over.
    loop {
        let rows = engine.scan::<ConflictKind>(&prefix, &after, limit).await?;
        let more = rows.len() as u64 == u64::from(limit);
        if let Some((last, _)) = rows.last() {
            after.clone_from(last);
        }
        let conflicts: Vec<_> = rows.into_iter().filter_map(|(id, c)| shown(&id, c)).collect();
        if !more || !conflicts.is_empty() {
            return Ok(ListConflictsResponse { conflicts, more });
        }
    }
}

/// What to do about a conflict that stops no stock.
const LISTED: &str = "its stock goes on by its links; for the back offices that it is not linked \
                      to, give it a code of its own in Shopify and sync again, or link it by hand";

fn shown(id: &str, conflict: Conflict) -> Option<proto::Conflict> {
    let (variant, since) = (variant_of(id)?, conflict.since);
    let standing = conflict.standing?;
    let (message, mut fix) = words(&standing);
    if conflict.told == Some(false) {
        fix = LISTED;
    }
    let Standing { item, title, sku, barcode, finding } = standing;
    Some(proto::Conflict {
        variant_id: variant.get(),
        inventory_item_id: item.get(),
        title,
        sku,
        barcode,
        kind: conflict_kind_to_proto(finding.kind).into(),
        message,
        fix: fix.to_owned(),
        other_variant_ids: finding.others.iter().map(|other| other.get()).collect(),
        near: finding.near,
        since: since.map(to_proto),
    })
}

/// What is wrong, and what to do.
fn words(standing: &Standing) -> (String, &'static str) {
    let Standing { sku, barcode, finding, .. } = standing;
    let Finding { kind, others, near } = finding;
    let codes = match (sku.trim().is_empty(), barcode.trim().is_empty()) {
        (false, false) => format!("SKU {sku:?} or barcode {barcode:?}"),
        (true, false) => format!("barcode {barcode:?}"),
        _ => format!("SKU {sku:?}"),
    };
    let skus = near.join(", ");
    match kind {
        Kind::Duplicate => (
            format!("{} carry the same {codes}, or codes of one SKU", many(others)),
            "give each variant its own SKU in Shopify and sync again, or link one by hand (also \
             one that is linked: its stock is pushed nowhere until then)",
        ),
        Kind::Blank => (
            "the variant has neither SKU nor barcode".to_owned(),
            "give it a SKU in Shopify and sync again, or link it by hand",
        ),
        Kind::Changed => (
            match (sku.trim(), barcode.trim()) {
                ("", "") => format!("the variant is linked to {skus}, and has no code any more"),
                _ => format!(
                    "the variant is linked to {skus}, and its code is another one now: {codes}"
                ),
            },
            "its stock is pushed nowhere: if the link is still right, make it once more by hand; \
             else link the right SKU by hand",
        ),
        Kind::Twin => (
            format!(
                "{codes} differs only in case, spaces or leading zeros from {}",
                if near.is_empty() { many(others) } else { skus }
            ),
            "write the code alike on both sides and sync again, or link the variant by hand",
        ),
        Kind::Unknown => (
            format!("no back office of the store has reported {codes}"),
            "correct the code in Shopify, or report the product or its stock, and sync again",
        ),
        Kind::Taken => (
            format!("{skus} is linked to another variant of the store"),
            "cut that link first, or give this variant its own code",
        ),
        Kind::Ambiguous => (
            format!("several SKUs are known by {codes}: {skus}"),
            "link the variant by hand to the SKU that is meant",
        ),
    }
}

fn many(others: &[VariantId]) -> String {
    match others {
        [] => "several variants".to_owned(),
        [other] => format!("this variant and {other}"),
        more => format!("this variant and {} others", more.len()),
    }
}
