//! The operator's commands as a person runs them: the real binary against a small server that
//! records what it is asked and answers as told.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where it breaks")]

mod fake;
mod lists;
mod orders;
mod outputs;
mod refusals;
mod requests;
mod secrets;
