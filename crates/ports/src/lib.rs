//! The traits between the services and the outside: broker, store, Shopify, time and ids.
//!
//! Services speak these and nothing else; `bus`, `storage` and `shopify-client` implement them,
//! and so do the in-memory twins that the simulation runs. Nothing here may hold a rule of the
//! business or name an adapter. Start reading at [`store`], then [`bus`].
#![deny(missing_docs)]

pub mod bus;
pub mod clock;
pub mod error;
pub mod files;
pub mod grant;
pub mod kv;
pub mod lease;
pub mod personal;
pub mod points;
pub mod rows;
pub mod seal;
pub mod shopify;
pub mod standing;
pub mod store;

pub use bus::{
    Answerer, Ask, Bus, Checkpoint, ConsumerSpec, Delivered, ObjectStore, Outgoing, PublishAck,
    Question,
};
pub use clock::{Clock, IdSource, SystemClock, TimeOrderedIds};
pub use error::{ErrorKind, PortError};
pub use files::{FileError, FileErrorKind, Piece, PieceWanted, ShopifyFiles};
pub use grant::{
    AppKeys, Approval, GrantError, GrantErrorKind, GrantRequest, Granted, HoldsPairs, ShopifyGrants,
};
pub use kv::{Kv, KvEntry, KvEvent};
pub use lease::{KvLease, KvLeases};
pub use personal::{KEYS_BUCKET, KeyMaker, PERSONAL_KEY_BYTES, PersonalKey};
pub use points::{POINTS_BUCKET, StoredPoints};
pub use rows::{
    AggregateKey, Cutoffs, DeadLetterHead, DeadLetterRow, EffectRow, EffectState, IdRange,
    LeaseRow, NewEffect, NewEvent, OutboxRow, OutboxState, RefusedRow, SaveState, Snapshot,
    StoredEvent, Timer,
};
pub use seal::{Grant, GrantKind, SECRETS_BUCKET, Sealer, Shut, ShutWhy, StoreSecrets};
pub use shopify::{AdminAnswer, AdminError, AdminErrorKind, AdminRequest, ShopifyAdmin, Urgency};
pub use standing::{Standing, Trouble};
pub use store::{Store, Tx};
