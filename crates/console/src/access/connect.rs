//! A code becomes the store's token, and the store takes up its work.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{
    AppKeys, ErrorKind, Grant, GrantErrorKind, GrantKind, GrantRequest, Granted, KvLease,
    PortError, StoreSecrets,
};
use secrecy::SecretString;
use tracing::{Instrument as _, warn};

use super::browser::{again, broken};
use super::page::{Mood, Page, quoted};
use super::upkeep::{TakenUp, take_up};
use crate::api::missing_scopes_of;
use crate::problem::Problem;
use crate::secrets;
use crate::service::Console;

/// A token is given and renewed under this lease; it outlives the longest request for one.
const LEASE: Duration = Duration::from_secs(90);
/// Another process that renews is waited for this long ..
const LOOKS_MAX: usize = 40;
/// .. by looks this far apart.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// What could not be kept is kept again after this.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// Exchanges the code, keeps the token before it is used, and takes up the store's work. What began
/// runs to its end, in a task of the process, also when the browser hangs up: the code is used up
/// by the exchange, and its answer is nowhere else until it is kept.
pub async fn connect(
    console: &Arc<Console>,
    store: &StoreId,
    (shop, app): (&ShopDomain, &AppKeys),
    code: SecretString,
) -> Result<Page, Page> {
    let (of, console) = (store.clone(), Arc::clone(console));
    let (shop, app) = (shop.clone(), app.clone());
    let tasks = console.parts.tasks.clone();
    let connecting = async move { connect_now(&console, &of, (&shop, &app), code).await };
    tasks.spawn(connecting.in_current_span()).await.unwrap_or_else(|cause| {
        let what = format!("connect {store}");
        Err(broken(PortError::new(ErrorKind::Transient, what, cause).into()))
    })
}

async fn connect_now(
    console: &Console,
    store: &StoreId,
    (shop, app): (&ShopDomain, &AppKeys),
    code: SecretString,
) -> Result<Page, Page> {
    let (lease, ends) = lease(console, store, shop).await?;
    let given = give(console, store, (shop, app), (code, ends)).await;
    if let Err(failed) = console.leases.release(lease).await {
        warn!(store.id = %store, why = failed.chain(), "a lease ends by itself");
    }
    let scopes = given?.scopes;
    let found = console.shop(store).who_am_i().await.ok();
    let taken = take_up(console, store).await;
    let name = found.as_ref().and_then(|found| found.name.clone());
    let scopes = found.map_or(scopes, |found| found.scopes);
    let settings = console.registry.store(store).await.map_err(broken)?.value;
    let again = again(console, shop);
    Ok(page(&settings, name, (&missing_scopes_of(&scopes), &again), &taken))
}

/// The lease, and its end.
async fn lease(
    console: &Console,
    store: &StoreId,
    shop: &ShopDomain,
) -> Result<(KvLease, Timestamp), Page> {
    for _ in 0..LOOKS_MAX {
        let ends = later(console, LEASE);
        let taken = console.leases.take(&StoreSecrets::lease_key(store), LEASE).await;
        if let Some(lease) = taken.map_err(|error| broken(error.into()))? {
            return Ok((lease, ends));
        }
        console.parts.clock.sleep_until(later(console, LOOK_EVERY)).await;
    }
    let what = "The store's token is being renewed at this moment.";
    let step = again(console, shop);
    Err(Page::failed(StatusCode::SERVICE_UNAVAILABLE, "One moment", what, step))
}

async fn give(
    console: &Console,
    store: &StoreId,
    (shop, app): (&ShopDomain, &AppKeys),
    (code, ends): (SecretString, Timestamp),
) -> Result<StoreSecrets, Page> {
    let before = secrets::present(console, store).await.map_err(broken)?;
    let request = GrantRequest::Code(code);
    let granted = console.parts.grants.grant(shop, app, &request).await.map_err(|failed| {
        let (status, step) = match failed.kind {
            GrantErrorKind::Away => (StatusCode::SERVICE_UNAVAILABLE, again(console, shop)),
            GrantErrorKind::Refused => (StatusCode::BAD_REQUEST, again(console, shop)),
            GrantErrorKind::App => (
                StatusCode::SERVICE_UNAVAILABLE,
                "See that `LOCKSTEP_SHOPIFY_API_KEY` and `LOCKSTEP_SHOPIFY_API_SECRET` are the \
                 client id and the client secret of this app, then begin again."
                    .to_owned(),
            ),
        };
        let words = quoted(&failed.message);
        let what = format!("Shopify did not give a token for {shop}: {words}.");
        Page::failed(status, "No token", what, step)
    })?;
    let pairs = &*console.parts.pairs;
    if let Some(before) = &before.secrets {
        pairs.hold(store, before, &granted);
    }
    let kept = keep(console, store, shop, (&granted, ends)).await.map_err(broken)?;
    pairs.let_go(store, &granted);
    Ok(kept)
}

/// Keeps a new pair as long as the lease lasts, whatever fails: the code is used up. What is
/// written may have been written: looked at and written again, it is. What still cannot be kept is
/// held by the process: kept by its next use, or when it stops.
async fn keep(
    console: &Console,
    store: &StoreId,
    shop: &ShopDomain,
    (granted, ends): (&Granted, Timestamp),
) -> Result<StoreSecrets, Problem> {
    loop {
        let failed = match keep_once(console, store, shop, granted).await {
            Ok(secrets) => return Ok(secrets),
            Err(failed) => failed,
        };
        let next = later(console, KEEP_EVERY);
        if next >= ends {
            return Err(failed);
        }
        warn!(store.id = %store, why = failed.detail(), "a token is kept again");
        console.parts.clock.sleep_until(next).await;
    }
}

/// Keeps a new pair in the place of what is there, and nothing else of it changes.
async fn keep_once(
    console: &Console,
    store: &StoreId,
    shop: &ShopDomain,
    granted: &Granted,
) -> Result<StoreSecrets, Problem> {
    let kept = secrets::present(console, store).await?;
    let mut secrets = kept.secrets.unwrap_or_else(|| StoreSecrets {
        shop_domain: shop.clone(),
        access_token: None,
        api_secret: None,
        scopes: Vec::new(),
        grant: Grant::default(),
    });
    secrets.take_in(GrantKind::Approval, granted, console.parts.clock.now());
    secrets::keep(console, store, &secrets, kept.revision).await?;
    Ok(secrets)
}

fn later(console: &Console, by: Duration) -> Timestamp {
    console.parts.clock.now().checked_add(by).unwrap_or(Timestamp::MAX)
}

fn page(
    settings: &StoreSettings,
    name: Option<String>,
    (missing, again): (&[&'static str], &str),
    taken: &TakenUp,
) -> Page {
    let StoreSettings { id, shop_domain, .. } = settings;
    let name = name.map_or(shop_domain.clone(), |name| {
        let name = quoted(&name);
        format!("{name} ({shop_domain})")
    });
    let mut facts = vec![("Shop", name), ("Store here", id.clone())];
    let mut steps = Vec::new();
    if missing.is_empty() {
        facts.push(("Scopes", "all that Lockstep needs".to_owned()));
    } else {
        facts.push(("Scopes missing", missing.join(", ")));
        steps.push(format!(
            "Add the missing scopes to the app in Shopify's developer dashboard. {again}"
        ));
    }
    let refused: Vec<_> = taken.webhooks.refused.iter().map(|one| one.topic.as_str()).collect();
    let stand = taken.webhooks.standing();
    if refused.is_empty() {
        facts.push(("Webhooks", format!("{stand} topics are subscribed")));
    } else {
        facts.push(("Webhooks", format!("{stand} stand, refused: {}", refused.join(", "))));
        let repair = format!("Then subscribe the rest: `lockstep store repair-webhooks {id}`");
        steps.push(repair);
    }
    if settings.enabled {
        let orders = match taken.orders {
            true => "what changed meanwhile is being read",
            false => "read again within the hour",
        };
        facts.push(("Orders", orders.to_owned()));
    }
    let mood = if steps.is_empty() { Mood::Good } else { Mood::Warn };
    steps.extend(next_steps(settings));
    if steps.is_empty() {
        steps.push("Nothing: the store's work goes on. You can close this page.".to_owned());
    }
    Page {
        status: StatusCode::OK,
        mood,
        title: match mood {
            Mood::Good => format!("{shop_domain} is connected"),
            Mood::Warn | Mood::Bad => format!("{shop_domain} is connected, but not in full"),
        },
        what: "Shopify gave Lockstep a token for this shop. It is sealed, and renewed in time."
            .to_owned(),
        facts,
        steps,
    }
}

fn next_steps(settings: &StoreSettings) -> Vec<String> {
    let id = &settings.id;
    if settings.locations.is_empty() {
        return vec![
            format!("See the shop's locations: `lockstep location list {id}`"),
            format!(
                "Say which warehouse serves which: \
                 `lockstep location map {id} LOCATION BACKOFFICE/CODE --default`"
            ),
            format!("Link products: `lockstep products sync {id}`"),
            format!("Switch it on: `lockstep store set {id} enabled=true`"),
        ];
    }
    if settings.enabled {
        return Vec::new();
    }
    vec![format!("Switch it on: `lockstep store set {id} enabled=true`")]
}
