//! What an operator is told of reports that wait.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::convert::order_lines::order_key;
use lockstep_contracts::operations::v1::{Finding, Severity};
use lockstep_domain::order::Waiting;
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::PortError;
use lockstep_runtime::{Engine, alarms};

use crate::aggregates::{OrderKind, order_id};
use crate::schedule::{ALARM, ALARM_AGAIN, ALARM_PREFIX};

/// What an operator looks at.
const SUBJECT: &str = "parked reports";

/// Reports that wait for one cause, with the oldest.
#[derive(Default)]
struct Group {
    count: usize,
    oldest: Option<(Timestamp, String)>,
}

impl Group {
    fn add(&mut self, waiting: &Waiting, order_key: &str) {
        self.count += 1;
        let since = waiting.since;
        if self.oldest.as_ref().is_none_or(|(known, _)| since < *known) {
            let (report, id) = (waiting.report.says.call(), &waiting.report.id);
            let words = format!("{report} {} of {} about {order_key}", id.event_id, id.backoffice);
            self.oldest = Some((since, words));
        }
    }

    fn finding(self, what: &str, fix: &str) -> Option<Finding> {
        let (since, words) = self.oldest?;
        let wait = if self.count == 1 { "report waits" } else { "reports wait" };
        Some(Finding {
            severity: Severity::Warning.into(),
            subject: SUBJECT.to_owned(),
            message: format!("{} {wait} {what}, the oldest since {since}: {words}", self.count),
            fix: fix.to_owned(),
        })
    }
}

/// One finding for each cause, with the oldest report that waits for it.
pub async fn examine(engine: &Engine) -> Result<Vec<Finding>, PortError> {
    let within = Duration::try_from(ALARM_AGAIN + SignedDuration::from_mins(1)).unwrap_or_default();
    let (mut unknown, mut untold) = (Group::default(), Group::default());
    let alarms = alarms(engine, ALARM_PREFIX, within).await?;
    for (lane, key) in &alarms.timers {
        let order = key.strip_prefix(ALARM_PREFIX).and_then(|order| order.parse().ok());
        let (Ok(store), Some(order)) = (StoreId::try_new(lane.as_str()), order) else { continue };
        let order: OrderId = order;
        let Some(state) = engine.read::<OrderKind>(&order_id(&store, order)).await? else {
            continue;
        };
        let group = if state.is_known() { &mut untold } else { &mut unknown };
        let is_old = |one: &&Waiting| engine.now().duration_since(one.since) >= ALARM;
        for waiting in state.waiting.iter().filter(is_old) {
            group.add(waiting, &order_key(&store, order));
        }
    }
    let unknown = unknown.finding(
        "for an order that the store does not show",
        "if the store has no such order, the back office names a wrong order_key, and the report \
         is refused after a day; if it has, look at the store's token and webhooks",
    );
    let untold = untold.finding(
        "for an order that the back office is not told of yet",
        "lockstep orders list --standing parked says what keeps it: most often Shopify has not \
         routed it, or a location is to be mapped",
    );
    let mut findings: Vec<_> =
        unknown.into_iter().chain(untold).chain(alarms.finding(SUBJECT)).collect();
    if findings.is_empty() {
        findings.push(Finding {
            severity: Severity::Ok.into(),
            subject: SUBJECT.to_owned(),
            message: "no report waits".to_owned(),
            fix: String::new(),
        });
    }
    Ok(findings)
}
