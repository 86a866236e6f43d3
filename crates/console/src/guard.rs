//! What may look like a secret is not shown: people paste tokens into the wrong field.

/// How tokens and secrets of Shopify and of Lockstep begin.
const BEGIN: [&str; 8] =
    ["shpat_", "shpca_", "shppa_", "shpss_", "shpua_", "shprt_", "atkn_", "lsk_"];
/// What is shown in the place of the rest.
const MASK: &str = "***";

/// The text with the rest of whatever begins like a token masked.
pub fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, begin)) = first(rest) {
        let (before, token) = rest.split_at(at + begin.len());
        let end = token.find(|c: char| !is_of_token(c)).unwrap_or(token.len());
        shown.push_str(before);
        shown.push_str(MASK);
        rest = token.get(end..).unwrap_or_default();
    }
    shown.push_str(rest);
    shown
}

fn first(text: &str) -> Option<(usize, &'static str)> {
    let found = BEGIN.iter().filter_map(|begin| Some((text.find(begin)?, *begin)));
    found.min()
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.".contains(c)
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn whatever_begins_like_a_token_is_masked_and_the_rest_stays() {
        let table = [
            ("\"shpat_0123abc\" cannot be id", "\"shpat_***\" cannot be id"),
            ("lsk_wms.0011_ffee, shpss_a-b", "lsk_***, shpss_***"),
            ("shpat_", "shpat_***"),
            ("shpat_shpss_x", "shpat_***"),
            ("warehouse wms/MAIN of SHPAT", "warehouse wms/MAIN of SHPAT"),
            ("é shpca_1é", "é shpca_***é"),
        ];
        for (text, shown) in table {
            assert_eq!(masked(text), shown);
        }
    }
}
