//! The direction of dependency, as a table. `ARCHITECTURE.md` tells why.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

use crate::repository;

const PREFIX: &str = "lockstep-";

/// Packages of the product, in the order of the layers: each may be seen from the right ones only.
const ADAPTERS: [&str; 3] = ["storage", "bus", "shopify-client"];
const SERVICES: [&str; 7] = [
    "webhook-ingest",
    "backoffice-gateway",
    "product-sync",
    "order-sync",
    "shipment-push",
    "stock-sync",
    "console",
];
/// Development only, and what may be used of them by tests of the product.
const FOR_TESTS: [&str; 2] = ["testkit", "devservices"];

/// Which packages of this workspace a package may use. `None`: it may use every one.
fn may_use(package: &str) -> Result<Option<&'static [&'static str]>> {
    Ok(match package {
        "domain" | "devservices" | "oracle" => Some(&[]),
        "contracts" => Some(&["domain"]),
        "ports" => Some(&["domain", "contracts"]),
        "runtime" => Some(&["domain", "contracts", "ports"]),
        name if ADAPTERS.contains(&name) => Some(&["domain", "contracts", "ports"]),
        name if SERVICES.contains(&name) => Some(&["domain", "contracts", "ports", "runtime"]),
        // The judges of the product: they meet it over the network only.
        "demo" | "xtask" | "shopify-standin" => Some(&["devservices"]),
        // Meets the product over the network too, and the broker through the product's own adapter.
        "bench" => Some(&["bus", "contracts", "ports", "demo", "devservices"]),
        "lockstep" | "testkit" | "tests" => None,
        // The processors over what is in memory: no adapter, so that nothing waits for a server.
        "simulation" => {
            Some(&["domain", "contracts", "ports", "runtime", "stock-sync", "testkit", "oracle"])
        }
        other => anyhow::bail!("{other} has no place yet: give it one in {}", file!()),
    })
}

/// Packages whose tests must not use the product either.
const INDEPENDENT: [&str; 5] = ["shopify-standin", "demo", "devservices", "xtask", "oracle"];

/// Tests of a service or an adapter may stand it beside its real neighbours; those of the inner
/// layers know only what is made for tests.
fn tests_may_use(package: &str, used: &str) -> bool {
    let is_outer = SERVICES.contains(&package) || ADAPTERS.contains(&package);
    !INDEPENDENT.contains(&package) && (is_outer || FOR_TESTS.contains(&used))
}

/// All that `domain` may use from outside, so that it stays pure.
const DOMAIN_LIBRARIES: [&str; 3] = ["thiserror", "serde", "jiff"];

/// Libraries that belong to a few packages: what is behind a port stays behind it.
const KEPT_TO: [(&str, &[&str]); 5] = [
    ("sqlx", &["storage", "testkit", "tests", "bench"]),
    ("async-nats", &["bus", "testkit", "tests"]),
    ("anyhow", &["lockstep", "xtask", "demo", "bench", "shopify-standin", "tests"]),
    (
        "reqwest",
        &[
            "shopify-client",
            "backoffice-gateway",
            "lockstep",
            "shopify-standin",
            "demo",
            "bench",
            "testkit",
            "tests",
        ],
    ),
    ("clap", &["lockstep", "runtime", "xtask", "demo", "bench", "shopify-standin"]),
];

/// Reads the workspace from cargo and tells every breach.
pub(crate) fn check() -> Result<ExitCode> {
    let manifest = repository::root().join("Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).no_deps();
    let metadata = command.exec().context("cargo metadata failed")?;
    let mut breaches = Vec::new();
    let packages: BTreeMap<&str, &Package> =
        metadata.packages.iter().map(|package| (short(&package.name), package)).collect();
    for (name, package) in &packages {
        let allowed = may_use(name)?;
        for dependency in &package.dependencies {
            breaches.extend(judge(name, allowed, dependency));
        }
    }
    for breach in &breaches {
        println!("{breach}");
    }
    println!("check-deps: {} packages, {} breaches", packages.len(), breaches.len());
    Ok(if breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn judge(package: &str, allowed: Option<&[&str]>, dependency: &Dependency) -> Option<String> {
    let used = short(&dependency.name);
    let for_tests = dependency.kind == DependencyKind::Development;
    if dependency.path.is_some() {
        let allowed = allowed?;
        let fine = allowed.contains(&used) || (for_tests && tests_may_use(package, used));
        return (!fine).then(|| format!("{package} may not use {used}, only {allowed:?}"));
    }
    if for_tests {
        return None;
    }
    if package == "domain" && !DOMAIN_LIBRARIES.contains(&used) {
        return Some(format!("domain may not use {used}, only {DOMAIN_LIBRARIES:?}"));
    }
    let (_, keepers) = KEPT_TO.iter().find(|(library, _)| *library == used)?;
    (!keepers.contains(&package)).then(|| format!("{package} may not use {used}: see {keepers:?}"))
}

fn short(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, kind: &str, local: bool) -> Dependency {
        let json = format!(
            r#"{{"name":"{name}","req":"*","kind":{kind},"optional":false,"features":[],
                "uses_default_features":true,"target":null,"rename":null,"registry":null,
                "source":null{}}}"#,
            if local { r#","path":"/a""# } else { "" }
        );
        serde_json::from_str(&json).expect("as cargo prints it")
    }

    fn breach(package: &str, used: &str, kind: &str, local: bool) -> bool {
        let allowed = may_use(package).expect("the package has a place");
        judge(package, allowed, &dependency(used, kind, local)).is_some()
    }

    const NORMAL: &str = "null";
    const DEV: &str = "\"dev\"";

    #[test]
    fn the_arrows_point_inwards() {
        assert!(!breach("stock-sync", "lockstep-runtime", NORMAL, true));
        assert!(breach("stock-sync", "lockstep-storage", NORMAL, true));
        assert!(breach("stock-sync", "lockstep-product-sync", NORMAL, true));
        assert!(breach("storage", "lockstep-bus", NORMAL, true));
        assert!(breach("bus", "lockstep-stock-sync", NORMAL, true));
        assert!(breach("domain", "lockstep-ports", NORMAL, true));
        assert!(!breach("lockstep", "lockstep-storage", NORMAL, true));
    }

    #[test]
    fn the_judges_use_nothing_of_the_product_even_in_tests() {
        for judge in ["shopify-standin", "demo", "devservices", "oracle"] {
            assert!(breach(judge, "lockstep-domain", NORMAL, true));
            assert!(breach(judge, "lockstep-testkit", DEV, true));
        }
        assert!(!breach("demo", "lockstep-devservices", NORMAL, true));
        assert!(!breach("storage", "lockstep-testkit", DEV, true));
        assert!(!breach("webhook-ingest", "lockstep-bus", DEV, true));
        assert!(breach("domain", "lockstep-bus", DEV, true));
    }

    #[test]
    fn libraries_stay_behind_their_port() {
        assert!(breach("domain", "tokio", NORMAL, false));
        assert!(!breach("domain", "jiff", NORMAL, false));
        assert!(!breach("domain", "proptest", DEV, false));
        assert!(breach("stock-sync", "sqlx", NORMAL, false));
        assert!(!breach("storage", "sqlx", NORMAL, false));
    }

    #[test]
    fn a_package_without_a_place_is_an_error() {
        assert!(may_use("somewhere-else").is_err());
    }
}
