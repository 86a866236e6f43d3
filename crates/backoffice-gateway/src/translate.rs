//! What a back office says, checked and brought to one form. Pure.
//!
//! `lockstep_contracts::convert` says what a report may look like; here it is held against what
//! only the gateway knows: the declared warehouses, the stores, the time. The checked form is a
//! protobuf message again, since that is what is published: quantities without needless zeros,
//! defaults written out. Two reports with equal checked forms say the same, whatever they looked
//! like on the wire; their digest tells them apart.

mod catalog;
mod checks;
mod form;
mod invoices;
mod orders;
mod returns;
mod sales;
mod shipments;
mod stock;

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Partition;
use lockstep_contracts::backoffice::v1::{self as proto, ErrorCode, ItemError};
use lockstep_contracts::convert::Invalid;
use lockstep_domain::ids::EventId;
use prost::Message;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// Items in one call; the contract promises answers up to this number.
pub const ITEMS_MAX: usize = 1_000;
/// Bytes of one report, so that its event is far below what a broker takes as one message.
pub const REPORT_BYTES_MAX: usize = 512 * 1024;
/// How far a reporter's clock may be ahead: a wrong time zone is forgiven, a wrong year is not.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);

/// What an item is checked against.
pub struct Scope<'a> {
    /// The back office that calls.
    pub backoffice: &'a str,
    /// Codes of the warehouses that it declared.
    pub warehouses: HashSet<&'a str>,
    /// Ids of the stores that it serves.
    pub stores: HashSet<&'a str>,
    /// This moment.
    pub now: Timestamp,
}

/// A report that can be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The reporter's id of it.
    pub event_id: EventId,
    /// What it is about, as events name it.
    pub about: String,
    /// Reports about one thing share it.
    pub partition: Partition,
    /// Its checked form.
    pub content: Content,
    /// SHA-256 of the checked form.
    pub digest: [u8; 32],
}

/// The kinds of report.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A change of stock.
    Movement(proto::StockMovement),
    /// A statement of stock.
    Count(proto::StockCount),
    /// A product as it is now.
    Product(proto::Product),
    /// A product that is gone.
    Deletion(proto::ProductDeletion),
    /// An order, or its cancellation, is accepted.
    Acceptance(proto::OrderAcceptance),
    /// An order, or its cancellation, is rejected.
    Rejection(proto::OrderRejection),
    /// Units that were promised to an order are released.
    Release(proto::OrderRelease),
    /// Goods left.
    Shipment(proto::Shipment),
    /// Goods come back.
    Return(proto::Return),
    /// A document was issued.
    Invoice(proto::Invoice),
    /// Something was sold elsewhere.
    Sale(proto::Sale),
    /// Some of that was paid back.
    SaleRefund(proto::SaleRefund),
}

/// Where an item stands in its call: gives the paths that answers name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Field that holds the item or the items.
    pub field: &'static str,
    /// Index of the item, where there may be several.
    pub index: Option<usize>,
}

impl Place {
    /// The only item of a call.
    pub const fn only(field: &'static str) -> Self {
        Self { field, index: None }
    }

    /// An item of a list.
    pub const fn of(field: &'static str, index: usize) -> Self {
        Self { field, index: Some(index) }
    }

    /// Path of a field of the item; of the item itself when `field` is empty.
    pub fn path(self, field: &str) -> String {
        let dot = if field.is_empty() { "" } else { "." };
        match self.index {
            Some(index) => format!("{}[{index}]{dot}{field}", self.field),
            None => format!("{}{dot}{field}", self.field),
        }
    }

    /// A refusal as the caller sees it.
    pub fn error(self, invalid: Invalid) -> ItemError {
        let Invalid { code, field, message, fix } = invalid;
        ItemError { code: code.into(), field: self.path(&field), message, fix }
    }
}

/// A message that a call carries, alone or in a list.
pub trait Item: Message + Default + DeserializeOwned + Send + 'static {
    /// Field that holds it, or the list of them.
    const FIELD: &'static str;
    /// Full protobuf name of the message.
    const MESSAGE: &'static str;
    /// Name of the call in traces.
    const CALL: &'static str;

    /// The id under which the reporter asks for it.
    fn event_id(&self) -> &str;

    /// Checks it and brings it to the one form.
    ///
    /// # Errors
    /// The first field that is wrong, by its path inside the message.
    fn check(self, scope: &Scope<'_>) -> Result<Report, Invalid>;
}

/// A message whose subject is named in the path of a REST call.
pub trait Named: Item {
    /// The field that the path gives.
    const NAME: &'static str;

    /// That field.
    fn name(&mut self) -> &mut String;
}

/// Takes the name out of the path; a body that has it, too, must agree.
pub fn name_from_path<T: Named>(item: &mut T, name: String) -> Result<(), Invalid> {
    let own = item.name();
    if own.is_empty() {
        *own = name;
        return Ok(());
    }
    if *own == name {
        return Ok(());
    }
    let message = "the path names another one";
    let fix = "leave it out of the body, or write the one of the path";
    Err(Invalid::validation(T::NAME, message, fix))
}

/// What a report is about: its name in events, and the key that chooses its partition.
struct Subject<'a> {
    about: String,
    key: &'a str,
}

/// A report from its checked message, unless that is larger than an event may be.
fn report<M: Message + Clone>(
    event_id: EventId,
    subject: Subject<'_>,
    kind: &str,
    message: M,
    content: fn(M) -> Content,
) -> Result<Report, Invalid> {
    let size = message.encoded_len();
    if size > REPORT_BYTES_MAX {
        return Err(Invalid {
            code: ErrorCode::TooLarge,
            field: String::new(),
            message: format!("the report has {size} bytes"),
            fix: format!("a report has at most {REPORT_BYTES_MAX} bytes; shorten its texts"),
        });
    }
    Ok(Report {
        event_id,
        about: subject.about,
        partition: Partition::of(subject.key),
        digest: digest(kind, &message),
        content: content(message),
    })
}

/// The kind is part of the digest: a count under a movement's id is other content.
fn digest(kind: &str, message: &impl Message) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(kind.as_bytes());
    hasher.update([0]);
    hasher.update(message.encode_to_vec());
    hasher.finalize().into()
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
