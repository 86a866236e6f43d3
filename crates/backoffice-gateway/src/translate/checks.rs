//! What only the gateway knows: declared warehouses, stores, the time.

use jiff::Timestamp;
use lockstep_contracts::backoffice::v1::ErrorCode;
use lockstep_contracts::convert::Invalid;
use lockstep_contracts::convert::order::OrderRef;
use lockstep_domain::ids::WarehouseCode;

use super::{AHEAD_MAX, Scope};

/// 2000-01-01T00:00:00Z in seconds; earlier moments come from clocks that lost their battery.
const EARLIEST_SECOND: i64 = 946_684_800;

const CLOCK: &str = "set the clock of the reporting system, and send the true time in UTC";

impl Scope<'_> {
    /// Warehouses must be declared.
    pub fn knows_warehouses<'w>(
        &self,
        named: impl IntoIterator<Item = (String, &'w WarehouseCode)>,
    ) -> Result<(), Invalid> {
        let mut named = named.into_iter();
        match named.find(|(_, code)| !self.warehouses.contains(code.as_str())) {
            Some((field, code)) => Err(Invalid {
                code: ErrorCode::UnknownWarehouse,
                field,
                message: format!("the warehouse `{code}` is not declared for this back office"),
                fix: "declare it in Lockstep first, or correct the code; capital letters count"
                    .to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// An order must be of a store that the back office serves.
    pub fn knows_order(&self, order: &OrderRef) -> Result<(), Invalid> {
        if self.stores.contains(order.store.as_str()) {
            return Ok(());
        }
        Err(Invalid {
            code: ErrorCode::UnknownOrder,
            field: "order_key".to_owned(),
            message: format!("this back office serves no store `{}`", order.store),
            fix: "copy the key from Lockstep's feed; it begins with the id of the store".to_owned(),
        })
    }

    /// A moment must be one that a clock shows which is about right.
    pub fn believes(&self, field: &str, moment: Timestamp) -> Result<(), Invalid> {
        if moment.as_second() < EARLIEST_SECOND {
            let message = format!("it is {moment}, before the year 2000");
            return Err(Invalid::validation(field, message, CLOCK));
        }
        if moment.duration_since(self.now) > AHEAD_MAX {
            let message = format!(
                "it is {moment}, more than 24 hours ahead of Lockstep's clock ({})",
                self.now
            );
            return Err(Invalid::validation(field, message, CLOCK));
        }
        Ok(())
    }
}
