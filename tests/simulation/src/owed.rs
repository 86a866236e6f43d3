//! A planted bug: whoever computes what a level shows finds nothing owed.

use lockstep_ports::{AggregateKey, Snapshot};
use lockstep_testkit::steps::Plant;
use serde_json::Value;
use serde_json::value::to_raw_value;

/// Claims of order lines are left out of the pools that a lane reads.
pub struct LeftOut;

impl Plant for LeftOut {
    fn loaded_by_lane(&self, keys: &[AggregateKey], states: &mut [Option<Snapshot>]) {
        for (key, state) in keys.iter().zip(states) {
            let Some(state) = state.as_mut().filter(|_| key.kind == "pool") else { continue };
            let Ok(mut pool) = serde_json::from_str::<Value>(state.state.get()) else { continue };
            leave_out(&mut pool);
            if let Ok(raw) = to_raw_value(&pool) {
                state.state = raw;
            }
        }
    }
}

fn leave_out(pool: &mut Value) {
    let warehouses = pool["warehouses"].as_object_mut();
    for (_, stock) in warehouses.into_iter().flatten() {
        if let Some(stock) = stock.as_object_mut() {
            stock.remove("ledger");
        }
    }
}
