//! Facts of an order become public events, in the transaction that made them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_contracts::backoffice::v1::FeedVerdict;
use lockstep_contracts::convert::order_lines::{
    Named, feed_order, feed_refund, lines_changed, order_key,
};
use lockstep_contracts::orders::v1::{
    OrderAnnounced, OrderLinesChanged, OrderReleased, OrderReportJudged, RefundAnnounced,
    ReleasedLine,
};
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event, Subject};
use lockstep_domain::order::report::{Booked, ReportId, Says};
use lockstep_domain::order::{OrderEvent, PartContent};
use lockstep_domain::{OrderId, StoreId, Warehouse};
use lockstep_runtime::{About, Stop, Work};

use crate::aggregates::{OrderKind, StoreKind, order_id, partition};
use crate::translate::poison;
use crate::verdicts;

/// Publishes what the events of an order mean for others.
pub fn publish(
    work: &mut Work<'_>,
    store: &StoreId,
    order: OrderId,
    events: &[OrderEvent],
) -> Result<(), Stop> {
    let mut publisher = Publisher { store, order, key: order_key(store, order) };
    for event in events {
        publisher.publish(work, event)?;
    }
    Ok(())
}

struct Publisher<'p> {
    store: &'p StoreId,
    order: OrderId,
    key: String,
}

impl Publisher<'_> {
    fn publish(&mut self, work: &mut Work<'_>, event: &OrderEvent) -> Result<(), Stop> {
        match event {
            OrderEvent::LinesTold { revision, lines, .. } => {
                let event = lines_changed(self.store, self.order, *revision, lines);
                let partition = partition(self.order);
                let subject = OrderLinesChanged::subject(self.store.as_str(), partition);
                self.send(work, &event, subject, &format!("lines:{revision}"))
            }
            OrderEvent::PartTold { warehouse, revision, content } => {
                self.part(work, warehouse, *revision, content)
            }
            OrderEvent::RefundTold { told } => {
                let event = RefundAnnounced {
                    backoffice: told.backoffice.to_string(),
                    refund: Some(feed_refund(self.store, self.order, told)),
                };
                let partition = partition(self.order);
                let subject = RefundAnnounced::subject(told.backoffice.as_str(), partition);
                let name = format!("refund:{}:{}", told.backoffice, told.refund);
                self.send(work, &event, subject, &name)
            }
            OrderEvent::ReportParked { waiting, waits_for } => {
                let report = &waiting.report;
                let verdict = verdicts::parked(&report.id, report.says, &self.key, *waits_for);
                self.judge(work, &report.id, verdict)
            }
            OrderEvent::ReportBooked { id, says, booked, at, .. } => {
                if *says == Says::Release {
                    self.released(work, id, booked, *at)?;
                }
                let verdict = verdicts::done(id, *says, &self.key);
                self.judge(work, id, verdict)
            }
            OrderEvent::ReportRefused { id, says, refusal } => {
                let verdict = verdicts::refused(id, *says, &self.key, refusal);
                self.judge(work, id, verdict)
            }
            OrderEvent::CancelAsked { cancel, .. } => {
                let id = &cancel.asked_by;
                // The report may have been parked before, for its order.
                let name = format!("cancelling:{}:{}", id.backoffice, id.event_id);
                self.judge_as(work, id, &name, verdicts::cancelling(id, &self.key))
            }
            OrderEvent::CancelDone { id } => {
                let verdict = verdicts::done(id, Says::ReleaseAndCancel, &self.key);
                self.judge(work, id, verdict)
            }
            _ => Ok(()),
        }
    }

    fn part(
        &self,
        work: &mut Work<'_>,
        warehouse: &Warehouse,
        revision: u32,
        content: &PartContent,
    ) -> Result<(), Stop> {
        let id = order_id(self.store, self.order);
        let rules = work.peek::<StoreKind>(self.store.as_str())?.settings.clone();
        let shop_domain = rules.map(|rules| rules.shop_domain).unwrap_or_default();
        let facts = &work.state::<OrderKind>(&id)?.facts;
        let created_at = content.order.details.created_at;
        let updated_at = facts.as_ref().map_or(created_at, |facts| facts.updated_at);
        let named = Named { store: self.store, shop_domain: &shop_domain, order: self.order };
        let contact = content.contact.as_ref();
        let sealed = contact.map(|c| STANDARD.decode(&c.sealed)).transpose();
        let event = OrderAnnounced {
            backoffice: warehouse.backoffice.to_string(),
            store: self.store.to_string(),
            order_id: self.order.get(),
            order: Some(feed_order(named, (warehouse, revision), content, updated_at)),
            sealed_contact: sealed.map_err(|e| poison("contact", e))?.unwrap_or_default().into(),
            contact_key: contact.map(|c| c.key.clone()).unwrap_or_default(),
        };
        let subject = OrderAnnounced::subject(warehouse.backoffice.as_str(), partition(self.order));
        self.send(work, &event, subject, &format!("told:{}:{revision}", warehouse.backoffice))
    }

    /// What a back office released is to be fulfilled, per warehouse.
    fn released(
        &self,
        work: &mut Work<'_>,
        id: &ReportId,
        booked: &[Booked],
        at: jiff::Timestamp,
    ) -> Result<(), Stop> {
        let mut by_warehouse: BTreeMap<&Warehouse, Vec<ReleasedLine>> = BTreeMap::new();
        for units in booked {
            let line = ReleasedLine { line_id: units.line.get(), quantity: units.units };
            by_warehouse.entry(&units.warehouse).or_default().push(line);
        }
        for (warehouse, lines) in by_warehouse {
            let event = OrderReleased {
                store: self.store.to_string(),
                order_id: self.order.get(),
                backoffice: id.backoffice.to_string(),
                event_id: id.event_id.to_string(),
                warehouse: warehouse.to_string(),
                lines,
                released_at: Some(to_proto(at)),
            };
            let subject = OrderReleased::subject(self.store.as_str(), partition(self.order));
            let name = format!("released:{warehouse}:{}", id.event_id);
            self.send(work, &event, subject, &name)?;
        }
        Ok(())
    }

    fn judge(&self, work: &mut Work<'_>, id: &ReportId, verdict: FeedVerdict) -> Result<(), Stop> {
        let name = format!("verdict:{}:{}:{}", id.backoffice, id.event_id, verdict.outcome);
        self.judge_as(work, id, &name, verdict)
    }

    fn judge_as(
        &self,
        work: &mut Work<'_>,
        id: &ReportId,
        name: &str,
        verdict: FeedVerdict,
    ) -> Result<(), Stop> {
        let event =
            OrderReportJudged { backoffice: id.backoffice.to_string(), verdict: Some(verdict) };
        let subject = OrderReportJudged::subject(id.backoffice.as_str(), partition(self.order));
        self.send(work, &event, subject, name)
    }

    /// The id of a public event tells what it is: the same fact never goes out under two.
    fn send<E: Event>(
        &self,
        work: &mut Work<'_>,
        event: &E,
        subject: Subject,
        name: &str,
    ) -> Result<(), Stop> {
        let sequence = work.version::<OrderKind>(&order_id(self.store, self.order))?;
        let aggregate = format!("order/{}", self.key);
        let id = format!("order-sync:{aggregate}:{name}");
        let about = About { aggregate: &aggregate, sequence: Some(sequence) };
        work.publish_as(id, event, subject, about);
        Ok(())
    }
}
