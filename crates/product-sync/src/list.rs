//! Links of a store, page by page.

use lockstep_contracts::catalog::v1::{Link, ListLinksRequest, ListLinksResponse};
use lockstep_contracts::convert::link::origin_to_proto;
use lockstep_contracts::time::to_proto;
use lockstep_domain::link::VariantLink;
use lockstep_domain::{BackOfficeId, Sku, StoreId, VariantId};
use lockstep_ports::PortError;
use lockstep_runtime::Engine;

use crate::aggregates::{VariantLinkKind, variant_link_id, variant_of};

/// Variants on one page.
const PAGE_MAX: u32 = 500;

/// Links in order of variant, then back office. `more` is true when a further page may follow.
pub async fn list_links(
    engine: &Engine,
    request: &ListLinksRequest,
) -> Result<ListLinksResponse, PortError> {
    let Ok(store) = StoreId::try_new(request.store.as_str()) else {
        return Ok(ListLinksResponse::default());
    };
    let limit = request.limit.clamp(1, PAGE_MAX);
    let mut after = match request.after_variant_id {
        id if id > 0 => variant_link_id(&store, VariantId::from(id)),
        _ => String::new(),
    };
    let prefix = format!("{store}/");
    // Variants whose links were all cut stay in the store; a page of them alone is passed over.
    loop {
        let rows = engine.scan::<VariantLinkKind>(&prefix, &after, limit).await?;
        let more = rows.len() as u64 == u64::from(limit);
        if let Some((last, _)) = rows.last() {
            after.clone_from(last);
        }
        let links: Vec<_> = rows.iter().flat_map(|(id, state)| links(id, state)).collect();
        if !more || !links.is_empty() {
            return Ok(ListLinksResponse { links, more });
        }
    }
}

fn links(id: &str, state: &VariantLink) -> Vec<Link> {
    let (Some(variant), Some(item)) = (variant_of(id), state.inventory_item) else {
        return Vec::new();
    };
    let one = |(backoffice, sku): (&BackOfficeId, &Sku)| {
        let made = state.history.iter().rev().find(|h| h.linked && h.backoffice == *backoffice);
        Link {
            variant_id: variant.get(),
            inventory_item_id: item.get(),
            backoffice: backoffice.to_string(),
            sku: sku.to_string(),
            origin: made.map_or(0, |h| origin_to_proto(h.origin).into()),
            linked_at: made.map(|h| to_proto(h.at)),
        }
    };
    state.links.iter().map(one).collect()
}
