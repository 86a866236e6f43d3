//! Durable pull consumers: found, made or widened. [`crate::rewind`] makes one again.

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, Info, PullConsumer, pull};
use async_nats::jetstream::response::Response;
use lockstep_ports::{ConsumerSpec, ErrorKind, PortError};

use crate::connection::NatsBus;
use crate::error::{self, Consumer};
use crate::filters;
use crate::rewind::Start;

/// Two processes may make, widen or remove one consumer at the same moment.
const TRIES_MAX: u32 = 3;

impl NatsBus {
    /// The consumer, from memory when it was seen before.
    pub(crate) async fn open_consumer(
        &self,
        spec: &ConsumerSpec,
        start_after: u64,
    ) -> Result<PullConsumer, PortError> {
        if let Some(known) = self.known_consumer(spec) {
            return Ok(known);
        }
        let doing = format!("opening the consumer {} of {}", spec.durable, spec.stream);
        let mut last = Consumer::Missing;
        for _ in 0..TRIES_MAX {
            match self.find_or_make(&doing, spec, start_after).await {
                Ok(consumer) => {
                    self.remember(spec, Some(consumer.clone()));
                    return Ok(consumer);
                }
                Err(Consumer::Failed(error)) => return Err(error),
                Err(raced) => last = raced,
            }
        }
        Err(last.into_error(&doing))
    }

    async fn find_or_make(
        &self,
        doing: &str,
        spec: &ConsumerSpec,
        start_after: u64,
    ) -> Result<PullConsumer, Consumer> {
        let found = self
            .jetstream
            .get_consumer_from_stream::<pull::Config, _, _>(&spec.durable, spec.stream.name())
            .await;
        match found.map_err(|cause| error::consumer(doing, cause)) {
            Ok(consumer) => {
                let present = &consumer.cached_info().config;
                check_kind(doing, present).map_err(Consumer::Failed)?;
                let Some(wider) = self.widened(&consumer, spec) else { return Ok(consumer) };
                tracing::info!(consumer = spec.durable, "the consumer is widened");
                self.jetstream
                    .update_consumer_on_stream(wider, spec.stream.name())
                    .await
                    .map_err(|cause| error::update_consumer(doing, cause))
            }
            Err(Consumer::Missing) => self.make(doing, spec, Start::Around(start_after)).await,
            Err(other) => Err(other),
        }
    }

    pub(crate) async fn make(
        &self,
        doing: &str,
        spec: &ConsumerSpec,
        start: Start,
    ) -> Result<PullConsumer, Consumer> {
        let policy = self.policy(doing, spec, start).await.map_err(Consumer::Failed)?;
        let wanted = self.wanted(spec, policy);
        let made = self
            .jetstream
            .create_consumer_strict_on_stream(wanted.clone(), spec.stream.name())
            .await
            .map_err(|cause| error::create_consumer(doing, cause))?;
        // Older servers drop options that they do not know, in silence.
        let present = &made.cached_info().config;
        check_kind(doing, present).map_err(Consumer::Failed)?;
        if self.widened(&made, spec).is_some() || present.deliver_policy != wanted.deliver_policy {
            let what = format!("{doing}: the broker made it otherwise than asked; is it too old?");
            return Err(Consumer::Failed(PortError::plain(ErrorKind::Permanent, what)));
        }
        tracing::info!(consumer = spec.durable, ?start, "the consumer is made");
        Ok(made)
    }

    fn wanted(&self, spec: &ConsumerSpec, deliver_policy: DeliverPolicy) -> pull::Config {
        let mut config = pull::Config {
            durable_name: Some(spec.durable.clone()),
            deliver_policy,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.options.ack_wait,
            max_deliver: -1,
            max_ack_pending: i64::from(self.options.ack_pending_max),
            ..pull::Config::default()
        };
        set_filters(&mut config, filters::union(&spec.filters, &spec.filters));
        config
    }

    /// The configuration that lets through what is asked as well; `None` when it does already.
    fn widened(&self, consumer: &PullConsumer, spec: &ConsumerSpec) -> Option<pull::Config> {
        let present = &consumer.cached_info().config;
        let have = filters_of(&present.filter_subject, &present.filter_subjects);
        let ack_pending_max = i64::from(self.options.ack_pending_max);
        let narrow_filters = !filters::lets_through(&have, &spec.filters);
        let narrow_pending =
            present.max_ack_pending > 0 && present.max_ack_pending < ack_pending_max;
        if !narrow_filters && !narrow_pending && present.ack_wait >= self.options.ack_wait {
            return None;
        }
        let mut config = self.wanted(spec, present.deliver_policy);
        config.ack_wait = present.ack_wait.max(self.options.ack_wait);
        if present.max_ack_pending <= 0 {
            config.max_ack_pending = present.max_ack_pending;
        } else {
            config.max_ack_pending = present.max_ack_pending.max(ack_pending_max);
        }
        set_filters(&mut config, filters::union(&have, &spec.filters));
        Some(config)
    }

    /// Where a consumer stands; `None` when there is none.
    pub(crate) async fn consumer_info(
        &self,
        doing: &str,
        spec: &ConsumerSpec,
    ) -> Result<Option<Info>, PortError> {
        let subject = format!("CONSUMER.INFO.{}.{}", spec.stream.name(), spec.durable);
        let answer: Response<Info> = self
            .jetstream
            .request(subject, &serde_json::json!({}))
            .await
            .map_err(|cause| PortError::new(ErrorKind::Transient, doing, cause))?;
        match error::consumer_info(doing, answer) {
            Ok(info) => Ok(Some(info)),
            Err(Consumer::Missing) => Ok(None),
            Err(other) => Err(other.into_error(doing)),
        }
    }

    pub(crate) async fn remove(&self, doing: &str, spec: &ConsumerSpec) -> Result<(), PortError> {
        self.remember(spec, None);
        let removed =
            self.jetstream.delete_consumer_from_stream(&spec.durable, spec.stream.name()).await;
        match removed.map_err(|cause| error::consumer(doing, cause)) {
            Ok(_) | Err(Consumer::Missing) => Ok(()),
            Err(other) => Err(other.into_error(doing)),
        }
    }

    fn known_consumer(&self, spec: &ConsumerSpec) -> Option<PullConsumer> {
        let known = self.consumers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let consumer = known.get(&(spec.stream, spec.durable.clone()))?;
        let config = &consumer.cached_info().config;
        let have = filters_of(&config.filter_subject, &config.filter_subjects);
        filters::lets_through(&have, &spec.filters).then(|| consumer.clone())
    }

    pub(crate) fn remember(&self, spec: &ConsumerSpec, consumer: Option<PullConsumer>) {
        let mut known = self.consumers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (spec.stream, spec.durable.clone());
        match consumer {
            Some(consumer) => known.insert(key, consumer),
            None => known.remove(&key),
        };
    }
}

fn check_kind(
    doing: &str,
    present: &async_nats::jetstream::consumer::Config,
) -> Result<(), PortError> {
    let wrong = if present.ack_policy != AckPolicy::Explicit {
        "its messages need no acknowledgement"
    } else if present.max_deliver > 0 {
        "it gives messages up after some deliveries"
    } else {
        return Ok(());
    };
    let what = format!("{doing}: a consumer of that name exists, but {wrong}; remove it by hand");
    Err(PortError::plain(ErrorKind::Permanent, what))
}

/// The server keeps a single filter in a field of its own.
fn set_filters(config: &mut pull::Config, mut filters: Vec<String>) {
    config.filter_subject = String::new();
    if filters.len() == 1 {
        config.filter_subject = filters.pop().unwrap_or_default();
    }
    config.filter_subjects = filters;
}

fn filters_of(single: &str, several: &[String]) -> Vec<String> {
    if single.is_empty() { several.to_vec() } else { vec![single.to_owned()] }
}
