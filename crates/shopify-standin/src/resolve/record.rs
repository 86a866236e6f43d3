//! Objects of an answer: entities by their number, and records that are complete already.

use super::orders::Kind;
use crate::graphql::execute::Out;
use crate::model::LevelKey;

/// An object of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Obj {
    Record(Record),
    Shop,
    Installation,
    Location(i64),
    Product(i64),
    Variant(i64),
    Item(i64),
    Level(LevelKey),
    Group(i64),
    Subscription(i64),
    Order(i64),
    Part(Kind, i64),
    Calculated(i64),
    CalculatedLine(i64, i64),
    Operation(i64),
    Bulk(i64),
    Job(i64),
    Cancellation(i64),
}

impl Obj {
    /// The type in the schema.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Record(record) => &record.type_name,
            Self::Shop => "Shop",
            Self::Installation => "AppInstallation",
            Self::Location(_) => "Location",
            Self::Product(_) => "Product",
            Self::Variant(_) => "ProductVariant",
            Self::Item(_) => "InventoryItem",
            Self::Level(_) => "InventoryLevel",
            Self::Group(_) => "InventoryAdjustmentGroup",
            Self::Subscription(_) => "WebhookSubscription",
            Self::Order(_) => "Order",
            Self::Part(kind, _) => kind.type_name(),
            Self::Calculated(_) => "CalculatedOrder",
            Self::CalculatedLine(..) => "CalculatedLineItem",
            Self::Operation(_) => "ProductSetOperation",
            Self::Bulk(_) => "BulkOperation",
            Self::Job(_) => "Job",
            Self::Cancellation(_) => "OrderCancelJobResult",
        }
    }
}

/// An object whose fields are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    type_name: String,
    fields: Vec<(String, Out<Obj>)>,
}

impl Record {
    /// A record without fields.
    #[must_use]
    pub fn new(type_name: &str) -> Self {
        Self { type_name: type_name.to_owned(), fields: Vec::new() }
    }

    /// The record with one more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: Out<Obj>) -> Self {
        self.fields.push((name.to_owned(), value));
        self
    }

    /// The record as an object.
    #[must_use]
    pub fn object(self) -> Out<Obj> {
        Out::Object(Obj::Record(self))
    }

    /// A field; `None` when the record does not have it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Out<Obj>> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }
}
