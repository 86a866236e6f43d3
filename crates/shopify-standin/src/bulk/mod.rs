//! Bulk operations: a query or a mutation over many objects, whose result is a file.

mod lines;
mod rules;
mod run;

pub use rules::{check_mutation, check_query};
pub use run::{begin, end, front};

use crate::clock;
use crate::ids;
use crate::jobs::{self, Job};
use crate::model::Shop;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many may run at once, of each kind.
pub const AT_ONCE: usize = 5;

/// How long the result can be fetched.
pub const FILE_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long a file of variables can be used.
pub const UPLOAD_LIFE: Duration = Duration::from_secs(24 * 3600);

/// What does not end by then has failed.
const LONGEST: Duration = Duration::from_secs(10 * 24 * 3600);

/// A bulk operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkOperation {
    /// Number of its GID.
    pub id: i64,
    /// The query or the mutation.
    pub text: String,
    /// The file of variables; none for a query.
    pub input: Option<String>,
    /// Children follow their parent.
    pub grouped: bool,
    /// Where it stands.
    pub status: Status,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Lines of the result.
    pub objects: usize,
    /// Lines without a parent.
    pub roots: usize,
    /// The result.
    pub file: Option<String>,
}

/// Where a bulk operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It was asked for.
    Created,
    /// It runs.
    Running,
    /// All is in the file.
    Completed,
    /// Some may be in the file.
    Failed,
    /// It is being stopped.
    Canceling,
    /// It was stopped.
    Canceled,
}

impl Status {
    /// The value of the enum.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Canceling => "CANCELING",
            Self::Canceled => "CANCELED",
        }
    }

    /// True until it has ended.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Running | Self::Canceling)
    }
}

/// A file that the shop keeps for the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// What stands in it; none while it is only announced.
    pub text: Option<String>,
    /// The last moment.
    pub expires_at: Timestamp,
    /// The app sends it.
    pub upload: bool,
}

/// Plans an operation and answers its number.
pub fn start(
    shop: &mut Shop,
    now: Timestamp,
    text: &str,
    input: Option<String>,
    grouped: bool,
) -> i64 {
    let id = shop.new_id();
    let operation = BulkOperation {
        id,
        text: text.to_owned(),
        input,
        grouped,
        status: Status::Created,
        error: None,
        created_at: now,
        completed_at: None,
        objects: 0,
        roots: 0,
        file: None,
    };
    shop.bulks.insert(id, operation);
    jobs::plan(shop, now, Duration::ZERO, Job::BulkBegin { operation: id });
    id
}

/// How many of a kind are open.
#[must_use]
pub fn open(shop: &Shop, mutations: bool) -> usize {
    let mine = |one: &&BulkOperation| one.status.is_open() && one.input.is_some() == mutations;
    shop.bulks.values().filter(mine).count()
}

/// Stops an operation, if it has not ended.
pub fn cancel(shop: &mut Shop, now: Timestamp, id: i64) -> bool {
    let Some(operation) = shop.bulks.get_mut(&id).filter(|one| one.status.is_open()) else {
        return false;
    };
    operation.status = Status::Canceling;
    jobs::plan(shop, now, Duration::ZERO, Job::BulkEnd { operation: id });
    true
}

/// Keeps a file and answers its name.
pub fn keep(shop: &mut Shop, now: Timestamp, file: KeptFile) -> String {
    shop.files.retain(|_, known| clock::later(known.expires_at, FILE_LIFE) > now);
    let folder = if file.upload { "tmp" } else { "bulk" };
    let name = format!("{folder}/{}", ids::fresh());
    shop.files.insert(name.clone(), file);
    name
}

/// The result of an operation that can still be fetched.
#[must_use]
pub fn result(shop: &Shop, now: Timestamp, operation: &BulkOperation) -> Option<String> {
    let name = operation.file.as_ref()?;
    shop.files.get(name).filter(|file| file.expires_at > now).map(|_| name.clone())
}
