//! The GraphQL surface: schema, documents, variables, the duties that the schema does not show,
//! cost, and the executor. Nothing here knows what a shop is made of.

pub mod arguments;
pub mod cost;
pub mod duties;
pub mod error;
pub mod execute;
pub mod schema;
mod sdl;
pub mod selection;
pub mod validate;
pub mod variables;
