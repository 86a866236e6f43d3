//! What an operator is told of shipments that wait.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::convert::order_lines::order_key;
use lockstep_contracts::operations::v1::{Finding, Severity};
use lockstep_domain::shipment::WaitsFor;
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::PortError;
use lockstep_runtime::{Engine, alarms};

use crate::aggregates::{ShipmentsKind, shipments_id};
use crate::schedule::{ALARM, ALARM_AGAIN, ALARM_PREFIX};

/// What an operator looks at.
const SUBJECT: &str = "parked shipments";

/// Shipments that wait for one cause.
struct Waiting {
    count: usize,
    since: Timestamp,
    order_key: String,
    shipment: String,
}

/// One finding for each cause, with the oldest shipment that waits for it.
pub async fn examine(engine: &Engine) -> Result<Vec<Finding>, PortError> {
    let within = Duration::try_from(ALARM_AGAIN + SignedDuration::from_mins(1)).unwrap_or_default();
    let mut causes: BTreeMap<Cause, Waiting> = BTreeMap::new();
    let alarms = alarms(engine, ALARM_PREFIX, within).await?;
    for (lane, key) in &alarms.timers {
        let order = key.strip_prefix(ALARM_PREFIX).and_then(|order| order.parse().ok());
        let (Ok(store), Some(order)) = (StoreId::try_new(lane.as_str()), order) else { continue };
        let order: OrderId = order;
        let state = engine.read::<ShipmentsKind>(&shipments_id(&store, order)).await?;
        let Some(state) = state else { continue };
        for (shipment, what, since) in state.waiting() {
            if engine.now().duration_since(since) < ALARM {
                continue;
            }
            let waiting = causes.entry(Cause::of(what)).or_insert_with(|| Waiting {
                count: 0,
                since: Timestamp::MAX,
                order_key: String::new(),
                shipment: String::new(),
            });
            waiting.count += 1;
            if since < waiting.since {
                waiting.since = since;
                waiting.order_key = order_key(&store, order);
                waiting.shipment.clone_from(shipment);
            }
        }
    }
    let cut = alarms.finding(SUBJECT);
    if causes.is_empty() && cut.is_none() {
        return Ok(vec![Finding {
            severity: Severity::Ok.into(),
            subject: SUBJECT.to_owned(),
            message: "no shipment waits".to_owned(),
            fix: String::new(),
        }]);
    }
    let findings = causes.into_iter().map(|(cause, waiting)| cause.finding(&waiting));
    Ok(findings.chain(cut).collect())
}

/// Why shipments wait, without what differs from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Order,
    Shipment,
    Routing,
    Link,
    Hold,
    Elsewhere,
    Person,
}

impl Cause {
    const fn of(what: &WaitsFor) -> Self {
        match what {
            WaitsFor::Order => Self::Order,
            WaitsFor::Shipment => Self::Shipment,
            WaitsFor::Routing => Self::Routing,
            WaitsFor::Link(_) => Self::Link,
            WaitsFor::Hold(_) => Self::Hold,
            WaitsFor::Elsewhere(_) => Self::Elsewhere,
            WaitsFor::Person => Self::Person,
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Order => (
                "for an order that nobody told of",
                "if the store has no such order, the back office reports it with the right \
                 order_key; it is refused after a day",
            ),
            Self::Shipment => (
                "for a shipment whose goods are said to have arrived",
                "the back office reports the shipment; the arrival is refused after a day",
            ),
            Self::Routing => (
                "for a location that Shopify gives the order's lines",
                "look at the order's fulfillment in Shopify",
            ),
            Self::Link => (
                "for a link of a code",
                "lockstep shipments list --standing parked names the code: link it, or the back \
                 office corrects the shipment with line_id",
            ),
            Self::Hold => ("for the end of a hold", "release the hold in Shopify"),
            Self::Elsewhere => (
                "for units that are routed to a location which the warehouse does not serve",
                "move the fulfillment order in Shopify, or map the location to the warehouse",
            ),
            Self::Person => (
                "for a person: a fulfillment may be there twice",
                "lockstep effects list --asking, then settle each",
            ),
        }
    }

    fn finding(self, waiting: &Waiting) -> Finding {
        let Waiting { count, since, order_key, shipment } = waiting;
        let (what, fix) = self.words();
        let wait = if *count == 1 { "shipment waits" } else { "shipments wait" };
        Finding {
            severity: Severity::Warning.into(),
            subject: SUBJECT.to_owned(),
            message: format!(
                "{count} {wait} {what}, the oldest since {since}: {shipment} of {order_key}"
            ),
            fix: fix.to_owned(),
        }
    }
}
