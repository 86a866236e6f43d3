//! Shopify's global ids (`gid://shopify/Type/number`).

use serde_json::Value;

/// A parsed global id. A level's id also names its item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gid {
    /// The type, e.g. `InventoryItem`.
    pub kind: String,
    /// The number.
    pub number: i64,
    /// `inventory_item_id` of a level.
    pub item: Option<i64>,
}

/// Writes a global id.
#[must_use]
pub fn gid(kind: &str, number: i64) -> String {
    format!("gid://shopify/{kind}/{number}")
}

/// Writes the id of an inventory level.
#[must_use]
pub fn level_gid(level: i64, item: i64) -> String {
    format!("gid://shopify/InventoryLevel/{level}?inventory_item_id={item}")
}

/// Reads a global id; `None` when it is not one of Shopify's.
#[must_use]
pub fn parse(text: &str) -> Option<Gid> {
    let (kind, rest) = text.strip_prefix("gid://shopify/")?.split_once('/')?;
    let (number, query) = rest.split_once('?').unwrap_or((rest, ""));
    if kind.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let item = match query.strip_prefix("inventory_item_id=") {
        Some(item) => Some(item.parse().ok()?),
        None if query.is_empty() => None,
        None => return None,
    };
    Some(Gid { kind: kind.to_owned(), number: number.parse().ok()?, item })
}

/// An id that no run before this one has used: clients keep webhook ids across restarts.
#[expect(clippy::disallowed_methods, reason = "a repeated id would look like a double delivery")]
#[must_use]
pub fn fresh() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The number in a control API body: a GID of `kind`, digits, or an integer.
#[must_use]
pub fn loose(value: &Value, kind: &str) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => match parse(text) {
            Some(gid) if gid.kind == kind => Some(gid.number),
            Some(_) => None,
            None => text.parse().ok(),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip() {
        let level = parse(&level_gid(7, 9_007_199_254_740_995)).unwrap();
        assert_eq!(level.kind, "InventoryLevel");
        assert_eq!(level.item, Some(9_007_199_254_740_995));
        assert_eq!(parse(&gid("Product", 5)).unwrap().number, 5);
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in
            ["", "5", "gid://other/Product/5", "gid://shopify/Product/x", "gid://shopify//5"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
