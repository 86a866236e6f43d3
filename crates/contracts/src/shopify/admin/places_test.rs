//! Every decoder against answers that are broken at one place: null, nothing, another type.
//!
//! A full answer to each operation is made from the schema. Then each place of it is broken in each
//! way, and the decoder must refuse it by its path, or give a value in which no number, word or
//! flag stands that the whole answer does not have.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use apollo_compiler::Schema;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value, json};

use super::generate::{Source, parsed, sources};
use super::published::parse;
use super::*;

/// What a decoder makes of an answer, as text.
type Decoder = fn(&Value) -> Result<String, DecodeError>;

/// Words that lead a decoder on, where the first of the enum would end it.
const WORDS: [(&str, &str); 4] = [
    ("BulkOperationStatus", "RUNNING"),
    ("FulfillmentStatus", "SUCCESS"),
    ("FulfillmentOrderStatus", "OPEN"),
    ("FulfillmentOrderAction", "CREATE_FULFILLMENT"),
];

fn shown<T: std::fmt::Debug>(read: Result<T, DecodeError>) -> Result<String, DecodeError> {
    read.map(|value| format!("{value:?}"))
}

macro_rules! decoders {
    ($($operation:literal: $decode:expr,)*) => {
        [$(($operation, (|data: &Value| shown($decode(data))) as Decoder)),*]
    };
}

fn decoders() -> BTreeMap<&'static str, Decoder> {
    BTreeMap::from(decoders! {
        "Activate": decode_activate,
        "AdjustQuantities": decode_adjust_quantities,
        // Its answer is not read: the operation's state tells.
        "BulkCancel": |_| Ok(()),
        "BulkList": |data| decode_bulk_list(data, &last_bulk_name()),
        "BulkRun": decode_bulk_run,
        "BulkState": decode_bulk_state,
        "FulfillmentCancel": decode_fulfilled,
        "FulfillmentCreate": decode_fulfilled,
        "FulfillmentLines": |data| page(data, "FulfillmentLines"),
        "FulfillmentOrderLines": |data| page(data, "FulfillmentOrderLines"),
        "FulfillmentTracking": decode_fulfilled,
        "LevelsOfItems": decode_levels_of_items,
        "Locations": decode_locations,
        "OrderCancel": decode_order_cancel,
        "OrderContact": |data| {
            decode_order_contact(data).map(|read| read.map(|one| (one.customer, one.contact)))
        },
        "OrderFulfillmentOrders": |data| page(data, "OrderFulfillmentOrders"),
        "OrderLines": |data| page(data, "OrderLines"),
        "OrderNumbers": decode_order_numbers,
        "OrdersOfFulfillmentOrders": decode_orders_of_fulfillment_orders,
        "OrdersUpdated": decode_orders_updated,
        "RefundLines": |data| page(data, "RefundLines"),
        "RoutesOfOrder": routes_page,
        "SetQuantities": decode_set_quantities,
        "ShipmentsOfOrder": decode_shipments_of_order,
        "Subscribe": decode_subscribe,
        "Subscriptions": decode_subscriptions,
        "Unsubscribe": decode_unsubscribe,
        "VariantsByCode": decode_variants_by_code,
        "VariantsByIds": decode_variants_by_ids,
        "VariantsCount": decode_variants_count,
        "VariantsPage": decode_variants_page,
        "WhoAmI": decode_who_am_i,
        "WidenSubscription": decode_widen_subscription,
    })
}

/// A name that only the last operation of the list carries.
fn last_bulk_name() -> String {
    let texts = whole("BulkList")["bulkOperations"]["nodes"].take();
    let last =
        texts.as_array().and_then(|nodes| nodes.last()?["query"].as_str()?.rsplit(' ').next());
    last.expect("a text").to_owned()
}

/// A page of an order is read into an order that waits for it.
fn page(data: &Value, operation: &str) -> Result<(bool, OrderPages), DecodeError> {
    let mut pages = decode_order_numbers(&whole("OrderNumbers"))?.expect("an order");
    while pages.next_call().is_some_and(|call| call.operation != operation) {
        pages.skip();
    }
    pages.add(data).map(|is_same| (is_same, pages))
}

fn routes_page(data: &Value) -> Result<(bool, ShipmentPages), DecodeError> {
    let mut pages = decode_shipments_of_order(&whole("ShipmentsOfOrder"))?.expect("an order");
    while pages.next_call().is_some_and(|call| call.operation != "RoutesOfOrder") {
        pages.skip();
    }
    pages.add(data).map(|is_same| (is_same, pages))
}

/// Full answers, by operation.
static ANSWERS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| answers(true));

fn answers(flag: bool) -> BTreeMap<String, Value> {
    let schema = parse(include_str!("schema.graphql").to_owned());
    sources().iter().map(|source| full_answer(&schema, source, flag)).collect()
}

fn whole(operation: &str) -> Value {
    ANSWERS[operation].clone()
}

fn full_answer(schema: &Valid<Schema>, source: &Source, flag: bool) -> (String, Value) {
    let document = parsed(schema, source);
    let operation = document.operations.get(None).expect("one operation");
    let mut data = Made { schema, count: 100, flag }.object(&operation.selection_set);
    let payload = data.as_object_mut().and_then(|data| data.values_mut().next());
    if let (true, Some(Value::Object(payload))) = (operation.is_mutation(), payload) {
        // What is done is not refused.
        let errors = payload.iter_mut().filter(|(key, _)| key.ends_with("serErrors"));
        errors.for_each(|(_, errors)| *errors = json!([]));
    }
    (operation.name.as_ref().expect("a name").to_string(), data)
}

/// Values that fit the schema. Each number is made once.
struct Made<'s> {
    schema: &'s Schema,
    count: i64,
    flag: bool,
}

impl Made<'_> {
    fn object(&mut self, set: &SelectionSet) -> Value {
        let mut object = Map::new();
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    object.insert(field.response_key().to_string(), self.field(set, field));
                }
                Selection::InlineFragment(one) => {
                    let Value::Object(fields) = self.object(&one.selection_set) else { continue };
                    object.extend(fields);
                }
                Selection::FragmentSpread(_) => panic!("the operations name no fragments"),
            }
        }
        Value::Object(object)
    }

    fn field(&mut self, of: &SelectionSet, field: &Field) -> Value {
        if field.definition.ty.is_list() {
            return json!([self.one(of, field), self.one(of, field)]);
        }
        self.one(of, field)
    }

    fn one(&mut self, of: &SelectionSet, field: &Field) -> Value {
        if !field.selection_set.selections.is_empty() {
            return self.object(&field.selection_set);
        }
        self.count += 1;
        let (count, key) = (self.count, field.name.as_str());
        let leaf = field.definition.ty.inner_named_type().as_str();
        match leaf {
            "ID" => json!(format!("gid://shopify/{}/{count}", of.ty)),
            "Int" => json!(count),
            "UnsignedInt64" => json!(count.to_string()),
            "Boolean" => json!(self.flag || key == "hasNextPage"),
            // Pages of one order are of one state.
            "DateTime" => json!("2026-11-24T10:00:00Z"),
            "Decimal" => json!(format!("{count}.25")),
            "URL" => json!(format!("https://example.com/{count}")),
            "String" if key == "myshopifyDomain" => json!("north.myshopify.com"),
            "String" if key == "name" && of.ty.as_str() == "InventoryQuantity" => {
                json!(if count % 2 == 0 { "available" } else { "on_hand" })
            }
            "String" => json!(format!("{key} {count}")),
            _ => match self.schema.types.get(leaf) {
                Some(ExtendedType::Enum(words)) => {
                    let chosen = WORDS.iter().find(|(name, _)| *name == leaf);
                    let first = words.values.keys().next().expect("a word");
                    json!(chosen.map_or(first.as_str(), |(_, word)| word))
                }
                _ => panic!("{leaf} has no sample yet"),
            },
        }
    }
}

/// Every place of an answer: as a pointer, and as a refusal names it.
fn places(value: &Value, (pointer, path): (&str, &str), found: &mut Vec<(String, String)>) {
    if !pointer.is_empty() {
        found.push((pointer.to_owned(), path.to_owned()));
    }
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            let dot = if path.is_empty() { "" } else { "." };
            places(value, (&format!("{pointer}/{key}"), &format!("{path}{dot}{key}")), found);
        }),
        Value::Array(values) => values.iter().enumerate().for_each(|(index, value)| {
            places(value, (&format!("{pointer}/{index}"), &format!("{path}[{index}]")), found);
        }),
        _ => {}
    }
}

/// The words and numbers of a value as it is shown, each with how often it stands there.
fn facts(shown: &str) -> BTreeMap<&str, usize> {
    let of_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let mut facts = BTreeMap::new();
    for word in shown.split(|letter| !of_word(letter)).filter(|word| !word.is_empty()) {
        *facts.entry(word).or_default() += 1;
    }
    facts
}

/// What may be said of an absent value or a new word, beside the value itself: a fulfillment order
/// without the action that is needed is held.
const DERIVED: [&str; 3] = ["None", "Held", "NOT_SUPPORTED"];

/// Breaks an answer at one place.
fn broken(data: &Value, pointer: &str, with: Option<&Value>) -> Value {
    let mut data = data.clone();
    match with {
        Some(value) => *data.pointer_mut(pointer).expect("a place") = value.clone(),
        None => {
            let (holder, key) = pointer.rsplit_once('/').expect("a pointer");
            if let Some(Value::Object(fields)) = data.pointer_mut(holder) {
                fields.remove(key);
            }
        }
    }
    data
}

/// How often something was tried, and how often refused.
#[derive(Default)]
struct Tried {
    places: usize,
    broken: usize,
    refused: usize,
}

/// Tries all ways to break one place; tells what was wrongly taken.
fn try_place(
    (operation, decode): (&str, Decoder),
    (data, before): (&Value, &BTreeMap<&str, usize>),
    (pointer, path): (&str, &str),
    tried: &mut Tried,
) -> Vec<String> {
    let was = data.pointer(pointer).expect("a place");
    let others = [
        json!({}),
        json!({"id": {"odd": []}}),
        json!([null]),
        json!([[7]]),
        json!("odd"),
        json!(""),
        json!("gid://shopify/Odd/7"),
        json!(-7),
        json!(0),
        json!(0.5),
        json!(9_007_199_254_740_993_u64),
        json!(false),
    ];
    // Amounts have been written as numbers: that is another spelling, and sums follow it. A flag
    // that is the other way is no broken one.
    let is_wrong = |value: &&Value| {
        !(path.ends_with(".amount") && value.is_number() || was.is_boolean() && value.is_boolean())
    };
    let mut ways: Vec<Option<Value>> = vec![Some(Value::Null), None];
    ways.extend(others.iter().filter(is_wrong).cloned().map(Some));
    let mut wrong = Vec::new();
    tried.places += 1;
    for way in ways {
        tried.broken += 1;
        let now = broken(data, pointer, way.as_ref());
        match decode(&now) {
            Err(error) => {
                tried.refused += 1;
                let is_near = path.starts_with(&error.path) || error.path.starts_with(path);
                // An empty answer does not tell which call on a fulfillment it answers.
                let is_empty = now == json!({}) && error.operation == "FulfillmentCreate";
                let is_named = error.operation == operation && is_near || is_empty;
                if !is_named {
                    wrong.push(format!("{path} with {way:?} is refused as {error}"));
                }
            }
            Ok(read) => {
                let after = facts(&read);
                let is_given =
                    |word: &str| way.as_ref().is_some_and(|way| way.to_string().contains(word));
                let is_known = |word: &str| DERIVED.contains(&word) || is_given(word);
                let mut news = after
                    .iter()
                    .filter(|(word, often)| before.get(*word).is_none_or(|n| n < often));
                let news = news.find(|(word, _)| !is_known(word));
                if let Some((news, _)) = news {
                    wrong.push(format!("{path} with {way:?} becomes {news}: {read}"));
                }
            }
        }
    }
    wrong
}

#[test]
fn what_is_broken_is_refused_by_its_path_and_never_becomes_another_value() {
    let decoders = decoders();
    let mut tried = Tried::default();
    let mut wrong = Vec::new();
    let rounds = [answers(true), answers(false)];
    let all = rounds.iter().flat_map(|round| DOCUMENTS.iter().map(move |one| (round, one)));
    for (round, document) in all {
        let Some(decode) = decoders.get(document.operation) else {
            wrong.push(format!("{} has no decoder here", document.operation));
            continue;
        };
        let data = round[document.operation].clone();
        let baseline = match decode(&data) {
            Ok(baseline) => baseline,
            Err(error) => {
                wrong.push(format!("{}: the full answer is refused: {error}", document.operation));
                continue;
            }
        };
        let before = facts(&baseline);
        let mut all = Vec::new();
        places(&data, ("", ""), &mut all);
        for (pointer, path) in &all {
            let subject = (document.operation, *decode);
            wrong.extend(try_place(subject, (&data, &before), (pointer, path), &mut tried));
        }
    }
    let Tried { places, broken, refused } = tried;
    println!(
        "{} operations, {places} places, {broken} broken answers: {refused} refused, {} read \
         without what was broken, {} findings",
        DOCUMENTS.len(),
        broken - refused,
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
