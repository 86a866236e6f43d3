//! A person changes products, locations, or the installation.

use super::find::{self, What};
use super::setup::{self, NewLocation, NewProduct};
use super::stock::WhatOf;
use super::{Answer, ControlError, Scene, fields, nothing, read};
use crate::catalog;
use crate::ids;
use crate::webhooks::fact::Fact;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Product {
    product: Option<Value>,
    #[serde(flatten)]
    what: WhatOf,
}

#[derive(Deserialize)]
struct Update {
    product: Option<Value>,
    #[serde(flatten)]
    what: WhatOf,
    title: Option<String>,
    status: Option<String>,
    tags: Option<Vec<String>>,
    vendor: Option<String>,
    barcode: Option<String>,
    price: Option<String>,
    variant_title: Option<String>,
}

#[derive(Deserialize)]
struct Sku {
    #[serde(flatten)]
    what: WhatOf,
    new_sku: Option<String>,
}

#[derive(Deserialize)]
struct Policy {
    #[serde(flatten)]
    what: WhatOf,
    policy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    location: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Renamed {
    location: Value,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopName {
    name: String,
}

pub(super) fn add_product(scene: &mut Scene<'_>, body: Value) -> Answer {
    let new: NewProduct = read(body)?;
    setup::add_product(scene, new).map(fields)
}

pub(super) fn add_location(scene: &mut Scene<'_>, body: Value) -> Answer {
    let new: NewLocation = read(body)?;
    Ok(fields(setup::add_location(scene, new)))
}

/// Deletes a product with its variants, items and levels.
pub(super) fn delete_product(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Product = read(body)?;
    let id = match &asked.product {
        Some(named) => ids::loose(named, "Product"),
        None => {
            let item = What::from(asked.what).item(scene.shop)?;
            scene.shop.variant_of(item).map(|variant| variant.product)
        }
    };
    let id = id.unwrap_or_default();
    if catalog::remove_product(scene.shop, id, &mut scene.action) {
        Ok(nothing())
    } else {
        Err(ControlError::Missing("such product".to_owned()))
    }
}

pub(super) fn change_sku(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Sku = read(body)?;
    let id = What::from(asked.what).item(scene.shop)?;
    if let Some(item) = scene.shop.items.get_mut(&id) {
        item.sku = asked.new_sku;
        item.updated_at = scene.now;
    }
    scene.action.add(Fact::ItemUpdated(id));
    touch(scene, id);
    Ok(nothing())
}

/// Changes a product, and the variant by which it is named.
pub(super) fn update_product(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Update = read(body)?;
    let now = scene.now;
    let named = What::from(asked.what);
    let item = if named.is_empty() { None } else { Some(named.item(scene.shop)?) };
    let variant = item.and_then(|item| scene.shop.variant_of(item)).map(|variant| variant.id);
    if let Some(variant) = variant.and_then(|id| scene.shop.variants.get_mut(&id)) {
        variant.barcode = asked.barcode.or(variant.barcode.take());
        variant.price = asked.price.unwrap_or_else(|| variant.price.clone());
        variant.title = asked.variant_title.unwrap_or_else(|| variant.title.clone());
        variant.updated_at = now;
    }
    let of_variant = variant.and_then(|id| scene.shop.variants.get(&id)).map(|one| one.product);
    let named = asked.product.as_ref().and_then(|named| ids::loose(named, "Product"));
    let id = named.or(of_variant).unwrap_or_default();
    let product = scene.shop.products.get_mut(&id);
    let product = product.ok_or_else(|| ControlError::Missing("such product".to_owned()))?;
    if let Some(status) = asked.status {
        setup::status(&status)?;
        product.status = status;
    }
    product.title = asked.title.unwrap_or_else(|| product.title.clone());
    product.tags = asked.tags.unwrap_or_else(|| product.tags.clone());
    product.vendor = asked.vendor.unwrap_or_else(|| product.vendor.clone());
    product.updated_at = now;
    scene.action.add(Fact::ProductUpdated(id));
    Ok(fields(serde_json::json!({"product_id": id})))
}

pub(super) fn set_policy(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Policy = read(body)?;
    let continues = setup::policy(&asked.policy)?;
    let id = What::from(asked.what).item(scene.shop)?;
    let variant = scene.shop.variant_of(id).map(|variant| variant.id);
    if let Some(variant) = variant.and_then(|id| scene.shop.variants.get_mut(&id)) {
        variant.continues = continues;
    }
    touch(scene, id);
    Ok(nothing())
}

/// The variant and the product of an item changed.
fn touch(scene: &mut Scene<'_>, item: i64) {
    let now = scene.now;
    let variant = scene.shop.variant_of(item).map(|variant| variant.id);
    if let Some(variant) = variant.and_then(|id| scene.shop.variants.get_mut(&id)) {
        variant.updated_at = now;
        if let Some(product) = scene.shop.products.get_mut(&variant.product) {
            product.updated_at = now;
            scene.action.add(Fact::ProductUpdated(product.id));
        }
    }
}

/// Gives a location another name.
pub(super) fn rename_location(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Renamed = read(body)?;
    let id = find::location(scene.shop, &asked.location)?;
    let now = scene.now;
    if let Some(location) = scene.shop.locations.get_mut(&id) {
        location.name = asked.name;
        location.updated_at = now;
    }
    scene.action.add(Fact::LocationUpdated(id));
    Ok(nothing())
}

/// Deletes a location that is not active and at which nothing is stocked.
pub(super) fn delete_location(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Place = read(body)?;
    let id = find::location(scene.shop, &asked.location)?;
    let active = scene.shop.locations.get(&id).is_some_and(|location| location.active);
    if active || scene.shop.levels_at(id).any(|level| level.active) {
        let message = "a location that is active or stocks something cannot be deleted";
        return Err(ControlError::Forbidden(message.to_owned()));
    }
    scene.shop.locations.remove(&id);
    scene.shop.levels.retain(|key, _| key.location != id);
    scene.shop.gone.insert(id, ());
    scene.action.add(Fact::LocationDeleted(id));
    Ok(nothing())
}

/// Changes what the shop says of itself.
pub(super) fn update_shop(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: ShopName = read(body)?;
    scene.shop.name = asked.name;
    scene.action.add(Fact::ShopUpdated);
    Ok(nothing())
}

pub(super) fn switch_location(scene: &mut Scene<'_>, body: Value, active: bool) -> Answer {
    let asked: Place = read(body)?;
    let id = find::location(scene.shop, &asked.location)?;
    let now = scene.now;
    if let Some(location) = scene.shop.locations.get_mut(&id) {
        location.active = active;
        location.updated_at = now;
        location.deactivated_at = (!active).then_some(now);
    }
    let fact = if active { Fact::LocationActivated(id) } else { Fact::LocationDeactivated(id) };
    scene.action.add(fact);
    Ok(nothing())
}
