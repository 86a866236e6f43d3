//! What an outcome means for every line of its call.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::shopify::admin::{ErrorCode, UserError};
use lockstep_domain::stock::level::{Outcome, Verdict};
use lockstep_domain::{EffectId, InventoryItemId, StoreId};
use lockstep_ports::{EffectRow, EffectState};
use lockstep_runtime::{Sent, Stop, Work};

use crate::pusher::KEY_LIFE;
use crate::pusher::activating::Activating;
use crate::pusher::context::{Context, Does};
use crate::pusher::halves::Halves;
use crate::pusher::judging::{Looked, judge};
use crate::pusher::reading::Reading;
use crate::pusher::writing::{Halving, Writing};
use crate::translate::{poison, store};
use crate::windows::{later, redo};

/// A call that Shopify refuses as a whole is a mistake of ours or of the settings: it is made
/// again after this, and the log says so each time.
pub const REFUSED_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// Decides the outcome of an effect; gives where it stands then.
pub fn conclude(
    (effect, sent): (&EffectRow, &Sent),
    halves: &Halves,
    work: &mut Work<'_>,
) -> Result<EffectState, Stop> {
    let store = store(&effect.lane)?;
    let context = Context::read(effect).map_err(Stop::Poison)?;
    let is_old = work.now().duration_since(effect.created_at) >= KEY_LIFE;
    match context.does {
        Does::Read { location, items } => {
            let reading = Reading { store: &store, location, begun: effect.created_at };
            reading.conclude(work, &items, sent)?;
            Ok(EffectState::Closed)
        }
        Does::Write { lines } => {
            let writing = Writing { store: &store, effect: effect_id(effect)?, lines };
            match Looked::read(sent) {
                Some(looked) => judge(&writing, work, (&looked, effect.created_at)),
                None => {
                    let half = context.half.as_deref();
                    writing.conclude(work, (sent, effect.attempts), Halving { halves, half })
                }
            }
        }
        Does::Activate { item, location } => {
            let activating =
                Activating { store: &store, effect: effect_id(effect)?, item, location };
            activating.conclude(work, sent, (effect.attempts, is_old))
        }
    }
}

/// The id that levels know an effect by.
pub fn effect_id(effect: &EffectRow) -> Result<EffectId, Stop> {
    EffectId::try_new(effect.id.to_string()).map_err(|e| poison("effect", e))
}

/// Several items of a store are due at `until`, whatever their windows say.
pub fn redo_all(
    work: &mut Work<'_>,
    store: &StoreId,
    items: &[InventoryItemId],
    until: Timestamp,
) -> Result<(), Stop> {
    work.want_timers(items.iter().map(|i| (store.to_string(), i.to_string())).collect())?;
    items.iter().try_for_each(|item| redo(work, store, *item, until))
}

/// What Shopify's word about one line means for it.
pub fn outcome_of(error: &UserError) -> Outcome {
    match &error.code {
        Some(ErrorCode::ChangeFromQuantityStale) => Outcome::Stale,
        Some(ErrorCode::NonMutableInventoryItem) => Outcome::Refused(Verdict::BundleParent),
        Some(ErrorCode::InvalidInventoryItem | ErrorCode::InvalidLocation) => {
            Outcome::Refused(Verdict::Deleted)
        }
        Some(ErrorCode::ItemNotStockedAtLocation) => Outcome::Refused(Verdict::NotStocked),
        // Passing faults of Shopify, and keys that are used up: a new one is made.
        Some(
            ErrorCode::IdempotencyPreviousAttemptFailed
            | ErrorCode::IdempotencyKeyParameterMismatch
            | ErrorCode::AdjustQuantitiesFailed
            | ErrorCode::ServiceUnavailable,
        ) => Outcome::NotApplied,
        code => Outcome::Refused(Verdict::Refused {
            code: code.as_ref().map_or_else(String::new, |c| c.as_str().to_owned()),
            message: error.message.clone(),
        }),
    }
}

/// The end of a wait.
pub fn after(now: Timestamp, wait: Duration) -> Timestamp {
    later(now, SignedDuration::try_from(wait).unwrap_or(REFUSED_WAIT))
}
