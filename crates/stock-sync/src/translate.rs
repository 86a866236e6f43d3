//! Refusals of the conversions become reasons for dead letters: what was checked at the edge and
//! still does not fit is kept, with the field and the fix named.

use jiff::Timestamp;
use lockstep_contracts::convert::Invalid;
use lockstep_contracts::time::from_proto;
use lockstep_domain::StoreId;
use lockstep_runtime::Stop;

/// A reason that names the field.
pub fn poison(field: &str, error: impl std::fmt::Display) -> Stop {
    Stop::Poison(format!("{field}: {error}"))
}

/// A reason out of a refused conversion.
pub fn invalid(error: Invalid) -> Stop {
    Stop::Poison(format!("{}: {}; {}", error.field, error.message, error.fix))
}

/// A moment that must be there.
pub fn moment(field: &str, at: Option<&pbjson_types::Timestamp>) -> Result<Timestamp, Stop> {
    let at = at.ok_or_else(|| poison(field, "is missing"))?;
    from_proto(at).map_err(|e| poison(field, e))
}

/// A store's id.
pub fn store(id: &str) -> Result<StoreId, Stop> {
    StoreId::try_new(id).map_err(|e| poison("store", e))
}
