//! Shopify's Admin API over HTTP.
//!
//! **What it is.** The adapter behind [`lockstep_ports::ShopifyAdmin`]: it waits for points in the
//! store's budget, sends the exact bytes once and sorts what comes back by what the caller may
//! conclude from it. Beside it stands the one implementation of [`lockstep_ports::Sealer`], which
//! keeps the stores' tokens unreadable at rest.
//!
//! **What it must never do.** Repeat a call: only the caller knows what a repetition means. Say
//! "not executed" of a mutation when it cannot know. Send a token to another domain than the one
//! it was stored with, or for a store whose settings name another. Write a token or a body to a
//! log.
//!
//! **Where to start reading.** [`client`] for one call from end to end, [`answer`] for the sorting
//! of errors, [`budget`] for points and urgency, [`files`] for what Shopify writes into files,
//! [`token`] and [`oauth`] for how a token is come by and renewed (ADR 0022), [`sealed`] for the
//! seal.

pub mod answer;
pub mod budget;
pub mod budgets;
pub mod client;
pub mod files;
pub mod oauth;
pub mod sealed;
pub mod standings;
pub mod token;
pub mod url;

pub use budget::SharedPoints;
pub use client::{AdminClient, AdminConfig, BuildError, CALL_TIME_MAX};
pub use files::FileClient;
pub use oauth::GrantClient;
pub use sealed::{MasterKeyError, MasterKeySealer, PersonalKeyMaker};
pub use token::{KvTokens, Renewal, SettingsPlace, StoreAccess, TokenSource, ahead};
pub use url::{UrlError, UrlTemplate};
