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

impl Change {
    /// Whether an empty list came, or gave way to one with members: those are told one by one.
    fn is_of_an_empty_list(&self) -> bool {
        let is_nothing =
            |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        is_nothing(&self.before) && is_nothing(&self.after)
    }
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
        .filter(|change| change.before != change.after && !change.is_of_an_empty_list())
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

    #[test]
    fn a_first_member_is_told_by_what_was_set() {
        let none = json!({"locations": [], "roles": ["stock"]});
        let one = json!({"locations": [{"location_id": "7", "warehouses": ["wms/MAIN"]}],
            "roles": []});
        let names = |before, after| {
            let changes = between(before, after).into_iter();
            changes.map(|one| (one.setting, one.before, one.after)).collect::<Vec<_>>()
        };
        let (id, served) = ("locations[7].location_id", "locations[7].warehouses");
        let (id, served) = (id.to_owned(), served.to_owned());
        let roles = ("roles".to_owned(), json!(["stock"]), json!([]));
        let expected = [
            (id.clone(), Value::Null, json!("7")),
            (served.clone(), Value::Null, json!(["wms/MAIN"])),
            roles,
        ];
        assert_eq!(names(&none, &one), expected);
        let back = names(&one, &none);
        assert_eq!(back[0], (id, json!("7"), Value::Null));
        assert_eq!(back[1], (served, json!(["wms/MAIN"]), Value::Null));
        assert_eq!(back.len(), 3);
    }
}
