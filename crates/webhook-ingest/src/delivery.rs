//! What the headers of a delivery say, checked one by one.

use axum::http::HeaderMap;
use jiff::Timestamp;
use lockstep_contracts::shopify::{header, topic};

use crate::refusal::Refusal;

/// Longer values are none of Shopify's, and would not fit a log line or a header of a message.
const VALUE_BYTES_MAX: usize = 255;

const FIX_DOMAIN: &str = "send the store's domain, e.g. example.myshopify.com";
const FIX_TOPIC: &str = "send a topic such as inventory_levels/update";
const FIX_ID: &str = "send the id of this message: 1 to 255 visible ASCII characters";
const FIX_OPTIONAL: &str = "send at most 255 visible ASCII characters, or leave it out";
const FIX_TIME: &str = "send a moment as of RFC 3339, or leave it out";

/// A delivery, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Shopify's name of the store, in lower case.
    pub shop_domain: String,
    /// Topic in Shopify's form. It may be one that this version does not know.
    pub topic: String,
    /// The same for every delivery of one message.
    pub webhook_id: String,
    /// The same for all messages of one merchant action; may be empty.
    pub event_id: String,
    /// Version that the body was built with; may be empty.
    pub api_version: String,
    /// When it happened, when Shopify says so.
    pub triggered_at: Option<Timestamp>,
}

impl Delivery {
    /// Reads the headers.
    ///
    /// # Errors
    /// The first header that is missing or wrong.
    pub fn try_from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let shop_domain = shop_domain(headers)?;
        let topic = required(headers, header::TOPIC, FIX_TOPIC)?;
        if !is_topic(&topic) {
            return Err(wrong(header::TOPIC, "is no topic", FIX_TOPIC));
        }
        let webhook_id = required(headers, header::WEBHOOK_ID, FIX_ID)?;
        let triggered_at = optional(headers, header::TRIGGERED_AT)?
            .map(|value| value.parse())
            .transpose()
            .map_err(|_| wrong(header::TRIGGERED_AT, "is no moment", FIX_TIME))?;
        Ok(Self {
            shop_domain,
            topic,
            webhook_id,
            event_id: optional(headers, header::EVENT_ID)?.unwrap_or_default(),
            api_version: optional(headers, header::API_VERSION)?.unwrap_or_default(),
            triggered_at,
        })
    }

    /// True for what concerns a store even after it was deleted: the duties of privacy law, and
    /// the news that the app is gone.
    pub fn outlives_the_store(&self) -> bool {
        self.is_compliance() || self.topic == topic::APP_UNINSTALLED
    }

    /// True for the duties of privacy law, which Shopify demands to be taken.
    pub fn is_compliance(&self) -> bool {
        topic::COMPLIANCE.contains(&self.topic.as_str())
    }
}

/// The store's domain, in lower case.
///
/// # Errors
/// When the header is missing or no domain.
pub fn shop_domain(headers: &HeaderMap) -> Result<String, Refusal> {
    let domain = required(headers, header::SHOP_DOMAIN, FIX_DOMAIN)?.to_ascii_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if !domain.bytes().all(is_plain) || domain.split('.').any(str::is_empty) {
        return Err(wrong(header::SHOP_DOMAIN, "is no domain", FIX_DOMAIN));
    }
    Ok(domain)
}

/// The claimed signature.
///
/// # Errors
/// [`Refusal::Unsigned`] when there is none.
pub fn signature(headers: &HeaderMap) -> Result<String, Refusal> {
    match required(headers, header::HMAC, "") {
        Ok(signature) => Ok(signature),
        Err(_) => Err(Refusal::Unsigned),
    }
}

/// `resource/action`, or `resource.action` for a few. Topics that are not known are kept: Shopify
/// adds some with each version.
fn is_topic(topic: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    match topic.split_once(['/', '.']) {
        Some((resource, action)) => is_word(resource) && is_word(action),
        None => false,
    }
}

fn required(headers: &HeaderMap, name: &'static str, fix: &'static str) -> Result<String, Refusal> {
    value(headers, name, fix)?.ok_or_else(|| Refusal::missing(name, fix))
}

fn optional(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Refusal> {
    value(headers, name, FIX_OPTIONAL)
}

/// An empty value counts as none.
fn value(
    headers: &HeaderMap,
    name: &'static str,
    fix: &'static str,
) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(wrong(name, "is there twice", fix));
    }
    let value = value.as_bytes().trim_ascii();
    if value.len() > VALUE_BYTES_MAX {
        return Err(wrong(name, "is too long", fix));
    }
    if !value.iter().all(u8::is_ascii_graphic) {
        return Err(wrong(name, "holds other than visible ASCII characters", fix));
    }
    let text = String::from_utf8_lossy(value).into_owned();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn wrong(name: &'static str, problem: &'static str, fix: &'static str) -> Refusal {
    Refusal::Header { name, problem, fix }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_of_shopify_is_one() {
        for topic in topic::TOPICS.iter().map(|topic| topic.rest).chain(topic::COMPLIANCE.to_vec())
        {
            assert!(is_topic(topic), "{topic}");
        }
    }

    #[test]
    fn other_words_are_not() {
        for topic in ["", "orders", "/", "orders/", "Orders/Create", "a/b/c", "a/*", "a/>", "a b/c"]
        {
            assert!(!is_topic(topic), "{topic}");
        }
    }
}
