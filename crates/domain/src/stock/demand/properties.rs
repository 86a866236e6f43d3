//! What holds for every history of a line.

use proptest::prelude::*;

use super::tests::{
    Bench, Fact, accepted, back_at, code, count, counted_at, moved, pick, restock, share, shipment,
};
use super::{Demand, ShareSaid};
use crate::ids::{LocationId, StoreId};
use crate::quantity::Quantity;
use crate::stock::pool::{Counted, Pool};
use crate::stock::report::{MovementKind, ReportKind};
use crate::testing::id;

/// One revision of an order: units at two warehouses and at none, of the first some accepted.
#[derive(Debug, Clone)]
struct Revision {
    sold: [i64; 2],
    unrouted: i64,
    accepted: i64,
    released: i64,
    fulfilled: i64,
    restocked: i64,
    /// Of the units at the second warehouse, those that Shopify counts elsewhere.
    elsewhere: i64,
    dropped: i64,
}

#[derive(Debug, Clone)]
struct Life {
    revisions: Vec<Revision>,
    /// Of two shipments, the units of each revision.
    shipments: [Vec<i64>; 2],
    picks: Vec<(i64, i64)>,
    returns: Vec<(i64, i64)>,
    /// Booked at the second warehouse.
    returns_apart: Vec<(i64, i64)>,
    moves: Vec<(i64, i64)>,
    counts: Vec<(i64, i64)>,
}

fn revision() -> impl Strategy<Value = Revision> {
    let sold = (0_i64..6, 0_i64..3, 0_i64..3, 0_i64..3, 0_i64..3);
    (sold, 0_i64..5, 0_i64..2, 0_i64..3, 0_i64..3).prop_map(
        |(
            (here, there, unrouted, elsewhere, dropped),
            accepted,
            released,
            fulfilled,
            restocked,
        )| {
            Revision {
                sold: [here, there],
                unrouted,
                accepted,
                released,
                fulfilled: fulfilled.min(here),
                restocked,
                elsewhere: elsewhere.min(there),
                dropped,
            }
        },
    )
}

fn life() -> impl Strategy<Value = Life> {
    let units = || prop::collection::vec(0_i64..4, 0..3);
    (
        prop::collection::vec(revision(), 0..6),
        [units(), units()],
        prop::collection::vec((1_i64..3, 0_i64..40), 0..3),
        prop::collection::vec((1_i64..3, 0_i64..40), 0..3),
        prop::collection::vec((1_i64..3, 0_i64..40), 0..3),
        prop::collection::vec((1_i64..9, 0_i64..40), 0..3),
        prop::collection::vec((0_i64..50, 0_i64..40), 0..3),
    )
        .prop_map(|(revisions, shipments, picks, returns, returns_apart, moves, counts)| {
            Life { revisions, shipments, picks, returns, returns_apart, moves, counts }
        })
}

/// Every revision has its own moment, so that no two reports of a warehouse share one.
fn moment(revision: u64) -> i64 {
    i64::try_from(revision).expect("small") * 6
}

fn facts(life: &Life) -> Vec<Fact> {
    let mut facts = Vec::new();
    let numbered = || 1_u64..;
    for (n, told) in numbered().zip(&life.revisions) {
        let here = ShareSaid {
            released: told.released,
            fulfilled: told.fulfilled,
            ..accepted(share("W1", told.sold[0]), told.accepted, moment(n))
        };
        let there = share("W2", told.sold[1] - told.elsewhere);
        let elsewhere = counted_at(share("W2", told.elsewhere), LocationId(9));
        facts.push(Fact::Order {
            revision: n,
            shares: vec![here, there, elsewhere, share("", told.unrouted)],
            dropped: told.dropped,
            restocked: (told.restocked > 0)
                .then(|| restock(1, told.restocked))
                .into_iter()
                .collect(),
        });
    }
    for (name, units) in ["s", "t"].into_iter().zip(&life.shipments) {
        for (n, units) in numbered().zip(units) {
            facts.push(shipment(name, n, *units, moment(n) + 1));
        }
    }
    for (n, (units, at)) in life.picks.iter().enumerate() {
        facts.push(pick(&format!("p{n}"), *units, *at));
    }
    for (n, (units, at)) in life.returns.iter().enumerate() {
        facts.push(back_at("W1", &format!("r{n}"), *units, *at));
    }
    for (n, (units, at)) in life.returns_apart.iter().enumerate() {
        facts.push(back_at("W2", &format!("q{n}"), *units, *at));
    }
    for (n, (units, at)) in life.moves.iter().enumerate() {
        facts.push(moved(&format!("m{n}"), MovementKind::Receiving, *units, *at, None));
    }
    for (n, (units, at)) in life.counts.iter().enumerate() {
        facts.push(count(&format!("c{n}"), *units, *at));
    }
    facts
}

fn stages() -> impl Strategy<Value = Vec<ReportKind>> {
    prop_oneof![
        Just(vec![ReportKind::Accept]),
        Just(vec![ReportKind::Pick, ReportKind::Shipment]),
        Just(vec![ReportKind::Accept, ReportKind::Shipment]),
    ]
}

/// What a line takes up to a moment, by its definition: the greatest of the lowering reports.
fn taken(life: &Life, stages: &[ReportKind], until: i64) -> i64 {
    let accepted = || {
        let told = (1_u64..).zip(&life.revisions).filter(|(n, _)| moment(*n) <= until);
        told.last().map_or(0, |(_, told)| told.accepted + told.released)
    };
    let shipped = || {
        let of_one = |revisions: &Vec<i64>| {
            let told = (1_u64..).zip(revisions).filter(|(n, _)| moment(*n) < until);
            told.last().map_or(0, |(_, units)| *units)
        };
        life.shipments.iter().map(of_one).sum::<i64>()
    };
    let picked: i64 =
        life.picks.iter().filter(|(_, at)| *at <= until).map(|(units, _)| units).sum();
    let mut taken = picked;
    for stage in stages {
        taken = taken.max(match stage {
            ReportKind::Accept => accepted(),
            ReportKind::Shipment => shipped(),
            _ => 0,
        });
    }
    taken
}

fn position(life: &Life, stages: &[ReportKind]) -> Option<i64> {
    let counts = life.counts.iter().enumerate();
    let (counted_at, _, counted) = counts.map(|(n, (units, at))| (*at, n, *units)).max()?;
    let moves = life.moves.iter().chain(&life.returns);
    let moved: i64 = moves.filter(|(_, at)| *at > counted_at).map(|(units, _)| units).sum();
    let fell = taken(life, stages, i64::MAX) - taken(life, stages, counted_at);
    Some(counted + moved - fell)
}

type Numbers = (Option<Quantity>, (i64, i64), Quantity, (i64, i64), Counted);

/// What a pool comes to; how news was absorbed on the way is not compared.
fn numbers(pool: &Pool) -> Vec<Numbers> {
    let a: StoreId = id("a");
    let at = |name: &str| {
        let w = code(name);
        let sold = (pool.known_sold(&w, &a), pool.known_open(&w, &a));
        let owed = (pool.owed(&w), pool.owed_elsewhere(&w, &a));
        (pool.position(&w), owed, pool.own(&w, &a), sold, pool.counted_away(&a, LocationId(9)))
    };
    vec![at("W1"), at("W2")]
}

proptest! {
    /// Any order of arrival, and any second delivery, gives one state: that which the facts define.
    #[test]
    fn facts_movements_and_counts_in_any_order_give_one_state(
        (life, shuffled) in life().prop_flat_map(|life| {
            let order: Vec<_> = (0..facts(&life).len()).collect();
            (Just(life), Just(order).prop_shuffle())
        }),
        stages in stages(),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        linked_at in any::<prop::sample::Index>(),
    ) {
        let in_order = facts(&life);
        let one = Bench::linked(&stages).play(in_order.clone());
        let mut arrived: Vec<_> = shuffled.iter().map(|n| in_order[*n].clone()).collect();
        if !in_order.is_empty() {
            arrived.extend(repeats.iter().map(|index| index.get(&in_order).clone()));
        }
        let linked_at = linked_at.index(arrived.len() + 1);
        let mut other = Bench::new(&stages).play(arrived[..linked_at].to_vec());
        other.link("SKU");
        let other = other.play(arrived[linked_at..].to_vec());

        prop_assert_eq!(numbers(&one.pool()), numbers(&other.pool()));
        prop_assert_eq!(&one.demand, &other.demand);
        prop_assert_eq!(one.pool().held_back(), other.pool().held_back());
        let wanted = position(&life, &stages).map(Quantity::from_units);
        prop_assert_eq!(one.pool().position(&code("W1")), wanted);
        let newest = life.revisions.last();
        let sold = newest.map_or_else(|| taken(&life, &stages, i64::MAX), |told| told.sold[0]);
        let ended = taken(&life, &stages, i64::MAX).max(newest.map_or(0, |told| told.released));
        prop_assert_eq!(one.pool().owed(&code("W1")), (sold - ended).max(0));
        // Shopify puts them back at the first; wherever they are booked, they are the same goods.
        let returns = life.returns.iter().chain(&life.returns_apart);
        let booked_back: i64 = returns.map(|(units, _)| units).sum();
        let came_back = booked_back.min(newest.map_or(0, |told| told.restocked));
        let own = taken(&life, &stages, i64::MAX).min(sold) - came_back;
        prop_assert_eq!(one.pool().own(&code("W1"), &id("a")), Quantity::from_units(own));
        let away = one.pool().counted_away(&id("a"), LocationId(9)).sold;
        prop_assert_eq!(away, newest.map_or(0, |told| told.elsewhere));
        prop_assert_eq!(one.pool().held_back(), newest.map_or(0, |told| told.unrouted));
    }

    /// States survive their stored form, sums included.
    #[test]
    fn states_survive_their_stored_form(life in life(), stages in stages()) {
        let bench = Bench::linked(&stages).play(facts(&life));
        let stored = serde_json::to_string(&(&bench.demand, bench.pool())).expect("stored");
        let (demand, pool): (Demand, Pool) = serde_json::from_str(&stored).expect("read");
        prop_assert_eq!(&demand, &bench.demand);
        prop_assert_eq!(pool, bench.pool());
    }
}
