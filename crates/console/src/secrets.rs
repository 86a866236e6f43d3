//! Secrets of stores: confirmed by Shopify before they count, sealed at rest.

use lockstep_contracts::shopify::admin::WhoAmI;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{AdminErrorKind, PortError, SECRETS_BUCKET, StoreSecrets};

use crate::problem::{Code, Problem};
use crate::service::Console;
use crate::shop::Cause;

/// Asks Shopify which shop a token opens. The token is sealed for the question under a name of its
/// own, so that a wrong one never stands in the place of one that works.
///
/// # Errors
/// `TOKEN_REFUSED`, `SHOP_DOMAIN_MISMATCH`, `SHOPIFY_AWAY`.
pub async fn confirm(console: &Console, secrets: &StoreSecrets) -> Result<WhoAmI, Problem> {
    let (kv, sealer) = (&*console.parts.kv, &*console.parts.sealer);
    let number = console.parts.ids.next_id().simple().to_string();
    let name = format!("probe-{}", number.get(6..).unwrap_or(&number));
    let probe = StoreId::try_new(name)
        .map_err(|broken| PortError::new(lockstep_ports::ErrorKind::Permanent, "probe", broken))?;
    secrets.save(kv, sealer, &probe, 0).await?;
    let answer = console.shop(&probe).who_am_i().await;
    kv.delete(SECRETS_BUCKET, &StoreSecrets::key(&probe)).await?;
    let domain = &secrets.shop_domain;
    let found = answer.map_err(|error| match &error.cause {
        Cause::Call(failed) if failed.kind == AdminErrorKind::Access => Problem::new(
            Code::TokenRefused,
            "access_token",
            format!("Shopify does not take it for {domain}: {}", failed.message),
            "give the Admin API token of the app that is installed in this shop",
        ),
        _ => error.into(),
    })?;
    check_domain(domain, found)
}

fn check_domain(domain: &ShopDomain, found: WhoAmI) -> Result<WhoAmI, Problem> {
    match &found.shop_domain {
        Some(other) if other != domain => Err(Problem::new(
            Code::ShopDomainMismatch,
            "shop_domain",
            format!("the token opens {other}, not {domain}"),
            format!("give shop_domain {other}, or the token of {domain}"),
        )),
        _ => Ok(found),
    }
}

/// Secrets that the store has now, and their revision. Those that no longer open (another master
/// key) count as none: they can only be replaced.
///
/// # Errors
/// Those of the bucket.
pub async fn present(
    console: &Console,
    store: &StoreId,
) -> Result<(Option<StoreSecrets>, u64), Problem> {
    let key = StoreSecrets::key(store);
    let Some(entry) = console.parts.kv.get(SECRETS_BUCKET, &key).await? else {
        return Ok((None, 0));
    };
    let opened = StoreSecrets::open(&*console.parts.sealer, &key, &entry.value);
    Ok((opened.ok(), entry.revision))
}

/// Seals the secrets of a store in the place of those of a revision.
///
/// # Errors
/// Those of the bucket; `CONFLICT` when somebody else wrote meanwhile.
pub async fn keep(
    console: &Console,
    store: &StoreId,
    secrets: &StoreSecrets,
    expected: u64,
) -> Result<(), Problem> {
    secrets.save(&*console.parts.kv, &*console.parts.sealer, store, expected).await?;
    Ok(())
}
