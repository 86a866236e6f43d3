//! What products and variants have beside what every list shows: options, metafields, and
//! products that are set later.

use super::record::{Obj, Record};
use super::{Front, id, metafields, text};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::metafields::{self as owners, Owner};
use crate::model::{Product, Shop};
use serde_json::{Value, json};

/// A field of `Product` that stands here.
///
/// # Errors
/// Those of its connections.
pub fn product(
    front: &Front<'_>,
    number: i64,
    field: &str,
    arguments: &Arguments,
) -> Result<Option<Out<Obj>>, GraphqlError> {
    let Some(product) = front.shop.products.get(&number) else {
        return Ok(None);
    };
    Ok(Some(match field {
        "descriptionHtml" => Out::leaf(product.description.as_str()),
        "options" => Out::List(options(front.shop, product)),
        _ => return metafields::field(front, Owner::Product(number), field, arguments),
    }))
}

fn options(shop: &Shop, product: &Product) -> Vec<Out<Obj>> {
    let plain = (product.id, "Title".to_owned());
    let none = product.options.is_empty().then_some(&plain);
    let all = product.options.iter().chain(none);
    let values = |name: &str| -> Vec<String> {
        let mut values = Vec::new();
        for variant in product.variants.iter().filter_map(|id| shop.variants.get(id)) {
            let own = variant.options.iter().find(|(known, _)| known == name);
            let value = own.map_or_else(|| variant.title.clone(), |(_, value)| value.clone());
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    };
    (1_i64..)
        .zip(all)
        .map(|(position, (id, name))| {
            Record::new("ProductOption")
                .with("id", Out::leaf(gid("ProductOption", *id)))
                .with("name", Out::leaf(name.as_str()))
                .with("position", Out::leaf(position))
                .with("values", Out::Leaf(json!(values(name))))
                .object()
        })
        .collect()
}

/// A field of `ProductVariant` that stands here.
///
/// # Errors
/// Those of its connections.
pub fn variant(
    front: &Front<'_>,
    number: i64,
    field: &str,
    arguments: &Arguments,
) -> Result<Option<Out<Obj>>, GraphqlError> {
    let Some(variant) = front.shop.variants.get(&number) else {
        return Ok(None);
    };
    Ok(Some(match field {
        "compareAtPrice" => Out::leaf(variant.compare_at_price.clone()),
        "selectedOptions" => {
            let plain = [("Title".to_owned(), variant.title.clone())];
            let own = variant.options.as_slice();
            let all = if own.is_empty() { plain.as_slice() } else { own };
            let shown = all.iter().map(|(name, value)| {
                Record::new("SelectedOption")
                    .with("name", Out::leaf(name.as_str()))
                    .with("value", Out::leaf(value.as_str()))
                    .object()
            });
            Out::List(shown.collect())
        }
        _ => return metafields::field(front, Owner::Variant(number), field, arguments),
    }))
}

/// The product that `productByIdentifier` names.
///
/// # Errors
/// For ids of another type.
pub fn by_identifier(
    front: &Front<'_>,
    arguments: &Arguments,
) -> Result<Option<i64>, GraphqlError> {
    let empty = Arguments::new();
    let named = arguments.get("identifier").and_then(Value::as_object).unwrap_or(&empty);
    if named.contains_key("id") {
        return id(named, "id", "Product").map(Some);
    }
    if let Some(handle) = text(named, "handle") {
        let mut all = front.shop.products.values();
        return Ok(all.find(|one| one.handle() == handle).map(|one| one.id));
    }
    Ok(named.get("customId").and_then(|custom| owners::product(front.shop, custom)))
}

/// The variant that `productVariantByIdentifier` names.
///
/// # Errors
/// For ids of another type.
pub fn variant_by_identifier(
    front: &Front<'_>,
    arguments: &Arguments,
) -> Result<Option<i64>, GraphqlError> {
    let empty = Arguments::new();
    let named = arguments.get("identifier").and_then(Value::as_object).unwrap_or(&empty);
    if named.contains_key("id") {
        return id(named, "id", "ProductVariant").map(Some);
    }
    Ok(named.get("customId").and_then(|custom| owners::variant(front.shop, custom)))
}

/// A field of `ProductSetOperation`.
#[must_use]
pub fn operation(shop: &Shop, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = shop.operations.get(&number) else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("ProductSetOperation", number)),
        "status" => Out::leaf(if one.done { "COMPLETE" } else { "CREATED" }),
        "product" => Out::maybe(one.product.map(Obj::Product)),
        "userErrors" => {
            let errors = one.refused.iter().map(|(code, field, message)| {
                let field = field.clone().map_or(Out::Null, |steps| Out::Leaf(json!(steps)));
                Record::new("ProductSetUserError")
                    .with("code", Out::leaf(code.as_str()))
                    .with("field", field)
                    .with("message", Out::leaf(message.as_str()))
                    .object()
            });
            Out::List(errors.collect())
        }
        _ => return None,
    })
}
