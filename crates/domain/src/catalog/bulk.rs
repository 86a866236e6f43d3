//! *Bulk*: all variants by a file that Shopify writes, as steps of a run.
//!
//! Asking for the file has no key that would let Shopify know a repetition. So each request carries
//! a name of its own, and where nobody knows whether it arrived, it is looked for by that name
//! before another one is sent. Whatever goes wrong with a file, the run goes on: with what could be
//! read of it, with another file, or by pages.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::job::Stage;
use crate::ids::{BulkOperationId, JobId, VariantId};

/// Files that one run asks for; afterwards it reads pages.
pub const ASKS_MAX: u32 = 3;
/// Times that Shopify may be busy with other files.
pub const BUSY_MAX: u32 = 10;
/// Readings that must show nothing before a request is taken for lost.
const ABSENT_READINGS: u32 = 2;
/// Pieces in a row that may bring nothing, and looks that Shopify may refuse.
pub const STUCK_MAX: u32 = 6;
/// What a file shows is as old as the request for it. One that is older than this is not read: a
/// run may have been paused for days, and the links would be those of then. One that is not written
/// by then is given up.
const AGE_MAX: SignedDuration = SignedDuration::from_hours(1);
/// A request that nobody answered may still be on its way for so long.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(20);
/// Between two readings that look for a request, and while Shopify is busy.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// The first look at a file; each further one waits twice as long.
const FIRST_LOOK: SignedDuration = SignedDuration::from_secs(2);

/// From how many variants on a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkFrom {
    /// While the store has points.
    pub plenty: u64,
    /// When they run short.
    pub short: u64,
}

impl Default for BulkFrom {
    /// Twenty pages take seconds and a third of the smallest bucket; a file takes longer. Four
    /// pages are always cheaper than waiting for one.
    fn default() -> Self {
        Self { plenty: 5_000, short: 1_000 }
    }
}

/// Of the bucket. Catalogue calls leave more than half of it to more urgent ones, so with less than
/// this pages would soon wait.
const SHORT: f64 = 0.75;

impl BulkFrom {
    /// How so many variants are read, with such a share of the points left.
    #[must_use]
    pub fn first(self, variants: u64, left: Option<f64>) -> Stage {
        let is_short = left.is_some_and(|left| left < SHORT);
        let from = if is_short { self.short } else { self.plenty };
        if variants < from { pages(None) } else { Bulk::Ask { attempt: 1, busy: 0 }.stage() }
    }
}

/// What is due next of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "bulk", rename_all = "snake_case")]
pub enum Bulk {
    /// Ask for it.
    Ask {
        /// Number of the file in this run, from 1.
        attempt: u32,
        /// Times that Shopify was busy.
        busy: u32,
    },
    /// Look whether Shopify has the request.
    Find {
        /// Number of the file in this run.
        attempt: u32,
        /// Readings that showed nothing.
        absent: u32,
        /// When it was decided to ask for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// Look whether it is written.
    Wait {
        /// Number of the file in this run.
        attempt: u32,
        /// Shopify's operation that writes it.
        operation: BulkOperationId,
        /// When it was asked for.
        since: Timestamp,
        /// Times that somebody looked.
        looks: u32,
        /// Variants that Shopify had written then.
        objects: u64,
        /// Looks in a row that Shopify refused.
        #[serde(default, skip_serializing_if = "is_zero")]
        refused: u32,
    },
    /// Read a piece of it.
    Read {
        /// Number of the file in this run.
        attempt: u32,
        /// Shopify's operation that wrote it.
        operation: BulkOperationId,
        /// How far it is read.
        progress: Progress,
    },
    /// Compare a part with the number of variants up to its last one.
    Prove {
        /// Lines of the part.
        lines: u64,
        /// The highest id in it.
        last: VariantId,
        /// When the file was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(times: &u32) -> bool {
    *times == 0
}

/// How far a file is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Bytes that were read.
    pub at: u64,
    /// Bytes of the file, where Shopify says so.
    pub size: Option<u64>,
    /// Lines that were read.
    pub lines: u64,
    /// Lines of the file; nothing for a part.
    pub objects: Option<u64>,
    /// The highest id so far.
    pub last: Option<VariantId>,
    /// Shopify did not finish it.
    pub part: bool,
    /// Pieces in a row that brought nothing.
    pub stuck: u32,
    /// When the file was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What a step found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Found {
    /// Shopify has the request.
    Started {
        /// The operation.
        operation: BulkOperationId,
    },
    /// Shopify writes as many files as it takes at once.
    Busy,
    /// Nobody knows whether Shopify has the request.
    Unanswered,
    /// Shopify does not have the request.
    Absent,
    /// Shopify is writing.
    Writing {
        /// Variants so far.
        objects: u64,
    },
    /// The file is written.
    Written {
        /// Its bytes.
        size: Option<u64>,
        /// Its lines.
        objects: u64,
    },
    /// Shopify stopped, and a part is written.
    Part,
    /// There is no file, or no more.
    Nothing,
    /// A piece of the file was read.
    Piece {
        /// Bytes of the file up to here.
        at: u64,
        /// Lines in it.
        lines: u64,
        /// The highest id in it.
        last: Option<VariantId>,
        /// Whether nothing follows.
        end: bool,
    },
    /// This time nothing could be read.
    Broken,
    /// The number of variants up to an id.
    Counted {
        /// How many.
        variants: u64,
    },
    /// No file will do, whatever is repeated.
    Unusable,
}

/// Where a run goes from a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The next step.
    pub stage: Stage,
    /// What Shopify need not write any more.
    pub cancel: Option<BulkOperationId>,
}

impl Bulk {
    /// As a stage of the run.
    #[must_use]
    pub fn stage(self) -> Stage {
        Stage::File { step: self }
    }

    /// The name that its request carries, and no other one.
    #[must_use]
    pub fn name(job: &JobId, attempt: u32) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let job: String = job.as_str().chars().map(plain).collect();
        format!("lockstep_{job}_{attempt}")
    }

    /// What Shopify is writing for it.
    #[must_use]
    pub const fn writing(&self) -> Option<BulkOperationId> {
        match self {
            Self::Wait { operation, .. } => Some(*operation),
            _ => None,
        }
    }

    /// How long this step waits for its turn.
    #[must_use]
    pub fn wait(&self) -> SignedDuration {
        match self {
            Self::Ask { busy: 0, .. } | Self::Prove { .. } => SignedDuration::ZERO,
            Self::Ask { .. } => LOOK_AGAIN,
            Self::Find { absent: 0, .. } => ON_ITS_WAY,
            Self::Find { .. } => LOOK_AGAIN,
            Self::Wait { looks, .. } => doubled(*looks),
            Self::Read { progress: Progress { stuck: 0, .. }, .. } => SignedDuration::ZERO,
            Self::Read { progress, .. } => doubled(progress.stuck.saturating_sub(1)),
        }
    }

    /// Whether what its file shows may have changed long since.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        let since = match self {
            Self::Wait { since, .. } => Some(*since),
            Self::Read { progress, .. } => progress.since,
            Self::Prove { since, .. } => *since,
            Self::Ask { .. } | Self::Find { .. } => None,
        };
        since.is_some_and(|since| now.duration_since(since) >= AGE_MAX)
    }

    /// What follows from what was found by a step that was decided at `begun`.
    #[must_use]
    pub fn next(&self, found: &Found, begun: Timestamp, now: Timestamp) -> Next {
        let is_old = self.is_old(now);
        let stage = match (self.clone(), found) {
            (Self::Wait { .. }, found) => return self.awaited(found, is_old),
            (_, Found::Unusable) => pages(None),
            (Self::Ask { attempt, .. } | Self::Find { attempt, .. }, found) => {
                self.asked(attempt, found, (begun, now))
            }
            (Self::Read { attempt, .. }, _) if is_old => anew(attempt),
            (Self::Read { attempt, operation, progress }, found) => {
                progress.read_on(attempt, operation, found)
            }
            (Self::Prove { lines, last, .. }, Found::Counted { variants })
                if *variants == lines && !is_old =>
            {
                pages(Some(last))
            }
            (Self::Prove { .. }, _) => pages(None),
        };
        Next { stage, cancel: None }
    }

    /// Behind a request, or a look for it.
    fn asked(&self, attempt: u32, found: &Found, (begun, now): (Timestamp, Timestamp)) -> Stage {
        let asked = match self {
            Self::Find { since, .. } => since.unwrap_or(now),
            _ => begun,
        };
        match (self, found) {
            (_, Found::Started { operation }) => {
                let (operation, since) = (*operation, asked);
                Self::Wait { attempt, operation, since, looks: 0, objects: 0, refused: 0 }.stage()
            }
            (_, Found::Unanswered) => Self::Find { attempt, absent: 0, since: Some(asked) }.stage(),
            (Self::Ask { busy, .. }, Found::Busy) if *busy < BUSY_MAX => {
                Self::Ask { attempt, busy: busy.saturating_add(1) }.stage()
            }
            (Self::Find { absent, since, .. }, Found::Absent) => {
                let (absent, since) = (absent.saturating_add(1), *since);
                if absent < ABSENT_READINGS {
                    Self::Find { attempt, absent, since }.stage()
                } else {
                    anew(attempt)
                }
            }
            _ => pages(None),
        }
    }

    /// Behind a look at what Shopify writes. Where it may still write, and nobody waits for it any
    /// more, it is told so.
    fn awaited(&self, found: &Found, is_old: bool) -> Next {
        let Self::Wait { attempt, operation, since, looks, objects, refused } = *self else {
            return Next { stage: pages(None), cancel: None };
        };
        let read = |size, objects, part| {
            let since = Some(since);
            let progress = Progress { size, objects, part, since, ..Progress::default() };
            Bulk::Read { attempt, operation, progress }.stage()
        };
        let again = |objects, refused| {
            let looks = looks.saturating_add(1);
            Bulk::Wait { attempt, operation, since, looks, objects, refused }.stage()
        };
        let (stage, may_write) = match found {
            Found::Written { .. } | Found::Part if is_old => (anew(attempt), false),
            Found::Written { size, objects } => (read(*size, Some(*objects), false), false),
            Found::Part => (read(None, None, true), false),
            Found::Nothing => (anew(attempt), false),
            Found::Writing { objects } if !is_old => (again(*objects, 0), false),
            Found::Broken if !is_old && refused < STUCK_MAX => {
                (again(objects, refused.saturating_add(1)), false)
            }
            Found::Broken => (anew(attempt), true),
            _ => (pages(None), true),
        };
        Next { stage, cancel: may_write.then_some(operation) }
    }
}

impl Progress {
    /// The file is read to its end, as far as its end is known.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.size.is_none_or(|size| self.at == size)
            && self.objects.is_none_or(|objects| self.lines == objects)
    }

    /// Behind a piece.
    fn read_on(mut self, attempt: u32, operation: BulkOperationId, found: &Found) -> Stage {
        let brought = match found {
            Found::Piece { at, lines, last, .. } => {
                let brought = *at > self.at;
                self.at = *at;
                self.lines = self.lines.saturating_add(*lines);
                self.last = self.last.max(*last);
                brought
            }
            Found::Broken => false,
            // The file went while it was read. What was read of it counts, and is read again.
            _ => return anew(attempt),
        };
        let ends = matches!(found, Found::Piece { end: true, .. });
        if (ends && self.part) || ((ends || self.size == Some(self.at)) && self.is_whole()) {
            return self.end();
        }
        // More bytes or lines than Shopify wrote are another file.
        let is_over = self.size.is_some_and(|size| self.at >= size);
        self.stuck = if brought { 0 } else { self.stuck.saturating_add(1) };
        if is_over || self.stuck > STUCK_MAX {
            return anew(attempt);
        }
        Bulk::Read { attempt, operation, progress: self }.stage()
    }

    /// Behind the last piece.
    fn end(self) -> Stage {
        match (self.part, self.last) {
            (false, Some(_)) => Stage::Sweep { after: String::new() },
            // An empty file beside a catalogue that has just been counted forgets nothing.
            (_, None) => pages(None),
            (true, Some(last)) => {
                Bulk::Prove { lines: self.lines, last, since: self.since }.stage()
            }
        }
    }
}

/// Another file, or pages after too many.
fn anew(attempt: u32) -> Stage {
    if attempt >= ASKS_MAX {
        return pages(None);
    }
    Bulk::Ask { attempt: attempt.saturating_add(1), busy: 0 }.stage()
}

fn pages(above: Option<VariantId>) -> Stage {
    Stage::Read { above, after: None, pages: 0 }
}

/// 2, 4, 8, 16, 32 and then 60 seconds.
fn doubled(times: u32) -> SignedDuration {
    let wait = FIRST_LOOK.checked_mul(1_i32 << times.min(5)).unwrap_or(LOOK_AGAIN);
    wait.min(LOOK_AGAIN)
}

#[cfg(test)]
#[path = "bulk_tests.rs"]
mod tests;
