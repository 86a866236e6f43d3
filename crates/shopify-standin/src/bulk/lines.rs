//! An answer as lines: every node of a connection is one, and names its parent.

use serde_json::{Map, Value};

/// The lines of an answer.
#[derive(Debug, Default)]
pub struct Lines {
    /// Each a JSON object.
    pub all: Vec<String>,
    /// How many have no parent.
    pub roots: usize,
}

/// How many parents are mixed when nobody asked for groups.
const MIXED: usize = 3;

/// Takes the `data` of an answer apart.
#[must_use]
pub fn of(data: Value, grouped: bool) -> Lines {
    let mut families: Vec<Vec<String>> = Vec::new();
    let (_, children) = split(data);
    for root in children {
        let mut family = Vec::new();
        line(root, None, &mut family);
        families.push(family);
    }
    let roots = families.len();
    let all = if grouped { families.concat() } else { interleaved(families) };
    Lines { all, roots }
}

/// A parent comes before its children, and between them may stand children of others.
fn interleaved(families: Vec<Vec<String>>) -> Vec<String> {
    let mut all = Vec::new();
    for group in families.chunks(MIXED) {
        let longest = group.iter().map(Vec::len).max().unwrap_or(0);
        for place in 0..longest {
            all.extend(group.iter().filter_map(|family| family.get(place)).cloned());
        }
    }
    all
}

/// Writes a node and all that is below it.
fn line(node: Value, parent: Option<&Value>, out: &mut Vec<String>) {
    let (own, children) = split(node);
    let Value::Object(mut own) = own else {
        return;
    };
    if let Some(parent) = parent {
        own.insert("__parentId".to_owned(), parent.clone());
    }
    let id = own.get("id").cloned().unwrap_or(Value::Null);
    out.push(Value::Object(own).to_string());
    for child in children {
        line(child, Some(&id), out);
    }
}

/// An object without its connections, and the nodes of these.
fn split(value: Value) -> (Value, Vec<Value>) {
    let mut children = Vec::new();
    let own = strip(value, &mut children);
    (own.unwrap_or(Value::Null), children)
}

fn strip(value: Value, children: &mut Vec<Value>) -> Option<Value> {
    match value {
        Value::Object(map) if map.get("edges").is_some_and(Value::is_array) => {
            if let Some(Value::Array(edges)) = map.get("edges") {
                let nodes = edges.iter().filter_map(|edge| edge.get("node"));
                children.extend(nodes.filter(|node| !node.is_null()).cloned());
            }
            None
        }
        Value::Object(map) => {
            let mut own = Map::new();
            for (key, inner) in map {
                if let Some(inner) = strip(inner, children) {
                    own.insert(key, inner);
                }
            }
            Some(own.into())
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data() -> Value {
        let level = |id: &str| json!({"node": {"id": id, "location": {"id": "L"}}});
        json!({"items": {"edges": [
            {"node": {"id": "A", "sku": null, "levels": {"edges": [level("a1"), level("a2")]}}},
            {"node": {"id": "B", "sku": "b", "levels": {"edges": [level("b1")]}}},
        ]}})
    }

    #[test]
    fn children_name_their_parent_and_follow_it() {
        let lines = of(data(), true);
        assert_eq!((lines.all.len(), lines.roots), (5, 2));
        let read = |line: &String| serde_json::from_str::<Value>(line).unwrap();
        let lines: Vec<Value> = lines.all.iter().map(read).collect();
        assert_eq!(lines[0], json!({"id": "A", "sku": null}));
        assert_eq!(lines[1], json!({"id": "a1", "location": {"id": "L"}, "__parentId": "A"}));
        assert_eq!(lines[3], json!({"id": "B", "sku": "b"}));
        assert_eq!(lines[4]["__parentId"], "B");
    }

    #[test]
    fn without_groups_children_of_others_stand_between() {
        let lines = of(data(), false);
        let order: Vec<String> = lines
            .all
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().into())
            .collect();
        assert_eq!(order, ["A", "B", "a1", "b1", "a2"]);
    }
}
