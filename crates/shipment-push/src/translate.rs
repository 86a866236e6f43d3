//! Refusals of the conversions become reasons for dead letters.

use lockstep_contracts::convert::Invalid;
use lockstep_domain::{EffectId, StoreId};
use lockstep_ports::{EffectRow, ErrorKind, PortError};
use lockstep_runtime::Stop;
use serde::Serialize;
use serde_json::value::RawValue;

/// A reason that names the field.
pub fn poison(field: &str, error: impl std::fmt::Display) -> Stop {
    Stop::Poison(format!("{field}: {error}"))
}

/// A reason out of a refused conversion.
pub fn invalid(error: Invalid) -> Stop {
    Stop::Poison(format!("{}: {}; {}", error.field, error.message, error.fix))
}

/// A store's id.
pub fn store(id: &str) -> Result<StoreId, Stop> {
    StoreId::try_new(id).map_err(|e| poison("store", e))
}

/// The id that the domain knows an effect by.
pub fn effect_id(effect: &EffectRow) -> Result<EffectId, Stop> {
    EffectId::try_new(effect.id.to_string()).map_err(|e| poison("effect", e))
}

/// JSON that is kept with an effect.
pub fn raw(what: &str, value: &impl Serialize) -> Result<Box<RawValue>, Stop> {
    serde_json::value::to_raw_value(value)
        .map_err(|e| Stop::Fault(PortError::new(ErrorKind::Permanent, format!("encode {what}"), e)))
}

/// Commands of this service's aggregates cannot be refused.
pub fn sure<T>(decided: Result<T, std::convert::Infallible>) -> T {
    match decided {
        Ok(value) => value,
        Err(never) => match never {},
    }
}
