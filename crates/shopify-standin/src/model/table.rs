//! A map that remembers which of its rows changed, so that a change can be written down without
//! writing everything.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

/// Rows by key. Reading is that of the map; every way to change it is listed here.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    rows: BTreeMap<K, V>,
    changed: BTreeSet<K>,
}

/// Rows that changed since the last look.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Changes<K, V> {
    put: Vec<(K, V)>,
    del: Vec<K>,
}

impl<K, V> Changes<K, V> {
    /// True when nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.del.is_empty()
    }
}

impl<K, V> Default for Changes<K, V> {
    fn default() -> Self {
        Self { put: Vec::new(), del: Vec::new() }
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<K, V> Deref for Table<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<K: Ord + Clone, V> Table<K, V> {
    /// A row to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.clone());
        Some(row)
    }

    /// Puts a row and answers the one that was there.
    pub fn insert(&mut self, key: K, row: V) -> Option<V> {
        self.changed.insert(key.clone());
        self.rows.insert(key, row)
    }

    /// Takes a row away.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let row = self.rows.remove(key)?;
        self.changed.insert(key.clone());
        Some(row)
    }

    /// Keeps the rows that are wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(&K, &V) -> bool) {
        let unwanted: Vec<K> = self
            .rows
            .iter()
            .filter(|(key, row)| !wanted(key, row))
            .map(|(key, _)| key.clone())
            .collect();
        for key in unwanted {
            self.remove(&key);
        }
    }

    /// Takes the first row away.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        let (key, row) = self.rows.pop_first()?;
        self.changed.insert(key.clone());
        Some((key, row))
    }

    /// Takes all rows away.
    pub fn clear(&mut self) {
        self.changed.extend(std::mem::take(&mut self.rows).into_keys());
    }

    /// What changed since the last call.
    pub fn changes(&mut self) -> Changes<K, V>
    where
        V: Clone,
    {
        let mut changes = Changes::default();
        for key in std::mem::take(&mut self.changed) {
            match self.rows.get(&key) {
                Some(row) => changes.put.push((key, row.clone())),
                None => changes.del.push(key),
            }
        }
        changes
    }

    /// Forgets what changed.
    pub fn forget_changes(&mut self) {
        self.changed.clear();
    }

    /// Makes changes that were written down happen again.
    pub fn apply(&mut self, changes: Changes<K, V>) {
        for key in &changes.del {
            self.rows.remove(key);
        }
        self.rows.extend(changes.put);
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(rows: I) -> Self {
        Self { rows: rows.into_iter().collect(), changed: BTreeSet::new() }
    }
}

/// Rows are written as pairs: keys of JSON objects can only be texts.
impl<K: Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.rows)
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<(K, V)>::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Deed {
        Insert(u8, i32),
        Remove(u8),
        Change(u8),
        Keep(i32),
        Pop,
        Clear,
        Look,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            4 => (0..12_u8, any::<i32>()).prop_map(|(key, row)| Deed::Insert(key, row)),
            2 => (0..12_u8).prop_map(Deed::Remove),
            2 => (0..12_u8).prop_map(Deed::Change),
            1 => any::<i32>().prop_map(Deed::Keep),
            1 => Just(Deed::Pop),
            1 => Just(Deed::Clear),
            3 => Just(Deed::Look),
        ]
    }

    proptest! {
        #[test]
        fn changes_make_a_copy_equal(deeds in prop::collection::vec(deed(), 0..60)) {
            let (mut table, mut copy) = (Table::<u8, i32>::default(), Table::default());
            for deed in deeds.into_iter().chain([Deed::Look]) {
                match deed {
                    Deed::Insert(key, row) => drop(table.insert(key, row)),
                    Deed::Remove(key) => drop(table.remove(&key)),
                    Deed::Change(key) => {
                        if let Some(row) = table.get_mut(&key) {
                            *row = row.wrapping_add(1);
                        }
                    }
                    Deed::Keep(least) => table.retain(|_, row| *row >= least),
                    Deed::Pop => drop(table.pop_first()),
                    Deed::Clear => table.clear(),
                    Deed::Look => {
                        let text = serde_json::to_string(&table.changes()).unwrap();
                        copy.apply(serde_json::from_str(&text).unwrap());
                        prop_assert_eq!(&*table, &*copy);
                        prop_assert!(table.changes().is_empty());
                    }
                }
            }
        }
    }
}
