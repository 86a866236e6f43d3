//! Leases over a bucket that loses answers.

use std::sync::Arc;
use std::time::Duration;

use lockstep_ports::{Kv, KvLeases};
use lockstep_testkit::SequenceIds;
use lockstep_testkit::bus::Fails;

use crate::world::World;

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_held_and_given_back() {
    let world = World::silent();
    let (clock, ids) = (Arc::new(world.clock.clone()), Arc::new(SequenceIds::default()));
    let leases = KvLeases::new(Arc::new(world.kv.clone()), "shopify", clock, ids);
    let minute = Duration::from_secs(60);
    world.kv.fail("shopify", Fails::After);
    let lease = leases.take("a", minute).await.unwrap().expect("it was written");
    assert_eq!(leases.take("a", minute).await.unwrap(), None);
    world.kv.mend();
    leases.release(lease).await.unwrap();
    assert!(world.bus.get("shopify", "a").await.unwrap().is_none());
    world.kv.fail("shopify", Fails::Before);
    leases.take("a", minute).await.unwrap_err();
}
