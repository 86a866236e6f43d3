//! Where the next page of a list begins.

use super::answers::parts::PageInfo;
use super::document::DecodeError;

/// Where the next page begins; `None` on the last one. One that says that there is more, and not
/// where, is refused: the rest would be taken for nothing.
pub(super) fn next_page(info: &PageInfo<'_>) -> Result<Option<String>, DecodeError> {
    if !info.has_next_page()? {
        return Ok(None);
    }
    let cursor = info.end_cursor()?.filter(|cursor| !cursor.is_empty());
    cursor.ok_or_else(|| info.wrong("endCursor")).map(Some)
}
