//! What changes products, for the merchant's acts and for mutations alike.

use crate::model::{Item, Level, LevelKey, Product, Shop, Variant};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Deletes a product with its variants, items and levels; false when there is none.
pub fn remove_product(shop: &mut Shop, id: i64, action: &mut Action) -> bool {
    let Some(product) = shop.products.remove(&id) else {
        return false;
    };
    shop.gone.insert(id, ());
    action.add(Fact::ProductDeleted(id));
    for variant in product.variants {
        forget_variant(shop, variant, action);
    }
    true
}

/// Deletes a variant of a product that stays.
pub fn remove_variant(shop: &mut Shop, id: i64, action: &mut Action) {
    let product = shop.variants.get(&id).map(|variant| variant.product);
    if let Some(product) = product.and_then(|id| shop.products.get_mut(&id)) {
        product.variants.retain(|known| *known != id);
    }
    forget_variant(shop, id, action);
}

fn forget_variant(shop: &mut Shop, id: i64, action: &mut Action) {
    shop.gone.insert(id, ());
    let Some(variant) = shop.variants.remove(&id) else {
        return;
    };
    shop.items.remove(&variant.item);
    shop.gone.insert(variant.item, ());
    forget_levels(shop, variant.item);
    action.add(Fact::ItemDeleted(variant.item));
}

fn forget_levels(shop: &mut Shop, item: i64) {
    let keys: Vec<LevelKey> = shop.levels_of_item(item).map(|level| level.key).collect();
    for key in keys {
        shop.levels.remove(&key);
    }
}

/// A product with all that hangs on it, to be put back when a change is refused half-way.
#[derive(Debug)]
pub struct Saved {
    id: i64,
    product: Option<Product>,
    variants: Vec<Variant>,
    items: Vec<Item>,
    levels: Vec<Level>,
}

impl Saved {
    /// A product as it is; `fresh` ones were not there before.
    #[must_use]
    pub fn of(shop: &Shop, id: i64, fresh: bool) -> Self {
        let product = shop.products.get(&id).filter(|_| !fresh).cloned();
        let ids = product.as_ref().map(|product| product.variants.as_slice());
        let ids = ids.unwrap_or_default();
        let variants: Vec<Variant> =
            ids.iter().filter_map(|id| shop.variants.get(id)).cloned().collect();
        let items = variants.iter().filter_map(|one| shop.items.get(&one.item)).cloned().collect();
        let levels = variants.iter().flat_map(|one| shop.levels_of_item(one.item)).cloned();
        let levels = levels.collect();
        Self { id, product, variants, items, levels }
    }

    /// Puts it back.
    pub fn restore(self, shop: &mut Shop) {
        let present = shop.products.remove(&self.id).map(|product| product.variants);
        for id in present.unwrap_or_default() {
            if let Some(variant) = shop.variants.remove(&id) {
                shop.items.remove(&variant.item);
                forget_levels(shop, variant.item);
            }
        }
        for variant in self.variants {
            shop.gone.remove(&variant.id);
            shop.variants.insert(variant.id, variant);
        }
        for item in self.items {
            shop.gone.remove(&item.id);
            shop.items.insert(item.id, item);
        }
        for level in self.levels {
            shop.levels.insert(level.key, level);
        }
        if let Some(product) = self.product {
            shop.products.insert(product.id, product);
        }
    }
}

/// A variant with all that hangs on it, to be put back when its change is refused.
#[derive(Debug)]
pub struct SavedVariant {
    variant: Variant,
    item: Option<Item>,
    levels: Vec<Level>,
}

impl SavedVariant {
    /// A variant as it is, if it is there.
    #[must_use]
    pub fn of(shop: &Shop, id: i64) -> Option<Self> {
        let variant = shop.variants.get(&id)?.clone();
        let item = shop.items.get(&variant.item).cloned();
        let levels = shop.levels_of_item(variant.item).cloned().collect();
        Some(Self { variant, item, levels })
    }

    /// Puts it back.
    pub fn restore(self, shop: &mut Shop) {
        if let Some(item) = self.item {
            shop.items.insert(item.id, item);
        }
        for level in self.levels {
            shop.levels.insert(level.key, level);
        }
        shop.variants.insert(self.variant.id, self.variant);
    }
}

/// Adds a variant at the end of a product and answers its number; its item is not tracked.
pub fn add_variant(shop: &mut Shop, now: Timestamp, product: i64, action: &mut Action) -> i64 {
    let (id, item) = (shop.new_id(), shop.new_id());
    let places = shop.products.get(&product).map_or(0, |product| product.variants.len());
    let variant = Variant {
        id,
        product,
        item,
        title: "Default Title".to_owned(),
        price: "0.00".to_owned(),
        compare_at_price: None,
        barcode: None,
        options: Vec::new(),
        metafields: Vec::new(),
        continues: false,
        requires_components: false,
        position: i64::try_from(places).unwrap_or(i64::MAX - 1) + 1,
        created_at: now,
        updated_at: now,
    };
    let kept = Item {
        id: item,
        variant: id,
        sku: None,
        tracked: false,
        requires_shipping: true,
        cost: None,
        country_code_of_origin: None,
        province_code_of_origin: None,
        harmonized_system_code: None,
        created_at: now,
        updated_at: now,
        tracked_changed_at: None,
    };
    shop.variants.insert(id, variant);
    shop.items.insert(item, kept);
    if let Some(product) = shop.products.get_mut(&product) {
        product.variants.push(id);
    }
    action.add(Fact::ItemCreated(item));
    id
}

/// Stocks a new item at the first active location, where nothing else was asked for.
pub fn stock_somewhere(shop: &mut Shop, now: Timestamp, item: i64, action: &mut Action) {
    let first = shop.locations.values().find(|location| location.active);
    if let Some(location) = first.map(|location| location.id) {
        shop.connect(LevelKey { location, item }, now, action);
    }
}
