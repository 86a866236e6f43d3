//! All variants of a store: their number, and page by page in order of id.

use lockstep_domain::VariantId;
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;
use super::variants::{Variant, variant};

pub(super) const PAGE: Document = Document {
    operation: "VariantsPage",
    text: include_str!("operations/variants_page.graphql"),
    cost: 35,
    mutation: false,
    idempotent: false,
};

pub(super) const COUNT: Document = Document {
    operation: "VariantsCount",
    text: include_str!("operations/variants_count.graphql"),
    cost: 10,
    mutation: false,
    idempotent: false,
};

/// Variants on one page.
pub const VARIANTS_PER_PAGE: u64 = 250;
/// Requested cost of one page, in points.
pub const VARIANTS_PAGE_COST: u32 = PAGE.cost;
/// Requested cost of the count, in points.
pub const VARIANTS_COUNT_COST: u32 = COUNT.cost;

/// A page of variants, in order of id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantsPage {
    /// Up to [`VARIANTS_PER_PAGE`].
    pub variants: Vec<Variant>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

/// Asks for a page behind a cursor, of the variants above an id: Shopify pages through 25,000
/// objects of one list and no further, so a longer one is read in several lists.
#[must_use]
pub fn variants_page(after: Option<&str>, above: Option<VariantId>) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        after: Option<&'a str>,
        query: Option<String>,
    }
    PAGE.call(&Variables { after, query: above.map(|id| format!("id:>{id}")) })
}

/// Reads the answer to [`variants_page`].
///
/// # Errors
/// No list, or a variant without its ids.
pub fn decode_variants_page(data: &Value) -> Result<VariantsPage, DecodeError> {
    let page = read::root(data, &PAGE, "productVariants")?;
    let nodes = page.get("nodes").and_then(Value::as_array);
    let nodes = nodes.ok_or_else(|| PAGE.missing("productVariants.nodes"))?;
    Ok(VariantsPage {
        variants: nodes.iter().map(|node| variant(node, &PAGE)).collect::<Result<_, _>>()?,
        next: read::next_page(page),
    })
}

/// Asks how many variants there are.
#[must_use]
pub fn variants_count() -> Call {
    #[derive(Serialize)]
    struct Variables {}
    COUNT.call(&Variables {})
}

/// Reads the answer to [`variants_count`].
///
/// # Errors
/// No number.
pub fn decode_variants_count(data: &Value) -> Result<u64, DecodeError> {
    let count = read::root(data, &COUNT, "productVariantsCount")?;
    read::number(count, "count")
        .and_then(|count| u64::try_from(count).ok())
        .ok_or_else(|| COUNT.missing("productVariantsCount.count"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_tells_where_the_next_begins() {
        let node = json!({"id": "gid://shopify/ProductVariant/5", "sku": "A",
                          "inventoryItem": {"id": "gid://shopify/InventoryItem/6"}});
        let page = |more: bool| {
            json!({"productVariants": {"nodes": [node],
                   "pageInfo": {"hasNextPage": more, "endCursor": "c5"}}})
        };
        let first = decode_variants_page(&page(true)).unwrap();
        assert_eq!((first.variants.len(), first.next.as_deref()), (1, Some("c5")));
        assert_eq!(decode_variants_page(&page(false)).unwrap().next, None);
        assert!(decode_variants_page(&json!({"productVariants": {}})).is_err());
    }

    #[test]
    fn a_later_list_begins_above_an_id() {
        let call = variants_page(None, Some(VariantId(9)));
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(body["variables"], json!({"after": null, "query": "id:>9"}));
    }

    #[test]
    fn a_count_is_a_number() {
        let data = json!({"productVariantsCount": {"count": 600, "precision": "EXACT"}});
        assert_eq!(decode_variants_count(&data).unwrap(), 600);
        assert!(decode_variants_count(&json!({"productVariantsCount": null})).is_err());
    }
}
