//! Composition: which services run in this process, over which adapters, on which sockets.
//!
//! `lockstep run` and the cross-service tests come through here, so what is tested is what runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, bail};
use async_trait::async_trait;
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_console::Probe;
use lockstep_domain::ShopDomain;
use lockstep_ports::{
    AdminAnswer, AdminError, AdminRequest, Ask, Bus, Clock, IdSource, Kv, KvLeases, ObjectStore,
    PortError, SECRETS_BUCKET, Sealer, ShopifyAdmin, Store, SystemClock, TimeOrderedIds,
};
use lockstep_runtime::directory::{SETTINGS_BUCKET, STORE_PREFIX};
use lockstep_runtime::health::{BusReady, Health, StoreReady};
use lockstep_runtime::retry::jitter;
use lockstep_runtime::{Engine, EngineParts, Lifecycle, PersonalKeys, http};
use lockstep_shopify_client::{
    AdminClient, AdminConfig, FileClient, GrantClient, KvTokens, MasterKeySealer, PersonalKeyMaker,
    Renewal, SettingsPlace, SharedPoints, StoreAccess, ahead,
};
use lockstep_storage::{PgStore, StoreOptions, pending_migrations};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::config::{ProcessArgs, listen};

/// A service of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum ServiceName {
    /// Takes Shopify's webhooks.
    WebhookIngest,
    /// Takes the reports of back offices.
    BackofficeGateway,
    /// Keeps links.
    ProductSync,
    /// Folds orders and tells back offices of them.
    OrderSync,
    /// Makes shipments fulfillments.
    ShipmentPush,
    /// Keeps positions and pushes levels.
    StockSync,
    /// The admin API.
    Console,
}

impl ServiceName {
    /// Every service.
    pub const ALL: [Self; 7] = [
        Self::WebhookIngest,
        Self::BackofficeGateway,
        Self::ProductSync,
        Self::OrderSync,
        Self::ShipmentPush,
        Self::StockSync,
        Self::Console,
    ];

    /// Services that have a schema in the database.
    pub const WITH_SCHEMA: [Self; 5] = [
        Self::BackofficeGateway,
        Self::ProductSync,
        Self::OrderSync,
        Self::ShipmentPush,
        Self::StockSync,
    ];

    /// Its name in subjects, logs and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebhookIngest => lockstep_webhook_ingest::SERVICE,
            Self::BackofficeGateway => lockstep_backoffice_gateway::SERVICE,
            Self::ProductSync => lockstep_product_sync::service::SERVICE,
            Self::OrderSync => lockstep_order_sync::service::SERVICE,
            Self::ShipmentPush => lockstep_shipment_push::service::SERVICE,
            Self::StockSync => lockstep_stock_sync::service::SERVICE,
            Self::Console => "console",
        }
    }

    /// Its schema in the database.
    pub fn schema(self) -> String {
        self.name().replace('-', "_")
    }
}

/// The adapters that the services of one process share.
#[derive(Clone)]
pub struct Adapters {
    /// The broker.
    pub bus: Arc<NatsBus>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// Seals secrets.
    pub sealer: Arc<dyn Sealer>,
    /// Seals personal data.
    pub keys: Arc<PersonalKeys>,
    /// Shopify.
    pub shopify: Arc<AdminClient>,
    /// What opens the stores.
    pub tokens: Arc<KvTokens>,
    /// Shopify's token endpoints.
    pub grants: Arc<GrantClient>,
    /// Shopify's files.
    pub files: Arc<FileClient>,
}

impl Adapters {
    /// Connects with the machine's own time and ids.
    pub async fn connect(args: &ProcessArgs, tasks: TaskTracker) -> anyhow::Result<Self> {
        Self::connect_with(args, Arc::new(SystemClock), Arc::new(TimeOrderedIds), tasks).await
    }

    /// Connects with time and ids of the caller's. What the adapters begin and must end runs in
    /// `tasks`, those of the process's lifecycle.
    pub async fn connect_with(
        args: &ProcessArgs,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        tasks: TaskTracker,
    ) -> anyhow::Result<Self> {
        let keys = args.master_keys()?;
        let sealer = MasterKeySealer::try_new(&keys, ids.clone())
            .map_err(|e| anyhow::anyhow!("LOCKSTEP_MASTER_KEY is refused: {e}"))?;
        let sealer: Arc<dyn Sealer> = Arc::new(sealer);
        let url = args.nats_url()?;
        let bus = NatsBus::connect(url, NatsOptions::default())
            .await
            .map_err(|e| away("LOCKSTEP_NATS_URL", "the broker", &e))?;
        let bus = Arc::new(bus);
        let config =
            AdminConfig { url: args.shopify_url()?, version: args.shopify_api_version.clone() };
        let settings = SettingsPlace { bucket: SETTINGS_BUCKET, prefix: STORE_PREFIX };
        let grants = Arc::new(GrantClient::try_new(args.shopify_url()?)?);
        let files = Arc::new(FileClient::try_new(args.shopify_url()?)?);
        let renewal = Renewal {
            grants: grants.clone(),
            app: args.shopify_app()?,
            leases: KvLeases::new(bus.clone(), SECRETS_BUCKET, clock.clone(), ids.clone()),
            clock: clock.clone(),
            ahead: ahead(jitter(&*ids)),
            tasks,
        };
        let tokens = KvTokens::new(bus.clone(), sealer.clone(), settings).renewing(renewal);
        let tokens = Arc::new(tokens);
        let points = SharedPoints::new(bus.clone(), ids.next_id().to_string());
        let shopify = AdminClient::try_new(config, tokens.clone(), clock.clone())?;
        let shopify = Arc::new(shopify.with_shared_points(points));
        let maker = Arc::new(PersonalKeyMaker::new(ids.clone()));
        let keys = PersonalKeys::new(bus.clone(), sealer.clone(), maker, clock.clone());
        let keys = Arc::new(keys);
        Ok(Self { bus, clock, ids, sealer, keys, shopify, tokens, grants, files })
    }

    fn bus(&self) -> Arc<dyn Bus> {
        self.bus.clone()
    }

    fn kv(&self) -> Arc<dyn Kv> {
        self.bus.clone()
    }

    fn shopify(&self) -> Arc<dyn ShopifyAdmin> {
        self.shopify.clone()
    }

    fn ask(&self) -> Arc<dyn Ask> {
        self.bus.clone()
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        self.bus.clone()
    }

    fn engine(&self, service: ServiceName, store: Arc<dyn Store>) -> Arc<Engine> {
        Engine::new(EngineParts {
            service: service.name(),
            store,
            bus: self.bus(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            sealer: self.sealer.clone(),
        })
    }
}

fn away(setting: &str, what: &str, error: &PortError) -> anyhow::Error {
    anyhow::anyhow!("{setting}: {what} cannot be reached: {}", error.chain())
}

/// The sockets of a process; only those of the services that run are opened.
#[derive(Default)]
pub struct Sockets {
    /// Webhooks.
    pub webhook: Option<TcpListener>,
    /// Back offices, REST.
    pub gateway: Option<TcpListener>,
    /// Back offices, gRPC.
    pub gateway_grpc: Option<TcpListener>,
    /// Admin API.
    pub console: Option<TcpListener>,
    /// Health.
    pub ops: Option<TcpListener>,
}

impl Sockets {
    /// Opens what the services need, before any of them starts: a taken port ends the start.
    pub async fn open(
        args: &ProcessArgs,
        services: &BTreeSet<ServiceName>,
    ) -> anyhow::Result<Self> {
        let mut sockets = Self {
            ops: Some(bind("LOCKSTEP_OPS_LISTEN", &args.ops_listen).await?),
            ..Self::default()
        };
        if services.contains(&ServiceName::WebhookIngest) {
            let listener = bind("LOCKSTEP_WEBHOOK_LISTEN", &args.webhook_listen).await?;
            sockets.webhook = Some(listener);
        }
        if services.contains(&ServiceName::BackofficeGateway) {
            let rest = bind("LOCKSTEP_GATEWAY_LISTEN", &args.gateway_listen).await?;
            let grpc = bind("LOCKSTEP_GATEWAY_GRPC_LISTEN", &args.gateway_grpc_listen).await?;
            (sockets.gateway, sockets.gateway_grpc) = (Some(rest), Some(grpc));
        }
        if services.contains(&ServiceName::Console) {
            let listener = bind("LOCKSTEP_CONSOLE_LISTEN", &args.console_listen).await?;
            sockets.console = Some(listener);
        }
        Ok(sockets)
    }
}

async fn bind(setting: &'static str, text: &str) -> anyhow::Result<TcpListener> {
    let address = listen(setting, text)?;
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{setting}: cannot listen on {address}; choose a free port"))
}

/// Starts services in this process. Everything that they start ends with the lifecycle.
pub async fn start(
    args: &ProcessArgs,
    services: &BTreeSet<ServiceName>,
    adapters: &Adapters,
    mut sockets: Sockets,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    check_topology(args, adapters).await?;
    let mut health = Health::of(lifecycle);
    health.require(Arc::new(BusReady(adapters.bus())));
    for service in services {
        match service {
            ServiceName::WebhookIngest => {
                start_ingest(args, adapters, sockets.webhook.take(), lifecycle)?;
            }
            ServiceName::BackofficeGateway => {
                let store = open_store(args, *service, &mut health).await?;
                let listeners = (sockets.gateway.take(), sockets.gateway_grpc.take());
                start_gateway(adapters, store, listeners, lifecycle)?;
            }
            ServiceName::ProductSync => {
                let store = open_store(args, *service, &mut health).await?;
                let ports = lockstep_product_sync::service::CatalogPorts {
                    kv: adapters.kv(),
                    ask: adapters.ask(),
                    shopify: adapters.shopify(),
                    files: adapters.files.clone(),
                };
                let engine = adapters.engine(*service, store);
                lockstep_product_sync::service::run(&engine, ports, lifecycle);
            }
            ServiceName::OrderSync => {
                let store = open_store(args, *service, &mut health).await?;
                start_orders(adapters, store, lifecycle);
            }
            ServiceName::ShipmentPush => {
                let store = open_store(args, *service, &mut health).await?;
                let ports = lockstep_shipment_push::service::ShipmentPorts {
                    kv: adapters.kv(),
                    ask: adapters.ask(),
                    shopify: adapters.shopify(),
                };
                let engine = adapters.engine(*service, store);
                lockstep_shipment_push::service::run(&engine, ports, lifecycle);
            }
            ServiceName::StockSync => {
                let store = open_store(args, *service, &mut health).await?;
                let ports = lockstep_stock_sync::service::StockPorts {
                    kv: adapters.kv(),
                    ask: adapters.ask(),
                    shopify: adapters.shopify(),
                };
                let engine = adapters.engine(*service, store);
                lockstep_stock_sync::service::run(&engine, ports, lifecycle);
            }
            ServiceName::Console => {
                start_console(args, adapters, sockets.console.take(), lifecycle)?;
            }
        }
        info!(service = service.name(), "service started");
    }
    if let Some(listener) = sockets.ops.take() {
        http::serve(http::Endpoint::new("health", listener, health.router()), lifecycle);
    }
    Ok(())
}

async fn check_topology(args: &ProcessArgs, adapters: &Adapters) -> anyhow::Result<()> {
    let drift = adapters.bus.drift(&Topology::new(args.nats_replicas)).await;
    let drift = drift.map_err(|e| away("LOCKSTEP_NATS_URL", "the broker", &e))?;
    let blocking: Vec<_> =
        drift.iter().filter(|d| d.is_blocking()).map(ToString::to_string).collect();
    if !blocking.is_empty() {
        bail!("the broker lacks streams; run: lockstep topology apply ({})", blocking.join("; "));
    }
    Ok(())
}

async fn open_store(
    args: &ProcessArgs,
    service: ServiceName,
    health: &mut Health,
) -> anyhow::Result<Arc<dyn Store>> {
    let url = args.database_url()?;
    let (schema, what) = (service.schema(), "the database");
    let pending = pending_migrations(url, &schema)
        .await
        .map_err(|e| away("LOCKSTEP_DATABASE_URL", what, &e))?;
    if pending > 0 {
        bail!("{pending} migrations of {} are pending; run: lockstep migrate", service.name());
    }
    let store = PgStore::connect(url, &schema, StoreOptions::default())
        .await
        .map_err(|e| away("LOCKSTEP_DATABASE_URL", what, &e))?;
    let store: Arc<dyn Store> = Arc::new(store);
    health.require(Arc::new(StoreReady(service.name(), store.clone())));
    Ok(store)
}

fn start_ingest(
    args: &ProcessArgs,
    adapters: &Adapters,
    listener: Option<TcpListener>,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    use lockstep_webhook_ingest::{Config, Ports, SealedSecrets, Service};
    let listener = listener.context("webhook-ingest has no socket")?;
    let secrets = SealedSecrets { kv: adapters.kv(), sealer: adapters.sealer.clone() };
    let ports = Ports {
        bus: adapters.bus(),
        ask: adapters.ask(),
        kv: adapters.kv(),
        objects: adapters.objects(),
        secrets: Arc::new(secrets),
        clock: adapters.clock.clone(),
        ids: adapters.ids.clone(),
    };
    let config = Config {
        secrets: args.shopify_api_secrets()?,
        message_bytes_max: adapters.bus.payload_max(),
        ..Config::default()
    };
    Service::try_new(ports, config)?.run(listener, lifecycle);
    Ok(())
}

fn start_gateway(
    adapters: &Adapters,
    store: Arc<dyn Store>,
    listeners: (Option<TcpListener>, Option<TcpListener>),
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    use lockstep_backoffice_gateway::{Config, Listeners, Ports, Service, os_secret};
    let (Some(rest), Some(grpc)) = listeners else { bail!("backoffice-gateway has no sockets") };
    let ports = Ports {
        store,
        bus: adapters.bus(),
        kv: adapters.kv(),
        ask: adapters.ask(),
        clock: adapters.clock.clone(),
        ids: adapters.ids.clone(),
        sealer: adapters.sealer.clone(),
        keys: adapters.keys.clone(),
        new_secret: Arc::new(os_secret),
    };
    Service::try_new(ports, Config::default())?.run(Listeners { rest, grpc }, lifecycle);
    Ok(())
}

fn start_orders(adapters: &Adapters, store: Arc<dyn Store>, lifecycle: &Lifecycle) {
    let ports = lockstep_order_sync::service::OrderPorts {
        kv: adapters.kv(),
        ask: adapters.ask(),
        shopify: adapters.shopify(),
        objects: adapters.objects(),
        keys: adapters.keys.clone(),
    };
    let engine = adapters.engine(ServiceName::OrderSync, store);
    lockstep_order_sync::service::run(&engine, ports, lifecycle);
}

fn start_console(
    args: &ProcessArgs,
    adapters: &Adapters,
    listener: Option<TcpListener>,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    use lockstep_console::{ConsoleConfig, ConsoleParts, Service};
    let listener = listener.context("console has no socket")?;
    let config = ConsoleConfig {
        admin_token: args.admin_token()?,
        app: args.shopify_app()?,
        public_url: args.public_url()?,
        shopify_api_version: args.shopify_api_version.clone(),
        services: ServiceName::WITH_SCHEMA.map(|s| s.name().to_owned()).to_vec(),
    };
    let parts = ConsoleParts {
        kv: adapters.kv(),
        bus: adapters.bus(),
        ask: adapters.ask(),
        shopify: adapters.shopify(),
        grants: adapters.grants.clone(),
        pairs: adapters.tokens.clone(),
        probe: Arc::new(InHand(adapters.shopify.clone())),
        sealer: adapters.sealer.clone(),
        clock: adapters.clock.clone(),
        ids: adapters.ids.clone(),
        tasks: lifecycle.tracker.clone(),
    };
    let service = Service::new(&config, parts);
    http::serve(http::Endpoint::new("console", listener, service.router()), lifecycle);
    service.run(lifecycle);
    Ok(())
}

/// Shopify with a token that is no store's yet, as the console asks with it.
struct InHand(Arc<AdminClient>);

#[async_trait]
impl Probe for InHand {
    async fn send_as(
        &self,
        shop: &ShopDomain,
        token: &SecretString,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        let access = StoreAccess { shop_domain: shop.clone(), token: token.clone() };
        self.0.send_as(&access, request).await
    }
}
