//! The stored form of order lines: compact text, or the list of pairs that earlier versions wrote.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::de::value::{Error as ValueError, StringDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

use super::command::{Claim, Elsewhere, Restocked};
use super::compact::{Broken, Mark, Reader, Scale, Writer};
use super::line::{BookedBack, Left, Line, LineKey, Report, STAGES, stage};
use crate::ids::{EventId, LineId, LocationId, OrderKey, StoreId};
use crate::quantity::Quantity;
use crate::stock::report::ReportKind;

/// The stored form, should it change once more.
const VERSION: u8 = 1;
/// Begins a line of which something came back; its claim follows as in the forms without.
const WITH_RETURNS: u8 = 3;
/// A claim of which units were dropped, or are counted elsewhere.
const WITH_PLACES: u8 = 4;
/// Begins a line of which something came back to another warehouse; the rest follows as without.
const BOOKED_APART: u8 = 5;
/// Begins a line that had left and was opened again; the rest follows as without.
const CAME_BACK: u8 = 6;
/// Marks the stage of what an order or a shipment told.
const TOLD: u8 = 0x10;

type Lines = BTreeMap<LineKey, Line>;

pub(super) fn serialize<S: Serializer>(lines: &Lines, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&compact(lines))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Lines, D::Error> {
    deserializer.deserialize_any(Form)
}

fn moments(line: &Line) -> impl Iterator<Item = Timestamp> {
    let reports = line.reports.iter().map(|report| report.occurred_at);
    let booked = line.booked_back.iter().map(|booked| booked.occurred_at);
    let claimed = line.claim.as_ref().map(|claim| claim.as_of);
    let told = [claimed, line.restocked.map(|restocked| restocked.as_of)];
    reports.chain(booked).chain(told.into_iter().flatten())
}

/// Store by store; of an order only what differs from the one before.
fn compact(lines: &Lines) -> String {
    let mut writer = Writer::default();
    writer.byte(VERSION);
    let scale = Scale::of(lines.values().flat_map(moments));
    writer.scale(scale);
    writer.length(lines.len());
    let (mut store, mut order) = ("", "");
    for (key, line) in lines {
        if key.store.as_str() == store {
            writer.bytes(b"");
        } else {
            (store, order) = (key.store.as_str(), "");
            writer.bytes(store.as_bytes());
        }
        let next = key.order.as_str();
        let same = next.bytes().zip(order.bytes()).take_while(|(a, b)| a == b).count();
        writer.length(same);
        writer.bytes(next.as_bytes().get(same..).unwrap_or_default());
        order = next;
        name(&mut writer, key.line.as_str());
        write(&mut writer, scale, line);
    }
    writer.text()
}

/// Shopify's line ids are numbers, which take half the room.
fn name(writer: &mut Writer, name: &str) {
    match name.parse::<u64>() {
        Ok(number) if number.to_string() == name => {
            writer.byte(1);
            writer.number(number);
        }
        _ => {
            writer.byte(0);
            writer.bytes(name.as_bytes());
        }
    }
}

fn write(writer: &mut Writer, scale: Scale, line: &Line) {
    if line.left != Left::default() {
        writer.byte(CAME_BACK);
        writer.signed(line.left.counted);
        writer.signed(line.left.taken);
    }
    if !line.booked_apart.is_zero() {
        writer.byte(BOOKED_APART);
        writer.quantity(line.booked_apart);
    }
    if line.restocked.is_some() || !line.booked_back.is_empty() {
        writer.byte(WITH_RETURNS);
        write_returns(writer, scale, line);
    }
    match &line.claim {
        None => writer.byte(0),
        Some(claim) => write_claim(writer, scale, claim),
    }
    writer.length(line.reports.len());
    for report in &line.reports {
        writer.byte(stage(report.kind) | if report.told { TOLD } else { 0 });
        writer.moment(scale, report.occurred_at);
        writer.quantity(report.quantity);
        writer.mark(report.mark);
    }
}

fn write_claim(writer: &mut Writer, scale: Scale, claim: &Claim) {
    let Claim { sold, fulfilled, released, dropped, elsewhere, revision, as_of } = claim;
    let has_places = *dropped != 0 || !elsewhere.is_empty();
    writer.byte(if has_places { WITH_PLACES } else { 2 });
    writer.signed(*sold);
    writer.moment(scale, *as_of);
    writer.signed(*fulfilled);
    writer.signed(*released);
    writer.number(*revision);
    if has_places {
        writer.signed(*dropped);
        writer.length(elsewhere.len());
        for Elsewhere { location, sold, fulfilled, dropped } in elsewhere {
            writer.signed(location.get());
            writer.signed(*sold);
            writer.signed(*fulfilled);
            writer.signed(*dropped);
        }
    }
}

fn write_returns(writer: &mut Writer, scale: Scale, line: &Line) {
    match line.restocked {
        None => writer.byte(0),
        Some(Restocked { units, revision, as_of }) => {
            writer.byte(1);
            writer.signed(units);
            writer.number(revision);
            writer.moment(scale, as_of);
        }
    }
    writer.length(line.booked_back.len());
    for booked in &line.booked_back {
        writer.byte(u8::from(booked.absorbed));
        writer.moment(scale, booked.occurred_at);
        writer.quantity(booked.quantity);
        writer.mark(booked.mark);
    }
}

fn of_compact(text: &str) -> Result<Lines, Broken> {
    let mut reader = Reader::try_new(text)?;
    if reader.byte()? != VERSION {
        return Err(Broken);
    }
    let scale = reader.scale()?;
    let length = reader.length()?;
    // Sorted as they are, they become a map in one go.
    let mut lines = Vec::with_capacity(length);
    let mut store: Option<StoreId> = None;
    let mut order: Vec<u8> = Vec::new();
    for _ in 0..length {
        let named = reader.bytes()?;
        if !named.is_empty() {
            store = Some(id(named)?);
            order.clear();
        }
        let same = usize::try_from(reader.number()?).map_err(|_| Broken)?;
        order.truncate(same);
        order.extend(reader.bytes()?);
        let key = LineKey {
            store: store.clone().ok_or(Broken)?,
            order: id::<OrderKey>(order.clone())?,
            line: read_name(&mut reader)?,
        };
        lines.push((key, read(&mut reader, scale)?));
    }
    if reader.is_at_end() { Ok(lines.into_iter().collect()) } else { Err(Broken) }
}

/// As stored: what was once accepted stays readable.
fn id<T: DeserializeOwned>(bytes: Vec<u8>) -> Result<T, Broken> {
    let text = String::from_utf8(bytes).map_err(|_| Broken)?;
    let text: StringDeserializer<ValueError> = text.into_deserializer();
    T::deserialize(text).map_err(|_| Broken)
}

fn read_name(reader: &mut Reader) -> Result<LineId, Broken> {
    match reader.byte()? {
        1 => id(reader.number()?.to_string().into_bytes()),
        0 => id(reader.bytes()?),
        _ => Err(Broken),
    }
}

fn read(reader: &mut Reader, scale: Scale) -> Result<Line, Broken> {
    let (first, left) = match reader.byte()? {
        CAME_BACK => {
            let left = Left { counted: reader.signed()?, taken: reader.signed()? };
            (reader.byte()?, left)
        }
        form => (form, Left::default()),
    };
    let (first, booked_apart) = match first {
        BOOKED_APART => {
            let quantity = reader.quantity()?;
            (reader.byte()?, quantity)
        }
        form => (form, Quantity::ZERO),
    };
    let (form, restocked, booked_back) = match first {
        WITH_RETURNS => {
            let restocked = read_restocked(reader, scale)?;
            let booked_back = read_booked_back(reader, scale)?;
            (reader.byte()?, restocked, booked_back)
        }
        form => (form, None, Vec::new()),
    };
    let claim = read_claim(reader, scale, form)?;
    let length = reader.length()?;
    let mut reports = Vec::with_capacity(length);
    for _ in 0..length {
        let stage = reader.byte()?;
        let told = stage & TOLD != 0;
        let kind = STAGES.get(usize::from(stage & !TOLD)).copied().ok_or(Broken)?;
        let occurred_at = reader.moment(scale)?;
        let (quantity, mark) = (reader.quantity()?, reader.mark()?);
        reports.push(Report { mark, kind, told, occurred_at, quantity });
    }
    Ok(Line { claim, reports, restocked, booked_back, booked_apart, left })
}

fn read_claim(reader: &mut Reader, scale: Scale, form: u8) -> Result<Option<Claim>, Broken> {
    Ok(match form {
        0 => None,
        // What the first versions told of a claim, and all of it.
        form @ (1 | 2 | WITH_PLACES) => {
            let (sold, as_of) = (reader.signed()?, reader.moment(scale)?);
            let mut claim = Claim { sold, ..Claim::of_nothing(0, as_of) };
            if form != 1 {
                claim.fulfilled = reader.signed()?;
                claim.released = reader.signed()?;
                claim.revision = reader.number()?;
            }
            if form == WITH_PLACES {
                claim.dropped = reader.signed()?;
                claim.elsewhere = read_elsewhere(reader)?;
            }
            Some(claim)
        }
        _ => return Err(Broken),
    })
}

fn read_elsewhere(reader: &mut Reader) -> Result<Vec<Elsewhere>, Broken> {
    let length = reader.length()?;
    let mut parts = Vec::with_capacity(length);
    for _ in 0..length {
        parts.push(Elsewhere {
            location: LocationId(reader.signed()?),
            sold: reader.signed()?,
            fulfilled: reader.signed()?,
            dropped: reader.signed()?,
        });
    }
    Ok(parts)
}

fn read_restocked(reader: &mut Reader, scale: Scale) -> Result<Option<Restocked>, Broken> {
    match reader.byte()? {
        0 => Ok(None),
        1 => {
            let (units, revision) = (reader.signed()?, reader.number()?);
            Ok(Some(Restocked { units, revision, as_of: reader.moment(scale)? }))
        }
        _ => Err(Broken),
    }
}

fn read_booked_back(reader: &mut Reader, scale: Scale) -> Result<Vec<BookedBack>, Broken> {
    let length = reader.length()?;
    let mut all = Vec::with_capacity(length);
    for _ in 0..length {
        let absorbed = match reader.byte()? {
            0 => false,
            1 => true,
            _ => return Err(Broken),
        };
        let occurred_at = reader.moment(scale)?;
        let (quantity, mark) = (reader.quantity()?, reader.mark()?);
        all.push(BookedBack { mark, occurred_at, quantity, absorbed });
    }
    Ok(all)
}

struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Lines;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("order lines")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Lines, E> {
        of_compact(text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Lines, A::Error> {
        let mut lines = Lines::new();
        while let Some((key, line)) = list.next_element::<(LineKey, EarlierLine)>()? {
            lines.insert(key, line.into());
        }
        Ok(lines)
    }
}

/// A line as earlier versions wrote it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct EarlierLine {
    claim: Option<Claim>,
    reports: Vec<EarlierReport>,
}

#[derive(Deserialize)]
struct EarlierReport {
    event_id: EventId,
    kind: ReportKind,
    occurred_at: Timestamp,
    quantity: Quantity,
}

impl From<EarlierLine> for Line {
    fn from(earlier: EarlierLine) -> Self {
        let mut line = Self { claim: earlier.claim, ..Self::default() };
        for EarlierReport { event_id, kind, occurred_at, quantity } in earlier.reports {
            let mark = Mark::of(&event_id);
            line.push(Report { mark, kind, told: false, occurred_at, quantity });
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{at, id};

    #[derive(Debug, Clone)]
    struct Sample {
        store: u8,
        order: String,
        line: String,
        claim: Option<(i64, i64)>,
        told: bool,
        reports: Vec<(u8, i64, i64, u64)>,
        restocked: Option<(i64, i64)>,
        booked_back: Vec<(bool, i64, i64, u64)>,
    }

    fn sample() -> impl Strategy<Value = Sample> {
        let name =
            prop_oneof!["[0-9]{1,6}", "0[0-9]{1,3}", "[a-z]{1,3}:[0-9]{1,9}", "[👕-👟]{1,2}"];
        let line = prop_oneof!["[1-9][0-9]{0,17}", "[a-z]{1,4}"];
        let reports = prop::collection::vec(
            (0_u8..5, 0_i64..1_000_000, -90_000_i64..90_000, any::<u64>()),
            0..4,
        );
        let claim = prop::option::of((0_i64..99, 0_i64..1_000_000));
        let restocked = claim.clone();
        let booked_back = prop::collection::vec(
            (any::<bool>(), 0_i64..1_000_000, 1_i64..90_000, any::<u64>()),
            0..3,
        );
        (0_u8..3, name, line, claim, any::<bool>(), reports, restocked, booked_back).prop_map(
            |(store, order, line, claim, told, reports, restocked, booked_back)| Sample {
                store,
                order,
                line,
                claim,
                told,
                reports,
                restocked,
                booked_back,
            },
        )
    }

    fn lines(samples: &[Sample]) -> Lines {
        let line = |sample: &Sample| {
            let key = LineKey {
                store: id(["a", "north", "south"][usize::from(sample.store)]),
                order: id(&sample.order),
                line: id(&sample.line),
            };
            let part = |sold: i64| Elsewhere {
                location: LocationId(sold),
                sold,
                fulfilled: sold / 2,
                dropped: sold % 2,
            };
            let claim = sample.claim.map(|(sold, seconds)| Claim {
                sold,
                fulfilled: sold / 2,
                released: sold / 3,
                dropped: i64::from(sample.told) * sold / 4,
                elsewhere: (1..sold % 3).map(part).collect(),
                revision: 7,
                as_of: at(seconds),
            });
            let restocked = sample.restocked.map(|(units, seconds)| Restocked {
                units,
                revision: 9,
                as_of: at(seconds),
            });
            let booked_apart = Quantity::from_units(i64::from(sample.store));
            let left = Left { counted: i64::from(sample.store), taken: i64::from(sample.told) };
            let mut line = Line { claim, restocked, booked_apart, left, ..Line::default() };
            for (absorbed, seconds, quantity, mark) in &sample.booked_back {
                line.book_back(BookedBack {
                    mark: Mark(*mark),
                    occurred_at: at(*seconds),
                    quantity: Quantity::from_ten_thousandths(*quantity),
                    absorbed: *absorbed,
                });
            }
            for (stage, seconds, quantity, mark) in &sample.reports {
                line.push(Report {
                    mark: Mark(*mark),
                    kind: STAGES[usize::from(*stage)],
                    told: sample.told,
                    occurred_at: at(*seconds),
                    quantity: Quantity::from_ten_thousandths(*quantity),
                });
            }
            (key, line)
        };
        samples.iter().map(line).collect()
    }

    #[test]
    fn every_stage_has_its_place() {
        for (place, kind) in STAGES.into_iter().enumerate() {
            assert_eq!(usize::from(stage(kind)), place);
        }
    }

    #[test]
    fn a_form_that_is_cut_off_is_refused() {
        let sample = Sample {
            store: 1,
            order: "north:1001".to_owned(),
            line: "77".to_owned(),
            claim: Some((2, 5)),
            told: true,
            reports: vec![(2, 9, 20_000, 7)],
            restocked: Some((1, 6)),
            booked_back: vec![(true, 8, 10_000, 9)],
        };
        let text = compact(&lines(&[sample]));
        for length in 0..text.len() {
            assert_eq!(of_compact(&text[..length]), Err(Broken));
        }
    }

    proptest! {
        #[test]
        fn lines_survive_their_stored_form(samples in prop::collection::vec(sample(), 0..12)) {
            let lines = lines(&samples);
            prop_assert_eq!(of_compact(&compact(&lines)), Ok(lines));
        }
    }
}
