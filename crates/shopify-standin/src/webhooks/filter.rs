//! Filters and chosen fields of a subscription, applied to a finished body.

use crate::search::{Compare, Search, Term};
use serde_json::{Map, Value};
use std::convert::Infallible;

/// True when a body passes a filter. A field that the body does not have never matches, so a
/// filter on a misspelt field is silent for ever, as with Shopify.
#[must_use]
pub fn passes(filter: &Search, body: &Value) -> bool {
    let mut verdict = |term: &Term| -> Result<bool, Infallible> {
        let Some(field) = &term.field else {
            return Ok(false);
        };
        let path: Vec<&str> = field.split('.').collect();
        Ok(any_at(body, &path, &mut |value| matches(value, term)))
    };
    match filter.holds(&mut verdict) {
        Ok(passes) => passes,
        Err(never) => match never {},
    }
}

fn any_at(value: &Value, path: &[&str], found: &mut impl FnMut(&Value) -> bool) -> bool {
    match (value, path.split_first()) {
        (Value::Array(list), _) => list.iter().any(|one| any_at(one, path, found)),
        (Value::Object(map), Some((first, rest))) => {
            map.get(*first).is_some_and(|inner| any_at(inner, rest, found))
        }
        (_, Some(_)) => false,
        (value, None) => found(value),
    }
}

fn matches(value: &Value, term: &Term) -> bool {
    if term.value == "*" {
        return !value.is_null();
    }
    match value {
        Value::Null => term.value == "null" && term.compare == Compare::Equal,
        Value::Bool(held) => term.compare == Compare::Equal && held.to_string() == term.value,
        Value::Number(held) => match (held.as_f64(), term.value.parse::<f64>()) {
            _ if term.compare == Compare::Equal && held.to_string() == term.value => true,
            (Some(held), Ok(asked)) => term.compare.holds(&held, &asked),
            _ => false,
        },
        Value::String(held) => match (held.parse::<f64>(), term.value.parse::<f64>()) {
            (Ok(held), Ok(asked)) if term.compare != Compare::Equal => {
                term.compare.holds(&held, &asked)
            }
            _ => term.compare.holds(&held.as_str(), &term.value.as_str()),
        },
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Keeps the chosen fields of a body; dotted names reach into objects and lists.
#[must_use]
pub fn only(body: &Value, fields: &[String]) -> Value {
    if fields.is_empty() {
        return body.clone();
    }
    let paths: Vec<Vec<&str>> = fields.iter().map(|field| field.split('.').collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    keep(body, &paths)
}

fn keep(value: &Value, paths: &[&[&str]]) -> Value {
    if paths.iter().any(|path| path.is_empty()) {
        return value.clone();
    }
    match value {
        Value::Array(list) => list.iter().map(|one| keep(one, paths)).collect(),
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, inner) in map {
                let below: Vec<&[&str]> = paths
                    .iter()
                    .filter_map(|path| path.split_first())
                    .filter(|(first, _)| *first == key)
                    .map(|(_, rest)| rest)
                    .collect();
                if !below.is_empty() {
                    kept.insert(key.clone(), keep(inner, &below));
                }
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("inventory_item_id:9007199254740993", true)]
    #[case("inventory_item_id:1", false)]
    #[case("variants.price:>=10", true)]
    #[case("variants.price:>=13", false)]
    #[case("status:active AND NOT title:Lamp", false)]
    #[case("status:Active", false)]
    #[case("misspelt:1", false)]
    #[case("vendor:null", true)]
    #[case("vendor:*", false)]
    fn filters(#[case] filter: &str, #[case] passing: bool) {
        let body = json!({"inventory_item_id": 9_007_199_254_740_993_i64, "status": "active",
            "title": "Lamp", "vendor": null, "variants": [{"price": "9.00"}, {"price": "12.00"}]});
        assert_eq!(passes(&Search::parse(filter).unwrap(), &body), passing, "{filter}");
    }

    #[test]
    fn chosen_fields_only() {
        let body = json!({"id": 1, "title": "t", "variants": [{"id": 2, "sku": "a"}]});
        let fields = ["id".to_owned(), "variants.sku".to_owned()];
        assert_eq!(only(&body, &fields), json!({"id": 1, "variants": [{"sku": "a"}]}));
        assert_eq!(only(&body, &[]), body);
    }
}
