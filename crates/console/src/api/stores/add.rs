//! `POST /stores`: adds a store with the token of an existing app.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use lockstep_contracts::settings::v1::{StoreBackOffice, StoreSettings};
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{SECRETS_BUCKET, StoreSecrets};
use tracing::{info, warn};

use super::{check_backoffices, missing_scopes, secret};
use crate::api::{REPLAYED, has_key};
use crate::body::JsonBody;
use crate::fields::{self, Fields};
use crate::problem::{Code, Problem};
use crate::registry::store_key;
use crate::secrets;
use crate::service::{Console, Shared};
use crate::settings::store;
use crate::view::settings::{ShopView, StoreView};
use crate::webhooks::{self, Refused, Repaired};

struct NewStore {
    id: StoreId,
    domain: ShopDomain,
    backoffices: Vec<StoreBackOffice>,
    access_token: Option<String>,
    api_secret: Option<String>,
}

impl NewStore {
    fn read(mut fields: Fields) -> Result<Self, Problem> {
        let id_fix = "choose a short id, e.g. north";
        let domain_fix = "give Shopify's name of the shop, e.g. my-shop.myshopify.com";
        let new = Self {
            id: fields.need("id", id_fix, fields::parsed)?,
            domain: fields.need("shop_domain", domain_fix, fields::parsed)?,
            backoffices: fields
                .take("backoffices", store::backoffices)?
                .value()
                .unwrap_or_default(),
            access_token: fields.take("access_token", secret)?.value(),
            api_secret: fields.take("api_secret", secret)?.value(),
        };
        fields.finish()?;
        Ok(new)
    }
}

/// Nothing is kept of a store that Shopify does not confirm. From the written settings on the
/// store exists; webhooks that Shopify refuses are told and can be repaired.
pub async fn handler(
    State(console): Shared,
    headers: HeaderMap,
    JsonBody(fields): JsonBody,
) -> Result<Response, Problem> {
    let new = NewStore::read(fields)?;
    if let Some(present) = present(&console, &new, &headers).await? {
        return Ok(present);
    }
    check_backoffices(&console, &new.backoffices).await?;
    let secrets = StoreSecrets {
        shop_domain: new.domain.clone(),
        access_token: Some(new.access_token.clone().ok_or_else(token_needed)?),
        api_secret: new.api_secret.clone(),
        scopes: Vec::new(),
    };
    let shop = keep_confirmed(&console, &new.id, secrets).await?;
    let key = store_key(&new.id);
    let stored = console
        .registry
        .change(&key, |present: Option<&StoreSettings>| match present {
            Some(present) if !present.deleted => Err(exists(&new.id)),
            Some(deleted) => Ok(resume(deleted, &new)),
            None => Ok(store::new(&new.id, &new.domain, new.backoffices.clone())),
        })
        .await?;
    yield_to_earlier(&console, &new, stored.revision).await?;
    info!(store.id = %new.id, shop.domain = %new.domain, "store added");
    let webhooks = subscribe(&console, &new.id).await;
    let pending = console.pending(&key, stored.revision).await;
    let view = StoreView::new(stored).pending(pending).shop(Some(shop)).webhooks(webhooks);
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// The answer when the id or the shop is in use: the store itself for a repetition under an
/// `Idempotency-Key`, a refusal otherwise.
async fn present(
    console: &Console,
    new: &NewStore,
    headers: &HeaderMap,
) -> Result<Option<Response>, Problem> {
    if let Some(stored) = console.registry.any_store(&new.id).await? {
        let is_same = stored.value.shop_domain == new.domain.as_str();
        if !stored.value.deleted && is_same && has_key(headers) {
            let pending = console.pending(&store_key(&new.id), stored.revision).await;
            let view = Json(StoreView::new(stored).pending(pending));
            return Ok(Some((REPLAYED, view).into_response()));
        }
        if !stored.value.deleted || !is_same {
            return Err(exists(&new.id));
        }
    }
    let stores = console.registry.stores().await?;
    match stores.iter().find(|stored| stored.value.shop_domain == new.domain.as_str()) {
        None => Ok(None),
        Some(other) => Err(taken(new, &other.value.id)),
    }
}

/// When two requests added the same shop under two ids at the same moment, the first write stays.
async fn yield_to_earlier(console: &Console, new: &NewStore, revision: u64) -> Result<(), Problem> {
    let stores = console.registry.stores().await?;
    let same = stores.iter().filter(|stored| stored.value.shop_domain == new.domain.as_str());
    let Some(earlier) = same.into_iter().find(|stored| stored.revision < revision) else {
        return Ok(());
    };
    let key = store_key(&new.id);
    let undo = |present: Option<&StoreSettings>| {
        let mut undone = present.cloned().unwrap_or_default();
        undone.deleted = true;
        Ok(undone)
    };
    console.registry.change(&key, undo).await?;
    console.parts.kv.delete(SECRETS_BUCKET, &StoreSecrets::key(&new.id)).await?;
    Err(taken(new, &earlier.value.id))
}

async fn keep_confirmed(
    console: &Console,
    store: &StoreId,
    mut secrets: StoreSecrets,
) -> Result<ShopView, Problem> {
    let found = secrets::confirm(console, &secrets).await?;
    secrets.scopes.clone_from(&found.scopes);
    // A store that does not exist can have secrets left of an attempt that broke off.
    let (_, left) = secrets::present(console, store).await?;
    secrets::keep(console, store, &secrets, left).await?;
    let missing = missing_scopes(&found);
    Ok(ShopView::new(found, missing))
}

/// A store that was deleted comes back with its settings, and does nothing until it is enabled.
fn resume(deleted: &StoreSettings, new: &NewStore) -> StoreSettings {
    let named = |warehouse: &String| {
        let owner = warehouse.split('/').next().unwrap_or_default();
        new.backoffices.iter().any(|one| one.id == owner)
    };
    let mut resumed = deleted.clone();
    resumed.deleted = false;
    resumed.enabled = false;
    resumed.backoffices.clone_from(&new.backoffices);
    resumed.locations.retain(|mapping| mapping.warehouses.iter().all(named));
    resumed
}

async fn subscribe(console: &Console, store: &StoreId) -> Repaired {
    let uri = &console.webhook_uri;
    webhooks::repair(console.shop(store), uri).await.unwrap_or_else(|error| {
        let problem = Problem::from(error);
        warn!(store.id = %store, detail = problem.detail, "webhooks are not subscribed");
        let refused = webhooks::NEEDED
            .iter()
            .map(|topic| Refused { topic: (*topic).to_owned(), message: problem.detail.clone() });
        Repaired { uri: uri.clone(), refused: refused.collect(), ..Repaired::default() }
    })
}

fn exists(id: &StoreId) -> Problem {
    let fix = format!("choose another id, or change it: PATCH /api/v1/stores/{id}");
    Problem::new(Code::StoreExists, "id", format!("there is a store {id}"), fix)
}

fn taken(new: &NewStore, other: &str) -> Problem {
    Problem::new(
        Code::ShopDomainTaken,
        "shop_domain",
        format!("{} is the store {other}", new.domain),
        format!("use the store {other}, or delete it first"),
    )
}

fn token_needed() -> Problem {
    Problem::new(
        Code::TokenNeeded,
        "access_token",
        "access_token is missing, and approval in the browser is not available",
        "give the Admin API token of an app that is installed in the shop",
    )
}
