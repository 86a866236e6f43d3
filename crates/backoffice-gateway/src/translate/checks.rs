//! The single checks of a field. Each answers with a code, the path, what is wrong and the fix.

use jiff::Timestamp;
use lockstep_contracts::backoffice::v1::{
    ErrorCode, ItemError, MovementKind, OrderReference, StockMovement, StockStatus,
};
use lockstep_contracts::time::from_proto;
use lockstep_domain::ids::{EventId, InvalidId, Sku, StoreId, WarehouseCode};
use lockstep_domain::quantity::{InvalidQuantity, Quantity};

use super::{AHEAD_MAX, Place, Scope};
use crate::fault::refuse;

/// 2000-01-01T00:00:00Z in seconds; earlier moments come from clocks that lost their battery.
const EARLIEST_SECOND: i64 = 946_684_800;

fn invalid(
    place: Place,
    field: &str,
    message: impl Into<String>,
    fix: impl Into<String>,
) -> ItemError {
    refuse(ErrorCode::Validation, place.path(field), message, fix)
}

fn missing(place: Place, field: &str, fix: impl Into<String>) -> ItemError {
    invalid(place, field, format!("`{field}` is missing"), fix)
}

/// Puts the broken rule of an identifier into an answer.
fn id_error(place: Place, field: &str, value: &str, rule: &InvalidId) -> ItemError {
    if value.is_empty() {
        return missing(place, field, rule.to_string());
    }
    let message = match rule {
        InvalidId::Length { .. } => {
            format!("`{field}` has {} characters", value.chars().count())
        }
        InvalidId::ControlCharacter { .. } => format!("`{field}` contains a control character"),
        InvalidId::Untrimmed { .. } => format!("`{field}` begins or ends with white space"),
        InvalidId::NotAShortId { .. } | InvalidId::NotAShopDomain | InvalidId::NotAGid { .. } => {
            format!("`{field}` is not of the expected form")
        }
    };
    invalid(place, field, message, rule.to_string())
}

pub fn event_id(place: Place, value: &str) -> Result<EventId, ItemError> {
    EventId::try_new(value).map_err(|e| id_error(place, "event_id", value, &e))
}

pub fn sku(place: Place, value: &str) -> Result<Sku, ItemError> {
    Sku::try_new(value).map_err(|e| id_error(place, "sku", value, &e))
}

pub fn movement_kind(place: Place, value: i32) -> Result<MovementKind, ItemError> {
    let names =
        || names_of((1..).map_while(|n| MovementKind::try_from(n).ok()).map(|k| k.as_str_name()));
    match MovementKind::try_from(value) {
        Ok(MovementKind::Unspecified) => Err(missing(place, "kind", names())),
        Ok(kind) => Ok(kind),
        Err(_) => Err(invalid(place, "kind", format!("there is no kind {value}"), names())),
    }
}

pub fn stock_status(place: Place, value: i32) -> Result<StockStatus, ItemError> {
    let names =
        || names_of((1..).map_while(|n| StockStatus::try_from(n).ok()).map(|s| s.as_str_name()));
    match StockStatus::try_from(value) {
        Ok(StockStatus::Unspecified) => Ok(StockStatus::Good),
        Ok(status) => Ok(status),
        Err(_) => {
            let message = format!("there is no condition {value}");
            Err(invalid(place, "stock_status", message, names()))
        }
    }
}

fn names_of(names: impl Iterator<Item = &'static str>) -> String {
    format!("use one of {}", names.collect::<Vec<_>>().join(", "))
}

/// A decimal that may be zero.
pub fn quantity_text(place: Place, field: &str, text: &str) -> Result<Quantity, ItemError> {
    if text.is_empty() {
        return Err(missing(place, field, InvalidQuantity::NotANumber.to_string()));
    }
    text.parse().map_err(|e| {
        let (code, message) = match e {
            InvalidQuantity::TooLarge => {
                (ErrorCode::QuantityTooLarge, format!("`{field}` is too large"))
            }
            InvalidQuantity::TooPrecise => {
                (ErrorCode::Validation, format!("`{field}` has more than 4 decimals"))
            }
            InvalidQuantity::NotANumber => {
                (ErrorCode::Validation, format!("`{field}` is not a decimal number"))
            }
        };
        refuse(code, place.path(field), message, e.to_string())
    })
}

/// A decimal that is not zero.
pub fn quantity(place: Place, field: &str, text: &str) -> Result<Quantity, ItemError> {
    let quantity = quantity_text(place, field, text)?;
    if quantity.is_zero() {
        return Err(refuse(
            ErrorCode::QuantityZero,
            place.path(field),
            format!("`{field}` is zero"),
            "a movement changes something: leave it out, or report a count",
        ));
    }
    Ok(quantity)
}

pub fn check_sign(place: Place, kind: MovementKind, quantity: Quantity) -> Result<(), ItemError> {
    let must_be_negative = match kind {
        MovementKind::Receiving
        | MovementKind::Return
        | MovementKind::Deallocation
        | MovementKind::Transfer => false,
        MovementKind::Picking | MovementKind::Scrap | MovementKind::Allocation => true,
        MovementKind::Adjustment | MovementKind::Other | MovementKind::Unspecified => {
            return Ok(());
        }
    };
    if quantity.is_negative() == must_be_negative {
        return Ok(());
    }
    let (is, want) = if must_be_negative { ("raises", "below") } else { ("lowers", "above") };
    let name = kind.as_str_name();
    Err(invalid(
        place,
        "quantity",
        format!("`quantity` {is} the stock, which {name} does not"),
        format!("the quantity of {name} is {want} zero: turn the sign, or choose another kind"),
    ))
}

pub fn check_warehouse(
    place: Place,
    field: &str,
    code: &str,
    scope: &Scope<'_>,
) -> Result<(), ItemError> {
    WarehouseCode::try_new(code).map_err(|e| id_error(place, field, code, &e))?;
    if scope.warehouses.contains(code) {
        return Ok(());
    }
    Err(refuse(
        ErrorCode::UnknownWarehouse,
        place.path(field),
        format!("the warehouse `{code}` is not declared for this back office"),
        "declare it in Lockstep first, or correct the code; capital letters count",
    ))
}

pub fn must_be_empty(place: Place, field: &str, value: &str, why: &str) -> Result<(), ItemError> {
    if value.is_empty() {
        return Ok(());
    }
    Err(invalid(place, field, format!("`{field}` is set, and {why}"), "leave it out"))
}

pub fn check_transfer(
    place: Place,
    movement: &StockMovement,
    scope: &Scope<'_>,
) -> Result<(), ItemError> {
    must_be_empty(
        place,
        "warehouse_code",
        &movement.warehouse_code,
        "a TRANSFER names where the goods leave and arrive instead",
    )?;
    let (from, to) = (&movement.from_warehouse_code, &movement.to_warehouse_code);
    check_warehouse(place, "from_warehouse_code", from, scope)?;
    check_warehouse(place, "to_warehouse_code", to, scope)?;
    if from == to {
        return Err(invalid(
            place,
            "to_warehouse_code",
            "the goods leave and arrive in the same warehouse",
            "name two warehouses; a move inside one warehouse is not reported",
        ));
    }
    must_be_empty(
        place,
        "on_hand_after",
        &movement.on_hand_after,
        "it would not say which of the two warehouses is meant",
    )
}

pub fn check_length(place: Place, field: &str, value: &str, max: usize) -> Result<(), ItemError> {
    if value.chars().nth(max).is_none() {
        return Ok(());
    }
    let message = format!("`{field}` has {} characters", value.chars().count());
    Err(invalid(place, field, message, format!("`{field}` has at most {max} characters")))
}

pub fn check_order(place: Place, order: &OrderReference) -> Result<(), ItemError> {
    const KEY: &str =
        "copy it from Lockstep's feed: the store's id, a colon and Shopify's order id";
    let key_is_good = order
        .order_key
        .split_once(':')
        .is_some_and(|(store, id)| StoreId::try_new(store).is_ok() && is_shopify_number(id));
    if !key_is_good {
        let message = "`order.order_key` is not of the form `{store}:{digits}`";
        return Err(invalid(place, "order.order_key", message, KEY));
    }
    if !is_shopify_number(&order.line_id) {
        let message = "`order.line_id` is not Shopify's number of an order line";
        let fix =
            "send the digits of the line's id; a report that belongs to an order names its line";
        return Err(invalid(place, "order.line_id", message, fix));
    }
    Ok(())
}

/// Digits alone: a sign or a space would make two keys of one order.
fn is_shopify_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
        && !text.starts_with('0')
        && text.parse::<i64>().is_ok()
}

pub fn check_moment(
    place: Place,
    field: &str,
    moment: Option<&pbjson_types::Timestamp>,
    now: Timestamp,
) -> Result<(), ItemError> {
    const FORM: &str = "send RFC 3339 in UTC, such as 2026-11-24T10:15:00Z";
    let Some(moment) = moment else {
        return Err(missing(place, field, FORM));
    };
    let moment = from_proto(moment).map_err(|e| invalid(place, field, e.to_string(), FORM))?;
    if moment.as_second() < EARLIEST_SECOND {
        return Err(invalid(
            place,
            field,
            format!("`{field}` is {moment}, before the year 2000"),
            "set the clock of the reporting system, and send the true time in UTC",
        ));
    }
    if moment.duration_since(now) > AHEAD_MAX {
        return Err(invalid(
            place,
            field,
            format!("`{field}` is {moment}, more than 24 hours ahead of Lockstep's clock ({now})"),
            "set the clock of the reporting system, and send the true time in UTC",
        ));
    }
    Ok(())
}
