//! Which codes have stock: product-sync asks before it links a variant to one.

use lockstep_contracts::stock::v1::{KnowsSkusRequest, KnowsSkusResponse};
use lockstep_domain::stock::pool::Pool;
use lockstep_domain::{BackOfficeId, Sku};
use lockstep_ports::{ErrorKind, PortError};
use lockstep_runtime::{Aggregate, Engine};
use serde_json::from_str;

use crate::aggregates::{PoolKind, pool_id};

/// Codes in one question.
const CODES_MAX: usize = 500;

/// Those of the codes that a movement or a count of the back office ever named. A SKU that is
/// merely linked is not known by that.
pub async fn knows_skus(
    engine: &Engine,
    request: &KnowsSkusRequest,
) -> Result<KnowsSkusResponse, PortError> {
    if request.codes.len() > CODES_MAX {
        return Err(PortError::plain(ErrorKind::Permanent, format!("more than {CODES_MAX} codes")));
    }
    let Ok(backoffice) = BackOfficeId::try_new(request.backoffice.as_str()) else {
        return Ok(KnowsSkusResponse::default());
    };
    let skus: Vec<_> =
        request.codes.iter().filter_map(|code| Sku::try_new(code.as_str()).ok()).collect();
    let keys: Vec<_> = skus.iter().map(|sku| PoolKind::key(pool_id(&backoffice, sku))).collect();
    let mut known = Vec::new();
    for (sku, found) in skus.iter().zip(engine.store().read(&keys).await?) {
        let Some(snapshot) = found else { continue };
        let pool: Pool = from_str(snapshot.state.get())
            .map_err(|e| PortError::new(ErrorKind::Permanent, format!("the pool of {sku}"), e))?;
        if pool.positions().next().is_some() {
            known.push(sku.to_string());
        }
    }
    Ok(KnowsSkusResponse { known })
}
