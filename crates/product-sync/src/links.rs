//! Links by hand and by CSV: each wish is checked against Shopify, decided in one transaction with
//! its neighbours, and answered on its own.

use std::collections::BTreeMap;

use lockstep_contracts::Partition;
use lockstep_contracts::catalog::v1::{
    ChangeLinksRequest, ChangeLinksResponse, LinkAnswer, LinkOutcome, LinkWish, VariantLinked,
    VariantUnlinked,
};
use lockstep_contracts::convert::link::{origin, origin_to_proto};
use lockstep_contracts::shopify::admin::{Variant, decode_variants_by_ids, variants_by_ids};
use lockstep_contracts::time::to_proto;
use lockstep_domain::catalog::{Candidate, ConflictCommand};
use lockstep_domain::link::{LinkOrigin, SkuClaimCommand, VariantLinkCommand, VariantLinkEvent};
use lockstep_domain::{BackOfficeId, InventoryItemId, Sku, StoreId, VariantId};
use lockstep_ports::{AdminRequest, AggregateKey, ErrorKind, PortError, ShopifyAdmin, Urgency};
use lockstep_runtime::{Aggregate, Directory, Engine, EngineError, Origin, Stop, Work, telemetry};

use crate::aggregates::{
    ConflictKind, SkuClaimKind, VariantLinkKind, sku_claim_id, variant_link_id,
};
use crate::doubts::{self, Tell};

/// Wishes in one request; also Shopify's limit for ids in one call.
pub const WISHES_MAX: usize = 250;

/// A refusal that a person can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    code: &'static str,
    field: &'static str,
    message: String,
    fix: String,
}

/// A wish that can be decided.
#[derive(Clone, Debug)]
enum Wish {
    Link { variant: VariantId, item: InventoryItemId, backoffice: BackOfficeId, sku: Sku },
    Cut { variant: VariantId, backoffice: Option<BackOfficeId> },
}

/// Makes and cuts links. Errors: Shopify or the store is away; nothing was changed then.
pub async fn change_links(
    engine: &Engine,
    shopify: &dyn ShopifyAdmin,
    directory: &Directory,
    request: &ChangeLinksRequest,
) -> Result<ChangeLinksResponse, PortError> {
    let refuse = |what: String| PortError::plain(ErrorKind::Permanent, what);
    if request.wishes.len() > WISHES_MAX {
        return Err(refuse(format!("more than {WISHES_MAX} wishes")));
    }
    let store =
        StoreId::try_new(request.store.as_str()).map_err(|e| refuse(format!("store: {e}")))?;
    let origin = origin("origin", request.origin).map_err(|e| refuse(e.message))?;
    let variants = variants(shopify, &store, &request.wishes).await?;
    let checked: Vec<_> =
        request.wishes.iter().map(|w| check(w, &store, directory, &variants)).collect();
    let decide = |work: &mut Work<'_>| {
        let one = |wish: &Result<Wish, Refusal>| match wish {
            Ok(wish) => decide(work, &store, wish, origin),
            Err(refusal) => Ok(Err(refusal.clone())),
        };
        checked.iter().map(one).collect::<Result<Vec<_>, Stop>>()
    };
    let keys = keys(&store, &checked);
    let decided = if request.dry_run {
        engine.consider(&keys, decide).await
    } else {
        let cause = format!("links:{}", engine.now());
        engine.transact(Origin::new(cause, telemetry::current_context()), &keys, decide).await
    };
    let outcomes = decided.map_err(|e| match e {
        EngineError::Port(e) => e,
        other => refuse(other.chain()),
    })?;
    let answers = request.wishes.iter().zip(outcomes).map(|(w, o)| answer(w, o)).collect();
    Ok(ChangeLinksResponse { answers })
}

/// What Shopify knows of the variants that a link is wished for.
async fn variants(
    shopify: &dyn ShopifyAdmin,
    store: &StoreId,
    wishes: &[LinkWish],
) -> Result<BTreeMap<VariantId, Variant>, PortError> {
    let mut ids: Vec<_> = wishes
        .iter()
        .filter(|w| !w.sku.is_empty() && w.variant_id > 0)
        .map(|w| VariantId::from(w.variant_id))
        .collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let call = variants_by_ids(&ids);
    let request = AdminRequest::new(&call, Urgency::Catalogue);
    let answer = shopify
        .send(store, &request)
        .await
        .map_err(|e| PortError::new(ErrorKind::Transient, "read variants from Shopify", e))?;
    let found = decode_variants_by_ids(&answer.data)
        .map_err(|e| PortError::new(ErrorKind::Permanent, "understand variants of Shopify", e))?;
    Ok(found.into_iter().flatten().map(|v| (v.id, v)).collect())
}

fn check(
    wish: &LinkWish,
    store: &StoreId,
    directory: &Directory,
    variants: &BTreeMap<VariantId, Variant>,
) -> Result<Wish, Refusal> {
    let variant = VariantId::from(wish.variant_id);
    if wish.variant_id <= 0 {
        return Err(invalid("variant_id", "it is missing", "give Shopify's id of the variant"));
    }
    let backoffice = match wish.backoffice.as_str() {
        "" => None,
        id => Some(known_backoffice(id, store, directory)?),
    };
    if wish.sku.is_empty() {
        return Ok(Wish::Cut { variant, backoffice });
    }
    let Some(backoffice) = backoffice else {
        return Err(invalid("backoffice", "it is missing", "name the back office of the SKU"));
    };
    let sku = Sku::try_new(wish.sku.as_str())
        .map_err(|e| invalid("sku", &e.to_string(), "give the SKU as the back office writes it"))?;
    let Some(known) = variants.get(&variant) else {
        return Err(Refusal {
            code: "UNKNOWN_VARIANT",
            field: "variant_id",
            message: format!("the store has no variant {variant}"),
            fix: "take the id from the product's page or export in Shopify".to_owned(),
        });
    };
    Ok(Wish::Link { variant, item: known.inventory_item, backoffice, sku })
}

fn known_backoffice(
    id: &str,
    store: &StoreId,
    directory: &Directory,
) -> Result<BackOfficeId, Refusal> {
    let refusal = |message: String| Refusal {
        code: "UNKNOWN_BACKOFFICE",
        field: "backoffice",
        message,
        fix: "name a back office of this store, or add it to the store first".to_owned(),
    };
    let backoffice = BackOfficeId::try_new(id).map_err(|e| refusal(e.to_string()))?;
    let settings = directory.stores.get(store.as_str());
    let is_known = settings.is_some_and(|s| s.backoffices.iter().any(|b| b.id == id));
    if is_known { Ok(backoffice) } else { Err(refusal(format!("{id} is not behind {store}"))) }
}

fn invalid(field: &'static str, message: &str, fix: &str) -> Refusal {
    let (message, fix) = (message.to_owned(), fix.to_owned());
    Refusal { code: "VALIDATION", field, message, fix }
}

/// Links a variant to the SKU that a run found for it, by the same rules as a person; false where
/// they refuse it.
pub(crate) fn link_found(
    work: &mut Work<'_>,
    store: &StoreId,
    (variant, item): (VariantId, InventoryItemId),
    found: &Candidate,
    origin: LinkOrigin,
) -> Result<bool, Stop> {
    let Candidate { backoffice, sku } = found.clone();
    let decided = decide(work, store, &Wish::Link { variant, item, backoffice, sku }, origin)?;
    Ok(decided == Ok(LinkOutcome::Linked))
}

fn decide(
    work: &mut Work<'_>,
    store: &StoreId,
    wish: &Wish,
    origin: LinkOrigin,
) -> Result<Result<LinkOutcome, Refusal>, Stop> {
    let at = work.now();
    let (variant, command, made) = match wish {
        Wish::Cut { variant, backoffice } => {
            let backoffice = backoffice.clone();
            (*variant, VariantLinkCommand::CutLink { backoffice, origin, at }, LinkOutcome::Cut)
        }
        Wish::Link { variant, item, backoffice, sku } => {
            if let Some(refusal) = taken(work, store, *variant, backoffice, sku)? {
                return Ok(Err(refusal));
            }
            let command = VariantLinkCommand::LinkVariant {
                inventory_item: *item,
                backoffice: backoffice.clone(),
                sku: sku.clone(),
                origin,
                at,
            };
            (*variant, command, LinkOutcome::Linked)
        }
    };
    let id = variant_link_id(store, variant);
    let before = work.version::<VariantLinkKind>(&id)?;
    let mut events = match work.execute::<VariantLinkKind>(&id, &command)? {
        Ok(events) => events,
        Err(e) => {
            let fix = "cut the link first".to_owned();
            let message = e.to_string();
            return Ok(Err(Refusal { code: "ALREADY_LINKED", field: "variant_id", message, fix }));
        }
    };
    if events.is_empty() {
        events = confirm(work, &id, wish, origin)?;
    }
    if let Wish::Link { variant, backoffice, sku, .. } = wish {
        let id = sku_claim_id(store, backoffice, sku);
        let claim = SkuClaimCommand::ClaimSku { variant: *variant };
        work.execute::<SkuClaimKind>(&id, &claim)?.map_err(|e| Stop::Poison(e.to_string()))?;
    }
    for (revision, event) in (before + 1..).zip(&events) {
        tell(work, store, variant, revision, event)?;
    }
    if !events.is_empty() {
        // A person has decided, or what was found no longer is; the next run judges anew.
        doubts::decide(work, (store, variant), &ConflictCommand::Close, Tell::Others)?;
    }
    Ok(Ok(if events.is_empty() { LinkOutcome::Unchanged } else { made }))
}

/// A person wishes for the link that stands while something must be decided about it: that is the
/// decision.
fn confirm(
    work: &mut Work<'_>,
    id: &str,
    wish: &Wish,
    origin: LinkOrigin,
) -> Result<Vec<VariantLinkEvent>, Stop> {
    let Wish::Link { backoffice, .. } = wish else { return Ok(Vec::new()) };
    // A file that holds every link decides nothing about those that it only repeats.
    if origin != LinkOrigin::Hand {
        return Ok(Vec::new());
    }
    if work.state::<ConflictKind>(id)?.standing.is_none() {
        return Ok(Vec::new());
    }
    let (backoffice, at) = (backoffice.clone(), work.now());
    let command = VariantLinkCommand::ConfirmLink { backoffice, origin, at };
    let confirmed = work.execute::<VariantLinkKind>(id, &command)?;
    confirmed.map_err(|e| Stop::Poison(e.to_string()))
}

/// Looks first: a link that is refused must leave no claim behind.
fn taken(
    work: &mut Work<'_>,
    store: &StoreId,
    variant: VariantId,
    backoffice: &BackOfficeId,
    sku: &Sku,
) -> Result<Option<Refusal>, Stop> {
    let id = sku_claim_id(store, backoffice, sku);
    let holder = work.state::<SkuClaimKind>(&id)?.variant.filter(|holder| *holder != variant);
    Ok(holder.map(|holder| Refusal {
        code: "SKU_TAKEN",
        field: "sku",
        message: format!("{sku} of {backoffice} is linked to variant {holder} of this store"),
        fix: format!("cut the link of variant {holder} first"),
    }))
}

/// Everything that the wishes surely need, so that it is loaded at once.
fn keys(store: &StoreId, wishes: &[Result<Wish, Refusal>]) -> Vec<AggregateKey> {
    let mut keys = Vec::new();
    for wish in wishes.iter().flatten() {
        let variant = match wish {
            Wish::Link { variant, backoffice, sku, .. } => {
                keys.push(SkuClaimKind::key(sku_claim_id(store, backoffice, sku)));
                variant
            }
            Wish::Cut { variant, .. } => variant,
        };
        keys.push(VariantLinkKind::key(variant_link_id(store, *variant)));
        keys.push(ConflictKind::key(variant_link_id(store, *variant)));
    }
    keys
}

/// Tells the stream, and lets go of a SKU whose link was cut.
fn tell(
    work: &mut Work<'_>,
    store: &StoreId,
    variant: VariantId,
    revision: u64,
    event: &VariantLinkEvent,
) -> Result<(), Stop> {
    let partition = Partition::of(variant.to_string());
    let aggregate = format!("variant_link/{}", variant_link_id(store, variant));
    match event {
        VariantLinkEvent::VariantLinked { inventory_item, backoffice, sku, origin, at } => {
            let message = VariantLinked {
                store: store.to_string(),
                variant_id: variant.get(),
                inventory_item_id: inventory_item.get(),
                backoffice: backoffice.to_string(),
                sku: sku.to_string(),
                revision,
                origin: origin_to_proto(*origin).into(),
                linked_at: Some(to_proto(*at)),
            };
            let subject = VariantLinked::subject(store.as_str(), partition);
            work.publish(&message, subject, &aggregate, revision);
        }
        VariantLinkEvent::VariantUnlinked { inventory_item, backoffice, sku, origin, at } => {
            let id = sku_claim_id(store, backoffice, sku);
            let release = SkuClaimCommand::ReleaseSku { variant };
            work.execute::<SkuClaimKind>(&id, &release)?
                .map_err(|e| Stop::Poison(e.to_string()))?;
            let message = VariantUnlinked {
                store: store.to_string(),
                variant_id: variant.get(),
                inventory_item_id: inventory_item.get(),
                backoffice: backoffice.to_string(),
                sku: sku.to_string(),
                revision,
                origin: origin_to_proto(*origin).into(),
                unlinked_at: Some(to_proto(*at)),
            };
            let subject = VariantUnlinked::subject(store.as_str(), partition);
            work.publish(&message, subject, &aggregate, revision);
        }
    }
    Ok(())
}

fn answer(wish: &LinkWish, outcome: Result<LinkOutcome, Refusal>) -> LinkAnswer {
    let wish = Some(wish.clone());
    match outcome {
        Ok(outcome) => LinkAnswer { wish, outcome: outcome.into(), ..LinkAnswer::default() },
        Err(Refusal { code, field, message, fix }) => LinkAnswer {
            wish,
            outcome: LinkOutcome::Refused.into(),
            code: code.to_owned(),
            field: field.to_owned(),
            message,
            fix,
        },
    }
}
