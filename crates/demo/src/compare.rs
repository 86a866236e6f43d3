//! Both sides beside each other.

use crate::cast::{STORES, UNSTOCKED};
use crate::shopify::{LevelKey, Levels, Shown};
use crate::tell::Teller;
use crate::wms::Ledger;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub key: LevelKey,
    /// Pieces on the shelves.
    pub held: i64,
    /// Those of them that are promised to orders, of whichever store.
    pub promised: i64,
    /// Nothing when the store does not stock it there.
    pub shopify: Option<Shown>,
}

impl Row {
    /// What may still be sold.
    fn free(&self) -> i64 {
        self.held - self.promised
    }

    fn is_equal(&self) -> bool {
        self.shopify.is_some_and(|shown| shown.available == self.free())
    }

    /// True for the level that the story took away, once Shopify does not show it.
    fn is_unstocked(&self) -> bool {
        let LevelKey { store, location, sku } = &self.key;
        self.shopify.is_none() && UNSTOCKED == (*store, location.as_str(), sku.as_str())
    }
}

/// The line of a level: what the warehouses behind its location hold and have promised.
fn row(ledger: &Ledger, key: &LevelKey, shopify: Option<Shown>) -> Row {
    let store = STORES.iter().find(|store| store.id == key.store);
    let places = store.into_iter().flat_map(|store| store.places);
    let places = places.filter(|place| place.location == key.location);
    let warehouses: Vec<&str> = places.map(|place| place.warehouse).collect();
    let sum = |pieces: &dyn Fn(&str) -> i64| warehouses.iter().map(|code| pieces(code)).sum();
    Row {
        held: sum(&|code| ledger.held(code, &key.sku)),
        promised: sum(&|code| ledger.promised(code, &key.sku)),
        key: key.clone(),
        shopify,
    }
}

/// Stocked levels that do not show what the warehouses may still sell.
#[must_use]
pub fn differences(ledger: &Ledger, levels: &Levels) -> Vec<LevelKey> {
    let rows = levels.iter().map(|(key, shown)| row(ledger, key, Some(*shown)));
    rows.filter(|row| !row.is_equal()).map(|row| row.key).collect()
}

/// A row for everything that a store sells at a location.
#[must_use]
pub fn rows(ledger: &Ledger, levels: &Levels) -> Vec<Row> {
    let mut rows = Vec::new();
    for store in STORES {
        for place in store.places {
            for thing in store.things() {
                let (location, sku) = (place.location.to_owned(), thing.sku.to_owned());
                let key = LevelKey { store: store.id, location, sku };
                rows.push(row(ledger, &key, levels.get(&key).copied()));
            }
        }
    }
    rows
}

/// Shows the table and its sum; true when all that can be compared is equal.
pub fn show(tell: &Teller, rows: &[Row]) -> bool {
    let line = |cells: [&str; 7]| {
        let [store, location, sku, held, promised, shopify, verdict] = cells;
        format!(
            "  {store:<7}{location:<10}{sku:<10}{held:>6}{promised:>10}{shopify:>15}  {verdict}"
        )
    };
    let head = ["store", "location", "SKU", "held", "promised", "Shopify sells", ""];
    tell.line(line(head).trim_end());
    tell.line(format!("  {}", "-".repeat(69)));
    for row in rows {
        let shopify = row.shopify.map(|shown| shown.available.to_string());
        let verdict = match row.shopify {
            _ if row.is_unstocked() => "not stocked there any more",
            _ if row.is_equal() => "equal",
            None => "GONE",
            Some(_) => "DIFFERENT",
        };
        let LevelKey { store, location, sku } = &row.key;
        let shopify = shopify.as_deref().unwrap_or("-");
        let (held, promised) = (row.held.to_string(), row.promised.to_string());
        tell.line(line([store, location, sku, &held, &promised, shopify, verdict]));
    }
    let stocked = rows.iter().filter(|row| !row.is_unstocked()).count();
    let equal = rows.iter().filter(|row| row.is_equal()).count();
    let good = equal == stocked && stocked > 0;
    tell.line("");
    tell.verdict(good, &format!("{equal} of {stocked} levels equal"));
    good
}

/// A changed number of a level.
#[must_use]
pub fn change_line(key: &LevelKey, was: i64, is: i64) -> String {
    let place = format!("{} / {}", key.store, key.location);
    format!("{place:<16}{:<10}{was:>4} -> {is}", key.sku)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mugs(code: &str, pieces: i64) -> serde_json::Value {
        json!({ "warehouse": code, "sku": "MUG-1", "quantity": pieces })
    }

    fn ledger(berlin: i64, lyon: i64) -> Ledger {
        let levels = [mugs("BER", berlin), mugs("LYO", lyon), mugs("GHOST", 99)];
        let promised = json!({ "warehouse": "LYO", "sku": "MUG-1", "quantity": 2 });
        let all = json!({ "levels": levels, "reservations": [promised], "waiting": 0,
            "refused": [], "bursts": [] });
        serde_json::from_value(all).expect("as the warehouse answers")
    }

    fn shown(store: &'static str, location: &str, available: i64) -> (LevelKey, Shown) {
        let key = LevelKey { store, location: location.to_owned(), sku: "MUG-1".to_owned() };
        (key, sells(available))
    }

    fn sells(available: i64) -> Shown {
        Shown { on_hand: available + 1, available, committed: 1 }
    }

    #[test]
    fn each_location_is_compared_with_its_own_warehouse() {
        let levels = Levels::from([
            shown("north", "Berlin", 5),
            shown("north", "Lyon", 7),
            shown("south", "Depot", 5),
        ]);
        assert_eq!(differences(&ledger(5, 9), &levels), [], "two in Lyon are promised");
        let wrong = differences(&ledger(5, 8), &levels);
        assert_eq!(wrong, [shown("north", "Lyon", 7).0]);
    }

    #[test]
    fn no_level_may_vanish_but_the_one_that_the_story_takes_away() {
        let row = |location: &str, sku: &str, shopify: Option<i64>| Row {
            key: LevelKey { store: "north", location: location.to_owned(), sku: sku.to_owned() },
            held: 9,
            promised: 2,
            shopify: shopify.map(sells),
        };
        let tell = Teller::start();
        let (equal, unstocked) = (row("Lyon", "MUG-1", Some(7)), row("Lyon", "POSTER-1", None));
        assert!(show(&tell, &[equal.clone(), unstocked]));
        assert!(!show(&tell, &[equal.clone(), row("Lyon", "BOOK-1", None)]), "one is gone");
        assert!(!show(&tell, &[equal, row("Berlin", "MUG-1", Some(6))]), "one differs");
        assert!(!show(&tell, &[]), "nothing compared is nothing proved");
    }
}
