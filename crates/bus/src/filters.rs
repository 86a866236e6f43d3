//! Subject filters of consumers: widening them without overlap, which the server refuses.

/// True when every subject that `narrow` matches is matched by `wide` too.
pub(crate) fn covers(wide: &str, narrow: &str) -> bool {
    let mut narrow = narrow.split('.');
    for token in wide.split('.') {
        match (token, narrow.next()) {
            (">", Some(_)) => return true,
            ("*", Some(other)) if other != ">" => {}
            (token, Some(other)) if token == other => {}
            _ => return false,
        }
    }
    narrow.next().is_none()
}

/// The narrowest set that covers both; an empty set stands for every subject. In order.
pub(crate) fn union(present: &[String], wanted: &[String]) -> Vec<String> {
    if present.is_empty() || wanted.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<&String> = present.iter().chain(wanted).collect();
    all.sort();
    all.dedup();
    all.iter()
        .filter(|filter| !all.iter().any(|other| other != *filter && covers(other, filter)))
        .map(|filter| (*filter).clone())
        .collect()
}

/// True when the set lets everything of `wanted` through.
pub(crate) fn lets_through(present: &[String], wanted: &[String]) -> bool {
    if present.is_empty() {
        return true;
    }
    !wanted.is_empty() && wanted.iter().all(|want| present.iter().any(|have| covers(have, want)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(filters: &[&str]) -> Vec<String> {
        filters.iter().map(|filter| (*filter).to_owned()).collect()
    }

    #[test]
    fn wildcards_cover_what_they_match() {
        for (wide, narrow, expected) in [
            ("a.>", "a.b", true),
            ("a.>", "a.b.*", true),
            ("a.>", "a", false),
            ("a.*.c", "a.b.c", true),
            ("a.*.c", "a.*.c", true),
            ("a.b.c", "a.*.c", false),
            ("a.*", "a.>", false),
            (">", "a.>", true),
            ("a.*", "a.b.c", false),
            ("a.b", "a", false),
        ] {
            assert_eq!(covers(wide, narrow), expected, "{wide} {narrow}");
        }
    }

    #[test]
    fn a_union_only_widens_and_never_overlaps() {
        assert_eq!(union(&set(&["a.b.>"]), &set(&["a.c.>"])), set(&["a.b.>", "a.c.>"]));
        assert_eq!(union(&set(&["a.b.c"]), &set(&["a.*.c"])), set(&["a.*.c"]));
        assert_eq!(union(&set(&["a.>"]), &set(&["a.b"])), set(&["a.>"]));
        assert_eq!(union(&set(&["a.>"]), &set(&[])), set(&[]));
        assert_eq!(union(&set(&[]), &set(&["a.b"])), set(&[]));
    }

    #[test]
    fn a_set_lets_through_what_it_covers() {
        assert!(lets_through(&set(&[]), &set(&["a.b"])));
        assert!(lets_through(&set(&["a.>"]), &set(&["a.b", "a.c.*"])));
        assert!(!lets_through(&set(&["a.b"]), &set(&["a.b", "a.c"])));
        assert!(!lets_through(&set(&["a.>"]), &set(&[])));
    }
}
