//! Settings as `KEY=VALUE`, with the names that the API uses: `stock.mode=absolute`.

use std::str::FromStr;

use anyhow::bail;
use serde_json::{Map, Value};

use super::output::plain;

/// Settings whose value is text whatever it looks like.
const TEXTS: &[&str] = &["name"];
/// Settings that are lists, and beginnings of such names; one word is a list of one.
const LISTS: &[&str] = &["stock.lowered_by", "orders.filter."];
/// Secrets: they must not stand in the history of a shell.
const SECRETS: &[(&str, &str)] =
    &[("access_token", "--access-token-file"), ("api_secret", "--api-secret-file")];

/// One `KEY=VALUE`.
#[derive(Clone, Debug)]
pub struct Setting {
    key: String,
    value: Value,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) =
            text.split_once('=').ok_or("expected KEY=VALUE, e.g. stock.mode=absolute")?;
        if key.split('.').any(str::is_empty) {
            return Err("expected a name before =, e.g. stock.mode=absolute".to_owned());
        }
        let value = match value {
            _ if TEXTS.contains(&key) => Value::from(value),
            "null" => Value::Null,
            _ if is_list(key) && !value.starts_with('[') => {
                value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
            }
            // What is no JSON is a word, so that nobody has to quote: stock.mode=absolute.
            _ => serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
        };
        Ok(Self { key: key.to_owned(), value })
    }
}

fn is_list(key: &str) -> bool {
    LISTS.iter().any(|list| key == *list || (list.ends_with('.') && key.starts_with(list)))
}

/// The body of a PATCH.
pub fn body(settings: Vec<Setting>) -> anyhow::Result<Map<String, Value>> {
    let mut body = Map::new();
    for Setting { key, value } in settings {
        // Not refused while parsing: that would repeat the secret in the message.
        if let Some((_, flag)) = SECRETS.iter().find(|(secret, _)| *secret == key) {
            bail!(
                "a secret would stay in the shell's history; use {flag} FILE (- is standard input)"
            );
        }
        let mut at = &mut body;
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                if at.insert(part.to_owned(), value).is_some() {
                    bail!("{key} is given twice");
                }
                break;
            }
            let inner = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
            match inner {
                Value::Object(inner) => at = inner,
                _ => bail!("{part} is given both as a whole and by its parts"),
            }
        }
    }
    Ok(body)
}

/// Settings as names and values, as `set` takes them.
pub fn flat(settings: &Value) -> Vec<(String, String)> {
    fn walk(prefix: &str, value: &Value, out: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                walk(&key, value, out);
            }),
            value => out.push((prefix.to_owned(), plain(value))),
        }
    }
    let mut out = Vec::new();
    walk("", settings, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(texts: &[&str]) -> anyhow::Result<Value> {
        let settings: Result<Vec<Setting>, _> = texts.iter().map(|text| text.parse()).collect();
        Ok(Value::Object(body(settings.map_err(anyhow::Error::msg)?)?))
    }

    #[test]
    fn values_have_the_type_that_they_look_like() {
        let given = [
            "enabled=true",
            "stock.mode=absolute",
            "stock.buffer=2",
            "stock.window_seconds=null",
            "name=007",
            "stock.lowered_by=pick,invoice",
            "orders.filter.tags=wholesale",
            r#"backoffices=[{"id":"wms","roles":["stock"]}]"#,
        ];
        let expected = json!({
            "enabled": true, "name": "007",
            "stock": {"mode": "absolute", "buffer": 2, "window_seconds": null,
                      "lowered_by": ["pick", "invoice"]},
            "orders": {"filter": {"tags": ["wholesale"]}},
            "backoffices": [{"id": "wms", "roles": ["stock"]}],
        });
        assert_eq!(parsed(&given).unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let table = [
            (&["enabled"][..], "expected KEY=VALUE"),
            (&["=1"], "expected a name"),
            (&["stock..mode=1"], "expected a name"),
            (&["access_token=shpat_1"], "use --access-token-file FILE (- is"),
            (&["api_secret=x"], "use --api-secret-file FILE"),
            (&["a.b=1", "a.b=2"], "a.b is given twice"),
            (&["a=1", "a.b=2"], "both as a whole and by its parts"),
        ];
        for (given, said) in table {
            let error = parsed(given).unwrap_err().to_string();
            assert!(error.contains(said), "{given:?}: {error}");
            assert!(!error.contains("shpat_1"));
        }
    }
}
