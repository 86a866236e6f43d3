//! Two stores on one warehouse, played against an oracle that shares no code with the rules.
//!
//! Goods move, shops sell, the warehouse picks, shops fulfil and edit; news arrives late, twice and
//! in any order, and writes apply, fail or stay unanswered. When news has stopped, every level
//! shows what the oracle computes from the truth alone, and nothing more is written.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod world;

use lockstep_domain::stock::settings::StockMode;
use proptest::prelude::*;
use world::{Happening, Orders, World};

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (-9_i64..9).prop_map(Happening::Move),
        4 => (0_usize..2, 1_i64..4).prop_map(|(shop, units)| Happening::Sell { shop, units }),
        4 => (0_usize..2).prop_map(|shop| Happening::Pick { shop }),
        3 => (0_usize..2).prop_map(|shop| Happening::Fulfil { shop }),
        2 => (0_usize..2, 1_i64..4).prop_map(|(shop, units)| Happening::EditDown { shop, units }),
        1 => (0_usize..2).prop_map(|shop| Happening::Disconnect { shop }),
        2 => Just(Happening::Count),
        8 => any::<prop::sample::Index>().prop_map(Happening::Deliver),
        2 => any::<prop::sample::Index>().prop_map(Happening::DeliverAgain),
        4 => (0_usize..2, 0_u8..4).prop_map(|(shop, luck)| Happening::Push { shop, luck }),
    ]
}

fn orders() -> impl Strategy<Value = Orders> {
    prop_oneof![Just(Orders::Heard), Just(Orders::Unheard)]
}

proptest! {
    /// Invariant (a) in Absolute: every level equals what is on the shelf less what is sold and
    /// not yet picked, whichever store sold it.
    #[test]
    fn absolute_ends_at_the_target(
        orders in orders(),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let mut world = World::start(StockMode::Absolute, orders);
        for happening in happenings {
            world.play(happening);
        }
        world.settle();
        for shop in 0..2 {
            let expected = world.on_shelf() - world.unpicked(0) - world.unpicked(1);
            prop_assert_eq!(world.available(shop), expected, "shop {}", shop);
        }
        prop_assert_eq!(world.writes_at_rest(), 0);
    }

    /// Invariant (a) in Delta: a level less its baseline is what moved at the warehouse, without
    /// the shop's own picks, its own sales, its edits, and the open sales of the other.
    #[test]
    fn delta_ends_at_the_change(
        orders in orders(),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let mut world = World::start(StockMode::Delta, orders);
        for happening in happenings {
            world.play(happening);
        }
        world.settle();
        for shop in 0..2 {
            let expected = world.at_baseline(shop)
                + (world.on_shelf() - world.shelf_at_baseline())
                + world.picked(shop)
                - world.sold(shop)
                - world.edited(shop)
                - world.unpicked(1 - shop);
            prop_assert_eq!(world.available(shop), expected, "shop {}", shop);
        }
        prop_assert_eq!(world.writes_at_rest(), 0);
    }
}
