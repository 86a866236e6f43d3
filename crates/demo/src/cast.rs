//! Who plays: two stores, one back office with two warehouses, a few things.

/// Id of the back office.
pub const BACK_OFFICE: &str = "wms";
/// Codes of its warehouses.
pub const BERLIN: &str = "BER";
pub const LYON: &str = "LYO";
/// A warehouse that the warehouse people know and nobody declared to Lockstep.
pub const UNDECLARED: &str = "GHOST";

/// A location of a store, and the warehouse whose goods it shows.
#[derive(Debug)]
pub struct Place {
    pub location: &'static str,
    pub warehouse: &'static str,
}

/// A store.
#[derive(Debug)]
pub struct Store {
    pub id: &'static str,
    pub domain: &'static str,
    pub mode: &'static str,
    pub places: &'static [Place],
    /// What it does not sell.
    pub without: &'static str,
    /// Whether Lockstep stocks a thing at a location where somebody took it off.
    pub activates: bool,
    /// What it shows wrongly before Lockstep is connected, and by how much.
    pub wrong: &'static [(&'static str, i64)],
}

pub const NORTH: Store = Store {
    id: "north",
    domain: "north.myshopify.com",
    mode: "delta",
    places: &[
        Place { location: "Berlin", warehouse: BERLIN },
        Place { location: "Lyon", warehouse: LYON },
    ],
    without: "BELL-1",
    // The story takes a thing off a location, and that is to stay so.
    activates: false,
    wrong: &[],
};

pub const SOUTH: Store = Store {
    id: "south",
    domain: "south.myshopify.com",
    mode: "absolute",
    places: &[Place { location: "Depot", warehouse: BERLIN }],
    without: "BOOK-1",
    activates: true,
    wrong: &[("CLOCK-1", -4), ("POSTER-1", 5)],
};

/// The level that the story itself takes away: store, location, SKU. No other may vanish.
pub const UNSTOCKED: (&str, &str, &str) = ("north", "Lyon", "POSTER-1");

pub const STORES: [&Store; 2] = [&NORTH, &SOUTH];

/// Something on the shelves, and how many pieces of it at the beginning.
#[derive(Debug)]
pub struct Thing {
    pub sku: &'static str,
    pub title: &'static str,
    pub berlin: i64,
    pub lyon: i64,
}

const fn thing(sku: &'static str, title: &'static str, berlin: i64, lyon: i64) -> Thing {
    Thing { sku, title, berlin, lyon }
}

pub const THINGS: [Thing; 10] = [
    thing("BELL-1", "Brass bell", 33, 0),
    thing("BOOK-1", "Sketch book", 70, 35),
    thing("CHAIR-1", "Oak chair", 12, 8),
    thing("CLOCK-1", "Wall clock", 21, 6),
    thing("DESK-1", "Standing desk", 9, 5),
    thing("LAMP-1", "Reading lamp", 40, 20),
    thing("MUG-1", "Blue mug", 60, 30),
    thing("POSTER-1", "Poster", 50, 30),
    thing("RUG-1", "Wool rug", 18, 10),
    thing("VASE-1", "Tall vase", 25, 15),
];

/// What the rush is about.
pub const HOT: [&str; 3] = ["LAMP-1", "VASE-1", "RUG-1"];

impl Thing {
    /// Pieces in a warehouse at the beginning.
    #[must_use]
    pub fn in_warehouse(&self, warehouse: &str) -> i64 {
        match warehouse {
            BERLIN => self.berlin,
            LYON => self.lyon,
            _ => 0,
        }
    }
}

impl Store {
    /// What it sells.
    pub fn things(&self) -> impl Iterator<Item = &'static Thing> {
        THINGS.iter().filter(|thing| thing.sku != self.without)
    }

    /// What it shows at the beginning.
    #[must_use]
    pub fn shows_first(&self, thing: &Thing, place: &Place) -> i64 {
        let wrong = self.wrong.iter().find(|(sku, _)| *sku == thing.sku);
        thing.in_warehouse(place.warehouse) + wrong.map_or(0, |(_, by)| *by)
    }
}
