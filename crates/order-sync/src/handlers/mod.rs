//! One file per kind of incoming message.

pub mod link;
pub mod redaction;
pub mod report;
pub mod settings;
pub mod webhook;
