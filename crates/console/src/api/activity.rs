//! `GET /activity`: who changed what, from the kept versions of the settings.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use futures_util::StreamExt;
use futures_util::stream;
use lockstep_contracts::settings::v1::{BackOfficeSettings, StoreSettings};
use lockstep_domain::{BackOfficeId, StoreId};
use lockstep_ports::KvEntry;
use lockstep_runtime::directory::STORE_PREFIX;
use serde::Serialize;
use serde_json::{Value, json};

use crate::extract::{QueryParts, bad};
use crate::problem::Problem;
use crate::registry::{backoffice_key, decode, store_key};
use crate::service::{Console, Shared};
use crate::settings::changes::{Change, between};
use crate::view::settings::{BackOfficeView, StoreView};

/// Versions that are read beyond those that are shown: what stood before them.
const BEFORE: usize = 1_000;
/// Histories of single keys that are read at the same time.
const AT_ONCE: usize = 8;

#[derive(Serialize)]
pub struct Activity {
    activity: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    at: Value,
    by: Value,
    key: String,
    revision: u64,
    what: &'static str,
    changes: Vec<Change>,
}

/// Newest first. The oldest kept version of a key shows as `added`, with all of its settings.
pub async fn handler(
    State(console): Shared,
    mut query: QueryParts,
) -> Result<Json<Activity>, Problem> {
    let mut keys = Vec::new();
    if let Some(text) = query.text("store") {
        let id = StoreId::try_new(&text).map_err(|_| bad("store", &text, "the id of a store"))?;
        keys.push(store_key(&id));
    }
    if let Some(text) = query.text("backoffice") {
        let id = BackOfficeId::try_new(&text);
        let id = id.map_err(|_| bad("backoffice", &text, "the id of a back office"))?;
        keys.push(backoffice_key(&id));
    }
    let limit = query.limit(100, 1_000)?;
    query.finish()?;
    let histories = if keys.is_empty() {
        newest(&console, limit).await?
    } else {
        whole(&console, keys).await?
    };
    let mut activity = Vec::new();
    for versions in histories {
        let mut before = Value::Null;
        for version in versions {
            let after = shown(&version)?;
            activity.push(entry(&version, &before, &after));
            before = after;
        }
    }
    activity.sort_by_key(|entry| Reverse(entry.revision));
    activity.truncate(limit);
    Ok(Json(Activity { activity }))
}

/// Kept versions by key, oldest first, with at least the newest `limit` of all and what stood
/// before each of those. One pass over the bucket gives them, but for keys that changed rarely
/// among many that changed often.
async fn newest(console: &Console, limit: usize) -> Result<Vec<Vec<KvEntry>>, Problem> {
    let window = limit.saturating_add(BEFORE);
    let versions = console.registry.newest(window).await?;
    let is_all = versions.len() < window;
    let mut by_key: BTreeMap<String, Vec<KvEntry>> = BTreeMap::new();
    let mut cut = BTreeSet::new();
    for (place, version) in versions.into_iter().enumerate() {
        let key = version.key.clone();
        // The last one that is seen of a key is its oldest here; is it among those to be shown?
        if place < limit {
            cut.insert(key.clone());
        } else {
            cut.remove(&key);
        }
        by_key.entry(key).or_default().push(version);
    }
    by_key.values_mut().for_each(|versions| versions.reverse());
    if is_all {
        return Ok(by_key.into_values().collect());
    }
    by_key.retain(|key, _| !cut.contains(key));
    let mut histories: Vec<_> = by_key.into_values().collect();
    histories.extend(whole(console, cut.into_iter().collect()).await?);
    Ok(histories)
}

/// All kept versions of some keys.
async fn whole(console: &Console, keys: Vec<String>) -> Result<Vec<Vec<KvEntry>>, Problem> {
    let read = keys.into_iter().map(|key| async move { console.registry.history(&key).await });
    let read: Vec<_> = stream::iter(read).buffered(AT_ONCE).collect().await;
    read.into_iter().collect()
}

/// A version as the API shows it, with `deleted` for a store.
fn shown(version: &KvEntry) -> Result<Value, Problem> {
    if !version.key.starts_with(STORE_PREFIX) {
        let stored = decode::<BackOfficeSettings>(version)?;
        return Ok(json!(BackOfficeView::new(stored, Vec::new())));
    }
    let stored = decode::<StoreSettings>(version)?;
    let deleted = stored.value.deleted;
    let mut shown = json!(StoreView::new(stored));
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("deleted".to_owned(), deleted.into());
    }
    Ok(shown)
}

fn entry(version: &KvEntry, before: &Value, after: &Value) -> Entry {
    let is_deleted = |shown: &Value| shown["deleted"] == true;
    let what = match before {
        Value::Null => "added",
        before if is_deleted(before) && !is_deleted(after) => "added",
        before if !is_deleted(before) && is_deleted(after) => "deleted",
        _ => "changed",
    };
    Entry {
        at: after["updated_at"].clone(),
        by: after["updated_by"].clone(),
        key: version.key.clone(),
        revision: version.revision,
        what,
        changes: between(before, after),
    }
}
