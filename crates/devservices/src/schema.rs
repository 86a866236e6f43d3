//! Shopify's published Admin schema, which the stand-in validates against.

use std::path::PathBuf;

use crate::fetch::{NpmPackage, npm_file};
use crate::{Cache, DevError};

/// Shopify publishes the introspection of each Admin API version in this package (ISC).
const PACKAGE: NpmPackage = NpmPackage {
    name: "@shopify/dev-mcp",
    version: "1.16.0",
    integrity: "sha512-tqgRnK7sQhjew+htxtleTH23nXB5fZcsrhWgEkomsorGXvLOB2mh2upwZm8uzuTDNTZnqtLMe\
                64yIwh6s2awtw==",
};

/// The gzipped introspection of an Admin API version such as `2026-10`, fetched on first use.
///
/// # Errors
/// When it is not cached and cannot be fetched.
pub fn ensure_shopify_schema(cache: &Cache, version: &str) -> Result<PathBuf, DevError> {
    let file = format!("admin_{version}.json.gz");
    let name = format!("shopify-schema-{}-{version}", PACKAGE.version);
    let entry = cache.entry(cache.root(), &name, |folder| {
        let member = format!("package/dist/data/{file}");
        let hint = "install npm (Node.js), with which Shopify's schema is fetched once";
        npm_file(&PACKAGE, &member, &folder.join(&file), hint)
    })?;
    Ok(entry.join(file))
}
