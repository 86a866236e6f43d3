//! Variants, by id and by code, with the inventory item that their stock hangs on.

use lockstep_domain::{InventoryItemId, ProductId, VariantId};
use serde_json::Value;

use super::answers::parts::ProductVariantOfVariantsByCode as Shown;
pub(super) use super::answers::variants_by_code::DOCUMENT as BY_CODE;
pub(super) use super::answers::variants_by_ids::DOCUMENT as BY_IDS;
use super::answers::{variants_by_code as by_code, variants_by_ids as by_ids};
use super::document::{Call, DecodeError};

/// A variant as Shopify shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Shopify's id.
    pub id: VariantId,
    /// Its inventory item.
    pub inventory_item: InventoryItemId,
    /// Its SKU; `None` when blank.
    pub sku: Option<String>,
    /// Its barcode; `None` when blank.
    pub barcode: Option<String>,
    /// Whether Shopify keeps quantities for it.
    pub tracked: Option<bool>,
    /// Title of the variant among its product's.
    pub title: Option<String>,
    /// Its product.
    pub product: Option<ProductId>,
    /// The product's title.
    pub product_title: Option<String>,
    /// The product's status: `ACTIVE`, `DRAFT`, `ARCHIVED`, `UNLISTED`.
    pub product_status: Option<String>,
}

impl Variant {
    /// Both titles in one, for people. Shopify calls a product's only variant `Default Title`.
    #[must_use]
    pub fn full_title(&self) -> String {
        let product = self.product_title.as_deref().unwrap_or_default();
        match self.title.as_deref() {
            None | Some("" | "Default Title") => product.to_owned(),
            Some(title) => format!("{product} / {title}"),
        }
    }
}

/// Variants that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantsFound {
    /// Up to 10. The search ignores case and finds parts: compare the code again.
    pub variants: Vec<Variant>,
    /// True when there are more.
    pub more: bool,
}

/// Where a code is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeField {
    /// The SKU.
    Sku,
    /// The barcode.
    Barcode,
}

/// Asks for up to [`super::LINES_MAX`] variants.
#[must_use]
pub fn variants_by_ids(ids: &[VariantId]) -> Call {
    by_ids::call(&by_ids::Variables { ids: ids.iter().map(|id| id.gid()).collect() })
}

/// Reads the answer to [`variants_by_ids`]: one per id, in their order; `None` where the store has
/// no such variant.
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_variants_by_ids(data: &Value) -> Result<Vec<Option<Variant>>, DecodeError> {
    let nodes = by_ids::answer(data).nodes()?;
    nodes.iter().map(|node| node.0.as_ref().map(variant).transpose()).collect()
}

/// Searches a code. Shopify's search lags behind writes by seconds.
#[must_use]
pub fn variants_by_code(field: CodeField, code: &str) -> Call {
    let field = match field {
        CodeField::Sku => "sku",
        CodeField::Barcode => "barcode",
    };
    let code = code.replace('\\', r"\\").replace('\'', r"\'");
    by_code::call(&by_code::Variables { query: format!("{field}:'{code}'") })
}

/// Reads the answer to [`variants_by_code`].
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_variants_by_code(data: &Value) -> Result<VariantsFound, DecodeError> {
    let page = by_code::answer(data).product_variants()?;
    Ok(VariantsFound {
        variants: page.nodes()?.iter().map(variant).collect::<Result<_, _>>()?,
        more: page.page_info()?.has_next_page()?,
    })
}

pub(super) fn variant(node: &Shown<'_>) -> Result<Variant, DecodeError> {
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (item, product) = (node.inventory_item()?, node.product()?);
    Ok(Variant {
        id: node.id()?,
        inventory_item: item.id()?,
        sku: filled(node.sku()?),
        barcode: filled(node.barcode()?),
        tracked: Some(item.tracked()?),
        title: Some(node.title()?),
        product: Some(product.id()?),
        product_title: Some(product.title()?),
        product_status: Some(product.status()?.as_str().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lamp() -> Value {
        json!({"id": "gid://shopify/ProductVariant/5", "title": "Red", "sku": "LAMP-1",
               "barcode": "", "product":
                    {"id": "gid://shopify/Product/4", "title": "Lamp", "status": "NEW_STATUS"},
               "inventoryItem": {"id": "gid://shopify/InventoryItem/6", "tracked": true}})
    }

    #[test]
    fn ids_without_a_variant_keep_their_place() {
        let data = json!({"nodes": [null, lamp(), {}]});
        let found = decode_variants_by_ids(&data).unwrap();
        assert_eq!(found.len(), 3);
        assert!(found[0].is_none() && found[2].is_none());
        let lamp = found[1].as_ref().unwrap();
        assert_eq!((lamp.id, lamp.inventory_item), (VariantId(5), InventoryItemId(6)));
        assert_eq!(lamp.barcode, None);
        assert_eq!(lamp.full_title(), "Lamp / Red");
        assert_eq!(lamp.product_status.as_deref(), Some("NEW_STATUS"));
    }

    #[test]
    fn a_variant_without_inventory_item_is_refused() {
        let data =
            json!({"productVariants": {"nodes": [{"id": "gid://shopify/ProductVariant/5"}]}});
        assert_eq!(
            decode_variants_by_code(&data).unwrap_err().path,
            "productVariants.nodes[0].inventoryItem"
        );
    }

    #[test]
    fn a_quote_in_a_code_does_not_end_the_search_term() {
        let call = variants_by_code(CodeField::Sku, r"6' \ pipe");
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(body["variables"]["query"], r"sku:'6\' \\ pipe'");
    }
}
