//! Which stated parcel a fulfillment of ours is, when the parcels are called otherwise now: a back
//! office may name them later, name them anew, or list unnamed ones in another order.

use std::collections::BTreeMap;

use super::event::RenamedParcel;
use super::shown::{less, sum};
use super::state::{SentParcel, Shipment, Units};

/// Parcels that a back office gave no id are called by their place, after this.
const UNNAMED: char = '#';

/// Fulfillments that are another parcel's of the statement now; none when all are as stated, and
/// when one of them can be no parcel's.
pub(super) fn renamed(shipment: &Shipment) -> Vec<RenamedParcel> {
    let mut groups: BTreeMap<&str, Vec<&SentParcel>> = BTreeMap::new();
    for sent in shipment.live() {
        groups.entry(sent.parcel.as_str()).or_default().push(sent);
    }
    let names = match (shipment.said.whole, shipment.said.parcels.first()) {
        (true, Some(whole)) if groups.len() == 1 => {
            groups.keys().map(|sent| (*sent, whole.name.as_str())).collect()
        }
        (true, _) => BTreeMap::new(),
        (false, _) => matched(&groups, shipment),
    };
    let moved = groups.into_iter().filter_map(|(sent, parcels)| {
        let name = *names.get(sent)?;
        (name != sent).then_some((name, parcels))
    });
    let renamed = moved.flat_map(|(name, parcels)| {
        parcels
            .into_iter()
            .map(|sent| RenamedParcel { fulfillment: sent.fulfillment, parcel: name.to_owned() })
    });
    renamed.collect()
}

/// What was sent of a parcel, or is stated of one.
struct Content<'s> {
    name: &'s str,
    units: Units,
    numbers: Vec<&'s str>,
}

impl Content<'_> {
    /// Whether this was sent of `stated`, with nothing that it does not hold.
    fn fits(&self, stated: &Self) -> bool {
        less(&self.units, &stated.units).is_empty()
    }
}

type Rule = fn(&Content<'_>, &Content<'_>) -> bool;

/// The surest sign first: own names, then numbers, then units.
const RULES: [Rule; 6] = [
    |sent, stated| sent.name == stated.name && !sent.name.starts_with(UNNAMED),
    |sent, stated| sent.numbers == stated.numbers && !sent.numbers.is_empty(),
    |sent, stated| sent.name == stated.name && sent.units == stated.units,
    |sent, stated| sent.units == stated.units,
    |sent, stated| sent.name == stated.name,
    |_, _| true,
];

fn matched<'s>(
    groups: &BTreeMap<&'s str, Vec<&'s SentParcel>>,
    shipment: &'s Shipment,
) -> BTreeMap<&'s str, &'s str> {
    let mut sent: Vec<_> = groups
        .iter()
        .map(|(name, parcels)| Content {
            name,
            units: sum(parcels.iter().map(|sent| &sent.units)),
            numbers: sorted(parcels.first().map_or(&[], |sent| &sent.tracking.numbers)),
        })
        .collect();
    let mut stated: Vec<_> = shipment
        .resolved
        .iter()
        .flatten()
        .map(|resolved| {
            let said = shipment.said.parcels.iter().find(|said| said.name == resolved.parcel);
            Content {
                name: resolved.parcel.as_str(),
                units: resolved.units.clone(),
                numbers: sorted(said.map_or(&[], |said| &said.tracking.numbers)),
            }
        })
        .collect();
    let mut names = BTreeMap::new();
    for rule in RULES {
        sent.retain(|one| {
            let found = stated.iter().position(|other| rule(one, other) && one.fits(other));
            if let Some(place) = found {
                names.insert(one.name, stated.remove(place).name);
            }
            found.is_none()
        });
    }
    if sent.is_empty() { names } else { BTreeMap::new() }
}

fn sorted(numbers: &[String]) -> Vec<&str> {
    let mut numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    numbers.sort_unstable();
    numbers
}
