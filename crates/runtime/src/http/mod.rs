//! The one way in over HTTP: sockets that cannot be used up, and bodies that cannot fill memory.
//!
//! [`serve`] takes the place of `axum::serve` in every service. An [`Endpoint`] is a name, a socket
//! and a router; its [`Limits`] bound what whoever connects can hold:
//!
//! - connections at once; the one beyond waits in the kernel's queue, not in this process;
//! - the time for the head of a request, and thereby of a connection on which nothing is asked;
//! - the time that a stop waits for requests that were begun.
//!
//! `Endpoint::http2` makes it speak HTTP/2 with prior knowledge, for gRPC.
//!
//! [`Bodies`] reads bodies within three bounds: of one body, of all bodies together, and of time.
//! Clones share the memory, so REST and gRPC of one service can have one budget:
//! [`Bodies::read`] for a body that is to be read, [`Bodies::set_aside`] for memory that somebody
//! else fills. What is held is given back when [`Held`] or [`Memory`] is dropped, so a handler
//! keeps it until it has answered. Each service gives [`BodyError`] its own words.

mod body;
mod serve;

pub use body::{Bodies, BodyError, BodyLimits, Held, Memory, WhenFull};
pub use serve::{Endpoint, Limits, serve};
