//! `orderCreate`.

use super::input::{address, bag, flag, id, list, pairs, text, texts};
use super::{done, no};
use crate::clock;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::metafields::{self, Owner, Unfit};
use crate::model::order::{
    Currencies, Customer, Metafield, ShippingLine, Transaction, TransactionKind, money,
};
use crate::model::{LevelKey, Order, OrderLine};
use crate::mutate::Done;
use crate::mutate::payload::Payload;
use crate::orders::fulfil::{Part, Slip, fulfil};
use crate::orders::place::{self, Policy};
use crate::orders::{Refused, route};
use crate::resolve::{Front, Obj, id as of_kind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Orders that a development store takes in a minute.
const FIVE: usize = 5;

/// Parts of the input that this stand-in does not have.
const MISSING: [&str; 5] =
    ["discountCode", "companyLocationId", "customerId", "referringSite", "sourceUrl"];

/// How units are claimed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    Nothing,
    By(Policy),
}

/// A reason to refuse, or an error of the whole call.
enum Stop {
    Refused(Refused),
    Error(GraphqlError),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<GraphqlError> for Stop {
    fn from(error: GraphqlError) -> Self {
        Self::Error(error)
    }
}

/// Creates an order.
///
/// # Errors
/// For ids of another type, and for what this stand-in does not have.
pub(super) fn run(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let input = arguments.get("order").unwrap_or(&Value::Null);
    let options = arguments.get("options").unwrap_or(&Value::Null);
    match create(front, input, options) {
        Ok(id) => Ok(done(Payload::default().with("order", Some(Obj::Order(id))))),
        Err(Stop::Refused(reason)) => Ok(no(&reason, &["order"])),
        Err(Stop::Error(error)) => Err(error),
    }
}

fn create(front: &mut Front<'_>, input: &Value, options: &Value) -> Result<i64, Stop> {
    for name in MISSING {
        if input.get(name).is_some_and(|value| !value.is_null()) {
            let what = format!("OrderCreateOrderInput.{name}");
            return Err(GraphqlError::not_implemented(&what).into());
        }
    }
    few_enough(front)?;
    let behaviour = text(options, "inventoryBehaviour");
    let claim = match behaviour.as_deref() {
        Some("DECREMENT_OBEYING_POLICY") => Claim::By(Policy::Obeyed),
        Some("DECREMENT_IGNORING_POLICY") => Claim::By(Policy::Ignored),
        _ => Claim::Nothing,
    };
    let currencies = currencies(front, input);
    let lines = lines(front, input, claim, &currencies)?;
    let mut order = place::blank(front.shop, front.now);
    order.lines = lines;
    order.currencies = currencies;
    head(front, &mut order, input)?;
    people(front, &mut order, input)?;
    sums(front, &mut order, input)?;
    own_fields(front, &mut order, input)?;
    let id = place::place(front.shop, front.now, order, &mut front.action)?;
    if text(input, "fulfillmentStatus").is_some() {
        ship(front, id, input)?;
    }
    Ok(id)
}

fn few_enough(front: &Front<'_>) -> Result<(), Refused> {
    let minute = front.now.checked_sub(Duration::from_secs(60)).unwrap_or(front.now);
    let orders = front.shop.orders.values();
    let lately = orders.filter(|order| order.by_api && order.created_at > minute).count();
    if front.shop.settings.development && lately >= FIVE {
        let message = "Too many attempts. Please try again later.";
        return Err(Refused::new(message).code("INVALID").blameless());
    }
    Ok(())
}

/// The order's currencies; the rate is that of the first line that has both amounts.
fn currencies(front: &Front<'_>, input: &Value) -> Currencies {
    let shop = text(input, "currency").unwrap_or_else(|| front.shop.currency.clone());
    let presentment = text(input, "presentmentCurrency").unwrap_or_else(|| shop.clone());
    let plain = Currencies { shop, presentment, rate: money::ONE };
    let mut prices = list(input, "lineItems").iter();
    let both = prices.find_map(|line| {
        let set = line.get("priceSet")?;
        set.get("presentmentMoney")?.as_object()?;
        bag(Some(set), &plain).filter(|price| price.shop > 0)
    });
    let digits = |code: &str| 10_i64.pow(money::decimals(code));
    let rate = both.map_or(money::ONE, |price| {
        let scale = digits(&plain.shop) * money::ONE / digits(&plain.presentment);
        price.presentment * scale / price.shop
    });
    Currencies { rate, ..plain }
}

fn lines(
    front: &mut Front<'_>,
    input: &Value,
    claim: Claim,
    currencies: &Currencies,
) -> Result<Vec<OrderLine>, Stop> {
    let mut claimed: BTreeMap<LevelKey, i64> = BTreeMap::new();
    let mut lines = Vec::new();
    for (row, one) in list(input, "lineItems").iter().enumerate() {
        let at = row.to_string();
        let at = ["order", "lineItems", at.as_str()];
        let wrong = |message: &str| Refused::new(message).code("INVALID").at(&at);
        let quantity = one.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        if quantity <= 0 {
            return Err(wrong("Quantity must be greater than 0").into());
        }
        let variant = id(one, "variantId", "ProductVariant")?;
        let item = match variant {
            Some(variant) => {
                let found = front.shop.variants.get(&variant).map(|variant| variant.item);
                Some(found.ok_or_else(|| wrong("Variant does not exist"))?)
            }
            None => None,
        };
        let mut line = match item {
            Some(item) => {
                let key = place_of(front, (item, quantity), claim, &mut claimed)
                    .map_err(|refused| refused.at(&at))?;
                place::line_of(front.shop, key, quantity, currencies)?
            }
            None => {
                let title = text(one, "title").filter(|_| one.get("priceSet").is_some());
                let title = title.ok_or_else(|| wrong("Title and price must be present"))?;
                custom(front, title, quantity)
            }
        };
        dress(&mut line, one, currencies);
        line.claimed = line.claimed && claim != Claim::Nothing;
        lines.push(line);
    }
    if lines.is_empty() {
        let message = "Line items must have at least one line item";
        return Err(Refused::new(message).code("INVALID").at(&["order", "lineItems"]).into());
    }
    Ok(lines)
}

/// Where units are claimed; where nothing is claimed, where they will be shipped from.
fn place_of(
    front: &Front<'_>,
    (item, quantity): (i64, i64),
    claim: Claim,
    claimed: &mut BTreeMap<LevelKey, i64>,
) -> Result<LevelKey, Refused> {
    let policy = match claim {
        Claim::By(policy) => policy,
        Claim::Nothing => Policy::Ignored,
    };
    let found = place::source(front.shop, item, quantity, (None, policy), claimed);
    let key = match (found, claim) {
        (Ok(key), _) => key,
        (Err(_), Claim::Nothing) => {
            let first = front.shop.locations.values().find(|location| location.active);
            LevelKey { location: first.map_or(0, |location| location.id), item }
        }
        (Err(refused), _) => return Err(refused),
    };
    *claimed.entry(key).or_default() += quantity;
    Ok(key)
}

fn custom(front: &mut Front<'_>, title: String, quantity: i64) -> OrderLine {
    let first = front.shop.locations.values().find(|location| location.active);
    let location = first.map_or(0, |location| location.id);
    OrderLine::custom(front.shop.new_id(), title, quantity, location)
}

/// What the input says about a line. Left out, `requiresShipping` is false, as with Shopify.
fn dress(line: &mut OrderLine, input: &Value, currencies: &Currencies) {
    line.price = bag(input.get("priceSet"), currencies).unwrap_or(line.price);
    line.requires_shipping = flag(input, "requiresShipping");
    line.gift_card = flag(input, "giftCard");
    line.taxable = input.get("taxable").and_then(Value::as_bool).unwrap_or(true);
    line.sku = text(input, "sku").or(line.sku.take());
    line.variant_title = text(input, "variantTitle").or(line.variant_title.take());
    line.vendor = text(input, "vendor").or(line.vendor.take());
    line.properties = pairs(list(input, "properties"), "name");
}

fn head(front: &Front<'_>, order: &mut Order, input: &Value) -> Result<(), Stop> {
    let moment = |name: &str| text(input, name).and_then(|text| text.parse().ok());
    if let Some(processed) = moment("processedAt") {
        if processed > clock::later(front.now, Duration::from_secs(60)) {
            let message = "Processed at cannot be in the future";
            let refused = Refused::new(message).code("PROCESSED_AT_INVALID");
            return Err(refused.at(&["order", "processedAt"]).into());
        }
        order.processed_at = processed;
    }
    order.by_api = true;
    order.closed_at = moment("closedAt");
    order.own_name = text(input, "name");
    order.note = text(input, "note");
    order.tags = texts(input, "tags").unwrap_or_default();
    order.attributes = pairs(list(input, "customAttributes"), "key");
    order.source_name = text(input, "sourceName").unwrap_or_else(|| "lockstep".to_owned());
    order.source_identifier = text(input, "sourceIdentifier");
    order.po_number = text(input, "poNumber");
    order.test = flag(input, "test");
    order.declared = text(input, "financialStatus");
    Ok(())
}

fn people(front: &mut Front<'_>, order: &mut Order, input: &Value) -> Result<(), Stop> {
    let customer = input.get("customer").filter(|customer| customer.is_object());
    let upsert = customer.and_then(|customer| customer.get("toUpsert"));
    if let Some(known) = upsert.filter(|upsert| upsert.is_object()) {
        order.customer = Some(Customer {
            id: front.shop.new_id(),
            first_name: text(known, "firstName"),
            last_name: text(known, "lastName"),
            email: text(known, "email"),
            phone: text(known, "phone"),
        });
    } else if let Some(known) = customer.and_then(|customer| customer.get("toAssociate")) {
        let empty = Arguments::new();
        let number = of_kind(known.as_object().unwrap_or(&empty), "id", "Customer")?;
        let orders = front.shop.orders.values();
        let mut all = orders.filter_map(|order| order.customer.clone());
        let found = all.find(|customer| customer.id == number);
        let missing = || Refused::missing("Customer does not exist").code("INVALID");
        order.customer = Some(found.ok_or_else(missing)?);
    }
    let of = order.customer.as_ref();
    order.email = text(input, "email").or_else(|| of.and_then(|one| one.email.clone()));
    order.phone = text(input, "phone").or_else(|| of.and_then(|one| one.phone.clone()));
    order.shipping_address = input.get("shippingAddress").and_then(address);
    order.billing_address = input.get("billingAddress").and_then(address);
    Ok(())
}

/// Shipping, taxes and payments.
fn sums(front: &mut Front<'_>, order: &mut Order, input: &Value) -> Result<(), Stop> {
    match list(input, "shippingLines") {
        [] => {}
        [one] => {
            let price = bag(one.get("priceSet"), &order.currencies).unwrap_or_default();
            let title = text(one, "title").unwrap_or_default();
            order.shipping = Some(ShippingLine { id: front.shop.new_id(), title, price });
        }
        _ => {
            let what = "OrderCreateOrderInput.shippingLines of several lines";
            return Err(GraphqlError::not_implemented(what).into());
        }
    }
    order.taxes_included = flag(input, "taxesIncluded");
    let of_lines = list(input, "lineItems").iter().flat_map(|line| list(line, "taxLines"));
    let mut rates: Vec<i64> = list(input, "taxLines")
        .iter()
        .chain(of_lines)
        .filter_map(|tax| money::parse(&text(tax, "rate")?, 6))
        .collect();
    rates.sort_unstable();
    rates.dedup();
    match rates.as_slice() {
        [] => {}
        [rate] => order.tax_rate = *rate,
        _ => {
            let what = "OrderCreateOrderInput.taxLines of several rates";
            return Err(GraphqlError::not_implemented(what).into());
        }
    }
    for one in list(input, "transactions") {
        let kind = text(one, "kind").unwrap_or_else(|| "SALE".to_owned());
        let kind = TransactionKind::parse(&kind).ok_or_else(|| {
            Refused::new(format!("Kind {} is not a valid transaction", kind.to_lowercase()))
                .code("INVALID")
        })?;
        order.transactions.push(Transaction {
            id: front.shop.new_id(),
            kind,
            status: text(one, "status").unwrap_or_else(|| "SUCCESS".to_owned()),
            gateway: text(one, "gateway").unwrap_or_else(|| "manual".to_owned()),
            amount: bag(one.get("amountSet"), &order.currencies).unwrap_or_default(),
            parent: None,
            created_at: front.now,
            test: flag(one, "test"),
        });
    }
    Ok(())
}

/// Metafields; a unique one that another order has is refused.
fn own_fields(front: &mut Front<'_>, order: &mut Order, input: &Value) -> Result<(), Stop> {
    for (row, one) in list(input, "metafields").iter().enumerate() {
        let row = row.to_string();
        let refuse = |field: &str, message: String| {
            let at = ["order", "metafields", row.as_str(), field];
            Stop::from(Refused::new(message).code("INVALID").at(&at))
        };
        let owner = Owner::Order(order.id);
        let namespace = metafields::namespace(text(one, "namespace").as_deref());
        let (key, given) = (text(one, "key").unwrap_or_default(), text(one, "type"));
        let kind = metafields::kind_of(front.shop, owner, (&namespace, &key), given.as_deref());
        let kind = match kind {
            Ok(kind) => kind,
            Err(Unfit::Blank) => "single_line_text_field".to_owned(),
            Err(Unfit::Other(message)) => return Err(refuse("type", message)),
        };
        let value = text(one, "value").unwrap_or_default();
        let fresh = Metafield { id: front.shop.new_id(), namespace, key, kind, value };
        if metafields::is_taken(front.shop, owner, &fresh) {
            return Err(refuse("value", "Value must be unique".to_owned()));
        }
        order.metafields.push(fresh);
    }
    Ok(())
}

/// An order that arrives shipped.
fn ship(front: &mut Front<'_>, id: i64, input: &Value) -> Result<(), Stop> {
    if text(input, "fulfillmentStatus").as_deref() != Some("FULFILLED") {
        let what = "OrderCreateOrderInput.fulfillmentStatus other than FULFILLED";
        return Err(GraphqlError::not_implemented(what).into());
    }
    route::route(front.shop, front.now, id, &mut front.action)?;
    let order = front.shop.orders.get(&id);
    let open = order.into_iter().flat_map(|order| &order.fulfillment_orders);
    let mut shipments: BTreeMap<i64, Vec<Part>> = BTreeMap::new();
    for one in open {
        let part = Part { fulfillment_order: one.id, lines: None };
        shipments.entry(one.location).or_default().push(part);
    }
    for parts in shipments.values() {
        fulfil(front.shop, front.now, parts, Slip::default(), &mut front.action)?;
    }
    Ok(())
}
