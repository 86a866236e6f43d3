//! Streams and durable consumers.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_contracts::Stream;
use lockstep_ports::{Bus, ConsumerSpec, Delivered, ErrorKind, Outgoing, PortError, PublishAck};

use super::{BATCH_MESSAGES_MAX, Faults, MemoryBus, PAYLOAD_MAX, State, refused};

/// A durable consumer. Sequences are those of its stream.
pub(super) struct Consumer {
    filters: Vec<String>,
    /// The last sequence that was looked at.
    delivered: u64,
    /// Delivered and not acknowledged, with the number of deliveries.
    pending: BTreeMap<u64, Pending>,
    /// The highest sequence that was acknowledged.
    acknowledged: u64,
}

struct Pending {
    attempts: u64,
    is_due: bool,
}

impl Consumer {
    fn new(spec: &ConsumerSpec, start_after: u64) -> Self {
        Self {
            filters: spec.filters.clone(),
            delivered: start_after,
            pending: BTreeMap::new(),
            acknowledged: 0,
        }
    }

    pub(super) fn redeliver(&mut self) {
        self.pending.values_mut().for_each(|pending| pending.is_due = true);
    }

    fn wants(&self, message: &Outgoing) -> bool {
        self.filters.is_empty()
            || self.filters.iter().any(|filter| matches(filter, &message.subject))
    }

    /// As the real broker does: an empty set lets everything through, and nothing is narrowed.
    fn widen(&mut self, spec: &ConsumerSpec) {
        if spec.filters.is_empty() || self.filters.is_empty() {
            self.filters.clear();
            return;
        }
        for filter in &spec.filters {
            if !self.filters.contains(filter) {
                self.filters.push(filter.clone());
            }
        }
    }

    /// Sequences to be delivered now, with their attempt: what is due again, then what is new.
    fn next(&mut self, log: &[Outgoing], max: usize) -> Vec<(u64, u64)> {
        let mut chosen = Vec::new();
        for (sequence, pending) in &mut self.pending {
            if chosen.len() < max && pending.is_due {
                pending.is_due = false;
                pending.attempts += 1;
                chosen.push((*sequence, pending.attempts));
            }
        }
        while chosen.len() < max {
            let Some(message) = at(log, self.delivered + 1) else { break };
            self.delivered += 1;
            if self.wants(message) {
                self.pending.insert(self.delivered, Pending { attempts: 1, is_due: false });
                chosen.push((self.delivered, 1));
            }
        }
        chosen
    }

    fn twice(&mut self, chosen: &mut Vec<(u64, u64)>, max: usize) {
        for (sequence, attempt) in chosen.clone() {
            if chosen.len() >= max {
                break;
            }
            if let Some(pending) = self.pending.get_mut(&sequence) {
                pending.attempts += 1;
                chosen.push((sequence, attempt + 1));
            }
        }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<PublishAck>, PortError> {
        let Some(stream) = batch.first().map(|message| message.stream) else {
            return Ok(Vec::new());
        };
        let doing = format!("publishing {} messages to {stream}", batch.len());
        let mut state = self.reach(&doing)?;
        check(stream, &batch)?;
        let log = state.streams.entry(stream).or_default();
        let first = log.len() as u64 + 1;
        let last = first + batch.len() as u64 - 1;
        log.extend(batch);
        let lost = std::mem::take(&mut state.faults.loses_publish_ack);
        drop(state);
        self.published.notify_waiters();
        if lost {
            let what = format!("{doing}: no answer");
            return Err(PortError::plain(ErrorKind::Transient, what));
        }
        Ok((first..=last).map(|sequence| PublishAck { sequence }).collect())
    }

    async fn pull(
        &self,
        consumer: &ConsumerSpec,
        start_after: u64,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivered>, PortError> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            // Waits from before the look, so that nothing published in between is missed.
            let published = self.published.notified();
            tokio::pin!(published);
            published.as_mut().enable();
            let delivered = self.reach("pulling")?.pull(consumer, start_after, max);
            if !delivered.is_empty() {
                return Ok(delivered);
            }
            if tokio::time::timeout_at(deadline, published).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }

    async fn ack(&self, messages: &[Delivered]) -> Result<(), PortError> {
        let mut state = self.reach("acknowledging")?;
        if state.faults.loses_acks {
            return Ok(());
        }
        for message in messages {
            let key = (message.stream, message.ack_subject.clone());
            if let Some(consumer) = state.consumers.get_mut(&key) {
                consumer.pending.remove(&message.sequence);
                consumer.acknowledged = consumer.acknowledged.max(message.sequence);
            }
        }
        Ok(())
    }

    async fn rewind(&self, consumer: &ConsumerSpec, start_after: u64) -> Result<(), PortError> {
        let mut state = self.reach("rewinding")?;
        let key = (consumer.stream, consumer.durable.clone());
        let Some(present) = state.consumers.get(&key) else { return Ok(()) };
        if present.acknowledged <= start_after {
            return Ok(());
        }
        // What waits below is delivered again too.
        let oldest = present.pending.keys().next().map_or(start_after, |first| first - 1);
        state.consumers.insert(key, Consumer::new(consumer, oldest.min(start_after)));
        Ok(())
    }

    async fn lag(&self, consumer: &ConsumerSpec) -> Result<u64, PortError> {
        let state = self.reach("measuring the lag")?;
        let key = (consumer.stream, consumer.durable.clone());
        let Some(present) = state.consumers.get(&key) else {
            let what = "measuring the lag: the consumer is gone";
            return Err(PortError::plain(ErrorKind::Transient, what));
        };
        let log = state.log(consumer.stream);
        let new = (present.delivered + 1..).map_while(|sequence| at(log, sequence));
        let waiting = new.filter(|message| present.wants(message)).count();
        Ok((waiting + present.pending.len()) as u64)
    }

    async fn is_ready(&self) -> bool {
        !self.lock().faults.is_away
    }
}

impl State {
    fn log(&self, stream: Stream) -> &[Outgoing] {
        self.streams.get(&stream).map_or(&[], Vec::as_slice)
    }

    fn pull(&mut self, spec: &ConsumerSpec, start_after: u64, max: usize) -> Vec<Delivered> {
        let faults = self.faults;
        let log = self.streams.get(&spec.stream).map_or(&[][..], Vec::as_slice);
        let consumer = self
            .consumers
            .entry((spec.stream, spec.durable.clone()))
            .or_insert_with(|| Consumer::new(spec, start_after));
        consumer.widen(spec);
        let mut chosen = consumer.next(log, max);
        misbehave(faults, consumer, &mut chosen, max);
        chosen
            .into_iter()
            .filter_map(|(sequence, attempt)| {
                let message = at(log, sequence)?;
                Some(Delivered {
                    stream: spec.stream,
                    sequence,
                    subject: message.subject.clone(),
                    headers: sorted(&message.headers),
                    body: message.body.clone(),
                    attempt,
                    ack_subject: spec.durable.clone(),
                })
            })
            .collect()
    }
}

fn misbehave(faults: Faults, consumer: &mut Consumer, chosen: &mut Vec<(u64, u64)>, max: usize) {
    if faults.duplicates {
        consumer.twice(chosen, max);
    }
    if let Some(seed) = faults.reorders {
        shuffle(chosen, seed ^ consumer.delivered);
    }
}

/// Fisher and Yates, with a small generator: the same seed gives the same order for ever.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut random = seed;
    for last in (1..items.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let chosen = (random >> 33) % (last as u64 + 1);
        items.swap(last, usize::try_from(chosen).unwrap_or(last));
    }
}

fn check(stream: Stream, batch: &[Outgoing]) -> Result<(), PortError> {
    if batch.len() > BATCH_MESSAGES_MAX {
        let count = batch.len();
        return Err(refused(format!(
            "{count} messages do not fit one batch of at most {BATCH_MESSAGES_MAX}"
        )));
    }
    for message in batch {
        let subject = &message.subject;
        if message.stream != stream {
            let other = message.stream;
            return Err(refused(format!("one batch for two streams: {stream} and {other}")));
        }
        if !stream.filter_all().matches(subject) {
            return Err(refused(format!("no stream takes this subject: {subject}")));
        }
        if message.body.len() > PAYLOAD_MAX {
            return Err(refused(format!(
                "a message for {subject} is above the broker's limit of {PAYLOAD_MAX}"
            )));
        }
    }
    Ok(())
}

fn at(log: &[Outgoing], sequence: u64) -> Option<&Outgoing> {
    log.get(usize::try_from(sequence.checked_sub(1)?).ok()?)
}

fn sorted(headers: &[(String, String)]) -> Vec<(String, String)> {
    let mut headers = headers.to_vec();
    headers.sort();
    headers
}

/// The broker's rules: `*` stands for one token, a last `>` for one or more.
fn matches(filter: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in filter.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}
