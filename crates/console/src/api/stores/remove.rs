//! `DELETE /stores/{id}`: nothing more is done for the store; its history stays.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::StoreId;
use lockstep_ports::{ErrorKind, PortError, SECRETS_BUCKET, Standing, StoredPoints};
use serde::Serialize;
use tracing::{info, warn};

use crate::access::known;
use crate::extract::{PathParts, unknown_store};
use crate::problem::Problem;
use crate::registry::store_key;
use crate::secrets::{self, Kept};
use crate::service::{Console, Shared};
use crate::webhooks;

#[derive(Serialize)]
pub struct Removed {
    id: String,
    deleted: bool,
    pending: Vec<String>,
    left_at_shopify: Option<Vec<String>>,
}

/// Settings first, so that every service stops; then the subscriptions; the token last, since it
/// is needed for those. A store that Shopify no longer lets in is removed all the same, and a
/// removal that broke off goes on. Secrets that came after the look at them are those of somebody
/// who adds the store again, and stay.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Removed>, Problem> {
    let id = path.store()?;
    let key = store_key(&id);
    let kept = secrets::present(&console, &id).await?;
    let stored = console
        .registry
        .change(&key, |present: Option<&StoreSettings>| {
            let mut removed = present.ok_or_else(|| unknown_store(id.as_str()))?.clone();
            removed.deleted = true;
            removed.enabled = false;
            Ok(removed)
        })
        .await?;
    let pending = console.pending(&key, stored.revision).await;
    if !console.registry.any_store(&id).await?.is_some_and(|stored| stored.value.deleted) {
        return Err(PortError::plain(ErrorKind::Conflict, "the store was added again").into());
    }
    let left_at_shopify = unsubscribe(&console, &id, &kept).await;
    secrets::forget_token(&console, &id, kept).await?;
    // The call above may have told how the store stands.
    forget(&console, &id).await?;
    info!(store.id = %id, "store removed");
    Ok(Json(Removed { id: id.to_string(), deleted: true, pending, left_at_shopify }))
}

/// Nothing is known any more of how the store stands with Shopify: added again, it begins anew.
async fn forget(console: &Console, id: &StoreId) -> Result<(), PortError> {
    known::forget(console, id).await?;
    for key in [Standing::key(id), StoredPoints::key(id)] {
        console.parts.kv.delete(SECRETS_BUCKET, &key, None).await?;
    }
    Ok(())
}

/// Topics that are left at Shopify; `None` when nobody can say, since the token is gone already.
async fn unsubscribe(console: &Console, id: &StoreId, kept: &Kept) -> Option<Vec<String>> {
    if kept.token().is_none() && !kept.is_shut() {
        return None;
    }
    // An address that was changed may not be left in full yet.
    let former = known::load(console, id).await.ok().flatten().map(|known| known.uri);
    let mut uris = vec![console.webhook_uri.as_str()];
    uris.extend(former.as_deref());
    let left = webhooks::remove(console.shop(id), &uris).await;
    Some(left.unwrap_or_else(|error| {
        let detail = Problem::from(error).detail;
        warn!(store.id = %id, detail, "webhook subscriptions are left behind");
        webhooks::NEEDED.iter().map(|topic| (*topic).to_owned()).collect()
    }))
}
