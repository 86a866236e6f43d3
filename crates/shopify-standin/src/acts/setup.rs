//! Making shops, locations and products.

use super::find;
use super::{ControlError, Scene};
use crate::faults::Faults;
use crate::graphql::schema::AdminSchema;
use crate::ids::{self, gid};
use crate::journal::Journal;
use crate::model::{
    Access, Item, LevelKey, Location, Plan, Product, QuantityName, Settings, Shop, Step,
    Subscription, Table, Variant,
};
use crate::mutate::address_problem;
use crate::resolve::SCOPES;
use crate::throttle::Bucket;
use crate::webhooks::fact::{Action, Fact, TOPICS};
use crate::webhooks::outbox::Outbox;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A shop to be made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewShop {
    pub shop_domain: String,
    pub access_token: Option<String>,
    pub api_secret: String,
    #[serde(default = "client")]
    pub client_id: String,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    pub app_url: Option<String>,
    pub compliance_url: Option<String>,
    #[serde(default = "yes")]
    pub installed: bool,
    pub name: Option<String>,
    #[serde(default = "euro")]
    pub currency: String,
    #[serde(default = "utc")]
    pub timezone: String,
    #[serde(default)]
    pub plan: Plan,
    pub scopes: Option<Vec<String>>,
    pub webhook_url: Option<String>,
    #[serde(default)]
    pub locations: Vec<NewLocation>,
    #[serde(default)]
    pub products: Vec<NewProduct>,
    pub first_id: Option<i64>,
}

/// A location to be made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLocation {
    pub name: String,
    #[serde(default = "yes")]
    pub active: bool,
    #[serde(default = "yes")]
    pub fulfills_online_orders: bool,
}

/// A product to be made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    pub title: String,
    #[serde(default = "active")]
    pub status: String,
    #[serde(default)]
    pub vendor: String,
    #[serde(default)]
    pub product_type: String,
    #[serde(default)]
    pub tags: Vec<String>,
    pub variants: Vec<NewVariant>,
}

/// A variant to be made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVariant {
    pub sku: Option<String>,
    pub barcode: Option<String>,
    #[serde(default = "default_title")]
    pub title: String,
    #[serde(default = "price")]
    pub price: String,
    #[serde(default = "yes")]
    pub tracked: bool,
    #[serde(default = "deny")]
    pub policy: String,
    #[serde(default)]
    pub requires_components: bool,
    #[serde(default)]
    pub quantities: Vec<NewQuantities>,
}

/// What a new level holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewQuantities {
    pub location: Value,
    #[serde(default)]
    pub available: i64,
    #[serde(default)]
    pub committed: i64,
    #[serde(default)]
    pub reserved: i64,
    #[serde(default)]
    pub damaged: i64,
    #[serde(default)]
    pub safety_stock: i64,
    #[serde(default)]
    pub quality_control: i64,
    #[serde(default)]
    pub incoming: i64,
}

fn client() -> String {
    "standin-client-id".to_owned()
}

fn euro() -> String {
    "EUR".to_owned()
}

fn utc() -> String {
    "UTC".to_owned()
}

fn active() -> String {
    "ACTIVE".to_owned()
}

fn default_title() -> String {
    "Default Title".to_owned()
}

fn price() -> String {
    "10.00".to_owned()
}

fn deny() -> String {
    "DENY".to_owned()
}

fn yes() -> bool {
    true
}

/// Makes a shop with all that it holds, and answers the ids.
///
/// # Errors
/// When the description contradicts itself.
pub fn make(
    new: NewShop,
    schema: &AdminSchema,
    now: Timestamp,
    first_id: i64,
    journal_limit: usize,
) -> Result<(Shop, Value), ControlError> {
    let domain = new.shop_domain.to_ascii_lowercase();
    let short = domain.strip_suffix(".myshopify.com").unwrap_or_default();
    if short.is_empty() || !short.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '-') {
        let message = format!("shop_domain '{domain}' is not NAME.myshopify.com");
        return Err(ControlError::Body(message));
    }
    let scopes = new.scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec());
    let settings = Settings { plan: new.plan, ..Settings::default() };
    let access = Access {
        client_id: new.client_id,
        redirect_uris: new.redirect_uris,
        app_url: new.app_url,
        compliance_url: new.compliance_url.or_else(|| new.webhook_url.clone()),
        ..Access::default()
    };
    let mut shop = Shop {
        id: 0,
        name: new.name.unwrap_or_else(|| short.to_owned()),
        domain,
        currency: new.currency,
        timezone: new.timezone,
        created_at: now,
        installed: new.installed,
        access_token: new.access_token.unwrap_or_else(|| format!("shpat_{}", ids::fresh())),
        secret: new.api_secret,
        scopes,
        access,
        bucket: Bucket::full(settings.plan, now),
        settings,
        locations: Table::default(),
        products: Table::default(),
        variants: Table::default(),
        items: Table::default(),
        levels: Table::default(),
        orders: Table::default(),
        owners: Table::default(),
        jobs: Table::default(),
        cancellations: Table::default(),
        edits: Table::default(),
        operations: Table::default(),
        definitions: Table::default(),
        bulks: Table::default(),
        files: Table::default(),
        groups: Table::default(),
        subscriptions: Table::default(),
        gone: Table::default(),
        keys: Default::default(),
        faults: Faults::default(),
        journal: Journal::new(journal_limit),
        outbox: Outbox::default(),
        answers: Table::default(),
        next_id: new.first_id.unwrap_or(first_id),
        last_order: 1000,
        kept: None,
    };
    shop.id = shop.new_id();
    let mut scene = Scene { shop: &mut shop, now, action: Action::default() };
    let locations: Vec<Value> =
        new.locations.into_iter().map(|location| add_location(&mut scene, location)).collect();
    let mut products = Vec::new();
    for product in new.products {
        products.push(add_product(&mut scene, product)?);
    }
    if let Some(uri) = &new.webhook_url {
        subscribe_to_all(&mut scene, schema, uri)?;
    }
    let subscriptions: Vec<Value> = shop
        .subscriptions
        .values()
        .map(|one| json!({"topic": one.topic, "id": one.id, "uri": one.uri}))
        .collect();
    let answer = json!({
        "shop_domain": shop.domain,
        "shop_id": shop.id,
        "shop_gid": gid("Shop", shop.id),
        "locations": locations,
        "products": products,
        "subscriptions": subscriptions,
    });
    Ok((shop, answer))
}

fn subscribe_to_all(
    scene: &mut Scene<'_>,
    schema: &AdminSchema,
    uri: &str,
) -> Result<(), ControlError> {
    if let Some(problem) = address_problem(uri) {
        return Err(ControlError::Body(format!("webhook_url: {problem}")));
    }
    for topic in TOPICS {
        let name = schema.topic_name(topic);
        let name = name.ok_or_else(|| ControlError::Missing(format!("topic {topic}")))?;
        let id = scene.shop.new_id();
        let one = Subscription {
            id,
            topic_name: name.to_owned(),
            topic: topic.to_owned(),
            uri: uri.to_owned(),
            name: None,
            filter: None,
            include_fields: Vec::new(),
            format: "JSON".to_owned(),
            metafield_namespaces: Vec::new(),
            created_at: scene.now,
            updated_at: scene.now,
        };
        scene.shop.subscriptions.insert(id, one);
    }
    Ok(())
}

/// Makes a location and answers its ids.
pub(super) fn add_location(scene: &mut Scene<'_>, new: NewLocation) -> Value {
    let id = scene.shop.new_id();
    let answer = json!({"name": new.name, "id": id, "gid": gid("Location", id)});
    let location = Location {
        id,
        name: new.name,
        active: new.active,
        fulfills_online_orders: new.fulfills_online_orders,
        created_at: scene.now,
        updated_at: scene.now,
        deactivated_at: (!new.active).then_some(scene.now),
    };
    scene.shop.locations.insert(id, location);
    scene.action.add(Fact::LocationCreated(id));
    answer
}

/// Makes a product with its variants, items and levels, and answers their ids.
pub(super) fn add_product(scene: &mut Scene<'_>, new: NewProduct) -> Result<Value, ControlError> {
    status(&new.status)?;
    let id = scene.shop.new_id();
    let product = Product {
        id,
        title: new.title,
        own_handle: None,
        description: String::new(),
        options: Vec::new(),
        metafields: Vec::new(),
        status: new.status,
        vendor: new.vendor,
        product_type: new.product_type,
        tags: new.tags,
        variants: Vec::new(),
        created_at: scene.now,
        updated_at: scene.now,
    };
    let title = product.title.clone();
    scene.shop.products.insert(id, product);
    scene.action.add(Fact::ProductCreated(id));
    let mut variants = Vec::new();
    for (position, variant) in (1..).zip(new.variants) {
        variants.push(Value::Object(add_variant(scene, id, position, variant)?));
    }
    Ok(json!({"title": title, "id": id, "gid": gid("Product", id), "variants": variants}))
}

fn add_variant(
    scene: &mut Scene<'_>,
    product: i64,
    position: i64,
    new: NewVariant,
) -> Result<Map<String, Value>, ControlError> {
    let continues = policy(&new.policy)?;
    let now = scene.now;
    let (id, item) = (scene.shop.new_id(), scene.shop.new_id());
    let answer = json!({
        "sku": new.sku,
        "id": id,
        "gid": gid("ProductVariant", id),
        "inventory_item_id": item,
        "inventory_item_gid": gid("InventoryItem", item),
    });
    let variant = Variant {
        id,
        product,
        item,
        title: new.title,
        price: new.price,
        compare_at_price: None,
        options: Vec::new(),
        metafields: Vec::new(),
        barcode: new.barcode,
        continues,
        requires_components: new.requires_components,
        position,
        created_at: now,
        updated_at: now,
    };
    let kept = Item {
        id: item,
        variant: id,
        sku: new.sku,
        tracked: new.tracked,
        requires_shipping: true,
        cost: None,
        country_code_of_origin: None,
        province_code_of_origin: None,
        harmonized_system_code: None,
        created_at: now,
        updated_at: now,
        tracked_changed_at: None,
    };
    scene.shop.variants.insert(id, variant);
    scene.shop.items.insert(item, kept);
    if let Some(product) = scene.shop.products.get_mut(&product) {
        product.variants.push(id);
    }
    scene.action.add(Fact::ItemCreated(item));
    for quantities in new.quantities {
        fill(scene, item, &quantities)?;
    }
    Ok(super::fields(answer))
}

fn fill(scene: &mut Scene<'_>, item: i64, new: &NewQuantities) -> Result<(), ControlError> {
    let location = find::location(scene.shop, &new.location)?;
    let key = LevelKey { location, item };
    scene.shop.connect(key, scene.now, &mut scene.action);
    let steps = [
        Step::Adjust(QuantityName::Available, new.available),
        Step::Adjust(QuantityName::Reserved, new.reserved),
        Step::Adjust(QuantityName::Damaged, new.damaged),
        Step::Adjust(QuantityName::SafetyStock, new.safety_stock),
        Step::Adjust(QuantityName::QualityControl, new.quality_control),
        Step::Adjust(QuantityName::Incoming, new.incoming),
        // Committed units come from available ones, so that the given available is what shows.
        Step::Adjust(QuantityName::Available, new.committed),
        Step::Sold(new.committed),
    ];
    for step in steps {
        scene.shop.step(key, step, scene.now, &mut scene.action).map_err(super::broken)?;
    }
    Ok(())
}

/// Refuses what is no status of a product.
pub(super) fn status(text: &str) -> Result<(), ControlError> {
    if ["ACTIVE", "DRAFT", "ARCHIVED", "UNLISTED"].contains(&text) {
        Ok(())
    } else {
        Err(ControlError::Body(format!("status '{text}' does not exist")))
    }
}

/// True for `CONTINUE`.
pub(super) fn policy(text: &str) -> Result<bool, ControlError> {
    match text {
        "CONTINUE" => Ok(true),
        "DENY" => Ok(false),
        other => Err(ControlError::Body(format!("policy '{other}' is neither DENY nor CONTINUE"))),
    }
}
