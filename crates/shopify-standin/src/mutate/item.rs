//! `inventoryItemUpdate`.

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::idempotency::Outcome;
use crate::resolve::{Front, Obj, id};
use crate::webhooks::fact::Fact;
use serde_json::Value;

/// Changes an inventory item.
///
/// # Errors
/// For ids of another type, and for fields that this stand-in does not keep.
pub fn update(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let number = id(arguments, "id", "InventoryItem")?;
    let empty = serde_json::Map::new();
    let input = arguments.get("input").and_then(Value::as_object).unwrap_or(&empty);
    for unknown in ["measurement", "countryHarmonizedSystemCodes"] {
        if input.contains_key(unknown) {
            let what = format!("InventoryItemInput.{unknown}");
            return Err(GraphqlError::not_implemented(&what));
        }
    }
    let gone = front.shop.gone.contains_key(&number);
    let Some(item) = front.shop.items.get_mut(&number) else {
        let message = "The product couldn't be updated because it does not exist.";
        let refusal = Refusal::at("", &["id"], message);
        return Ok(refused(vec![if gone { refusal.blameless() } else { refusal }]));
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    for (name, value) in input {
        match name.as_str() {
            "sku" => item.sku = text(value),
            "cost" => item.cost = text(value),
            "countryCodeOfOrigin" => item.country_code_of_origin = text(value),
            "provinceCodeOfOrigin" => item.province_code_of_origin = text(value),
            "harmonizedSystemCode" => item.harmonized_system_code = text(value),
            "tracked" => item.tracked = value.as_bool().unwrap_or(item.tracked),
            "requiresShipping" => {
                item.requires_shipping = value.as_bool().unwrap_or(item.requires_shipping);
            }
            _ => {}
        }
    }
    item.updated_at = front.now;
    let variant = item.variant;
    front.action.add(Fact::ItemUpdated(number));
    if let Some(variant) = front.shop.variants.get_mut(&variant) {
        variant.updated_at = front.now;
        if let Some(product) = front.shop.products.get_mut(&variant.product) {
            product.updated_at = front.now;
        }
    }
    front.shop.touch_product(number, &mut front.action);
    Ok(Done {
        payload: Payload::default().with("inventoryItem", Some(Obj::Item(number))),
        outcome: Outcome::Group(None),
    })
}
