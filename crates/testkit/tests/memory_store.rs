//! The in-memory store keeps the promises of the port.

use lockstep_testkit::{MemoryStore, store_conformance};

async fn open() -> (MemoryStore, ()) {
    (MemoryStore::default(), ())
}

store_conformance!(open);
