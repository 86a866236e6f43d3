//! What is known of an order's shipments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::report::{Origin, Says, Statement, Tracking};
use super::shown::{ShownFulfillment, less, sum};
use crate::ids::{
    EffectId, EventId, FulfillmentId, FulfillmentOrderId, FulfillmentOrderLineId, InventoryItemId,
    LineItemId, VariantId, Warehouse,
};

/// An order that nobody told of is looked for at Shopify after this; a shipment whose goods are
/// said to have arrived is waited for this long.
pub(super) const UNHEARD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What an early arrival waits for.
static UNREPORTED: WaitsFor = WaitsFor::Shipment;

/// Units per line of the order.
pub type Units = BTreeMap<LineItemId, i64>;

/// The shipments of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shipments {
    /// The order; nothing before it was told of.
    pub order: Option<KnownOrder>,
    /// By `{backoffice}/{shipment}`.
    pub shipments: BTreeMap<String, Shipment>,
    /// Arrivals of shipments that were not reported yet, by the same key.
    pub early: BTreeMap<String, EarlyArrival>,
    /// The one call that is under way.
    pub stage: Stage,
}

/// An order as it was last told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownOrder {
    /// Of two such facts the one with the higher revision holds.
    pub revision: u64,
    /// It was cancelled.
    pub cancelled: bool,
    /// Each of its lines has a location.
    pub routed: bool,
    /// Its lines.
    pub lines: Vec<KnownLine>,
}

/// A line of a known order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLine {
    /// Shopify's id of it.
    pub line: LineItemId,
    /// The variant, if there still is one.
    pub variant: Option<VariantId>,
    /// Its inventory item.
    pub item: Option<InventoryItemId>,
    /// Who serves how much of it.
    pub shares: Vec<KnownShare>,
}

/// What a warehouse, or nobody yet, has of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownShare {
    /// The warehouse, when there is one.
    pub warehouse: Option<Warehouse>,
    /// Units that are claimed and not fulfilled.
    pub open: i64,
}

/// The goods of a shipment arrived before anybody said that they left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyArrival {
    /// What was said.
    pub arrival: Arrival,
    /// Since when it waits.
    pub since: Timestamp,
}

/// The goods arrived. Its numbers are beside those of what a shipment holds: neither makes the
/// other old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The statement.
    pub event_id: EventId,
    /// Its number.
    pub revision: u32,
}

/// One shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// The statement that stands.
    pub said: Statement,
    /// The highest revision that was heard of what it holds.
    pub heard: u32,
    /// The newest word that it arrived.
    #[serde(default)]
    pub arrived: Option<Arrival>,
    /// When the statement was taken.
    pub since: Timestamp,
    /// Where it stands.
    pub standing: Standing,
    /// Its lines, once they are known; of a whole order what was open then.
    pub resolved: Option<Vec<Resolved>>,
    /// What Shopify has of it.
    pub sent: Vec<SentParcel>,
    /// What everybody was told that it holds.
    pub told: Option<ToldLines>,
    /// Shopify's words when it refused once: the order is read again before that counts.
    pub doubted: Option<String>,
}

/// The lines of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Name of the parcel.
    pub parcel: String,
    /// What is inside.
    #[serde(with = "crate::pairs")]
    pub units: Units,
}

/// A fulfillment of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentParcel {
    /// Name of the parcel.
    pub parcel: String,
    /// Shopify's id of the fulfillment.
    pub fulfillment: FulfillmentId,
    /// What it holds.
    #[serde(with = "crate::pairs")]
    pub units: Units,
    /// What Shopify was told of how it is followed.
    pub tracking: Tracking,
    /// It was taken back.
    pub cancelled: bool,
}

/// What everybody was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldLines {
    /// Raised by one each time.
    pub revision: u64,
    /// The lines.
    pub lines: Vec<ToldLine>,
}

/// A line of a shipment, for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldLine {
    /// Shopify's id of the line.
    pub line: LineItemId,
    /// Its inventory item.
    pub item: Option<InventoryItemId>,
    /// Units.
    pub units: i64,
}

/// Where a shipment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is to be sent.
    Due,
    /// It waits; it is looked at again.
    Waits(WaitsFor),
    /// Shopify has it.
    Done,
    /// It was refused.
    Refused(Refusal),
    /// The store takes no shipments of this back office.
    NotEnabled,
}

/// What a shipment waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// Its order is not known.
    Order,
    /// It was not reported, and its goods arrived.
    Shipment,
    /// Shopify has not given the order's lines a location.
    Routing,
    /// No line of the order is linked to this code.
    Link(String),
    /// Shopify holds what it would fulfil; its word for why.
    Hold(String),
    /// The units are to be sent from a location that its warehouse does not serve.
    Elsewhere(LineItemId),
    /// Nobody can tell whether Shopify has it: a person looks.
    Person,
}

/// Why a shipment was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The order has no such line.
    UnknownLine {
        /// The entry of the report.
        field: String,
        /// The line.
        line: LineItemId,
    },
    /// More units than are open.
    TooMany {
        /// The line.
        line: LineItemId,
        /// Units meant.
        units: i64,
        /// Units open.
        open: i64,
    },
    /// Nothing is open for the warehouse.
    NothingOpen,
    /// What was sent already is stated otherwise now.
    Changed,
    /// The shipment is not known.
    UnknownShipment,
    /// Nobody told of such an order for a day.
    UnknownOrder,
    /// Shopify refuses.
    Shopify {
        /// Its words.
        message: String,
    },
}

/// The call that is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// None.
    #[default]
    Idle,
    /// It is to be committed and sent.
    Planned {
        /// The call.
        call: Call,
        /// When the reading began that it was made from.
        read_at: Timestamp,
    },
    /// It was committed, and perhaps sent.
    InTheAir {
        /// The effect.
        effect: EffectId,
        /// The call.
        call: Call,
    },
    /// Nobody knows.
    Unclear {
        /// The effect.
        effect: EffectId,
        /// The call.
        call: Call,
        /// A reading that begins before this tells nothing: the call may still arrive.
        readable_from: Timestamp,
        /// The first reading that did not show it.
        absent_at: Option<Timestamp>,
        /// The effect that waits for a person, when readings cannot tell.
        asks: Option<EffectId>,
        /// The fulfillments that may be it, then.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        candidates: Vec<ShownFulfillment>,
    },
}

/// One call to Shopify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The shipment that it is for.
    pub shipment: String,
    /// Name of the parcel.
    pub parcel: String,
    /// Whether the customer is told.
    pub notify: bool,
    /// How the parcel is followed.
    pub tracking: Tracking,
    /// What is asked.
    pub kind: CallKind,
}

/// What is asked of Shopify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum CallKind {
    /// A fulfillment.
    Create {
        /// What it takes of which fulfillment orders, all at one location.
        takes: Vec<Taken>,
        /// The same by line of the order.
        #[serde(with = "crate::pairs")]
        units: Units,
        /// The fulfillments that the order showed before: ours is none of them.
        known: BTreeSet<FulfillmentId>,
        /// Nothing of a whole order is left after it.
        completes: bool,
    },
    /// Other tracking of a fulfillment.
    Track {
        /// The fulfillment.
        fulfillment: FulfillmentId,
    },
    /// A fulfillment is taken back.
    Cancel {
        /// The fulfillment.
        fulfillment: FulfillmentId,
    },
}

/// Units of a line of a fulfillment order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The fulfillment order.
    pub route: FulfillmentOrderId,
    /// Its line.
    pub line: FulfillmentOrderLineId,
    /// Units, above zero.
    pub units: i64,
}

impl Stage {
    /// The call, if there is one.
    #[must_use]
    pub const fn call(&self) -> Option<&Call> {
        match self {
            Self::Idle => None,
            Self::Planned { call, .. }
            | Self::InTheAir { call, .. }
            | Self::Unclear { call, .. } => Some(call),
        }
    }

    /// A call that may have reached Shopify.
    #[must_use]
    pub const fn sent_call(&self) -> Option<&Call> {
        match self {
            Self::InTheAir { call, .. } | Self::Unclear { call, .. } => Some(call),
            Self::Idle | Self::Planned { .. } => None,
        }
    }
}

impl Shipment {
    /// Our fulfillments that were not taken back.
    pub fn live(&self) -> impl Iterator<Item = &SentParcel> {
        self.sent.iter().filter(|sent| !sent.cancelled)
    }

    /// What Shopify has of it.
    #[must_use]
    pub fn sent_units(&self) -> Units {
        sum(self.live().map(|sent| &sent.units))
    }

    /// What Shopify has of a parcel.
    #[must_use]
    pub fn sent_of(&self, parcel: &str) -> Units {
        sum(self.live().filter(|sent| sent.parcel == parcel).map(|sent| &sent.units))
    }

    /// What is still to be sent of each parcel; nothing for a whole order, whose rest only a
    /// reading tells, and for one that is not resolved.
    #[must_use]
    pub fn needs(&self) -> Vec<(String, Units)> {
        if self.said.whole {
            return Vec::new();
        }
        let resolved = self.resolved.iter().flatten();
        let rest = resolved.map(|r| (r.parcel.clone(), less(&r.units, &self.sent_of(&r.parcel))));
        rest.filter(|(_, units)| !units.is_empty()).collect()
    }

    /// A fulfillment whose tracking is stated otherwise now, with what holds.
    #[must_use]
    pub fn outdated(&self) -> Option<(&SentParcel, &Tracking)> {
        self.live().find_map(|sent| {
            let parcel = self.said.parcels.iter().find(|parcel| parcel.name == sent.parcel)?;
            let differs = !parcel.tracking.is_empty() && parcel.tracking != sent.tracking;
            differs.then_some((sent, &parcel.tracking))
        })
    }

    /// Whether an answer of Shopify is awaited, or something that a reading may tell.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        match &self.standing {
            Standing::Due => true,
            Standing::Waits(what) => *what != WaitsFor::Order,
            Standing::Done | Standing::Refused(_) | Standing::NotEnabled => false,
        }
    }
}

impl Shipments {
    /// Whether Shopify must be asked about the order.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        match self.stage {
            Stage::Unclear { .. } => true,
            Stage::Planned { .. } | Stage::InTheAir { .. } => false,
            Stage::Idle => self.shipments.values().any(Shipment::wants_read),
        }
    }

    /// Shipments that wait, with the moment since when.
    pub fn waiting(&self) -> impl Iterator<Item = (&String, &WaitsFor, Timestamp)> {
        let shipments = self.shipments.iter().filter_map(|(key, one)| match &one.standing {
            Standing::Waits(what) => Some((key, what, one.since)),
            _ => None,
        });
        shipments.chain(self.early.iter().map(|(key, one)| (key, &UNREPORTED, one.since)))
    }

    /// Shipments that wait for their order for so long that Shopify must say whether there is one.
    /// That nobody told of it says nothing: the store may have let nobody in for days.
    pub fn in_want_of_order(&self, now: Timestamp) -> impl Iterator<Item = &String> {
        let awaits = Standing::Waits(WaitsFor::Order);
        let is_over = move |since: Timestamp| now.duration_since(since) >= UNHEARD_FOR;
        let shipments = self.shipments.iter();
        let over = shipments.filter(move |(_, one)| one.standing == awaits && is_over(one.since));
        over.map(|(key, _)| key)
    }

    /// The newest word that the goods of a shipment arrived.
    #[must_use]
    pub fn arrival(&self, key: &str) -> Option<&Arrival> {
        let known = self.shipments.get(key).and_then(|shipment| shipment.arrived.as_ref());
        known.or_else(|| self.early.get(key).map(|early| &early.arrival))
    }

    /// What everybody is to be told that a shipment holds; nothing while that is not known, and
    /// for what was released, since the order's own facts tell of it.
    #[must_use]
    pub fn lines_of(&self, key: &str) -> Option<Vec<ToldLine>> {
        let (order, shipment) = (self.order.as_ref()?, self.shipments.get(key)?);
        if shipment.said.origin == Origin::Release {
            return None;
        }
        let units = self.units_of(key, shipment)?;
        let line = |(line, units): (&LineItemId, &i64)| ToldLine {
            line: *line,
            item: order.lines.iter().find(|known| known.line == *line).and_then(|l| l.item),
            units: *units,
        };
        Some(units.iter().map(line).collect())
    }

    fn units_of(&self, key: &str, shipment: &Shipment) -> Option<Units> {
        let is_refused = matches!(shipment.standing, Standing::Refused(_));
        if is_refused || shipment.said.says == Says::Cancelled {
            return Some(shipment.sent_units());
        }
        let under_way = self.stage.call().filter(|call| call.shipment == key);
        let under_way = match under_way.map(|call| &call.kind) {
            Some(CallKind::Create { units, .. }) => Some(units),
            _ => None,
        };
        if shipment.said.whole && (under_way.is_some() || !shipment.sent.is_empty()) {
            return Some(sum([&shipment.sent_units(), under_way.unwrap_or(&Units::new())]));
        }
        Some(sum(shipment.resolved.as_ref()?.iter().map(|resolved| &resolved.units)))
    }
}
