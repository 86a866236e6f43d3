//! `lockstep store`.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdin};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::bail;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Target;
use super::output::{Shown, clean, count, member, moment, remark};
use super::secret::Secrets;
use super::session::{Path, Session};
use super::setting::{self, Setting};

#[derive(Args)]
pub struct Store {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Subcommand)]
enum StoreCommand {
    /// Every store
    #[command(after_help = "Example:\n  lockstep store list")]
    List,
    /// A store's settings, with the names that `store set` takes
    #[command(after_help = "Example:\n  lockstep store show north")]
    Show {
        /// Id of the store
        store: String,
    },
    /// Add a store: approved in the browser, or with the access token of an installed app
    #[command(after_help = ADD_HELP)]
    Add(Add),
    /// Change settings of a store
    #[command(after_help = SET_HELP)]
    Set(Set),
    /// Remove a store: its webhooks and its token go, its history stays
    #[command(after_help = "Example:\n  lockstep store remove north --yes")]
    Remove {
        /// Id of the store
        store: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Subscribe the webhooks that a store lacks, and widen those that leave something out
    #[command(after_help = "Example:\n  lockstep store repair-webhooks north")]
    RepairWebhooks {
        /// Id of the store
        store: String,
    },
}

const ADD_HELP: &str = "\
Without an access token the answer names an address: whoever opens it and approves the app in
Shopify gives the store its token. The token of an existing app is read from --access-token-file or
LOCKSTEP_SHOPIFY_STORE_ACCESS_TOKEN, the webhook secret of an app of its own from --api-secret-file
or LOCKSTEP_SHOPIFY_STORE_API_SECRET; never from an argument.

Examples:
  lockstep store add north --shop-domain north.myshopify.com --backoffice wms=stock
  lockstep store add north --shop-domain north.myshopify.com \\
    --backoffice wms=stock --access-token-file north.token";

const SET_HELP: &str = "\
Values are words, numbers, true, false, lists with commas, or null, which brings back the default.
New secrets are read from a file or standard input, here never from the environment.

Examples:
  lockstep store set north enabled=true stock.enabled=live stock.mode=absolute
  lockstep store set north stock.buffer=null
  lockstep store set north --access-token-file - < north.token";

#[derive(Args)]
struct Add {
    /// Short id of your choice, e.g. north
    store: String,
    /// Shopify's name of the shop, e.g. north.myshopify.com
    #[arg(long, value_name = "DOMAIN")]
    shop_domain: String,
    /// A back office of the store and its roles, e.g. wms=stock,orders; may be repeated
    #[arg(long, value_name = "ID=ROLES")]
    backoffice: Vec<Serving>,
    #[command(flatten)]
    secrets: Secrets,
    /// The same request again under this key answers the store as it is
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

#[derive(Args)]
struct Set {
    /// Id of the store
    store: String,
    /// Settings, e.g. stock.mode=absolute; `lockstep store show` lists their names
    #[arg(value_name = "KEY=VALUE")]
    settings: Vec<Setting>,
    /// A back office of the store and its roles; together they replace the present ones
    #[arg(long, value_name = "ID=ROLES")]
    backoffice: Vec<Serving>,
    #[command(flatten)]
    secrets: Secrets,
}

/// A back office with its roles: `wms=stock,orders`.
#[derive(Clone)]
struct Serving(Value);

impl FromStr for Serving {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((id, roles)) if !id.is_empty() && !roles.is_empty() => {
                let roles: Vec<_> = roles.split(',').map(str::trim).collect();
                Ok(Self(json!({"id": id, "roles": roles})))
            }
            _ => Err("expected ID=ROLES, e.g. wms=stock".to_owned()),
        }
    }
}

fn servings(given: &[Serving]) -> Vec<Value> {
    given.iter().map(|serving| serving.0.clone()).collect()
}

/// A store as the API shows it; what is not named here is a setting.
#[derive(Deserialize)]
struct StoreView {
    id: String,
    shop_domain: String,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    backoffices: Vec<ServingView>,
    #[serde(default)]
    stock: Value,
    #[serde(default)]
    orders: Value,
    #[serde(default)]
    shipments: Value,
    #[serde(default)]
    returns: Value,
    #[serde(default)]
    locations: Vec<MappingView>,
    #[serde(default)]
    revision: u64,
    #[serde(default)]
    updated_at: Value,
    #[serde(default)]
    updated_by: String,
    #[serde(default)]
    pending: Vec<String>,
    shop: Option<ShopView>,
    webhooks: Option<Webhooks>,
    access: Option<AccessView>,
    points: Option<PointsView>,
}

/// The points of a store, and what it spent them on.
#[derive(Deserialize)]
struct PointsView {
    maximum: f64,
    restore_rate: f64,
    available: f64,
    calls: u64,
    throttled_calls: u64,
    levels_written: u64,
    points_per_level: Option<f64>,
    #[serde(default)]
    spent: BTreeMap<String, f64>,
}

impl PointsView {
    fn facts(&self) -> Vec<(String, String)> {
        let Self { maximum, restore_rate, available, .. } = self;
        let mut facts = vec![
            ("points".to_owned(), format!("{available:.0} of {maximum:.0}, {restore_rate:.0}/s")),
            ("calls".to_owned(), format!("{}, {} throttled", self.calls, self.throttled_calls)),
        ];
        if let Some(cost) = self.points_per_level {
            let levels =
                count(usize::try_from(self.levels_written).unwrap_or(0), "level", "levels");
            facts.push(("points per level".to_owned(), format!("{cost:.4} over {levels}")));
        }
        let spent = self.spent.iter().filter(|(_, points)| **points > 0.0);
        let spent: Vec<_> = spent.map(|(lane, points)| format!("{lane} {points:.0}")).collect();
        if !spent.is_empty() {
            facts.push(("points spent".to_owned(), spent.join(", ")));
        }
        facts
    }
}

#[derive(Deserialize)]
struct AccessView {
    state: String,
    authorize_url: Option<String>,
}

#[derive(Deserialize)]
struct ServingView {
    id: String,
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct MappingView {
    location_id: String,
    warehouses: Vec<String>,
    #[serde(default)]
    default: bool,
}

#[derive(Deserialize)]
struct ShopView {
    name: Option<String>,
    currency: Option<String>,
    plan: Option<String>,
    #[serde(default)]
    missing_scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Webhooks {
    #[serde(default)]
    uri: String,
    #[serde(default)]
    kept: Vec<String>,
    #[serde(default)]
    made: Vec<String>,
    #[serde(default)]
    mended: Vec<String>,
    #[serde(default)]
    removed: Vec<String>,
    #[serde(default)]
    refused: Vec<RefusedWebhook>,
}

#[derive(Deserialize)]
struct RefusedWebhook {
    topic: String,
    message: String,
}

#[derive(Deserialize)]
struct Removed {
    id: String,
    #[serde(default)]
    pending: Vec<String>,
    /// Nothing when nobody can say, since the token was gone already.
    left_at_shopify: Option<Vec<String>>,
}

impl Store {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.command {
            StoreCommand::List => list(session).await?,
            StoreCommand::Show { store } => {
                let path = Path::try_new(&["stores", &store])?;
                let answer = session.call(Method::GET, &path).send().await?;
                session.show(&answer, |store: StoreView, shown| store.show(shown))?;
            }
            StoreCommand::Add(add) => add.execute(session).await?,
            StoreCommand::Set(set) => set.execute(session).await?,
            StoreCommand::Remove { store, yes } => remove(session, &store, yes).await?,
            StoreCommand::RepairWebhooks { store } => return repair(session, &store).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let path = Path::try_new(&["stores"])?;
    let Some(stores) = session.list::<StoreView>(&path, "stores").await? else { return Ok(()) };
    let mut shown = Shown::default();
    if stores.is_empty() {
        shown.remark("no stores; add one: lockstep store add");
        return shown.print();
    }
    let rows = stores.iter().map(|store| {
        [
            store.id.clone(),
            store.shop_domain.clone(),
            if store.enabled { "yes" } else { "no" }.to_owned(),
            member(&store.stock, "enabled"),
            member(&store.stock, "mode"),
            store.locations.len().to_string(),
            store.served_by(),
        ]
    });
    let header = ["STORE", "SHOP DOMAIN", "ENABLED", "STOCK", "MODE", "LOCATIONS", "BACK OFFICES"];
    shown.table(header, rows.collect());
    shown.print()
}

impl Add {
    async fn execute(self, session: &Session) -> anyhow::Result<()> {
        let mut body = Map::new();
        body.insert("id".to_owned(), self.store.into());
        body.insert("shop_domain".to_owned(), self.shop_domain.into());
        if !self.backoffice.is_empty() {
            body.insert("backoffices".to_owned(), servings(&self.backoffice).into());
        }
        self.secrets.put(&mut body)?;
        Secrets::put_from_environment(&mut body)?;
        let call = session.call(Method::POST, &Path::try_new(&["stores"])?);
        let key = self.idempotency_key.as_deref();
        let answer = call.idempotency_key(key).json(body).send().await?;
        session.show(&answer, |store: StoreView, shown| {
            let done = if answer.is_replay { "was there already" } else { "added" };
            shown.line(format!("store {} {done}", store.id));
            store.show_beside(shown);
            let approval = store.access.as_ref().and_then(|access| access.authorize_url.as_ref());
            if let Some(url) = approval {
                shown.remark(format!("next: approve the app in Shopify; open {url}"));
            } else if store.locations.is_empty() {
                shown.remark(format!("next: lockstep location list {}", store.id));
            }
        })
    }
}

impl Set {
    async fn execute(self, session: &Session) -> anyhow::Result<()> {
        let mut body = setting::body(self.settings)?;
        if !self.backoffice.is_empty()
            && body.insert("backoffices".to_owned(), servings(&self.backoffice).into()).is_some()
        {
            bail!("backoffices is given twice");
        }
        self.secrets.put(&mut body)?;
        if body.is_empty() {
            bail!("nothing to set; give KEY=VALUE, e.g. enabled=true");
        }
        let path = Path::try_new(&["stores", &self.store])?;
        let answer = session.call(Method::PATCH, &path).json(body).send().await?;
        session.show(&answer, |store: StoreView, shown| store.show(shown))
    }
}

async fn remove(session: &Session, store: &str, yes: bool) -> anyhow::Result<()> {
    if !yes {
        if !stdin().is_terminal() {
            bail!("removing a store needs --yes where nobody can be asked");
        }
        remark(&format!("Removes the webhooks and the token of {store}; its history stays."));
        remark("Type the store's id to go on:");
        let mut typed = String::new();
        stdin().read_line(&mut typed)?;
        if typed.trim() != store {
            bail!("nothing was removed");
        }
    }
    let path = Path::try_new(&["stores", store])?;
    let answer = session.call(Method::DELETE, &path).send().await?;
    session.show(&answer, |removed: Removed, shown| {
        shown.line(format!("store {} removed", removed.id));
        let left = removed.left_at_shopify.map(|left| left.join(", "));
        match left.as_deref() {
            Some("") => {}
            Some(left) => shown.remark(format!(
                "still subscribed at Shopify: {left}; uninstalling the app ends them"
            )),
            None => shown.remark(
                "its token was gone already: what is subscribed at Shopify ends with the app",
            ),
        }
        shown.pending(&removed.pending);
    })
}

async fn repair(session: &Session, store: &str) -> anyhow::Result<ExitCode> {
    let path = Path::try_new(&["stores", store, "webhooks", "repair"])?;
    let answer = session.call(Method::POST, &path).send().await?;
    let repaired: Webhooks = answer.read()?;
    let is_whole = repaired.refused.is_empty();
    session.show(&answer, |repaired: Webhooks, shown| repaired.show(shown))?;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl StoreView {
    fn served_by(&self) -> String {
        let one = |one: &ServingView| format!("{}={}", one.id, one.roles.join(","));
        self.backoffices.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn show(&self, shown: &mut Shown) {
        let mut facts = vec![
            ("id".to_owned(), self.id.clone()),
            ("shop_domain".to_owned(), self.shop_domain.clone()),
            ("enabled".to_owned(), self.enabled.to_string()),
            ("backoffices".to_owned(), self.served_by()),
        ];
        let groups = [
            ("stock", &self.stock),
            ("orders", &self.orders),
            ("shipments", &self.shipments),
            ("returns", &self.returns),
        ];
        for (name, group) in groups {
            // A console of before a group existed does not show it.
            if group.is_object() {
                facts.extend(setting::flat(&json!({ name: group })));
            }
        }
        for mapping in &self.locations {
            let default = if mapping.default { " (default)" } else { "" };
            let served = format!("{}{default}", mapping.warehouses.join(", "));
            facts.push((format!("location {}", mapping.location_id), served));
        }
        if let Some(access) = &self.access {
            facts.push(("access".to_owned(), access.state.clone()));
        }
        facts.push(("revision".to_owned(), self.revision.to_string()));
        let updated_at = moment(&self.updated_at);
        facts.push(("updated".to_owned(), format!("{updated_at} by {}", self.updated_by)));
        facts.extend(self.points.iter().flat_map(PointsView::facts));
        shown.facts(facts);
        if let Some(url) = self.access.as_ref().and_then(|access| access.authorize_url.as_ref()) {
            shown.remark(format!("approve the app in Shopify: open {url}"));
        }
        self.show_beside(shown);
    }

    /// What an answer says beside the settings.
    fn show_beside(&self, shown: &mut Shown) {
        if let Some(shop) = &self.shop {
            let facts = [&shop.name, &shop.currency, &shop.plan].into_iter().flatten();
            let facts: Vec<_> = facts.map(|text| clean(text)).collect();
            shown.line(format!("Shopify: {}", facts.join(", ")));
            if !shop.missing_scopes.is_empty() {
                let scopes = shop.missing_scopes.join(", ");
                shown.remark(format!("the token lacks the scopes {scopes}"));
            }
        }
        if let Some(webhooks) = &self.webhooks {
            webhooks.show(shown);
            if !webhooks.refused.is_empty() {
                shown.remark(format!("try again: lockstep store repair-webhooks {}", self.id));
            }
        }
        shown.pending(&self.pending);
    }
}

impl Webhooks {
    fn show(&self, shown: &mut Shown) {
        let counted = [
            (&self.made, "made"),
            (&self.mended, "mended"),
            (&self.kept, "kept"),
            (&self.removed, "removed"),
        ];
        let counted = counted.iter().filter(|(topics, _)| !topics.is_empty());
        let counted: Vec<_> =
            counted.map(|(topics, what)| format!("{} {what}", topics.len())).collect();
        let counted = if counted.is_empty() { "none".to_owned() } else { counted.join(", ") };
        shown.line(format!("webhooks to {}: {counted}", self.uri));
        if !self.refused.is_empty() {
            shown.remark(format!("{} refused:", count(self.refused.len(), "topic", "topics")));
        }
        for RefusedWebhook { topic, message } in &self.refused {
            shown.remark(format!("  {topic}: {}", clean(message)));
        }
    }
}
