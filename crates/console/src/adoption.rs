//! Waiting until every service works by a change of settings.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use lockstep_contracts::settings::v1::AdoptionRequest;
use lockstep_ports::{Ask, Clock};

/// How long a change waits for its adoption.
pub const ADOPTION_TIME_MAX: Duration = Duration::from_secs(5);
/// Distance between two questions to one service. Adoption takes a few milliseconds.
const ASK_EVERY: Duration = Duration::from_millis(25);

/// Waits until each service has adopted a revision; gives those that have not in time, in order.
/// That is not an error: the change is made, and they adopt it as soon as they can.
pub async fn await_adoption(
    ask: &dyn Ask,
    clock: &dyn Clock,
    services: &[String],
    key: &str,
    revision: u64,
) -> Vec<String> {
    let deadline = add(clock.now(), ADOPTION_TIME_MAX);
    let each = services.iter().map(|service| async move {
        let adopted = adopts(ask, clock, service, (key, revision), deadline).await;
        (!adopted).then(|| service.clone())
    });
    join_all(each).await.into_iter().flatten().collect()
}

async fn adopts(
    ask: &dyn Ask,
    clock: &dyn Clock,
    service: &str,
    (key, revision): (&str, u64),
    deadline: Timestamp,
) -> bool {
    let request = AdoptionRequest { key: key.to_owned() };
    loop {
        let left = Duration::try_from(deadline.duration_since(clock.now())).unwrap_or_default();
        if left.is_zero() {
            return false;
        }
        let subject = AdoptionRequest::subject(service);
        let answer = lockstep_runtime::ask(ask, subject, &request, left).await;
        if answer.is_ok_and(|answer| answer.revision >= revision) {
            return true;
        }
        clock.sleep_until(add(clock.now(), ASK_EVERY).min(deadline)).await;
    }
}

fn add(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
