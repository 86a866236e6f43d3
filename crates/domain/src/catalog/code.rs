//! The near form of a code: what two codes share that a person would take for the same.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A code in lower case, without any white space and without zeros in front.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Near(String);

impl Near {
    /// The near form of a code; `None` when the code is blank. One of zeros alone stays `0`.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        let text: String = code
            .chars()
            .filter(|c| !c.is_whitespace() && !c.is_control())
            .flat_map(char::to_lowercase)
            .collect();
        if text.is_empty() {
            return None;
        }
        let bare = text.trim_start_matches('0');
        Some(Self(if bare.is_empty() { "0".to_owned() } else { bare.to_owned() }))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Other spellings of a code that are worth asking for where only equal codes can be asked: without
/// white space, in capitals, in small letters, without the zeros in front. In order, none twice,
/// and never the code itself.
#[must_use]
pub fn spellings(code: &str) -> Vec<String> {
    let compact: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let trimmed = code.trim().to_owned();
    let bare = compact.trim_start_matches('0').to_owned();
    let mut all = vec![compact.to_lowercase(), compact.to_uppercase()];
    all.extend([trimmed.to_lowercase(), trimmed.to_uppercase(), trimmed, compact, bare]);
    all.retain(|other| !other.is_empty() && other != code);
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_leading_zeros_do_not_count() {
        let near = |code: &str| Near::of(code).map(|near| near.to_string());
        for code in ["ab-1", "AB-1", " ab -1\t", "00AB-1", "\u{a0}Ab-1"] {
            assert_eq!(near(code).as_deref(), Some("ab-1"), "{code:?}");
        }
        assert_eq!(near("000").as_deref(), Some("0"));
        assert_eq!(near("a0"), near("A0"));
        assert_ne!(near("ab1"), near("ab-1"));
        assert_eq!(near(" \t"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn other_spellings_are_near_and_none_is_the_code() {
        for code in ["00ab 1", "AB1", " x ", "7", "ß-1"] {
            for other in spellings(code) {
                assert_ne!(other, code);
            }
        }
        assert!(spellings("00ab 1").contains(&"ab1".to_owned()));
        assert!(spellings("007").contains(&"7".to_owned()));
        assert!(spellings("ab").contains(&"AB".to_owned()));
        assert_eq!(spellings(" "), Vec::<String>::new());
    }
}
