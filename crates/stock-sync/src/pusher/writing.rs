//! A packed write whose outcome is decided.

use jiff::Timestamp;
use lockstep_contracts::shopify::admin::{
    ErrorCode, StockWritten, UserError, decode_adjust_quantities, decode_set_quantities,
};
use lockstep_domain::stock::level::{LevelCommand, Outcome};
use lockstep_domain::{EffectId, InventoryItemId, LocationId, StoreId};
use lockstep_ports::EffectState;
use lockstep_runtime::{Sent, Stop, Work};
use serde_json::Value;
use tracing::{error, warn};

use crate::aggregates::{LevelKind, level_id};
use crate::pusher::conclude::{REFUSED_WAIT, after, outcome_of, redo_all};
use crate::pusher::context::Line;
use crate::pusher::halves::{Halves, Refused};
use crate::pusher::telling::Told;
use crate::translate::poison;
use crate::windows::{again, later, redo};

/// A packed write whose outcome is decided.
pub struct Writing<'w> {
    /// The store.
    pub store: &'w StoreId,
    /// The effect that carries it.
    pub effect: EffectId,
    /// In the order of the call.
    pub lines: Vec<Line>,
}

/// The half of a refused call that a write is, and all that are known.
#[derive(Clone, Copy)]
pub struct Halving<'h> {
    /// All that are known.
    pub halves: &'h Halves,
    /// That of the write.
    pub half: Option<&'h str>,
}

/// Whether an error speaks of a line, though it names none.
fn is_about_a_line(error: &UserError) -> bool {
    use ErrorCode as Code;
    matches!(
        error.code,
        Some(
            Code::InvalidInventoryItem
                | Code::InvalidLocation
                | Code::InvalidQuantityNegative
                | Code::InvalidQuantityTooHigh
                | Code::InvalidQuantityTooLow
                | Code::ItemNotStockedAtLocation
                | Code::NonMutableInventoryItem
        )
    )
}

/// Whether an error speaks of the call as a whole, or passes by itself.
fn is_of_the_call(error: &UserError) -> bool {
    use ErrorCode as Code;
    let is_ours = matches!(
        error.code,
        Some(
            Code::InvalidName
                | Code::InvalidReason
                | Code::InvalidReferenceDocument
                | Code::NoDuplicateInventoryItemIdGroupIdPair
        )
    );
    is_ours || !error.field.is_empty() || outcome_of(error) == Outcome::NotApplied
}

/// Whether Shopify says that the first attempt under this key failed.
fn failed_before(written: &StockWritten) -> bool {
    let failed = ErrorCode::IdempotencyPreviousAttemptFailed;
    written.errors.iter().all(|e| e.code.as_ref() == Some(&failed))
}

impl Writing<'_> {
    /// Records the outcome of an attempt.
    pub fn conclude(
        &self,
        work: &mut Work<'_>,
        (sent, attempts): (&Sent, u32),
        halving: Halving<'_>,
    ) -> Result<EffectState, Stop> {
        self.load(work)?;
        let now = work.now();
        match sent {
            Sent::Answered(answer) => {
                let data = answer.get("data").unwrap_or(&Value::Null);
                match self.decode(data) {
                    Ok(written) if written.errors.is_empty() => {
                        self.applied(work)?;
                        self.half_is_done(work, halving)?;
                    }
                    // What refuses a repetition says nothing about the first attempt, either.
                    Ok(written) if attempts > 1 && !self.is_set() && !failed_before(&written) => {
                        return self.unknown(work, "a repetition is refused");
                    }
                    Ok(written) => return self.refused(work, &written, halving),
                    Err(e) => return self.unknown(work, &e),
                }
            }
            // An earlier attempt under this key may have applied: that this one did not says
            // nothing about it.
            Sent::NotApplied { reason, .. } | Sent::Refused(reason)
                if attempts > 1 && !self.is_set() =>
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

    /// Loads the levels and timers of all lines.
    pub fn load(&self, work: &mut Work<'_>) -> Result<(), Stop> {
        let ids: Vec<_> = self.lines.iter().map(|l| level_id(self.store, l.item)).collect();
        work.load_all::<LevelKind>(&ids)?;
        let place = |line: &Line| (self.store.to_string(), line.item.to_string());
        work.want_timers(self.lines.iter().map(place).collect())
    }

    fn told(&self) -> Told<'_> {
        Told { store: self.store, effect: &self.effect }
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

    /// Records what is known of a line; true when that was news.
    pub fn answer(&self, work: &mut Work<'_>, line: &Line, outcome: Outcome) -> Result<bool, Stop> {
        let command = LevelCommand::RecordAnswer {
            effect: self.effect.clone(),
            location: line.location,
            outcome,
        };
        let id = level_id(self.store, line.item);
        let events = work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("answer", e))?;
        Ok(!events.is_empty())
    }

    /// The level of a line is read before it is written again.
    pub fn doubt(&self, work: &mut Work<'_>, line: &Line) -> Result<(), Stop> {
        let command = LevelCommand::Doubt { location: line.location };
        let id = level_id(self.store, line.item);
        work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("doubt", e))?;
        Ok(())
    }

    /// Every line applied.
    pub fn applied(&self, work: &mut Work<'_>) -> Result<(), Stop> {
        for line in &self.lines {
            if self.answer(work, line, Outcome::Applied)? {
                self.told().pushed(work, line)?;
            }
            // What waited for this write need not wait for its lease.
            again(work, self.store, line.item, work.now())?;
        }
        Ok(())
    }

    /// No line applied; they are computed again at `until`.
    pub fn dropped(&self, work: &mut Work<'_>, until: Timestamp) -> Result<(), Stop> {
        for line in &self.lines {
            self.answer(work, line, Outcome::NotApplied)?;
            redo(work, self.store, line.item, until)?;
        }
        Ok(())
    }

    /// A set is judged by a read, at once. An adjust stays open: the same bytes are sent again
    /// when its lease ends, until they are answered.
    fn unknown(&self, work: &mut Work<'_>, reason: &str) -> Result<EffectState, Stop> {
        let mut is_news = false;
        for line in &self.lines {
            // What it keeps waiting waits for its answer; falls need not.
            if self.answer(work, line, Outcome::Unknown)? {
                is_news = true;
                redo(work, self.store, line.item, work.now())?;
            }
        }
        if is_news {
            let (store, effect) = (self.store, &self.effect);
            warn!(%store, %effect, reason, "outcome of a write is unknown");
        }
        Ok(if self.is_set() { EffectState::Closed } else { EffectState::Unknown })
    }

    /// Shopify applied nothing: bad lines get their verdict, the rest is computed again at once.
    fn refused(
        &self,
        work: &mut Work<'_>,
        written: &StockWritten,
        halving: Halving<'_>,
    ) -> Result<EffectState, Stop> {
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
                redo(work, self.store, line.item, work.now())?;
            }
            return Ok(EffectState::Closed);
        }
        if !blames_a_line && self.unblamed(work, written, halving)? {
            return Ok(EffectState::Closed);
        }
        self.blame(work, written)?;
        self.half_is_done(work, halving)?;
        Ok(EffectState::Closed)
    }

    /// Every line gets what was said of it; with one line all was said of it.
    fn blame(&self, work: &mut Work<'_>, written: &StockWritten) -> Result<(), Stop> {
        let blames_a_line = written.errors.iter().any(|e| e.line().is_some());
        let now = work.now();
        for (index, line) in self.lines.iter().enumerate() {
            let blamed =
                written.errors.iter().find(|e| e.line().map_or(!blames_a_line, |n| n == index));
            let outcome = blamed.map_or(Outcome::NotApplied, outcome_of);
            let is_blamed = blamed.is_some();
            let again = match &outcome {
                // Tried again when its numbers change, or a webhook tells of it.
                Outcome::Refused(verdict) => {
                    self.told().refused(work, (line.item, line.location), verdict)?;
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
                redo(work, self.store, line.item, until)?;
            }
        }
        Ok(())
    }

    /// Something is refused, and Shopify does not say which line. What is wrong with the call as a
    /// whole waits for a person. Otherwise all lines are read again, which may show the bad one,
    /// and go as two calls: the bad one soon stands alone, and the good ones are written. False
    /// when it is about the only line.
    fn unblamed(
        &self,
        work: &mut Work<'_>,
        written: &StockWritten,
        Halving { halves, half }: Halving<'_>,
    ) -> Result<bool, Stop> {
        let error = written.errors.first();
        let reason = error.map(|e| e.message.as_str()).unwrap_or_default();
        let lines = self.lines.len();
        if lines > 1 && written.errors.iter().any(is_of_the_call) {
            self.refused_as_a_whole(work, reason, &[])?;
            return Ok(true);
        }
        let about_lines = written.errors.iter().all(is_about_a_line);
        if let Some(half) = half.filter(|_| !about_lines) {
            let code = error.and_then(|e| e.code.as_ref()).map_or("", ErrorCode::as_str);
            match halves.refused((self.store, &self.effect), half, &format!("{code}: {reason}")) {
                Refused::Whole(others) => {
                    self.refused_as_a_whole(work, reason, &others)?;
                    return Ok(true);
                }
                Refused::Waits => {
                    // The other half makes them due; this is for the case that it never does.
                    self.dropped(work, later(work.now(), REFUSED_WAIT))?;
                    return Ok(true);
                }
                Refused::Split => {}
            }
        }
        if lines == 1 {
            return Ok(false);
        }
        let store = self.store;
        warn!(%store, lines, reason, "refused, and no line named: written in halves");
        self.dropped(work, work.now())?;
        self.lines.iter().try_for_each(|line| self.doubt(work, line))?;
        let places: Vec<_> = self.lines.iter().map(|line| (line.item, line.location)).collect();
        halves.split(store, half.unwrap_or(self.effect.as_ref()), &places);
        Ok(true)
    }

    /// Nothing of it is any line's fault: it is computed again after a while, with the lines of the
    /// other half.
    fn refused_as_a_whole(
        &self,
        work: &mut Work<'_>,
        reason: &str,
        others: &[(InventoryItemId, LocationId)],
    ) -> Result<(), Stop> {
        error!(code = "LS0404", store = %self.store, reason, "refused, and no line named");
        let until = later(work.now(), REFUSED_WAIT);
        let others: Vec<_> = others.iter().map(|(item, _)| *item).collect();
        redo_all(work, self.store, &others, until)?;
        self.dropped(work, until)
    }

    /// A half is written or blamed: the other one may have waited for it.
    fn half_is_done(
        &self,
        work: &mut Work<'_>,
        Halving { halves, half }: Halving<'_>,
    ) -> Result<(), Stop> {
        let Some(half) = half else { return Ok(()) };
        let waiting = halves.done(self.store, half);
        let items: Vec<_> = waiting.into_iter().map(|(item, _)| item).collect();
        redo_all(work, self.store, &items, work.now())
    }
}
