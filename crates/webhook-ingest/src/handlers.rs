//! One file per endpoint.

pub mod webhook;
