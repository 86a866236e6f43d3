//! Numbers in as few bytes as they need, as text.
//!
//! A pool's state is written whole with each batch, and most of it is moments, quantities and names
//! of reports. As JSON they take five times the room and the time. The events keep everything in
//! plain words; this is only the state, which can be folded from them again.

use jiff::Timestamp;
use thiserror::Error;

use crate::ids::EventId;
use crate::quantity::Quantity;

/// A stored form that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the compact form is cut off or of another version")]
pub(super) struct Broken;

/// The name of a report, short: tells reports of one moment apart, and shows a repeated one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(pub(super) u64);

impl Mark {
    /// FNV-1a of the id, which is the same for ever.
    pub(super) fn of(id: &EventId) -> Self {
        Self::of_text(id.as_str())
    }

    /// Of any text.
    pub(super) fn of_text(text: &str) -> Self {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        Self(text.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step))
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Units of time, by how many make a second; moments are counted in the coarsest that fits all.
const UNITS: [i64; 4] = [1_000_000_000, 1_000_000, 1_000, 1];
const COARSEST: u8 = 3;
const NANOSECONDS: i64 = 1_000_000_000;

/// Moments counted from the first one, in one unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    unit: u8,
    /// Whole seconds since 1970.
    begin: i64,
}

impl Scale {
    /// The scale that fits all moments.
    pub(super) fn of(moments: impl IntoIterator<Item = Timestamp>) -> Self {
        let mut scale = Self { unit: COARSEST, begin: i64::MAX };
        for moment in moments {
            let part = i64::from(moment.subsec_nanosecond());
            while part % (NANOSECONDS / scale.per_second()) != 0 {
                scale.unit -= 1;
            }
            scale.begin = scale.begin.min(moment.as_second());
        }
        if scale.begin == i64::MAX { Self { begin: 0, ..scale } } else { scale }
    }

    /// A unit that nobody knows is the finest.
    fn per_second(self) -> i64 {
        UNITS.get(usize::from(self.unit)).copied().unwrap_or(NANOSECONDS)
    }
}

/// Writes a compact form.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Seven bits per byte, the lowest first.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// The sign in the lowest bit, so that small numbers stay short.
    pub(super) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(super) fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        self.0.extend_from_slice(&mark.0.to_le_bytes());
    }

    pub(super) fn scale(&mut self, scale: Scale) {
        self.byte(scale.unit);
        self.signed(scale.begin);
    }

    /// As one number when it fits, as it does for centuries; else the seconds and their part.
    pub(super) fn moment(&mut self, scale: Scale, moment: Timestamp) {
        let seconds = moment.as_second().saturating_sub(scale.begin);
        let part = i64::from(moment.subsec_nanosecond()) / (NANOSECONDS / scale.per_second());
        let at = seconds.checked_mul(scale.per_second()).and_then(|at| at.checked_add(part));
        match at.and_then(|at| at.checked_mul(2)) {
            Some(at) => self.signed(at),
            None => {
                self.signed(1);
                self.signed(seconds);
                self.signed(part);
            }
        }
    }

    /// Whole units, as they mostly are, take one byte.
    pub(super) fn quantity(&mut self, quantity: Quantity) {
        let units = quantity.floor_units();
        let is_whole = Quantity::from_units(units) == quantity;
        // A quantity has three bits to spare.
        self.signed(if is_whole { units << 1 } else { (quantity.ten_thousandths() << 1) | 1 });
    }

    /// As text that JSON need not escape.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len() * 4 / 3 + 4);
        for three in self.0.chunks(3) {
            let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
            let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
            for at in 0..=three.len() {
                let place = ((bits >> (18 - 6 * at)) & 0x3f) as usize;
                text.extend(ALPHABET.get(place).copied().map(char::from));
            }
        }
        text
    }
}

/// Reads a compact form.
#[derive(Debug)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    place: usize,
}

impl Reader {
    pub(super) fn try_new(text: &str) -> Result<Self, Broken> {
        let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
        for four in text.as_bytes().chunks(4) {
            let mut bits = 0;
            for (at, letter) in four.iter().enumerate() {
                bits |= u32::from(value(*letter).ok_or(Broken)?) << (18 - 6 * at);
            }
            let three = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
            bytes.extend(three.into_iter().take(four.len() - 1));
        }
        Ok(Self { bytes, place: 0 })
    }

    /// Whether all was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.place == self.bytes.len()
    }

    fn take(&mut self, length: usize) -> Result<&[u8], Broken> {
        let end = self.place.checked_add(length).ok_or(Broken)?;
        let taken = self.bytes.get(self.place..end).ok_or(Broken)?;
        self.place = end;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        self.take(1)?.first().copied().ok_or(Broken)
    }

    pub(super) fn number(&mut self) -> Result<u64, Broken> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken)
    }

    pub(super) fn signed(&mut self) -> Result<i64, Broken> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn length(&mut self) -> Result<usize, Broken> {
        let length = usize::try_from(self.number()?).map_err(|_| Broken)?;
        // Every element takes a byte at least: a broken length reserves no memory.
        if length > self.bytes.len() - self.place { Err(Broken) } else { Ok(length) }
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Broken> {
        let length = self.length()?;
        Ok(self.take(length)?.to_vec())
    }

    pub(super) fn mark(&mut self) -> Result<Mark, Broken> {
        let bytes = <[u8; 8]>::try_from(self.take(8)?).map_err(|_| Broken)?;
        Ok(Mark(u64::from_le_bytes(bytes)))
    }

    pub(super) fn scale(&mut self) -> Result<Scale, Broken> {
        let unit = self.byte()?;
        if usize::from(unit) >= UNITS.len() {
            return Err(Broken);
        }
        Ok(Scale { unit, begin: self.signed()? })
    }

    pub(super) fn moment(&mut self, scale: Scale) -> Result<Timestamp, Broken> {
        let at = self.signed()?;
        let (seconds, part) = if at & 1 == 0 {
            ((at >> 1) / scale.per_second(), (at >> 1) % scale.per_second())
        } else {
            (self.signed()?, self.signed()?)
        };
        let seconds = seconds.checked_add(scale.begin).ok_or(Broken)?;
        let part = part.checked_mul(NANOSECONDS / scale.per_second()).ok_or(Broken)?;
        Timestamp::new(seconds, i32::try_from(part).map_err(|_| Broken)?).map_err(|_| Broken)
    }

    pub(super) fn quantity(&mut self) -> Result<Quantity, Broken> {
        let number = self.signed()?;
        let value = number >> 1;
        Ok(if number & 1 == 0 {
            Quantity::from_units(value)
        } else {
            Quantity::from_ten_thousandths(value)
        })
    }
}

fn value(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any moment, to the nanosecond or to a coarser unit.
    fn moments() -> impl Strategy<Value = Vec<Timestamp>> {
        let seconds = prop_oneof![
            Just(Timestamp::MIN.as_second()),
            Just(Timestamp::MAX.as_second()),
            -5_i64..5,
            1_700_000_000_i64..1_900_000_000,
        ];
        let part = prop_oneof![Just(0), (0_i32..1_000).prop_map(|n| n * 1_000_000), 0..999_999_999];
        let moment = (seconds, part)
            .prop_filter_map("beyond the calendar", |(s, n)| Timestamp::new(s, n).ok());
        prop::collection::vec(moment, 0..9)
    }

    #[test]
    fn marks_stay_the_same_for_ever() {
        let of = |text: &str| Mark::of(&EventId::try_new(text).expect("an id"));
        assert_eq!(of("a"), Mark(0xaf63_dc4c_8601_ec8c));
        assert_ne!(of("m-1"), of("m-2"));
    }

    #[test]
    fn a_form_that_is_cut_off_is_broken() {
        let mut writer = Writer::default();
        writer.bytes(b"north");
        writer.mark(Mark(7));
        let text = writer.text();
        for length in 0..text.len() {
            let read = Reader::try_new(&text[..length]).and_then(|mut reader| {
                reader.bytes()?;
                reader.mark()
            });
            assert_eq!(read, Err(Broken), "of {length}");
        }
        assert!(Reader::try_new("a b").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            numbers in prop::collection::vec(any::<i64>(), 0..9),
            quantities in prop::collection::vec(
                Quantity::MIN.ten_thousandths()..Quantity::MAX.ten_thousandths(), 0..9),
            bytes in prop::collection::vec(any::<u8>(), 0..9),
            moments in moments(),
        ) {
            let quantities: Vec<_> =
                quantities.into_iter().map(Quantity::from_ten_thousandths).collect();
            let scale = Scale::of(moments.iter().copied());
            let mut writer = Writer::default();
            writer.scale(scale);
            numbers.iter().for_each(|number| writer.signed(*number));
            quantities.iter().for_each(|quantity| writer.quantity(*quantity));
            moments.iter().for_each(|moment| writer.moment(scale, *moment));
            writer.bytes(&bytes);
            let mut reader = Reader::try_new(&writer.text()).expect("readable");
            let scale = reader.scale().expect("a scale");
            for number in numbers {
                prop_assert_eq!(reader.signed(), Ok(number));
            }
            for quantity in quantities {
                prop_assert_eq!(reader.quantity(), Ok(quantity));
            }
            for moment in moments {
                prop_assert_eq!(reader.moment(scale), Ok(moment));
            }
            prop_assert_eq!(reader.bytes(), Ok(bytes));
            prop_assert!(reader.is_at_end());
        }
    }
}
