//! Streams, buckets and object stores as data, and the code that makes a broker agree with them.
//!
//! Applying only adds and widens: what already stands there and is wider stays, and what could
//! only agree by losing something is refused with words for a person.

mod apply;

use std::fmt;
use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use lockstep_contracts::Stream;

/// Object store for webhook bodies that do not fit a message; part of `lockstep.shopify.v1`.
const SHOPIFY_BODIES: &str = "shopify-bodies";
/// Settings of stores and back offices.
const SETTINGS: &str = "settings";
/// What the Shopify client keeps: sealed tokens, budgets, leases.
const SHOPIFY: &str = "shopify";
/// Keys that seal personal data, one per customer.
const KEYS: &str = "keys";
/// What the keys of repeated requests of the admin API were used for.
const IDEMPOTENCY: &str = "idempotency";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than Shopify repeats a webhook, and than anybody needs to find a fault in one.
const KEEP_WEBHOOKS: Duration = Duration::from_secs(14 * DAY.as_secs());
/// A rebuilt or new consumer sees a whole year of trade.
const KEEP_EVENTS: Duration = Duration::from_secs(365 * DAY.as_secs());
/// A quarter to look into what failed.
const KEEP_DEAD: Duration = Duration::from_secs(90 * DAY.as_secs());
/// As far back as a settings page shows, and the most that a bucket keeps.
const SETTINGS_HISTORY: i64 = 64;

/// What a stream of the broker is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Events of one stream of the contracts.
    Events(Stream),
    /// A key-value bucket.
    Bucket(&'static str),
    /// An object store.
    Objects(&'static str),
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events(stream) => write!(f, "stream {stream}"),
            Self::Bucket(name) => write!(f, "bucket {name}"),
            Self::Objects(name) => write!(f, "object store {name}"),
        }
    }
}

/// One stream, bucket or object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What it is used as, with its name.
    pub used_as: Use,
    /// How long it keeps what it holds; `None` for ever.
    pub keep: Option<Duration>,
    /// Versions kept per key of a bucket.
    pub history: i64,
    /// Copies in a cluster.
    pub replicas: usize,
}

/// Everything that must stand on the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// In the order in which they are made.
    pub resources: Vec<Resource>,
}

impl Topology {
    /// The product's topology: 1 replica on a laptop, 3 in a cluster.
    pub fn new(replicas: usize) -> Self {
        let resource = |used_as, keep, history| Resource { used_as, keep, history, replicas };
        let streams = Stream::ALL.iter().map(|stream| {
            let keep = match stream {
                Stream::Shopify => KEEP_WEBHOOKS,
                Stream::Backoffice
                | Stream::Catalog
                | Stream::Orders
                | Stream::Shipments
                | Stream::Stock => KEEP_EVENTS,
                Stream::Dead => KEEP_DEAD,
            };
            resource(Use::Events(*stream), Some(keep), -1)
        });
        let others = [
            resource(Use::Bucket(SETTINGS), None, SETTINGS_HISTORY),
            resource(Use::Bucket(SHOPIFY), None, 1),
            resource(Use::Bucket(KEYS), None, 1),
            resource(Use::Bucket(IDEMPOTENCY), Some(DAY), 1),
            resource(Use::Objects(SHOPIFY_BODIES), Some(KEEP_WEBHOOKS), -1),
        ];
        Self { resources: streams.chain(others).collect() }
    }
}

impl Resource {
    /// Its name on the broker.
    pub fn stream_name(&self) -> String {
        match self.used_as {
            Use::Events(stream) => stream.name().to_owned(),
            Use::Bucket(name) => format!("KV_{name}"),
            Use::Objects(name) => format!("OBJ_{name}"),
        }
    }

    /// Its subjects.
    pub fn subjects(&self) -> Vec<String> {
        match self.used_as {
            Use::Events(stream) => vec![stream.filter_all().to_string()],
            Use::Bucket(name) => vec![format!("$KV.{name}.>")],
            Use::Objects(name) => vec![format!("$O.{name}.C.>"), format!("$O.{name}.M.>")],
        }
    }

    /// The broker's configuration of it. Buckets and object stores are laid out as every NATS
    /// client expects them, so that the broker's own tools can read them.
    fn config(&self) -> Config {
        let is_events = matches!(self.used_as, Use::Events(_));
        Config {
            name: self.stream_name(),
            subjects: self.subjects(),
            retention: RetentionPolicy::Limits,
            discard: if is_events { DiscardPolicy::Old } else { DiscardPolicy::New },
            storage: StorageType::File,
            num_replicas: self.replicas,
            max_age: self.keep.unwrap_or_default(),
            max_messages: -1,
            max_bytes: -1,
            max_messages_per_subject: self.history,
            allow_direct: true,
            allow_rollup: !is_events,
            deny_delete: matches!(self.used_as, Use::Bucket(_)),
            allow_atomic_publish: is_events,
            ..Config::default()
        }
    }
}

/// How what stands on the broker differs from what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftKind {
    /// It is not there: applying makes it.
    Missing,
    /// It is narrower than wanted: applying widens it.
    Narrower,
    /// It is wider than wanted, which applying leaves alone: narrowing loses data.
    Wider,
    /// It can only agree by being made again, which a person does.
    Other,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What differs.
    pub used_as: Use,
    /// Which property.
    pub property: &'static str,
    /// As wanted.
    pub wanted: String,
    /// As it stands.
    pub present: String,
    /// In which direction.
    pub kind: DriftKind,
}

impl Drift {
    /// True when a service must not start on it.
    pub fn is_blocking(&self) -> bool {
        self.kind != DriftKind::Wider
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { used_as, property, wanted, present, .. } = self;
        write!(f, "{used_as}: {property} is {present}, wanted {wanted}")?;
        match self.kind {
            DriftKind::Missing | DriftKind::Narrower => {
                write!(f, "; run `lockstep topology apply`")
            }
            DriftKind::Wider => write!(f, "; left alone, since narrowing loses data"),
            DriftKind::Other => write!(f, "; it must be made again by hand"),
        }
    }
}

/// What applying did to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was made.
    Created(Use),
    /// It was widened.
    Widened(Use, Vec<Drift>),
    /// It stood there as wanted.
    Unchanged(Use),
    /// What was left as it is, and why.
    Refused(Use, Vec<Drift>),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |drifts: &[Drift]| {
            let lines: Vec<String> = drifts.iter().map(ToString::to_string).collect();
            lines.join("\n  ")
        };
        match self {
            Self::Created(used_as) => write!(f, "{used_as}: created"),
            Self::Unchanged(used_as) => write!(f, "{used_as}: as wanted"),
            Self::Refused(_, drifts) => write!(f, "not changed: {}", list(drifts)),
            Self::Widened(used_as, drifts) => {
                let what: Vec<String> = drifts
                    .iter()
                    .map(|drift| {
                        format!("{} from {} to {}", drift.property, drift.present, drift.wanted)
                    })
                    .collect();
                write!(f, "{used_as}: widened {}", what.join(", "))
            }
        }
    }
}
