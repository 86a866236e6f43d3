//! The JSON of a call, item by item, so that one item that is no report spoils no other.

use std::borrow::Cow;
use std::fmt;

use lockstep_contracts::backoffice::v1::{ErrorCode, ItemAnswer, ItemError, ItemStatus};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::diagnose::{Finding, diagnose};
use super::tree::Tree;
use crate::descriptors;
use crate::fault::{CallFault, Invalid};
use crate::report::Decoded;
use crate::translate::{ITEMS_MAX, Item, Place};

/// Reads `{"<field>": [ ... ]}`.
///
/// # Errors
/// When it is not JSON, or the JSON around the items is not what the contract says.
pub fn batch<T: Item>(body: &[u8]) -> Result<Vec<Decoded<T>>, CallFault> {
    let shape = Shape { field: T::FIELD, inside: "[ ... ]" };
    let list = shape.content(body)?.map_or("null", RawValue::get);
    let items: Option<Items<'_>> = serde_json::from_str(list).map_err(|_| {
        let message = format!("`{}` is not a list", T::FIELD);
        invalid(T::FIELD.to_owned(), message, format!("the body is {shape}"))
    })?;
    let items = items.unwrap_or_default();
    if items.count > ITEMS_MAX {
        let (list, count) = (T::FIELD, items.count);
        return Err(CallFault::BatchTooLarge { list, count, limit: ITEMS_MAX });
    }
    let places = (0..).map(|index| Place::of(T::FIELD, index));
    Ok(items.first.into_iter().zip(places).map(|(raw, place)| item(raw.get(), place)).collect())
}

/// Reads `{"<field>": { ... }}`; nothing when the field is left out.
///
/// # Errors
/// When it is not JSON, or the JSON around the report is not what the contract says.
pub fn one<T: Item>(body: &[u8]) -> Result<Option<Decoded<T>>, CallFault> {
    let shape = Shape { field: T::FIELD, inside: "{ ... }" };
    let given = shape.content(body)?.filter(|raw| raw.get() != "null");
    Ok(given.map(|raw| item(raw.get(), Place::only(T::FIELD))))
}

/// Reads `{"<field>": "41"}`; nothing when the field is left out. A number without quotes is taken,
/// too.
///
/// # Errors
/// When it is not JSON, or there is something else.
pub fn number(field: &'static str, body: &[u8]) -> Result<Option<u64>, CallFault> {
    let shape = Shape { field, inside: "\"41\"" };
    let Some(raw) = shape.content(body)?.map(RawValue::get).filter(|raw| *raw != "null") else {
        return Ok(None);
    };
    let quoted = raw.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let digits = quoted.unwrap_or(raw);
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| is_plain);
    let Some(number) = number else {
        let message = "it is not a whole number from 0 to 18446744073709551615".to_owned();
        return Err(invalid(field.to_owned(), message, format!("send {shape}")));
    };
    Ok(Some(number))
}

/// What the body of a call looks like.
struct Shape {
    field: &'static str,
    inside: &'static str,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"{}\": {}}}", self.field, self.inside)
    }
}

impl Shape {
    /// What stands in the one field, not yet read.
    fn content<'b>(&self, body: &'b [u8]) -> Result<Option<&'b RawValue>, CallFault> {
        let envelope: Envelope<'b> =
            serde_json::from_slice(body).map_err(|e| not_an_object(self, &e))?;
        let mut content = None;
        for (name, value) in envelope.entries {
            if name != self.field {
                return Err(invalid(
                    name.into_owned(),
                    "there is no such field".to_owned(),
                    format!("the body is {self}"),
                ));
            }
            if content.replace(value).is_some() {
                let message = "the field is there twice".to_owned();
                return Err(invalid(name.into_owned(), message, "write it once".to_owned()));
            }
        }
        Ok(content)
    }
}

fn invalid(field: String, message: String, fix: String) -> CallFault {
    CallFault::Invalid(Invalid { field, message, fix })
}

fn not_an_object(shape: &Shape, error: &serde_json::Error) -> CallFault {
    if error.is_data() {
        let message = "the body is JSON, but not an object".to_owned();
        return invalid(String::new(), message, format!("send {shape}"));
    }
    let (line, column) = (error.line(), error.column());
    invalid(
        String::new(),
        format!("the body is not JSON: it breaks off at line {line}, column {column}"),
        format!("send {shape} as JSON in UTF-8"),
    )
}

fn item<T: Item>(raw: &str, place: Place) -> Decoded<T> {
    match serde_json::from_str(raw) {
        Ok(item) => Ok(item),
        Err(_) => second_look(raw, place),
    }
}

/// Either what is wrong with an item, or the item after all: entries that are null count as left
/// out.
fn second_look<T: Item>(raw: &str, place: Place) -> Decoded<T> {
    let tree: Tree = serde_json::from_str(raw).map_err(|_| {
        let message = "it is nested deeper than any report";
        reject(
            String::new(),
            place,
            Finding {
                path: String::new(),
                message: message.to_owned(),
                fix: "send the fields of the contract only".to_owned(),
            },
        )
    })?;
    let event_id = tree.text(["event_id", "eventId"]).unwrap_or_default().to_owned();
    let found = descriptors::message(T::MESSAGE).and_then(|message| diagnose(&message, &tree));
    if let Some(finding) = found {
        return Err(reject(event_id, place, finding));
    }
    serde_path_to_error::deserialize(tree.into_value()).map_err(|e| {
        let path = e.path().to_string();
        let path = if path == "." { String::new() } else { path };
        let fix = "see the document at /v1/openapi.json".to_owned();
        reject(event_id, place, Finding { path, message: e.into_inner().to_string(), fix })
    })
}

fn reject(event_id: String, place: Place, finding: Finding) -> ItemAnswer {
    let field = place.path(&finding.path);
    let Finding { message, fix, .. } = finding;
    let error = ItemError { code: ErrorCode::Validation.into(), field, message, fix };
    ItemAnswer { event_id, status: ItemStatus::Rejected.into(), error: Some(error) }
}

/// The entries of an object, not yet read.
struct Envelope<'a> {
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// Entries of the outer object that are looked at; the first wrong one is answered anyway.
const ENTRIES_MAX: usize = 4;

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while entries.len() < ENTRIES_MAX {
                    let Some(Name(name)) = map.next_key()? else { break };
                    entries.push((name, map.next_value()?));
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Envelope { entries })
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// A name, borrowed where it holds no escape.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// The first items of a list and the number of all, so that a list of millions costs no memory.
#[derive(Default)]
struct Items<'a> {
    first: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Items::default();
                while items.count < ITEMS_MAX {
                    let Some(raw) = seq.next_element()? else { return Ok(items) };
                    items.first.push(raw);
                    items.count += 1;
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    items.count += 1;
                }
                Ok(items)
            }
        }

        deserializer.deserialize_seq(List)
    }
}
