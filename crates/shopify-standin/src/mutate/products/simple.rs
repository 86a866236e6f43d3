//! `productCreate`, `productUpdate`, `productDelete`.

use super::parts::{SET_CODES, by_handle, head, known, list, metafields, option_values, text};
use super::{Made, Stop};
use crate::catalog;
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::metafields::{Owner, product as by_custom_id};
use crate::model::Product;
use crate::mutate::payload::{Payload, Refusal};
use crate::resolve::{Front, Obj, number};
use crate::webhooks::fact::Fact;
use serde_json::{Value, json};

/// A product without anything.
pub(super) fn blank(front: &mut Front<'_>) -> i64 {
    let id = front.shop.new_id();
    let product = Product {
        id,
        title: String::new(),
        own_handle: None,
        description: String::new(),
        status: "ACTIVE".to_owned(),
        vendor: String::new(),
        product_type: String::new(),
        tags: Vec::new(),
        options: Vec::new(),
        metafields: Vec::new(),
        variants: Vec::new(),
        created_at: front.now,
        updated_at: front.now,
    };
    front.shop.products.insert(id, product);
    id
}

fn answer(id: i64) -> Payload {
    Payload::default().with("product", Some(Obj::Product(id))).with("shop", Some(Obj::Shop))
}

/// Creates a product with one variant.
pub(super) fn create(front: &mut Front<'_>, arguments: &Arguments) -> Made {
    let said = arguments.get("product").or_else(|| arguments.get("input"));
    let input = said.unwrap_or(&Value::Null).clone();
    known(&input)?;
    if text(&input, "title").is_none_or(|title| title.trim().is_empty()) {
        let place = ["product", "title"];
        return Err(Refusal::at("", &place, "Title can't be blank").into());
    }
    let id = blank(front);
    let made = fill(front, id, &input);
    if made.is_err() {
        front.shop.products.remove(&id);
    }
    made?;
    Ok(answer(id))
}

fn fill(front: &mut Front<'_>, id: i64, input: &Value) -> Result<(), Stop> {
    head(front, id, input, "product")?;
    let fields = list(input, "metafields").unwrap_or_default();
    metafields(front, Owner::Product(id), (fields, false), &["product"], SET_CODES)?;
    let options = list(input, "productOptions").unwrap_or_default();
    let mut first = Vec::new();
    for option in options {
        let name = text(option, "name").unwrap_or_default();
        let values = list(option, "values").unwrap_or_default();
        let value = values.first().and_then(|value| text(value, "name"));
        first.push(json!({"optionName": name, "name": value.unwrap_or_else(|| name.clone())}));
        let number = front.shop.new_id();
        if let Some(product) = front.shop.products.get_mut(&id) {
            product.options.push((number, name));
        }
    }
    let variant = catalog::add_variant(front.shop, front.now, id, &mut front.action);
    let values = option_values(&json!({"optionValues": first}));
    let item = front.shop.variants.get_mut(&variant).map(|one| {
        if !values.is_empty() {
            let all: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
            one.title = all.join(" / ");
            one.options = values;
        }
        one.item
    });
    let item = item.unwrap_or_default();
    catalog::stock_somewhere(front.shop, front.now, item, &mut front.action);
    front.action.add(Fact::ProductCreated(id));
    Ok(())
}

/// Changes a product, not its variants.
pub(super) fn update(front: &mut Front<'_>, arguments: &Arguments) -> Made {
    let said = arguments.get("product").or_else(|| arguments.get("input"));
    let input = said.unwrap_or(&Value::Null).clone();
    known(&input)?;
    let identifier = arguments.get("identifier").unwrap_or(&Value::Null);
    let given = text(identifier, "id").or_else(|| text(&input, "id"));
    let id = match given {
        Some(given) => Some(number(&given, "Product")?),
        None => match identifier.get("customId") {
            Some(custom) => by_custom_id(front.shop, custom),
            None => by_handle(front.shop, &text(identifier, "handle").unwrap_or_default()),
        },
    };
    let Some(id) = id.filter(|id| front.shop.products.contains_key(id)) else {
        let gone = id.is_some_and(|id| front.shop.gone.contains_key(&id));
        let refusal = Refusal::at("", &["id"], "Product does not exist");
        return Err(if gone { refusal.blameless() } else { refusal }.into());
    };
    head(front, id, &input, "product")?;
    let fields = list(&input, "metafields").unwrap_or_default();
    metafields(front, Owner::Product(id), (fields, false), &["product"], SET_CODES)?;
    front.action.add(Fact::ProductUpdated(id));
    Ok(answer(id))
}

/// Deletes a product.
pub(super) fn delete(front: &mut Front<'_>, arguments: &Arguments) -> Made {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    let id = number(&text(input, "id").unwrap_or_default(), "Product")?;
    if !catalog::remove_product(front.shop, id, &mut front.action) {
        let gone = front.shop.gone.contains_key(&id);
        let refusal = Refusal::at("", &["id"], "Product does not exist");
        return Err(if gone { refusal.blameless() } else { refusal }.into());
    }
    let payload = Payload::default().with("shop", Some(Obj::Shop));
    Ok(payload.with_out("deletedProductId", Out::leaf(gid("Product", id))))
}
