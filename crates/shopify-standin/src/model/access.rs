//! The app's access to a shop: codes and tokens, and what became of them.

use crate::clock;
use crate::journal::{Noted, ViolationKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A client cannot know at once that a token has ended.
const GRACE: Duration = Duration::from_secs(60);

/// How long what has ended is remembered.
const REMEMBERED: Duration = Duration::from_secs(100 * 24 * 3600);

/// The app as the shop knows it, and all that was given to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The app's name in requests.
    pub client_id: String,
    /// Where codes may be sent; none = anywhere on this machine.
    pub redirect_uris: Vec<String>,
    /// The app's own page, at which an installation begins.
    pub app_url: Option<String>,
    /// Where messages go that no subscription asks for (`shop/redact` and its like).
    pub compliance_url: Option<String>,
    /// The secret before the last change, and until when it still counts.
    pub old_secret: Option<OldSecret>,
    /// How often the app was installed.
    pub installation: u32,
    /// Scopes before their last change.
    pub previous_scopes: Vec<String>,
    /// Codes that were given out.
    pub codes: BTreeMap<String, Code>,
    /// Access tokens beside the one that never expires.
    pub tokens: BTreeMap<String, Token>,
    /// Refresh tokens.
    pub refreshes: BTreeMap<String, Refresh>,
}

/// A secret that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldSecret {
    /// The secret.
    pub secret: String,
    /// The app may still use it until then.
    pub until: Timestamp,
    /// Webhooks are still signed with it until then.
    pub signs: bool,
}

/// An authorization code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// An online token was asked for.
    pub online: bool,
    /// The last moment.
    pub expires_at: Timestamp,
    /// It was exchanged.
    pub used: bool,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenKind {
    /// The app's own.
    Offline,
    /// That of a person.
    Online,
}

/// An access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What it is good for.
    pub kind: TokenKind,
    /// The last moment, if it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// It was ended at this moment.
    pub dead: Option<Timestamp>,
    /// Its client could not know of the end.
    pub surprise: bool,
}

/// A refresh token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// The last moment.
    pub expires_at: Timestamp,
    /// A newer chain took its place.
    pub dead: bool,
    /// It was used.
    pub spent: Option<Spent>,
}

/// What a refresh token was used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// When.
    pub at: Timestamp,
    /// The request, in a form that can be compared.
    pub request: String,
    /// The answer, which the same request gets again for a while.
    pub answer: String,
    /// The answer was spoilt by a fault.
    pub unheard: bool,
}

/// What is known of a token that a call brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// It opens the shop.
    Good(TokenKind),
    /// It is of a kind that opens nothing.
    WrongKind,
    /// It opens nothing.
    Bad(Option<Noted>),
}

impl Access {
    /// What a token opens, the one that never expires aside.
    #[must_use]
    pub fn bearer(&self, token: &str, now: Timestamp) -> Bearer {
        if self.refreshes.contains_key(token) {
            return Bearer::WrongKind;
        }
        let wrong = |kind, message: &str| Bearer::Bad(Some(Noted::new(kind, message)));
        let Some(known) = self.tokens.get(token) else {
            return wrong(ViolationKind::WrongToken, "the access token is missing or wrong");
        };
        let over = [known.dead, known.expires_at.filter(|end| *end <= now)];
        let Some(end) = over.into_iter().flatten().min() else {
            return Bearer::Good(known.kind);
        };
        if known.surprise || clock::later(end, GRACE) >= now {
            return Bearer::Bad(None);
        }
        wrong(ViolationKind::ExpiredToken, "the access token ended more than a minute ago")
    }

    /// Ends every token, code and chain, and remembers the token that never expired.
    pub fn end_all(&mut self, lasting: &str, now: Timestamp, surprise: bool) {
        self.codes.clear();
        for refresh in self.refreshes.values_mut() {
            refresh.dead = true;
        }
        let lasting_token =
            Token { kind: TokenKind::Offline, expires_at: None, dead: None, surprise: false };
        self.tokens.insert(lasting.to_owned(), lasting_token);
        for token in self.tokens.values_mut() {
            token.surprise |= surprise && token.dead.is_none();
            token.dead = token.dead.or(Some(now));
        }
        self.forget(now);
    }

    /// Ends a token.
    pub fn end(&mut self, token: &str, now: Timestamp, surprise: bool) {
        let ended = Token { kind: TokenKind::Offline, expires_at: None, dead: None, surprise };
        let known = self.tokens.entry(token.to_owned()).or_insert(ended);
        known.dead = known.dead.or(Some(now));
        known.surprise |= surprise;
    }

    /// Forgets what ended long ago.
    pub fn forget(&mut self, now: Timestamp) {
        let recent = |end: Timestamp| clock::later(end, REMEMBERED) > now;
        self.codes.retain(|_, code| recent(code.expires_at));
        self.tokens.retain(|_, token| {
            [token.dead, token.expires_at].into_iter().flatten().min().is_none_or(recent)
        });
        self.refreshes.retain(|_, refresh| {
            recent(refresh.expires_at) && refresh.spent.as_ref().is_none_or(|one| recent(one.at))
        });
    }

    /// The secret that signs webhooks now.
    #[must_use]
    pub fn signing<'s>(&'s self, present: &'s str, now: Timestamp) -> &'s str {
        let old = self.old_secret.as_ref().filter(|old| old.signs && old.until > now);
        old.map_or(present, |old| &old.secret)
    }

    /// Every secret that the app may use now.
    pub fn secrets<'s>(
        &'s self,
        present: &'s str,
        now: Timestamp,
    ) -> impl Iterator<Item = &'s str> {
        let old = self.old_secret.as_ref().filter(|old| old.until > now);
        std::iter::once(present).chain(old.map(|old| old.secret.as_str()))
    }
}
