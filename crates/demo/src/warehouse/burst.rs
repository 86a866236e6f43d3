//! A rush in the warehouse. What it makes when is decided by its number alone, so that after a
//! kill it goes on where the ledger says.

use std::convert::Infallible;
use std::time::Duration;

use jiff::Timestamp;

use super::Office;
use super::ledger::{BurstState, Fault, Ledger};
use super::report::{Happened, Kind};

/// Changes that repeat: in all they add little, on the way they go up and down.
const CHANGES: [i64; 8] = [-1, 3, -2, -1, 4, -3, 1, -2];
/// After a disk that refused.
const DISK_WAIT: Duration = Duration::from_secs(1);

/// Makes every movement of every burst when it is due.
pub async fn run(office: &Office) -> Infallible {
    loop {
        let (due, made) = {
            let mut ledger = office.ledger();
            let now = Timestamp::now();
            let made = make_due(&mut ledger, now);
            (ledger.bursts().iter().filter_map(next_due).min(), made)
        };
        let wait = match (made, due) {
            (Err(_), _) => Some(DISK_WAIT),
            (Ok(count), _) if count > 0 => {
                office.reports.notify_one();
                continue;
            }
            (Ok(_), due) => due.map(|due| until(due, Timestamp::now())),
        };
        match wait {
            Some(wait) => {
                // A new burst may begin sooner.
                let _ = tokio::time::timeout(wait, office.bursts.notified()).await;
            }
            None => office.bursts.notified().await,
        }
    }
}

/// Books what is due by now; how many movements that were.
fn make_due(ledger: &mut Ledger, now: Timestamp) -> Result<u32, Fault> {
    let due: Vec<BurstState> = ledger
        .bursts()
        .iter()
        .filter(|state| next_due(state).is_some_and(|due| due <= now))
        .cloned()
        .collect();
    let mut made = 0;
    for state in due {
        let movement = movement(ledger, &state);
        ledger.book(now, None, Some(state.burst.id), vec![movement])?;
        made += 1;
    }
    Ok(made)
}

/// When its next movement is due; nothing when it is over.
fn next_due(state: &BurstState) -> Option<Timestamp> {
    let burst = &state.burst;
    if state.made >= burst.movements {
        return None;
    }
    let gaps = u64::from(burst.movements.saturating_sub(1).max(1));
    let offset = burst.over_ms.saturating_mul(u64::from(state.made)) / gaps;
    burst.started_at.checked_add(Duration::from_millis(offset)).ok()
}

fn movement(ledger: &Ledger, state: &BurstState) -> Happened {
    let burst = &state.burst;
    let number = usize::try_from(state.made).unwrap_or_default();
    let sku = burst.skus.iter().cycle().nth(number % burst.skus.len().max(1));
    let sku = sku.cloned().unwrap_or_default();
    let warehouse = burst.warehouse.clone();
    let change = CHANGES.iter().cycle().nth(number % CHANGES.len()).copied().unwrap_or(1);
    // A shelf that cannot give receives.
    let gives = ledger.held(&warehouse, &sku).saturating_add(change) >= 0;
    let quantity = if gives { change } else { change.saturating_abs() };
    let kind = if quantity > 0 { Kind::Receiving } else { Kind::Picking };
    Happened::Moved { sku, kind, warehouse, quantity, order: None }
}

fn until(due: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warehouse::journal::Burst;

    fn burst(at: Timestamp) -> Burst {
        Burst {
            id: "rush".to_owned(),
            skus: vec!["A".to_owned(), "B".to_owned()],
            warehouse: "W".to_owned(),
            movements: 11,
            over_ms: 1000,
            started_at: at,
        }
    }

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).expect("a small number")
    }

    #[test]
    fn a_burst_is_spread_evenly_and_goes_on_after_a_kill() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger");
        let mut ledger = Ledger::open(&path).expect("a new file");
        ledger.start_burst(burst(at(0))).expect("a disk");
        ledger.start_burst(burst(at(5000))).expect("the same id begins nothing");
        while make_due(&mut ledger, at(450)).expect("a disk") > 0 {}
        assert_eq!(ledger.bursts()[0].made, 5, "0, 100, 200, 300 and 400 ms");
        drop(ledger);

        let mut ledger = Ledger::open(&path).expect("the file");
        assert_eq!(ledger.bursts().len(), 1);
        assert_eq!(next_due(&ledger.bursts()[0]), Some(at(500)));
        while make_due(&mut ledger, at(2000)).expect("a disk") > 0 {}
        assert_eq!((ledger.bursts()[0].made, ledger.waiting()), (11, 11));
        assert!(ledger.levels().iter().all(|level| level.quantity >= 0));
    }
}
