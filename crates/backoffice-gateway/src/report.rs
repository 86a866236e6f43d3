//! One call, whatever its transport: who calls, what is said, what becomes of it.

use std::collections::HashSet;
use std::sync::Arc;

use lockstep_contracts::backoffice::v1::{ErrorCode, ItemAnswer, ItemError, ItemStatus};
use lockstep_domain::ids::BackOfficeId;
use lockstep_ports::IdSource;
use lockstep_runtime::{Engine, SharedDirectory, telemetry};
use tracing::{Span, info};

use crate::accept::{Acceptor, Batch, Fate};
use crate::fault::{CallFault, Invalid, refuse};
use crate::tokens::Tokens;
use crate::translate::{ITEMS_MAX, Item, Place, Report, Scope};

/// What REST and gRPC share.
pub struct Core {
    /// Who may call.
    pub tokens: Arc<Tokens>,
    /// Stores what is said.
    pub acceptor: Arc<Acceptor>,
    /// Which warehouses there are.
    pub directory: SharedDirectory,
    /// Time.
    pub engine: Arc<Engine>,
    /// Ids of calls.
    pub ids: Arc<dyn IdSource>,
}

impl Core {
    /// Takes a batch. An item that came as its answer already (it was no message) keeps it.
    ///
    /// # Errors
    /// When the call is refused as a whole.
    pub async fn report<T: Item>(
        &self,
        backoffice: &BackOfficeId,
        items: Vec<Result<T, ItemAnswer>>,
    ) -> Result<Vec<ItemAnswer>, CallFault> {
        check_size::<T>(items.len())?;
        let Checked { places, reports, mut answers } = self.check_items(backoffice, items)?;
        let call_id = format!("call:{}", self.ids.next_id());
        Span::current().record("call.id", call_id.as_str());
        let batch = Batch { reports, call_id, trace: telemetry::current_context() };
        let fates = self.acceptor.accept(backoffice, batch).await?;
        for (place, fate) in places.into_iter().zip(fates) {
            if let Some(answer) = answers.get_mut(place.index) {
                settle(answer, place, fate);
            }
        }
        note(backoffice, &answers);
        Ok(answers)
    }

    /// Answers are final for the items that cannot be taken.
    fn check_items<T: Item>(
        &self,
        backoffice: &BackOfficeId,
        items: Vec<Result<T, ItemAnswer>>,
    ) -> Result<Checked, CallFault> {
        let directory = self.directory.borrow().clone();
        // Not refused: right after a start, settings may still be on their way.
        let settings = directory.backoffices.get(backoffice.as_str()).ok_or(
            CallFault::Unavailable("the settings of this back office have not arrived yet"),
        )?;
        let warehouses: HashSet<&str> =
            settings.warehouses.iter().map(|w| w.code.as_str()).collect();
        let scope = Scope { warehouses, now: self.engine.now() };
        let (mut places, mut reports) = (Vec::new(), Vec::new());
        let mut answers = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let place = Place { list: T::LIST, index };
            let item = match item {
                Ok(item) => item,
                Err(answer) => {
                    answers.push(answer);
                    continue;
                }
            };
            let event_id = item.event_id().to_owned();
            let mut answer = ItemAnswer { event_id, ..ItemAnswer::default() };
            match item.check(place, &scope) {
                Ok(report) => {
                    places.push(place);
                    reports.push(report);
                }
                Err(error) => reject(&mut answer, error),
            }
            answers.push(answer);
        }
        Ok(Checked { places, reports, answers })
    }
}

struct Checked {
    /// Where the reports stand in the call.
    places: Vec<Place>,
    /// What can be taken.
    reports: Vec<Report>,
    /// One per item of the call.
    answers: Vec<ItemAnswer>,
}

fn check_size<T: Item>(count: usize) -> Result<(), CallFault> {
    if count == 0 {
        return Err(CallFault::Invalid(Invalid {
            field: T::LIST.to_owned(),
            message: format!("`{}` is missing or empty", T::LIST),
            fix: format!("send 1 to {ITEMS_MAX} items in `{}`", T::LIST),
        }));
    }
    if count > ITEMS_MAX {
        return Err(CallFault::BatchTooLarge { list: T::LIST, count, limit: ITEMS_MAX });
    }
    Ok(())
}

fn settle(answer: &mut ItemAnswer, place: Place, fate: Fate) {
    match fate {
        Fate::Accepted => answer.set_status(ItemStatus::Accepted),
        Fate::Duplicate => answer.set_status(ItemStatus::Duplicate),
        Fate::Conflict => {
            let error = refuse(
                ErrorCode::Conflict,
                place.path("event_id"),
                "this event id was used before with other content",
                "send the report under a new event id; what was taken first stands",
            );
            reject(answer, error);
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
