//! Secrets of stores: confirmed by Shopify before they count, sealed at rest.

use lockstep_contracts::shopify::admin::WhoAmI;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{AdminErrorKind, Grant, PortError, SECRETS_BUCKET, StoreSecrets};

use crate::problem::{Code, Problem};
use crate::service::Console;
use crate::shop::{Cause, Shop};

/// Asks Shopify which shop a token opens, before it is kept anywhere: a wrong one never stands in
/// the place of one that works.
///
/// # Errors
/// `TOKEN_REFUSED`, `SHOP_DOMAIN_MISMATCH`, `SHOPIFY_AWAY`.
pub async fn confirm(
    console: &Console,
    domain: &ShopDomain,
    token: &str,
) -> Result<WhoAmI, Problem> {
    let token = token.into();
    let answer = Shop::InHand(&*console.parts.probe, domain, &token).who_am_i().await;
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
    let (detail, fix) = match &found.shop_domain {
        Some(same) if same == domain => return Ok(found),
        Some(other) => (
            format!("the token opens {other}, not {domain}"),
            format!("give shop_domain {other}, or the token of {domain}"),
        ),
        None => (
            "Shopify does not say which shop the token opens".to_owned(),
            format!("give the Admin API token of an app that is installed in {domain}"),
        ),
    };
    Err(Problem::new(Code::ShopDomainMismatch, "shop_domain", detail, fix))
}

/// What is kept for a store.
pub struct Kept {
    /// The secrets, if they open.
    pub secrets: Option<StoreSecrets>,
    /// Revision of what is there; 0 for nothing. Only what is at this revision may be replaced or
    /// removed: anything newer is somebody else's.
    pub revision: u64,
}

impl Kept {
    /// The token, when there is one that opens.
    pub fn token(&self) -> Option<&str> {
        self.secrets.as_ref()?.access_token.as_deref()
    }

    /// Whether something is there that no longer opens, since another master key sealed it: it can
    /// only be replaced.
    pub const fn is_shut(&self) -> bool {
        self.secrets.is_none() && self.revision != 0
    }
}

/// What is kept for a store now.
///
/// # Errors
/// Those of the bucket.
pub async fn present(console: &Console, store: &StoreId) -> Result<Kept, Problem> {
    let key = StoreSecrets::key(store);
    let Some(entry) = console.parts.kv.get(SECRETS_BUCKET, &key).await? else {
        return Ok(Kept { secrets: None, revision: 0 });
    };
    let opened = StoreSecrets::open(&*console.parts.sealer, &key, &entry.value);
    Ok(Kept { secrets: opened.ok(), revision: entry.revision })
}

/// Seals the secrets of a store in the place of those of a revision.
///
/// # Errors
/// Those of the bucket: `Conflict` when somebody else wrote meanwhile.
pub async fn keep(
    console: &Console,
    store: &StoreId,
    secrets: &StoreSecrets,
    expected: u64,
) -> Result<(), PortError> {
    secrets.save(&*console.parts.kv, &*console.parts.sealer, store, expected).await?;
    Ok(())
}

/// Forgets the token of a store. A secret of the store's own stays sealed: Shopify signs
/// `app/uninstalled` and the redactions with it, which come later.
///
/// # Errors
/// Those of the bucket: `Conflict` when somebody else wrote meanwhile.
pub async fn forget_token(console: &Console, store: &StoreId, kept: Kept) -> Result<(), PortError> {
    let revision = kept.revision;
    match kept.secrets {
        Some(secrets) if secrets.api_secret.is_some() => {
            if secrets.access_token.is_none() {
                return Ok(());
            }
            let grant = Grant { api_key: secrets.grant.api_key.clone(), ..Grant::default() };
            let (access_token, scopes) = (None, Vec::new());
            let secrets = StoreSecrets { access_token, scopes, grant, ..secrets };
            keep(console, store, &secrets, revision).await
        }
        _ if revision == 0 => Ok(()),
        _ => {
            let key = StoreSecrets::key(store);
            console.parts.kv.delete(SECRETS_BUCKET, &key, Some(revision)).await
        }
    }
}
