//! Shopify's token endpoints, in memory: codes and refresh tokens are used once, a repeated refresh
//! is answered the same again, and answers get lost where a test says so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_domain::ShopDomain;
use lockstep_ports::{
    AppKeys, Approval, GrantError, GrantErrorKind, GrantRequest, Granted, PortError, ShopifyGrants,
};
use secrecy::ExposeSecret;
use tokio::sync::watch;

/// How long a token of an approval lives.
pub const TOKEN_LIFE: Duration = Duration::from_secs(3600);
/// How long a token of client credentials lives.
pub const CREDENTIALS_LIFE: Duration = Duration::from_secs(86_400);

/// Every shop's token endpoint. Clones are the same.
#[derive(Clone, Default)]
pub struct MemoryGrants {
    state: Arc<Mutex<State>>,
    /// How many requests Shopify has decided.
    decided: watch::Sender<usize>,
    /// How often held answers were let go.
    let_go: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    /// Codes that a shop has issued, with the scopes approved.
    codes: BTreeMap<String, (ShopDomain, Vec<String>)>,
    /// The refresh token of a shop's chain, and the pair that the last one was answered with.
    chains: BTreeMap<ShopDomain, Chain>,
    given: u32,
    /// Requests, by what they ask for.
    asked: Vec<String>,
    /// What comes of the next requests.
    fates: VecDeque<Fate>,
    /// So many of the next answers are held.
    holds: usize,
}

#[derive(Default)]
struct Chain {
    refresh: Option<String>,
    answered: Option<(String, Granted)>,
}

/// What comes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing reaches Shopify.
    Away,
    /// Shopify does it, and nobody hears.
    Lost,
    /// Shopify refuses.
    Refused,
}

impl MemoryGrants {
    /// A merchant approves: gives the code that the browser brings.
    pub fn approve(&self, shop: &ShopDomain, scopes: &[&str]) -> String {
        let mut state = self.lock();
        state.given += 1;
        let code = format!("code-{}", state.given);
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        state.codes.insert(code.clone(), (shop.clone(), scopes));
        code
    }

    /// The chain of a shop is dead: only a new approval helps.
    pub fn break_chain(&self, shop: &ShopDomain) {
        self.lock().chains.remove(shop);
    }

    /// What comes of the next requests, in order.
    pub fn fates(&self, fates: impl IntoIterator<Item = Fate>) {
        self.lock().fates.extend(fates);
    }

    /// Shopify decides so many of the next requests at once, and its answers stay on their way.
    pub fn hold(&self, requests: usize) {
        self.lock().holds += requests;
    }

    /// The answers that are on their way arrive.
    pub fn let_go(&self) {
        self.let_go.send_modify(|times| *times += 1);
    }

    /// Waits until Shopify has decided so many requests in all.
    pub async fn wait_for_decided(&self, requests: usize) {
        let mut decided = self.decided.subscribe();
        // The sender lives in `self`, so waiting cannot end without a request.
        let _ = decided.wait_for(|decided| *decided >= requests).await;
    }

    /// What was asked, in order: `code`, `refresh {token}` or `client_credentials`.
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn give(&mut self, shop: &ShopDomain, scopes: Vec<String>, is_pair: bool) -> Granted {
        self.given += 1;
        let n = self.given;
        let refresh = is_pair.then(|| format!("shprt_{n}"));
        if is_pair {
            self.chains.entry(shop.clone()).or_default().refresh.clone_from(&refresh);
        }
        Granted {
            access_token: format!("shpat_given_{n}").into(),
            scopes,
            expires_in: Some(if is_pair { TOKEN_LIFE } else { CREDENTIALS_LIFE }),
            refresh_token: refresh.map(Into::into),
            refresh_expires_in: is_pair.then_some(Duration::from_secs(7_776_000)),
        }
    }

    /// What comes of a request, and whether the answer is held.
    fn decide(
        &mut self,
        shop: &ShopDomain,
        request: &GrantRequest,
    ) -> (Result<Granted, GrantError>, bool) {
        let failed = |kind, message: &str| Err(GrantError { kind, message: message.to_owned() });
        let is_held = self.holds > 0;
        self.holds = self.holds.saturating_sub(1);
        let answer = match self.fates.pop_front() {
            Some(Fate::Away) => failed(GrantErrorKind::Away, "Shopify cannot be reached"),
            Some(Fate::Refused) => failed(GrantErrorKind::Refused, "invalid_request"),
            Some(Fate::Lost) => {
                self.answer(shop, request);
                failed(GrantErrorKind::Away, "the connection to Shopify broke off")
            }
            None => match self.answer(shop, request) {
                Some(granted) => Ok(granted),
                None => failed(GrantErrorKind::Refused, "invalid_request: not active"),
            },
        };
        (answer, is_held)
    }

    fn answer(&mut self, shop: &ShopDomain, request: &GrantRequest) -> Option<Granted> {
        match request {
            GrantRequest::Code(code) => {
                self.asked.push("code".to_owned());
                let (of, scopes) = self.codes.remove(code.expose_secret())?;
                (of == *shop).then(|| self.give(shop, scopes, true))
            }
            GrantRequest::ClientCredentials => {
                self.asked.push("client_credentials".to_owned());
                Some(self.give(shop, vec!["write_orders".to_owned()], false))
            }
            GrantRequest::Refresh(token) => {
                let token = token.expose_secret().to_owned();
                self.asked.push(format!("refresh {token}"));
                let chain = self.chains.get(shop)?;
                if let Some((_, same)) = chain.answered.as_ref().filter(|(used, _)| *used == token)
                {
                    return Some(same.clone());
                }
                if chain.refresh.as_deref() != Some(token.as_str()) {
                    return None;
                }
                let granted = self.give(shop, Vec::new(), true);
                let chain = self.chains.entry(shop.clone()).or_default();
                chain.answered = Some((token, granted.clone()));
                Some(granted)
            }
        }
    }
}

#[async_trait]
impl ShopifyGrants for MemoryGrants {
    fn approval_url(&self, shop: &ShopDomain, approval: &Approval) -> String {
        let Approval { api_key, scopes, redirect_uri, state } = approval;
        let scopes = scopes.join(",");
        format!(
            "https://{shop}/admin/oauth/authorize?client_id={api_key}&scope={scopes}\
             &redirect_uri={redirect_uri}&state={state}"
        )
    }

    async fn grant(
        &self,
        shop: &ShopDomain,
        _: &AppKeys,
        request: &GrantRequest,
    ) -> Result<Granted, GrantError> {
        let mut let_go = self.let_go.subscribe();
        let (answer, is_held) = self.lock().decide(shop, request);
        self.decided.send_modify(|decided| *decided += 1);
        if is_held {
            // The sender lives in `self`, so waiting cannot end before it is let go.
            let _ = let_go.changed().await;
        }
        answer
    }

    fn nonce(&self) -> Result<String, PortError> {
        let mut state = self.lock();
        state.given += 1;
        Ok(format!("nonce-{}", state.given))
    }
}
