//! Ranges of ids that begin with a prefix, so that the index finds them.

/// The place right behind every id of `kind` that begins with `prefix`, as (kind, id).
///
/// Text is compared byte by byte, which for UTF-8 is the order of its characters: the smallest text
/// above all that begin with a prefix is the prefix with its last character raised by one.
pub(crate) fn end_of(kind: &str, prefix: &str) -> (String, String) {
    match raised(prefix) {
        Some(id) => (kind.to_owned(), id),
        // No character can be raised: the range ends with the kind.
        None => (format!("{kind}\u{1}"), String::new()),
    }
}

fn raised(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        if let Some(next) = next_character(last) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn next_character(character: char) -> Option<char> {
    match character {
        '\u{d7ff}' => Some('\u{e000}'),
        other => char::from_u32(u32::from(other) + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_lies_right_behind_the_prefix() {
        let end = |prefix: &str| end_of("level", prefix);
        assert_eq!(end("north/"), ("level".to_owned(), "north0".to_owned()));
        assert_eq!(end("a%"), ("level".to_owned(), "a&".to_owned()));
        assert_eq!(end("\u{d7ff}"), ("level".to_owned(), "\u{e000}".to_owned()));
        assert_eq!(end("a\u{10ffff}"), ("level".to_owned(), "b".to_owned()));
    }

    #[test]
    fn an_empty_prefix_ends_with_its_kind() {
        let (kind, id) = end_of("level", "");
        assert!(kind.as_str() > "level" && kind.as_str() < "levels" && id.is_empty());
        assert_eq!(end_of("level", "\u{10ffff}"), (kind, id));
    }
}
