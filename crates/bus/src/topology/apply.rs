//! Compares a broker with the topology, and adds or widens.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::Config;
use lockstep_ports::PortError;

use super::{Change, Drift, DriftKind, Resource, Topology};
use crate::connection::NatsBus;
use crate::{error, filters};

impl NatsBus {
    /// Makes what is missing and widens what is narrower, and says what it did to each resource,
    /// in order. What is wider than wanted, or different, is left alone and reported as refused.
    ///
    /// # Errors
    /// `Transient` when the broker is away, `Permanent` when it cannot hold the topology.
    pub async fn apply(&self, topology: &Topology) -> Result<Vec<Change>, PortError> {
        let mut changes = Vec::new();
        for resource in &topology.resources {
            let doing = format!("applying the {}", resource.used_as);
            changes.extend(self.exchange(&doing, self.apply_one(&doing, resource)).await?);
        }
        Ok(changes)
    }

    /// Every difference between the broker and the topology.
    ///
    /// # Errors
    /// `Transient` when the broker is away.
    pub async fn drift(&self, topology: &Topology) -> Result<Vec<Drift>, PortError> {
        let mut drifts = Vec::new();
        for resource in &topology.resources {
            let doing = format!("examining the {}", resource.used_as);
            match self.exchange(&doing, self.present(&doing, resource)).await? {
                Some(present) => drifts.extend(compare(resource, &resource.config(), &present)),
                None => drifts.push(Drift {
                    used_as: resource.used_as,
                    property: "state",
                    wanted: "present".to_owned(),
                    present: "missing".to_owned(),
                    kind: DriftKind::Missing,
                }),
            }
        }
        Ok(drifts)
    }

    async fn apply_one(&self, doing: &str, resource: &Resource) -> Result<Vec<Change>, PortError> {
        let used_as = resource.used_as;
        let wanted = resource.config();
        let mut present = self.present(doing, resource).await?;
        if present.is_none() {
            match self.jetstream.create_stream(wanted.clone()).await {
                Ok(_) => return Ok(vec![Change::Created(used_as)]),
                // Another process made it meanwhile.
                Err(cause) if is_taken(&cause.kind()) => {
                    present = self.present(doing, resource).await?;
                }
                Err(cause) => return Err(error::create_stream(doing, cause)),
            }
        }
        let Some(present) = present else { return Ok(vec![Change::Created(used_as)]) };
        let (narrower, refused): (Vec<Drift>, Vec<Drift>) = compare(resource, &wanted, &present)
            .into_iter()
            .partition(|drift| drift.kind == DriftKind::Narrower);
        let mut changes = Vec::new();
        if !narrower.is_empty() {
            let wider = widen(&wanted, present);
            self.jetstream
                .update_stream(&wider)
                .await
                .map_err(|cause| error::create_stream(doing, cause))?;
            changes.push(Change::Widened(used_as, narrower));
        }
        if !refused.is_empty() {
            changes.push(Change::Refused(used_as, refused));
        }
        if changes.is_empty() {
            changes.push(Change::Unchanged(used_as));
        }
        Ok(changes)
    }

    async fn present(&self, doing: &str, resource: &Resource) -> Result<Option<Config>, PortError> {
        match self.jetstream.get_stream(resource.stream_name()).await {
            Ok(stream) => Ok(Some(stream.cached_info().config.clone())),
            Err(cause) => match cause.kind() {
                GetStreamErrorKind::JetStream(answer)
                    if answer.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Ok(None)
                }
                _ => Err(error::get_stream(doing, cause)),
            },
        }
    }
}

fn is_taken(kind: &CreateStreamErrorKind) -> bool {
    matches!(kind, CreateStreamErrorKind::JetStream(answer)
        if answer.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

/// A limit where 0 and below mean none.
fn limit(value: i64) -> i64 {
    if value <= 0 { i64::MAX } else { value }
}

fn age(value: Duration) -> Duration {
    if value.is_zero() { Duration::MAX } else { value }
}

fn direction<T: Ord>(present: &T, wanted: &T) -> Option<DriftKind> {
    match present.cmp(wanted) {
        std::cmp::Ordering::Less => Some(DriftKind::Narrower),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(DriftKind::Wider),
    }
}

fn compare(resource: &Resource, wanted: &Config, present: &Config) -> Vec<Drift> {
    let mut drifts = Vec::new();
    let mut note = |property, wanted: String, present: String, kind: Option<DriftKind>| {
        drifts.extend(kind.map(|kind| Drift {
            used_as: resource.used_as,
            property,
            wanted,
            present,
            kind,
        }));
    };
    let subjects = |config: &Config| config.subjects.join(" ");
    let covers_wanted = filters::lets_through(&present.subjects, &wanted.subjects);
    let kind = match (covers_wanted, filters::lets_through(&wanted.subjects, &present.subjects)) {
        (false, _) => Some(DriftKind::Narrower),
        (true, false) => Some(DriftKind::Wider),
        (true, true) => None,
    };
    note("subjects", subjects(wanted), subjects(present), kind);
    note(
        "days kept",
        days(wanted.max_age),
        days(present.max_age),
        direction(&age(present.max_age), &age(wanted.max_age)),
    );
    note(
        "replicas",
        wanted.num_replicas.to_string(),
        present.num_replicas.to_string(),
        direction(&present.num_replicas, &wanted.num_replicas),
    );
    for (property, want, have) in [
        ("versions per key", wanted.max_messages_per_subject, present.max_messages_per_subject),
        ("messages kept", wanted.max_messages, present.max_messages),
        ("bytes kept", wanted.max_bytes, present.max_bytes),
    ] {
        let (want, have) = (limit(want), limit(have));
        note(property, shown(want), shown(have), direction(&have, &want));
    }
    for (property, want, have) in [
        ("atomic batches", wanted.allow_atomic_publish, present.allow_atomic_publish),
        ("direct reads", wanted.allow_direct, present.allow_direct),
        ("replacing messages", wanted.allow_rollup, present.allow_rollup),
    ] {
        note(property, want.to_string(), have.to_string(), direction(&have, &want));
    }
    let other = |differs: bool| differs.then_some(DriftKind::Other);
    note(
        "storage",
        format!("{:?}", wanted.storage),
        format!("{:?}", present.storage),
        other(wanted.storage != present.storage),
    );
    note(
        "retention",
        format!("{:?}", wanted.retention),
        format!("{:?}", present.retention),
        other(wanted.retention != present.retention),
    );
    drifts
}

/// The present configuration, widened where it is narrower; everything else stays as it is.
fn widen(wanted: &Config, present: Config) -> Config {
    let unlimited = |value: i64| if value == i64::MAX { -1 } else { value };
    let widest = |have: i64, want: i64| unlimited(limit(have).max(limit(want)));
    let oldest = age(present.max_age).max(age(wanted.max_age));
    Config {
        subjects: filters::union(&present.subjects, &wanted.subjects),
        max_age: if oldest == Duration::MAX { Duration::ZERO } else { oldest },
        num_replicas: present.num_replicas.max(wanted.num_replicas),
        max_messages_per_subject: widest(
            present.max_messages_per_subject,
            wanted.max_messages_per_subject,
        ),
        max_messages: widest(present.max_messages, wanted.max_messages),
        max_bytes: widest(present.max_bytes, wanted.max_bytes),
        allow_atomic_publish: present.allow_atomic_publish || wanted.allow_atomic_publish,
        allow_direct: present.allow_direct || wanted.allow_direct,
        allow_rollup: present.allow_rollup || wanted.allow_rollup,
        ..present
    }
}

fn days(age: Duration) -> String {
    if age.is_zero() {
        return "unlimited".to_owned();
    }
    let days = age.as_secs_f64() / super::DAY.as_secs_f64();
    format!("{days}")
}

fn shown(limit: i64) -> String {
    if limit == i64::MAX { "unlimited".to_owned() } else { limit.to_string() }
}
