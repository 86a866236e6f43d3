//! Signature of a webhook: base64 of HMAC-SHA256 with the app's secret, over the exact bytes
//! received.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

/// Whether a secret signed the body. Every secret is tried, since Shopify may sign with the old
/// one for an hour while it is rotated, and the time taken depends on neither secret nor
/// signature. No secret verifies nothing; an empty secret is passed over.
#[must_use]
pub fn verify(secrets: &[impl AsRef<[u8]>], body: &[u8], header: &str) -> bool {
    let Ok(claimed) = STANDARD.decode(header) else { return false };
    let mut valid = Choice::from(0);
    for secret in secrets.iter().map(AsRef::as_ref).filter(|secret| !secret.is_empty()) {
        valid |= digest(secret, body).as_slice().ct_eq(&claimed);
    }
    valid.into()
}

/// The value of the header for a body.
#[must_use]
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    STANDARD.encode(digest(secret, body))
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn digest(secret: &[u8], body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of every length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::{sign, verify};

    const SECRET: &str = "lockstep-test-secret";
    const BODY: &str = r#"{"id":820982911946154508,"title":"Überzug","available":null}"#;
    const SIGNATURE: &str = "qsrn/uBY5Ye/1g2M5Xy4hrHXj9RCaMKdXHNo60rR+VA=";

    #[test]
    fn known_vector_is_signed_and_verified() {
        assert_eq!(sign(SECRET.as_bytes(), BODY.as_bytes()), SIGNATURE);
        assert!(verify(&[SECRET], BODY.as_bytes(), SIGNATURE));
    }

    #[test]
    fn any_of_several_secrets_verifies() {
        assert!(verify(&["new", SECRET], BODY.as_bytes(), SIGNATURE));
        assert!(verify(&[SECRET, "new"], BODY.as_bytes(), SIGNATURE));
        assert!(!verify(&["new", "newer"], BODY.as_bytes(), SIGNATURE));
    }

    #[test]
    fn one_changed_byte_is_refused() {
        let body = BODY.replace("null", "nulL");
        assert!(!verify(&[SECRET], body.as_bytes(), SIGNATURE));
        assert!(!verify(&[SECRET], BODY.as_bytes(), &SIGNATURE.replace('q', "r")));
    }

    #[test]
    fn malformed_and_truncated_signatures_are_refused() {
        for header in ["", "=", "not base64!", "qsrn", &SIGNATURE[..40], &format!(" {SIGNATURE}")] {
            assert!(!verify(&[SECRET], BODY.as_bytes(), header), "{header}");
        }
    }

    #[test]
    fn no_secret_or_an_empty_one_verifies_nothing() {
        assert!(!verify(&[] as &[&str], BODY.as_bytes(), SIGNATURE));
        assert!(!verify(&[""], BODY.as_bytes(), &sign(b"", BODY.as_bytes())));
    }
}
