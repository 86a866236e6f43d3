//! Session tokens of embedded pages: HS256 with the app's secret, one minute of life.

use super::keyed;
use crate::ids;
use crate::model::Shop;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Seconds that clocks may differ.
const TOLERANCE: i64 = 10;

/// A session token as Shopify gives it to a page.
#[must_use]
pub fn session_token(shop: &Shop, now: Timestamp) -> String {
    let second = now.as_second();
    let claims = json!({
        "iss": format!("https://{}/admin", shop.domain),
        "dest": format!("https://{}", shop.domain),
        "aud": shop.access.client_id,
        "sub": shop.id.to_string(),
        "exp": second + 60,
        "nbf": second,
        "iat": second,
        "jti": ids::fresh(),
        "sid": ids::fresh(),
    });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "typ": "JWT"})), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(keyed(&shop.secret, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// True for a session token of this shop and app that is alive.
#[must_use]
pub fn holds(shop: &Shop, secret: &str, text: &str, now: Timestamp) -> bool {
    let Some((signed, signature)) = text.rsplit_once('.') else {
        return false;
    };
    let right = URL_SAFE_NO_PAD.encode(keyed(secret, signed.as_bytes()));
    let claims = signed.split_once('.').and_then(|(_, body)| URL_SAFE_NO_PAD.decode(body).ok());
    let claims = claims.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let Some(claims) = claims.filter(|_| right == signature) else {
        return false;
    };
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let second = now.as_second();
    claims.get("aud").and_then(Value::as_str) == Some(&shop.access.client_id)
        && claims.get("dest").and_then(Value::as_str) == Some(&format!("https://{}", shop.domain))
        && second < number("exp") + TOLERANCE
        && second >= number("nbf") - TOLERANCE
}
