//! A local Shopify: the Admin GraphQL API of one or more shops, their webhooks, and a control
//! API by which a test or the demo acts as merchant, injects faults, and reads what the client
//! did and did wrong.
//!
//! It is stricter than the real thing: documents and variables are validated against the
//! published Admin schema, the duties that the schema does not show are enforced, and every
//! mistake is kept in a list of violations. It must never use a crate of the product, so that
//! the product cannot prove itself, and it listens on this machine only.
//!
//! Start reading at [`Standin`] (how it runs), then `http/call.rs` (one call from bytes to
//! answer), `resolve` and `mutate` (the fields), `model/quantities.rs` (the arithmetic), and
//! `webhooks` (what is told to whom).

mod acts;
mod bulk;
mod catalog;
mod clock;
mod faults;
mod graphql;
mod http;
mod idempotency;
mod ids;
mod jobs;
mod journal;
mod metafields;
mod model;
mod mutate;
mod oauth;
mod orders;
mod resolve;
mod save;
mod search;
mod standin;
mod throttle;
mod webhooks;
mod world;

pub use acts::ControlError;
pub use clock::Clock;
pub use graphql::schema::SchemaError;
pub use journal::{Violation, ViolationKind};
pub use save::StateError;
pub use standin::{SCHEMA_VARIABLE, ShopHandle, Standin, StandinConfig, StandinError};
