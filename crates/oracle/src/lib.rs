//! What stock must come to: an oracle over plain facts.
//!
//! It says the rules of the design a second time and in other words, so that a simulation can hold
//! the product against them. It uses no crate of the product, keeps no running state and folds
//! nothing: a [`History`] is a set of facts, and every number is worked out from the whole set, so
//! the order in which facts became known cannot matter, nor how often one was told.
//!
//! What it does not say: what is *presumed* of a fall that no order explains. A presumption only
//! ever lowers a number and ends when the orders were read; so at rest the numbers are exact, and
//! while things move they are the most that may be shown.

mod amount;
mod history;
mod verdict;

pub use amount::Amount;
pub use history::{Fact, History, Level, Line, Moment, OrderLine, Place, Share, Word};
pub use verdict::{Baseline, Basis, Seen, Violation, absolute, at_rest, delta, rise};
