//! Sweeps: the orders that changed while nobody told, found by the moment of their last change.
//!
//! A store is swept by its rhythm (every hour), when somebody knows of a hole, and when a topic is
//! silent for longer than its own history explains. A window is looked through page by page; where
//! that stands is kept in the timer, so that a process that dies goes on from there. A store that
//! does not let us in is swept from where the last sweep ended, however long that was.

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::orders::v1::{SweepOrdersRequest, SweepOrdersResponse};
use lockstep_contracts::shopify::admin::{OrdersUpdated, decode_orders_updated, orders_updated};
use lockstep_contracts::time::from_proto;
use lockstep_domain::order::OrderCommand;
use lockstep_domain::sweep::{Hearing, LAG, LookBack, Rhythm, UNSURE, Window};
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::{ErrorKind, PortError, Timer};
use lockstep_runtime::{
    CALL_TIME_MAX, EFFECT_LEASE, Engine, EngineError, Origin, Sent, Stop, Work,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{error, info};

use crate::aggregates::{OrderKind, order_id};
use crate::reader::{Does, open};
use crate::schedule::{self, Due, later};
use crate::settle::{decide, rules};
use crate::swept::{self, Found};
use crate::translate::poison;

/// What is refused as a whole is a mistake of ours: tried again after this.
const REFUSED_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// Pages of one list: Shopify shows 25,000 objects of a list and no more. Then a new list begins at
/// the last order's moment.
const PAGES_MAX: u32 = 90;
/// A window is looked through up to the last order there is: one that changes once more meanwhile
/// is not missed.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// How far a store is swept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Swept {
    /// Every order that changed before was seen.
    until: Timestamp,
    /// The window that is looked through now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    walk: Option<Walk>,
    /// Its page is in the air.
    #[serde(default)]
    asked: bool,
    /// Up to this moment news may be missing: what is that new, the index shows a minute later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    through: Option<Timestamp>,
    /// When it was looked further back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<LookBack>,
    /// What is found of the window that is looked through now; nothing if it began in an earlier
    /// version, or if that is too much to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    found: Option<Found>,
}

/// A window, and how far in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The window.
    window: Window,
    /// The cursor behind which the next page begins.
    after: Option<String>,
    /// Pages of this list.
    pages: u32,
}

impl Swept {
    fn of(timer: &Timer) -> Option<Self> {
        serde_json::from_str(&timer.note).ok()
    }

    const fn up_to(until: Timestamp) -> Self {
        Self { until, walk: None, asked: false, through: None, back: None, found: None }
    }

    /// What is looked through next; nothing when nothing new can be seen yet.
    fn window(&mut self, rhythm: Rhythm, now: Timestamp) -> Option<Window> {
        let window = Window::after(self.until, now)?;
        self.found = Some(Found::of(&window));
        // A store of an earlier version is looked back over from here on.
        let back = self.back.get_or_insert(LookBack { since: self.until, last: now });
        Some(back.widen(window, rhythm, now))
    }

    /// When the next window begins to be looked through, after one that ended at `until`.
    fn next(&self, rhythm: Rhythm, now: Timestamp) -> Timestamp {
        // A window that waited, for the store let nobody in, is followed by the next at once.
        if now.duration_since(self.until) > LAG + UNSURE {
            return now;
        }
        match self.through.filter(|through| *through >= self.until) {
            Some(through) => later(through, LAG + SignedDuration::from_secs(1)).max(now),
            None => later(now, rhythm.every()),
        }
    }
}

/// A store is connected, or again: it is swept from here on, or from where that ended.
pub fn connected(work: &mut Work<'_>, store: &StoreId, rhythm: Rhythm) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Sweep.key())?;
    let now = work.now();
    let soon = later(now, rhythm.every());
    let (swept, due_at) = match (Swept::of(&timer), timer.due_at) {
        // It is to be swept more often from here on.
        (Some(swept), Some(due)) if swept.walk.is_none() && due > soon => (swept, soon),
        (_, Some(_)) => return Ok(()),
        (Some(swept), None) => (Swept { through: Some(now), ..swept }, now),
        (None, None) => {
            let back = Some(LookBack { since: now, last: now });
            (Swept { back, ..Swept::up_to(now) }, soon)
        }
    };
    put(work, timer, &swept, Some(due_at))
}

/// Somebody knows that news may be missing since a moment: the store is swept at once.
pub async fn sweep_orders(
    engine: &Engine,
    request: &SweepOrdersRequest,
) -> Result<SweepOrdersResponse, PortError> {
    let invalid = |what: &str| PortError::plain(ErrorKind::Permanent, what.to_owned());
    let store = StoreId::try_new(request.store.as_str()).map_err(|_| invalid("no store"))?;
    let since = request.since.as_ref().map(from_proto).transpose();
    let since = since.map_err(|_| invalid("since is no moment"))?;
    let origin = Origin::new(format!("sweep:{store}"), None);
    let asked = engine.transact(origin, &[], |work| hurry(work, &store, since)).await;
    match asked {
        Ok(()) => Ok(SweepOrdersResponse {}),
        Err(EngineError::Port(e)) => Err(e),
        Err(e) => Err(PortError::plain(ErrorKind::Permanent, e.chain())),
    }
}

/// The store is swept now, from a moment on if that is earlier than where the last sweep ended.
pub fn hurry(work: &mut Work<'_>, store: &StoreId, since: Option<Timestamp>) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Sweep.key())?;
    let now = work.now();
    let mut swept = Swept::of(&timer).unwrap_or(Swept::up_to(now));
    if let Some(since) = since.filter(|since| *since < swept.until) {
        // A walk that goes on ends later than that, so it begins anew.
        let back = swept.back.map(|back| LookBack { since: back.since.min(since), ..back });
        swept = Swept { back, ..Swept::up_to(since) };
    }
    swept.through = Some(now);
    // What is in the air makes the next moment itself.
    let due_at = match timer.due_at {
        Some(due) if swept.asked => due,
        Some(due) => due.min(now),
        None => now,
    };
    put(work, timer, &swept, Some(due_at))
}

/// Opens the next page's call.
pub fn plan(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Sweep.key())?;
    let now = work.now();
    let rules = rules(work, store)?;
    if !rules.connected {
        // Where it ended is kept for when the store comes back.
        work.set_timer(Timer { due_at: None, ..timer });
        return Ok(());
    }
    let mut swept = Swept::of(&timer).unwrap_or(Swept::up_to(now));
    let walk = swept.walk.take().or_else(|| {
        let window = swept.window(rules.sweep, now)?;
        Some(Walk { window, after: None, pages: 0 })
    });
    let Some(walk) = walk else {
        let due_at = swept.next(rules.sweep, now).max(later(now, SignedDuration::from_secs(1)));
        return put(work, timer, &swept, Some(due_at));
    };
    // What changes while pages are turned goes to the end of the list, and is found there.
    let shown = Window { until: later(walk.window.until, AHEAD), ..walk.window };
    let call = orders_updated(&shown, walk.after.as_deref());
    let id = work.next_id();
    open(work, store, id, &Does::Sweep { walk: walk.clone() }, Some(&call))?;
    (swept.walk, swept.asked) = (Some(walk), true);
    // Longer than the effect can take: it makes the next moment itself.
    let lease = SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default();
    put(work, timer, &swept, Some(later(now, lease)))
}

/// Takes in a page: what is newer than what is known is read.
pub fn conclude(
    work: &mut Work<'_>,
    store: &StoreId,
    walk: &Walk,
    sent: &Sent,
) -> Result<(), Stop> {
    let page = match sent {
        Sent::Answered(answer) => decode_orders_updated(answer.get("data").unwrap_or(&Value::Null)),
        Sent::NotApplied { wait, .. } => {
            let wait = SignedDuration::try_from(*wait).unwrap_or(REFUSED_WAIT);
            return again(work, store, walk, wait);
        }
        Sent::Unknown(_) => {
            let wait = SignedDuration::try_from(CALL_TIME_MAX).unwrap_or(REFUSED_WAIT);
            return again(work, store, walk, wait);
        }
        Sent::Refused(reason) => {
            error!(code = "LS0806", %store, reason, "orders cannot be swept");
            return again(work, store, walk, REFUSED_WAIT);
        }
    };
    match page {
        Ok(page) => turn(work, store, walk, &page),
        Err(unreadable) => {
            error!(code = "LS0806", %store, error = %unreadable, "orders cannot be swept");
            again(work, store, walk, REFUSED_WAIT)
        }
    }
}

/// The page is opened once more after a while, unless the walk was begun anew meanwhile.
fn again(
    work: &mut Work<'_>,
    store: &StoreId,
    walk: &Walk,
    wait: SignedDuration,
) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Sweep.key())?;
    let due_at = later(work.now(), wait);
    match Swept::of(&timer) {
        Some(swept) if swept.walk.as_ref() == Some(walk) => {
            put(work, timer, &Swept { asked: false, ..swept }, Some(due_at))
        }
        _ => Ok(()),
    }
}

fn turn(
    work: &mut Work<'_>,
    store: &StoreId,
    walk: &Walk,
    page: &OrdersUpdated,
) -> Result<(), Stop> {
    let found = doubt(work, store, &page.orders)?;
    if found > 0 {
        info!(%store, orders = found, "orders changed of which no news has come");
    }
    let timer = work.timer(store.as_str(), &Due::Sweep.key())?;
    let now = work.now();
    let swept = Swept::of(&timer).unwrap_or(Swept::up_to(now));
    if swept.walk.as_ref() != Some(walk) {
        // It was begun anew meanwhile, and whoever did so made the moment of its page.
        return Ok(());
    }
    let mut swept = swept;
    swept.found = swept.found.and_then(|found| found.with(&page.orders));
    let pages = walk.pages + 1;
    let last = page.orders.last().map(|(_, at)| *at);
    let next = match (&page.next, last) {
        (None, _) => None,
        (Some(_), Some(last)) if pages >= PAGES_MAX && last > walk.window.from => {
            let window = Window { from: last, ..walk.window };
            Some(Walk { window, after: None, pages: 0 })
        }
        (Some(next), _) => Some(Walk { after: Some(next.clone()), pages, ..walk.clone() }),
    };
    match next {
        Some(next) => {
            let swept = Swept { walk: Some(next), asked: false, ..swept };
            put(work, timer, &swept, Some(now))
        }
        None => {
            let until = walk.window.until.max(swept.until);
            let through = swept.through.filter(|through| *through >= until);
            if let Some(found) = swept.found.take() {
                swept::end(work, store, found)?;
            }
            let swept = Swept { until, walk: None, asked: false, through, ..swept };
            let due_at = swept.next(rules(work, store)?.sweep, now);
            put(work, timer, &swept, Some(due_at))
        }
    }
}

/// Orders whose newest change is not known are read; gives how many.
fn doubt(
    work: &mut Work<'_>,
    store: &StoreId,
    orders: &[(OrderId, Timestamp)],
) -> Result<usize, Stop> {
    let keys: Vec<_> = orders.iter().map(|(order, _)| order_id(store, *order)).collect();
    work.load_all::<OrderKind>(&keys)?;
    let mut unknown = Vec::new();
    for ((order, changed_at), key) in orders.iter().zip(&keys) {
        let known = work.state::<OrderKind>(key)?.facts.as_ref().map(|facts| facts.updated_at);
        if known.is_none_or(|known| known < *changed_at) {
            unknown.push(*order);
        }
    }
    let places = unknown.iter().map(|order| (store.to_string(), Due::Order(*order).key()));
    work.want_timers(places.collect())?;
    for order in &unknown {
        decide(work, store, *order, &OrderCommand::Doubt)?;
        schedule::news(work, store, *order)?;
    }
    Ok(unknown.len())
}

/// A topic was heard: its silence is measured from here.
pub fn heard(work: &mut Work<'_>, store: &StoreId, topic: &str, at: Timestamp) -> Result<(), Stop> {
    let due = Due::Silence(topic.to_owned());
    let timer = work.timer(store.as_str(), &due.key())?;
    let hearing = match serde_json::from_str::<Hearing>(&timer.note) {
        Ok(mut hearing) => hearing.hear(at).then_some(hearing),
        Err(_) => Some(Hearing::first(at)),
    };
    match hearing {
        Some(hearing) => listen(work, timer, &hearing),
        None => Ok(()),
    }
}

/// A topic is silent for longer than its history explains: the hole is swept, and it is waited for
/// longer.
pub fn silent(work: &mut Work<'_>, store: &StoreId, topic: &str) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Silence(topic.to_owned()).key())?;
    let Ok(mut hearing) = serde_json::from_str::<Hearing>(&timer.note) else {
        work.set_timer(Timer { due_at: None, ..timer });
        return Ok(());
    };
    if !rules(work, store)?.connected {
        work.set_timer(Timer { due_at: None, ..timer });
        return Ok(());
    }
    info!(%store, topic, since = %hearing.last, "a topic is silent; the hole is swept");
    let since = hearing.look(work.now());
    listen(work, timer, &hearing)?;
    hurry(work, store, Some(since))
}

fn listen(work: &mut Work<'_>, timer: Timer, hearing: &Hearing) -> Result<(), Stop> {
    let note = serde_json::to_string(hearing).map_err(|e| poison("silence", e))?;
    // A look that came late is followed by the next one no sooner than a window later.
    let soonest = later(work.now(), SignedDuration::from_mins(15));
    let due_at = hearing.suspect_at().map(|at| at.max(soonest));
    work.set_timer(Timer { note, due_at, ..timer });
    Ok(())
}

fn put(
    work: &mut Work<'_>,
    timer: Timer,
    swept: &Swept,
    due_at: Option<Timestamp>,
) -> Result<(), Stop> {
    let note = serde_json::to_string(swept).map_err(|e| poison("sweep", e))?;
    work.set_timer(Timer { note, due_at, ..timer });
    Ok(())
}
