//! Metafields of products, variants and orders: their names, their types, and the custom ids that
//! some of them are.

use crate::model::order::Metafield;
use crate::model::{Order, Product, Shop, Variant};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The namespace of the app itself, which is meant where none is said.
const OWN: &str = "app--1";

/// The type of a custom id: unique among owners of one kind.
const ID: &str = "id";

/// Types whose values are any text.
const TEXTS: [&str; 5] =
    ["single_line_text_field", "multi_line_text_field", "rich_text_field", "color", "url"];

/// Types whose values are JSON.
const JSON: [&str; 8] =
    ["json", "money", "rating", "link", "dimension", "volume", "weight", "language"];

/// Types whose values are moments.
const MOMENTS: [&str; 2] = ["date", "date_time"];

/// What a metafield hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A product.
    Product(i64),
    /// A variant.
    Variant(i64),
    /// An order.
    Order(i64),
}

impl Owner {
    /// Its metafields; `None` when it is not there.
    #[must_use]
    pub fn metafields(self, shop: &Shop) -> Option<&[Metafield]> {
        match self {
            Self::Product(id) => shop.products.get(&id).map(|one| one.metafields.as_slice()),
            Self::Variant(id) => shop.variants.get(&id).map(|one| one.metafields.as_slice()),
            Self::Order(id) => shop.orders.get(&id).map(|one| one.metafields.as_slice()),
        }
    }

    /// Its metafields, to be changed.
    pub fn metafields_mut(self, shop: &mut Shop) -> Option<&mut Vec<Metafield>> {
        match self {
            Self::Product(id) => shop.products.get_mut(&id).map(|one| &mut one.metafields),
            Self::Variant(id) => shop.variants.get_mut(&id).map(|one| &mut one.metafields),
            Self::Order(id) => shop.orders.get_mut(&id).map(|one| &mut one.metafields),
        }
    }

    /// Value of `MetafieldOwnerType`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Product(_) => "PRODUCT",
            Self::Variant(_) => "PRODUCTVARIANT",
            Self::Order(_) => "ORDER",
        }
    }
}

impl Metafield {
    /// What `compareDigest` is compared with.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.kind);
        hash.update([0]);
        hash.update(&self.value);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// True for the metafield of this name.
    #[must_use]
    pub fn is_named(&self, namespace: &str, key: &str) -> bool {
        self.namespace == namespace && self.key == key
    }

    /// True for a custom id.
    #[must_use]
    pub fn is_id(&self) -> bool {
        self.kind == ID
    }
}

/// A namespace as it is kept: none is the app's own, and `$app:x` is a part of that.
#[must_use]
pub fn namespace(given: Option<&str>) -> String {
    match given.map(|given| (given, given.strip_prefix("$app"))) {
        None | Some((_, Some(""))) => OWN.to_owned(),
        Some((_, Some(part))) => format!("{OWN}--{}", part.trim_start_matches(':')),
        Some((plain, None)) => plain.to_owned(),
    }
}

/// Why a metafield cannot have a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// None is said and none is known.
    Blank,
    /// It is another one than it must be; in words.
    Other(String),
}

/// The type of a metafield: that of its definition, or what is given, or what it was.
///
/// # Errors
/// See [`Unfit`].
pub fn kind_of(
    shop: &Shop,
    owner: Owner,
    (space, key): (&str, &str),
    given: Option<&str>,
) -> Result<String, Unfit> {
    if let Some(definition) = shop.definition(owner.kind(), space, key) {
        let kind = definition.kind.as_str();
        return match given {
            Some(given) if given != kind => {
                let message =
                    format!("Type must be consistent with the definition's type: '{kind}'.");
                Err(Unfit::Other(message))
            }
            _ => Ok(kind.to_owned()),
        };
    }
    let all = owner.metafields(shop).unwrap_or_default();
    let known = all.iter().find(|one| one.is_named(space, key));
    let kind = given.or(known.map(|one| one.kind.as_str())).filter(|kind| !kind.is_empty());
    let kind = kind.ok_or(Unfit::Blank)?;
    if !is_type(kind) || known.is_some_and(|one| one.is_id() && kind != ID) {
        return Err(Unfit::Other("Type is not valid for this metafield.".to_owned()));
    }
    if kind == ID && shop.settings.id_needs_definition {
        return Err(Unfit::Other("A metafield of type id needs a definition.".to_owned()));
    }
    Ok(kind.to_owned())
}

/// True when another owner of the same kind has a value that one owner alone may have.
#[must_use]
pub fn is_taken(shop: &Shop, owner: Owner, field: &Metafield) -> bool {
    if !is_unique(shop, owner, field) {
        return false;
    }
    let same =
        |one: &Metafield| one.is_named(&field.namespace, &field.key) && one.value == field.value;
    let has = |all: &[Metafield]| all.iter().any(same);
    match owner {
        Owner::Product(id) => {
            shop.products.values().any(|one| one.id != id && has(&one.metafields))
        }
        Owner::Variant(id) => {
            shop.variants.values().any(|one| one.id != id && has(&one.metafields))
        }
        Owner::Order(id) => shop.orders.values().any(|one| one.id != id && has(&one.metafields)),
    }
}

/// True for a metafield whose value one owner alone may have.
#[must_use]
pub fn is_unique(shop: &Shop, owner: Owner, field: &Metafield) -> bool {
    let definition = shop.definition(owner.kind(), &field.namespace, &field.key);
    field.is_id() || definition.is_some_and(|one| one.unique)
}

/// The product with a custom id.
#[must_use]
pub fn product(shop: &Shop, custom: &Value) -> Option<i64> {
    let mut all = shop.products.values();
    all.find(|one: &&Product| has_id(&one.metafields, custom)).map(|one| one.id)
}

/// The variant with a custom id.
#[must_use]
pub fn variant(shop: &Shop, custom: &Value) -> Option<i64> {
    let mut all = shop.variants.values();
    all.find(|one: &&Variant| has_id(&one.metafields, custom)).map(|one| one.id)
}

/// The order with a custom id.
#[must_use]
pub fn order(shop: &Shop, custom: &Value) -> Option<i64> {
    let mut all = shop.orders.values();
    all.find(|one: &&Order| has_id(&one.metafields, custom)).map(|one| one.id)
}

fn has_id(all: &[Metafield], custom: &Value) -> bool {
    let said = |name: &str| custom.get(name).and_then(Value::as_str);
    let (Some(key), Some(value)) = (said("key"), said("value")) else {
        return false;
    };
    let space = namespace(said("namespace"));
    all.iter().any(|one| one.is_id() && one.is_named(&space, key) && one.value == value)
}

/// True for a type that metafields may have, alone or as `list.` of it.
#[must_use]
pub fn is_type(kind: &str) -> bool {
    let kind = kind.strip_prefix("list.").unwrap_or(kind);
    let numbers = ["number_integer", "number_decimal", "boolean"];
    let known = TEXTS.iter().chain(&JSON).chain(&MOMENTS).chain(&numbers);
    kind == ID || kind.ends_with("_reference") || known.into_iter().any(|known| *known == kind)
}

/// What is wrong with a value of a type.
#[must_use]
pub fn problem(kind: &str, value: &str) -> Option<&'static str> {
    let fits = match kind {
        _ if kind.starts_with("list.") => {
            let list = serde_json::from_str::<Vec<Value>>(value);
            return list.is_err().then_some("Value must be a list of values as JSON.");
        }
        "number_integer" => value.parse::<i64>().is_ok(),
        "number_decimal" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "boolean" => matches!(value, "true" | "false"),
        "date" => value.parse::<jiff::civil::Date>().is_ok(),
        "date_time" => {
            value.parse::<jiff::Timestamp>().is_ok()
                || value.parse::<jiff::civil::DateTime>().is_ok()
        }
        "url" => value.contains(':') && !value.contains(char::is_whitespace),
        "single_line_text_field" => !value.contains('\n'),
        _ if JSON.contains(&kind) => serde_json::from_str::<Value>(value).is_ok(),
        _ if kind.ends_with("_reference") => value.starts_with("gid://shopify/"),
        _ => true,
    };
    (!fits).then_some(match kind {
        "number_integer" => "Value must be an integer.",
        "number_decimal" => "Value must be a decimal.",
        "boolean" => "Value must be true or false.",
        "date" | "date_time" => "Value must be a date.",
        "url" => "Value must be a valid URL.",
        "single_line_text_field" => "Value must be a single line text string.",
        _ if kind.ends_with("_reference") => "Value must be a valid reference.",
        _ => "Value is invalid JSON.",
    })
}

/// A value as `jsonValue` shows it.
#[must_use]
pub fn json_value(one: &Metafield) -> Value {
    let kind = one.kind.as_str();
    let parsed = JSON.contains(&kind)
        || kind.starts_with("list.")
        || matches!(kind, "number_integer" | "boolean" | "rich_text_field");
    let read = parsed.then(|| serde_json::from_str(&one.value).ok()).flatten();
    read.unwrap_or_else(|| Value::from(one.value.as_str()))
}

/// Writes metafields to an owner: those of the same names are replaced and keep their numbers.
/// `whole` takes away those that are not among them.
pub fn write(shop: &mut Shop, owner: Owner, fresh: Vec<Metafield>, whole: bool) {
    let Some(all) = owner.metafields_mut(shop) else {
        return;
    };
    if whole {
        all.retain(|known| fresh.iter().any(|one| known.is_named(&one.namespace, &one.key)));
    }
    for one in fresh {
        match all.iter_mut().find(|known| known.is_named(&one.namespace, &one.key)) {
            Some(known) => *known = Metafield { id: known.id, ..one },
            None => all.push(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(None, "app--1")]
    #[case(Some("$app"), "app--1")]
    #[case(Some("$app:erp"), "app--1--erp")]
    #[case(Some("erp"), "erp")]
    fn namespaces(#[case] given: Option<&str>, #[case] kept: &str) {
        assert_eq!(namespace(given), kept);
    }

    #[rstest]
    #[case("number_integer", "12", "1.5")]
    #[case("number_decimal", "1.5", "one")]
    #[case("boolean", "true", "yes")]
    #[case("json", "{}", "{")]
    #[case("date", "2026-11-24", "yesterday")]
    #[case("date_time", "2026-11-24T12:00:00Z", "noon")]
    #[case("list.number_integer", "[1]", "1")]
    #[case("single_line_text_field", "a", "a\nb")]
    #[case("product_reference", "gid://shopify/Product/1", "1")]
    #[case("url", "https://a.example/b", "no page")]
    fn values(#[case] kind: &str, #[case] good: &str, #[case] bad: &str) {
        assert!(is_type(kind));
        assert_eq!(problem(kind, good), None);
        assert!(problem(kind, bad).is_some());
    }

    #[test]
    fn a_type_that_nobody_knows_is_none() {
        assert!(!is_type("string") && !is_type("list.") && is_type("id"));
    }
}
