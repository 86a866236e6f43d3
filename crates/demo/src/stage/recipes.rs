//! What each program is told when it is started.

use std::path::Path;

use lockstep_devservices::{Nats, Port, Postgres};

use super::program::Recipe;
use super::{DATABASE, Secrets};

/// Variables of a program's environment.
pub type Variables = Vec<(&'static str, String)>;

/// Shopify repeats a webhook after 56 s, 113 s and so on. Here all of that is this much shorter.
const WEBHOOK_RETRY_SCALE: &str = "0.02";

/// The local Shopify; it listens on one port and keeps its state in the folder.
pub(super) fn standin(binaries: &Path, folder: &Path, schema: &Path) -> Recipe {
    Recipe {
        name: "shopify-standin",
        binary: binaries.join("shopify-standin"),
        arguments: Vec::new(),
        variables: vec![
            ("LOCKSTEP_SHOPIFY_SCHEMA", schema.display().to_string()),
            ("STANDIN_STATE", folder.join("shopify.state").display().to_string()),
            ("STANDIN_RETRY_SCALE", WEBHOOK_RETRY_SCALE.to_owned()),
        ],
    }
}

/// Lockstep, as far as it needs no port of its own.
pub(super) fn lockstep(binaries: &Path, nats: &Nats, postgres: &Postgres) -> Recipe {
    Recipe {
        name: "lockstep",
        binary: binaries.join("lockstep"),
        arguments: vec!["run".to_owned()],
        variables: vec![
            ("LOCKSTEP_NATS_URL", nats.url()),
            ("LOCKSTEP_DATABASE_URL", postgres.url(DATABASE)),
        ],
    }
}

/// What it listens on: webhooks, gateway, the gateway's gRPC, console, health.
pub(super) fn lockstep_listens([webhooks, gateway, grpc, console, ops]: &[Port; 5]) -> Variables {
    vec![
        ("LOCKSTEP_PUBLIC_URL", webhooks.url()),
        ("LOCKSTEP_WEBHOOK_LISTEN", webhooks.address()),
        ("LOCKSTEP_GATEWAY_LISTEN", gateway.address()),
        ("LOCKSTEP_GATEWAY_GRPC_LISTEN", grpc.address()),
        ("LOCKSTEP_CONSOLE_LISTEN", console.address()),
        ("LOCKSTEP_OPS_LISTEN", ops.address()),
    ]
}

/// What it may know, and where Shopify is.
pub(super) fn lockstep_secrets(secrets: &Secrets, key: String, shopify: &str) -> Variables {
    vec![
        ("LOCKSTEP_MASTER_KEY", key),
        ("LOCKSTEP_SHOPIFY_URL", format!("{shopify}/{{shop}}")),
        ("LOCKSTEP_SHOPIFY_API_SECRET", secrets.shopify_secret.clone()),
        ("LOCKSTEP_ADMIN_TOKEN", secrets.admin_token.clone()),
    ]
}

/// The warehouse; it listens on one port and keeps its ledger in the folder.
pub(super) fn warehouse(binaries: &Path, folder: &Path, gateway: &str, token: &str) -> Recipe {
    Recipe {
        name: "demo-warehouse",
        binary: binaries.join("demo-warehouse"),
        arguments: Vec::new(),
        variables: vec![
            ("DEMO_WAREHOUSE_LEDGER", folder.join("warehouse.ledger").display().to_string()),
            ("DEMO_WAREHOUSE_LOCKSTEP_URL", gateway.to_owned()),
            ("DEMO_WAREHOUSE_TOKEN", token.to_owned()),
        ],
    }
}
