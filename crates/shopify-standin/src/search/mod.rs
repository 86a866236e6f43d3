//! Shopify's search syntax: terms `field:value` with comparisons, quotes, `AND`, `OR`, `NOT`,
//! a leading `-`, and parentheses. Used by `query:` arguments and by webhook filters.

mod parse;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The text is no search.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the search syntax is wrong at character {at}: {reason}")]
pub struct SearchError {
    /// Where, counted in characters from 0.
    pub at: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// How a term compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `field:value`
    Equal,
    /// `field:<value`
    Less,
    /// `field:<=value`
    LessOrEqual,
    /// `field:>value`
    Greater,
    /// `field:>=value`
    GreaterOrEqual,
}

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Left of the colon; `None` for a bare word.
    pub field: Option<String>,
    /// The comparison.
    pub compare: Compare,
    /// Right of the colon, without quotes and escapes.
    pub value: String,
}

/// A parsed search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// The empty text: everything.
    All,
    /// One term.
    Term(Term),
    /// Every part.
    And(Vec<Search>),
    /// At least one part.
    Or(Vec<Search>),
    /// The opposite.
    Not(Box<Search>),
}

impl Search {
    /// Reads a search.
    ///
    /// # Errors
    /// [`SearchError`] for open quotes or parentheses and for missing values.
    pub fn parse(text: &str) -> Result<Self, SearchError> {
        parse::search(text)
    }

    /// The fields that are asked for.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Self::All => Vec::new(),
            Self::Term(term) => term.field.as_deref().into_iter().collect(),
            Self::Not(inner) => inner.fields(),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::fields).collect(),
        }
    }

    /// Decides the search with a verdict per term.
    ///
    /// # Errors
    /// The first error of a verdict.
    pub fn holds<E>(&self, term: &mut impl FnMut(&Term) -> Result<bool, E>) -> Result<bool, E> {
        match self {
            Self::All => Ok(true),
            Self::Term(one) => term(one),
            Self::Not(inner) => Ok(!inner.holds(term)?),
            Self::And(parts) => {
                for part in parts {
                    if !part.holds(term)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                let mut any = false;
                for part in parts {
                    any |= part.holds(term)?;
                }
                Ok(any)
            }
        }
    }
}

/// What a field of an object holds, and so how it compares.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    /// Free text: whole words from the start, in any case.
    Words(String),
    /// A word of a fixed set, in any case.
    Word(String),
    /// A number.
    Number(i64),
    /// A moment.
    Moment(Timestamp),
    /// Nothing.
    Nothing,
}

impl Held {
    /// True when this is what the term asks for.
    #[must_use]
    pub fn matches(&self, term: &Term) -> bool {
        if term.value == "*" && term.compare == Compare::Equal {
            return *self != Self::Nothing;
        }
        match self {
            Self::Nothing => false,
            Self::Words(text) => term.compare == Compare::Equal && starts_with(text, &term.value),
            Self::Word(text) => {
                term.compare == Compare::Equal && text.eq_ignore_ascii_case(&term.value)
            }
            Self::Number(number) => {
                term.value.parse::<i64>().is_ok_and(|asked| term.compare.holds(number, &asked))
            }
            Self::Moment(moment) => {
                moment_of(&term.value).is_some_and(|asked| term.compare.holds(moment, &asked))
            }
        }
    }
}

impl Compare {
    /// Applies the comparison.
    pub fn holds<T: PartialOrd>(self, held: &T, asked: &T) -> bool {
        match self {
            Self::Equal => held == asked,
            Self::Less => held < asked,
            Self::LessOrEqual => held <= asked,
            Self::Greater => held > asked,
            Self::GreaterOrEqual => held >= asked,
        }
    }
}

/// A moment or a day, which begins at midnight UTC.
fn moment_of(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let day: Date = text.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Shopify's index holds words: `A-1` finds `A-1`, `a-1` and `A-1-RED`, not `A-10`.
/// A client has to compare what it gets exactly.
fn starts_with(held: &str, asked: &str) -> bool {
    let (asked, open) = match asked.strip_suffix('*') {
        Some(rest) => (rest, true),
        None => (asked, false),
    };
    let words = |text: &str| -> Vec<String> {
        text.split(|ch: char| !ch.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let (held_words, asked_words) = (words(held), words(asked));
    let Some((last, full)) = asked_words.split_last() else {
        return held.eq_ignore_ascii_case(asked);
    };
    held_words.starts_with(full)
        && held_words
            .get(full.len())
            .is_some_and(|word| word == last || (open && word.starts_with(last.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn finds(query: &str, sku: &str) -> bool {
        let search = Search::parse(query).unwrap();
        let held = |term: &Term| match term.field.as_deref() {
            Some("sku") => Ok(Held::Words(sku.to_owned()).matches(term)),
            Some("id") => Ok(Held::Number(7).matches(term)),
            Some("updated_at") => {
                Ok(Held::Moment("2026-11-18T00:00:01Z".parse().unwrap()).matches(term))
            }
            _ => Err(()),
        };
        search.holds(&mut { held }).unwrap()
    }

    #[rstest]
    #[case("sku:'A-1'", "A-1", true)]
    #[case("sku:'a-1'", "A-1", true)]
    #[case("sku:'A-1'", "A-1-RED", true)]
    #[case("sku:'A-1'", "A-10", false)]
    #[case("sku:A-1*", "A-10", true)]
    #[case("sku:'A-1' OR id:9", "B", false)]
    #[case("sku:'A-1' OR id:7", "B", true)]
    #[case("sku:B id:7", "B", true)]
    #[case("sku:B AND id:8", "B", false)]
    #[case("-sku:B", "B", false)]
    #[case("NOT (sku:B OR sku:C)", "D", true)]
    #[case("updated_at:>='2026-11-18T00:00:00Z'", "", true)]
    #[case("updated_at:>=2026-11-18T00:00:02Z", "", false)]
    #[case("updated_at:<2026-11-19", "", true)]
    #[case(r"sku:'it\'s'", "it's", true)]
    #[case("sku:*", "x", true)]
    #[case("", "x", true)]
    fn searches(#[case] query: &str, #[case] sku: &str, #[case] found: bool) {
        assert_eq!(finds(query, sku), found, "{query}");
    }

    #[rstest]
    #[case("sku:'A")]
    #[case("(sku:A")]
    #[case("sku:A)")]
    #[case("sku:")]
    #[case("sku:A OR")]
    fn broken_searches_are_named(#[case] query: &str) {
        assert!(Search::parse(query).is_err(), "{query}");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "[ a-z:'\"()<>=\\\\*-]{0,40}") {
            let _ = Search::parse(&text);
        }
    }
}
