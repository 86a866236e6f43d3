//! A topic about levels that is silent for longer than its own history explains: its webhooks may
//! be lost although it is subscribed, so every linked level is read.
//!
//! A timer per topic in the store's lane says when the silence is looked into; its note is how
//! often the topic was heard.

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::time::from_proto;
use lockstep_domain::StoreId;
use lockstep_domain::stock::settings::Enabled;
use lockstep_domain::sweep::Hearing;
use lockstep_ports::Timer;
use lockstep_runtime::{Stop, Work};
use tracing::info;

use crate::aggregates::StoreKind;
use crate::rereading;
use crate::translate::poison;
use crate::windows::later;

/// Keys of the timers begin so; those of levels are numbers.
pub const PREFIX: &str = "silence.";
/// A look that came late is followed by the next no sooner.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(15);

/// A webhook came: the silence of its topic is measured from here.
pub fn heard(work: &mut Work<'_>, store: &StoreId, event: &WebhookReceived) -> Result<(), Stop> {
    let said_at = event.triggered_at.as_ref().or(event.received_at.as_ref());
    let said_at = said_at.and_then(|at| from_proto(at).ok());
    let at = said_at.map_or(work.now(), |at: Timestamp| at.min(work.now()));
    let timer = work.timer(store.as_str(), &format!("{PREFIX}{}", event.topic))?;
    let hearing = match serde_json::from_str::<Hearing>(&timer.note) {
        Ok(mut hearing) => hearing.hear(at).then_some(hearing),
        Err(_) => Some(Hearing::first(at)),
    };
    match hearing {
        Some(hearing) => listen(work, timer, &hearing),
        None => Ok(()),
    }
}

/// The silence is looked into, and waited for longer.
pub fn look_into(work: &mut Work<'_>, store: &StoreId, due: &Timer) -> Result<(), Stop> {
    let is_off = {
        let settings = work.peek::<StoreKind>(store.as_str())?.settings.as_ref();
        settings.is_none_or(|settings| settings.enabled == Enabled::Off)
    };
    let timer = work.timer(store.as_str(), &due.key)?;
    let hearing = serde_json::from_str::<Hearing>(&timer.note).ok().filter(|_| !is_off);
    let Some(mut hearing) = hearing else {
        work.set_timer(Timer { due_at: None, ..timer });
        return Ok(());
    };
    if hearing.suspect_at().is_none_or(|at| at > work.now()) {
        // It was heard meanwhile.
        return listen(work, timer, &hearing);
    }
    let topic = due.key.strip_prefix(PREFIX).unwrap_or_default();
    info!(%store, topic, since = %hearing.last, "a topic is silent; levels are read");
    hearing.look(work.now());
    listen(work, timer, &hearing)?;
    rereading::begin(work, store)
}

fn listen(work: &mut Work<'_>, timer: Timer, hearing: &Hearing) -> Result<(), Stop> {
    let note = serde_json::to_string(hearing).map_err(|e| poison("silence", e))?;
    let soonest = later(work.now(), LOOK_EVERY);
    let due_at = hearing.suspect_at().map(|at| at.max(soonest));
    work.set_timer(Timer { note, due_at, ..timer });
    Ok(())
}
