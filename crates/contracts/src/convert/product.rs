//! What a back office reports about its products.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lockstep_domain::{EventId, Quantity, Sku};

use super::fields::{NAME_MAX, at_most, capitals, count, each, needed_word, word, words};
use super::money::{Money, price};
use super::{Invalid, id, moment, quantity, unknown_value};
use crate::backoffice::v1::{self as proto, ErrorCode};

/// Most barcodes of one product.
pub const BARCODES_MAX: usize = 20;
/// Most options of one product; Shopify has no more.
pub const OPTIONS_MAX: usize = 3;
/// Most parts of one kit.
pub const COMPONENTS_MAX: usize = 100;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 65_535;
/// Longest unit of measure or tax class, in characters.
pub const UNIT_MAX: usize = 64;

/// A checked product. Its plain texts stay in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The reporter's id.
    pub event_id: EventId,
    /// The back office's code.
    pub sku: Sku,
    /// What it costs the merchant.
    pub cost: Option<Money>,
    /// What it is sold for.
    pub price: Option<Money>,
    /// Whether it claims no stock.
    pub made_to_order: bool,
    /// Parts of a kit.
    pub components: Vec<Component>,
    /// Whether it is out of use.
    pub is_archived: bool,
    /// When, by the reporter's clock.
    pub updated_at: Timestamp,
}

/// One part of a kit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The part.
    pub sku: Sku,
    /// How much of it one kit needs; above zero.
    pub quantity: Quantity,
}

/// Checks a product. Whether its moment is believable is the caller's to say.
///
/// # Errors
/// The first field that is wrong.
pub fn product(report: &proto::Product) -> Result<Product, Invalid> {
    let event_id = id("event_id", &report.event_id)?;
    let sku: Sku = id("sku", &report.sku)?;
    descriptions(report)?;
    options(&report.options)?;
    Ok(Product {
        event_id,
        cost: price("cost", report.cost.as_ref())?,
        price: price("price", report.price.as_ref())?,
        made_to_order: report.made_to_order,
        components: components(&sku, &report.components)?,
        is_archived: is_archived(report.status)?,
        updated_at: moment("updated_at", report.updated_at.as_ref())?,
        sku,
    })
}

/// A checked deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The reporter's id.
    pub event_id: EventId,
    /// The back office's code.
    pub sku: Sku,
    /// When, by the reporter's clock.
    pub deleted_at: Timestamp,
}

/// Checks a deletion.
///
/// # Errors
/// The first field that is wrong.
pub fn deletion(report: &proto::ProductDeletion) -> Result<Deletion, Invalid> {
    Ok(Deletion {
        event_id: id("event_id", &report.event_id)?,
        sku: id("sku", &report.sku)?,
        deleted_at: moment("deleted_at", report.deleted_at.as_ref())?,
    })
}

fn descriptions(report: &proto::Product) -> Result<(), Invalid> {
    word("product_id", &report.product_id, NAME_MAX)?;
    words("barcodes", &report.barcodes, BARCODES_MAX, NAME_MAX)?;
    word("style_id", &report.style_id, NAME_MAX)?;
    word("title", &report.title, NAME_MAX)?;
    at_most("description", &report.description, DESCRIPTION_MAX)?;
    word("unit", &report.unit, UNIT_MAX)?;
    word("tax_class", &report.tax_class, UNIT_MAX)?;
    capitals("origin_country", &report.origin_country, 2, "RO")?;
    let hs = &report.hs_code;
    let is_hs = (6..=13).contains(&hs.len()) && hs.bytes().all(|b| b.is_ascii_digit());
    if hs.is_empty() || is_hs {
        return Ok(());
    }
    let fix = "send its 6 to 13 digits without points";
    Err(Invalid::validation("hs_code", "it is not a code of the harmonised system", fix))
}

fn options(options: &[proto::ProductOption]) -> Result<(), Invalid> {
    count("options", options.len(), OPTIONS_MAX)?;
    each("options", options, |option| {
        needed_word("name", &option.name, NAME_MAX)?;
        needed_word("value", &option.value, NAME_MAX)
    })?;
    let mut names = BTreeSet::new();
    match options.iter().position(|option| !names.insert(&option.name)) {
        Some(index) => Err(Invalid::validation(
            format!("options[{index}].name"),
            "the option is there twice",
            "name each option once",
        )),
        None => Ok(()),
    }
}

fn components(kit: &Sku, parts: &[proto::ProductComponent]) -> Result<Vec<Component>, Invalid> {
    count("components", parts.len(), COMPONENTS_MAX)?;
    let parts = each("components", parts, |part| {
        let quantity = quantity("quantity", &part.quantity)?;
        if quantity.is_zero() || quantity.is_negative() {
            let zero = quantity.is_zero();
            return Err(Invalid {
                code: if zero { ErrorCode::QuantityZero } else { ErrorCode::Validation },
                field: "quantity".to_owned(),
                message: "it is not above zero".to_owned(),
                fix: "send how much of the part one kit needs".to_owned(),
            });
        }
        Ok(Component { sku: id("sku", &part.sku)?, quantity })
    })?;
    let mut seen = BTreeSet::from([kit]);
    match parts.iter().position(|part| !seen.insert(&part.sku)) {
        Some(index) => Err(Invalid::validation(
            format!("components[{index}].sku"),
            "it is the kit itself, or there twice",
            "name each part once, with the whole quantity",
        )),
        None => Ok(parts),
    }
}

fn is_archived(value: i32) -> Result<bool, Invalid> {
    match proto::ProductStatus::try_from(value).map_err(|_| unknown_value("status"))? {
        proto::ProductStatus::Unspecified | proto::ProductStatus::Active => Ok(false),
        proto::ProductStatus::Archived => Ok(true),
    }
}
