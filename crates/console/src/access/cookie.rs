//! What a browser carries from the begin of an approval to its end: sealed, so that it can be
//! neither read, made nor changed, and bound to one shop.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::ShopDomain;
use lockstep_ports::{ErrorKind, PortError, Sealer};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// Its name.
const NAME: &str = "lockstep_approval";
/// What it is sealed as.
const SEALED_AS: &str = "approval in a browser";
/// A person may have to log in to Shopify, and to find the button.
const KEEP: SignedDuration = SignedDuration::from_mins(10);
/// Longest cookie that is looked at.
const BYTES_MAX: usize = 2048;

/// An approval that began in a browser.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// What Shopify must bring back.
    pub state: String,
    /// The shop.
    pub shop: ShopDomain,
    /// When it began.
    pub at: Timestamp,
}

/// Why a browser's word is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// It carries nothing of ours: another browser began, or it keeps no cookies.
    Absent,
    /// It began too long ago.
    Late,
    /// It began something else.
    Other,
}

impl Begun {
    /// The header that makes a browser carry it.
    pub fn header(&self, sealer: &dyn Sealer, is_https: bool) -> Result<HeaderValue, PortError> {
        let broken =
            |error| PortError::new(ErrorKind::Permanent, "write a cookie", Box::new(error));
        let plain = serde_json::to_vec(self).map_err(broken)?;
        let value = URL_SAFE_NO_PAD.encode(sealer.seal(SEALED_AS, &plain)?);
        header_of(&value, KEEP.as_secs(), is_https)
    }

    /// Checks what came back: same browser, same shop, the same nonce, in time.
    pub fn check(
        headers: &HeaderMap,
        sealer: &dyn Sealer,
        (shop, state): (&ShopDomain, &str),
        now: Timestamp,
    ) -> Result<(), NotBegun> {
        let begun = read(headers, sealer).ok_or(NotBegun::Absent)?;
        if begun.shop != *shop || !bool::from(begun.state.as_bytes().ct_eq(state.as_bytes())) {
            return Err(NotBegun::Other);
        }
        if now.duration_since(begun.at).abs() > KEEP { Err(NotBegun::Late) } else { Ok(()) }
    }
}

/// The header that makes a browser forget it: what it began is over.
pub fn forget(is_https: bool) -> Result<HeaderValue, PortError> {
    header_of("", 0, is_https)
}

fn read(headers: &HeaderMap, sealer: &dyn Sealer) -> Option<Begun> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let ours = cookies.flat_map(|text| text.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == NAME && value.len() <= BYTES_MAX).then_some(value)
    })?;
    let sealed = URL_SAFE_NO_PAD.decode(ours).ok()?;
    let plain = sealer.open(SEALED_AS, &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// `Lax`: Shopify's redirect is a navigation from another site, and carries it all the same.
fn header_of(value: &str, seconds: i64, is_https: bool) -> Result<HeaderValue, PortError> {
    let secure = if is_https { "; Secure" } else { "" };
    let text = format!(
        "{NAME}={value}; Path={}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
        super::START
    );
    HeaderValue::from_str(&text)
        .map_err(|error| PortError::new(ErrorKind::Permanent, "write a cookie", error))
}
