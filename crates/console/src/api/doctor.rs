//! `GET /doctor`: what is broken and what to do.

mod points;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use lockstep_contracts::operations::v1::{ExamineRequest, Severity};
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_contracts::shipments::v1::ListUnknownCallsRequest;
use lockstep_contracts::stock::v1::ListUnknownEffectsRequest;
use lockstep_domain::StoreId;
use lockstep_ports::{Shut, ShutWhy, Standing};
use serde::Serialize;
use tokio::time::timeout;

use self::points::StorePoints;
use super::effects;
use super::stores::missing_scopes;
use crate::asking::{Heard, hear};
use crate::problem::Problem;
use crate::secrets;
use crate::service::{Console, Shared};
use crate::shop::Shop;
use crate::webhooks;

/// Stores that are examined at the same time.
const STORES_AT_ONCE: usize = 8;
/// Writes of unknown outcome that are counted.
const EFFECTS_MAX: u32 = 200;
/// How long one store's Shopify is waited for, and what is kept of its points.
const STORE_TIME_MAX: Duration = Duration::from_secs(10);

#[derive(Serialize)]
pub struct Examined {
    status: &'static str,
    services: Vec<Service>,
    findings: Vec<Finding>,
    points: Vec<StorePoints>,
}

#[derive(Serialize)]
struct Service {
    service: String,
    state: &'static str,
    version: String,
}

#[derive(Serialize)]
struct Finding {
    severity: &'static str,
    service: String,
    subject: String,
    message: String,
    fix: String,
}

/// Every service is asked, and every store's Shopify.
pub async fn handler(State(console): Shared) -> Result<Json<Examined>, Problem> {
    let ((services, mut findings), writes, calls) =
        tokio::join!(examine_services(&console), unsettled(&console), uncertain(&console));
    findings.extend(writes);
    findings.extend(calls);
    findings.push(public_url(&console));
    let stores = console.registry.stores().await?;
    let console = &*console;
    let examined = stream::iter(stores).map(|stored| async move {
        let settings = &stored.value;
        let points = points::of(console, settings, STORE_TIME_MAX);
        let (mut findings, points) = tokio::join!(examine_store(console, settings), points);
        let points = points.unwrap_or_else(|why| {
            findings.push(points_unread(&settings.id, &why));
            None
        });
        (findings, points)
    });
    let examined: Vec<_> = examined.buffered(STORES_AT_ONCE).collect().await;
    let (examined, points): (Vec<_>, Vec<_>) = examined.into_iter().unzip();
    findings.extend(examined.into_iter().flatten());
    let points = points.into_iter().flatten().collect();
    let worst = ["error", "warning"].into_iter();
    let mut worst = worst.filter(|s| findings.iter().any(|finding| finding.severity == *s));
    let status = worst.next().unwrap_or("ok");
    Ok(Json(Examined { status, services, findings, points }))
}

async fn examine_services(console: &Console) -> (Vec<Service>, Vec<Finding>) {
    let asked = console.services.iter().map(|service| {
        let subject = ExamineRequest::subject(service);
        hear(&*console.parts.ask, service, subject, &ExamineRequest {})
    });
    let (mut services, mut findings) = (Vec::new(), Vec::new());
    for (heard, name) in join_all(asked).await.into_iter().zip(&console.services) {
        let (state, version) = match heard {
            Heard::Answer(answer) => {
                findings.extend(answer.findings.into_iter().map(|found| Finding {
                    severity: severity(found.severity()),
                    service: name.clone(),
                    subject: found.subject,
                    message: found.message,
                    fix: found.fix,
                }));
                ("answers", answer.version)
            }
            Heard::Silence => {
                let fix = format!("see that it runs: lockstep run {name}");
                findings.push(broken_service(name, format!("{name} does not answer"), fix));
                ("silent", String::new())
            }
            Heard::Unreadable(why) => {
                let message = format!("the answer of {name} cannot be read: {why}");
                let fix = "run one version of every service".to_owned();
                findings.push(broken_service(name, message, fix));
                ("unreadable", String::new())
            }
        };
        services.push(Service { service: name.clone(), state, version });
    }
    (services, findings)
}

fn broken_service(name: &str, message: String, fix: String) -> Finding {
    let (service, subject) = (name.to_owned(), "service".to_owned());
    Finding { severity: "error", service, subject, message, fix }
}

/// Writes that ask a person. That their service does not answer is told already.
async fn unsettled(console: &Console) -> Option<Finding> {
    let request =
        ListUnknownEffectsRequest { store: String::new(), only_asking: true, limit: EFFECTS_MAX };
    let subject = ListUnknownEffectsRequest::subject();
    let found = hear(&*console.parts.ask, effects::STOCK, subject, &request).await.answer()?;
    let subject = "writes of unknown outcome";
    let finding = match found.effects.as_slice() {
        [] => good(subject, "none asks".to_owned()),
        [first, ..] => {
            let more = if found.has_more { " or more" } else { "" };
            let count = found.effects.len();
            let is_one = count == 1 && !found.has_more;
            let asks = if is_one { "write to Shopify asks" } else { "writes to Shopify ask" };
            let message = format!("{count}{more} {asks} whether they were applied: nothing tells");
            let fix = format!(
                "look into Shopify's history of the items that GET /api/v1/effects names, and say \
                 it: POST /api/v1/effects/{}/settle {{\"applied\": true}} (or false)",
                first.id
            );
            bad("warning", subject, message, &fix)
        }
    };
    Some(Finding { service: effects::STOCK.to_owned(), ..finding })
}

/// Calls that make fulfillments and ask a person; nothing while there are none.
async fn uncertain(console: &Console) -> Option<Finding> {
    let request = ListUnknownCallsRequest { store: String::new(), limit: EFFECTS_MAX };
    let subject = ListUnknownCallsRequest::subject();
    let found = hear(&*console.parts.ask, effects::SHIPMENTS, subject, &request).await.answer()?;
    let first = found.calls.first()?;
    let (count, more) = (found.calls.len(), if found.has_more { " or more" } else { "" });
    let message = format!(
        "fulfillments of {count}{more} shipments may be there twice, for instance of order {}: \
         nothing more is sent for these orders",
        first.order_key
    );
    let fix = format!(
        "compare the order with what GET /api/v1/effects names, and say what became of the call: \
         POST /api/v1/effects/{}/settle {{\"applied\": true, \"fulfillment_id\": \"..\"}} (or \
         false)",
        first.id
    );
    let finding = bad("error", "fulfillments of unknown outcome", message, &fix);
    Some(Finding { service: effects::SHIPMENTS.to_owned(), ..finding })
}

const fn severity(found: Severity) -> &'static str {
    match found {
        Severity::Ok | Severity::Unspecified => "ok",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Shopify delivers webhooks to https only; a stand-in on this machine takes http.
fn public_url(console: &Console) -> Finding {
    let uri = &console.webhook_uri;
    let is_here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let is_here = is_here.iter().any(|here| uri.starts_with(here));
    if uri.starts_with("https://") || is_here {
        return good("PUBLIC_URL", format!("webhooks go to {uri}"));
    }
    bad(
        "error",
        "PUBLIC_URL",
        format!("webhooks go to {uri}, and Shopify delivers to https only"),
        "set PUBLIC_URL to the https address under which the world reaches this installation",
    )
}

/// They are not none: nobody can say.
fn points_unread(store: &str, why: &str) -> Finding {
    let message = format!("its points cannot be read: {why}");
    bad("warning", &format!("store {store} points"), message, "see that the broker answers")
}

async fn examine_store(console: &Console, settings: &StoreSettings) -> Vec<Finding> {
    let mut findings = vec![mapping(settings)];
    let Ok(id) = StoreId::try_new(settings.id.as_str()) else { return findings };
    let examined = examine_shop(console, console.shop(&id), settings);
    findings.extend(timeout(STORE_TIME_MAX, examined).await.unwrap_or_else(|_| {
        let message = format!("Shopify did not answer in {} seconds", STORE_TIME_MAX.as_secs());
        let fix = "see whether other stores are reached; if not, look at the network";
        vec![bad("error", &format!("store {id} token"), message, fix)]
    }));
    findings
}

async fn examine_shop(console: &Console, shop: Shop<'_>, settings: &StoreSettings) -> Vec<Finding> {
    if let Some(finding) = access(console, settings).await {
        return vec![finding];
    }
    let mut findings = token(console, shop, settings).await;
    if findings.iter().all(|finding| finding.severity != "error") {
        findings.push(subscriptions(console, shop, settings).await);
        findings.extend(deliveries(console, shop, settings).await);
    }
    findings
}

fn mapping(settings: &StoreSettings) -> Finding {
    let id = &settings.id;
    let subject = format!("store {id} locations");
    if !settings.locations.iter().any(|one| one.default) {
        let fix = format!("map one: PUT /api/v1/stores/{id}/locations/{{location_id}}");
        return bad("warning", &subject, "no location is mapped".to_owned(), &fix);
    }
    if !settings.enabled {
        let fix =
            format!("when the mapping is right: PATCH /api/v1/stores/{id} {{\"enabled\": true}}");
        return bad("warning", &subject, "the store is not enabled".to_owned(), &fix);
    }
    good(&subject, format!("{} mapped", settings.locations.len()))
}

/// A store that a person must approve first. That its secrets cannot be read is told by its token.
async fn access(console: &Console, settings: &StoreSettings) -> Option<Finding> {
    let id = StoreId::try_new(settings.id.as_str()).ok()?;
    let kept = secrets::present(console, &id).await.ok()?;
    if kept.is_shut() || kept.token().is_some() {
        return None;
    }
    let secrets = kept.secrets.as_ref();
    let message = match secrets.and_then(|secrets| secrets.grant.shut) {
        Some(Shut { why: ShutWhy::Uninstalled, at }) => {
            format!("the app was uninstalled at {at}; the store's work waits, nothing is lost")
        }
        Some(Shut { why: ShutWhy::RefreshRefused, at }) => format!(
            "Shopify stopped renewing the token at {at}; the store's work waits, nothing is lost"
        ),
        None => "nobody has approved the app in this shop yet".to_owned(),
    };
    let fix = match console.authorize_url(&settings.shop_domain, secrets) {
        Some(url) => format!("approve the app again: open {url}"),
        None => format!("give it a token: PATCH /api/v1/stores/{id} with access_token"),
    };
    Some(bad("error", &format!("store {id} access"), message, &fix))
}

async fn token(console: &Console, shop: Shop<'_>, settings: &StoreSettings) -> Vec<Finding> {
    let id = &settings.id;
    let subject = format!("store {id} token");
    let found = match shop.who_am_i().await {
        Ok(found) => found,
        Err(error) => {
            let problem = Problem::from(error);
            let id = StoreId::try_new(id.as_str()).ok();
            return vec![match standing(console, id.as_ref()).await {
                Some((message, fix)) => bad("error", &subject, message, &fix),
                None => bad("error", &subject, problem.detail, &problem.fix),
            }];
        }
    };
    let mut findings = Vec::new();
    let missing = missing_scopes(&found);
    findings.push(match missing.is_empty() {
        true => good(&subject, format!("it opens {}", settings.shop_domain)),
        false => bad(
            "warning",
            &subject,
            format!("it lacks the scopes {}", missing.join(", ")),
            &match console.authorize_url(&settings.shop_domain, None) {
                Some(url) => format!("add them to the app in Shopify, then open {url}"),
                None => {
                    "grant them to the app in Shopify, and give the store the new token".to_owned()
                }
            },
        ),
    });
    let version = &console.shopify_api_version;
    if !found.versions.is_empty() && !found.versions.contains(version) {
        let message = format!("Shopify no longer supports the API version {version}");
        let fix = "set SHOPIFY_API_VERSION to a supported one that this release was made for";
        findings.push(bad("error", &format!("store {id} API version"), message, fix));
    }
    findings
}

/// Why a store as a whole does not let Lockstep in, and what to do, as its calls were told.
async fn standing(console: &Console, store: Option<&StoreId>) -> Option<(String, String)> {
    let store = store?;
    let (standing, _) = Standing::load(&*console.parts.kv, store).await.ok()??;
    let Standing { trouble, since, .. } = standing;
    let message = format!("{}, since {since:.0}; its work waits", trouble.says());
    Some((message, trouble.fix(store)))
}

async fn subscriptions(console: &Console, shop: Shop<'_>, settings: &StoreSettings) -> Finding {
    let id = &settings.id;
    let subject = format!("store {id} webhooks");
    match webhooks::missing(shop, &console.webhook_uri).await {
        Ok(missing) if missing.is_empty() => good(&subject, "all are subscribed".to_owned()),
        Ok(missing) => bad(
            "warning",
            &subject,
            format!("not subscribed to {}: {}", console.webhook_uri, missing.join(", ")),
            &format!("POST /api/v1/stores/{id}/webhooks/repair"),
        ),
        Err(error) => {
            let problem = Problem::from(error);
            bad("warning", &subject, problem.detail, &problem.fix)
        }
    }
}

/// Deliveries of another version than the pinned one may lack what is read of them.
async fn deliveries(
    console: &Console,
    shop: Shop<'_>,
    settings: &StoreSettings,
) -> Option<Finding> {
    let (uri, pinned) = (&console.webhook_uri, &console.shopify_api_version);
    let others = webhooks::other_versions(shop, uri, pinned).await.ok()?;
    let others = Vec::from_iter(others).join(", ");
    let message = format!("webhooks are built with the API version {others}, not {pinned}");
    let fix = format!("set the webhook API version of the app to {pinned} in Shopify's dashboard");
    let subject = format!("store {} webhook version", settings.id);
    (!others.is_empty()).then(|| bad("warning", &subject, message, &fix))
}

fn good(subject: &str, message: String) -> Finding {
    bad("ok", subject, message, "")
}

fn bad(severity: &'static str, subject: &str, message: String, fix: &str) -> Finding {
    Finding {
        severity,
        service: "console".to_owned(),
        subject: subject.to_owned(),
        message,
        fix: fix.to_owned(),
    }
}
