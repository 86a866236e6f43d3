//! The named cases of the design, worked out by hand.
#![expect(clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

use lockstep_oracle::{
    Amount, Baseline, Basis, Fact, History, Level, Line, OrderLine, Place, Seen, Share, Violation,
    Word, absolute, at_rest, delta, rise,
};

fn place() -> Place {
    Place { warehouse: "wms/MAIN".to_owned(), sku: "LAMP".to_owned() }
}

fn level(store: &str) -> Level {
    Level { store: store.to_owned(), places: vec![place()], buffer: 0 }
}

fn line(store: &str, order: i64) -> Line {
    Line { store: store.to_owned(), order, line: 1 }
}

fn counted(units: i64, at: i64) -> Fact {
    Fact::Counted { place: place(), quantity: Amount::units(units), at }
}

fn moved(units: i64, at: i64) -> Fact {
    Fact::Moved { place: place(), quantity: Amount::units(units), at }
}

fn sold(store: &str, order: i64, revision: u64, units: i64) -> Fact {
    let shares = vec![Share { place: place(), sold: units }];
    Fact::Ordered(OrderLine { line: line(store, order), revision, shares, put_back: Vec::new() })
}

fn taken(store: &str, order: i64, word: Word, units: i64, at: i64) -> Fact {
    let quantity = Amount::units(units);
    Fact::Taken { place: place(), line: line(store, order), word, quantity, at }
}

/// Counted at ten at the moment 100, and then these.
fn told(facts: &[Fact]) -> History {
    let mut history = History::default();
    history.tell("count", counted(10, 100));
    for (index, fact) in facts.iter().enumerate() {
        history.tell(format!("fact {index}"), fact.clone());
    }
    history
}

fn numbers(history: &History, store: &str) -> (i64, i64, i64) {
    let position = history.position(&place()).expect("it was counted").floor();
    let available = history.available_target(&level(store)).expect("it was counted");
    (position, available, history.delta_target(&level(store)).expect("it was counted"))
}

#[test]
fn unknown_is_not_zero() {
    let mut history = History::default();
    history.tell("m", moved(5, 10));
    assert_eq!(history.position(&place()), None);
    assert_eq!(history.available_target(&level("north")), None);
    history.tell("c", counted(3, 20));
    assert_eq!(history.position(&place()), Some(Amount::units(3)), "the movement was before it");
}

#[test]
fn what_is_told_twice_counts_once() {
    let mut history = told(&[]);
    history.tell("m", moved(5, 110));
    history.tell("m", moved(5, 110));
    assert_eq!(history.position(&place()), Some(Amount::units(15)));
}

#[test]
fn of_two_counts_the_later_one_stands() {
    let history = told(&[counted(7, 120), moved(1, 110), moved(2, 130)]);
    assert_eq!(history.position(&place()), Some(Amount::units(9)));
}

#[test]
fn a_sale_is_owed_by_every_store_and_sent_to_the_others_alone() {
    let history = told(&[sold("north", 1, 1, 2)]);
    assert_eq!(numbers(&history, "north"), (10, 8, 10));
    assert_eq!(numbers(&history, "south"), (10, 8, 8));
}

/// The pick of an order with two stores on one warehouse: position and owed fall together.
#[test]
fn the_pick_of_a_known_order_changes_no_target() {
    let sale = sold("north", 1, 1, 2);
    let history = told(&[sale.clone(), taken("north", 1, Word::Pick, 2, 110)]);
    assert_eq!(numbers(&history, "north"), (8, 8, 10));
    assert_eq!(numbers(&history, "south"), (8, 8, 8));
    let sent = told(&[
        sale,
        taken("north", 1, Word::Pick, 2, 110),
        taken("north", 1, Word::Shipment, 2, 120),
    ]);
    assert_eq!(numbers(&sent, "south"), (8, 8, 8), "the greatest of the words, never their sum");
}

#[test]
fn a_pick_of_an_unheard_order_opens_its_line() {
    let history = told(&[taken("north", 1, Word::Pick, 2, 110)]);
    assert_eq!(numbers(&history, "north"), (8, 8, 10));
    assert_eq!(numbers(&history, "south"), (8, 8, 8));
}

/// A report dated at or before the last count changes no position and moves what is taken.
#[test]
fn a_late_pick_of_before_the_count_ends_what_is_owed() {
    let late = taken("north", 1, Word::Pick, 2, 90);
    let history = told(&[sold("north", 1, 1, 3), late]);
    assert_eq!(numbers(&history, "south"), (10, 9, 9));
    assert_eq!(numbers(&history, "north"), (10, 9, 12));
}

#[test]
fn a_cancellation_ends_what_is_owed_and_a_taken_unit_stays_gone() {
    let cancelled = told(&[sold("north", 1, 1, 2), sold("north", 1, 2, 0)]);
    assert_eq!(numbers(&cancelled, "south"), (10, 10, 10));
    let picked = told(&[
        sold("north", 1, 2, 0),
        sold("north", 1, 1, 2),
        taken("north", 1, Word::Pick, 2, 110),
    ]);
    assert_eq!(numbers(&picked, "north"), (8, 8, 8));
}

/// Refunds of each restock type after the goods were sent.
#[test]
fn a_restock_rises_once_at_the_store_that_put_it_back() {
    let gone = [sold("north", 1, 1, 2), taken("north", 1, Word::Pick, 2, 110)];
    let share = Share { place: place(), sold: 1 };
    let put_back = Fact::Ordered(OrderLine {
        line: line("north", 1),
        revision: 2,
        shares: vec![Share { place: place(), sold: 2 }],
        put_back: vec![share],
    });
    let booked = Fact::BookedBack {
        place: place(),
        line: line("north", 1),
        quantity: Amount::units(1),
        at: 120,
    };
    let [sale, pick] = gone;
    let not_booked = told(&[sale.clone(), pick.clone(), put_back.clone()]);
    assert_eq!(numbers(&not_booked, "north"), (8, 8, 10), "a restock that nobody booked");
    let both = told(&[sale.clone(), pick.clone(), put_back, booked.clone()]);
    assert_eq!(numbers(&both, "north"), (9, 9, 10), "Shopify had counted it by itself");
    assert_eq!(numbers(&both, "south"), (9, 9, 9));
    let unrestocked = told(&[sale, pick, booked]);
    assert_eq!(numbers(&unrestocked, "north"), (9, 9, 11), "goods that Shopify did not put back");
}

#[test]
fn parts_are_rounded_down_and_a_buffer_is_kept_back() {
    let half = Fact::Moved { place: place(), quantity: Amount::parts(-5_000), at: 110 };
    let history = told(&[half]);
    let kept = Level { buffer: 3, ..level("north") };
    assert_eq!(history.available_target(&kept), Some(6));
}

#[test]
fn several_warehouses_of_a_location_add_up() {
    let east = Place { warehouse: "wms/EAST".to_owned(), sku: "LAMP".to_owned() };
    let mut history = told(&[]);
    let quantity = Amount::units(4);
    history.tell("east", Fact::Counted { place: east.clone(), quantity, at: 100 });
    let both = Level { places: vec![place(), east], ..level("north") };
    assert_eq!(history.available_target(&both), Some(14));
}

#[test]
fn violations_are_told_in_words() {
    let history = told(&[sold("north", 1, 1, 2)]);
    let seen = |available, committed| Seen { available, committed };
    assert_eq!(absolute(&history, "l", &level("north"), seen(8, 2)), None);
    let found = absolute(&history, "north/1", &level("north"), seen(9, 2)).expect("a violation");
    assert_eq!(found.to_string(), "north/1 shows 9 and must show 8");
    let baseline = Baseline { available: 40, target: 10, by_others: 0 };
    assert_eq!(delta(&history, "l", &level("south"), baseline, seen(38, 0)), None);
    assert!(delta(&history, "l", &level("south"), baseline, seen(40, 0)).is_some());
    let at = |north, south| at_rest(&history, Basis::Physical, &place(), &[north, south]);
    assert_eq!(at(seen(8, 2), seen(8, 0)), None);
    assert!(matches!(at(seen(8, 2), seen(10, 0)), Some(Violation::Unbalanced { shown: 12, .. })));
    assert_eq!(rise("l", (5, 8), 8), None);
    assert_eq!(rise("l", (9, 8), 5), None, "a fall is no promise");
    assert!(rise("l", (5, 9), 8).is_some());
}
