//! All variants of a store: their number, and page by page in order of id.

use lockstep_domain::VariantId;
use serde_json::Value;

pub(super) use super::answers::variants_count::DOCUMENT as COUNT;
pub(super) use super::answers::variants_page::DOCUMENT as PAGE;
use super::answers::words::CountPrecision;
use super::answers::{variants_count as count_of, variants_page as page_of};
use super::document::{Call, DecodeError};
use super::pages::next_page;
use super::variants::{Variant, variant};
use super::view::Given;

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
    page_of::call(&page_of::Variables {
        after: Given::or_null(after.map(str::to_owned)),
        query: Given::or_null(above.map(|id| format!("id:>{id}"))),
    })
}

/// Reads the answer to [`variants_page`].
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_variants_page(data: &Value) -> Result<VariantsPage, DecodeError> {
    let page = page_of::answer(data).product_variants()?;
    Ok(VariantsPage {
        variants: page.nodes()?.iter().map(variant).collect::<Result<_, _>>()?,
        next: next_page(&page.page_info()?)?,
    })
}

/// Asks how many variants there are.
#[must_use]
pub fn variants_count() -> Call {
    count_of::call(&count_of::Variables { query: Given::Null })
}

/// Asks how many variants there are with ids up to one.
#[must_use]
pub fn variants_count_up_to(last: VariantId) -> Call {
    count_of::call(&count_of::Variables { query: Given::Value(format!("id:<={last}")) })
}

/// Reads the answer to [`variants_count`], which may be rough.
///
/// # Errors
/// No number.
pub fn decode_variants_count(data: &Value) -> Result<u64, DecodeError> {
    number(&counted(data)?)
}

/// Reads the answer to [`variants_count_up_to`]: the number itself, or nothing where Shopify only
/// says that there are at least so many.
///
/// # Errors
/// No number.
pub fn decode_variants_number(data: &Value) -> Result<Option<u64>, DecodeError> {
    let count = counted(data)?;
    let is_exact = count.precision()? == CountPrecision::Exact;
    number(&count).map(|number| is_exact.then_some(number))
}

fn counted(data: &Value) -> Result<count_of::Count<'_>, DecodeError> {
    let answer = count_of::answer(data);
    answer.product_variants_count()?.ok_or_else(|| answer.wrong("productVariantsCount"))
}

fn number(count: &count_of::Count<'_>) -> Result<u64, DecodeError> {
    u64::try_from(count.count()?).map_err(|_| count.wrong("count"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_tells_where_the_next_begins() {
        let node = json!({"id": "gid://shopify/ProductVariant/5", "sku": "A", "barcode": null,
            "title": "Red",
            "product": {"id": "gid://shopify/Product/4", "title": "Lamp", "status": "ACTIVE"},
            "inventoryItem": {"id": "gid://shopify/InventoryItem/6", "tracked": false}});
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
        assert_eq!(decode_variants_number(&data).unwrap(), Some(600));
        let rough = json!({"productVariantsCount": {"count": 600, "precision": "AT_LEAST"}});
        assert_eq!(decode_variants_count(&rough).unwrap(), 600);
        assert_eq!(decode_variants_number(&rough).unwrap(), None);
        assert!(decode_variants_count(&json!({"productVariantsCount": null})).is_err());
    }
}
