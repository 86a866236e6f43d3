//! `SHOPIFY_URL`: where a store's Shopify is reached.

use lockstep_domain::ShopDomain;
use reqwest::Url;
use thiserror::Error;

/// What is replaced by the shop's domain, wherever it stands.
const PLACEHOLDER: &str = "{shop}";

/// Where Shopify keeps the files of bulk operations: hosts, and what hosts end with.
const FILE_HOSTS: [&str; 1] = ["storage.googleapis.com"];
const FILE_HOST_ENDS: [&str; 3] = [".storage.googleapis.com", ".shopifycloud.com", ".shopify.com"];

/// Why a template was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UrlError {
    /// No `{shop}` in it: every store would be the same.
    #[error("SHOPIFY_URL must contain {{shop}}, e.g. https://{{shop}}")]
    NoShop,
    /// Not an address.
    #[error("SHOPIFY_URL is not an address; expected e.g. https://{{shop}}")]
    NotAUrl,
    /// Tokens would travel in the clear.
    #[error("SHOPIFY_URL must begin with https://; http:// is taken for loopback only")]
    NotEncrypted,
    /// A host that is not the shop's own: tokens would go to another one.
    #[error("SHOPIFY_URL must be https://{{shop}}; another host is taken on this machine only")]
    NotShopifys,
    /// A query or a fragment, after which no path can be appended.
    #[error("SHOPIFY_URL must end after its path, without ? and #")]
    NotABase,
}

/// A checked template: `https://{shop}`, or `http://127.0.0.1:9911/{shop}` for a stand-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate {
    text: String,
    is_loopback: bool,
}

impl UrlTemplate {
    /// Checks a template.
    ///
    /// # Errors
    /// [`UrlError`], which names what is expected.
    pub fn try_new(template: &str) -> Result<Self, UrlError> {
        if !template.contains(PLACEHOLDER) {
            return Err(UrlError::NoShop);
        }
        let sample = template.replace(PLACEHOLDER, "shop.myshopify.com");
        let url = Url::parse(&sample).map_err(|_| UrlError::NotAUrl)?;
        let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => return Err(UrlError::NotEncrypted),
            _ => return Err(UrlError::NotAUrl),
        }
        // The sample's name stands for every shop's; with anything before or after it, it is
        // another host.
        if !is_loopback && (url.host_str() != Some("shop.myshopify.com") || url.port().is_some()) {
            return Err(UrlError::NotShopifys);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(UrlError::NotABase);
        }
        Ok(Self { text: template.trim_end_matches('/').to_owned(), is_loopback })
    }

    /// True for a stand-in on this machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Address of the Admin GraphQL of a shop.
    #[must_use]
    pub fn graphql(&self, shop: &ShopDomain, version: &str) -> String {
        self.path(shop, &format!("/admin/api/{version}/graphql.json"))
    }

    /// The address of a file, where it is one that may be opened: at the stand-in on this machine,
    /// or encrypted at a host where Shopify keeps files. Anything else may be a host inside.
    #[must_use]
    pub fn file(&self, address: &str) -> Option<Url> {
        let url = Url::parse(address).ok()?;
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let is_known = if self.is_loopback {
            let sample = self.text.replace(PLACEHOLDER, "shop.myshopify.com");
            Url::parse(&sample).is_ok_and(|own| own.origin() == url.origin())
        } else {
            let host = url.host_str()?;
            let is_shopifys =
                FILE_HOSTS.contains(&host) || FILE_HOST_ENDS.iter().any(|end| host.ends_with(end));
            url.scheme() == "https" && url.port().is_none() && is_shopifys
        };
        is_known.then_some(url)
    }

    /// Address of a path of a shop; the path begins with a slash.
    #[must_use]
    pub fn path(&self, shop: &ShopDomain, path: &str) -> String {
        format!("{}{path}", self.text.replace(PLACEHOLDER, shop.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_stands_where_the_template_says() {
        let shop = ShopDomain::try_new("North.myshopify.com").unwrap();
        for (template, expected) in [
            ("https://{shop}", "https://north.myshopify.com/admin/api/2026-10/graphql.json"),
            ("https://{shop}/", "https://north.myshopify.com/admin/api/2026-10/graphql.json"),
            (
                "http://127.0.0.1:9911/{shop}",
                "http://127.0.0.1:9911/north.myshopify.com/admin/api/2026-10/graphql.json",
            ),
        ] {
            let template = UrlTemplate::try_new(template).unwrap();
            assert_eq!(template.graphql(&shop, "2026-10"), expected);
        }
    }

    #[test]
    fn a_template_that_would_leak_or_mislead_is_refused() {
        for (template, expected) in [
            ("https://example.com", UrlError::NoShop),
            ("http://{shop}", UrlError::NotEncrypted),
            ("http://proxy.example.com/{shop}", UrlError::NotEncrypted),
            ("{shop}", UrlError::NotAUrl),
            ("ftp://{shop}", UrlError::NotAUrl),
            ("https://{shop}?a=b", UrlError::NotABase),
            ("https://proxy.example.com/{shop}", UrlError::NotShopifys),
            ("https://{shop}.example.com", UrlError::NotShopifys),
            ("https://{shop}@example.com", UrlError::NotShopifys),
            ("https://x{shop}", UrlError::NotShopifys),
            ("https://{shop}:8443", UrlError::NotShopifys),
            ("https://169.254.169.254/{shop}", UrlError::NotShopifys),
        ] {
            assert_eq!(UrlTemplate::try_new(template), Err(expected), "{template}");
        }
    }

    #[test]
    fn a_file_is_opened_only_where_shopify_keeps_it() {
        let real = UrlTemplate::try_new("https://{shop}").unwrap();
        for (address, is_opened) in [
            ("https://storage.googleapis.com/shopify-tiers/bulk/x.jsonl?sig=1", true),
            ("https://shopify-bulk.storage.googleapis.com/x", true),
            ("https://files.shopifycloud.com/x", true),
            ("http://storage.googleapis.com/x", false),
            ("https://storage.googleapis.com:8443/x", false),
            ("https://storage.googleapis.com@169.254.169.254/x", false),
            ("https://storage.googleapis.com.evil.example/x", false),
            ("https://evilshopify.com/x", false),
            ("https://169.254.169.254/latest/meta-data", false),
            ("https://localhost/x", false),
            ("http://127.0.0.1:9911/x", false),
            ("file:///etc/passwd", false),
            ("", false),
        ] {
            assert_eq!(real.file(address).is_some(), is_opened, "{address}");
        }
        let standin = UrlTemplate::try_new("http://127.0.0.1:9911/{shop}").unwrap();
        assert!(standin.file("http://127.0.0.1:9911/a.myshopify.com/bulk/1?sig=1").is_some());
        assert!(standin.file("http://127.0.0.1:9912/a.myshopify.com/bulk/1").is_none());
        assert!(standin.file("https://storage.googleapis.com/x").is_none());
    }
}
