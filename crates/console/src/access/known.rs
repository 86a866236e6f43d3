//! What is known of a store's subscriptions; kept beside its token, without any secret.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_domain::sweep::Hearing;
use lockstep_ports::{ErrorKind, PortError, SECRETS_BUCKET};
use serde::{Deserialize, Serialize};

use crate::service::Console;

/// Times that it is written anew because somebody else wrote first.
const SAVES_MAX: usize = 10;

/// What is read again when deliveries about it may have been missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Orders, with their refunds and fulfillments.
    Orders,
    /// Products and variants.
    Products,
    /// What linked levels show.
    Levels,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Orders, Self::Products, Self::Levels];

    /// The part that a topic tells of; none where a lost delivery loses nothing.
    pub fn of(topic: &str) -> Option<Self> {
        match topic.split('/').next()? {
            "app" | "bulk_operations" => None,
            "products" => Some(Self::Products),
            "inventory_levels" => Some(Self::Levels),
            _ => Some(Self::Orders),
        }
    }
}

/// Since when news of each part may be missing that nobody has read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holes {
    #[serde(default, rename = "hole_since", skip_serializing_if = "Option::is_none")]
    orders: Option<Timestamp>,
    #[serde(default, rename = "products_since", skip_serializing_if = "Option::is_none")]
    products: Option<Timestamp>,
    #[serde(default, rename = "levels_since", skip_serializing_if = "Option::is_none")]
    levels: Option<Timestamp>,
    /// How often the hole in products was opened: a run that began before reads less of it.
    #[serde(default, rename = "products_opened")]
    opened: u64,
    /// The job that reads it.
    #[serde(default, rename = "products_run", skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    /// Until when no other run is begun.
    #[serde(default, rename = "products_rest", skip_serializing_if = "Option::is_none")]
    rest: Option<Timestamp>,
}

impl Holes {
    /// Since when news of a part may be missing.
    pub const fn since(&self, part: Part) -> Option<Timestamp> {
        match part {
            Part::Orders => self.orders,
            Part::Products => self.products,
            Part::Levels => self.levels,
        }
    }

    /// Whether there is one.
    pub fn is_any(&self) -> bool {
        Part::ALL.iter().any(|part| self.since(*part).is_some())
    }

    /// News of a part may be missing since a moment: a hole only grows. A run that is on does not
    /// read all of it.
    pub fn open(&mut self, part: Part, since: Timestamp) {
        if part == Part::Products {
            self.opened = self.opened.wrapping_add(1);
            self.run = None;
        }
        let hole = self.hole(part);
        *hole = Some(hole.map_or(since, |known| known.min(since)));
    }

    /// Somebody reads what was missed since a moment; a hole that has grown meanwhile stays.
    pub fn close(&mut self, part: Part, since: Timestamp) {
        self.hole(part).take_if(|known| *known >= since);
    }

    /// The job of the run that reads what was missed of products.
    pub fn run(&self) -> Option<&str> {
        self.run.as_deref()
    }

    /// A run was begun after the hole in products was opened so many times.
    pub fn read_by(&mut self, job: String, opened: u64) {
        if self.opened == opened && self.products.is_some() {
            self.run = Some(job);
        }
    }

    /// How often the hole in products was opened.
    pub const fn opened(&self) -> u64 {
        self.opened
    }

    /// A run is done: what it was begun for is read.
    pub fn is_read_by(&mut self, job: &str) {
        if self.run.take_if(|run| run == job).is_some() {
            self.products = None;
            self.rest = None;
        }
    }

    /// A run ended without being done: another one waits until a moment.
    pub fn is_unread_by(&mut self, job: &str, until: Timestamp) {
        if self.run.take_if(|run| run == job).is_some() {
            self.rest = Some(until);
        }
    }

    /// Whether another run is to wait yet. A clock that was set back holds nothing up.
    pub fn rests(&self, now: Timestamp, longest: SignedDuration) -> bool {
        self.rest.is_some_and(|until| until > now && until.duration_since(now) <= longest)
    }

    fn hole(&mut self, part: Part) -> &mut Option<Timestamp> {
        match part {
            Part::Orders => &mut self.orders,
            Part::Products => &mut self.products,
            Part::Levels => &mut self.levels,
        }
    }
}

/// What is known of a store's subscriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// When they were compared last: until then, what was missed has been read or is in `holes`.
    pub checked_at: Timestamp,
    /// Where they deliver to.
    pub uri: String,
    /// What is to be read yet.
    #[serde(flatten)]
    pub holes: Holes,
    /// When Shopify last refused to deliver to another address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// When they could not be compared, unless they were since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// How often topics are heard whose silence is listened for here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heard: BTreeMap<String, Hearing>,
}

impl Known {
    /// What is compared for the first time.
    pub fn new(checked_at: Timestamp, uri: String) -> Self {
        let (holes, heard) = (Holes::default(), BTreeMap::new());
        Self { checked_at, uri, holes, refused_at: None, failed_at: None, heard }
    }

    /// A topic was heard.
    pub fn hear(&mut self, topic: &str, at: Timestamp) {
        match self.heard.get_mut(topic) {
            Some(hearing) => {
                hearing.hear(at);
            }
            None => {
                self.heard.insert(topic.to_owned(), Hearing::first(at));
            }
        }
    }

    /// Topics that were silent until a moment for longer than their history explains. While a run
    /// reads products, their silence says nothing new: it is looked at when the run has ended.
    pub fn silent(&self, until: Timestamp) -> impl Iterator<Item = &str> {
        let is_read = move |topic: &str| {
            self.holes.run().is_some() && Part::of(topic) == Some(Part::Products)
        };
        let is_silent =
            move |hearing: &Hearing| hearing.suspect_whole_at().is_some_and(|at| at <= until);
        self.heard
            .iter()
            .filter(move |(topic, heard)| is_silent(heard) && !is_read(topic))
            .map(|(topic, _)| topic.as_str())
    }

    /// What silent topics would have told of may be missing since nobody looked. It is read whole,
    /// so the other topics that tell of the same are looked into with it.
    pub fn note_silence(&mut self, until: Timestamp) {
        let parts: BTreeSet<_> = self.silent(until).filter_map(Part::of).collect();
        for (topic, hearing) in &mut self.heard {
            let Some(part) = Part::of(topic).filter(|part| parts.contains(part)) else { continue };
            let is_silent = hearing.suspect_whole_at().is_some_and(|at| at <= until);
            let since = hearing.look(until);
            if is_silent {
                self.holes.open(part, since);
            }
        }
    }
}

/// What is known; what cannot be read is compared anew.
pub async fn load(console: &Console, store: &StoreId) -> Result<Option<Known>, PortError> {
    Ok(load_with_revision(console, store).await?.0)
}

/// Changes what is known, from what is really there; gives what is known afterwards. There is one
/// way of writing it, so that nobody forgets a hole that somebody else has just found.
pub async fn change(
    console: &Console,
    store: &StoreId,
    change: impl Fn(Option<Known>) -> Option<Known>,
) -> Result<Option<Known>, PortError> {
    for _ in 0..SAVES_MAX {
        let (present, revision) = load_with_revision(console, store).await?;
        let changed = change(present.clone());
        let Some(known) = changed.as_ref().filter(|_| changed != present) else {
            return Ok(changed);
        };
        let value = serde_json::to_vec(known)
            .map_err(|error| PortError::new(ErrorKind::Permanent, "write subscriptions", error))?;
        let kv = &console.parts.kv;
        match kv.put(SECRETS_BUCKET, &key(store), Bytes::from(value), revision).await {
            Ok(_) => return Ok(changed),
            Err(failed) if failed.kind == ErrorKind::Conflict => {}
            Err(failed) => return Err(failed),
        }
    }
    let what = format!("others keep writing what is known of the subscriptions of {store}");
    Err(PortError::plain(ErrorKind::Transient, what))
}

/// Forgets what is known of a store that was removed.
pub async fn forget(console: &Console, store: &StoreId) -> Result<(), PortError> {
    console.parts.kv.delete(SECRETS_BUCKET, &key(store), None).await
}

fn key(store: &StoreId) -> String {
    format!("{store}.subscriptions")
}

async fn load_with_revision(
    console: &Console,
    store: &StoreId,
) -> Result<(Option<Known>, u64), PortError> {
    let entry = console.parts.kv.get(SECRETS_BUCKET, &key(store)).await?;
    Ok(entry.map_or((None, 0), |entry| (serde_json::from_slice(&entry.value).ok(), entry.revision)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::NEEDED;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_hole_only_grows_until_what_was_missed_is_read() {
        let mut holes = Holes::default();
        holes.open(Part::Levels, at(10));
        holes.open(Part::Levels, at(20));
        assert_eq!(holes.since(Part::Levels), Some(at(10)));
        holes.open(Part::Levels, at(5));
        holes.close(Part::Levels, at(10));
        assert_eq!(holes.since(Part::Levels), Some(at(5)), "it has grown meanwhile");
        holes.close(Part::Levels, at(5));
        assert!(!holes.is_any());
    }

    #[test]
    fn a_run_reads_what_was_missed_before_it_began() {
        let mut holes = Holes::default();
        holes.open(Part::Products, at(0));
        let opened = holes.opened();
        holes.read_by("one".to_owned(), opened);
        // More is missed while it is on: its end closes nothing.
        holes.open(Part::Products, at(60));
        holes.is_read_by("one");
        assert_eq!(holes.since(Part::Products), Some(at(0)));
        holes.read_by("late".to_owned(), opened);
        assert_eq!(holes.run(), None, "it began before more was missed");
        holes.read_by("two".to_owned(), holes.opened());
        holes.is_unread_by("two", at(100));
        let hour = SignedDuration::from_hours(1);
        assert!(holes.rests(at(99), hour) && !holes.rests(at(100), hour));
        assert!(!holes.rests(at(-9_000), hour), "a clock that was set back");
        holes.read_by("three".to_owned(), holes.opened());
        holes.is_read_by("three");
        assert!(!holes.is_any());
    }

    #[test]
    fn every_topic_belongs_to_what_is_read_for_it() {
        let parts = |part| NEEDED.iter().filter(|topic| Part::of(topic) == part).count();
        assert_eq!(parts(None), 2, "app/uninstalled, bulk_operations/finish");
        assert_eq!(parts(Some(Part::Products)), 2);
        assert_eq!(parts(Some(Part::Levels)), 3);
        assert_eq!(parts(Some(Part::Orders)), NEEDED.len() - 7);
    }

    #[test]
    fn what_the_version_before_kept_is_read() {
        let kept = r#"{"checked_at":"2026-11-18T10:00:00Z","uri":"https://a",
            "hole_since":"2026-11-18T09:00:00Z"}"#;
        let known: Known = serde_json::from_str(kept).unwrap();
        assert_eq!(known.holes.since(Part::Orders), Some("2026-11-18T09:00:00Z".parse().unwrap()));
        assert_eq!(known.holes.since(Part::Products), None);
    }
}
