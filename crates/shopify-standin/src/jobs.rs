//! What happens by itself, some time after it was asked for: routing, cancellations, scheduled
//! fulfillment orders. Everything that is due has happened before anybody looks again.

use crate::bulk;
use crate::clock;
use crate::graphql::schema::AdminSchema;
use crate::model::Shop;
use crate::mutate;
use crate::orders::{cancel, holds, route};
use crate::webhooks::fact::{Action, Fact};
use crate::webhooks::tell;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Something that is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// An order gets its fulfillment orders.
    Route {
        /// The order.
        order: i64,
    },
    /// An order is cancelled.
    Cancel {
        /// The number of the cancellation.
        job: i64,
    },
    /// A scheduled fulfillment order may be shipped.
    Ready {
        /// The fulfillment order.
        fulfillment_order: i64,
        /// The moment it waits for; another one counts no more.
        moment: Timestamp,
    },
    /// A product is set.
    ProductSet {
        /// The operation.
        operation: i64,
    },
    /// A bulk operation begins to run.
    BulkBegin {
        /// The operation.
        operation: i64,
    },
    /// A bulk operation ends.
    BulkEnd {
        /// The operation.
        operation: i64,
    },
    /// What the app knows of the shop must be forgotten.
    Redact {
        /// The installation that ended.
        installation: u32,
    },
}

/// A `productSet` that runs later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductOperation {
    /// Number of its GID.
    pub id: i64,
    /// Which product.
    pub identifier: serde_json::Value,
    /// What it becomes.
    pub input: serde_json::Value,
    /// The product, once it is set.
    pub product: Option<i64>,
    /// It ended.
    pub done: bool,
    /// Code, field and message of a refusal.
    pub refused: Option<(String, Option<Vec<String>>, String)>,
}

/// A cancellation that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cancellation {
    /// The order.
    pub order: i64,
    /// What was asked for.
    pub ask: cancel::Ask,
    /// It ended.
    pub done: bool,
    /// Why nothing was cancelled.
    pub failed: Option<String>,
}

/// Plans a job.
pub fn plan(shop: &mut Shop, now: Timestamp, wait: Duration, job: Job) {
    let number = shop.new_id();
    shop.jobs.insert((clock::later(now, wait), number), job);
}

/// When the next job that may run is due.
#[must_use]
pub fn next_due(shop: &Shop) -> Option<Timestamp> {
    let may_run = |job: &&Job| !(shop.settings.routing_paused && is_routing(job));
    let mut all = shop.jobs.iter();
    all.find(|(_, job)| may_run(job)).map(|((due, _), _)| *due)
}

fn is_routing(job: &Job) -> bool {
    matches!(job, Job::Route { .. })
}

/// Runs what is due, each job as an action of its own. True when something ran.
pub fn settle(shop: &mut Shop, schema: &AdminSchema, now: Timestamp) -> bool {
    let mut any = false;
    loop {
        let paused = shop.settings.routing_paused;
        let due = shop.jobs.iter().take_while(|((due, _), _)| *due <= now);
        let next = due.filter(|(_, job)| !(paused && is_routing(job))).map(|(key, _)| *key).next();
        let Some(key) = next else {
            return any;
        };
        any = true;
        if let Some(job) = shop.jobs.remove(&key) {
            // It happened when it was due, even if nobody looked then.
            let (due, _) = key;
            let mut action = Action::default();
            run(shop, schema, due, job, &mut action);
            tell(shop, &action, due);
        }
    }
}

fn run(shop: &mut Shop, schema: &AdminSchema, now: Timestamp, job: Job, action: &mut Action) {
    match job {
        Job::Route { order } => {
            // An order that was deleted in between is not routed.
            let _ = route::route(shop, now, order, action);
        }
        Job::Ready { fulfillment_order, moment } => {
            let waits = shop
                .owner(fulfillment_order)
                .and_then(|order| order.fulfillment_order(fulfillment_order))
                .is_some_and(|one| one.scheduled == Some(moment));
            if waits {
                // It exists and is scheduled, so it can be opened.
                let _ = holds::open_up(shop, now, fulfillment_order, action);
            }
        }
        Job::ProductSet { operation } => {
            let mut front = bulk::front(shop, schema, now, Vec::new());
            mutate::run_product_operation(&mut front, operation);
            let (made, noted) = (front.action, front.noted.into_inner());
            for fact in made.facts() {
                action.add(*fact);
            }
            for one in noted {
                shop.journal.violate(now, one, Some("productSet".to_owned()));
            }
        }
        Job::BulkBegin { operation } => bulk::begin(shop, now, operation),
        Job::BulkEnd { operation } => bulk::end(shop, schema, now, operation, action),
        Job::Redact { installation } => {
            if !shop.installed && shop.access.installation == installation {
                action.add(Fact::ShopRedact);
            }
        }
        Job::Cancel { job } => {
            let Some(asked) = shop.cancellations.get(&job).cloned() else {
                return;
            };
            // A cancelled order has fulfillment orders to be cancelled, so it is routed first.
            let _ = route::route(shop, now, asked.order, action);
            let ended = cancel::cancel(shop, now, asked.order, &asked.ask, action);
            if let Some(kept) = shop.cancellations.get_mut(&job) {
                kept.done = true;
                kept.failed = ended.err().map(|refused| refused.message);
            }
        }
    }
}
