//! A token as an aggregate: issued, used, revoked. Pure.

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::decider::Decider;
use lockstep_domain::ids::BackOfficeId;
use lockstep_runtime::Aggregate;
use serde::{Deserialize, Serialize};

/// A use is noted at most this often: a person wants to know whether a token still serves, and
/// a busy back office must not write an event per call.
pub const NOTE_USE_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Ties the rules to their stored kind.
pub struct Token;

impl Aggregate for Token {
    type Decider = TokenRules;
    const KIND: &'static str = "token";
}

/// The rules.
pub struct TokenRules;

/// What is known of a token. Its secret is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenState {
    /// Whose it is; `None` before it is issued.
    pub backoffice: Option<BackOfficeId>,
    /// A person's name for it.
    pub label: String,
    /// SHA-256 of the secret, in hexadecimal.
    pub digest: String,
    /// When its present secret was made.
    pub issued_at: Option<Timestamp>,
    /// When it last opened a call, to the hour.
    pub last_used_at: Option<Timestamp>,
    /// When it was made invalid.
    pub revoked_at: Option<Timestamp>,
}

impl TokenState {
    /// Whose calls it opens now.
    pub fn opens(&self) -> Option<&BackOfficeId> {
        self.backoffice.as_ref().filter(|_| self.revoked_at.is_none())
    }

    /// True when a use at `now` is worth noting.
    pub fn notes_use(&self, now: Timestamp) -> bool {
        self.opens().is_some()
            && self.last_used_at.is_none_or(|last| now.duration_since(last) >= NOTE_USE_EVERY)
    }
}

/// A request to a token.
#[derive(Clone, Debug)]
pub enum TokenCommand {
    /// Makes it. Again, it renews the secret: whoever lost the first answer holds a token that
    /// opens, and there is still one.
    Issue {
        /// Whose it shall be.
        backoffice: BackOfficeId,
        /// A person's name for it.
        label: String,
        /// SHA-256 of the secret, in hexadecimal.
        digest: String,
        /// This moment.
        at: Timestamp,
    },
    /// Makes it invalid.
    Revoke {
        /// This moment.
        at: Timestamp,
    },
    /// It opened a call.
    NoteUse {
        /// This moment.
        at: Timestamp,
    },
}

/// What happened to a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum TokenEvent {
    /// It was made, or its secret renewed.
    TokenIssued {
        /// Whose it is.
        backoffice: BackOfficeId,
        /// A person's name for it.
        label: String,
        /// SHA-256 of the secret, in hexadecimal.
        digest: String,
        /// When.
        at: Timestamp,
    },
    /// It was made invalid.
    TokenRevoked {
        /// When.
        at: Timestamp,
    },
    /// It opened a call.
    TokenUsed {
        /// When.
        at: Timestamp,
    },
}

/// Why a token refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRejection {
    /// A revoked token never opens again.
    #[error("the token of this request was revoked; ask under another request id")]
    Revoked,
    /// Nothing was ever issued under this id.
    #[error("there is no such token")]
    Unknown,
}

impl Decider for TokenRules {
    type State = TokenState;
    type Command = TokenCommand;
    type Event = TokenEvent;
    type Rejection = TokenRejection;

    fn decide(
        state: &TokenState,
        command: &TokenCommand,
    ) -> Result<Vec<TokenEvent>, TokenRejection> {
        match command {
            TokenCommand::Issue { .. } if state.revoked_at.is_some() => {
                Err(TokenRejection::Revoked)
            }
            TokenCommand::Issue { backoffice, label, digest, at } => {
                Ok(vec![TokenEvent::TokenIssued {
                    backoffice: backoffice.clone(),
                    label: label.clone(),
                    digest: digest.clone(),
                    at: *at,
                }])
            }
            TokenCommand::Revoke { .. } if state.backoffice.is_none() => {
                Err(TokenRejection::Unknown)
            }
            TokenCommand::Revoke { .. } if state.revoked_at.is_some() => Ok(Vec::new()),
            TokenCommand::Revoke { at } => Ok(vec![TokenEvent::TokenRevoked { at: *at }]),
            TokenCommand::NoteUse { at } if state.notes_use(*at) => {
                Ok(vec![TokenEvent::TokenUsed { at: *at }])
            }
            TokenCommand::NoteUse { .. } => Ok(Vec::new()),
        }
    }

    fn evolve(mut state: TokenState, event: &TokenEvent) -> TokenState {
        match event {
            TokenEvent::TokenIssued { backoffice, label, digest, at } => {
                state.backoffice = Some(backoffice.clone());
                state.label.clone_from(label);
                state.digest.clone_from(digest);
                state.issued_at = Some(*at);
            }
            TokenEvent::TokenRevoked { at } => state.revoked_at = Some(*at),
            TokenEvent::TokenUsed { at } => state.last_used_at = Some(*at),
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn issue(digest: &str) -> TokenCommand {
        TokenCommand::Issue {
            backoffice: BackOfficeId::try_new("wms").expect("an id"),
            label: "scanner".to_owned(),
            digest: digest.to_owned(),
            at: at("2026-11-24T10:00:00Z"),
        }
    }

    fn given(commands: &[TokenCommand]) -> TokenState {
        commands.iter().fold(TokenState::default(), |state, command| {
            let events = TokenRules::decide(&state, command).expect("accepted");
            TokenRules::evolve_all(state, &events)
        })
    }

    #[test]
    fn an_issued_token_opens_for_its_back_office_until_it_is_revoked() {
        let issued = given(&[issue("aa")]);
        assert_eq!(issued.opens().map(BackOfficeId::as_str), Some("wms"));
        let revoked =
            given(&[issue("aa"), TokenCommand::Revoke { at: at("2026-11-24T11:00:00Z") }]);
        assert_eq!(revoked.opens(), None);
    }

    #[test]
    fn issuing_again_renews_the_secret_and_never_revives() {
        assert_eq!(given(&[issue("aa"), issue("bb")]).digest, "bb");
        let revoke = TokenCommand::Revoke { at: at("2026-11-24T11:00:00Z") };
        let revoked = given(&[issue("aa"), revoke.clone()]);
        assert_eq!(TokenRules::decide(&revoked, &issue("bb")), Err(TokenRejection::Revoked));
        assert_eq!(TokenRules::decide(&revoked, &revoke), Ok(Vec::new()));
    }

    #[test]
    fn what_was_never_issued_cannot_be_revoked() {
        let revoke = TokenCommand::Revoke { at: at("2026-11-24T11:00:00Z") };
        let never = TokenState::default();
        assert_eq!(TokenRules::decide(&never, &revoke), Err(TokenRejection::Unknown));
    }

    #[test]
    fn a_use_is_noted_once_an_hour() {
        let first = at("2026-11-24T11:00:00Z");
        let used = given(&[issue("aa"), TokenCommand::NoteUse { at: first }]);
        let soon = TokenCommand::NoteUse { at: at("2026-11-24T11:59:59Z") };
        assert_eq!(TokenRules::decide(&used, &soon), Ok(Vec::new()));
        let later = at("2026-11-24T12:00:00Z");
        let noted = TokenRules::decide(&used, &TokenCommand::NoteUse { at: later });
        assert_eq!(noted, Ok(vec![TokenEvent::TokenUsed { at: later }]));
    }

    #[test]
    fn stored_forms_do_not_change() {
        let event = TokenEvent::TokenIssued {
            backoffice: BackOfficeId::try_new("wms").expect("an id"),
            label: "scanner".to_owned(),
            digest: "aa".to_owned(),
            at: at("2026-11-24T10:00:00Z"),
        };
        let json = concat!(
            r#"{"type":"TokenIssued","backoffice":"wms","label":"scanner","#,
            r#""digest":"aa","at":"2026-11-24T10:00:00Z"}"#
        );
        assert_eq!(serde_json::to_string(&event).expect("encodes"), json);
        assert_eq!(serde_json::from_str::<TokenEvent>(json).expect("decodes"), event);
    }
}
