//! A person edits stock in the merchant's pages.

use super::find::{self, What};
use super::{Answer, ControlError, Scene, broken, fields, nothing, read};
use crate::model::{LevelKey, QuantityName, Step};
use crate::webhooks::fact::Fact;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Edit {
    #[serde(flatten)]
    what: WhatOf,
    location: Value,
    available: Option<i64>,
    on_hand: Option<i64>,
    name: Option<String>,
    delta: Option<i64>,
}

/// The names of an item inside a larger body.
#[derive(Deserialize)]
pub(super) struct WhatOf {
    sku: Option<String>,
    variant_id: Option<Value>,
    inventory_item_id: Option<Value>,
}

impl From<WhatOf> for What {
    fn from(of: WhatOf) -> Self {
        Self { sku: of.sku, variant_id: of.variant_id, inventory_item_id: of.inventory_item_id }
    }
}

#[derive(Deserialize)]
struct Tracked {
    #[serde(flatten)]
    what: WhatOf,
    tracked: bool,
}

#[derive(Deserialize)]
struct Goods {
    #[serde(flatten)]
    what: WhatOf,
    location: Value,
    quantity: i64,
}

#[derive(Deserialize)]
struct Place {
    #[serde(flatten)]
    what: WhatOf,
    location: Value,
    available: Option<i64>,
}

/// Goods that were on their way arrive and are accepted.
pub(super) fn receive(scene: &mut Scene<'_>, body: Value) -> Answer {
    let goods: Goods = read(body)?;
    let item = What::from(goods.what).item(scene.shop)?;
    let location = find::location(scene.shop, &goods.location)?;
    let key = find::level(scene.shop, item, location)?;
    let coming = scene.shop.levels.get(&key).map_or(0, |level| level.quantities.incoming);
    if goods.quantity <= 0 || goods.quantity > coming {
        let message = format!("{coming} units are on their way, not {}", goods.quantity);
        return Err(ControlError::Forbidden(message));
    }
    let steps = [
        Step::Adjust(QuantityName::Incoming, -goods.quantity),
        Step::Adjust(QuantityName::Available, goods.quantity),
    ];
    for step in steps {
        scene.shop.step(key, step, scene.now, &mut scene.action).map_err(broken)?;
    }
    Ok(nothing())
}

/// Sets or changes one number of a level.
pub(super) fn edit(scene: &mut Scene<'_>, body: Value) -> Answer {
    let edit: Edit = read(body)?;
    let step = match (edit.available, edit.on_hand, edit.delta) {
        (Some(to), None, None) => Step::SetAvailable(to),
        (None, Some(to), None) => Step::SetOnHand(to),
        (None, None, Some(by)) => {
            let name = edit.name.as_deref().unwrap_or("available");
            let known = QuantityName::parse(name).filter(|name| name.is_adjustable());
            let name = known
                .ok_or_else(|| ControlError::Body(format!("name '{name}' cannot be changed")))?;
            Step::Adjust(name, by)
        }
        _ => {
            let message = "one of available, on_hand and delta is needed".to_owned();
            return Err(ControlError::Body(message));
        }
    };
    let item = What::from(edit.what).item(scene.shop)?;
    let location = find::location(scene.shop, &edit.location)?;
    let key = find::level(scene.shop, item, location)?;
    scene.shop.step(key, step, scene.now, &mut scene.action).map_err(broken)?;
    let quantities = scene.shop.levels.get(&key).map(|level| level.quantities).unwrap_or_default();
    Ok(fields(json!({"available": quantities.available, "on_hand": quantities.on_hand})))
}

/// Switches tracking.
pub(super) fn set_tracked(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Tracked = read(body)?;
    let id = What::from(asked.what).item(scene.shop)?;
    if let Some(item) = scene.shop.items.get_mut(&id) {
        item.tracked = asked.tracked;
        item.updated_at = scene.now;
        item.tracked_changed_at = Some(scene.now);
    }
    scene.action.add(Fact::ItemUpdated(id));
    scene.shop.touch_product(id, &mut scene.action);
    Ok(nothing())
}

/// Stocks an item at a location.
pub(super) fn connect(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Place = read(body)?;
    let item = What::from(asked.what).item(scene.shop)?;
    let location = find::location(scene.shop, &asked.location)?;
    let key = LevelKey { location, item };
    scene.shop.connect(key, scene.now, &mut scene.action);
    if let Some(available) = asked.available {
        let step = Step::SetAvailable(available);
        scene.shop.step(key, step, scene.now, &mut scene.action).map_err(broken)?;
    }
    Ok(nothing())
}

/// Stops stocking an item at a location.
pub(super) fn disconnect(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Place = read(body)?;
    let item = What::from(asked.what).item(scene.shop)?;
    let location = find::location(scene.shop, &asked.location)?;
    let key = find::level(scene.shop, item, location)?;
    scene.shop.disconnect(key, scene.now, &mut scene.action);
    Ok(nothing())
}
