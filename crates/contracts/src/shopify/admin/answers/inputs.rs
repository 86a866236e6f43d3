//! What variables are made of. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;

use super::super::view::Given;
use super::words;

/// `FulfillmentInput`.
#[derive(Serialize)]
pub struct FulfillmentInput {
    #[serde(rename = "lineItemsByFulfillmentOrder")]
    pub line_items_by_fulfillment_order: Vec<FulfillmentOrderLineItemsInput>,
    #[serde(rename = "notifyCustomer", skip_serializing_if = "Given::is_absent")]
    pub notify_customer: Given<bool>,
    #[serde(rename = "originAddress", skip_serializing_if = "Given::is_absent")]
    pub origin_address: Given<FulfillmentOriginAddressInput>,
    #[serde(rename = "trackingInfo", skip_serializing_if = "Given::is_absent")]
    pub tracking_info: Given<FulfillmentTrackingInput>,
}

/// `FulfillmentOrderLineItemInput`.
#[derive(Serialize)]
pub struct FulfillmentOrderLineItemInput {
    pub id: String,
    pub quantity: i64,
}

/// `FulfillmentOrderLineItemsInput`.
#[derive(Serialize)]
pub struct FulfillmentOrderLineItemsInput {
    #[serde(rename = "fulfillmentOrderId")]
    pub fulfillment_order_id: String,
    #[serde(rename = "fulfillmentOrderLineItems", skip_serializing_if = "Given::is_absent")]
    pub fulfillment_order_line_items: Given<Vec<FulfillmentOrderLineItemInput>>,
}

/// `FulfillmentOriginAddressInput`.
#[derive(Serialize)]
pub struct FulfillmentOriginAddressInput {
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub address1: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub address2: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub city: Given<String>,
    #[serde(rename = "countryCode")]
    pub country_code: String,
    #[serde(rename = "provinceCode", skip_serializing_if = "Given::is_absent")]
    pub province_code: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub zip: Given<String>,
}

/// `FulfillmentTrackingInput`.
#[derive(Serialize)]
pub struct FulfillmentTrackingInput {
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub company: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub number: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub numbers: Given<Vec<String>>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub url: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub urls: Given<Vec<String>>,
}

/// `HasMetafieldsMetafieldIdentifierInput`.
#[derive(Serialize)]
pub struct HasMetafieldsMetafieldIdentifierInput {
    pub key: String,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub namespace: Given<String>,
}

/// `InventoryAdjustQuantitiesInput`.
#[derive(Serialize)]
pub struct InventoryAdjustQuantitiesInput {
    pub changes: Vec<InventoryChangeInput>,
    pub name: String,
    pub reason: String,
    #[serde(rename = "referenceDocumentUri", skip_serializing_if = "Given::is_absent")]
    pub reference_document_uri: Given<String>,
}

/// `InventoryChangeInput`.
#[derive(Serialize)]
pub struct InventoryChangeInput {
    #[serde(rename = "changeFromQuantity", skip_serializing_if = "Given::is_absent")]
    pub change_from_quantity: Given<i64>,
    pub delta: i64,
    #[serde(rename = "inventoryItemId")]
    pub inventory_item_id: String,
    #[serde(rename = "ledgerDocumentUri", skip_serializing_if = "Given::is_absent")]
    pub ledger_document_uri: Given<String>,
    #[serde(rename = "locationId")]
    pub location_id: String,
}

/// `InventoryQuantityInput`.
#[derive(Serialize)]
pub struct InventoryQuantityInput {
    #[serde(rename = "changeFromQuantity", skip_serializing_if = "Given::is_absent")]
    pub change_from_quantity: Given<i64>,
    #[serde(rename = "inventoryItemId")]
    pub inventory_item_id: String,
    #[serde(rename = "locationId")]
    pub location_id: String,
    pub quantity: i64,
}

/// `InventorySetQuantitiesInput`.
#[derive(Serialize)]
pub struct InventorySetQuantitiesInput {
    pub name: String,
    pub quantities: Vec<InventoryQuantityInput>,
    pub reason: String,
    #[serde(rename = "referenceDocumentUri", skip_serializing_if = "Given::is_absent")]
    pub reference_document_uri: Given<String>,
}

/// `WebhookSubscriptionInput`.
#[derive(Serialize)]
pub struct WebhookSubscriptionInput {
    #[serde(rename = "callbackUrl", skip_serializing_if = "Given::is_absent")]
    pub callback_url: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub filter: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub format: Given<words::WebhookSubscriptionFormat>,
    #[serde(rename = "includeFields", skip_serializing_if = "Given::is_absent")]
    pub include_fields: Given<Vec<String>>,
    #[serde(rename = "metafieldNamespaces", skip_serializing_if = "Given::is_absent")]
    pub metafield_namespaces: Given<Vec<String>>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub metafields: Given<Vec<HasMetafieldsMetafieldIdentifierInput>>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub name: Given<String>,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub uri: Given<String>,
}
