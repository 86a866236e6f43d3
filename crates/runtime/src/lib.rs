//! The one shell around every service.
//!
//! A service brings pure decisions ([`Processor`], [`LaneWorker`]); this crate brings what makes
//! them exact: a batch becomes one transaction with inbox, private events, states, outbox and
//! effects ([`engine`], [`processor`], [`consumer`]); calls to the outside are committed before
//! they are sent ([`lanes`]); what cannot be processed leaves as a dead letter ([`dead_letters`]).
//! No service writes its own consumer loop, nor its own way in over HTTP ([`http`]). Nothing here
//! may know a rule of the business or name an adapter.
//!
//! Start reading at [`processor`], then [`engine`], then [`lanes`]. ADRs 0002, 0007 and
//! 0026.

pub mod aggregate;
pub mod alarms;
mod beside;
pub mod consumer;
pub mod dead_letters;
pub mod directory;
pub mod engine;
pub mod health;
pub mod host;
pub mod http;
pub mod inbound;
pub mod lanes;
pub mod lifecycle;
pub mod personal;
pub mod processor;
pub mod publish;
pub mod pulse;
pub mod questions;
pub mod rebuild;
pub mod retry;
mod share;
pub mod telemetry;
pub mod work;

pub use aggregate::{Aggregate, CommandOf, EventOf, Evolver, EvolverOf, RejectionOf, StateOf};
pub use alarms::{Alarms, alarms};
pub use directory::{Directory, Settings, SettingsChange, SharedDirectory};
pub use engine::{Engine, EngineError, EngineParts, Origin};
pub use host::{Hosted, start};
pub use inbound::Inbound;
pub use lanes::{CALL_TIME_MAX, EFFECT_LEASE, Lane, LaneWorker, Recovery, Sent};
pub use lifecycle::Lifecycle;
pub use personal::{PersonalKeys, SealedData};
pub use processor::{Processor, scope_consumer, webhook_consumer};
pub use publish::Published;
pub use pulse::{Pulse, Pulses};
pub use questions::{ask, serve_request};
pub use retry::Retry;
pub use work::{About, Stop, Work};
