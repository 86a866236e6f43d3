//! Variants, by id and by code, with the inventory item that their stock hangs on.

use lockstep_domain::{InventoryItemId, ProductId, VariantId};
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;

pub(super) const BY_IDS: Document = Document {
    operation: "VariantsByIds",
    text: include_str!("operations/variants_by_ids.graphql"),
    cost: 3,
    mutation: false,
    idempotent: false,
};

pub(super) const BY_CODE: Document = Document {
    operation: "VariantsByCode",
    text: include_str!("operations/variants_by_code.graphql"),
    cost: 14,
    mutation: false,
    idempotent: false,
};

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
    #[derive(Serialize)]
    struct Variables {
        ids: Vec<String>,
    }
    BY_IDS.call(&Variables { ids: ids.iter().map(|id| id.gid()).collect() })
}

/// Reads the answer to [`variants_by_ids`]: one per id, in their order; `None` where the store has
/// no such variant.
///
/// # Errors
/// No list, or a variant without its ids.
pub fn decode_variants_by_ids(data: &Value) -> Result<Vec<Option<Variant>>, DecodeError> {
    let nodes = data.get("nodes").and_then(Value::as_array);
    let nodes = nodes.ok_or_else(|| BY_IDS.missing("nodes"))?;
    nodes.iter().map(|node| node.get("id").map(|_| variant(node, &BY_IDS)).transpose()).collect()
}

/// Searches a code. Shopify's search lags behind writes by seconds.
#[must_use]
pub fn variants_by_code(field: CodeField, code: &str) -> Call {
    #[derive(Serialize)]
    struct Variables {
        query: String,
    }
    let field = match field {
        CodeField::Sku => "sku",
        CodeField::Barcode => "barcode",
    };
    let code = code.replace('\\', r"\\").replace('\'', r"\'");
    BY_CODE.call(&Variables { query: format!("{field}:'{code}'") })
}

/// Reads the answer to [`variants_by_code`].
///
/// # Errors
/// No list, or a variant without its ids.
pub fn decode_variants_by_code(data: &Value) -> Result<VariantsFound, DecodeError> {
    let page = read::root(data, &BY_CODE, "productVariants")?;
    let nodes = read::list(page, "nodes").iter().filter(|node| node.is_object());
    let more = page.get("pageInfo").and_then(|info| read::flag(info, "hasNextPage"));
    Ok(VariantsFound {
        variants: nodes.map(|node| variant(node, &BY_CODE)).collect::<Result<_, _>>()?,
        more: more.unwrap_or(false),
    })
}

pub(super) fn variant(node: &Value, document: &Document) -> Result<Variant, DecodeError> {
    let item = read::object(node, "inventoryItem").unwrap_or(&Value::Null);
    let product = read::object(node, "product").unwrap_or(&Value::Null);
    Ok(Variant {
        id: read::id(node, document, "variant")?,
        inventory_item: read::id(item, document, "variant.inventoryItem")?,
        sku: read::filled(node, "sku"),
        barcode: read::filled(node, "barcode"),
        tracked: read::flag(item, "tracked"),
        title: read::text(node, "title"),
        product: read::id(product, document, "variant.product").ok(),
        product_title: read::text(product, "title"),
        product_status: read::text(product, "status"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lamp() -> Value {
        json!({"id": "gid://shopify/ProductVariant/5", "title": "Red", "sku": "LAMP-1",
               "barcode": "", "product": {"id": "gid://shopify/Product/4", "title": "Lamp"},
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
    }

    #[test]
    fn a_variant_without_inventory_item_is_refused() {
        let data =
            json!({"productVariants": {"nodes": [{"id": "gid://shopify/ProductVariant/5"}]}});
        assert_eq!(decode_variants_by_code(&data).unwrap_err().path, "variant.inventoryItem.id");
    }

    #[test]
    fn a_quote_in_a_code_does_not_end_the_search_term() {
        let call = variants_by_code(CodeField::Sku, r"6' \ pipe");
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(body["variables"]["query"], r"sku:'6\' \\ pipe'");
    }
}
