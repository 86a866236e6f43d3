//! The one binary: it composes the services over their adapters and is the operator's tool.
//!
//! This is the only crate that sees services and adapters together. It must hold no rule of the
//! business. `lockstep run` and the cross-service tests start the product through the same
//! [`compose`]. Start reading there, then [`config`]. ADR 0001.

pub mod commands;
pub mod compose;
pub mod config;
