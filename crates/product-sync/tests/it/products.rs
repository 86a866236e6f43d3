//! Product reports of a back office, in any order.

use lockstep_contracts::backoffice::v1::{Product, ProductReported};
use lockstep_contracts::catalog::v1::{ConflictKind, LinkOrigin};

use crate::world::World;

#[tokio::test]
async fn the_later_statement_stands_whatever_comes_first() {
    let world = World::start(250, &[]).await;
    // Of A the deletion is older than the report, of B it is younger; both arrive the other way.
    world.deletion("A", 1).await;
    world.product("A", &["111"], 2).await;
    world.product("B", &["222"], 1).await;
    world.deletion("B", 2).await;
    world.product("C", &["new"], 5).await;
    world.product("C", &["old"], 3).await;
    for (id, barcode) in [(1, "111"), (2, "222"), (3, "new"), (4, "old")] {
        world.shopify.put(id, "", barcode);
    }
    world.sync().await;
    let links = world.links().await;
    assert_eq!(links[&1], ("A".to_owned(), LinkOrigin::Barcode));
    assert_eq!(links[&3].0, "C");
    assert_eq!(links.len(), 2);
    let kinds = world.kinds().await;
    assert_eq!((kinds[&2], kinds[&4]), (ConflictKind::Unknown, ConflictKind::Unknown));
    assert!(world.differences().await.is_empty());
}

#[tokio::test]
async fn a_report_that_cannot_be_read_becomes_a_letter() {
    let world = World::start(250, &[]).await;
    let product = Some(Product { sku: "A".to_owned(), ..Product::default() });
    let backoffice = "wms".to_owned();
    let report = ProductReported { backoffice, product, accepted_at: None };
    assert_eq!(world.take(&report).await, 1);
    assert_eq!(world.product("A", &["111"], 1).await, 0);
}
