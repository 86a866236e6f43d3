//! Single movements of a warehouse, for counts that arrive later than they.

use std::fmt;

use jiff::Timestamp;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::compact::{Broken, Mark, Reader, Scale, Writer};
use crate::ids::EventId;
use crate::quantity::Quantity;

/// The stored form, should it change once more.
const VERSION: u8 = 1;

/// Movements by time. The mark keeps two of one moment apart and makes a repeated one visible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Journal {
    /// Sorted by moment and mark.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    at: Timestamp,
    mark: Mark,
    quantity: Quantity,
}

impl Journal {
    fn place(&self, at: Timestamp, mark: Mark) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| (entry.at, entry.mark).cmp(&(at, mark)))
    }

    pub(super) fn holds(&self, at: Timestamp, mark: Mark) -> bool {
        self.place(at, mark).is_ok()
    }

    /// Adds a movement; to one of the same moment and mark its quantity.
    pub(super) fn add(&mut self, at: Timestamp, mark: Mark, quantity: Quantity) {
        match self.place(at, mark) {
            Ok(place) => {
                if let Some(entry) = self.entries.get_mut(place) {
                    entry.quantity = entry.quantity.saturating_add(quantity);
                }
            }
            Err(place) => self.entries.insert(place, Entry { at, mark, quantity }),
        }
    }

    /// The sum of what happened after a moment.
    pub(super) fn sum_after(&self, at: Timestamp) -> Quantity {
        let later = self.entries.iter().rev().take_while(|entry| entry.at > at);
        later.map(|entry| entry.quantity).sum()
    }

    pub(super) fn keep_after(&mut self, at: Timestamp) {
        self.entries.retain(|entry| entry.at > at);
    }

    /// Lets the oldest go: those up to a moment, and so many that no more than `most` are left.
    /// Answers the moment of the newest that went.
    pub(super) fn shorten(&mut self, until: Timestamp, most: usize) -> Option<Timestamp> {
        let old = self.entries.partition_point(|entry| entry.at <= until);
        let gone = old.max(self.entries.len().saturating_sub(most));
        self.entries.drain(..gone).next_back().map(|entry| entry.at)
    }

    fn compact(&self) -> String {
        let mut writer = Writer::default();
        writer.byte(VERSION);
        let scale = Scale::of(self.entries.iter().map(|entry| entry.at));
        writer.scale(scale);
        writer.length(self.entries.len());
        for entry in &self.entries {
            writer.moment(scale, entry.at);
            writer.quantity(entry.quantity);
            writer.mark(entry.mark);
        }
        writer.text()
    }

    fn of_compact(text: &str) -> Result<Self, Broken> {
        let mut reader = Reader::try_new(text)?;
        if reader.byte()? != VERSION {
            return Err(Broken);
        }
        let scale = reader.scale()?;
        let length = reader.length()?;
        let mut entries = Vec::with_capacity(length);
        for _ in 0..length {
            let at = reader.moment(scale)?;
            let (quantity, mark) = (reader.quantity()?, reader.mark()?);
            entries.push(Entry { at, mark, quantity });
        }
        if reader.is_at_end() { Ok(Self { entries }) } else { Err(Broken) }
    }
}

impl Serialize for Journal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.compact())
    }
}

impl<'de> Deserialize<'de> for Journal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form)
    }
}

/// Text, or the list of pairs that earlier versions wrote.
struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Journal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a journal")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Journal, E> {
        Journal::of_compact(text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Journal, A::Error> {
        let mut journal = Journal::default();
        while let Some(((at, id), quantity)) =
            list.next_element::<((Timestamp, EventId), Quantity)>()?
        {
            journal.add(at, Mark::of(&id), quantity);
        }
        Ok(journal)
    }
}
