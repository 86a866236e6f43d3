//! What changed between two versions of settings, by the names of the API.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// One setting that changed; `null` where it did not exist.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its name, e.g. `stock.mode`.
    pub setting: String,
    /// Its value before.
    pub before: Value,
    /// Its value after.
    pub after: Value,
}

/// Names that tell about the writing itself and not about a setting.
const NOT_SETTINGS: [&str; 4] = ["revision", "updated_at", "updated_by", "pending"];

/// The settings that differ, by name. Entries of a list are named by what identifies them.
pub fn between(before: &Value, after: &Value) -> Vec<Change> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    flatten("", before, &mut old);
    flatten("", after, &mut new);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let read = |values: &BTreeMap<String, Value>, name| values.get(name).cloned();
    names
        .into_iter()
        .map(|name| Change {
            setting: name.clone(),
            before: read(&old, name).unwrap_or(Value::Null),
            after: read(&new, name).unwrap_or(Value::Null),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

fn flatten(path: &str, value: &Value, out: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if !(path.is_empty() && NOT_SETTINGS.contains(&name.as_str())) {
                    let dot = if path.is_empty() { "" } else { "." };
                    flatten(&format!("{path}{dot}{name}"), value, out);
                }
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                let key = ["location_id", "id", "code"].iter().find_map(|key| item.get(key));
                let key = key.and_then(Value::as_str).unwrap_or_default();
                flatten(&format!("{path}[{key}]"), item, out);
            }
        }
        other => {
            out.insert(path.to_owned(), other.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told_by_its_name() {
        let before = json!({"id": "north", "revision": 1, "stock": {"mode": "delta", "buffer": 0},
            "locations": [{"location_id": "7", "warehouses": ["wms/MAIN"]}]});
        let after = json!({"id": "north", "revision": 2, "stock": {"mode": "absolute", "buffer": 0},
            "locations": [{"location_id": "7", "warehouses": ["wms/MAIN", "wms/SIDE"]},
                          {"location_id": "8", "warehouses": ["wms/FAR"]}]});
        let changes = between(&before, &after);
        let names: Vec<_> = changes.iter().map(|change| change.setting.as_str()).collect();
        assert_eq!(
            names,
            [
                "locations[7].warehouses",
                "locations[8].location_id",
                "locations[8].warehouses",
                "stock.mode"
            ]
        );
        assert_eq!((&changes[3].before, &changes[3].after), (&json!("delta"), &json!("absolute")));
        assert!(between(&after, &after).is_empty());
    }
}
