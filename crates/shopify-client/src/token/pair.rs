//! A new token takes the place of the one that it renews, and of no other.

use jiff::Timestamp;
use lockstep_domain::StoreId;
use lockstep_ports::{
    ErrorKind, GrantKind, Granted, Kv, PortError, Sealer, Shut, ShutWhy, StoreSecrets,
};

use crate::token::refused;

/// What a renewal goes by, and what its answer replaces.
#[derive(Clone, PartialEq, Eq)]
pub struct Replaces {
    kind: GrantKind,
    granted_at: Option<Timestamp>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    shut: Option<Shut>,
}

/// A pair that Shopify gave.
#[derive(Clone)]
pub struct Pair {
    /// What it takes the place of.
    pub replaces: Replaces,
    /// How it was come by.
    pub kind: GrantKind,
    /// What was given.
    pub granted: Granted,
}

impl Replaces {
    /// What is kept now.
    pub fn of(secrets: &StoreSecrets) -> Self {
        Self {
            kind: secrets.grant.kind,
            granted_at: secrets.grant.granted_at,
            access_token: secrets.access_token.clone(),
            refresh_token: secrets.grant.refresh_token.clone(),
            shut: secrets.grant.shut,
        }
    }

    /// Whether it is still what is kept. Whatever somebody else gave, brought or took away
    /// meanwhile is theirs and counts. That Shopify refused another replica does not: whoever was
    /// given a token by the same request knows better.
    pub fn stands(&self, present: &StoreSecrets) -> bool {
        let Self { kind, granted_at, access_token, refresh_token, shut } = self;
        let grant = &present.grant;
        let is_same = grant.kind == *kind
            && grant.granted_at == *granted_at
            && grant.refresh_token == *refresh_token;
        if grant.shut == *shut {
            return is_same && present.access_token == *access_token;
        }
        is_same && grant.shut.is_some_and(|shut| shut.why == ShutWhy::RefreshRefused)
    }
}

/// The bucket in which tokens are kept.
pub struct Kept<'k> {
    pub kv: &'k dyn Kv,
    pub sealer: &'k dyn Sealer,
    pub store: &'k StoreId,
}

impl Kept<'_> {
    /// What is kept of the store. Errors: `Permanent` when there is nothing.
    pub async fn load(&self) -> Result<(StoreSecrets, u64), PortError> {
        let found = StoreSecrets::load(self.kv, self.sealer, self.store).await?;
        found.ok_or_else(|| refused(format!("the store {} has no access token", self.store)))
    }

    /// Puts a new pair in the place of what it replaces; `None` when somebody wrote at the same
    /// moment. Gives what is kept afterwards: what somebody else wrote before stays.
    pub async fn replace(
        &self,
        Pair { replaces, kind, granted }: &Pair,
        now: Timestamp,
    ) -> Result<Option<StoreSecrets>, PortError> {
        let (mut present, revision) = self.load().await?;
        if !replaces.stands(&present) {
            return Ok(Some(present));
        }
        present.take_in(*kind, granted, now);
        self.save(&present, revision).await.map(|saved| saved.then_some(present))
    }

    /// Notes that nothing renews the token any more; `None` when somebody wrote at the same
    /// moment. Gives what is kept afterwards, and whether it was noted now.
    pub async fn shut(
        &self,
        replaces: &Replaces,
        now: Timestamp,
    ) -> Result<Option<(StoreSecrets, bool)>, PortError> {
        let (mut present, revision) = self.load().await?;
        if !replaces.stands(&present) || present.grant.shut.is_some() {
            return Ok(Some((present, false)));
        }
        present.shut(ShutWhy::RefreshRefused, now);
        self.save(&present, revision).await.map(|saved| saved.then_some((present, true)))
    }

    async fn save(&self, secrets: &StoreSecrets, revision: u64) -> Result<bool, PortError> {
        match secrets.save(self.kv, self.sealer, self.store, revision).await {
            Ok(_) => Ok(true),
            Err(failed) if failed.kind == ErrorKind::Conflict => Ok(false),
            Err(failed) => Err(failed),
        }
    }
}
