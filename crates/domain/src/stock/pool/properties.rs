//! What holds for every history of a pool.

use proptest::prelude::*;

use super::tests::{book, count, line, movement, qty, restock, stage, w1};
use super::{BookMovement, Pool, PoolCommand};
use crate::decider::Decider;
use crate::ids::StoreId;
use crate::quantity::Quantity;
use crate::stock::report::MovementKind;
use crate::testing::id;

#[derive(Debug, Clone)]
enum Fact {
    Move { units: i64, at: i64 },
    Stage { kind: MovementKind, order: u8, units: i64, at: i64 },
    Count { units: i64, at: i64 },
    Return { order: u8, units: i64, at: i64 },
    Restock { order: u8, units: i64, revision: u64 },
}

fn fact() -> impl Strategy<Value = Fact> {
    let kind = prop_oneof![
        Just(MovementKind::Allocation),
        Just(MovementKind::Picking),
        Just(MovementKind::Shipment),
        Just(MovementKind::Accept),
    ];
    prop_oneof![
        4 => (-50_i64..50, 0_i64..100)
            .prop_filter("not zero", |(units, _)| *units != 0)
            .prop_map(|(units, at)| Fact::Move { units, at }),
        4 => (kind, 0_u8..3, 1_i64..9, 0_i64..100)
            .prop_map(|(kind, order, units, at)| Fact::Stage { kind, order, units, at }),
        1 => (0_i64..200, 0_i64..100).prop_map(|(units, at)| Fact::Count { units, at }),
        2 => (0_u8..3, 1_i64..4, 0_i64..100)
            .prop_map(|(order, units, at)| Fact::Return { order, units, at }),
        // Each revision says one thing.
        2 => (0_u8..3, 1_u64..9).prop_map(|(order, revision)| Fact::Restock {
            order,
            units: i64::try_from(1 + revision * 5 % 4).expect("small"),
            revision,
        }),
    ]
}

/// What Shopify put back of a line, as the newest revision says.
fn restocked(facts: &[Fact], wanted: u8) -> i64 {
    let told = facts.iter().filter_map(|fact| match *fact {
        Fact::Restock { order, units, revision } if order == wanted => Some((revision, units)),
        _ => None,
    });
    told.max().map_or(0, |(_, units)| units)
}

fn booked_back(facts: &[Fact], wanted: u8) -> i64 {
    let units = |fact: &Fact| match *fact {
        Fact::Return { order, units, .. } if order == wanted => units,
        _ => 0,
    };
    facts.iter().map(units).sum()
}

/// Facts with ids, so that the order of arrival can change without changing the facts.
fn commands(facts: &[Fact]) -> Vec<PoolCommand> {
    let numbered = facts.iter().enumerate();
    numbered
        .map(|(n, fact)| match *fact {
            Fact::Move { units, at } => book(movement(&format!("m{n}"), &units.to_string(), at)),
            Fact::Stage { kind, order, units, at } => {
                let order = Some(line("a", &format!("{order}")));
                let event = format!("s{n}");
                let stage = stage(kind, &event, &(-units).to_string(), at);
                book(BookMovement { order, ..stage })
            }
            Fact::Count { units, at } => count(&format!("c{n:03}"), &units.to_string(), at),
            Fact::Return { order, units, at } => {
                let order = Some(line("a", &format!("{order}")));
                let event = format!("r{n}");
                let back = stage(MovementKind::Return, &event, &units.to_string(), at);
                book(BookMovement { order, ..back })
            }
            Fact::Restock { order, units, revision } => {
                restock(&format!("{order}"), units, revision)
            }
        })
        .collect()
}

fn fold(commands: &[PoolCommand]) -> Pool {
    commands.iter().fold(Pool::default(), |pool, command| {
        let events = Pool::decide(&pool, command).expect("small quantities are accepted");
        Pool::evolve_all(pool, &events)
    })
}

/// The position by its definition, without any of the code under test: the newest count and every
/// later movement, and per order line the rise of its greatest stage since that count.
fn expected(facts: &[Fact]) -> Option<i64> {
    let numbered = facts.iter().enumerate();
    let counts = numbered.filter_map(|(n, fact)| match *fact {
        Fact::Count { units, at } => Some((at, n, units)),
        _ => None,
    });
    let (counted_at, _, counted) = counts.max()?;
    let mut position = counted;
    for fact in facts {
        if let Fact::Move { units, at } | Fact::Return { units, at, .. } = *fact
            && at > counted_at
        {
            position += units;
        }
    }
    for wanted in 0_u8..3 {
        let taken = |until: i64| {
            let kinds = [
                MovementKind::Allocation,
                MovementKind::Picking,
                MovementKind::Shipment,
                MovementKind::Accept,
            ];
            let stage = |kind: MovementKind| -> i64 {
                let of = |fact: &Fact| match *fact {
                    Fact::Stage { kind: k, order, units, at }
                        if k == kind && order == wanted && at <= until =>
                    {
                        units
                    }
                    _ => 0,
                };
                facts.iter().map(of).sum()
            };
            kinds.into_iter().map(stage).max().unwrap_or_default()
        };
        position -= taken(i64::MAX) - taken(counted_at);
    }
    Some(position)
}

proptest! {
    /// Any order of arrival gives the same position, and the one that the facts define.
    #[test]
    fn the_position_does_not_depend_on_the_order_of_arrival(
        (facts, shuffled) in prop::collection::vec(fact(), 0..14).prop_flat_map(|facts| {
            let order = Just((0..facts.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(facts), order)
        })
    ) {
        let in_order = commands(&facts);
        let arrived: Vec<_> = shuffled.iter().map(|n| in_order[*n].clone()).collect();
        let wanted = expected(&facts).map(Quantity::from_units);
        prop_assert_eq!(fold(&in_order).position(&w1()), wanted);
        prop_assert_eq!(fold(&arrived).position(&w1()), wanted);
        let a: StoreId = id("a");
        prop_assert_eq!(fold(&in_order).own(&w1(), &a), fold(&arrived).own(&w1(), &a));
    }

    /// What came back and what Shopify put back, in any order and at any distance from counts:
    /// every other store rises by what was booked, the own one by what Shopify did not put back.
    #[test]
    fn a_unit_that_shopify_put_back_rises_only_in_other_stores(
        (facts, shuffled) in prop::collection::vec(fact(), 0..14).prop_flat_map(|facts| {
            let order = Just((0..facts.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(facts), order)
        })
    ) {
        let returns = |fact: &Fact| matches!(fact, Fact::Return { .. } | Fact::Restock { .. });
        let (mut wanted_own, mut wanted_others) = (0, 0);
        let of_returns: Vec<Fact> = facts.iter().filter(|fact| returns(fact)).cloned().collect();
        for order in 0_u8..3 {
            let booked = booked_back(&of_returns, order);
            wanted_others += booked;
            wanted_own += booked - booked.min(restocked(&of_returns, order));
        }
        let all = commands(&facts);
        let arrived = shuffled.iter().filter(|n| returns(&facts[**n])).map(|n| all[*n].clone());
        let counted = std::iter::once(count("c0", "100", -1));
        let pool = fold(&counted.chain(arrived).collect::<Vec<_>>());
        prop_assert_eq!(pool.delta_units(&w1(), &id("a")), wanted_own);
        prop_assert_eq!(pool.delta_units(&w1(), &id("b")), wanted_others);
        prop_assert_eq!(pool.position(&w1()), Some(Quantity::from_units(100 + wanted_others)));
    }

    /// Whatever the first count held, a store's Delta is the same whether its order or the back
    /// office speaks first of what came back.
    #[test]
    fn when_shopify_tells_of_what_it_put_back_does_not_matter(
        facts in prop::collection::vec(fact(), 0..14),
        place in any::<prop::sample::Index>(),
    ) {
        let mut last = Vec::new();
        let mut told = Vec::new();
        for (fact, command) in facts.iter().zip(commands(&facts)) {
            let list = if matches!(fact, Fact::Restock { .. }) { &mut told } else { &mut last };
            list.push(command);
        }
        let mut among = last.clone();
        let place = place.index(among.len() + 1);
        among.splice(place..place, told.clone());
        last.extend(told);
        let (last, among, a) = (fold(&last), fold(&among), id("a"));
        prop_assert_eq!(last.delta_units(&w1(), &a), among.delta_units(&w1(), &a));
    }

    /// Every command a second time, at any later place, changes no number.
    #[test]
    fn a_second_delivery_changes_no_number(
        facts in prop::collection::vec(fact(), 1..12),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let once = commands(&facts);
        let mut twice = once.clone();
        twice.extend(repeats.iter().map(|index| index.get(&once).clone()));
        let (once, twice) = (fold(&once), fold(&twice));
        let a: StoreId = id("a");
        prop_assert_eq!(once.position(&w1()), twice.position(&w1()));
        prop_assert_eq!(once.delta_units(&w1(), &a), twice.delta_units(&w1(), &a));
        prop_assert_eq!(once.own(&w1(), &a), twice.own(&w1(), &a));
    }

    /// Each event moves the position by exactly what it says.
    #[test]
    fn the_events_add_up_to_the_position(facts in prop::collection::vec(fact(), 0..16)) {
        let mut pool = Pool::default();
        let mut told: Option<Quantity> = None;
        for command in commands(&facts) {
            let events = Pool::decide(&pool, &command).expect("accepted");
            for event in &events {
                match event {
                    super::PoolEvent::MovementBooked(m) => {
                        told = told.map(|told| told.saturating_add(m.applied));
                        prop_assert_eq!(m.position_after, told);
                    }
                    super::PoolEvent::PositionCounted(count) => {
                        prop_assert_eq!(count.before, told);
                        told = Some(count.after);
                    }
                    _ => {}
                }
            }
            pool = Pool::evolve_all(pool, &events);
            prop_assert_eq!(pool.position(&w1()), told);
        }
    }

    /// The first count sends nothing in Delta, for the store that sold and for every other.
    #[test]
    fn the_first_count_is_no_change_for_delta(
        facts in prop::collection::vec(fact(), 0..10),
        units in -100_000_i64..100_000,
        at in 0_i64..100,
    ) {
        let uncounted: Vec<_> =
            facts.into_iter().filter(|fact| !matches!(fact, Fact::Count { .. })).collect();
        let pool = fold(&commands(&uncounted));
        let quantity = Quantity::from_ten_thousandths(units).to_string();
        let event = Pool::decide(&pool, &count("c1", &quantity, at)).expect("accepted");
        let counted = Pool::evolve_all(pool.clone(), &event);
        prop_assert!(counted.position(&w1()).is_some());
        for store in ["a", "b"] {
            let store: StoreId = id(store);
            prop_assert_eq!(counted.delta_units(&w1(), &store), pool.delta_units(&w1(), &store));
        }
    }

    /// What comes to light of the time before the first count sends nothing in Delta: the count
    /// was no change, whatever it already held.
    #[test]
    fn news_from_before_the_first_count_is_no_change_for_delta(
        facts in prop::collection::vec(fact(), 0..14),
    ) {
        let mut pool = Pool::default();
        let mut first: Option<i64> = None;
        let (a, b): (StoreId, StoreId) = (id("a"), id("b"));
        for (fact, command) in facts.iter().zip(commands(&facts)) {
            let before = [pool.delta_units(&w1(), &a), pool.delta_units(&w1(), &b)];
            pool = Pool::evolve_all(pool.clone(), &Pool::decide(&pool, &command).expect("ok"));
            let after = [pool.delta_units(&w1(), &a), pool.delta_units(&w1(), &b)];
            match *fact {
                Fact::Move { at, .. } | Fact::Stage { at, .. } | Fact::Return { at, .. } => {
                    if first.is_some_and(|first| at <= first) {
                        prop_assert_eq!(before, after);
                    }
                }
                Fact::Restock { .. } => {}
                Fact::Count { at, .. } => first = first.or(Some(at)),
            }
        }
    }

    /// Whatever its own orders do at the back office, a store's Delta number stands still, and
    /// every other store's falls by what was taken.
    #[test]
    fn own_orders_never_move_the_own_delta(facts in prop::collection::vec(fact(), 0..12)) {
        let stages: Vec<_> =
            facts.into_iter().filter(|fact| matches!(fact, Fact::Stage { .. })).collect();
        let mut all = vec![count("c0", "100", -1)];
        all.extend(commands(&stages));
        let (a, b): (StoreId, StoreId) = (id("a"), id("b"));
        let pool = fold(&all);
        prop_assert_eq!(pool.delta_units(&w1(), &a), 0);
        let taken = pool.own(&w1(), &a);
        prop_assert_eq!(pool.delta_units(&w1(), &b), -taken.floor_units());
        prop_assert_eq!(pool.position(&w1()), Some(qty("100").saturating_sub(taken)));
    }

    /// State survives its stored form.
    #[test]
    fn the_state_survives_its_stored_form(facts in prop::collection::vec(fact(), 0..12)) {
        let pool = fold(&commands(&facts));
        let stored = serde_json::to_string(&pool).expect("a state can be stored");
        let read: Pool = serde_json::from_str(&stored).expect("a stored state can be read");
        prop_assert_eq!(read, pool);
    }
}
