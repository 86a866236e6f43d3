//! `DELETE /stores/{id}`: nothing more is done for the store; its history stays.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::StoreId;
use lockstep_ports::{SECRETS_BUCKET, StoreSecrets};
use serde::Serialize;
use tracing::{info, warn};

use crate::extract::{PathParts, unknown_store};
use crate::problem::Problem;
use crate::registry::store_key;
use crate::secrets;
use crate::service::{Console, Shared};
use crate::webhooks;

#[derive(Serialize)]
pub struct Removed {
    id: String,
    deleted: bool,
    pending: Vec<String>,
    left_at_shopify: Vec<String>,
}

/// The token goes. A secret of the store's own stays sealed: Shopify signs `app/uninstalled` and
/// the redactions with it, which come later.
async fn forget_token(console: &Console, id: &StoreId) -> Result<(), Problem> {
    match secrets::present(console, id).await? {
        (Some(kept), revision) if kept.api_secret.is_some() => {
            let kept = StoreSecrets { access_token: None, scopes: Vec::new(), ..kept };
            secrets::keep(console, id, &kept, revision).await
        }
        _ => Ok(console.parts.kv.delete(SECRETS_BUCKET, &StoreSecrets::key(id)).await?),
    }
}

/// Settings first, so that every service stops; then the subscriptions; the token last, since it
/// is needed for those. A store that Shopify no longer lets in is removed all the same.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Removed>, Problem> {
    let id = path.store()?;
    let key = store_key(&id);
    let stored = console
        .registry
        .change(&key, |present: Option<&StoreSettings>| {
            let present = present.filter(|present| !present.deleted);
            let mut removed = present.ok_or_else(|| unknown_store(id.as_str()))?.clone();
            removed.deleted = true;
            removed.enabled = false;
            Ok(removed)
        })
        .await?;
    let pending = console.pending(&key, stored.revision).await;
    let left = webhooks::remove(console.shop(&id), &console.webhook_uri).await;
    let left_at_shopify = left.unwrap_or_else(|error| {
        let detail = Problem::from(error).detail;
        warn!(store.id = %id, detail, "webhook subscriptions are left behind");
        webhooks::NEEDED.iter().map(|topic| (*topic).to_owned()).collect()
    });
    forget_token(&console, &id).await?;
    info!(store.id = %id, "store removed");
    Ok(Json(Removed { id: id.to_string(), deleted: true, pending, left_at_shopify }))
}
