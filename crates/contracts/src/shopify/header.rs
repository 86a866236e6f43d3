//! Headers of a webhook delivery, in lower case as HTTP/2 carries them.

/// `orders/create` form.
pub const TOPIC: &str = "x-shopify-topic";
/// Base64 of HMAC-SHA256 over the raw body.
pub const HMAC: &str = "x-shopify-hmac-sha256";
/// `x.myshopify.com`.
pub const SHOP_DOMAIN: &str = "x-shopify-shop-domain";
/// Version of the API that the body was built with, for instance `2026-10`.
pub const API_VERSION: &str = "x-shopify-api-version";
/// The same for every delivery of one message; doubles are removed by it.
pub const WEBHOOK_ID: &str = "x-shopify-webhook-id";
/// RFC 3339 with nanoseconds. May be absent.
pub const TRIGGERED_AT: &str = "x-shopify-triggered-at";
/// The same for all messages of one merchant action. May be absent.
pub const EVENT_ID: &str = "x-shopify-event-id";
