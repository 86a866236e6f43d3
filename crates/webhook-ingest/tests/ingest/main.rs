//! The service as Shopify meets it: over an in-memory broker, and on a socket with a real one.
#![expect(clippy::expect_used, reason = "test")]

mod memory;
mod nats;
mod support;
