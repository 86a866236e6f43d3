//! The signature of a webhook: base64 of HMAC-SHA256 over the exact bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Signs a body. Any secret is a valid key; an impossible one gives an empty signature.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_vector() {
        let body = r#"{"id":820982911946154508,"title":"Überzug","available":null}"#;
        assert_eq!(
            signature("lockstep-test-secret", body.as_bytes()),
            "qsrn/uBY5Ye/1g2M5Xy4hrHXj9RCaMKdXHNo60rR+VA="
        );
    }
}
