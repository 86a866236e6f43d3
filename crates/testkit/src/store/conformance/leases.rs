//! Work that one replica does for all.

use lockstep_ports::{LeaseRow, PortError, Store};
use uuid::Uuid;

use super::{NOW, later};

const ONE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// One at a time; it may renew, and others may take over when it has ended.
pub async fn a_lease_has_one_holder(store: &dyn Store) -> Result<(), PortError> {
    assert!(store.lease("sweep", ONE, NOW, later(10)).await?);
    assert!(!store.lease("sweep", OTHER, later(9), later(20)).await?);
    assert!(store.lease("sweep", ONE, later(9), later(19)).await?);
    assert!(!store.lease("sweep", OTHER, later(18), later(30)).await?);
    assert!(store.lease("sweep", OTHER, later(19), later(30)).await?);
    assert!(!store.lease("sweep", ONE, later(20), later(40)).await?);
    assert!(store.lease("another", ONE, later(20), later(40)).await?);
    let (one, other) = tokio::join!(
        store.lease("race", ONE, NOW, later(10)),
        store.lease("race", OTHER, NOW, later(10)),
    );
    assert_ne!(one?, other?);
    Ok(())
}

/// Giving back what somebody else holds does nothing.
pub async fn only_the_holder_gives_a_lease_back(store: &dyn Store) -> Result<(), PortError> {
    assert!(store.lease("sweep", ONE, NOW, later(10)).await?);
    store.release("sweep", OTHER).await?;
    assert!(!store.lease("sweep", OTHER, NOW, later(10)).await?);
    store.release("sweep", ONE).await?;
    assert!(store.lease("sweep", OTHER, NOW, later(10)).await?);
    store.release("never", ONE).await
}

/// Whoever holds them, ended or not; a prefix is taken literally.
pub async fn leases_are_found_by_the_beginning_of_their_names(
    store: &dyn Store,
) -> Result<(), PortError> {
    for (name, holder, until) in
        [("lane:b", OTHER, 10), ("lane:a", ONE, 20), ("lane", ONE, 30), ("lan_:c", ONE, 30)]
    {
        assert!(store.lease(name, holder, NOW, later(until)).await?);
    }
    let row =
        |name: &str, holder, until| LeaseRow { name: name.to_owned(), holder, until: later(until) };
    let lanes = [row("lane:a", ONE, 20), row("lane:b", OTHER, 10)];
    assert_eq!(store.leases("lane:").await?, lanes);
    assert_eq!(store.leases("lan_").await?, [row("lan_:c", ONE, 30)]);
    assert_eq!(store.leases("lane:c").await?, []);
    store.release("lane:a", ONE).await?;
    assert_eq!(store.leases("lane:").await?, lanes[1..]);
    Ok(())
}
