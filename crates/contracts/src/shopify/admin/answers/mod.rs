//! Rust of every operation of `operations/`: document, variables, and views of the answer.
//! Written by `cargo xtask schema`: do not edit.

pub mod activate;
pub mod adjust_quantities;
pub mod fulfillment_cancel;
pub mod fulfillment_create;
pub mod fulfillment_lines;
pub mod fulfillment_order_lines;
pub mod fulfillment_tracking;
pub mod inputs;
pub mod levels_of_items;
pub mod locations;
pub mod order_cancel;
pub mod order_contact;
pub mod order_fulfillment_orders;
pub mod order_lines;
pub mod order_numbers;
pub mod orders_of_fulfillment_orders;
pub mod orders_updated;
pub mod parts;
pub mod refund_lines;
pub mod routes_of_order;
pub mod set_quantities;
pub mod shipments_of_order;
pub mod subscribe;
pub mod subscriptions;
pub mod unsubscribe;
pub mod variants_by_code;
pub mod variants_by_ids;
pub mod variants_count;
pub mod variants_page;
pub mod who_am_i;
pub mod widen_subscription;
pub mod words;
