//! Approval in the browser: to Shopify, and back with a code.
//!
//! Nobody is asked for a password here. What may be done is held by this: the shop must be a store
//! that an administrator added, Shopify shows its approval only to the merchant, and what comes
//! back must be signed with the app's secret and belong to the browser that began.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lockstep_contracts::shopify::query::{Query, QueryError};
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{AppKeys, Approval};
use secrecy::ExposeSecret as _;
use tracing::{info, warn};

use super::connect::connect;
use super::cookie::{self, Begun, NotBegun};
use super::page::{Mood, Page};
use super::{CALLBACK, START, opens};
use crate::api::NEEDED_SCOPES;
use crate::problem::Problem;
use crate::secrets;
use crate::service::{Console, Shared};

/// Sends the browser to the shop's approval.
pub async fn start(State(console): Shared, RawQuery(query): RawQuery) -> Response {
    let begun = begin(&console, query.as_deref().unwrap_or_default()).await;
    begun.unwrap_or_else(|page| refused(page).into_response())
}

/// Takes what Shopify sends the browser back with.
pub async fn callback(
    State(console): Shared,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let ended = end(&console, &headers, query.as_deref().unwrap_or_default()).await;
    let mut response = ended.unwrap_or_else(refused).into_response();
    // What was begun is over, whatever came of it.
    if let Ok(forget) = cookie::forget(is_https(&console)) {
        response.headers_mut().append(header::SET_COOKIE, forget);
    }
    response
}

/// Written down without the address, which holds a code.
fn refused(page: Page) -> Page {
    warn!(http.status = page.status.as_u16(), title = page.title, "an approval came to nothing");
    page
}

async fn begin(console: &Console, query: &str) -> Result<Response, Page> {
    let query = Query::parse(query).map_err(|error| unsigned(error, None))?;
    let shop = shop(&query)?;
    let (_, app) = store_and_app(console, &shop).await?;
    // Shopify signs the address when it opens the app; a person who types it signs nothing.
    if query.get("hmac").is_some() {
        verify(console, &query, &app, &shop)?;
    }
    let state = console.parts.grants.nonce().map_err(|error| broken(error.into()))?;
    let approval = Approval {
        api_key: app.api_key,
        scopes: NEEDED_SCOPES.to_vec(),
        redirect_uri: format!("{}{CALLBACK}", console.public_url),
        state: state.clone(),
    };
    let location = console.parts.grants.approval_url(&shop, &approval);
    let location = HeaderValue::from_str(&location).map_err(|_| {
        let what = "the address of Shopify's approval cannot be written";
        Page::failed(StatusCode::INTERNAL_SERVER_ERROR, "Something broke", what, CHECK_URL)
    })?;
    let begun = Begun { state, shop, at: console.parts.clock.now() };
    let cookie = begun.header(&*console.parts.sealer, is_https(console));
    let cookie = cookie.map_err(|error| broken(error.into()))?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::SET_COOKIE, cookie);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

const CHECK_URL: &str = "See that `LOCKSTEP_SHOPIFY_URL` and `LOCKSTEP_PUBLIC_URL` are plain \
                         addresses, then start Lockstep again.";

async fn end(console: &Arc<Console>, headers: &HeaderMap, query: &str) -> Result<Page, Page> {
    let query = Query::parse(query).map_err(|error| unsigned(error, None))?;
    let shop = shop(&query)?;
    let state = query.get("state").unwrap_or_default();
    let now = console.parts.clock.now();
    let begun = Begun::check(headers, &*console.parts.sealer, (&shop, state), now);
    if let Err(why) = begun {
        return Err(not_begun(console, why, &shop, &query).await);
    }
    let (store, app) = store_and_app(console, &shop).await?;
    verify(console, &query, &app, &shop)?;
    let Some(code) = query.get("code").filter(|code| !code.is_empty()) else {
        let what = match query.get("error") {
            Some("access_denied") => "The approval was declined in Shopify.",
            _ => "Shopify sent the browser back without an approval.",
        };
        let step = again(console, &shop);
        return Err(Page::failed(StatusCode::BAD_REQUEST, "Not approved", what, step));
    };
    let page = connect(console, &store, (&shop, &app), code.to_owned().into()).await?;
    info!(store.id = %store, shop.domain = %shop, "a shop was approved");
    Ok(page)
}

/// The shop must be Shopify's: with any other name, the app's secret would be sent elsewhere.
fn shop(query: &Query) -> Result<ShopDomain, Page> {
    let given = query.get("shop").unwrap_or_default();
    ShopDomain::try_new(given).map_err(|_| {
        Page::failed(
            StatusCode::BAD_REQUEST,
            "Which shop?",
            "The address does not name a shop of Shopify.",
            format!(
                "Open `{START}?shop=` followed by the shop's name, e.g. `my-shop.myshopify.com`."
            ),
        )
    })
}

async fn store_and_app(console: &Console, shop: &ShopDomain) -> Result<(StoreId, AppKeys), Page> {
    let Some(store) = console.store_of(shop).await.map_err(broken)? else {
        return Err(Page::failed(
            StatusCode::NOT_FOUND,
            "This shop is not known here",
            format!("Nobody has added {shop} to this installation of Lockstep."),
            format!(
                "Add it first, then open this page again: \
                 `lockstep store add ID --shop-domain {shop}`"
            ),
        ));
    };
    let kept = secrets::present(console, &store).await.map_err(broken)?;
    let app = console.app_of(kept.secrets.as_ref()).ok_or_else(|| {
        Page::failed(
            StatusCode::SERVICE_UNAVAILABLE,
            "No app is set up",
            "This installation does not know the client id of its Shopify app.",
            "Set `LOCKSTEP_SHOPIFY_API_KEY` to the client id that Shopify's developer dashboard \
             shows, start Lockstep again, and open this page again.",
        )
    })?;
    Ok((store, app))
}

fn verify(console: &Console, query: &Query, app: &AppKeys, shop: &ShopDomain) -> Result<(), Page> {
    let secrets: Vec<&str> = app.api_secrets.iter().map(|one| one.expose_secret()).collect();
    let verified = query.verify(&secrets, console.parts.clock.now());
    verified.map_err(|error| unsigned(error, Some(again(console, shop))))
}

fn unsigned(error: QueryError, again: Option<String>) -> Page {
    let step = match (error, again) {
        (QueryError::Forged, _) => {
            "See that `LOCKSTEP_SHOPIFY_API_SECRET` is the client secret of this app, and begin \
             again in Shopify."
                .to_owned()
        }
        (_, Some(again)) => again,
        (_, None) => "Begin again in Shopify.".to_owned(),
    };
    let what = format!("This cannot be taken for Shopify's word: {error}.");
    Page::failed(StatusCode::UNAUTHORIZED, "Not from Shopify", what, step)
}

async fn not_begun(console: &Console, why: NotBegun, shop: &ShopDomain, query: &Query) -> Page {
    if why == NotBegun::Absent && is_connected(console, shop, query).await {
        let what = "This approval has ended already, and the shop is connected.";
        let step = "Nothing. You can close this page.";
        let title = format!("{shop} is connected");
        let page = Page::failed(StatusCode::BAD_REQUEST, title, what, step);
        return Page { mood: Mood::Good, ..page };
    }
    let what = match why {
        NotBegun::Absent => {
            "This browser did not begin the approval, it has ended already, or the browser keeps \
             no cookies."
        }
        NotBegun::Late => "The approval took longer than ten minutes.",
        NotBegun::Other => "Another approval was begun in this browser meanwhile.",
    };
    Page::failed(StatusCode::BAD_REQUEST, "Begin again", what, again(console, shop))
}

/// Somebody loads the last page again: to whoever brings Shopify's word, it is said as it is.
async fn is_connected(console: &Console, shop: &ShopDomain, query: &Query) -> bool {
    let Ok((store, app)) = store_and_app(console, shop).await else { return false };
    if verify(console, query, &app, shop).is_err() {
        return false;
    }
    secrets::present(console, &store).await.is_ok_and(|kept| opens(&kept))
}

/// What went wrong on our side, as the API would tell it.
pub fn broken(problem: Problem) -> Page {
    let (detail, fix) = problem.words();
    Page::failed(StatusCode::SERVICE_UNAVAILABLE, "Something broke", detail, fix)
}

/// Where to begin again.
pub fn again(console: &Console, shop: &ShopDomain) -> String {
    format!("Open `{}{START}?shop={shop}` and approve again.", console.public_url)
}

fn is_https(console: &Console) -> bool {
    console.public_url.starts_with("https://")
}
