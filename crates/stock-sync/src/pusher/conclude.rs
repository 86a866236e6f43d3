//! What an outcome means for every line of its call.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::shopify::admin::{
    ErrorCode, ItemAtLocation, Level as ReadLevel, StockWritten, UserError,
    decode_adjust_quantities, decode_levels_of_items, decode_set_quantities,
};
use lockstep_contracts::stock::v1::{LevelPushed, PushRefused};
use lockstep_contracts::time::to_proto;
use lockstep_domain::stock::level::{LevelCommand, LevelLocation, Outcome, Shown, Verdict, Write};
use lockstep_domain::stock::pool::PoolCommand;
use lockstep_domain::stock::settings::StockMode;
use lockstep_domain::{EffectId, InventoryItemId, LocationId, StoreId};
use lockstep_ports::{EffectRow, EffectState};
use lockstep_runtime::{Sent, Stop, Work};
use serde_json::Value;
use tracing::{error, warn};

use crate::aggregates::{LevelKind, PoolKind, StoreKind, item_partition, level_id};
use crate::pusher::context::{Context, Does, Line};
use crate::targets::Behind;
use crate::translate::{poison, store};
use crate::windows::{again, later, redo, touch_linked};

/// A call that Shopify refuses as a whole is a mistake of ours or of the settings: it is made
/// again after this, and the log says so each time.
const REFUSED_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// Decides the outcome of an effect; gives where it stands then.
pub fn conclude(effect: &EffectRow, sent: &Sent, work: &mut Work<'_>) -> Result<EffectState, Stop> {
    let store = store(&effect.lane)?;
    let context = Context::read(effect).map_err(Stop::Poison)?;
    match context.does {
        Does::Read { location, items } => {
            let reading = Reading { store, location, items, begun: effect.created_at };
            reading.conclude(work, sent)?;
            Ok(EffectState::Closed)
        }
        Does::Write { lines } => {
            let effect_id =
                EffectId::try_new(effect.id.to_string()).map_err(|e| poison("effect", e))?;
            let attempts = effect.attempts;
            Writing { store, effect: effect_id, attempts, lines }.conclude(work, sent)
        }
    }
}

/// A read whose outcome is decided.
struct Reading {
    store: StoreId,
    location: LocationId,
    items: Vec<InventoryItemId>,
    /// When it was decided: what a webhook tells of later is newer.
    begun: Timestamp,
}

impl Reading {
    fn conclude(&self, work: &mut Work<'_>, sent: &Sent) -> Result<(), Stop> {
        let Self { store, location, items, .. } = self;
        let ids: Vec<_> = items.iter().map(|item| level_id(store, *item)).collect();
        work.load_all::<LevelKind>(&ids)?;
        Behind::load_pools(work, &ids)?;
        let now = work.now();
        let failed = later(now, REFUSED_WAIT);
        let data = match sent {
            Sent::Answered(answer) => answer.get("data").unwrap_or(&Value::Null),
            Sent::NotApplied { wait, .. } => {
                return redo_all(work, store, items, after(now, *wait));
            }
            Sent::Refused(reason) | Sent::Unknown(reason) => {
                error!(code = "LS0401", %store, %location, reason, "levels cannot be read");
                return redo_all(work, store, items, failed);
            }
        };
        let read = match decode_levels_of_items(data) {
            Ok(read) if read.len() == items.len() => read,
            Ok(read) => {
                warn!(%store, %location, asked = items.len(), got = read.len(), "short answer");
                return redo_all(work, store, items, failed);
            }
            Err(e) => {
                error!(code = "LS0402", %store, %location, error = %e, "levels are not understood");
                return redo_all(work, store, items, failed);
            }
        };
        for (item, found) in items.iter().zip(read) {
            self.record(work, *item, found)?;
        }
        redo_all(work, store, items, now)
    }

    fn record(
        &self,
        work: &mut Work<'_>,
        item: InventoryItemId,
        found: Option<ItemAtLocation>,
    ) -> Result<(), Stop> {
        let Self { store, location, .. } = self;
        let id = level_id(store, item);
        let links = work.get::<LevelKind>(&id)?.links.clone();
        let rules = work.peek::<StoreKind>(store.as_str())?.settings.clone().unwrap_or_default();
        let behind = Behind::load(work, (store, &rules), *location, &links)?;
        let tracked = found.as_ref().and_then(|f| f.tracked).unwrap_or(true);
        let shown = found.and_then(|f| f.level).map(|level| shown(&level, self.begun));
        let known_sold = behind.sold(work)?;
        let command = LevelCommand::RecordRead { location: *location, shown, tracked, known_sold };
        work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("read", e))?;
        let level = work.get::<LevelKind>(&id)?.location(*location);
        let seen = level.filter(|known| known.sold.is_some()).map(LevelLocation::seen_sold);
        // In Delta every store hears of a sale by its order; what only a read shows is not told on.
        let (Some(units), StockMode::Absolute, Some(source)) = (seen, rules.mode, behind.first())
        else {
            return Ok(());
        };
        let command = PoolCommand::SeeSold {
            warehouse: source.warehouse.code.clone(),
            store: store.clone(),
            units,
        };
        let told = work.execute::<PoolKind>(&source.pool, &command)?;
        if told.map_err(|e| poison("sold", e))?.is_empty() {
            return Ok(());
        }
        touch_linked(work, &source.pool, |_| false)
    }
}

fn redo_all(
    work: &mut Work<'_>,
    store: &StoreId,
    items: &[InventoryItemId],
    until: Timestamp,
) -> Result<(), Stop> {
    work.want_timers(items.iter().map(|i| (store.to_string(), i.to_string())).collect())?;
    items.iter().try_for_each(|item| redo(work, store, *item, until))
}

fn shown(level: &ReadLevel, read_at: Timestamp) -> Shown {
    let q = &level.quantities;
    Shown {
        available: q.available.unwrap_or(0),
        on_hand: q.on_hand.unwrap_or(0),
        committed: q.committed.unwrap_or(0),
        reserved: q.reserved.unwrap_or(0),
        damaged: q.damaged.unwrap_or(0),
        safety_stock: q.safety_stock.unwrap_or(0),
        quality_control: q.quality_control.unwrap_or(0),
        active: level.is_active,
        at: level.available_updated_at.or(level.updated_at).unwrap_or(read_at),
    }
}

/// A packed write whose outcome is decided.
struct Writing {
    store: StoreId,
    effect: EffectId,
    attempts: u32,
    lines: Vec<Line>,
}

impl Writing {
    fn conclude(&self, work: &mut Work<'_>, sent: &Sent) -> Result<EffectState, Stop> {
        let ids: Vec<_> = self.lines.iter().map(|l| level_id(&self.store, l.item)).collect();
        work.load_all::<LevelKind>(&ids)?;
        let now = work.now();
        match sent {
            Sent::Answered(answer) => {
                let data = answer.get("data").unwrap_or(&Value::Null);
                match self.decode(data) {
                    Ok(written) if written.errors.is_empty() => self.applied(work)?,
                    Ok(written) => return self.refused(work, &written),
                    Err(e) => return self.unknown(work, &e),
                }
            }
            // An earlier attempt under this key may have applied: that this one did not says
            // nothing about it.
            Sent::NotApplied { reason, .. } | Sent::Refused(reason)
                if self.attempts > 1 && !self.is_set() =>
            {
                return self.unknown(work, reason);
            }
            Sent::NotApplied { wait, .. } => self.dropped(work, after(now, *wait))?,
            Sent::Refused(reason) => {
                error!(code = "LS0403", store = %self.store, reason, "a write is refused");
                self.dropped(work, later(now, REFUSED_WAIT))?;
            }
            Sent::Unknown(reason) => return self.unknown(work, reason),
        }
        Ok(EffectState::Closed)
    }

    fn is_set(&self) -> bool {
        self.lines.iter().any(|line| line.write.is_set())
    }

    fn decode(&self, data: &Value) -> Result<StockWritten, String> {
        let decoded = if self.is_set() {
            decode_set_quantities(data)
        } else {
            decode_adjust_quantities(data)
        };
        decoded.map_err(|e| e.to_string())
    }

    fn answer(&self, work: &mut Work<'_>, line: &Line, outcome: Outcome) -> Result<bool, Stop> {
        let command = LevelCommand::RecordAnswer {
            effect: self.effect.clone(),
            location: line.location,
            outcome,
        };
        let id = level_id(&self.store, line.item);
        let events = work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("answer", e))?;
        Ok(!events.is_empty())
    }

    fn doubt(&self, work: &mut Work<'_>, line: &Line) -> Result<(), Stop> {
        let command = LevelCommand::Doubt { location: line.location };
        let id = level_id(&self.store, line.item);
        work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("doubt", e))?;
        Ok(())
    }

    fn applied(&self, work: &mut Work<'_>) -> Result<(), Stop> {
        for line in &self.lines {
            if self.answer(work, line, Outcome::Applied)? {
                self.tell_pushed(work, line)?;
            }
            // What waited for this write need not wait for its lease.
            again(work, &self.store, line.item, work.now())?;
        }
        Ok(())
    }

    fn dropped(&self, work: &mut Work<'_>, until: Timestamp) -> Result<(), Stop> {
        for line in &self.lines {
            self.answer(work, line, Outcome::NotApplied)?;
            redo(work, &self.store, line.item, until)?;
        }
        Ok(())
    }

    /// A set is judged by a read, at once. An adjust stays open: the same bytes are sent again
    /// when its lease ends, until they are answered.
    fn unknown(&self, work: &mut Work<'_>, reason: &str) -> Result<EffectState, Stop> {
        warn!(store = %self.store, effect = %self.effect, reason, "outcome of a write is unknown");
        for line in &self.lines {
            self.answer(work, line, Outcome::Unknown)?;
            redo(work, &self.store, line.item, work.now())?;
        }
        Ok(if self.is_set() { EffectState::Closed } else { EffectState::Unknown })
    }

    /// Shopify applied nothing: bad lines get their verdict, the rest is computed again at once.
    fn refused(&self, work: &mut Work<'_>, written: &StockWritten) -> Result<EffectState, Stop> {
        let codes = written.errors.iter().filter_map(|e| e.code.as_ref());
        if codes.clone().any(|c| *c == ErrorCode::IdempotencyConcurrentRequest) {
            return self.unknown(work, "the same call is being executed at Shopify");
        }
        if written.group.is_some() {
            return self.unknown(work, "errors beside a group that was applied");
        }
        let blames_a_line = written.errors.iter().any(|e| e.line().is_some());
        let stale = |e: &UserError| e.code == Some(ErrorCode::ChangeFromQuantityStale);
        if !blames_a_line && written.errors.iter().any(stale) {
            // Somebody wrote some of them, and Shopify does not say which: all are read again.
            for line in &self.lines {
                self.answer(work, line, Outcome::Stale)?;
                redo(work, &self.store, line.item, work.now())?;
            }
            return Ok(EffectState::Closed);
        }
        if !blames_a_line && self.lines.len() > 1 {
            let reason = written.errors.first().map(|e| e.message.as_str()).unwrap_or_default();
            error!(code = "LS0404", store = %self.store, reason, "refused, and no line named");
            self.dropped(work, later(work.now(), REFUSED_WAIT))?;
            return Ok(EffectState::Closed);
        }
        let now = work.now();
        for (index, line) in self.lines.iter().enumerate() {
            let blamed =
                written.errors.iter().find(|e| e.line().map_or(!blames_a_line, |n| n == index));
            let outcome = blamed.map_or(Outcome::NotApplied, outcome_of);
            let is_blamed = blamed.is_some();
            let again = match &outcome {
                // Tried again when its numbers change, or a webhook tells of it.
                Outcome::Refused(verdict) => {
                    self.tell_refused(work, line, verdict)?;
                    None
                }
                Outcome::NotApplied if is_blamed => Some(later(now, REFUSED_WAIT)),
                _ => Some(now),
            };
            self.answer(work, line, outcome)?;
            if self.is_set() && !is_blamed {
                // What was explained may be as wrong as for the neighbour that is stale.
                self.doubt(work, line)?;
            }
            if let Some(until) = again {
                redo(work, &self.store, line.item, until)?;
            }
        }
        Ok(EffectState::Closed)
    }

    fn tell_pushed(&self, work: &mut Work<'_>, line: &Line) -> Result<(), Stop> {
        let (name, quantity, delta) = match line.write {
            Write::SetOnHand { to, .. } => ("on_hand", Some(to), None),
            Write::SetAvailable { to, .. } => ("available", Some(to), None),
            Write::Adjust { delta } => ("available", None, Some(delta)),
        };
        let event = LevelPushed {
            store: self.store.to_string(),
            inventory_item_id: line.item.get(),
            location_id: line.location.get(),
            name: name.to_owned(),
            quantity,
            delta,
            effect_id: self.effect.to_string(),
            pushed_at: Some(to_proto(work.now())),
        };
        let id = level_id(&self.store, line.item);
        let sequence = work.version::<LevelKind>(&id)?;
        let subject = LevelPushed::subject(self.store.as_str(), item_partition(line.item));
        work.publish(&event, subject, &format!("level/{id}"), sequence);
        Ok(())
    }

    fn tell_refused(
        &self,
        work: &mut Work<'_>,
        line: &Line,
        verdict: &Verdict,
    ) -> Result<(), Stop> {
        let (code, message) = crate::verdicts::words(verdict);
        let event = PushRefused {
            store: self.store.to_string(),
            inventory_item_id: line.item.get(),
            location_id: line.location.get(),
            verdict: code.to_owned(),
            message,
            effect_id: self.effect.to_string(),
            refused_at: Some(to_proto(work.now())),
        };
        let id = level_id(&self.store, line.item);
        let sequence = work.version::<LevelKind>(&id)? + 1;
        let subject = PushRefused::subject(self.store.as_str(), item_partition(line.item));
        work.publish(&event, subject, &format!("level/{id}"), sequence);
        Ok(())
    }
}

/// What Shopify's word about one line means for it.
fn outcome_of(error: &UserError) -> Outcome {
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

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    later(now, SignedDuration::try_from(wait).unwrap_or(REFUSED_WAIT))
}
