//! Who acts: the warehouse, the stores' customers and people, and who tells of orders.

use lockstep_contracts::backoffice::v1::MovementKind;
use lockstep_contracts::settings::v1::StockBasis;
use lockstep_oracle::{Amount, Fact, Line, OrderLine, Share, Word};

use crate::check::place;
use crate::messages::{self, Movement};
use crate::orders::{Order, OrderedLine, Returned};
use crate::scenario::{ITEMS, STORES};
use crate::shopify::SoldMeanwhile;
use crate::world::World;

/// Ten-thousandths of a unit.
const UNIT: i64 = 10_000;

/// What is done with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Accept,
    Pick,
    Ship,
    Cancel,
    PutBack,
    BookBack,
}

impl World {
    /// Something happens.
    pub fn happen(&mut self) {
        if self.random.percent(self.scenario.edits) {
            return match self.random.within(1, 3) {
                1 => self.edit(),
                2 => self.sell(),
                _ => self.sweep(),
            };
        }
        match self.random.within(1, 100) {
            1..=14 => self.move_goods(),
            15..=18 => self.transfer(),
            19..=25 => self.shrink_and_count(),
            26..=50 => self.sell(),
            51..=60 => self.any(Deed::Accept),
            61..=70 => self.any(Deed::Pick),
            71..=79 => self.any(Deed::Ship),
            80..=85 => self.any(Deed::Cancel),
            86..=88 => self.any(Deed::PutBack),
            89..=91 => self.any(Deed::BookBack),
            92..=97 => self.edit(),
            _ => self.sweep(),
        }
    }

    fn is_physical(&self) -> bool {
        self.scenario.basis == StockBasis::Physical
    }

    fn somewhere(&mut self) -> (&'static str, i64) {
        let warehouses = self.scenario.warehouses();
        let place = self.random.place(warehouses.len()).unwrap_or_default();
        let item = self.random.place(ITEMS.len()).unwrap_or_default();
        (
            warehouses.get(place).copied().unwrap_or_default(),
            ITEMS.get(item).copied().unwrap_or_default(),
        )
    }

    fn some_store(&mut self) -> &'static str {
        let place = self.random.place(STORES.len()).unwrap_or_default();
        STORES.get(place).copied().unwrap_or_default()
    }

    fn book(&mut self, at: (&'static str, i64), parts: i64) {
        *self.book.entry(at).or_default() += parts;
    }

    fn report(
        &mut self,
        kind: MovementKind,
        (warehouse, item): (&str, i64),
        parts: i64,
        line: Option<&Line>,
    ) -> (messages::News, i64) {
        let at = self.moment();
        let event_id = format!("m{}", self.number());
        let order = line.map(|l| (format!("{}:{}", l.store, l.order), l.line.to_string()));
        let quantity = Amount::parts(parts).decimal();
        let places = (warehouse, None);
        let moved = Movement { event_id, kind, quantity, item, places, order };
        (messages::movement(moved, at), at.as_millisecond())
    }

    fn move_goods(&mut self) {
        let (warehouse, item) = self.somewhere();
        let (kind, parts) = match self.random.within(0, 5) {
            0 | 1 => (MovementKind::Receiving, self.random.within(1, 9) * UNIT),
            2 => (MovementKind::Scrap, -self.random.within(1, 3) * UNIT),
            3 => (MovementKind::Adjustment, self.random.within(1, 6) * 2_500),
            _ => (MovementKind::Adjustment, -self.random.within(1, 12) * 2_500),
        };
        self.moved((warehouse, item), kind, parts);
    }

    /// Every warehouse receives something of everything.
    pub fn receive_everywhere(&mut self) {
        for warehouse in self.scenario.warehouses() {
            for item in ITEMS {
                self.moved((warehouse, item), MovementKind::Receiving, UNIT);
            }
        }
    }

    fn moved(&mut self, (warehouse, item): (&'static str, i64), kind: MovementKind, parts: i64) {
        self.book((warehouse, item), parts);
        self.note(&format!("{kind:?} of {parts} parts of {item} at {warehouse}"));
        let (news, at) = self.report(kind, (warehouse, item), parts, None);
        let (place, quantity) = (place(warehouse, item), Amount::parts(parts));
        self.tell(news, vec![Fact::Moved { place, quantity, at }]);
    }

    fn transfer(&mut self) {
        let [from, to] = self.scenario.warehouses() else { return };
        let (_, item) = self.somewhere();
        let units = self.random.within(1, 4);
        self.book((from, item), -units * UNIT);
        self.book((to, item), units * UNIT);
        self.note(&format!("transfer of {units} of {item}"));
        let at = self.moment();
        let moved = Movement {
            event_id: format!("m{}", self.number()),
            kind: MovementKind::Transfer,
            quantity: units.to_string(),
            item,
            places: (from, Some(to)),
            order: None,
        };
        let news = messages::movement(moved, at);
        let moved = |code, units| Fact::Moved {
            place: place(code, item),
            quantity: Amount::units(units),
            at: at.as_millisecond(),
        };
        self.tell(news, vec![moved(from, -units), moved(to, units)]);
    }

    fn shrink_and_count(&mut self) {
        let at = self.somewhere();
        if self.random.percent(40) {
            let lost = self.random.within(-1, 3);
            self.book(at, -lost * UNIT);
        }
        self.count(at);
    }

    /// A warehouse counts an item.
    pub fn count(&mut self, (warehouse, item): (&'static str, i64)) {
        let at = self.moment();
        let parts = self.book.get(&(warehouse, item)).copied().unwrap_or_default();
        let quantity = Amount::parts(parts);
        self.note(&format!("count of {item} at {warehouse}: {}", quantity.decimal()));
        let id = format!("c{}", self.number());
        let news = messages::count(&id, (item, warehouse), quantity.decimal(), at);
        let (place, at) = (place(warehouse, item), at.as_millisecond());
        self.tell(news, vec![Fact::Counted { place, quantity, at }]);
    }

    fn sell(&mut self) {
        let store = self.some_store();
        let mut lines = Vec::new();
        for _ in 0..self.random.within(1, 2) {
            let locations = self.scenario.locations(store);
            let place = self.random.place(locations.len()).unwrap_or_default();
            let Some((location, _)) = locations.get(place).copied() else { continue };
            let (_, item) = self.somewhere();
            let units = self.random.within(1, 3);
            let level = (store.to_owned(), item, location);
            self.moment();
            self.parts.shopify.change(&level, -units, units);
            lines.push((item, location, units));
        }
        self.order(store, &lines);
    }

    /// What somebody bought while a call was on its way becomes an order.
    pub fn ordered_meanwhile(&mut self, sold: &SoldMeanwhile) {
        let (store, item, location) = &sold.level;
        self.note("while a call is on its way");
        self.order(&store.clone(), &[(*item, *location, sold.units)]);
    }

    fn order(&mut self, store: &str, sold: &[(i64, i64, i64)]) {
        let locations = self.scenario.locations(store);
        let id = 1_000 + i64::try_from(self.number()).unwrap_or_default();
        let mut lines = Vec::new();
        for (index, (item, location, units)) in sold.iter().enumerate() {
            let served = locations.iter().find(|(other, _)| other == location);
            lines.push(OrderedLine {
                id: id * 10 + i64::try_from(index).unwrap_or_default(),
                item: *item,
                location: *location,
                warehouse: served.map(|(_, warehouse)| *warehouse).unwrap_or_default(),
                ordered: *units,
                cancelled: None,
                fulfilled: 0,
                is_picked: false,
                is_shipped: false,
                accepted: None,
                returns: Vec::new(),
                booked_back: 0,
            });
        }
        self.note(&format!("order {id} of {store}: {sold:?}"));
        let store = store.to_owned();
        self.orders.push(Order { store, id, revision: 0, is_cancelled: false, lines });
        self.announce(self.orders.len() - 1, None);
    }

    /// order-sync tells an order anew; where it is what tells it first, with what was accepted.
    fn announce(&mut self, index: usize, accepted: Option<(String, Fact)>) {
        let at = self.moment();
        let Some(order) = self.orders.get_mut(index) else { return };
        order.revision += 1;
        let order = order.clone();
        let news = messages::order(&order, at);
        if let Some((id, fact)) = accepted {
            self.facts.tell(id, fact);
        }
        for line in order.lines.iter().filter(|line| line.accepted.is_some()) {
            let by = self.told_by.entry(accept_id(line.id)).or_default();
            by.push(news.id.clone());
        }
        let facts = order.lines.iter().map(|line| Fact::Ordered(said(&order, line))).collect();
        self.tell(news, facts);
    }

    /// Something is done with some line for which it can be done.
    fn any(&mut self, deed: Deed) {
        let able = self.able(deed);
        let Some(place) = self.random.place(able.len()) else { return };
        let Some((order, line)) = able.get(place).copied() else { return };
        self.act(deed, order, line);
    }

    fn able(&self, deed: Deed) -> Vec<(usize, usize)> {
        let mut able = Vec::new();
        for (o, order) in self.orders.iter().enumerate() {
            for (l, line) in order.lines.iter().enumerate() {
                if self.is_able(deed, line) {
                    able.push((o, l));
                }
            }
        }
        able
    }

    fn is_able(&self, deed: Deed, line: &OrderedLine) -> bool {
        let is_open = line.sold() > 0 && !line.is_shipped;
        match deed {
            Deed::Accept => !self.is_physical() && is_open && line.accepted.is_none(),
            Deed::Pick => is_open && !line.is_picked,
            Deed::Ship => is_open && (self.is_physical() || line.accepted.is_some()),
            Deed::Cancel => is_open && line.accepted.is_none() && line.cancelled.is_none(),
            Deed::PutBack => line.is_shipped && line.returned() < line.fulfilled,
            Deed::BookBack => line.booked_back < line.returned(),
        }
    }

    fn act(&mut self, deed: Deed, order: usize, line: usize) {
        let of = |world: &Self| Some(world.orders.get(order)?.lines.get(line)?.clone());
        let Some(before) = of(self) else { return };
        self.note(&format!("{deed:?} of line {}", before.id));
        match deed {
            Deed::Accept => self.accept((order, line), &before),
            Deed::Pick => self.pick((order, line), &before),
            Deed::Ship => self.ship((order, line), &before),
            Deed::Cancel => self.cancel((order, line), &before),
            Deed::PutBack => self.put_back((order, line), &before),
            Deed::BookBack => self.book_back((order, line), &before),
        }
    }

    fn with(&mut self, (order, line): (usize, usize), change: impl FnOnce(&mut OrderedLine)) {
        let order = self.orders.get_mut(order);
        if let Some(line) = order.and_then(|order| order.lines.get_mut(line)) {
            change(line);
        }
    }

    fn key(&self, (order, line): (usize, usize)) -> Option<Line> {
        let order = self.orders.get(order)?;
        let line = order.lines.get(line)?.id;
        Some(Line { store: order.store.clone(), order: order.id, line })
    }

    fn accept(&mut self, at: (usize, usize), before: &OrderedLine) {
        let (now, units) = (self.moment(), before.sold());
        self.book((before.warehouse, before.item), -units * UNIT);
        self.with(at, |line| line.accepted = Some((now, units)));
        let Some(line) = self.key(at) else { return };
        let fact = Fact::Taken {
            place: place(before.warehouse, before.item),
            line,
            word: Word::Accept,
            quantity: Amount::units(units),
            at: now.as_millisecond(),
        };
        self.announce(at.0, Some((accept_id(before.id), fact)));
    }

    fn pick(&mut self, at: (usize, usize), before: &OrderedLine) {
        let (units, Some(line)) = (before.sold(), self.key(at)) else { return };
        let spot = (before.warehouse, before.item);
        self.with(at, |line| line.is_picked = true);
        let (news, now) = self.report(MovementKind::Picking, spot, -units * UNIT, Some(&line));
        if !self.is_physical() {
            // It only informs.
            self.send(news);
            return;
        }
        self.book(spot, -units * UNIT);
        let place = place(before.warehouse, before.item);
        let quantity = Amount::units(units);
        self.tell(news, vec![Fact::Taken { place, line, word: Word::Pick, quantity, at: now }]);
    }

    fn ship(&mut self, at: (usize, usize), before: &OrderedLine) {
        let (units, Some(line)) = (before.sold(), self.key(at)) else { return };
        let now = self.moment();
        if self.is_physical() && !before.is_picked {
            self.book((before.warehouse, before.item), -units * UNIT);
        }
        let Some(order) = self.orders.get(at.0) else { return };
        let news = messages::shipment(order, before, now);
        let level = (order.store.clone(), before.item, before.location);
        let taken = Fact::Taken {
            place: place(before.warehouse, before.item),
            line,
            word: Word::Shipment,
            quantity: Amount::units(units),
            at: now.as_millisecond(),
        };
        let facts = if self.is_physical() { vec![taken] } else { Vec::new() };
        self.tell(news, facts);
        self.with(at, |line| (line.is_shipped, line.fulfilled) = (true, units));
        self.parts.shopify.change(&level, 0, -units);
        self.announce(at.0, None);
    }

    /// Before it is sent; what was picked stays gone until the warehouse counts or adjusts it.
    fn cancel(&mut self, at: (usize, usize), before: &OrderedLine) {
        let units = self.random.within(1, before.sold());
        let (now, refund) = (self.moment(), self.refund());
        self.with(at, |line| line.cancelled = Some((refund, units, now)));
        let Some(order) = self.orders.get_mut(at.0) else { return };
        order.is_cancelled = order.lines.iter().all(|line| line.sold() == 0);
        let level = (order.store.clone(), before.item, before.location);
        self.parts.shopify.change(&level, units, -units);
        self.announce(at.0, None);
    }

    fn refund(&mut self) -> i64 {
        i64::try_from(self.number()).unwrap_or_default()
    }

    fn put_back(&mut self, at: (usize, usize), before: &OrderedLine) {
        let units = self.random.within(1, before.fulfilled - before.returned());
        let (now, refund) = (self.moment(), self.refund());
        self.with(at, |line| line.returns.push(Returned { refund, units, at: now }));
        let Some(order) = self.orders.get(at.0) else { return };
        let level = (order.store.clone(), before.item, before.location);
        self.parts.shopify.change(&level, units, 0);
        self.announce(at.0, None);
    }

    fn book_back(&mut self, at: (usize, usize), before: &OrderedLine) {
        let (units, Some(line)) = (before.returned() - before.booked_back, self.key(at)) else {
            return;
        };
        let spot = (before.warehouse, before.item);
        self.book(spot, units * UNIT);
        self.with(at, |line| line.booked_back += units);
        let (news, now) = self.report(MovementKind::Return, spot, units * UNIT, Some(&line));
        let (place, quantity) = (place(spot.0, spot.1), Amount::units(units));
        self.tell(news, vec![Fact::BookedBack { place, line, quantity, at: now }]);
    }

    /// Somebody changes a level by hand.
    fn edit(&mut self) {
        let store = self.some_store();
        let locations = self.scenario.locations(store);
        let place = self.random.place(locations.len()).unwrap_or_default();
        let Some((location, _)) = locations.get(place).copied() else { return };
        let (_, item) = self.somewhere();
        let by = self.random.within(-3, 3);
        self.moment();
        self.note(&format!("edit of {item} at {store}/{location} by {by}"));
        self.parts.shopify.change(&(store.to_owned(), item, location), by, 0);
    }

    /// order-sync has read the orders of a store.
    fn sweep(&mut self) {
        let (store, at) = (self.some_store(), self.moment());
        let orders = self.orders.iter().filter(|order| order.store == store);
        let news = messages::swept(store, orders, at);
        self.note(&format!("sweep of {store}"));
        self.send(news);
    }

    /// What was begun is finished: what is taken is sent, and what came back is booked.
    pub fn finish(&mut self) {
        loop {
            let mut able = self.able(Deed::Accept);
            let mut deed = Deed::Accept;
            if able.is_empty() {
                able = self.able(Deed::Ship);
                able.retain(|at| self.is_begun(*at));
                deed = Deed::Ship;
            }
            if able.is_empty() {
                able = self.able(Deed::BookBack);
                deed = Deed::BookBack;
            }
            let Some((order, line)) = able.first().copied() else { return };
            self.act(deed, order, line);
        }
    }

    fn is_begun(&self, (order, line): (usize, usize)) -> bool {
        let line = self.orders.get(order).and_then(|order| order.lines.get(line));
        line.is_some_and(|line| line.is_picked || line.accepted.is_some())
    }
}

fn accept_id(line: i64) -> String {
    format!("accept {line}")
}

fn said(order: &Order, line: &OrderedLine) -> OrderLine {
    let share = |sold| Share { place: place(line.warehouse, line.item), sold };
    OrderLine {
        line: Line { store: order.store.clone(), order: order.id, line: line.id },
        revision: order.revision,
        shares: vec![share(line.sold())],
        put_back: vec![share(line.returned())],
    }
}
