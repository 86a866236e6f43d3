//! An item with as many open order lines as are kept.

use lockstep_contracts::operations::v1::{CloseDeadLetterRequest, CloseOutcome};
use lockstep_contracts::orders::v1::{LineShare, OrderLineFacts, OrderLinesChanged};
use lockstep_contracts::settings::v1::StockMode;
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event as _, Metadata};
use lockstep_domain::stock::demand::{Demand, LineRef};
use lockstep_domain::stock::pool::Pool;
use lockstep_domain::{LineItemId, OrderId};
use lockstep_ports::{Delivered, Store as _};
use lockstep_runtime::dead_letters;
use lockstep_runtime::processor::{BatchOutcome, process_batch};
use lockstep_stock_sync::aggregates::{DemandKind, PoolKind};
use lockstep_stock_sync::service::StockProcessor;

use prost::Message as _;

use crate::world::{BEGIN, PLACE, World, sku};

/// Order lines that are kept open of one item.
const OPEN_MAX: i64 = 5_000;

pub fn line(line_id: i64, item: i64, sold: i64) -> OrderLineFacts {
    let warehouse = "wms/MAIN".to_owned();
    let share = LineShare { location_id: PLACE, warehouse, sold, ..LineShare::default() };
    OrderLineFacts {
        line_id,
        variant_id: item,
        inventory_item_id: item,
        quantity: sold,
        shares: vec![share],
        ..OrderLineFacts::default()
    }
}

pub fn order(order_id: i64, revision: u64, lines: Vec<OrderLineFacts>) -> OrderLinesChanged {
    OrderLinesChanged {
        store: "north".to_owned(),
        order_id,
        revision,
        as_of: Some(to_proto(BEGIN)),
        routed: true,
        cancelled: false,
        lines,
    }
}

fn delivered(event: &OrderLinesChanged) -> Delivered {
    let id = format!("{}/{}", event.order_id, event.revision);
    let metadata = Metadata::new(id, "test", OrderLinesChanged::TYPE, BEGIN);
    let headers = metadata.to_headers().into_iter().map(|(n, v)| (n.to_owned(), v));
    Delivered {
        stream: OrderLinesChanged::STREAM,
        sequence: 1,
        subject: String::new(),
        headers: headers.collect(),
        body: event.encode_to_vec().into(),
        attempt: 1,
        ack_subject: String::new(),
    }
}

async fn owed(world: &World, item: i64) -> i64 {
    let pool = world.engine.read::<PoolKind>(&format!("wms/{}", sku(item))).await;
    let pool: Pool = pool.expect("a state").unwrap_or_default();
    pool.owed(&"MAIN".parse().expect("a code"))
}

async fn is_kept(world: &World, order: i64) -> bool {
    let demand = world.engine.read::<DemandKind>("north/1").await;
    let demand: Demand = demand.expect("a state").unwrap_or_default();
    demand.has(LineRef { order: OrderId(order), line: LineItemId(1) })
}

/// The other lines of the order are owed; the letter stands for the one, until there is room.
#[tokio::test]
async fn an_item_at_its_bound_keeps_no_other_line_out() {
    let world = World::live(StockMode::Delta, &[2]).await;
    let many = (1..=OPEN_MAX).map(|n| line(n, 1, 1)).collect();
    world.take(&order(1, 1, many)).await;
    let mixed = order(2, 1, vec![line(1, 1, 1), line(2, 2, 3)]);
    let batch = [delivered(&mixed)];
    let outcome = process_batch(&world.engine, &StockProcessor, "orders", &batch).await;
    assert_eq!(outcome.expect("taken"), BatchOutcome { decided: 0, doubles: 0, dead: 1 });
    assert_eq!((owed(&world, 2).await, is_kept(&world, 2).await), (3, false));
    let letters = world.store.dead_letters(false, None, 10).await.expect("letters");
    let reason = &letters[0].reason;
    assert!(
        reason.starts_with("line 1 of order 2, inventory item 1: 5000 order lines"),
        "{reason}"
    );
    assert!(reason.contains("fulfil or cancel some at Shopify"), "{reason}");

    let retry = CloseDeadLetterRequest { id: letters[0].id.to_string(), retry: true };
    let close = || dead_letters::close(&world.engine, Some(&StockProcessor), &retry);
    assert_eq!(close().await.expect("answered").outcome(), CloseOutcome::FailedAgain);
    let open = world.store.dead_letters(false, None, 10).await.expect("letters");
    assert_eq!((open.len(), open[0].attempts), (1, 2), "the same letter stands");
    world.take(&order(1, 2, vec![line(7, 1, 0)])).await;
    assert_eq!(close().await.expect("answered").outcome(), CloseOutcome::Closed);
    assert_eq!((owed(&world, 2).await, is_kept(&world, 2).await), (3, true));
    assert!(world.store.dead_letters(false, None, 10).await.expect("letters").is_empty());
}
