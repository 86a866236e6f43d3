//! Rules that a machine checks.

pub(crate) mod dependencies;
pub(crate) mod migrations;
pub(crate) mod tidy;
