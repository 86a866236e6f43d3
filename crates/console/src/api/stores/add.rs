//! `POST /stores`: adds a store with a token in hand, or to be approved in the browser.
//!
//! The order makes two requests at once, and a request that breaks off, harmless: Shopify confirms
//! the token while it is in hand; the settings are written by compare-and-set, which reserves the
//! id for this shop; the secrets follow, in the place of what was there before the reservation.
//! What stands in between is a store that is not enabled and has no token: it does nothing, and the
//! same request again carries it on. A store that is to be approved stays so until it is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lockstep_contracts::settings::v1::{StoreBackOffice, StoreSettings};
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{ErrorKind, StoreSecrets};
use tracing::{info, warn};

use super::{api_secret, check_backoffices, missing_scopes, secret};
use crate::access::obtain::{Means, Obtained, asks_itself, obtain};
use crate::access::upkeep::take_up;
use crate::access::view::AccessView;
use crate::api::REPLAYED;
use crate::body::JsonBody;
use crate::fields::{self, Fields};
use crate::idempotency::{IdempotencyKey, KeyedRequest};
use crate::problem::{Code, Problem};
use crate::registry::{Stored, store_key};
use crate::secrets;
use crate::service::{Console, Shared};
use crate::settings::store;
use crate::view::settings::{ShopView, StoreView};

struct NewStore {
    id: StoreId,
    domain: ShopDomain,
    backoffices: Vec<StoreBackOffice>,
    means: Means,
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
            means: Means {
                access_token: fields.take("access_token", secret)?.value(),
                api_secret: fields.take("api_secret", api_secret)?.value(),
                api_key: fields.take("api_key", secret)?.value(),
                asks_itself: fields.take("grant", asks_itself)?.value().unwrap_or(false),
            },
        };
        fields.finish()?;
        Ok(new)
    }
}

/// Nothing is kept of a store that Shopify does not confirm. From its secrets on the store exists;
/// webhooks that Shopify refuses are told and can be repaired.
pub async fn handler(
    State(console): Shared,
    key: IdempotencyKey,
    JsonBody(fields): JsonBody,
) -> Result<Response, Problem> {
    let keyed = key.request(&fields);
    let new = NewStore::read(fields)?;
    if let Some(answer) = repeated(&console, keyed.as_ref(), &new).await? {
        return Ok(answer);
    }
    // Before anything is written: what is newer then is somebody else's.
    let revision = secrets::present(&console, &new.id).await?.revision;
    check_free(&console, &new).await?;
    check_backoffices(&console, &new.backoffices).await?;
    let Obtained { secrets: kept, found } = obtain(&console, &new.domain, &new.means).await?;
    if let Some(keyed) = &keyed {
        keyed.note(&console, new.id.as_str()).await?;
    }
    let reserved = match reserve(&console, &new).await {
        Ok(reserved) => reserved,
        Err(refused) => return repeated(&console, keyed.as_ref(), &new).await?.ok_or(refused),
    };
    if let Err(failed) = secrets::keep(&console, &new.id, &kept, revision).await {
        give_back(&console, &new.id, reserved).await;
        if failed.kind != ErrorKind::Conflict {
            return Err(failed.into());
        }
        // Somebody else added the same shop under the same id, or removed it, at the same moment.
        if let Some(answer) = repeated(&console, keyed.as_ref(), &new).await? {
            return Ok(answer);
        }
        check_free(&console, &new).await?;
        return Err(failed.into());
    }
    let stored = reserved.stored;
    info!(store.id = %new.id, shop.domain = %new.domain, "store added");
    let view = match found {
        Some(found) => {
            let missing = missing_scopes(&found);
            let webhooks = take_up(&console, &new.id).await.webhooks;
            let shop = ShopView::new(found, missing);
            StoreView::new(stored).shop(Some(shop)).webhooks(webhooks)
        }
        None => StoreView::new(stored),
    };
    Ok((StatusCode::CREATED, Json(whole(&console, view, &new.id, Some(&kept)).await))
        .into_response())
}

/// With the services that have not adopted it yet, and with how it is let in.
async fn whole(
    console: &Console,
    view: StoreView,
    id: &StoreId,
    kept: Option<&StoreSecrets>,
) -> StoreView {
    let pending = console.pending(&store_key(id), view.revision()).await;
    let url = console.authorize_url(view.shop_domain(), kept);
    view.pending(pending).access(AccessView::new(kept, url))
}

/// The store that the same request made under its key, as it is now.
async fn repeated(
    console: &Console,
    keyed: Option<&KeyedRequest>,
    new: &NewStore,
) -> Result<Option<Response>, Problem> {
    let Some(keyed) = keyed else { return Ok(None) };
    let Some(made) = keyed.made(console).await? else { return Ok(None) };
    let Ok(id) = StoreId::try_new(made) else { return Ok(None) };
    let stored = console.registry.any_store(&id).await?;
    // Somebody else may have taken the id between the note of this key and the reservation.
    let is_ours =
        |settings: &StoreSettings| !settings.deleted && settings.shop_domain == new.domain.as_str();
    let Some(stored) = stored.filter(|stored| is_ours(&stored.value)) else { return Ok(None) };
    if is_broken_off(console, &id, &stored.value).await? {
        return Ok(None);
    }
    let kept = secrets::present(console, &id).await?.secrets;
    let view = whole(console, StoreView::new(stored), &id, kept.as_ref()).await;
    Ok(Some((REPLAYED, Json(view)).into_response()))
}

/// Whether the settings are a reservation that never got its secrets.
async fn is_broken_off(
    console: &Console,
    id: &StoreId,
    settings: &StoreSettings,
) -> Result<bool, Problem> {
    if settings.enabled {
        return Ok(false);
    }
    let kept = secrets::present(console, id).await?;
    Ok(kept.token().is_none() && !kept.is_shut())
}

/// The id must be free, or this shop's from before; the shop must be no other store.
async fn check_free(console: &Console, new: &NewStore) -> Result<(), Problem> {
    if let Some(stored) = console.registry.any_store(&new.id).await? {
        // An id keeps its shop, also after the store was deleted.
        if stored.value.shop_domain != new.domain.as_str() {
            return Err(exists(&new.id));
        }
        if !stored.value.deleted && !is_broken_off(console, &new.id, &stored.value).await? {
            return Err(exists(&new.id));
        }
    }
    let stores = console.registry.stores().await?;
    let mut same = stores.iter().filter(|one| one.value.shop_domain == new.domain.as_str());
    match same.find(|one| one.value.id != new.id.as_str()) {
        None => Ok(()),
        Some(other) => Err(taken(new, &other.value.id)),
    }
}

/// An id that is reserved, and the settings that it had before.
struct Reserved {
    stored: Stored<StoreSettings>,
    before: Option<StoreSettings>,
}

/// Reserves the id for the shop. Always writes, so that another request that reserved it, and broke
/// off, can no longer give it back.
async fn reserve(console: &Console, new: &NewStore) -> Result<Reserved, Problem> {
    check_free(console, new).await?;
    let present = console.registry.any_store(&new.id).await?;
    let (settings, expected) = match &present {
        Some(present) if present.value.enabled => return Err(exists(&new.id)),
        Some(present) => (resume(&present.value, new), present.revision),
        None => (store::new(&new.id, &new.domain, new.backoffices.clone()), 0),
    };
    let key = store_key(&new.id);
    let stored = console.registry.put(&key, settings, expected).await.map_err(|failed| {
        if failed.kind == ErrorKind::Conflict { exists(&new.id) } else { failed.into() }
    })?;
    let reserved = Reserved { stored, before: present.map(|present| present.value) };
    match earlier(console, new, reserved.stored.revision).await {
        Ok(None) => Ok(reserved),
        Ok(Some(other)) => {
            give_back(console, &new.id, reserved).await;
            Err(taken(new, &other))
        }
        Err(problem) => {
            give_back(console, &new.id, reserved).await;
            Err(problem)
        }
    }
}

/// When two requests add the same shop under two ids at the same moment, the first write stays, and
/// whatever has secrets already.
async fn earlier(
    console: &Console,
    new: &NewStore,
    revision: u64,
) -> Result<Option<String>, Problem> {
    for other in console.registry.stores().await? {
        let Stored { value, revision: of_other } = other;
        if value.shop_domain != new.domain.as_str() || value.id == new.id.as_str() {
            continue;
        }
        let Ok(id) = StoreId::try_new(value.id.as_str()) else { continue };
        if of_other < revision || !is_broken_off(console, &id, &value).await? {
            return Ok(Some(value.id));
        }
    }
    Ok(None)
}

/// Undoes a reservation that nothing came of. Where that fails, too, the same request again carries
/// it on.
async fn give_back(console: &Console, id: &StoreId, reserved: Reserved) {
    let Stored { mut value, revision } = reserved.stored;
    value.deleted = true;
    let value = reserved.before.unwrap_or(value);
    match console.registry.put(&store_key(id), value, revision).await {
        Err(failed) if failed.kind != ErrorKind::Conflict => {
            warn!(store.id = %id, why = failed.chain(), "an id stays reserved for its shop");
        }
        _ => {}
    }
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
