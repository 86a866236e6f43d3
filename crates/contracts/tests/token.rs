//! Tokens hold for every text that Unicode allows.

use lockstep_contracts::token::{LENGTH_MAX, escape, unescape};
use proptest::prelude::*;

fn safe(token: &str) -> bool {
    !token.is_empty()
        && token.len() <= LENGTH_MAX
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'%'))
}

/// Text of every length around the limit, of every plane, with the troublemakers favoured.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,64}",
        "[.*> %~\t\r\n\0A-Za-z0-9_-]{0,64}",
        "[a-c]{40,56}",
        proptest::collection::vec(any::<char>(), 0..64).prop_map(|all| all.into_iter().collect()),
    ]
}

#[test]
fn every_character_of_unicode_gives_a_safe_token_that_reads_back() {
    for character in '\0'..=char::MAX {
        let text = character.to_string();
        let token = escape(&text);
        assert!(safe(&token), "{character:?}");
        assert_eq!(unescape(&token), Some(text));
    }
}

#[test]
fn known_tokens_stay_as_they_are() {
    // Consumers' filters are stored at the broker: a changed token would miss its messages.
    assert_eq!(escape("north-1_A"), "north-1_A");
    assert_eq!(escape("inventory_levels/update"), "inventory_levels%2Fupdate");
    assert_eq!(escape(""), "%");
    assert_eq!(escape("%"), "%25");
    assert_eq!(escape("ü 😀"), "%C3%BC%20%F0%9F%98%80");
    assert_eq!(escape(&"a".repeat(48)), "a".repeat(48));
    assert_eq!(escape(&"a".repeat(49)), "aaaaaaaaaaaaaa%-8F9BEC6A62DD28EBD36D1227745592DE");
    assert_eq!(escape(&"é".repeat(500)).len(), 46);
}

#[test]
fn what_escape_never_makes_is_not_read_back() {
    for token in ["", "%%", "%2", "%2f", "%41", "a.b", "a b", "%-00", "%FF", "%C3%"] {
        assert_eq!(unescape(token), None, "{token}");
    }
    assert_eq!(unescape(&escape(&"a".repeat(49))), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn tokens_are_safe_and_short_ones_read_back(text in text()) {
        let token = escape(&text);
        prop_assert!(safe(&token));
        let escaped: usize = text
            .bytes()
            .map(|b| if b.is_ascii_alphanumeric() || b == b'_' || b == b'-' { 1 } else { 3 })
            .sum();
        let expected = (escaped <= LENGTH_MAX).then_some(text);
        prop_assert_eq!(unescape(&token), expected);
    }

    #[test]
    fn different_texts_give_different_tokens(one in text(), other in text()) {
        prop_assert_eq!(escape(&one) == escape(&other), one == other);
    }

    #[test]
    fn long_texts_that_differ_at_their_end_differ(text in "[a-z]{60,500}", end in any::<char>()) {
        prop_assert_ne!(escape(&text), escape(&format!("{text}{end}")));
    }

    #[test]
    fn reading_back_never_fails_badly(token in "\\PC{0,60}") {
        if let Some(text) = unescape(&token) {
            prop_assert_eq!(escape(&text), token);
        }
    }
}
