//! What the other services announce becomes entries, in the transaction that takes the message.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_contracts::backoffice::v1::FeedVerdict;
use lockstep_contracts::orders::v1::{OrderAnnounced, OrderReportJudged, RefundAnnounced};
use lockstep_contracts::shipments::v1::ShipmentReportJudged;
use lockstep_contracts::{Event, Stream};
use lockstep_domain::feed::{FeedCommand, FeedEntry, PartCommand, SealedContact};
use lockstep_domain::ids::{BackOfficeId, OrderKey, WarehouseCode};
use lockstep_ports::{AggregateKey, ConsumerSpec};
use lockstep_runtime::{
    Aggregate, Directory, Evolver, EvolverOf, Inbound, Processor, SettingsChange, Stop, Work,
    scope_consumer,
};
use prost::Message;

use super::aggregates::{CursorKind, FeedKind, PartKind, part_id};
use super::seats::Seats;
use crate::service::SERVICE;
use crate::tokens::aggregate::Token;

/// What announces to feeds.
const SOURCES: [Stream; 2] = [OrderAnnounced::STREAM, ShipmentReportJudged::STREAM];

/// Takes announcements. The gateway keeps no state that settings change: it reads the directory
/// at each call.
pub struct Appender {
    /// Who waits for entries.
    pub seats: Arc<Seats>,
}

impl Processor for Appender {
    fn consumers(&self, directory: &Directory) -> Vec<ConsumerSpec> {
        let each = |id| SOURCES.map(|stream| scope_consumer(SERVICE, stream, id));
        directory.backoffices.keys().flat_map(|id| each(id.as_str())).collect()
    }

    fn keys(&self, message: &Inbound) -> Vec<AggregateKey> {
        // The feed is always locked before a part of it.
        keys(message).unwrap_or_default()
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        match message.metadata.event_type.as_str() {
            OrderAnnounced::TYPE => self.order(message.decode()?, work),
            RefundAnnounced::TYPE => self.refund(&message.decode()?, work),
            OrderReportJudged::TYPE => {
                let OrderReportJudged { backoffice, verdict } = message.decode()?;
                self.verdict(&backoffice, verdict, work)
            }
            ShipmentReportJudged::TYPE => {
                let ShipmentReportJudged { backoffice, verdict } = message.decode()?;
                self.verdict(&backoffice, verdict, work)
            }
            // Other events of the streams that it reads are none of its business.
            _ => Ok(()),
        }
    }

    fn adopt(&self, _: &SettingsChange, _: &mut Work<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        evolvers()
    }
}

/// One per kind of aggregate in the gateway's log, for the rebuild.
#[must_use]
pub fn evolvers() -> Vec<Box<dyn Evolver>> {
    vec![
        Box::new(EvolverOf::<Token>::default()),
        Box::new(EvolverOf::<FeedKind>::default()),
        Box::new(EvolverOf::<CursorKind>::default()),
        Box::new(EvolverOf::<PartKind>::default()),
    ]
}

/// A hint: what cannot be read here is refused with a reason by `apply`.
fn keys(message: &Inbound) -> Result<Vec<AggregateKey>, Stop> {
    Ok(match message.metadata.event_type.as_str() {
        OrderAnnounced::TYPE => {
            let announced: OrderAnnounced = message.decode()?;
            let part = Part::of(&announced)?;
            vec![FeedKind::key(part.backoffice.as_str()), PartKind::key(part.id())]
        }
        RefundAnnounced::TYPE => {
            vec![FeedKind::key(message.decode::<RefundAnnounced>()?.backoffice)]
        }
        OrderReportJudged::TYPE => {
            vec![FeedKind::key(message.decode::<OrderReportJudged>()?.backoffice)]
        }
        ShipmentReportJudged::TYPE => {
            vec![FeedKind::key(message.decode::<ShipmentReportJudged>()?.backoffice)]
        }
        _ => Vec::new(),
    })
}

/// Which part of an order is announced.
struct Part {
    backoffice: BackOfficeId,
    order: OrderKey,
    warehouse: WarehouseCode,
    revision: u32,
}

impl Part {
    fn of(announced: &OrderAnnounced) -> Result<Self, Stop> {
        let order = announced.order.as_ref().ok_or_else(|| poison("order", "it is missing"))?;
        Ok(Self {
            backoffice: parsed("backoffice", &announced.backoffice)?,
            order: parsed("order.order_key", &order.order_key)?,
            warehouse: parsed("order.warehouse_code", &order.warehouse_code)?,
            revision: order.revision,
        })
    }

    fn id(&self) -> String {
        part_id(&self.backoffice, &self.order, &self.warehouse)
    }
}

impl Appender {
    fn order(&self, mut announced: OrderAnnounced, work: &mut Work<'_>) -> Result<(), Stop> {
        let part = Part::of(&announced)?;
        let id = part.id();
        work.want(&[FeedKind::key(part.backoffice.as_str()), PartKind::key(id.as_str())])?;
        let Ok(noted) =
            work.execute::<PartKind>(id.as_str(), &PartCommand::Note { revision: part.revision })?;
        if noted.is_empty() {
            // Whoever reads the feed has this revision, or a newer one.
            return Ok(());
        }
        let Some(mut order) = announced.order.take() else { return Ok(()) };
        // Announcements carry it sealed; what came open is not kept.
        order.contact = None;
        let contact = (!announced.sealed_contact.is_empty()).then(|| SealedContact {
            key: announced.contact_key,
            sealed: STANDARD.encode(&announced.sealed_contact),
        });
        let entry = FeedEntry::Order {
            order: part.order,
            warehouse: part.warehouse,
            revision: part.revision,
            content: content(&order),
            contact,
        };
        self.append(&part.backoffice, entry, work)
    }

    fn refund(&self, announced: &RefundAnnounced, work: &mut Work<'_>) -> Result<(), Stop> {
        let backoffice = parsed("backoffice", &announced.backoffice)?;
        let refund = announced.refund.as_ref().ok_or_else(|| poison("refund", "it is missing"))?;
        let order = parsed("refund.order_key", &refund.order_key)?;
        let entry = FeedEntry::Refund { order, content: content(refund) };
        self.append(&backoffice, entry, work)
    }

    fn verdict(
        &self,
        backoffice: &str,
        verdict: Option<FeedVerdict>,
        work: &mut Work<'_>,
    ) -> Result<(), Stop> {
        let backoffice = parsed("backoffice", backoffice)?;
        let verdict = verdict.ok_or_else(|| poison("verdict", "it is missing"))?;
        let event_id = verdict.event_id.clone();
        let entry = FeedEntry::Verdict { event_id, content: content(&verdict) };
        self.append(&backoffice, entry, work)
    }

    fn append(
        &self,
        backoffice: &BackOfficeId,
        entry: FeedEntry,
        work: &mut Work<'_>,
    ) -> Result<(), Stop> {
        let command = FeedCommand::Append { entry, trace: work.traceparent() };
        let Ok(_) = work.execute::<FeedKind>(backoffice.as_str(), &command)?;
        work.wake_after_commit(&self.seats.appended(backoffice));
        Ok(())
    }
}

fn content(message: &impl Message) -> String {
    STANDARD.encode(message.encode_to_vec())
}

fn parsed<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Stop> {
    text.parse().map_err(|e| poison(field, e))
}

fn poison(field: &str, error: impl Display) -> Stop {
    Stop::Poison(format!("`{field}` of an announcement: {error}"))
}
