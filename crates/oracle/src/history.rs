//! Facts, and the numbers that follow from all of them together.

use std::collections::{BTreeMap, BTreeSet};

use crate::amount::Amount;

/// A moment, in milliseconds since any fixed one.
pub type Moment = i64;

/// A thing in a warehouse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The warehouse, `{backoffice}/{code}`.
    pub warehouse: String,
    /// The back office's code of the thing.
    pub sku: String,
}

/// An order line of a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The store.
    pub store: String,
    /// Shopify's id of the order.
    pub order: i64,
    /// Shopify's id of the line.
    pub line: i64,
}

/// What a lowering report says was done with the goods of an order line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// The order was accepted.
    Accept,
    /// The goods were promised to it.
    Allocation,
    /// They were picked.
    Pick,
    /// They left.
    Shipment,
    /// They were billed.
    Invoice,
}

/// Of an order line, what one warehouse owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The thing and the warehouse.
    pub place: Place,
    /// Units claimed at Shopify there; fulfilled ones stay counted.
    pub sold: i64,
}

/// What Shopify says of an order line, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The line.
    pub line: Line,
    /// Of two that speak of one line the higher one holds.
    pub revision: u64,
    /// Who owes it.
    pub shares: Vec<Share>,
    /// Sent units that Shopify itself put back on sale, by the place where they came back.
    pub put_back: Vec<Share>,
}

/// One plain fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// How much there was at a moment.
    Counted {
        /// Where, and of what.
        place: Place,
        /// How much.
        quantity: Amount,
        /// The moment.
        at: Moment,
    },
    /// Goods came or went, for no order.
    Moved {
        /// Where, and of what.
        place: Place,
        /// By how much the number changed.
        quantity: Amount,
        /// When.
        at: Moment,
    },
    /// Goods of an order line left the back office's number.
    Taken {
        /// Where, and of what.
        place: Place,
        /// Whose.
        line: Line,
        /// What was done with them.
        word: Word,
        /// How much.
        quantity: Amount,
        /// When.
        at: Moment,
    },
    /// Goods of an order line came back into the back office's number.
    BookedBack {
        /// Where, and of what.
        place: Place,
        /// Whose they had been.
        line: Line,
        /// How much.
        quantity: Amount,
        /// When.
        at: Moment,
    },
    /// An order line is so.
    Ordered(OrderLine),
}

/// A level of a store: who stands behind it, and what is kept back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The store.
    pub store: String,
    /// Everything that the location offers of the item.
    pub places: Vec<Place>,
    /// Units kept back.
    pub buffer: i64,
}

/// Facts, each by the id that its reporter gave it.
#[derive(Clone, Debug, Default)]
pub struct History {
    facts: BTreeMap<String, Fact>,
}

impl History {
    /// Adds a fact. A second one of the same id is the same fact told again, and nothing.
    pub fn tell(&mut self, id: impl Into<String>, fact: Fact) {
        self.facts.entry(id.into()).or_insert(fact);
    }

    /// Only the facts whose ids are known.
    #[must_use]
    pub fn known(&self, is_known: impl Fn(&str) -> bool) -> Self {
        let known = self.facts.iter().filter(|(id, _)| is_known(id));
        Self { facts: known.map(|(id, fact)| (id.clone(), fact.clone())).collect() }
    }

    /// What the warehouse holds: its last count and what changed it since. Nothing while it was
    /// never counted.
    #[must_use]
    pub fn position(&self, place: &Place) -> Option<Amount> {
        let counts = self.facts.iter().filter_map(|(id, fact)| match fact {
            Fact::Counted { place: at_place, quantity, at } if at_place == place => {
                Some((*at, id, *quantity))
            }
            _ => None,
        });
        let (at, _, counted) = counts.max()?;
        Some(counted + self.moved_since(place, at) - self.taken_since(place, at))
    }

    fn moved_since(&self, place: &Place, since: Moment) -> Amount {
        let moved = self.facts.values().filter_map(|fact| match fact {
            Fact::Moved { place: at_place, quantity, at }
            | Fact::BookedBack { place: at_place, quantity, at, .. }
                if at_place == place && *at > since =>
            {
                Some(*quantity)
            }
            _ => None,
        });
        moved.sum()
    }

    /// Each line takes what it took in all, less what it had taken by the count.
    fn taken_since(&self, place: &Place, since: Moment) -> Amount {
        let taken = |line| self.taken(line, place, None) - self.taken(line, place, Some(since));
        self.lines_at(place).iter().map(taken).sum()
    }

    /// What is gone of a line: the greatest of what the words about it come to, never their sum.
    fn taken(&self, line: &Line, place: &Place, until: Option<Moment>) -> Amount {
        let mut by_word: BTreeMap<Word, Amount> = BTreeMap::new();
        for fact in self.facts.values() {
            if let Fact::Taken { place: at_place, line: of, word, quantity, at } = fact
                && (at_place, of) == (place, line)
                && until.is_none_or(|until| *at <= until)
            {
                let sum = by_word.entry(*word).or_default();
                *sum = *sum + *quantity;
            }
        }
        by_word.into_values().max().unwrap_or_default().max(Amount::ZERO)
    }

    /// Every line that owes or took something here.
    fn lines_at(&self, place: &Place) -> BTreeSet<Line> {
        let of = |fact: &Fact| match fact {
            Fact::Taken { place: at_place, line, .. }
            | Fact::BookedBack { place: at_place, line, .. }
                if at_place == place =>
            {
                Some(line.clone())
            }
            Fact::Ordered(order) => {
                let mut shares = order.shares.iter().chain(&order.put_back);
                shares.any(|share| share.place == *place).then(|| order.line.clone())
            }
            _ => None,
        };
        self.facts.values().filter_map(of).collect()
    }

    /// The newest word of Shopify about a line.
    fn order(&self, line: &Line) -> Option<&OrderLine> {
        let orders = self.facts.values().filter_map(|fact| match fact {
            Fact::Ordered(order) if order.line == *line => Some(order),
            _ => None,
        });
        orders.max_by_key(|order| order.revision)
    }

    /// Units claimed of a line; of an order that nobody heard of, as much as was taken.
    fn sold(&self, line: &Line, place: &Place) -> Amount {
        match self.order(line) {
            None => self.taken(line, place, None),
            Some(order) => units_at(&order.shares, place),
        }
    }

    /// What is sold at a place and not yet taken from its number, by some stores.
    #[must_use]
    pub fn owed(&self, place: &Place, by: impl Fn(&str) -> bool) -> Amount {
        let lines = self.lines_at(place);
        let owed = |line: &Line| {
            (self.sold(line, place) - self.taken(line, place, None)).max(Amount::ZERO)
        };
        lines.iter().filter(|line| by(&line.store)).map(owed).sum()
    }

    /// What a store's own lines did to a number, which its Shopify had counted by itself.
    fn own(&self, store: &str, place: &Place) -> Amount {
        let lines = self.lines_at(place);
        let own = |line: &Line| {
            let gone = self.taken(line, place, None).min(self.sold(line, place));
            let put_back = self.order(line).map_or(Amount::ZERO, |o| units_at(&o.put_back, place));
            gone - self.booked_back(line, place).min(put_back)
        };
        lines.iter().filter(|line| line.store == store).map(own).sum()
    }

    fn booked_back(&self, line: &Line, place: &Place) -> Amount {
        let booked = self.facts.values().filter_map(|fact| match fact {
            Fact::BookedBack { place: at_place, line: of, quantity, .. }
                if (at_place, of) == (place, line) =>
            {
                Some(*quantity)
            }
            _ => None,
        });
        booked.sum()
    }

    /// What a level may sell: nothing known where a place was never counted.
    #[must_use]
    pub fn available_target(&self, level: &Level) -> Option<i64> {
        let mut sum = -level.buffer;
        for place in &level.places {
            let held = Amount::units(self.position(place)?.floor());
            sum += (held - self.owed(place, |_| true)).floor();
        }
        Some(sum)
    }

    /// The number whose changes a level is told: as if the store's own orders had never touched the
    /// back office. Nothing known where a place was never counted.
    #[must_use]
    pub fn delta_target(&self, level: &Level) -> Option<i64> {
        let mut sum = -level.buffer;
        for place in &level.places {
            let held = self.position(place)? + self.own(&level.store, place);
            let others = self.owed(place, |store| store != level.store);
            sum += (Amount::units(held.floor()) - others).floor();
        }
        Some(sum)
    }
}

fn units_at(shares: &[Share], place: &Place) -> Amount {
    let here = shares.iter().filter(|share| share.place == *place);
    Amount::units(here.map(|share| share.sold).sum())
}
