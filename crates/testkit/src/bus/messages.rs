//! Streams and durable consumers.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Stream;
use lockstep_ports::{
    Bus, Checkpoint, ConsumerSpec, Delivered, ErrorKind, Outgoing, PortError, PublishAck,
};

use super::{BATCH_MESSAGES_MAX, Faults, MemoryBus, PAYLOAD_MAX, State, refused};

/// A consumer that is made again begins so long before the message at the checkpoint was taken.
const OVERLAP: SignedDuration = SignedDuration::from_hours(1);

/// A message as a stream keeps it.
pub(super) struct Kept {
    pub(super) message: Outgoing,
    at: Timestamp,
}

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
    /// Everything up to here was acknowledged.
    fn floor(&self) -> u64 {
        self.pending.keys().next().map_or(self.acknowledged, |first| first - 1)
    }

    fn next(&mut self, log: &[Kept], max: usize) -> Vec<(u64, u64)> {
        let mut chosen = Vec::new();
        for (sequence, pending) in &mut self.pending {
            if chosen.len() < max && pending.is_due {
                pending.is_due = false;
                pending.attempts += 1;
                chosen.push((*sequence, pending.attempts));
            }
        }
        while chosen.len() < max {
            let Some(Kept { message, .. }) = at(log, self.delivered + 1) else { break };
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
        let at = state.now;
        let log = state.streams.entry(stream).or_default();
        let first = log.len() as u64 + 1;
        let last = first + batch.len() as u64 - 1;
        log.extend(batch.into_iter().map(|message| Kept { message, at }));
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
            let delivered = self.reach("pulling")?.pull(consumer, start_after, max)?;
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

    async fn rewind(
        &self,
        consumer: &ConsumerSpec,
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError> {
        // As on the real broker: the checkpoint before the end of the stream, the consumer before
        // the checkpoint. The lock is not held over a call of the database.
        let committed = checkpoint.read().await?;
        let place = self.reach("rewinding")?.count_anew(consumer, committed);
        if let Some(place) = place {
            return checkpoint.lower(place).await;
        }
        let acknowledged = self.reach("rewinding")?.acknowledged(consumer);
        let committed = checkpoint.read().await?;
        if acknowledged > committed {
            self.reach("rewinding")?.go_back(consumer, committed);
        }
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
        let waiting = new.filter(|kept| present.wants(&kept.message)).count();
        Ok((waiting + present.pending.len()) as u64)
    }

    async fn is_ready(&self) -> bool {
        !self.lock().faults.is_away
    }
}

impl State {
    fn log(&self, stream: Stream) -> &[Kept] {
        self.streams.get(&stream).map_or(&[], Vec::as_slice)
    }

    /// Where the checkpoint belongs when the stream ends before it.
    fn count_anew(&mut self, spec: &ConsumerSpec, committed: u64) -> Option<u64> {
        let end = self.log(spec.stream).len() as u64;
        if committed <= end {
            return None;
        }
        let key = (spec.stream, spec.durable.clone());
        let kept = self.consumers.get(&key).filter(|kept| kept.delivered <= end);
        let place = kept.map(Consumer::floor);
        if place.is_none() {
            self.consumers.remove(&key);
        }
        Some(place.unwrap_or(0))
    }

    fn acknowledged(&self, spec: &ConsumerSpec) -> u64 {
        let key = (spec.stream, spec.durable.clone());
        self.consumers.get(&key).map_or(0, |present| present.acknowledged)
    }

    fn go_back(&mut self, spec: &ConsumerSpec, committed: u64) {
        let key = (spec.stream, spec.durable.clone());
        let floor = self.consumers.get(&key).map_or(0, Consumer::floor);
        let start = match floor {
            floor if floor <= committed => floor,
            _ => around(self.log(spec.stream), committed).unwrap_or(0),
        };
        self.consumers.insert(key, Consumer::new(spec, start));
    }

    fn pull(
        &mut self,
        spec: &ConsumerSpec,
        start_after: u64,
        max: usize,
    ) -> Result<Vec<Delivered>, PortError> {
        let faults = self.faults;
        let key = (spec.stream, spec.durable.clone());
        if !self.consumers.contains_key(&key) {
            let log = self.log(spec.stream);
            let start = around(log, start_after).ok_or_else(|| {
                let end = log.len();
                let what = format!("pulling: the stream ends at {end}, before {start_after}");
                PortError::plain(ErrorKind::Transient, what)
            })?;
            self.consumers.insert(key.clone(), Consumer::new(spec, start));
        }
        let log = self.streams.get(&spec.stream).map_or(&[][..], Vec::as_slice);
        let Some(consumer) = self.consumers.get_mut(&key) else { return Ok(Vec::new()) };
        consumer.widen(spec);
        let mut chosen = consumer.next(log, max);
        misbehave(faults, consumer, &mut chosen, max);
        let delivered = chosen
            .into_iter()
            .filter_map(|(sequence, attempt)| {
                let Kept { message, .. } = at(log, sequence)?;
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
            .collect();
        Ok(delivered)
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
            // The topology is not applied, or is another version's.
            let what = format!("no stream takes this subject: {subject}");
            return Err(PortError::plain(ErrorKind::Transient, what));
        }
        if message.body.len() > PAYLOAD_MAX {
            return Err(refused(format!(
                "a message for {subject} is above the broker's limit of {PAYLOAD_MAX}"
            )));
        }
    }
    Ok(())
}

/// After which sequence a consumer begins that is made for `start_after`; `None` where the stream
/// ends before.
fn around(log: &[Kept], start_after: u64) -> Option<u64> {
    if start_after == 0 {
        return Some(0);
    }
    let from = at(log, start_after)?.at - OVERLAP;
    Some(log.iter().take_while(|kept| kept.at < from).count() as u64)
}

fn at(log: &[Kept], sequence: u64) -> Option<&Kept> {
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
