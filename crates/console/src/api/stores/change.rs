//! `PATCH /stores/{id}`: merges settings; answers when every service has adopted them.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{Grant, StoreSecrets};
use tracing::info;

use super::{api_secret, check_backoffices, missing_scopes, secret};
use crate::access::upkeep::take_up;
use crate::body::JsonBody;
use crate::extract::{PathParts, unknown_store};
use crate::fields::Given;
use crate::problem::{Code, Problem};
use crate::registry::store_key;
use crate::secrets;
use crate::service::{Console, Shared};
use crate::settings::store::StoreChange;
use crate::view::settings::{ShopView, StoreView};

/// New secrets count only after Shopify has confirmed them; then the settings are written. What
/// breaks off in between can be sent again.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    JsonBody(mut fields): JsonBody,
) -> Result<Json<StoreView>, Problem> {
    let id = path.store()?;
    let token = fields.take("access_token", secret)?.value();
    let api_secret = fields.take("api_secret", api_secret)?;
    let change = StoreChange::read(&mut fields)?;
    fields.finish()?;
    let present = console.registry.store(&id).await?;
    check_backoffices(&console, change.named_backoffices()).await?;
    change.clone().apply(&mut present.value.clone())?;
    let shop = change_secrets(&console, &id, &present.value, token, api_secret).await?;
    let key = store_key(&id);
    let stored = console
        .registry
        .change(&key, |present: Option<&StoreSettings>| {
            let present = present.filter(|present| !present.deleted);
            let mut changed = present.ok_or_else(|| unknown_store(id.as_str()))?.clone();
            change.clone().apply(&mut changed)?;
            Ok(changed)
        })
        .await?;
    info!(store.id = %id, settings.revision = stored.revision, "store changed");
    let pending = console.pending(&key, stored.revision).await;
    Ok(Json(StoreView::new(stored).pending(pending).shop(shop)))
}

async fn change_secrets(
    console: &Console,
    id: &StoreId,
    settings: &StoreSettings,
    token: Option<String>,
    api_secret: Given<String>,
) -> Result<Option<ShopView>, Problem> {
    if token.is_none() && api_secret == Given::Absent {
        return Ok(None);
    }
    let domain = ShopDomain::try_new(&settings.shop_domain)
        .map_err(|broken| Problem::validation("shop_domain", broken.to_string(), "add it anew"))?;
    let secrets::Kept { secrets: former, revision } = secrets::present(console, id).await?;
    let was_shut = former.as_ref().is_some_and(|former| former.grant.shut.is_some());
    let Some(mut secrets) = with_token(&domain, former, token.as_deref()) else {
        return Err(token_needed());
    };
    match api_secret {
        Given::Absent => {}
        Given::Default => {
            secrets.api_secret = None;
            secrets.grant.api_key = None;
        }
        Given::Value(new) => secrets.api_secret = Some(new),
    }
    let mut view = None;
    if let Some(token) = token.as_deref() {
        let found = secrets::confirm(console, &domain, token).await?;
        secrets.grant.granted_at = Some(console.parts.clock.now());
        secrets.scopes.clone_from(&found.scopes);
        let missing = missing_scopes(&found);
        view = Some(ShopView::new(found, missing));
    }
    secrets::keep(console, id, &secrets, revision).await?;
    if token.is_some() && was_shut {
        take_up(console, id).await;
    }
    Ok(view)
}

/// The former secrets, with a token that a person brought in the place of the former one: nothing
/// renews it. `None` when there is neither.
fn with_token(
    domain: &ShopDomain,
    former: Option<StoreSecrets>,
    token: Option<&str>,
) -> Option<StoreSecrets> {
    let Some(token) = token else { return former };
    // The app of the store's own stays: its secret is of no use without its id.
    let own = former.map(|former| (former.api_secret, former.grant.api_key));
    let (api_secret, api_key) = own.unwrap_or_default();
    Some(StoreSecrets {
        shop_domain: domain.clone(),
        access_token: Some(token.to_owned()),
        api_secret,
        scopes: Vec::new(),
        grant: Grant { api_key, ..Grant::default() },
    })
}

fn token_needed() -> Problem {
    Problem::new(
        Code::TokenNeeded,
        "access_token",
        "the store has no access token that can be read",
        "give access_token together with api_secret",
    )
}
