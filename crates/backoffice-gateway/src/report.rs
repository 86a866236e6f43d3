//! One call, whatever its transport: who calls, what is said, what becomes of it.

use std::collections::HashSet;
use std::sync::Arc;

use lockstep_contracts::backoffice::v1::{ErrorCode, ItemAnswer, ItemError, ItemStatus};
use lockstep_domain::ids::BackOfficeId;
use lockstep_ports::IdSource;
use lockstep_runtime::{Directory, Engine, SharedDirectory, telemetry};
use tracing::{Span, info};

use crate::accept::{Acceptor, Batch, Fate};
use crate::fault::{CallFault, Invalid};
use crate::feed::Feeds;
use crate::tokens::Tokens;
use crate::translate::{ITEMS_MAX, Item, Place, Report, Scope};

/// What one item of a call turned out to be: a message, or its answer already.
pub type Decoded<T> = Result<T, ItemAnswer>;

/// What REST and gRPC share.
pub struct Core {
    /// Who may call.
    pub tokens: Arc<Tokens>,
    /// Stores what is said.
    pub acceptor: Arc<Acceptor>,
    /// What is told to back offices.
    pub feeds: Arc<Feeds>,
    /// Which warehouses there are.
    pub directory: SharedDirectory,
    /// Time.
    pub engine: Arc<Engine>,
    /// Ids of calls.
    pub ids: Arc<dyn IdSource>,
}

impl Core {
    /// Takes a batch; each item is answered on its own.
    ///
    /// # Errors
    /// When the call is refused as a whole.
    pub async fn report<T: Item>(
        &self,
        backoffice: &BackOfficeId,
        items: Vec<Decoded<T>>,
    ) -> Result<Vec<ItemAnswer>, CallFault> {
        check_size::<T>(items.len())?;
        let places = (0..).map(|index| Place::of(T::FIELD, index));
        self.take(backoffice, places.zip(items).collect()).await
    }

    /// Takes the one report of a call.
    ///
    /// # Errors
    /// When it is not taken: whoever looks at the status alone must not lose it.
    pub async fn report_one<T: Item>(
        &self,
        backoffice: &BackOfficeId,
        item: Option<Decoded<T>>,
    ) -> Result<ItemAnswer, CallFault> {
        let item = item.ok_or_else(missing::<T>)?;
        let answers = self.take(backoffice, vec![(Place::only(T::FIELD), item)]).await?;
        // One item was given, so there is one answer.
        let answer = answers.into_iter().next().unwrap_or_default();
        match answer.error {
            Some(error) => Err(CallFault::Refused(error)),
            None => Ok(answer),
        }
    }

    async fn take<T: Item>(
        &self,
        backoffice: &BackOfficeId,
        items: Vec<(Place, Decoded<T>)>,
    ) -> Result<Vec<ItemAnswer>, CallFault> {
        let Checked { places, reports, mut answers } = self.check(backoffice, items)?;
        let call_id = format!("call:{}", self.ids.next_id());
        Span::current().record("call.id", call_id.as_str());
        let batch = Batch { reports, call_id, trace: telemetry::current_context() };
        let fates = self.acceptor.accept(backoffice, batch).await?;
        for ((number, place), fate) in places.into_iter().zip(fates) {
            if let Some(answer) = answers.get_mut(number) {
                settle(answer, place, fate);
            }
        }
        note(backoffice, &answers);
        Ok(answers)
    }

    /// Answers are final for the items that cannot be taken.
    fn check<T: Item>(
        &self,
        backoffice: &BackOfficeId,
        items: Vec<(Place, Decoded<T>)>,
    ) -> Result<Checked, CallFault> {
        let directory = self.directory.borrow().clone();
        let scope = scope(&directory, backoffice, self.engine.now())?;
        let (mut places, mut reports) = (Vec::new(), Vec::new());
        let mut answers = Vec::with_capacity(items.len());
        for (number, (place, item)) in items.into_iter().enumerate() {
            let item = match item {
                Ok(item) => item,
                Err(answer) => {
                    answers.push(answer);
                    continue;
                }
            };
            let event_id = item.event_id().to_owned();
            let mut answer = ItemAnswer { event_id, ..ItemAnswer::default() };
            match item.check(&scope) {
                Ok(report) => {
                    places.push((number, place));
                    reports.push(report);
                }
                Err(invalid) => reject(&mut answer, place.error(invalid)),
            }
            answers.push(answer);
        }
        Ok(Checked { places, reports, answers })
    }
}

struct Checked {
    /// The answers that the reports wait for, and where they stand in the call.
    places: Vec<(usize, Place)>,
    /// What can be taken.
    reports: Vec<Report>,
    /// One per item of the call.
    answers: Vec<ItemAnswer>,
}

fn scope<'d>(
    directory: &'d Directory,
    backoffice: &'d BackOfficeId,
    now: jiff::Timestamp,
) -> Result<Scope<'d>, CallFault> {
    let id = backoffice.as_str();
    // Not refused: right after a start, settings may still be on their way.
    let settings = directory
        .backoffices
        .get(id)
        .ok_or(CallFault::Unavailable("the settings of this back office have not arrived yet"))?;
    let warehouses: HashSet<&str> = settings.warehouses.iter().map(|w| w.code.as_str()).collect();
    let serves = |store: &&lockstep_contracts::settings::v1::StoreSettings| {
        store.backoffices.iter().any(|used| used.id == id)
    };
    let stores = directory.stores.values().filter(serves).map(|store| store.id.as_str()).collect();
    Ok(Scope { backoffice: id, warehouses, stores, now })
}

fn missing<T: Item>() -> CallFault {
    CallFault::Invalid(Invalid {
        field: T::FIELD.to_owned(),
        message: format!("`{}` is missing", T::FIELD),
        fix: format!("send the report in `{}`", T::FIELD),
    })
}

fn check_size<T: Item>(count: usize) -> Result<(), CallFault> {
    if count == 0 {
        return Err(CallFault::Invalid(Invalid {
            field: T::FIELD.to_owned(),
            message: format!("`{}` is missing or empty", T::FIELD),
            fix: format!("send 1 to {ITEMS_MAX} items in `{}`", T::FIELD),
        }));
    }
    if count > ITEMS_MAX {
        return Err(CallFault::BatchTooLarge { list: T::FIELD, count, limit: ITEMS_MAX });
    }
    Ok(())
}

fn settle(answer: &mut ItemAnswer, place: Place, fate: Fate) {
    let refuse = |code: ErrorCode, field: &str, message: &str, fix: &str| ItemError {
        code: code.into(),
        field: place.path(field),
        message: message.to_owned(),
        fix: fix.to_owned(),
    };
    match fate {
        Fate::Accepted => answer.set_status(ItemStatus::Accepted),
        Fate::Duplicate => answer.set_status(ItemStatus::Duplicate),
        Fate::Conflict => {
            let message = "this event id was used before with other content";
            let fix = "send the report under a new event id; what was taken first stands";
            reject(answer, refuse(ErrorCode::Conflict, "event_id", message, fix));
        }
        Fate::Refused => {
            let message = "Lockstep cannot keep this report, though nothing is wrong with its form";
            let fix = "tell whoever runs Lockstep its event id: the log has it under LS0201 or \
                LS0104; the other reports are not concerned";
            reject(answer, refuse(ErrorCode::Internal, "", message, fix));
        }
    }
}

fn reject(answer: &mut ItemAnswer, error: ItemError) {
    answer.set_status(ItemStatus::Rejected);
    answer.error = Some(error);
}

/// The canonical line of a call that was answered item by item.
fn note(backoffice: &BackOfficeId, answers: &[ItemAnswer]) {
    let count = |status| answers.iter().filter(|a| a.status() == status).count();
    info!(
        backoffice.id = backoffice.as_str(),
        items.accepted = count(ItemStatus::Accepted),
        items.duplicate = count(ItemStatus::Duplicate),
        items.rejected = count(ItemStatus::Rejected),
        "reports answered"
    );
}
