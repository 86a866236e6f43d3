//! The lane of a store: what is due becomes packed calls, is sent, and is concluded.

mod activating;
mod conclude;
mod context;
mod halves;
mod judging;
mod plan;
mod reading;
mod rests;
mod telling;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{
    AdminErrorKind, AdminRequest, AggregateKey, Clock, EffectRow, EffectState, ShopifyAdmin, Timer,
    Urgency,
};
use lockstep_runtime::{LaneWorker, Recovery, Sent, Stop, Work};
use serde_json::{Value, json};

pub(crate) use conclude::effect_id;
pub(crate) use context::{Context, Does, Line};
pub(crate) use judging::close;
pub(crate) use writing::Writing;

use crate::falls;
use crate::pages::{self, RULES};
use crate::rereading::{self, LEVELS};
use crate::silence;
use halves::Halves;
use judging::{Look, Looked};
use plan::Means;
use rests::{Failed, Rests};

/// Shopify keeps an idempotency key for 24 hours; beyond that the same bytes are a new call. The
/// last repetition must arrive before that, however long it waits for points.
const KEY_LIFE: SignedDuration = SignedDuration::from_mins(24 * 60 - 10);
/// A call that certainly failed on its way is made again after this.
const TRANSIENT_WAIT: Duration = Duration::from_secs(2);
/// Calls of a store in the air. Each takes Shopify a tenth of a second and more whatever it costs:
/// with one at a time most of the points would stay unused.
const CALLS_AT_ONCE: u32 = 4;
/// After this no further location of an adjust is looked at: the lane's lease goes on.
const LOOK_MAX: SignedDuration = SignedDuration::from_secs(5);

/// Writes and reads the levels of stores.
pub struct Pusher {
    shopify: Arc<dyn ShopifyAdmin>,
    clock: Arc<dyn Clock>,
    rests: Rests,
    halves: Halves,
}

impl Pusher {
    /// A worker over Shopify's Admin API.
    pub fn new(shopify: Arc<dyn ShopifyAdmin>, clock: Arc<dyn Clock>) -> Self {
        Self { shopify, rests: Rests::new(clock.clone()), halves: Halves::default(), clock }
    }

    async fn call(&self, store: &StoreId, request: &AdminRequest) -> Result<Value, Sent> {
        if let Some(wait) = self.rests.wait(store) {
            return Err(Sent::NotApplied { wait, reason: "the store takes no calls".to_owned() });
        }
        let begun = self.clock.now();
        let error = match self.shopify.send(store, request).await {
            Ok(answer) => {
                self.rests.answered(store, begun);
                return Ok(answer.data);
            }
            Err(error) => error,
        };
        let reason = error.to_string();
        let failed = Failed { kind: &error.kind, urgency: request.urgency, begun };
        let rest = self.rests.failed(store, &failed, &reason);
        Err(match error.kind {
            AdminErrorKind::Throttled { wait } | AdminErrorKind::OutOfPoints { wait } => {
                Sent::NotApplied { wait: rest.unwrap_or(wait), reason }
            }
            AdminErrorKind::Access => {
                Sent::NotApplied { wait: rest.unwrap_or(TRANSIENT_WAIT), reason }
            }
            AdminErrorKind::Transient => Sent::NotApplied { wait: TRANSIENT_WAIT, reason },
            AdminErrorKind::Permanent => Sent::Refused(reason),
            AdminErrorKind::UnknownOutcome if request.mutation => Sent::Unknown(reason),
            AdminErrorKind::UnknownOutcome => Sent::NotApplied { wait: TRANSIENT_WAIT, reason },
        })
    }

    /// Reads the levels of an adjust, location by location. A location that time did not reach
    /// tells nothing; one that cannot be read is a reason to look again later.
    async fn look(&self, store: &StoreId, lines: &[Line]) -> Sent {
        let mut looked = Looked::default();
        let begin = self.clock.now();
        for place in judging::places(lines) {
            let begun = self.clock.now();
            if begun.duration_since(begin) > LOOK_MAX {
                break;
            }
            let request = AdminRequest::new(&judging::call(&place), Urgency::StockUp);
            let (location, items) = place;
            match self.call(store, &request).await {
                Ok(data) => looked.looks.push(Look { location, items, begun, data }),
                Err(sent) => return sent,
            }
        }
        looked.answer()
    }
}

fn is_young(effect: &EffectRow, now: Timestamp) -> bool {
    now.duration_since(effect.created_at) < KEY_LIFE
}

#[async_trait]
impl LaneWorker for Pusher {
    /// Writes in the air have levels of their own: of a level that is written, a plan makes
    /// nothing that could not go beside it.
    fn calls_at_once(&self) -> u32 {
        CALLS_AT_ONCE
    }

    /// All but writes of known lines. No level says that it is being read: a second read beside
    /// the first, or a write that the answer may hold or not, would be taken for what others did.
    fn flies_alone(&self, effect: &EffectRow) -> bool {
        Context::read(effect).is_ok_and(|context| {
            let is_looked_at = context.adjusts().is_some() && !is_young(effect, self.clock.now());
            is_looked_at || !matches!(context.does, Does::Write { .. })
        })
    }

    /// What lowers what may be sold.
    fn is_urgent(&self, effect: &EffectRow) -> bool {
        Context::read(effect).is_ok_and(|context| context.lowers)
    }

    /// None: the pools behind the levels are locked before them, and which they are the levels
    /// say.
    fn keys(&self, _: &str, _: &[Timer]) -> Vec<AggregateKey> {
        Vec::new()
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        let store = crate::translate::store(lane)?;
        // What falls lock stands before what pushes lock: a transaction of its own.
        if falls::plan(work, &store, due)? {
            return Ok(());
        }
        let due: Vec<_> = due.iter().filter(|timer| !falls::is_ours(timer)).cloned().collect();
        if let Some(rules) = due.iter().find(|timer| timer.key == RULES) {
            pages::turn(work, &store, rules)?;
        }
        if let Some(levels) = due.iter().find(|timer| timer.key == LEVELS) {
            rereading::turn(work, &store, levels)?;
        }
        for topic in due.iter().filter(|timer| timer.key.starts_with(silence::PREFIX)) {
            silence::look_into(work, &store, topic)?;
        }
        let means = Means {
            stage: self.rests.stage(&store),
            rests: &self.rests,
            budget_left: self.shopify.budget_left(&store),
            halves: &self.halves,
        };
        plan::plan(&store, plan::items(&due)?, means, work)
    }

    async fn send(&self, effect: &EffectRow) -> Sent {
        let context = match Context::read(effect) {
            Ok(context) => context,
            Err(e) => return Sent::Refused(e),
        };
        let Ok(store) = StoreId::try_new(effect.lane.as_str()) else {
            return Sent::Refused(format!("{} is not a store", effect.lane));
        };
        if let Some(lines) = context.adjusts().filter(|_| !is_young(effect, self.clock.now())) {
            return self.look(&store, lines).await;
        }
        let request = AdminRequest {
            operation: context.operation.clone(),
            body: effect.request.clone(),
            cost: context.cost,
            urgency: context.urgency(),
            idempotent: context.is_write(),
            mutation: context.is_write(),
        };
        match self.call(&store, &request).await {
            Ok(data) => {
                self.shopify.wrote_levels(&store, context.levels_written(&data));
                Sent::Answered(json!({ "data": data }))
            }
            Err(sent) => sent,
        }
    }

    /// An adjust, an activation or a read repeats safely while Shopify knows its key; then an
    /// adjust is looked at, and an activation given up. A set never repeats: it is judged by a
    /// read.
    fn recover(&self, effect: &EffectRow, now: Timestamp) -> Recovery {
        let Ok(context) = Context::read(effect) else { return Recovery::Conclude };
        let is_looked_at = context.adjusts().is_some();
        let repeats = context.is_repeatable() && (is_looked_at || is_young(effect, now));
        if repeats { Recovery::Resend } else { Recovery::Conclude }
    }

    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop> {
        conclude::conclude((effect, sent), &self.halves, work)
    }
}
