//! What may be in the air beside something else.

use jiff::SignedDuration;
use lockstep_contracts::settings::v1::StockMode;

use crate::world::{PLACE, World};

#[tokio::test]
async fn a_write_flies_beside_others_until_it_is_looked_at_and_a_read_never_does() {
    let world = World::live(StockMode::Delta, &[1]).await;
    world.adjust(1, "-1").await;
    world.shopify.stock(2, PLACE, 10);
    world.link(2, 1).await;
    world.count(2, "10").await;
    let planned = world.planned(SignedDuration::from_secs(1)).await;
    let find = |kind| planned.iter().find(|effect| effect.kind == kind).expect("it is planned");
    let (write, read) = (find("adjust"), find("read"));
    assert!(!world.flies_alone(write));
    assert!(world.flies_alone(read));
    assert!(world.is_urgent(write), "it lowers");
    assert!(!world.is_urgent(read));
    world.clock.advance(SignedDuration::from_hours(24));
    assert!(world.flies_alone(write), "its key is forgotten: its level is read");
}
